"""Month arithmetic and recurring dates, counted from their anchor."""

from __future__ import annotations

from datetime import date

from bizcore.kernel.days import Day, day


def plus_months(on: Day, months: int) -> date:
    """The same day of the month so many months on, clamped to the month's end.

    Counted from the anchor: 31 January and two months is 31 March; one month twice is 28 March.

    >>> plus_months("2026-01-31", 1), plus_months("2026-01-31", 2)
    (datetime.date(2026, 2, 28), datetime.date(2026, 3, 31))
    """
    from dateutil.relativedelta import relativedelta

    return day(on) + relativedelta(months=months)


def monthly(anchor: Day, count: int, *, every: int = 1) -> tuple[date, ...]:
    """The first dates of a monthly recurrence, the anchor among them.

    >>> [one.isoformat() for one in monthly("2026-01-31", 3)]
    ['2026-01-31', '2026-02-28', '2026-03-31']
    """
    return tuple(plus_months(anchor, every * step) for step in range(count))
