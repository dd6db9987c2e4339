"""Strategies for the values of the kernel: money, quantities, dates, periods, rates, parties."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from hypothesis import strategies as st

from bizcore.kernel.calendars import calendar
from bizcore.kernel.currencies import digits
from bizcore.kernel.exact import Exact
from bizcore.kernel.money import Money
from bizcore.kernel.parties import Party
from bizcore.kernel.periods import Period
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.rates import Rate
from bizcore.kernel.spans import Span

START: Final = date(2024, 1, 1)
END: Final = date(2027, 12, 31)


def moneys(
    *, currencies: Sequence[str] = ("EUR",), limit: str = "1000000", least: str | None = None
) -> st.SearchStrategy[Money]:
    """Amounts between `least` (minus the limit when left out) and `limit`; the simplest is 1.00."""

    def of(currency: str) -> st.SearchStrategy[Money]:
        top = Money(limit, currency).minor
        bottom = -top if least is None else Money(least, currency).minor
        one = min(max(10 ** digits(currency), bottom), top)
        return st.integers(bottom - one, top - one).map(lambda minor: Money.of_minor(minor + one, currency))

    return st.sampled_from(list(currencies)).flatmap(of)


def exacts(*, currencies: Sequence[str] = ("EUR",), limit: int = 1_000_000) -> st.SearchStrategy[Exact]:
    """Unrounded amounts, thirds too, of at most the limit either way; the simplest is 1."""
    whole = st.integers(-limit, limit - 1).map(lambda n: Fraction(n + 1))
    parts = st.fractions(-limit, limit, max_denominator=1_000)
    return st.builds(Exact, whole | parts, st.sampled_from(list(currencies)))


def quantities(
    *, units: Sequence[str] = ("piece",), limit: int = 1_000, places: int = 0
) -> st.SearchStrategy[Quantity]:
    """Positive quantities of at most so many decimal places; the simplest is 1."""
    step = 10 ** (Quantity.PLACES - places)
    scaled = st.integers(0, limit * 10**places - 1).map(lambda n: (n + 10**places) * step)
    kept = scaled.filter(lambda n: 0 < n <= limit * Quantity.SCALE)
    return st.builds(Quantity.of_scaled, kept, st.sampled_from(list(units)))


def days(*, start: date = START, end: date = END) -> st.SearchStrategy[date]:
    """Business dates, both ends included; the ends of months more often than other days."""
    return st.dates(start, end) | st.dates(start, end).map(lambda on: min(_month_end(on), end))


def _month_end(on: date) -> date:
    return (on.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def periods() -> st.SearchStrategy[Period]:
    """Years, quarters and months of the calendar year; the simplest is the first month."""
    of = calendar("calendar-year")
    names = st.builds(_named, days(), st.sampled_from(["month", "quarter", "year"]))
    return names.map(of.period)


def _named(on: date, kind: str) -> str:
    if kind == "year":
        return str(on.year)
    return f"{on.year}-Q{(on.month + 2) // 3}" if kind == "quarter" else f"{on.year}-{on.month:02d}"


def spans() -> st.SearchStrategy[Span]:
    """Dates from one to another, either end open or not."""
    some = st.builds(lambda start, length: Span(start, start + timedelta(days=length)), days(), st.integers(1, 400))
    return (
        some | days().map(lambda on: Span(on, None)) | days().map(lambda on: Span(None, on)) | st.just(Span(None, None))
    )


def rates(*, base: str = "USD", quote: str = "EUR") -> st.SearchStrategy[Rate]:
    """Quoted rates between 0.0001 and 10, of four places; the simplest is 1."""
    return st.builds(lambda on, points: Rate(base, quote, on, Fraction(points, 10_000)), days(), _points())


def _points() -> st.SearchStrategy[int]:
    return st.integers(0, 90_000).map(lambda n: n + 10_000) | st.integers(1, 10_000)


def parties() -> st.SearchStrategy[Party]:
    """Organisations with an id and a name."""
    return st.builds(Party, id=names(), name=st.sampled_from(["Beta Ltd", "Gamma AG", "三和"]))


def names() -> st.SearchStrategy[str]:
    """Ids as people give them."""
    return st.sampled_from(["beta", "gamma", "delta", "B-1"])
