"""The command: exit codes, refused records and what depends on them, sending everything again."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from bizcore.cli import main
from bizcore.cli.command import run
from bizcore.cli.layout import LAYOUTS
from bizcore.company import Company
from bizcore.flow.document import Ref
from bizcore.testing.postgres import new_database

Change = Callable[[list[list[str]]], list[list[str]]]

SAMPLE = Path(str(files("bizcore.cli") / "sample"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample's records."""
    shutil.copytree(SAMPLE, tmp_path / "records", ignore=shutil.ignore_patterns("__*"))
    return tmp_path / "records"


def quarter(
    folder: Path, capsys: pytest.CaptureFixture[str], *more: str, store: str = ""
) -> tuple[int, dict[str, Any], str]:
    out = folder.parent / "out"
    store = store or f"sqlite:///{folder.parent}/books.db"
    code = main(["quarter", str(folder), "--store", store, "--out", str(out), "--json", str(out / "all.json"), *more])
    return code, json.loads((out / "all.json").read_text("utf-8")), capsys.readouterr().out


def edit(path: Path, change: Change) -> None:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(change(rows))


def test_the_sample_is_fine_and_says_the_same_on_both_stores(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, kept, printed = quarter(folder, capsys)
    other, memory, _ = quarter(folder, capsys, store="memory:")
    assert (code, other) == (0, 0)
    assert kept == memory
    assert {"orders", "orders_shipped", "order_subtotal", "order_total", "checks", "state_hash", "statements"} <= set(
        kept
    )
    assert all(one["ok"] for one in kept["checks"])
    assert "FAILED" not in printed
    names = {path.stem for path in (folder.parent / "out").glob("*.csv")}
    assert names == {*kept["statements"], "checks"}


def test_a_second_run_is_answered_and_adds_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = quarter(folder, capsys)
    files_before = {path.name: path.read_bytes() for path in (folder.parent / "out").iterdir()}
    assert quarter(folder, capsys) == first
    assert run(folder, f"sqlite:///{folder.parent}/books.db").replayed.replayed == first[1]["positions"]
    assert {path.name: path.read_bytes() for path in (folder.parent / "out").iterdir()} == files_before


@pytest.mark.parametrize("scheme", ["sqlite+pysqlite", "postgresql", "postgresql+psycopg"])
def test_the_sql_store_says_the_same_and_a_second_run_is_answered(
    folder: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest, scheme: str
) -> None:
    memory = quarter(folder, capsys, store="memory:")
    store = f"{scheme}:///{folder.parent}/books.db"
    if scheme.startswith("postgresql"):
        url = new_database(request.getfixturevalue("postgres_url"))
        store = scheme + url[url.index(":") :]
    assert quarter(folder, capsys, store=store) == memory
    assert quarter(folder, capsys, store=store) == memory
    assert run(folder, store).replayed.replayed == memory[1]["positions"]


@pytest.mark.parametrize("store", ["postgresql://nobody@127.0.0.1:1/books", "sqlite+pysqlite:///books.db"])
def test_without_the_extra_the_command_that_installs_it_is_said(folder: Path, store: str) -> None:
    """In a process of its own that cannot import the package."""
    code = (
        "import sys; sys.modules['sqlalchemy'] = None; from bizcore.cli import main;"
        f" sys.exit(main(['quarter', {str(folder)!r}, '--store', {store!r}, '--out', {str(folder.parent / 'o')!r}]))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert 'pip install "bizcore[sql]"' in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_server_that_does_not_answer_leaves_with_three(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("psycopg")
    store = "postgresql://nobody:secret@127.0.0.1:1/books"
    assert main(["quarter", str(folder), "--store", store, "--out", str(folder.parent / "o")]) == 3
    said = capsys.readouterr().err
    assert "not available" in said
    assert "secret" not in said


def test_one_record_more_adds_only_that(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, before, _ = quarter(folder, capsys)
    edit(folder / "entries.csv", lambda rows: [*rows, ["fee", "2026-04-02", "Bank fee"]])
    edit(folder / "entries_lines.csv", lambda rows: [*rows, ["fee", "6400", "3.50", ""], ["fee", "1000", "", "3.50"]])
    edit(folder / "daybook.csv", lambda rows: [*rows, ["entries", "fee"]])
    code, after, _ = quarter(folder, capsys)
    assert (code, after["positions"]) == (0, before["positions"] + 1)
    assert after["answers"] == {name: count + 1 for name, count in before["answers"].items()}


def test_after_somebody_was_erased_the_records_are_known_all_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody can compare what was erased: its key stands in the books, and so does what depends on it."""
    _, before, _ = quarter(folder, capsys)
    store = f"sqlite:///{folder.parent}/books.db"
    with Company.open("Nordlicht", store=store, actor="ann") as acme:
        for name in [lead.id for lead in acme.sfa.leads]:
            acme.apply(acme.erase(Ref("lead", name)), key=f"erase {name}")
    _, after, _ = quarter(folder, capsys)
    assert after["refused"] == []
    assert after["answers"] == before["answers"]
    replayed = run(folder, store).replayed
    assert (replayed.recorded, replayed.replayed) == (0, before["answers"]["sent"])
    assert replayed.answers["leads:L-1"] == "L-1"
    edit(folder / "payments.csv", lambda rows: [*rows, ["P-9", "2026-04-02", "in", "beta", "10.00", "EUR"]])
    edit(folder / "daybook.csv", lambda rows: [*rows, ["payments", "P-9"]])
    assert run(folder, store).replayed.recorded == 1


def test_how_often_it_ran_is_said_beside_the_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = f"sqlite:///{folder.parent}/books.db"
    said = []
    for _ in range(2):
        assert main(["quarter", str(folder), "--store", store, "--out", str(folder.parent / "out")]) == 0
        said.append(capsys.readouterr().err.splitlines()[-1])
    assert said == [
        "58 records: 58 recorded, 0 replayed, 0 refused",
        "58 records: 0 recorded, 58 replayed, 0 refused",
    ]


def test_a_refused_record_is_listed_with_what_depends_on_it_and_nothing_of_it_enters(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An order's line that is no number takes with it the delivery, its shipment, the invoice and the payment of that."""
    edit(
        folder / "orders_lines.csv",
        lambda rows: [
            [*row[:2], "six", *row[3:]] if row[0] == "SO-2" and row[1].startswith("Wall") else row for row in rows
        ],
    )
    code, found, printed = quarter(folder, capsys)
    refused = {one["record"]: one for one in found["refused"]}
    assert code == 2
    first = refused["orders:SO-2"]
    assert (first["file"], first["line"], first["field"]) == ("orders_lines.csv", 2, "quantity")
    assert refused["deliveries:DO-2"]["because"] == "orders:SO-2"
    assert refused["shipments:SH-3"]["because"] == "deliveries:DO-2"
    assert refused["invoices:INV-C"]["because"] == "orders:SO-2"
    assert refused["payments:P-2"]["because"] == "invoices:INV-C"
    assert found["orders"] == 2
    assert all(one["ok"] for one in found["checks"])
    assert "Refused records" in printed


def put(id_: str, at: int, text: str) -> Change:
    """Another text in one cell of the rows with an id."""
    return lambda rows: [[*row[:at], text, *row[at + 1 :]] if row[0] == id_ else row for row in rows]


def line(old: list[str], new: list[str]) -> Change:
    """Another line in place of the one that begins so."""
    return lambda rows: [new if row[: len(old)] == old else row for row in rows]


def more(*new: list[str]) -> Change:
    return lambda rows: [*rows, *new]


REFUSED: list[tuple[str, Change, str, tuple[str, int, str]]] = [
    ("items.csv", lambda rows: [[*rows[0], "colour"], *([*row, "red"] for row in rows[1:])], "items:nut-m8", ("items.csv", 3, "colour")),
    ("items.csv", lambda rows: [[row[0], *row[2:]] for row in rows], "items:nut-m8", ("items.csv", 3, "name")),
    ("items.csv", put("nut-m8", 1, "Nut\x00"), "items:nut-m8", ("items.csv", 3, "name")),
    ("rates.csv", put("r0115", 1, "2026-13-15"), "rates:r0115", ("rates.csv", 2, "date")),
    ("rates.csv", put("r0115", 2, "USX"), "rates:r0115", ("rates.csv", 2, "base")),
    ("rates.csv", put("r0115", 4, "1e5"), "rates:r0115", ("rates.csv", 2, "rate")),
    ("leads.csv", more(["L-2", "2026-01-09", "Tom", "", "", "", "", ""]), "leads:L-2", ("leads.csv", 4, "id")),
    ("deliveries.csv", put("DO-1", 2, "SO-9"), "deliveries:DO-1", ("deliveries.csv", 2, "order")),
    ("lead_steps.csv", put("L-1q", 2, "qualfy"), "lead_steps:L-1q", ("lead_steps.csv", 2, "step")),
    ("lead_steps.csv", put("L-1q", 3, ""), "lead_steps:L-1q", ("lead_steps.csv", 2, "date")),
    ("closings.csv", put("close-mar", 1, "lock"), "closings:close-mar", ("closings.csv", 4, "kind")),
    ("closings.csv", put("close-mar", 2, "March"), "closings:close-mar", ("closings.csv", 4, "period")),
    ("closings.csv", put("close-mar", 3, "99999999999999999"), "closings:close-mar", ("closings.csv", 4, "kind")),
    ("orders.csv", put("SO-1", 4, "a#1"), "orders:SO-1", ("orders.csv", 2, "currency")),
    ("orders.csv", put("SO-1", 4, "USD"), "orders:SO-1", ("orders.csv", 2, "currency")),
    ("orders.csv", put("SO-1", 3, "delta"), "orders:SO-1", ("orders.csv", 2, "customer")),
    ("lead_steps.csv", put("L-1q", 7, "X" * 40), "lead_steps:L-1q", ("lead_steps.csv", 2, "currency")),
    ("payments.csv", put("P-5", 4, "400.001"), "payments:P-5", ("payments.csv", 6, "amount")),
    ("payments.csv", put("P-6", 1, "2026-01-20"), "payments:P-6", ("payments.csv", 7, "date")),
    ("invoices.csv", put("INV-D", 3, "whenever"), "invoices:INV-D", ("invoices.csv", 5, "terms")),
    ("entries_lines.csv", line(["rent-q1", "6000"], ["rent-q1", "6000", "5", "5"]), "entries:rent-q1", ("entries_lines.csv", 4, "debit")),
    ("entries_lines.csv", line(["rent-q1", "6000"], ["rent-q1", "6999", "1800", ""]), "entries:rent-q1", ("entries_lines.csv", 4, "account")),
    ("entries_lines.csv", line(["rent-q1", "6000"], ["rent-q1", "6000", "1.00", ""]), "entries:rent-q1", ("entries.csv", 3, "id")),
    ("entries_lines.csv", lambda rows: rows[:3], "entries:rent-q1", ("entries_lines.csv", 0, "id")),
    ("shipments_lines.csv", line(["SH-4", "1"], ["SH-4", "1", "9000"]), "shipments:SH-4", ("shipments_lines.csv", 8, "quantity")),
    ("shipments_lines.csv", line(["SH-4", "1"], ["SH-4", "1.5", "25"]), "shipments:SH-4", ("shipments_lines.csv", 8, "line")),
    ("shipments_lines.csv", line(["SH-4", "1"], ["SH-4", "7", "25"]), "shipments:SH-4", ("shipments_lines.csv", 8, "line")),
    ("orders_lines.csv", more(["SO-9", "Bolt", "many", "1", "", "", ""]), "orders:SO-9", ("orders_lines.csv", 6, "id")),
    ("daybook.csv", more(["nonsense", "x"]), "nonsense:x", ("daybook.csv", 60, "file")),
    ("daybook.csv", more(["leads", "L-9"]), "leads:L-9", ("daybook.csv", 60, "id")),
    ("daybook.csv", more(["payments", "P-6"]), "payments:P-6", ("daybook.csv", 60, "id")),
    ("daybook.csv", lambda rows: [row for row in rows if row[1] != "P-6"], "payments:P-6", ("payments.csv", 7, "id")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "change", "record", "where"), REFUSED, ids=[f"{one[2]}-{one[3][2]}" for one in REFUSED]
)
def test_what_is_wrong_is_said_with_file_line_and_field(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    change: Change,
    record: str,
    where: tuple[str, int, str],
) -> None:
    edit(folder / file, change)
    code, found, _ = quarter(folder, capsys, store="memory:")
    assert code == 2
    mine = [one for one in found["refused"] if one["record"] == record]
    assert where in [(one["file"], one["line"], one["field"]) for one in mine]
    assert all(one["rule"] and not one["because"] for one in mine)
    assert all(one["ok"] for one in found["checks"])
    answers = found["answers"]
    assert answers["sent"] == answers["answered"] + len(found["refused"])


@pytest.mark.parametrize(
    ("file", "change", "causes"),
    [
        # Goods that did not come cannot be sent; what was not sent is not billed; what was not billed is not paid.
        (
            "receipts_lines.csv",
            line(["GR-1", "1"], ["GR-1", "1", "-3", ""]),
            {
                "shipments:SH-1": "receipts:GR-1",
                "payments:P-3": "receipts:GR-1",
                "payments:P-1": "shipments:SH-1",
                "invoices:INV-C": "shipments:SH-3",
                "payments:P-2": "invoices:INV-C",
            },
        ),
        # A quote that was not accepted makes no order.
        (
            "quote_steps.csv",
            put("Q-1a", 3, "soon"),
            {"orders:SO-1": "quote_steps:Q-1a", "deliveries:DO-1": "orders:SO-1", "returns:RT-1": "shipments:SH-2"},
        ),
        # An item need not be listed, but one that is refused takes along what names it, in a line too.
        (
            "items.csv",
            put("bolt-m8", 1, ""),
            {"quotes:Q-1": "items:bolt-m8", "moves:M-1": "items:bolt-m8", "receipts:GR-1": "purchase_orders:PO-1"},
        ),
    ],
)
def test_what_depends_on_a_refused_record_names_it(
    folder: Path, capsys: pytest.CaptureFixture[str], file: str, change: Change, causes: dict[str, str]
) -> None:
    edit(folder / file, change)
    code, found, _ = quarter(folder, capsys, store="memory:")
    because = {one["record"]: one["because"] for one in found["refused"]}
    assert code == 2
    assert causes.items() <= because.items()
    assert [record for record, cause in because.items() if not cause] == [found["refused"][0]["record"]]
    assert all(one["ok"] for one in found["checks"])


def test_nothing_of_a_refused_record_enters(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder with a bad record gives the same books as one without that record."""
    edit(folder / "entries_lines.csv", line(["rent-q1", "1000"], ["rent-q1", "1000", "", "1800.001"]))
    bad = quarter(folder, capsys, store="memory:")[1]
    for name in ("entries.csv", "entries_lines.csv"):
        edit(folder / name, lambda rows: [row for row in rows if row[0] != "rent-q1"])
    edit(folder / "daybook.csv", lambda rows: [row for row in rows if row[1] != "rent-q1"])
    without = quarter(folder, capsys, store="memory:")[1]
    assert (bad["state_hash"], bad["statements"]) == (without["state_hash"], without["statements"])


def test_a_record_changed_after_it_entered_is_refused_with_the_field(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, before, _ = quarter(folder, capsys)
    edit(folder / "payments.csv", put("P-1", 4, "999.00"))
    code, after, _ = quarter(folder, capsys)
    assert code == 2
    assert [(one["record"], one["field"], one["line"]) for one in after["refused"]] == [("payments:P-1", "amount", 2)]
    assert (after["positions"], after["state_hash"]) == (before["positions"], before["state_hash"])


def test_a_file_that_the_layout_does_not_know_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "payment.csv").write_text("id,amount\nP-1,5\n", encoding="utf-8")
    code, found, _ = quarter(folder, capsys, store="memory:")
    assert code == 2
    assert [one["file"] for one in found["refused"]] == ["payment.csv"]


def test_orders_without_a_rate_are_named_and_in_no_total(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(folder / "rates.csv", lambda rows: rows[:1])
    edit(folder / "daybook.csv", lambda rows: [row for row in rows if row[0] != "rates"])
    code, found, _ = quarter(folder, capsys, store="memory:")
    assert code == 2
    assert found["orders_not_valued"] == ["SO-2"]
    # 4000 x 0.32 less 5 %, 4000 x 0.115, 500 x 1.39, 49.00; 25 x 8.90, 350 x 0.38
    assert found["order_subtotal"] == "2775.5"


def test_order_totals_are_exact_decimals_also_where_the_rate_is_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """1,582.40 USD at 0.915 are 1,447.896 EUR; at 1 / 1.0934 they are 1,447.23 EUR and a fraction without end."""
    assert quarter(folder, capsys, store="memory:")[1]["order_subtotal"] == "4223.396"
    edit(folder / "rates.csv", lambda rows: [rows[0], *([*row[:2], "EUR", "USD", "1.0934"] for row in rows[1:])])
    assert quarter(folder, capsys, store="memory:")[1]["order_subtotal"] == "4222.73"


def test_usage_and_store_leave_with_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quarter", str(tmp_path / "nowhere"), "--store", "memory:"]) == 3
    assert main(["quarter", str(tmp_path), "--store", "memory:", "--out", str(tmp_path / "o")]) == 3
    assert main(["quarter", str(SAMPLE), "--store", "nosuch:///x", "--out", str(tmp_path / "o")]) == 3
    assert "no store for" in capsys.readouterr().err
    (tmp_path / "no.db").write_bytes(b"no database" * 400)
    for store in (f"sqlite:///{tmp_path}/no.db", f"sqlite:///{tmp_path}/nowhere/books.db"):
        assert main(["quarter", str(SAMPLE), "--store", store, "--out", str(tmp_path / "o")]) == 3
    with pytest.raises(SystemExit) as left:
        main(["quarter", "--colour"])
    assert left.value.code == 3


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("company.csv", "name,currency,colour\nNord,EUR,red\n", "colour"),
        ("company.csv", "name,currency\nNord,EUX\n", "currency"),
        ("company.csv", "name,currency\n", "one row"),
        ("leads.csv", "id,date,name,name\nL-1,2026-01-05,Ines,Tom\n", "the column stands twice"),
        ("leads.csv", "id,date,name\nL-1,2026-01-05,J\udcf6rg\n", "no UTF-8"),
    ],
)
def test_a_folder_that_cannot_be_read_leaves_with_three(
    folder: Path, capsys: pytest.CaptureFixture[str], file: str, text: str, said: str
) -> None:
    (folder / file).write_text(text, encoding="utf-8", errors="surrogateescape")
    assert main(["quarter", str(folder), "--store", "memory:", "--out", str(folder.parent / "o")]) == 3
    assert said in capsys.readouterr().err


def test_a_failed_check_leaves_with_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import sqlite3

    quarter(folder, capsys)
    with sqlite3.connect(folder.parent / "books.db") as raw:
        raw.execute("update bizcore_lots set value=value+1 where account='1200'")
    raw.close()
    assert quarter(folder, capsys)[0] == 1


def test_every_file_of_the_layout_is_in_its_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "quarter.md").read_text("utf-8")
    for name, layout in LAYOUTS.items():
        assert f"`{name}.csv`" in page
        for column in (*layout.columns, *layout.lines):
            assert f"`{column}`" in page, (name, column)
