"""Dates are dates, instants are aware: what passes for either and is not is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from bizcore.kernel.errors import Invalid, shown

Day = date | str
"""What a signature takes as a business date."""

FIRST: Final = date(1900, 1, 1)
LAST: Final = date(9997, 12, 31)
"""The business dates there are: the fiscal year around each of them, the day after it and the months after that still exist,
so that no report or lock has to ask whether the calendar ends."""

_DAY_LENGTH: Final = 10


class NotADate(Invalid):
    """Not a business date: a datetime compares unequal to the date it seems to be."""

    code = "not_a_date"

    def __init__(self, *, value: object, why: str) -> None:
        super().__init__(f"{shown(value)} is not a date: {why}", value=shown(value), why=why)


class NaiveInstant(Invalid):
    """An instant without a zone, or not an instant."""

    code = "naive_instant"

    def __init__(self, *, value: object) -> None:
        super().__init__(f"{shown(value)} is not an instant: give an aware datetime", value=shown(value))


def day(value: object) -> date:
    """Read a business date: `date`, or ISO text `YYYY-MM-DD`, from 1900-01-01 to 9997-12-31.

    Earlier dates are slips of the pen (`0206-03-05`); after the last one a fiscal year would not end within the calendar.
    Raises: NotADate, naming `.date()` for a datetime.

    >>> day("2026-03-05")
    datetime.date(2026, 3, 5)
    """
    found = bound(value)
    if not FIRST <= found <= LAST:
        raise NotADate(value=value, why=f"business dates are {FIRST.isoformat()} to {LAST.isoformat()}")
    return found


def days_after(on: date, count: int) -> date:
    """The business date some days after another. Raises: NotADate (beyond the last one).

    >>> days_after(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 1)
    """
    try:
        return day(on + timedelta(days=count))
    except OverflowError:
        raise NotADate(value=on, why=f"there is no business date {count} days after it") from None


def bound(value: object) -> date:
    """Read the bound of a span or a period, which may lie outside the business dates: the day after the last one is one.

    Raises: NotADate.
    """
    if type(value) is date:
        return value
    if isinstance(value, datetime):
        raise NotADate(value=value, why="it is a point in time; take .date() of it in the company's zone")
    if isinstance(value, date):  # a subclass, such as the one of a test that has frozen the clock
        return date(value.year, value.month, value.day)
    if type(value) is str and len(value) == _DAY_LENGTH and value.isascii() and value[4] == "-" == value[7]:
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise NotADate(value=value, why="no such day") from None
    raise NotADate(value=value, why="expected a date or text YYYY-MM-DD")


def optional_bound(value: Day | None) -> date | None:
    """A bound, or none where the span is open. Raises: NotADate."""
    return None if value is None else bound(value)


def optional_day(value: Day | None) -> date | None:
    """A day, or none where the field may be empty. Raises: NotADate.

    >>> optional_day("2026-03-05"), optional_day(None)
    (datetime.date(2026, 3, 5), None)
    """
    return None if value is None else day(value)


def instant(value: object) -> datetime:
    """Read an aware instant, also from ISO text, as UTC. Raises: NaiveInstant.

    >>> instant("2026-03-05T12:00:00+01:00").isoformat()
    '2026-03-05T11:00:00+00:00'
    """
    if isinstance(value, str) and len(value) <= 40:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise NaiveInstant(value=value) from None
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise NaiveInstant(value=value)
    try:
        return value.astimezone(UTC)
    except OverflowError:  # year 1 east of Greenwich lies before the first instant there is
        raise NaiveInstant(value=value) from None


def local_day(at: datetime | str, zone: str) -> date:
    """The business date of an instant where somebody is: one instant has two dates on earth, and a rule must say whose.

    Raises: NaiveInstant, NotADate (outside the business dates).

    >>> local_day("2019-12-31T23:30:00Z", "Europe/Brussels")
    datetime.date(2020, 1, 1)
    """
    from zoneinfo import ZoneInfo  # 4 ms, for those who ask

    found = instant(at)
    try:
        return day(found.astimezone(ZoneInfo(zone)).date())
    except OverflowError:  # the last instant there is, east of Greenwich
        raise NotADate(value=at, why="it lies beyond the last date") from None
