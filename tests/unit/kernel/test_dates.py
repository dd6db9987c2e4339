"""Days, spans, periods, calendars and recurrence at their edges."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

import pytest

from bizcore.kernel.calendars import FiscalCalendar, UnknownCalendar, calendar
from bizcore.kernel.days import FIRST, LAST, NaiveInstant, NotADate, day, instant
from bizcore.kernel.periods import NotAPeriod, Period
from bizcore.kernel.recurrence import monthly, plus_months
from bizcore.kernel.retail import Anchor, BadRetailCalendar, RetailCalendar
from bizcore.kernel.spans import EmptySpan, Span


class FrozenClockDate(date):
    """What the tools that freeze a clock put in the place of date."""


class NoOffset(tzinfo):
    def utcoffset(self, when: datetime | None) -> None: ...


def test_the_date_of_a_frozen_clock_is_a_date() -> None:
    read = day(FrozenClockDate(2026, 3, 5))
    assert read == date(2026, 3, 5)
    assert type(read) is date


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-05T12:00:00",
        "yesterday",
        "0001-01-01T00:00:00+14:00",  # in UTC it lies before year 1
        "9999-12-31T23:00:00-12:00",
        datetime(2026, 3, 5, tzinfo=NoOffset()),
        date(2026, 3, 5),
        None,
    ],
)
def test_what_is_no_aware_instant_is_refused(value: object) -> None:
    with pytest.raises(NaiveInstant):
        instant(value)


def test_an_instant_is_told_in_utc() -> None:
    told = instant(datetime(2026, 3, 5, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))))
    assert (told, told.tzinfo) == (datetime(2026, 3, 4, 19, 15, tzinfo=UTC), UTC)


def test_an_empty_span_shares_no_date_with_any() -> None:
    empty = Span("2026-01-05", "2026-01-05")
    year = Span("2026-01-01", "2027-01-01")
    assert not empty.overlaps(year)
    assert not year.overlaps(empty)
    assert not empty.overlaps(empty)
    assert empty.days == 0


def test_neighbours_do_not_overlap_and_open_spans_do() -> None:
    assert not Span("2026-01-01", "2026-02-01").overlaps(Span("2026-02-01", None))
    assert Span(None, "2026-02-02").overlaps(Span("2026-02-01", None))
    assert Span(None, None).overlaps(Span(None, None))


def test_a_span_does_not_end_before_it_starts() -> None:
    with pytest.raises(EmptySpan) as error:
        Span("2026-02-01", "2026-01-01")
    assert (error.value.start, error.value.end) == (date(2026, 2, 1), date(2026, 1, 1))


@pytest.mark.parametrize(
    ("name", "text", "start", "end"),
    [
        ("calendar-year", "2026", "2026-01-01", "2027-01-01"),
        ("calendar-year", "2026-Q2", "2026-04-01", "2026-07-01"),
        ("calendar-year", "2026-12", "2026-12-01", "2027-01-01"),
        ("april-year", "2026", "2025-04-01", "2026-04-01"),
        ("april-year", "2026-Q4", "2026-01-01", "2026-04-01"),
        ("april-year", "2026-10", "2026-01-01", "2026-02-01"),
        ("month-start:10", "2026-01", "2025-10-01", "2025-11-01"),
    ],
)
def test_periods_are_read_by_the_calendar(name: str, text: str, start: str, end: str) -> None:
    assert calendar(name).period(text) == Period(start, end, text)


@pytest.mark.parametrize(
    "text", ["26", "2026-Q5", "2026-13", "2026-00", "2026-1", "2026-Q2 ", "２０２６", "", None, 2026, "9999"]
)
def test_what_is_no_period_is_refused(text: object) -> None:
    with pytest.raises(NotAPeriod):
        FiscalCalendar("calendar-year").period(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["", "march", "month-start:13", "month-start:00", "month-start:4", "xmonth-start:04", [], None]
)
def test_what_is_no_calendar_is_refused(name: object) -> None:
    with pytest.raises(UnknownCalendar):
        calendar(name)  # type: ignore[arg-type]


def test_a_period_has_at_least_a_day() -> None:
    with pytest.raises(NotAPeriod):
        Period("2026-06-01", "2026-06-01", "none")


def test_recurrence_is_counted_from_its_anchor() -> None:
    assert [one.day for one in monthly("2024-01-31", 4)] == [31, 29, 31, 30]
    assert plus_months("2024-02-29", 12) == date(2025, 2, 28)
    assert plus_months("2026-03-31", -1) == date(2026, 2, 28)
    assert monthly("2026-01-15", 3, every=3)[-1] == date(2026, 7, 15)


@pytest.mark.parametrize("on", ["1899-12-31", "0206-03-05", "9998-01-01", "9999-12-31", date.max, date.min])
def test_a_business_date_leaves_room_for_the_year_around_it(on: date | str) -> None:
    with pytest.raises(NotADate) as refused:
        day(on)
    assert "1900-01-01" in str(refused.value)


@pytest.mark.parametrize("name", ["calendar-year", "february-year", "april-year", "month-start:12"])
@pytest.mark.parametrize("on", [FIRST, LAST])
def test_the_first_and_the_last_business_date_have_a_year_and_a_month(name: str, on: date) -> None:
    fiscal = calendar(name)
    assert day(on) == on
    assert fiscal.year(on).contains(on)
    assert fiscal.month(on).contains(on)
    assert len(fiscal.periods(fiscal.year(on))) == 12
    assert fiscal.following(fiscal.year(FIRST)).start == fiscal.year(FIRST).end


@pytest.mark.parametrize(("on", "months"), [("9999-12-31", 1), ("0001-01-01", -1), ("2026-01-01", 10**6)])
def test_a_month_beyond_the_calendar_is_refused(on: str, months: int) -> None:
    with pytest.raises(NotADate):
        plus_months(on, months)


def test_a_retail_year_ends_on_the_nearest_or_the_last_weekday() -> None:
    assert RetailCalendar().end(2024) == date(2025, 2, 1)
    assert RetailCalendar(anchor=Anchor.LAST).end(2024) == date(2025, 1, 25)
    assert RetailCalendar().end(2025) == RetailCalendar(anchor=Anchor.LAST).end(2025) == date(2026, 1, 31)


@pytest.mark.parametrize(
    "facts", [{"pattern": (1, 1, 1)}, {"pattern": (0, 9, 4)}, {"weekday": 7}, {"month": 2, "day_of_month": 29}]
)
def test_what_makes_no_retail_calendar_is_refused(facts: dict[str, object]) -> None:
    with pytest.raises(BadRetailCalendar):
        RetailCalendar(**facts)  # type: ignore[arg-type]
