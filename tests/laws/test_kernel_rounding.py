"""Rounding and sharing out, against definitions formulated apart from the code."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizcore.kernel.money import Money
from bizcore.kernel.rounding import Allocation, Rounding, allocate, divide, quantise

WHOLE = st.integers(-(10**12), 10**12)
POSITIVE = st.integers(1, 10**6)

PEERS = {
    Rounding.HALF_AWAY: ROUND_HALF_UP,
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
    Rounding.HALF_TOWARD_ZERO: ROUND_HALF_DOWN,
    Rounding.UP: ROUND_UP,
    Rounding.DOWN: ROUND_DOWN,
    Rounding.CEILING: ROUND_CEILING,
    Rounding.FLOOR: ROUND_FLOOR,
}


@given(above=WHOLE, below=POSITIVE, mode=st.sampled_from(list(Rounding)))
def test_a_rounded_quotient_is_within_one_step_and_exact_when_it_divides(
    above: int, below: int, mode: Rounding
) -> None:
    exact = Fraction(above, below)
    found = divide(above, below, mode)
    assert abs(found - exact) < 1
    if exact.denominator == 1:
        assert found == exact
    if mode.value.startswith("half"):
        assert abs(found - exact) <= Fraction(1, 2)


@given(above=st.integers(-(10**9), 10**9), places=st.integers(0, 6), mode=st.sampled_from(list(PEERS)))
def test_modes_that_decimal_has_too_agree_with_it(above: int, places: int, mode: Rounding) -> None:
    from decimal import Context, Decimal

    context = Context(prec=60)
    peer = Decimal(above).scaleb(-places, context).quantize(Decimal(1), rounding=PEERS[mode], context=context)
    assert divide(above, 10**places, mode) == int(peer)


@pytest.mark.parametrize(
    ("mode", "up", "down"),
    [
        (Rounding.HALF_TOWARD_POSITIVE, 3, -2),
        (Rounding.HALF_TOWARD_NEGATIVE, 2, -3),
        (Rounding.HALF_ODD, 3, -3),
        (Rounding.HALF_AWAY, 3, -3),
    ],
)
def test_ties_go_where_the_name_says(mode: Rounding, up: int, down: int) -> None:
    assert (divide(5, 2, mode), divide(-5, 2, mode)) == (up, down)


@given(above=WHOLE, below=POSITIVE)
def test_rounding_half_away_is_odd(above: int, below: int) -> None:
    assert divide(-above, below) == -divide(above, below)


@given(value=st.fractions(-1000, 1000, max_denominator=1000), step=st.sampled_from(["0.05", "1", "0.001", "0.25"]))
def test_a_quantised_value_is_a_multiple_of_its_step(value: Fraction, step: str) -> None:
    found = quantise(value, Fraction(step))
    assert (found / Fraction(step)).denominator == 1
    assert abs(found - value) <= Fraction(step) / 2


WEIGHTS = st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any)


@given(total=WHOLE, weights=WEIGHTS, rule=st.sampled_from(list(Allocation)))
def test_parts_sum_to_the_whole_are_odd_and_nothing_for_nothing(
    total: int, weights: list[int], rule: Allocation
) -> None:
    parts = allocate(total, weights, rule=rule)
    assert sum(parts) == total
    assert allocate(-total, weights, rule=rule) == tuple(-one for one in parts)
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if not weight)


@given(total=WHOLE, weights=WEIGHTS)
def test_a_largest_remainder_part_is_its_share_rounded_up_or_down(total: int, weights: list[int]) -> None:
    for part, weight in zip(allocate(total, weights), weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1


@given(minor=WHOLE, weights=WEIGHTS)
def test_money_is_never_lost_when_it_is_split(minor: int, weights: list[int]) -> None:
    whole = Money.of_minor(minor, "EUR")
    assert Money.sum(whole.split(weights), "EUR") == whole
