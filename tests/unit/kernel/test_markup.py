"""How values show themselves in a notebook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bizcore.book.entry import Entry, credit, debit
from bizcore.change.changes import Changes
from bizcore.change.committed import Committed, instant_of
from bizcore.company import Company
from bizcore.finance import Invoice, Line
from bizcore.finance.documents import ISSUED
from bizcore.flow.lifecycle import Lifecycle
from bizcore.kernel.exact import Exact
from bizcore.kernel.explain import Explanation
from bizcore.kernel.markup import ROWS_MAX, Html, Shown, cell, element
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.table import Column, Table
from bizcore.sfa.leads import Lead
from bizcore.store.opener import open_store
from bizcore.store.port import ClosedStore
from bizcore.supply.items import Item

BAD = "<script>alert('x')</script>&\""


def eur(amount: str) -> Money:
    return Money(amount, "EUR")


def words(html: str) -> str:
    """What one reads, without the style."""
    return re.sub(r"<[^>]+>", "", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))


@pytest.fixture
def acme() -> Iterator[Company]:
    with Company.create("acme", currency="EUR", actor=BAD) as company:
        yield company


def test_what_is_not_markup_is_escaped_wherever_it_is_put() -> None:
    assert element("a", {"title": BAD}, BAD, Html("<i>")).count("<") == 3
    assert element("a", {"title": '"'}) == '<a title="&quot;"></a>'


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (eur("0.00"), "EUR", '<td class="n">0.00</td>'),
        (eur("999.00"), None, '<td class="n">999.00 <small>EUR</small></td>'),
        (eur("-1000000.10"), "EUR", '<td class="n minus">-1<span>000</span><span>000</span>.10</td>'),
        (Money("5", "JPY"), "EUR", '<td class="n">5 <small>JPY</small></td>'),
        (Quantity("1234.5", "kg <b>"), None, '<td class="n">1<span>234</span>.5 <small>kg &lt;b&gt;</small></td>'),
        (Exact(Fraction(1, 3), "EUR"), "EUR", '<td class="n">1/3</td>'),
        (Fraction(-10000, 3), None, '<td class="n minus">-10000/3</td>'),
        (Decimal("1E+4"), None, '<td class="n">10<span>000</span></td>'),
        (1234567, None, '<td class="n">1<span>234</span><span>567</span></td>'),
        (True, None, "<td>True</td>"),
        ("-5", None, "<td>-5</td>"),
        (None, None, "<td></td>"),
    ],
)
def test_a_cell_shows_figures_to_the_right_in_groups(value: object, unit: str | None, shown: str) -> None:
    assert cell(value, unit=unit) == shown


def test_a_table_names_its_unit_once_and_its_sum_stands_out() -> None:
    table = Table(
        [Column("account"), Column("debit", "Debit", "money", "EUR")],
        [["1000", eur("1234.50")], ["total", eur("1234.50")]],
    )
    html = table._repr_html_()
    assert html.count("EUR") == 1
    assert '<th class="n">Debit <small>EUR</small></th>' in html
    assert html.count('class="sum"') == 1
    assert "<caption>" not in html
    assert words(html).count("1234.50") == 2


def test_a_terminal_and_a_notebook_are_both_served() -> None:
    table = Table([Column("a")], [["x"]])
    assert table._repr_mimebundle_() == {"text/plain": str(table), "text/html": table._repr_html_()}
    lifecycle = ISSUED._repr_mimebundle_(include=None, exclude=None)
    assert lifecycle["text/plain"] == "invoice: begins draft, ends issued\n  draft   issue -> issued"


def test_an_explanation_of_very_many_steps_says_how_many_are_left_out() -> None:
    told = Explanation("sum", "x", steps=[Explanation("line", str(at)) for at in range(ROWS_MAX + 7)])
    assert "and 7 more steps" in told._repr_html_()
    deep = Explanation("a", "1", steps=[Explanation("b", "2", steps=[Explanation("c", "3", refused=["d"])])])
    assert deep._repr_html_().count('<details open="">') == 2
    assert deep._repr_html_().count("<details>") == 1


def test_a_cell_shows_its_explanation_and_folds_its_postings(acme: Company) -> None:
    acme.apply(acme.supply.receive("bolt", 100, place="main", on="2026-01-05", cost=eur("1234.50")), key="r")
    found = acme.finance.trial_balance()["1400", "balance"]
    html = found._repr_html_()
    assert "<summary>1 posting</summary>" in html
    assert words(html).count("1234.50") >= 3
    assert found._repr_mimebundle_()["text/plain"].endswith("1 posting")
    bare = Table([Column("a")], [["x"]])[0, "a"]
    assert "<details" not in bare._repr_html_()
    assert repr(bare) == "Cell(value='x')"


def test_an_entry_has_its_debits_first_and_no_sign_in_its_columns() -> None:
    entry = Entry(
        "2026-03-05", [credit("4000", eur("1200")), debit("1200", eur("1200"), party="beta")], text="invoice <1>"
    )
    html = entry._repr_html_()
    assert html.count("EUR") == 2
    assert "minus" not in html.split("</style>")[1]
    assert html.index("1200</td>") < html.index("4000</td>")
    assert "2026-03-05 journal invoice &lt;1&gt;" in html
    goods = Entry(
        "2026-03-05", [debit("main", Quantity(5, "bolt")), credit("vendor", Quantity(5, "bolt"))], book="stock"
    )
    assert [one for one in ("in", "out", "debit") if f">{one} <small>bolt" in goods._repr_html_()] == ["in", "out"]
    foreign = Entry(
        "2026-03-05",
        [debit("1000", Money("10", "USD"), eur("9")), credit("9000", Money("10", "USD"), eur("9"))],
    )
    assert words(foreign._repr_html_()).count("9.00") == 2
    assert foreign._repr_html_().count('"n minus"') == 1
    adjusted = Entry("2026-03-05", [debit("1200", Money("0", "USD"), eur("1")), credit("6800", eur("0"), eur("1"))])
    assert words(adjusted._repr_html_()).count("0.00") == 2


def test_changes_show_what_they_would_write_and_that_they_have_not(acme: Company) -> None:
    bill = Invoice(
        id="INV", customer="beta", on="2026-03-05", currency="EUR", lines=[Line("Work", 2, "1500.00", tax="S20")]
    )
    plan = acme.plan(acme.finance.issue(bill))
    html = plan._repr_html_()
    assert words(html).count("3600.00") == 1
    for said in ("Changes of finance.issue", "not applied", "invoice INV", "the next of INV-2026", "debit", "credit"):
        assert said in words(html)
    done = acme.apply(plan, key="k")
    shown = done._repr_html_()
    for said in ("finance.issue at 1", ">applied<", "invoice:INV", "3<span>600</span>.00"):
        assert said in shown
    assert "the first answer again" in acme.apply(acme.finance.issue(bill), key="k")._repr_html_()
    acme.apply(acme.put(Item(id="bolt", name="Bolt")), key="1")
    changed = acme.plan(acme.put(Item(id="bolt", name="Bolt <M8>")))
    assert "<small>name</small> Bolt \u2192 Bolt &lt;M8&gt;" in changed._repr_html_()


def test_very_many_entries_are_counted_and_what_is_erased_is_named(acme: Company) -> None:
    entry = Entry("2026-03-05", [debit("1000", eur("1")), credit("4000", eur("1"))])
    many = Changes(entry, entries=[entry, *(entry.reversed("2026-03-06") for _ in range(ROWS_MAX + 2))])
    assert "and 3 more entries" in many._repr_html_()


def test_what_was_erased_does_not_keep_the_record_from_being_shown() -> None:
    acme = Company.create("acme", currency="EUR", actor="ann")
    acme.apply(acme.sfa.capture(Lead(id="L", name="Canary Jones", source="fair", on="2026-01-05")), key="lead")
    acme.apply(acme.erase(acme.sfa.leads["L"].ref), key="erase")
    shown = [one._repr_html_() for one in acme.log()]
    assert "Canary" not in "".join(shown)
    assert "lead:L" in shown[0]


def test_what_cannot_be_read_any_more_is_said_in_its_place() -> None:
    def refuse() -> Any:
        raise ClosedStore

    done = Committed[Any](
        position=1, instant=instant_of(0), key="k", actor="ann", reason="", act="put", intent="{}", hash="",
        documents=refuse, value=refuse, entries=refuse,
    )  # fmt: skip
    assert ClosedStore().message in done._repr_html_()
    assert done.plain() == "put at 1, key 'k'"


def test_hostile_names_in_every_field_stay_text(acme: Company) -> None:
    store = open_store("memory:")
    hostile = Company.create("evil", currency="EUR", store=store, actor=BAD)
    item = Item(id=BAD, name=BAD, extra={BAD: BAD})
    entry = Entry("2026-03-05", [debit(BAD, eur("1"), party=BAD), credit("4000", eur("1"))], text=BAD, extra={BAD: BAD})
    done = hostile.apply(hostile.put(item), key=BAD, reason=BAD)
    again = hostile.plan(hostile.put(Item(id=BAD, name=f"{BAD}{BAD}")))
    lifecycle = Lifecycle(BAD, "<script>alert", {("<script>alert", "<i>"): "<b>"})
    shown: list[Shown] = [done, again, entry, hostile.trace(item), Changes(entry), lifecycle]
    for one in shown:
        html = one._repr_html_()
        assert "<script" not in html
        assert "alert" in html


def test_two_outputs_on_a_page_do_not_meet_and_load_nothing(acme: Company) -> None:
    acme.apply(acme.put(Item(id="bolt", name="Bolt")), key="1")
    shown: list[Shown] = [
        acme.finance.trial_balance(), Lead.lifecycle or ISSUED, Explanation("a", "b"), next(acme.log()),
        acme.plan(acme.put(Item(id="bolt", name="B"))),
    ]  # fmt: skip
    for one in shown:
        html = one._repr_html_()
        assert not re.search(r"\bid=|https?:|url\(|src=|href=|@import|<script|<link", html)
        assert len(html) < 6_000
        ET.fromstring(html)  # every element is closed
        rules = re.sub(r"<style>(.*?)</style>.*", r"\1", html, flags=re.DOTALL).split("}")
        assert not [rule for rule in rules if "{" in rule and not re.search(r"\.bizcore|@media", rule)]


def test_the_first_rows_of_a_long_table_are_shown() -> None:
    html = Table([Column("n")], [[at] for at in range(ROWS_MAX + 1)])._repr_html_()
    figures = [int(one) for one in re.findall(r'<td class="n">(\d+)</td>', html)]
    assert all(later == before + 1 for before, later in pairwise(figures))
    assert len(figures) == ROWS_MAX
    assert "and 1 more rows" in html
