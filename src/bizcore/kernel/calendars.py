"""Fiscal calendars of months, with any start; retail years of weeks are in `retail`."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

from attrs import field, frozen

from bizcore.kernel.days import Day, bound
from bizcore.kernel.errors import Invalid
from bizcore.kernel.periods import NotAPeriod, Period
from bizcore.kernel.value import Value

_NAMED: Final = {
    "calendar-year": 1, "february-year": 2, "april-year": 4, "july-year": 7, "september-year": 9, "october-year": 10,
}  # fmt: skip
_PERIOD: Final = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(\d{2})))?", re.ASCII)


class UnknownCalendar(Invalid):
    """No fiscal calendar of that name."""

    code = "unknown_calendar"

    def __init__(self, *, name: object) -> None:
        known = (*_NAMED, "month-start:MM")
        super().__init__(
            f"no calendar {str(name)[:40]!r}; known are {', '.join(known)}", name=str(name)[:40], known=known
        )


def _month(value: object) -> int:
    if type(value) is not int or not 1 <= value <= 12:
        raise UnknownCalendar(name=value)
    return value


@frozen
class FiscalCalendar(Value):
    """Years of twelve months that start in any month, named after the year they end in.

    `2026` is the fiscal year, `2026-Q2` its second quarter, `2026-06` the sixth *fiscal* period when the year does not start in
    January, and June when it does.

    >>> FiscalCalendar("april-year", 4).period("2026-Q1")
    Period(start=datetime.date(2025, 4, 1), end=datetime.date(2025, 7, 1), name='2026-Q1')
    """

    name: str
    first_month: int = field(default=1, converter=_month)

    def period(self, value: Period | str) -> Period:
        """Read a period; one that is a `Period` passes. Raises: NotAPeriod."""
        if isinstance(value, Period):
            return value
        found = _PERIOD.fullmatch(value[:11]) if type(value) is str else None
        if found is None:
            raise NotAPeriod(value=value)
        year, quarter, month = int(found[1]), found[2], found[3]
        if not 2 <= year <= 9998 or (month and not 1 <= int(month) <= 12):
            raise NotAPeriod(value=value)
        if quarter:
            return self._span(year, 3 * int(quarter) - 3, 3, value)
        if month:
            return self._span(year, int(month) - 1, 1, value)
        return self._span(year, 0, 12, value)

    def year(self, on: Day) -> Period:
        """The fiscal year a date lies in."""
        return self.period(f"{self._year_of(bound(on)):04d}")

    def quarter(self, on: Day) -> Period:
        """The fiscal quarter a date lies in."""
        one = bound(on)
        return self.period(f"{self._year_of(one):04d}-Q{self._index(one) // 3 + 1}")

    def month(self, on: Day) -> Period:
        """The fiscal month a date lies in."""
        one = bound(on)
        return self.period(f"{self._year_of(one):04d}-{self._index(one) + 1:02d}")

    def periods(self, year: Period | str) -> tuple[Period, ...]:
        """The twelve months of a year."""
        name = self.year(self.period(year).start).name
        return tuple(self.period(f"{name}-{one:02d}") for one in range(1, 13))

    def following(self, period: Period) -> Period:
        """The period of the same length after one. Raises: NotAPeriod."""
        return self._alike(period, _checked(period).end)

    def previous(self, period: Period) -> Period:
        """The period of the same length before one. Raises: NotAPeriod."""
        return self._alike(period, _checked(period).start - timedelta(days=1))

    def _alike(self, period: Period, on: date) -> Period:
        if "Q" in period.name:
            return self.quarter(on)
        return self.month(on) if "-" in period.name else self.year(on)

    def _index(self, on: date) -> int:
        return (on.month - self.first_month) % 12

    def _year_of(self, on: date) -> int:
        return on.year + (1 if self.first_month > 1 and on.month >= self.first_month else 0)

    def _span(self, year: int, first: int, months: int, name: str) -> Period:
        begin = (year - (1 if self.first_month > 1 else 0)) * 12 + self.first_month - 1 + first
        return Period(_first_of(begin), _first_of(begin + months), name)


def _checked(period: Period) -> Period:
    if not isinstance(period, Period):
        raise NotAPeriod(value=period)
    return period


def _first_of(months: int) -> date:
    return date(months // 12, months % 12 + 1, 1)


def calendar(name: str) -> FiscalCalendar:
    """A calendar by name: `calendar-year`, `april-year`, ..., or `month-start:04`. Raises: UnknownCalendar.

    >>> calendar("month-start:10").first_month
    10
    """
    if type(name) is not str:
        raise UnknownCalendar(name=name)
    if name in _NAMED:
        return FiscalCalendar(name, _NAMED[name])
    prefix, _, month = name.partition("month-start:")
    if not prefix and month.isascii() and month.isdigit() and len(month) == 2:
        return FiscalCalendar(name, int(month))
    raise UnknownCalendar(name=name)
