"""The command: exit codes, refused records and what depends on them, sending everything again."""

from __future__ import annotations

import csv
import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from bizcore.cli import main
from bizcore.cli.layout import LAYOUTS

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


def edit(path: Path, change: Any) -> None:
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
    assert {path.name: path.read_bytes() for path in (folder.parent / "out").iterdir()} == files_before


def test_one_record_more_adds_only_that(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, before, _ = quarter(folder, capsys)
    edit(folder / "entries.csv", lambda rows: [*rows, ["fee", "2026-04-02", "Bank fee"]])
    edit(folder / "entries_lines.csv", lambda rows: [*rows, ["fee", "6400", "3.50", ""], ["fee", "1000", "", "3.50"]])
    edit(folder / "daybook.csv", lambda rows: [*rows, ["entries", "fee"]])
    code, after, _ = quarter(folder, capsys)
    assert (code, after["positions"]) == (0, before["positions"] + 1)


def test_a_refused_record_is_listed_with_what_depends_on_it_and_nothing_of_it_enters(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A receipt line that is no number takes with it what was sold from it only where the goods are lacking."""
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


@pytest.mark.parametrize(
    ("file", "change", "field"),
    [
        ("items.csv", lambda rows: [[*rows[0], "colour"], *([*row, "red"] for row in rows[1:])], "colour"),
        ("items.csv", lambda rows: [[*row[:1], *row[2:]] for row in rows], "name"),
        ("rates.csv", lambda rows: [*rows[:1], ["r0115", "2026-13-15", "USD", "EUR", "0.9"], *rows[2:]], "date"),
        ("rates.csv", lambda rows: [*rows[:1], ["r0115", "2026-01-15", "USX", "EUR", "0.9"], *rows[2:]], "base"),
        ("rates.csv", lambda rows: [*rows[:1], ["r0115", "2026-01-15", "USD", "EUR", "1e5"], *rows[2:]], "rate"),
        ("leads.csv", lambda rows: [*rows, rows[1]], "id"),
        ("deliveries.csv", lambda rows: [*rows[:1], ["DO-1", "2026-01-16", "SO-9", "main", ""], *rows[2:]], "order"),
        (
            "lead_steps.csv",
            lambda rows: [*rows[:1], ["L-1q", "L-1", "qualfy", "2026-01-06", "", "", "", "", ""], *rows[2:]],
            "step",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_field(
    folder: Path, capsys: pytest.CaptureFixture[str], file: str, change: Any, field: str
) -> None:
    edit(folder / file, change)
    code, found, _ = quarter(folder, capsys, store="memory:")
    assert code == 2
    assert field in {one["field"] for one in found["refused"]}
    assert all(one["ok"] for one in found["checks"])


def test_usage_and_store_leave_with_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quarter", str(tmp_path / "nowhere"), "--store", "memory:"]) == 3
    assert main(["quarter", str(tmp_path), "--store", "memory:", "--out", str(tmp_path / "o")]) == 3
    assert main(["quarter", str(SAMPLE), "--store", "nosuch:///x", "--out", str(tmp_path / "o")]) == 3
    with pytest.raises(SystemExit) as left:
        main(["quarter", "--colour"])
    assert left.value.code == 3
    assert "no store for" in capsys.readouterr().err


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
