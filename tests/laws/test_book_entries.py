"""Laws of entries and lots: sums are zero, a reversal restores, order of recording does not matter, nothing is left behind."""

from __future__ import annotations

from collections import Counter
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bizcore.book.entry import Entry, Posting, Unbalanced
from bizcore.book.lots import Lot, Order, match, release_int
from bizcore.change.reading import PostingQuery
from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.kernel.spans import Span
from bizcore.testing.strategies import days, entries, lots, moneys


def balances(company: Company) -> dict[tuple[str, ...], tuple[int, int]]:
    rows = company.view().totals(PostingQuery(book="journal"), by=("account", "unit"))
    return {row.key: (row.amount, row.value) for row in rows if row.amount or row.value}


def posted(some: list[Entry]) -> Company:
    acme = Company.create("acme", currency="EUR")
    acme.apply_each([(acme.finance.post(one), None) for one in some])
    return acme


@given(entry=entries())
def test_amounts_and_values_of_an_entry_sum_to_zero(entry: Entry) -> None:
    sums: Counter[str] = Counter()
    for one in entry.postings:
        sums[one.unit] += one.scaled
    assert not any(sums.values())
    assert sum(one.worth for one in entry.postings) == 0


@given(entry=entries(), at=st.integers(0, 5), by=moneys(limit="1000").filter(bool))
def test_a_cent_too_many_anywhere_cannot_be_built(entry: Entry, at: int, by: Money) -> None:
    legs = list(entry.postings)
    one = legs[at % len(legs)]
    legs[at % len(legs)] = Posting(one.account, one.amount + by)  # type: ignore[operator]
    with pytest.raises(Unbalanced) as error:
        Entry(entry.on, legs)
    assert error.value.facts["by"] == by


@given(some=st.lists(entries(limit="1000"), min_size=1, max_size=6), data=st.data())
@settings(max_examples=40)
def test_the_order_of_independent_entries_changes_no_balance(some: list[Entry], data: st.DataObject) -> None:
    other = data.draw(st.permutations(some))
    assert balances(posted(some)) == balances(posted(other))


@given(some=st.lists(entries(limit="1000"), min_size=1, max_size=5))
@settings(max_examples=40)
def test_reversing_restores_every_balance(some: list[Entry]) -> None:
    acme = posted(some[:-1]) if some[1:] else Company.create("acme", currency="EUR")
    before = balances(acme)
    done = acme.apply(acme.finance.post(some[-1])).value
    acme.apply(acme.finance.reverse(done.id, on=done.on))
    assert balances(acme) == before


@given(some=st.lists(entries(limit="1000"), min_size=1, max_size=6), cut=days())
@settings(max_examples=40)
def test_a_balance_at_a_day_is_what_was_posted_until_then(some: list[Entry], cut: date) -> None:
    """Kept totals of whole periods and the postings of the part period say together what one sum over all says."""
    acme = posted(some)
    upto = PostingQuery(book="journal", span=Span(None, cut))
    found = {row.key[0]: row.amount for row in acme.view().totals(upto, by=("account",))}
    expected: Counter[str] = Counter()
    for entry in some:
        for one in entry.postings:
            if entry.on < cut:
                expected[one.account] += one.scaled
    assert {key: value for key, value in found.items() if value} == {key: n for key, n in expected.items() if n}


SIZE = st.integers(1, 10**9)


@given(amount=SIZE, value=st.integers(-(10**9), 10**9), data=st.data())
def test_all_of_the_value_leaves_in_whatever_parts(amount: int, value: int, data: st.DataObject) -> None:
    """Nothing stays with the last of the amount, and what stays meanwhile never changes its side."""
    whole, left = 0, (amount, value)
    while left[0]:
        taking = data.draw(st.integers(1, left[0])) if whole < 8 else left[0]
        share = release_int(left[0], left[1], taking)
        left = (left[0] - taking, left[1] - share)
        whole += 1
        assert left[1] * value >= 0
        assert abs(left[1]) <= abs(value)
    assert left == (0, 0)


@given(amount=SIZE, value=st.integers(-(10**9), 10**9), data=st.data())
def test_a_share_is_within_half_a_cent_and_mirrors(amount: int, value: int, data: st.DataObject) -> None:
    taking = data.draw(st.integers(1, amount))
    share = release_int(amount, value, taking)
    assert abs(share - Fraction(value * taking, amount)) <= Fraction(1, 2)
    assert release_int(-amount, -value, -taking) == -share
    assert release_int(amount, -value, taking) == -share


@given(
    some=lots(),
    taking=moneys(limit="50000", least="0.01"),
    order=st.sampled_from([one for one in Order if one is not Order.NAMED]),
)
def test_an_order_changes_who_gives_but_not_how_much(some: list[Lot], taking: Money, order: Order) -> None:
    found = match(some, taking, order=order)
    given_ = sum(one.amount.minor for one in some if isinstance(one.amount, Money))
    assert sum(one.amount.minor for one in found.uses if isinstance(one.amount, Money)) == min(taking.minor, given_)
    assert len({one.lot for one in found.uses}) == len(found.uses)
    held = {one.id: one for one in some}
    partial = [one for one in found.uses if one.amount != held[one.lot].amount]
    assert partial == [] or partial == [found.uses[-1]]
