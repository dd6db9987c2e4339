"""A folder with what the sample company has no need of: opening balances, a foreign vendor, goods sent back, deals lost, a year closed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from bizcore.cli import main
from bizcore.cli.command import Outcome, opened, outcome, run
from bizcore.cli.layout import LAYOUTS, Record, read_folder
from bizcore.cli.replay import Replay
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity

RECORDS = {
    "company": "name,currency\nSüdwind,EUR\n",
    "items": "id,name\nlamp,Desk lamp\n",
    "rates": "id,date,base,quote,rate\nr1,2026-10-05,USD,EUR,0.90\nr2,2026-10-12,USD,EUR,0.92\nr3,2026-11-02,USD,EUR,0.95\n",
    "entries": "id,date,text\nopening,2026-10-01,Opening balances\n",
    "entries_lines": "id,account,debit,credit\nopening,1000,9000.00,\nopening,3000,,9000.00\n",
    "moves": (
        "id,date,item,quantity,source,target,cost\n"
        "have,2026-10-01,lamp,10,opening,main,200.00\n"
        "show,2026-10-20,lamp,2,main,shop,\n"
        "lost,2026-12-30,lamp,1,shop,adjustment,\n"
    ),
    "purchase_orders": "id,date,vendor,currency\nPO-1,2026-10-02,shenzhen,USD\n",
    "purchase_orders_lines": "id,item,quantity,price\nPO-1,lamp,100,2.00\n",
    "receipts": "id,date,purchase_order,place,rate\nGR-1,2026-10-05,PO-1,main,0.90\n",
    "receipts_lines": "id,line,quantity,rejected\nGR-1,1,100,10\n",
    "bills": "id,date,purchase_order,reference\nB-1,2026-10-12,PO-1,SZ-1\n",
    "vendor_returns": "id,date,receipt\nVR-1,2026-10-15,GR-1\n",
    "vendor_returns_lines": "id,line,quantity\nVR-1,1,20\n",
    "vendor_credits": "id,date,vendor_return,reference\nVC-1,2026-10-16,VR-1,SZ-2\n",
    "leads": "id,date,name,company\nL-1,2026-10-03,Ada,Alpha\n",
    "lead_steps": (
        "id,lead,step,date,customer,opportunity,amount,currency\n"
        "q,L-1,qualify,2026-10-04,,,,\n"
        "c,L-1,convert,2026-10-05,alpha,Lamps for the office,500.00,EUR\n"
    ),
    "quotes": "id,date,customer,currency,valid_until,deal\nQ-1,2026-10-06,alpha,EUR,2026-10-31,c\nQ-2,2026-10-06,alpha,EUR,2026-10-07,\n",
    "quotes_lines": "id,text,quantity,price,item,tax\nQ-1,Desk lamp,40,12.50,lamp,S19\nQ-2,Desk lamp,4,13.00,lamp,S19\n",
    "quote_steps": "id,quote,step,date\ns1,Q-1,send,\ns2,Q-2,send,\nd1,Q-1,decline,\ne2,Q-2,expire,2026-11-01\n",
    "deal_steps": "id,lead_step,step,date,stage,reason\nl1,c,lose,2026-10-31,,too dear\n",
    "orders": "id,date,customer,currency\nSO-1,2026-11-03,alpha,EUR\n",
    "orders_lines": "id,text,quantity,price,item,tax\nSO-1,Desk lamp,5,14.00,lamp,S19\n",
    "deliveries": "id,date,order,place\nDO-1,2026-11-03,SO-1,main\n",
    "shipments": "id,date,delivery\nSH-1,2026-11-04,DO-1\n",
    "shipments_lines": "id,line,quantity\nSH-1,1,5\n",
    "invoices": "id,date,order,terms\nINV-1,2026-11-04,SO-1,50% now; rest 30 days\n",
    "returns": "id,date,shipment\nRT-1,2026-11-10,SH-1\n",
    "returns_lines": "id,line,quantity\nRT-1,1,1\n",
    "credit_notes": "id,date,return\nCN-1,2026-11-10,RT-1\n",
    "payments": (
        "id,date,way,party,amount,currency,received,invoice,bill\n"
        "out,2026-11-02,out,shenzhen,140.00,USD,133.00,,\n"
        "early,2026-11-12,in,alpha,100.00,EUR,,,\n"
    ),
    "closings": "id,step,period,kind,upto\nlock,lock,,stock,2026-12-31\nyear,close_year,2026,,\n",
    "daybook": (
        "file,id\nitems,lamp\nrates,r1\nrates,r2\nrates,r3\nentries,opening\nmoves,have\npurchase_orders,PO-1\nleads,L-1\n"
        "lead_steps,q\nlead_steps,c\nreceipts,GR-1\nquotes,Q-1\nquotes,Q-2\nquote_steps,s1\nquote_steps,s2\nbills,B-1\n"
        "vendor_returns,VR-1\nvendor_credits,VC-1\nmoves,show\nquote_steps,d1\ndeal_steps,l1\nquote_steps,e2\npayments,out\n"
        "orders,SO-1\ndeliveries,DO-1\nshipments,SH-1\ninvoices,INV-1\nreturns,RT-1\ncredit_notes,CN-1\npayments,early\n"
        "moves,lost\nclosings,lock\nclosings,year\n"
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The records as files."""
    (tmp_path / "records").mkdir()
    for name, text in RECORDS.items():
        (tmp_path / "records" / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path / "records"


def replayed(folder: Path, store: str, *, stop: int | None = None) -> Outcome:
    def some(records: Iterable[Record]) -> Iterator[Record]:
        yield from tuple(records)[:stop]

    read = read_folder(folder)
    with opened(read, store) as company:
        return outcome(company, Replay(company).run(read.records, some))


def test_every_kind_of_record_has_its_place_in_the_story(folder: Path) -> None:
    assert set(LAYOUTS) <= set(RECORDS)
    found = run(folder, "memory:")
    assert found.replayed.refused == ()
    assert [one for one in found.found if not one.ok] == []
    assert found.code == 0


def test_the_foreign_vendor_and_the_closed_year(folder: Path) -> None:
    """What came at one rate is billed at a second and paid at a third; goods go back on both sides; the year ends with a loss."""
    statements = dict(run(folder, "memory:").statements)
    stock = {row["item"]: (row["quantity"], row["value"]) for row in statements["stock_valuation"]}
    # 10 for 200.00 and 90 at 2.00 USD x 0.90 = 162.00; 20 of these went back; oldest first 5 sold, 1 came back, 1 was lost.
    assert stock["lamp"] == (Quantity(75, "lamp"), Money("226.00", "EUR"))
    # 90 less 20 were billed in USD and paid; the vendor's credit is not set against the bill, but both sum to nothing.
    assert statements["payable_aging"]["total", "total"].value == Money("0", "EUR")
    # 5 x 14.00 and 19 % are 83.30; one came back for 16.66; 100.00 was paid: 33.36 too much.
    assert statements["receivable_aging"]["total", "total"].value == Money("-33.36", "EUR")
    income = {row["line"]: row["amount"] for row in statements["income_statement"]}
    assert income["revenue"] == Money("56.00", "EUR")
    # 4 sold and 1 lost at 20.00; 90 billed at 0.92 less 20 credited, against 0.90: 70 x 2.00 x 0.02.
    assert income["cost_of_sales"] == Money("102.80", "EUR")
    # 140.00 USD were owed at 0.92 and cost 133.00.
    assert income["exchange_differences"] == Money("-4.20", "EUR")
    assert income["result"] == Money("-51.00", "EUR")
    sheet = statements["balance_sheet"]
    assert sheet["assets", "amount"].value == sheet["liabilities_and_equity", "amount"].value == Money("9159.64", "EUR")


@pytest.mark.parametrize("stop", [0, 1, 12, 25])
def test_a_run_that_was_interrupted_is_finished_by_the_next(folder: Path, tmp_path: Path, stop: int) -> None:
    """A process that ends after any record leaves what was recorded; sent again, the rest is added and nothing twice."""
    store = f"sqlite:///{tmp_path}/books.db"
    first = replayed(folder, store, stop=stop)
    assert (first.replayed.recorded, first.replayed.replayed) == (stop, 0)
    second = replayed(folder, store)
    assert (second.replayed.recorded, second.replayed.replayed) == (33 - stop, stop)
    assert second.to_plain() == run(folder, "memory:").to_plain()


def test_without_the_progress_bar_s_package_plain_lines_are_printed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "rich.console", None)
        patch.setitem(sys.modules, "rich.progress", None)
        assert main(["quarter", str(folder), "--store", "memory:", "--out", str(tmp_path / "plain")]) == 0
    plain = capsys.readouterr()
    assert plain.err.splitlines()[0] == "33 of 33 records"
    assert main(["quarter", str(folder), "--store", "memory:", "--out", str(tmp_path / "bar")]) == 0
    assert capsys.readouterr().out == plain.out
