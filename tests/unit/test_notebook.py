"""The notebook of the examples runs from its first cell to its last, says what its text says, and is kept without outputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import bizcore

NOTEBOOK = Path(__file__).parents[2] / "examples" / "first_quarter.ipynb"

SHOWN = {
    'firm.finance.balance_sheet(at="2026-03-31")': ("Balance sheet", "49200.00", "4004.00", "54302.00"),
    'firm.finance.income_statement(period="2026-Q1")': ("4170.00", "702.00", "1668.00"),
    'firm.finance.receivable_aging(at="2026-03-31")': ("2520.00", "1484.00", "total"),
    'firm.supply.stock_valuation(at="2026-03-31")': ("1098.00", "12.20"),
    "cell": ("the sum of its accounts", "4004.00", "4 postings", "-1000.00"),
    "cell.postings": ("INV-1/1", "1404.00", "-1000.00"),
    "workshop.explain()": ("gross = net + tax", "3600.00"),
    'firm.committed("workshop")': ("finance.issue at 9", "2026-04-01 16:00:00+00:00", "ann", "2520.00", "debit"),
    'firm.trace(firm.sfa.orders["SO-1"])': ("SO-2026-000001", "SH-2026-000001", "INV-2026-000001", "PAY-2026-000001"),
    "firm.plan(act)": ("not applied", "1304.00", "404.00", "900.00", "the next of PAY-2026", "id-1#1"),
    "compare(lambda one: one.finance.balance_sheet(), now=firm, what_if=what_if)": ("49604.00", "1668.00", "570.00"),
    'firm.as_known(then).supply.stock_valuation(at="2026-01-31")': ("468.00", "11.70"),
    'firm.supply.stock_valuation(at="2026-01-31")': ("708.00", "11.80"),
    "Lead.lifecycle": ("disqualified", "convert"),
    "Order.lifecycle": ("short_close", "cancelled"),
}
"""The last line of a cell, and what one must read in what it shows."""


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a user has set up for notebooks reaches the run, and the kernel has the very code that is tested."""
    monkeypatch.setenv("PYTHONPATH", str(Path(bizcore.__file__).resolve().parents[1]))
    for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("JUPYTER_PATH", "")


def words(html: str) -> str:
    return re.sub(r"<[^>]+>", "", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))


def last_line(cell: Any) -> str:
    return str(cell.source.splitlines()[-1])


def test_the_notebook_is_kept_as_it_was_written() -> None:
    book = nbformat.read(NOTEBOOK, 4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert set(SHOWN) <= {last_line(cell) for cell in code}
    assert book.metadata.kernelspec.name == "python3"


@pytest.mark.slow
@pytest.mark.usefixtures("kernels")
@pytest.mark.filterwarnings("default")  # what the kernel's packages warn of is theirs
def test_every_cell_runs_and_shows_what_it_should(tmp_path: Path) -> None:
    book = nbformat.read(NOTEBOOK, 4)
    client = NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    seen = {}
    for cell in book.cells:
        for output in cell.get("outputs", ()):
            assert output.output_type == "execute_result", output
            seen[last_line(cell)] = output.data
    for line, expected in SHOWN.items():
        html, text = seen[line]["text/html"], seen[line]["text/plain"]
        assert [one for one in expected if one not in words(html)] == [], line
        assert len(text.splitlines()) >= 1, line
        assert "<" not in re.sub(r"<style>|</?[a-z]+( [a-zA-Z-]+=\"[^\"]*\")*>", "", html), line
        assert ("<svg" in html) == line.endswith(".lifecycle")
    assert seen["firm.head"]["text/plain"] == "11"
    assert seen["firm.verify()"]["text/plain"].startswith("Verdict(ok=True, links=12")
    assert str(tmp_path) not in str(seen)
