"""Expiry: closing quotes whose last day is over, one or all there are. No rule looks at a clock: the day is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar, Final

from attrs import field, frozen

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.flow.document import Document, Indexes
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Refused
from bizcore.kernel.table import Column, Table
from bizcore.sfa.quotes import Quote, day_told

RUN_MAX: Final = 1_000
"""The most quotes that one run closes; `left` says how many are still to be closed by the next."""


class StillOpen(Refused):
    """The quote has not expired yet."""

    code = "still_open"

    def __init__(self, *, quote: str, valid_until: date | None) -> None:
        until = "without end" if valid_until is None else f"until {valid_until.isoformat()}"
        super().__init__(f"{quote} is open {until}", quote=quote, valid_until=valid_until)


def _names(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


@frozen(kw_only=True)
class QuoteExpiry(Document):
    """A run that closed what was over: the day it looked from, the quotes it closed, and how many it left to the next run."""

    kind = "quote_expiry"
    by_verb: ClassVar[bool] = True
    indexes: ClassVar[Indexes] = {"on": lambda one: [(one.on.isoformat(),)]}

    on: date = field(converter=day)
    quotes: tuple[str, ...] = field(default=(), converter=_names)
    left: int = 0


def expire(view: View, quote: str, *, on: Day | None = None, at: datetime | None = None) -> Changes[Quote]:
    """Close a quote whose last day is over on a day, or at an instant. Raises: StillOpen, IllegalStep, DayOrInstant."""
    found = view.get(Quote, quote)
    after = found.to("expire")
    if found.is_open_on(day_told(view, on=on, at=at)):
        raise StillOpen(quote=quote, valid_until=found.valid_until)
    return Changes(after)


def expire_all(view: View, *, on: Day | None = None, at: datetime | None = None) -> Changes[QuoteExpiry]:
    """Close every quote whose last day is over on a day, or at an instant: what a job does each night.

    Guarantees: only quotes that are out and unanswered are touched; running it again closes nothing more; those over longest come
    first, at most 1,000 in a run. Raises: DayOrInstant.
    """
    told = day_told(view, on=on, at=at)
    over = _over(view, told)
    closed = [one.to("expire") for one in over[:RUN_MAX]]
    run = view.mint(QuoteExpiry(on=told, quotes=[one.id for one in closed], left=len(over) - len(closed)))
    return Changes(run, documents=[run, *closed])


def lapsed(view: View, *, on: Day) -> Table:
    """The quotes that are out, unanswered and over on a day, longest over first."""
    columns = [Column(name) for name in ("quote", "number", "customer", "valid_until")]
    rows = [[one.id, one.number, one.customer, one.valid_until, one.net] for one in _over(view, day(on))]
    return Table([*columns, Column("net", kind="money")], rows, title="quotes that are over")


def _over(view: View, on: date) -> list[Quote]:
    over = [one for one in view.find(Quote, "state", "sent") if not one.is_open_on(on)]
    return sorted(over, key=lambda one: (one.valid_until or on, one.id))
