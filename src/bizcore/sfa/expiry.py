"""Expiry: closing quotes whose last day is over, one or all there are. No rule looks at a clock: the day is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import ClassVar, Final

from attrs import field, frozen

from bizcore.change.changes import Changes
from bizcore.change.reads import FIND_MAX
from bizcore.change.view import View
from bizcore.flow.document import Document, Indexes
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Refused
from bizcore.kernel.table import Column, Table
from bizcore.sfa.quotes import Quote, day_told

RUN_MAX: Final = 1_000
"""The most quotes that one run closes; `more` says that there are others for the next."""


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
    """A run that closed what was over: the day it looked from, the quotes it closed, and whether there are more for the next."""

    kind = "quote_expiry"
    by_verb: ClassVar[bool] = True
    indexes: ClassVar[Indexes] = {"on": lambda one: [(one.on.isoformat(),)]}

    on: date = field(converter=day)
    quotes: tuple[str, ...] = field(default=(), converter=_names)
    more: bool = False


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
    over = _over(view, told, most=RUN_MAX + 1)
    closed = [one.to("expire") for one in over[:RUN_MAX]]
    run = view.mint(QuoteExpiry(on=told, quotes=[one.id for one in closed], more=len(over) > RUN_MAX))
    return Changes(run, documents=closed)


def lapsed(view: View, *, on: Day) -> Table:
    """The quotes that are out, unanswered and over on a day, longest over first; at most 10,000."""
    columns = [Column(name) for name in ("quote", "number", "customer", "valid_until")]
    rows = [[one.id, one.number, one.customer, one.valid_until, one.net] for one in _over(view, day(on), most=FIND_MAX)]
    return Table([*columns, Column("net", kind="money")], rows, title="quotes that are over")


def _over(view: View, on: date, *, most: int) -> tuple[Quote, ...]:
    return view.until(Quote, "until", upto=on - timedelta(days=1), most=most)
