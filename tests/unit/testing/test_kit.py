"""What the kit gives is valid, bounded, and shrinks to something one can read."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from bizcore.book.entry import Entry
from bizcore.book.lots import Lot, Order, match
from bizcore.change.reading import PostingQuery
from bizcore.company import Company
from bizcore.finance.documents import Invoice
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.testing.sound import sound
from bizcore.testing.stories import DOMAINS, Told, stories
from bizcore.testing.strategies import entries, invoices, lots, moneys, quantities


@given(moneys(currencies=("EUR", "JPY"), limit="500"))
def test_amounts_keep_to_their_bounds(money: Money) -> None:
    assert abs(money.amount) <= 500


@given(quantities(limit=9, places=2))
def test_quantities_keep_to_their_bounds(quantity: Quantity) -> None:
    assert 0 < quantity.amount <= 9


def test_the_simplest_values_are_one() -> None:
    assert find(moneys(), lambda _: True) == Money("1.00", "EUR")
    simple = find(entries(), lambda _: True)
    assert [str(one.amount) for one in simple.postings] == ["1.00 EUR", "-1.00 EUR"]
    assert find(invoices(), lambda _: True).lines[0].extended == 1


@given(entries())
def test_entries_balance_and_can_be_posted(entry: Entry) -> None:
    acme = Company.create("acme", currency="EUR")
    assert acme.apply(acme.finance.post(entry)).value.value == entry.value


@given(invoices(currencies=("EUR", "JPY")))
def test_invoices_add_up(invoice: Invoice) -> None:
    assert invoice.net + invoice.tax == invoice.gross


@given(lots(), moneys(limit="50000", least="0.01"), st.sampled_from([Order.OLDEST, Order.NEWEST, Order.DUE]))
def test_a_match_takes_all_or_leaves_the_rest_and_loses_no_value(some: list[Lot], taking: Money, order: Order) -> None:
    found = match(some, taking, order=order)
    taken = Money.sum((use.amount for use in found.uses if isinstance(use.amount, Money)), "EUR")
    assert taken + found.rest == taking  # type: ignore[operator]
    held = {lot.id: lot for lot in some}
    for use in found.uses:
        lot = held[use.lot]
        assert use.amount <= lot.amount  # type: ignore[operator]
        if use.amount == lot.amount:
            assert use.value == lot.value


@pytest.mark.parametrize("wrong", [False, True])
def test_a_story_is_taken_but_for_what_is_marked(wrong: bool) -> None:
    @given(stories(domains=DOMAINS, acts=12, wrong=wrong))
    @settings(max_examples=20, suppress_health_check=list(HealthCheck))
    def played(told: Told) -> None:
        acme = Company.create("acme", currency="EUR", actor="ann")
        for act, key, marked in told.acts:
            again = acme.act(act.to_json())
            assert again == act
            if marked:
                head = acme.head
                with pytest.raises(BizcoreError):
                    acme.apply(again, key=key)
                assert acme.head == head
            else:
                acme.apply(again, key=key)
        sound(acme)

    played()


@given(stories(domains=DOMAINS, acts=15, wrong=True))
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_a_story_leaves_the_same_on_every_store_and_in_a_fork(told: Told) -> None:
    """All domains, refusals too: memory, SQLite in one batch, and a fork that is applied at the end."""
    taken = [(act, key) for act, key, marked in told.acts if not marked]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/books.db"
        with (
            Company.create("acme", currency="EUR", actor="ann") as memory,
            Company.create("acme", currency="EUR", store=url, actor="ann") as kept,
        ):
            for act, key, marked in told.acts:
                with pytest.raises(BizcoreError) if marked else nullcontext():
                    memory.apply(act, key=key)
            kept.apply_each(taken)
            assert kept.state_hash() == memory.state_hash()
            sound(kept)
            fork = kept.as_known(0).fork()
            for act, key in taken:
                fork.apply(act, key=key)
            balances = PostingQuery(book="journal")
            assert list(fork.view().totals(balances, by=("account",))) == list(
                kept.view().totals(balances, by=("account",))
            )
