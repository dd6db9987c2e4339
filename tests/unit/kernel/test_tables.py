"""Tables and explanations: cells, text, HTML, CSV, frames."""

from __future__ import annotations

import csv
import decimal
import io
import sys
from datetime import date
from decimal import Decimal

import pytest

from bizcore.kernel.explain import Explanation
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.table import BadTable, Column, MissingExtra, NoSuchCell, Table, _decimal

COLUMNS = [Column("account"), Column("debit", "Debit", "money", "EUR"), Column("on", kind="date")]
ROWS = [["1000", Money("5.00", "EUR"), date(2026, 3, 5)], ["=1+1", Money("-0.50", "EUR"), None]]
TABLE = Table(COLUMNS, ROWS, title="Trial <balance>", key="account")


def test_cells_are_found_by_number_or_by_the_key_column() -> None:
    assert TABLE["1000", "debit"].value == TABLE[0, "debit"].value == TABLE[-2, "debit"].value == Money("5.00", "EUR")
    for row, column in (("none", "debit"), (2, "debit"), (-3, "debit"), (0, "none")):
        with pytest.raises(NoSuchCell):
            TABLE[row, column]
    with pytest.raises(NoSuchCell):
        Table(COLUMNS, ROWS)["1000", "debit"]
    with pytest.raises(NoSuchCell):
        TABLE.column("none")


def test_a_cell_explains_itself_down_to_its_postings() -> None:
    legs = Table([Column("amount")], [[Money("5.00", "EUR")]])
    told = Table(
        COLUMNS, ROWS, explain=lambda row, column: Explanation(f"{column} {row}", "5.00 EUR"), postings=lambda *_: legs
    )
    assert told[0, "debit"].explain() == Explanation("debit 0", "5.00 EUR")
    assert told[0, "debit"].postings is legs
    assert TABLE[0, "debit"].explain().result == "5.00 EUR"
    assert len(TABLE[0, "debit"].postings) == 0


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(BadTable) as error:
        Table(COLUMNS, [*ROWS, ["1"]])
    assert (error.value.row, error.value.cells, error.value.columns) == (2, 1, 3)


def test_csv_reads_back_and_runs_no_formula() -> None:
    texts = [
        "=1+1",
        "+1",
        "-1",
        "@a",
        "\tx",
        "\rx",
        "\nx",
        "x\r=1+1",
        "x\r\n=1+1",
        "'quoted",
        "''",
        'a"b,c',
        "plain",
        "",
    ]
    written = Table([Column("text")], [[one] for one in texts]).to_csv()
    read = [cell for (cell,) in csv.reader(io.StringIO(written, newline=""))][1:]
    assert [one.removeprefix("'") for one in read] == texts
    assert not any(one.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for one in read)
    assert TABLE.to_csv() == "account,debit,on\n1000,5.00,2026-03-05\n'=1+1,-0.50,\n"


def test_plain_rows_are_json_types_with_exact_text() -> None:
    assert TABLE.to_plain()[0] == {
        "account": "1000", "debit": {"amount": "5.00", "currency": "EUR"}, "on": "2026-03-05",
    }  # fmt: skip


def test_html_is_escaped_and_keeps_its_title_when_it_is_cut() -> None:
    long = Table([Column("<b>")], [["<script>"]] * 101, title="Trial <balance>")._repr_html_()
    assert "<script>" not in long
    assert "<b>" not in long
    assert "Trial &lt;balance&gt;" in long
    assert "and 1 more rows" in long
    assert long.count("&lt;script&gt;") == 100


def test_text_is_aligned_with_figures_to_the_right() -> None:
    assert str(TABLE).splitlines() == [
        "Trial <balance>",
        "account      Debit  on",
        "1000      5.00 EUR  2026-03-05",
        "=1+1     -0.50 EUR",
    ]


def test_exact_frames_hold_exact_decimals_whatever_the_host_keeps() -> None:
    with decimal.localcontext(decimal.Context(prec=5)):
        assert _decimal(Quantity("1234567.891", "kg")) == Decimal("1234567.891")
        assert _decimal(Quantity("-2/3", "kg")) == Decimal("-0.66666666666666666667")
        assert _decimal(Money("1234567.89", "EUR")) == Decimal("1234567.89")


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_a_missing_package_is_named_with_the_way_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra) as error:
        getattr(TABLE, f"to_{name}")()
    assert (error.value.package, error.value.command, error.value.retry) == (name, f"pip install {name}", False)


def test_an_explanation_is_a_tree_that_escapes() -> None:
    told = Explanation(
        "a < b", "1.00 EUR", {"x": "<i>"}, steps=[Explanation("step", "2", refused=["3 & more"])], refused=["4"]
    )
    assert str(told).splitlines() == ["a < b = 1.00 EUR (x: <i>)", "  not 4", "  step = 2", "    not 3 & more"]
    html = told._repr_html_()
    assert "<i>" not in html
    assert "a &lt; b" in html
    assert "3 &amp; more" in html
    assert html.count("<details") == html.count("</details>") == 2
