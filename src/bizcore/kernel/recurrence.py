"""Month arithmetic and recurring dates, counted from their anchor."""

from __future__ import annotations

from datetime import date

from bizcore.kernel.days import Day, NotADate, day


def plus_months(on: Day, months: int) -> date:
    """The same day of the month so many months on, clamped to the month's end.

    Counted from the anchor: 31 January and two months is 31 March; one month twice is 28 March.
    Raises: NotADate, also where the calendar ends.

    >>> plus_months("2026-01-31", 1), plus_months("2026-01-31", 2)
    (datetime.date(2026, 2, 28), datetime.date(2026, 3, 31))
    """
    from dateutil.relativedelta import relativedelta

    start = day(on)
    try:
        return start + relativedelta(months=months)
    except (ValueError, OverflowError):
        raise NotADate(value=f"{start} and {months} months", why="years are 1 to 9999") from None


def monthly(anchor: Day, count: int, *, every: int = 1) -> tuple[date, ...]:
    """The first dates of a monthly recurrence, the anchor among them.

    >>> [one.isoformat() for one in monthly("2026-01-31", 3)]
    ['2026-01-31', '2026-02-28', '2026-03-31']
    """
    return tuple(plus_months(anchor, every * step) for step in range(count))
