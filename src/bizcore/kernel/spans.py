"""Spans of dates, half-open: the end is the first day that is not in it."""

from __future__ import annotations

from datetime import date

from attrs import field, frozen

from bizcore.kernel.codec import WrongType
from bizcore.kernel.days import Day, bound, optional_bound
from bizcore.kernel.errors import Invalid
from bizcore.kernel.value import Value


class EmptySpan(Invalid):
    """A span ends before it starts."""

    code = "empty_span"

    def __init__(self, *, start: date, end: date) -> None:
        super().__init__(f"a span from {start} ends before it, at {end}", start=start, end=end)


@frozen
class Span(Value):
    """The dates from `start` up to, and not with, `end`; None is open.

    >>> quarter = Span("2026-01-01", "2026-04-01")
    >>> quarter.contains(date(2026, 3, 31)), quarter.contains(date(2026, 4, 1)), quarter.days
    (True, False, 90)
    """

    start: date | None = field(converter=optional_bound)
    end: date | None = field(converter=optional_bound)

    def __attrs_post_init__(self) -> None:
        """Refuse an end before the start."""
        if self.start is not None and self.end is not None and self.end < self.start:
            raise EmptySpan(start=self.start, end=self.end)

    def contains(self, on: Day) -> bool:
        """Whether a date lies in it."""
        one = bound(on)
        return (self.start is None or self.start <= one) and (self.end is None or one < self.end)

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a date; an empty span shares none. Raises: WrongType."""
        shared = self.intersect(other)
        return shared.start is None or shared.end is None or shared.start < shared.end

    def intersect(self, other: Span) -> Span:
        """The dates that are in both; of two that share none, an empty span. Raises: WrongType."""
        if not isinstance(other, Span):
            raise WrongType(value=other, expected="a Span")
        starts = [one for one in (self.start, other.start) if one is not None]
        ends = [one for one in (self.end, other.end) if one is not None]
        start, end = max(starts, default=None), min(ends, default=None)
        if start is not None and end is not None and end < start:
            end = start
        return Span(start, end)

    @property
    def days(self) -> int | None:
        """How many dates it has; None when it is open."""
        return None if self.start is None or self.end is None else (self.end - self.start).days
