"""A hold is settled once: posted, in part, void, or past its last day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizcore.book.pending import STATES, ExceedsPending, Expired, NotPending, Pending
from bizcore.kernel.money import Money

HELD = Money("123.00", "EUR")


def test_the_last_day_is_still_good_and_the_next_is_not() -> None:
    hold = Pending(amount=HELD, until="2026-03-31")
    assert hold.post(on="2026-03-31").posted == HELD
    assert (hold.state_on("2026-03-31"), hold.state_on("2026-04-01")) == ("pending", "expired")
    with pytest.raises(Expired) as error:
        hold.post(on="2026-04-01")
    assert error.value.facts["until"] == hold.until


def test_a_settled_hold_stays_settled() -> None:
    posted = Pending(amount=HELD).post(on="2026-03-05").pending
    void = Pending(amount=HELD).void().pending
    for one, state in ((posted, "posted"), (void, "void")):
        assert one.state == state
        with pytest.raises(NotPending):
            one.post(on="2026-03-05")
        with pytest.raises(NotPending):
            one.void()
        assert one.state_on("2030-01-01") == state
    assert {state for state, _ in STATES} == {"pending"}


@pytest.mark.parametrize("amount", ["123.01", "-0.01"])
def test_more_than_was_held_or_the_other_way_is_refused(amount: str) -> None:
    with pytest.raises(ExceedsPending):
        Pending(amount=HELD).post(Money(amount, "EUR"), on="2026-03-05")


@given(held=st.integers(-10_000, 10_000), share=st.integers(0, 100))
def test_posted_and_returned_are_what_was_held(held: int, share: int) -> None:
    amount = Money.of_minor(held, "EUR")
    part = Money.of_minor(held * share // 100 if held > 0 else -(-held * share // 100), "EUR")
    settled = Pending(amount=amount).post(part, on="2026-03-05")
    assert settled.posted + settled.returned == amount  # type: ignore[operator]
    assert settled.posted == part
