"""Numeric cases of the kernel from independent sources; each names its id and source."""

from __future__ import annotations

from fractions import Fraction

import pytest

from bizcore.book.entry import Entry, Unbalanced, credit, debit
from bizcore.book.pending import ExceedsPending, NotPending, Pending
from bizcore.kernel.exact import Exact, InvalidAmount, number, plain_number
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity, convert
from bizcore.kernel.retail import RetailCalendar
from bizcore.kernel.rounding import Allocation, Rounding, allocate, divide

WAITING = {"REL-HASH-05": "a second version of the chain's form"}


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Rounding.HALF_EVEN, [2, 2, -2, -2]),
        (Rounding.HALF_AWAY, [2, 3, -2, -3]),
        (Rounding.HALF_TOWARD_ZERO, [1, 2, -1, -2]),
        (Rounding.HALF_TOWARD_POSITIVE, [2, 3, -1, -2]),
        (Rounding.HALF_TOWARD_NEGATIVE, [1, 2, -2, -3]),
    ],
)
def test_fin_001_exact_halves(mode: Rounding, expected: list[int]) -> None:
    """dinerojs/dinero.js, divide tests."""
    assert [divide(above, 2, mode) for above in (3, 5, -3, -5)] == expected


@pytest.mark.parametrize(
    ("portions", "first", "remainder"),
    [(["4/5", "2/25", "3/25"], (13, 1, 1), (12, 1, 2)), (["1/2", "1/2", "0"], (8, 7, 0), (8, 7, 0))],
)
def test_fin_004_who_gets_the_leftover(portions: list[str], first: tuple[int, ...], remainder: tuple[int, ...]) -> None:
    """formancehq/ledger, allotment_test.go; the largest remainder column is derived."""
    weights = [Fraction(one) for one in portions]
    assert allocate(15, weights, rule=Allocation.FIRST) == first
    assert allocate(15, weights) == remainder


def test_fin_005_currency_exchange() -> None:
    """tigerbeetle, recipes/currency-exchange."""
    exact = Exact(Money("100.00", "USD").exact.amount * Fraction("82.42135"), "INR")
    assert plain_number(exact.amount) == "8242.135"
    assert exact.round() == exact.round(Rounding.HALF_EVEN) == Money("8242.14", "INR")
    assert exact.round(Rounding.DOWN) == Money("8242.13", "INR")


def test_fin_008_the_balancing_leg_is_not_rounded_to_the_coarsest_input() -> None:
    """beancount/beancount#828 and #1030."""
    assert Money.sum([Money("2.0", "USD"), Money("4.35", "USD")], "USD") == Money("6.35", "USD")
    entry = Entry(
        "2026-01-01",
        [debit("a", Money("4.8", "EUR")), debit("b", Money("2.97", "EUR")), credit("c", Money("7.77", "EUR"))],
    )
    assert entry.value == Money("7.77", "EUR")
    with pytest.raises(Unbalanced) as error:
        Entry(
            "2026-01-01",
            [debit("a", Money("4.8", "EUR")), debit("b", Money("2.97", "EUR")), credit("c", Money("7.8", "EUR"))],
        )
    assert error.value.facts["by"] == Money("-0.03", "EUR")


def test_fin_088_years_of_53_weeks() -> None:
    """National Retail Federation, 4-5-4 calendar."""
    retail = RetailCalendar()
    assert [year for year in range(2000, 2026) if retail.weeks(year) == 53] == [2000, 2006, 2012, 2017, 2023]
    last = retail.periods(2012)[-1]
    assert str(last.last) == "2013-02-02"
    assert (last.end - last.start).days == 5 * 7
    assert str(retail.end(2023)) == "2024-02-03"


def test_fin_092_two_phase_transfer() -> None:
    """tigerbeetle, two-phase-transfers."""
    held = Pending(amount=Money("1.23", "USD"))
    assert held.post(on="2026-01-01")[1:] == (Money("1.23", "USD"), Money("0.00", "USD"))
    assert held.post(Money("1.00", "USD"), on="2026-01-01")[1:] == (Money("1.00", "USD"), Money("0.23", "USD"))
    with pytest.raises(ExceedsPending):
        held.post(Money("1.24", "USD"), on="2026-01-01")
    assert held.void()[1:] == (Money("0.00", "USD"), Money("1.23", "USD"))
    with pytest.raises(NotPending):
        held.post(on="2026-01-01").pending.post(on="2026-01-02")


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "1_000", "\uff11\uff12\uff13", " 12 ", "1e5"])
def test_rel_num_02_texts_that_decimal_accepts_silently(text: str) -> None:
    """Measured on CPython 3.11."""
    with pytest.raises(InvalidAmount):
        number(text)
    assert plain_number(number("-0")) == "0"


def test_rel_num_06_no_digit_is_lost() -> None:
    """Measured on CPython 3.11: the default context keeps 28."""
    total = Money("12345678901234567890123456789", "EUR") + Money("0.01", "EUR")
    assert str(total) == "12345678901234567890123456789.01 EUR"


def test_sup_001_conversions() -> None:
    """odoo/odoo, addons/uom."""
    mass = {"g": Fraction(1), "t": Fraction(1_000_000)}
    count = {"unit": Fraction(1), "dozen": Fraction(12)}
    assert convert(Quantity("1020000", "g"), "t", factors=mass) == Quantity("1.02", "t")
    assert convert(Quantity(1, "dozen"), "unit", factors=count) == Quantity(12, "unit")
    assert Exact("2", "EUR") * (mass["t"] / mass["g"]) == Exact(2_000_000, "EUR")


def test_sup_003_rounding_of_a_conversion_is_named() -> None:
    """odoo/odoo#286912."""
    factors = {"g": Fraction(1), "kg": Fraction(1000)}
    step = Fraction("0.01")
    assert convert(Quantity(1234, "g"), "kg", factors=factors) == Quantity("1.234", "kg")
    assert convert(Quantity(1234, "g"), "kg", factors=factors, step=step, mode=Rounding.UP) == Quantity("1.24", "kg")
    assert convert(Quantity(1234, "g"), "kg", factors=factors, step=step) == Quantity("1.23", "kg")


def test_sup_005_a_ratio_fixed_by_the_transaction_stays_exact() -> None:
    """frappe/erpnext#42608."""
    for kilograms in (105, 110):
        factors = {"kg": Fraction(5, kilograms), "unit": Fraction(1)}
        assert convert(Quantity(kilograms, "kg"), "unit", factors=factors) == Quantity(5, "unit")
