"""Pending amounts: held first, then posted in whole or in part, void, or expired by a date that is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

from attrs import evolve, field, frozen

from bizcore.book.entry import Amount
from bizcore.kernel.days import Day, day, optional_day
from bizcore.kernel.errors import Refused
from bizcore.kernel.value import Value

STATES: Final[Mapping[tuple[str, str], str]] = {
    ("pending", "post"): "posted",
    ("pending", "void"): "void",
    ("pending", "expire"): "expired",
}
"""The table of a hold: state and verb to the next state."""


class NotPending(Refused):
    """The hold was settled already."""

    code = "not_pending"

    def __init__(self, *, state: str, verb: str) -> None:
        super().__init__(f"a hold that is {state} cannot {verb}; it is settled once", state=state, verb=verb)


class ExceedsPending(Refused):
    """More is posted than was held."""

    code = "exceeds_pending"
    allowed: tuple[str, ...] = ("post less", "void")

    def __init__(self, *, held: Amount, asked: Amount) -> None:
        super().__init__(f"{held} is held, {asked} cannot be posted", held=held, asked=asked)


class Expired(Refused):
    """The hold ended before the date."""

    code = "expired"

    def __init__(self, *, until: date, on: date) -> None:
        super().__init__(f"the hold ended on {until.isoformat()}, before {on.isoformat()}", until=until, on=on)


class Settled(NamedTuple):
    """What became of a pending amount: how it stands now, what was posted, what went back."""

    pending: Pending
    posted: Amount
    returned: Amount


@frozen(kw_only=True)
class Pending(Value):
    """An amount held until it is posted, void, or past its last day.

    Guarantees: posted + returned = held; a hold is settled once. No clock: whether it has expired is asked with a date, and the
    last day itself is still good.
    Source: two-phase transfers (TigerBeetle, docs/coding/two-phase-transfers).

    >>> from bizcore.kernel.money import Money
    >>> hold = Pending(amount=Money("123", "EUR"), until="2026-03-31")
    >>> hold.post(Money("100", "EUR"), on="2026-03-05")[1:]
    (Money('100.00', 'EUR'), Money('23.00', 'EUR'))
    >>> hold.state_on("2026-04-01")
    'expired'
    """

    amount: Amount
    until: date | None = field(default=None, converter=optional_day)
    state: str = "pending"

    def state_on(self, on: Day) -> str:
        """How it stands on a date: one that is past its last day has expired without anybody doing anything."""
        over = self.until is not None and day(on) > self.until
        return _step(self.state, "expire") if over and self.state == "pending" else self.state

    def post(self, amount: Amount | None = None, *, on: Day) -> Settled:
        """Post all of it, or less and return the rest. Raises: NotPending, Expired, ExceedsPending, MixedUnits."""
        after = _step(self.state, "post")
        if self.until is not None and day(on) > self.until:
            raise Expired(until=self.until, on=day(on))
        posted = self.amount if amount is None else amount
        returned: Amount = self.amount - posted  # type: ignore[operator]
        if returned.sign * self.amount.sign < 0 or posted.sign * self.amount.sign < 0:
            raise ExceedsPending(held=self.amount, asked=posted)
        return Settled(evolve(self, state=after), posted, returned)

    def void(self) -> Settled:
        """Let it go. Raises: NotPending."""
        return Settled(evolve(self, state=_step(self.state, "void")), self.amount - self.amount, self.amount)  # type: ignore[operator]


def _step(state: str, verb: str) -> str:
    after = STATES.get((state, verb))
    if after is None:
        raise NotPending(state=state, verb=verb)
    return after
