"""Every date lies in exactly one month, quarter and year of every calendar."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bizcore.kernel.calendars import FiscalCalendar
from bizcore.kernel.recurrence import plus_months
from bizcore.kernel.retail import Anchor, RetailCalendar
from bizcore.kernel.spans import Span

DATES = st.dates(date(1900, 1, 1), date(2100, 12, 31))
CALENDARS = st.integers(1, 12).map(lambda month: FiscalCalendar("any", month))


@given(calendar=CALENDARS, on=DATES)
def test_a_date_lies_in_its_month_its_quarter_and_its_year(calendar: FiscalCalendar, on: date) -> None:
    month, quarter, year = calendar.month(on), calendar.quarter(on), calendar.year(on)
    assert month.contains(on)
    assert quarter.start <= month.start < month.end <= quarter.end
    assert year.start <= quarter.start < quarter.end <= year.end


@given(calendar=CALENDARS, on=DATES)
def test_the_months_of_a_year_join_without_gap(calendar: FiscalCalendar, on: date) -> None:
    year = calendar.year(on)
    months = calendar.periods(year)
    assert (months[0].start, months[-1].end, len(months)) == (year.start, year.end, 12)
    assert all(one.end == other.start for one, other in pairwise(months))


@given(calendar=CALENDARS, on=DATES)
def test_the_one_before_the_following_is_the_one(calendar: FiscalCalendar, on: date) -> None:
    for period in (calendar.month(on), calendar.quarter(on), calendar.year(on)):
        following = calendar.following(period)
        assert following.start == period.end
        assert calendar.previous(following) == period
        assert calendar.period(period.name) == period


@given(
    weekday=st.integers(0, 6),
    anchor=st.sampled_from(Anchor),
    pattern=st.sampled_from([(4, 4, 5), (4, 5, 4), (5, 4, 4)]),
    year=st.integers(1950, 2090),
)
def test_a_retail_year_is_52_or_53_whole_weeks_in_twelve_periods(
    weekday: int, anchor: Anchor, pattern: tuple[int, int, int], year: int
) -> None:
    retail = RetailCalendar(weekday=weekday, anchor=anchor, pattern=pattern)
    periods = retail.periods(year)
    whole = retail.year(year)
    assert retail.weeks(year) in (52, 53)
    assert (periods[0].start, periods[-1].end) == (whole.start, whole.end)
    assert all(one.end == other.start for one, other in pairwise(periods))
    assert [(one.end - one.start).days for one in periods[:3]] == [7 * weeks for weeks in pattern]
    assert whole.last.weekday() == weekday
    assert retail.year(year + 1).start == whole.end


@given(on=DATES, months=st.integers(-600, 600))
def test_months_keep_the_day_or_clamp_to_the_end(on: date, months: int) -> None:
    found = plus_months(on, months)
    assert (found.year * 12 + found.month) - (on.year * 12 + on.month) == months
    assert found.day == on.day or (found.day < on.day and (found + timedelta(days=1)).day == 1)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """Spans in a week, open or closed, also empty ones."""
    start, end = sorted(draw(st.tuples(st.integers(0, 7), st.integers(0, 7))))
    begin = date(2026, 1, 1)
    return Span(
        draw(st.sampled_from([None, begin + timedelta(days=start)])),
        draw(st.sampled_from([None, begin + timedelta(days=end)])),
    )


@given(one=spans(), other=spans())
def test_spans_overlap_exactly_when_a_date_is_in_both(one: Span, other: Span) -> None:
    week = [date(2026, 1, 1) + timedelta(days=at) for at in range(-1, 9)]
    shared = [on for on in week if one.contains(on) and other.contains(on)]
    assert one.overlaps(other) == bool(shared)
    assert [on for on in week if one.intersect(other).contains(on)] == shared
