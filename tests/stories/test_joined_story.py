"""The sample company: one thread from the lead to the cash, two times, and figures that are their postings."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from bizcore.cli.command import opened
from bizcore.cli.layout import read_folder
from bizcore.cli.replay import Replay
from bizcore.company import Company
from bizcore.finance.settlement import Payment
from bizcore.flow.document import Ref
from bizcore.kernel.money import Money
from bizcore.present import show


@pytest.fixture(scope="module", params=["memory:", "sqlite:///{}/books.db"])
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    read = read_folder(Path(str(files("bizcore.cli") / "sample")))
    made = opened(read, request.param.format(tmp_path_factory.mktemp("story")))
    replayed = Replay(made).run(read.records, iter)
    assert replayed.refused == ()
    yield made
    made.close()


def test_trace_reaches_the_last_payment_from_the_lead_and_back(company: Company) -> None:
    lead = Ref("lead", "L-1")
    paid = next(one for one in company.documents(Payment) if one.party == "beta")
    there, back = company.trace(lead), company.trace(paid)
    assert paid.ref in there
    assert lead in back
    assert set(there) == set(back)
    between = (
        "lead",
        "conversion",
        "customer",
        "opportunity",
        "quote",
        "order",
        "delivery",
        "shipment",
        "invoice",
        "payment",
    )
    assert set(between) <= set(there.kinds())
    assert {"customer_return", "credit_note"} <= set(there.kinds())


def test_as_known_before_the_back_dated_receipt_has_the_old_stock_value(company: Company) -> None:
    done = next(one for one in company.log() if one.key == "moves:M-1")
    before, after = company.as_known(done.position - 1), company.as_known(done.position)
    value = {}
    for name, one in (("before", before), ("after", after)):
        rows = [row for row in one.supply.stock_valuation(at="2026-01-31") if row["item"] == "bolt-m8"]
        value[name] = (rows[0]["quantity"].amount, rows[0]["value"])
    # 4,000 bolts are in stock of 5,000 bought at 0.1935 and 2,800 sold; then 400 more, earlier and dearer, came to light.
    assert value["before"] == (2200, Money("425.70", "EUR"))
    assert value["after"][0] == 2600
    issued = 2800
    fifo = Money("92.00", "EUR").minor + round((issued - 400) * 19.35)
    assert value["after"][1].minor == 9200 + round(5000 * 19.35) - fifo
    sold = [entry for entry in done.entries if entry.book == "cost" and entry.text == "cost restated"]
    assert [str(entry.on) for entry in sold] == ["2026-01-19"]


def test_every_cell_of_the_three_statements_is_the_sum_of_its_postings(company: Company) -> None:
    finance = company.finance
    for table, columns in (
        (finance.trial_balance(), ("debit", "credit", "balance")),
        (finance.balance_sheet(), ("amount",)),
        (finance.income_statement(period="2026-Q1"), ("amount",)),
        (finance.income_statement(), ("amount",)),
    ):
        for row in range(len(table)):
            for name in columns:
                cell = table[row, name]
                behind = cell.postings.column("value") if len(cell.postings) else ()
                assert Money.sum(behind, "EUR") == cell.value, (table.title, row, name)


def test_the_quarter_is_closed(company: Company) -> None:
    from bizcore.change.locks import Locked

    with pytest.raises(Locked) as error:
        company.fork().apply(company.finance.collect(Money("1", "EUR"), customer="beta", on="2026-03-31"))
    assert str(error.value.facts["first_open"]) == "2026-04-01"


def test_something_is_left_to_ship_and_to_pay(company: Company) -> None:
    backorders = [one for delivery in company.supply.deliveries for one in delivery.backorder]
    assert backorders
    assert company.finance.receivable_aging()["total", "total"].value > Money("0", "EUR")


def test_a_statement_is_shown_in_chinese(company: Company) -> None:
    text = show(company.finance.balance_sheet(), locale="zh_CN")
    assert text.splitlines()[0] == "资产负债表"
    assert "资产" in text
    assert "€" in text
