"""Which rate is found, and which never is."""

from __future__ import annotations

from fractions import Fraction

import pytest

from bizcore.kernel.exact import Exact
from bizcore.kernel.money import Money
from bizcore.kernel.rates import BadRate, Rate, RateBook, RateKind, RateMissing

BOOK = RateBook([
    Rate("EUR", "USD", "2026-01-01", "1.25"),
    Rate("USD", "EUR", "2026-03-05", "0.5"),
    Rate("EUR", "CNY", "2026-03-05", "8"),
    Rate("EUR", "USD", "2026-03-31", "1.20", RateKind.CLOSING),
])  # fmt: skip


def test_the_newest_quote_counts_whichever_way_round_it_was_quoted() -> None:
    assert BOOK.rate("EUR", "USD", "2026-03-04", on_or_before=True) == Fraction(5, 4)
    assert BOOK.rate("EUR", "USD", "2026-03-05", on_or_before=True) == 2
    assert BOOK.rate("USD", "EUR", "2026-06-30", on_or_before=True) == Fraction(1, 2)


def test_there_and_back_is_exactly_the_same() -> None:
    there = BOOK.convert(Money("100.01", "EUR"), "USD", "2026-03-05")
    assert BOOK.convert(there, "EUR", "2026-03-05") == Exact("100.01", "EUR")


def test_a_cross_rate_is_taken_over_the_currency_named() -> None:
    assert BOOK.convert(Money("16.00", "CNY"), "USD", "2026-03-05", cross="EUR") == Exact(4, "USD")
    for cross in (None, "USD", "CNY", "GBP"):
        with pytest.raises(RateMissing):
            BOOK.rate("CNY", "USD", "2026-03-05", cross=cross)


@pytest.mark.parametrize(
    ("on", "kind"), [("2026-01-02", RateKind.SPOT), ("2026-03-31", RateKind.SPOT), ("2026-01-01", RateKind.AVERAGE)]
)
def test_another_day_or_kind_is_never_taken_unasked(on: str, kind: RateKind) -> None:
    with pytest.raises(RateMissing) as error:
        BOOK.rate("EUR", "USD", on, kind)
    assert (error.value.base, error.value.quote, error.value.kind) == ("EUR", "USD", kind.value)


def test_nothing_before_the_first_quote() -> None:
    with pytest.raises(RateMissing):
        BOOK.rate("EUR", "USD", "2025-12-31", on_or_before=True)


@pytest.mark.parametrize(("base", "quote", "rate"), [("EUR", "USD", 0), ("EUR", "USD", "-1"), ("EUR", "EUR", 1)])
def test_what_is_no_rate_is_refused(base: str, quote: str, rate: object) -> None:
    with pytest.raises(BadRate):
        Rate(base, quote, "2026-03-05", rate)  # type: ignore[arg-type]
