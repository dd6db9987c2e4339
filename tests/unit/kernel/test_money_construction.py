"""Money takes a Decimal in minor units a shorter way; the answer is the one the strict parser gives."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bizcore.kernel.errors import Invalid
from bizcore.kernel.money import Money

PLACES = {"JPY": 0, "EUR": 2, "KWD": 3}


@given(st.integers(-(10**40), 10**40), st.integers(-22, 22), st.sampled_from(sorted(PLACES)))
@example(0, -2, "EUR")
@example(10**29, -2, "EUR")
@example(10**38, 0, "JPY")
@example(10**37, -2, "EUR")
def test_a_decimal_is_read_exactly_or_refused(coefficient: int, exponent: int, currency: str) -> None:
    sign, figures, _ = Decimal(coefficient).as_tuple()
    amount = Decimal((sign, figures, exponent))
    minor = Fraction(coefficient) * Fraction(10) ** (exponent + PLACES[currency])
    if len(figures) + max(exponent, 0) > 38 or abs(exponent) > 20 or minor.denominator != 1:
        with pytest.raises(Invalid):
            Money(amount, currency)
    else:
        assert Money(amount, currency).minor == minor


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Money(Decimal(text), "EUR")


def test_minus_zero_is_zero() -> None:
    assert str(Money(Decimal("-0.00"), "EUR")) == "0.00 EUR"


def test_the_precision_of_the_host_changes_nothing() -> None:
    with localcontext() as host:
        host.prec = 3
        assert Money(Decimal("123456789.12"), "EUR").minor == 12_345_678_912


@pytest.mark.parametrize("code", ["EURO", "eur", "XAU", "", 5, None, ["EUR"]])
def test_an_unknown_currency_is_refused_however_the_amount_is_given(code: object) -> None:
    for amount in (Decimal("1.00"), "1", 1):
        with pytest.raises(Invalid):
            Money(amount, code)  # type: ignore[arg-type]
