"""Periods: named spans of a fiscal calendar."""

from __future__ import annotations

from datetime import date

from attrs import field, frozen

from bizcore.kernel.days import Day, bound
from bizcore.kernel.errors import Invalid, shown
from bizcore.kernel.spans import Span
from bizcore.kernel.value import Value


class NotAPeriod(Invalid):
    """The text does not name a period of the calendar."""

    code = "not_a_period"

    def __init__(self, *, value: object) -> None:
        super().__init__(f"{shown(value)} is not a period; write 2026, 2026-Q2 or 2026-06", value=shown(value))


@frozen
class Period(Value):
    """The dates from `start` up to, and not with, `end`, under a name.

    >>> Period("2026-06-01", "2026-07-01", "2026-06").last
    datetime.date(2026, 6, 30)
    """

    start: date = field(converter=bound)
    end: date = field(converter=bound)
    name: str = ""

    def __attrs_post_init__(self) -> None:
        """Refuse a period without a day."""
        if self.end <= self.start:
            raise NotAPeriod(value=f"{self.start}..{self.end}")

    @property
    def span(self) -> Span:
        """The dates alone."""
        return Span(self.start, self.end)

    @property
    def last(self) -> date:
        """The last date in it."""
        return date.fromordinal(self.end.toordinal() - 1)

    def contains(self, on: Day) -> bool:
        """Whether a date lies in it."""
        return self.start <= bound(on) < self.end

    def __str__(self) -> str:
        """Its name, or its dates."""
        return self.name or f"{self.start}..{self.last}"
