"""Retail calendars: fiscal years of 52 or 53 whole weeks."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from enum import Enum
from typing import Final

from attrs import frozen

from bizcore.kernel.errors import Invalid
from bizcore.kernel.periods import Period
from bizcore.kernel.value import Value

WEEKS_OF_A_QUARTER: Final = 13
_COMMON_YEAR: Final = 2001


class Anchor(Enum):
    """Which of the weekdays around the anchor day ends the year."""

    NEAREST = "nearest"
    LAST = "last"
    """The last one not after it."""


class BadRetailCalendar(Invalid):
    """The weeks of a quarter, or the day a year ends at, do not make a calendar."""

    code = "bad_retail_calendar"

    def __init__(self, *, why: str) -> None:
        super().__init__(f"no retail calendar: {why}", why=why)


@frozen
class RetailCalendar(Value):
    """Fiscal years of whole weeks: 52, or 53 when the anchor asks for it; quarters of 4-5-4 weeks, or another pattern.

    A year ends on the `weekday` (Monday is 0) nearest to a day of the year, or the last one up to it; by default on the Saturday
    nearest to 31 January. It is named after the calendar year before the one its anchor day lies in. The extra week belongs to
    the last period.

    Raises: BadRetailCalendar.
    Source: the 4-5-4 calendar of the National Retail Federation: 53 weeks in 2000, 2006, 2012, 2017, 2023.

    >>> retail = RetailCalendar()
    >>> [year for year in range(2000, 2026) if retail.weeks(year) == 53]
    [2000, 2006, 2012, 2017, 2023]
    """

    weekday: int = 5
    month: int = 1
    day_of_month: int = 31
    pattern: tuple[int, int, int] = (4, 5, 4)
    anchor: Anchor = Anchor.NEAREST

    def __attrs_post_init__(self) -> None:
        """Refuse quarters that are not 13 weeks, and days that not every year has."""
        if sum(self.pattern) != WEEKS_OF_A_QUARTER or min(self.pattern) < 1:
            raise BadRetailCalendar(why=f"a quarter is three periods of {WEEKS_OF_A_QUARTER} weeks, not {self.pattern}")
        if not 0 <= self.weekday <= 6:
            raise BadRetailCalendar(why=f"weekday {self.weekday}; Monday is 0, Sunday 6")
        if not 1 <= self.month <= 12 or not 1 <= self.day_of_month <= monthrange(_COMMON_YEAR, self.month)[1]:
            raise BadRetailCalendar(why=f"not every year has a day {self.day_of_month} in month {self.month}")

    def end(self, year: int) -> date:
        """The last day of a fiscal year."""
        anchor = date(year + 1, self.month, self.day_of_month)
        ahead = (self.weekday - anchor.weekday()) % 7
        stays = ahead == 0 or (ahead <= 3 and self.anchor is Anchor.NEAREST)
        return anchor + timedelta(days=ahead if stays else ahead - 7)

    def year(self, year: int) -> Period:
        """A fiscal year."""
        return Period(self.end(year - 1) + timedelta(days=1), self.end(year) + timedelta(days=1), f"{year:04d}")

    def weeks(self, year: int) -> int:
        """How many weeks a fiscal year has."""
        return (self.end(year) - self.end(year - 1)).days // 7

    def periods(self, year: int) -> tuple[Period, ...]:
        """The twelve periods of a year, by the pattern; the last takes the extra week."""
        lengths = list(self.pattern * 4)
        lengths[-1] += self.weeks(year) - sum(lengths)
        start = self.end(year - 1) + timedelta(days=1)
        found = []
        for number, weeks in enumerate(lengths, 1):
            end = start + timedelta(weeks=weeks)
            found.append(Period(start, end, f"{year:04d}-{number:02d}"))
            start = end
        return tuple(found)

    def quarters(self, year: int) -> tuple[Period, ...]:
        """The four quarters of a year: three periods each, whatever their weeks."""
        months = self.periods(year)
        return tuple(Period(months[3 * at].start, months[3 * at + 2].end, f"{year:04d}-Q{at + 1}") for at in range(4))
