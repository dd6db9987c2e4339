"""Entries exist only in balance; each way of being wrong has its own refusal, with facts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from bizcore.book.entry import (
    POSTINGS_MAX,
    Entry,
    MixedValues,
    NoPostings,
    NotAnAmount,
    Posting,
    TooManyPostings,
    Unbalanced,
    ValueMissing,
    credit,
    debit,
)
from bizcore.kernel.days import NotADate
from bizcore.kernel.errors import Invalid
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity

ON = "2026-03-05"


def eur(amount: str | int) -> Money:
    return Money(amount, "EUR")


def usd(amount: str | int) -> Money:
    return Money(amount, "USD")


def bolts(count: str | int) -> Quantity:
    return Quantity(count, "bolt")


def test_an_unbalanced_entry_says_by_how_much() -> None:
    with pytest.raises(Unbalanced) as error:
        Entry(ON, [debit("1000", eur("113.00")), credit("4000", eur("112.00"))])
    assert error.value.facts == {"unit": "EUR", "by": eur("1.00")}


def test_goods_balance_item_by_item() -> None:
    legs = [Posting("main", bolts(3)), Posting("supplier", Quantity(-3, "nut"))]
    with pytest.raises(Unbalanced) as error:
        Entry(ON, legs, book="stock")
    assert error.value.facts["unit"] in {"bolt", "nut"}
    assert abs(error.value.facts["by"].amount) == 3


def test_each_currency_balances_through_exchange() -> None:
    """A payment of 100 USD from a EUR account: the exchange account has both legs, its value is zero."""
    legs = [
        Posting("2000", usd(100), eur(90)),
        Posting("exchange", usd(-100), eur(-90)),
        Posting("exchange", eur(90)),
        Posting("1000", eur(-90)),
    ]
    with pytest.raises(ValueMissing):
        Entry(ON, legs)
    entry = Entry(ON, [one if one.value else Posting(one.account, one.amount, eur(one.amount.amount)) for one in legs])
    assert sum(one.worth for one in entry.postings if one.account == "exchange") == 0
    assert entry.value == eur(180)


def test_amounts_in_balance_do_not_excuse_values_that_are_not() -> None:
    with pytest.raises(Unbalanced) as error:
        Entry(ON, [Posting("1200", usd(10), eur(9)), Posting("4000", usd(-10), eur(-8))])
    assert error.value.facts == {"unit": "value", "by": eur(1)}


def test_a_gain_is_an_amount_of_nothing_with_a_value() -> None:
    entry = Entry(ON, [Posting("1200", usd(0), eur(5)), Posting("7000", usd(0), eur(-5))])
    assert entry.value == eur(5)


def test_a_foreign_amount_needs_its_value() -> None:
    with pytest.raises(ValueMissing) as error:
        Entry(ON, [Posting("1200", usd(10), eur(9)), Posting("4000", usd(-10))])
    assert error.value.facts["account"] == "4000"


def test_values_are_in_one_currency() -> None:
    with pytest.raises(MixedValues):
        Entry(ON, [Posting("a", bolts(1), eur(1)), Posting("b", bolts(-1), usd(-1))], book="cost")


def test_an_entry_has_two_postings_at_least_and_a_limit() -> None:
    with pytest.raises(NoPostings):
        Entry(ON, [debit("1000", eur(0))])
    with pytest.raises(TooManyPostings) as error:
        Entry(ON, [debit("1000", eur(0))] * (POSTINGS_MAX + 1))
    assert error.value.facts == {"count": POSTINGS_MAX + 1, "most": POSTINGS_MAX}
    assert len(Entry(ON, [debit("1000", eur(0))] * POSTINGS_MAX).postings) == POSTINGS_MAX


@pytest.mark.parametrize("amount", [5, "5", 5.0, True, None, (5, "EUR")])
def test_what_is_no_amount_is_refused(amount: Any) -> None:
    with pytest.raises(NotAnAmount):
        Posting("1000", amount)


@pytest.mark.parametrize("account", ["", "a\nb", "x" * 201, 5, None])
def test_what_is_no_account_is_refused(account: Any) -> None:
    with pytest.raises(Invalid):
        Posting(account, eur(1))


def test_a_moment_is_no_business_date() -> None:
    legs = [debit("1000", eur(1)), credit("4000", eur(1))]
    with pytest.raises(NotADate):
        Entry(datetime(2026, 3, 5, 12), legs)  # noqa: DTZ001 - what must be refused
    with pytest.raises(NotADate):
        Posting("1000", eur(1), due="2026-02-30")
    assert Entry(ON, legs).on == date(2026, 3, 5)


def test_a_reversal_turns_every_line_and_is_linked() -> None:
    legs = [Posting("1200", usd(10), eur(9), party="beta", lot="INV-1", due=ON), Posting("4000", usd(-10), eur(-9))]
    entry = Entry(ON, legs, text="sale", id="k#1")
    undone = entry.reversed("2026-03-31")
    assert [(one.amount, one.value, one.lot, one.party) for one in undone.postings] == [
        (usd(-10), eur(-9), "INV-1", "beta"),
        (usd(10), eur(9), None, None),
    ]
    assert (undone.reverses, undone.id, undone.on) == ("k#1", "", date(2026, 3, 31))
    assert undone.reversed(ON).postings == entry.postings


def test_an_entry_reads_like_a_ledger() -> None:
    text = str(Entry(ON, [debit("1000", eur(5), party="beta"), credit("4000", eur(5))], text="sale"))
    assert text.splitlines()[0] == "2026-03-05 journal sale"
    assert [line.split()[0] for line in text.splitlines()[1:]] == ["1000", "4000"]
    assert "beta" in text


def test_a_parallel_ledger_is_a_book_of_its_own() -> None:
    entry = Entry(ON, [debit("1000", eur(5)), credit("4000", eur(5))], ledger="tax")
    assert entry.storage_book == "journal:tax"
