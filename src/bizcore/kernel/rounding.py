"""The one module that rounds, and the one that shares out what rounding would lose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Final

from bizcore.kernel.errors import Invalid, shown


class Rounding(Enum):
    """How a value between two steps is decided; the default everywhere is half away from zero (EN 16931's examples need it)."""

    HALF_AWAY = "half_away"
    HALF_EVEN = "half_even"
    HALF_ODD = "half_odd"
    HALF_TOWARD_ZERO = "half_toward_zero"
    HALF_TOWARD_POSITIVE = "half_toward_positive"
    HALF_TOWARD_NEGATIVE = "half_toward_negative"
    UP = "up"
    DOWN = "down"
    CEILING = "ceiling"
    FLOOR = "floor"


class Allocation(Enum):
    """Who gets the units that do not divide; the default is the largest remainder."""

    LARGEST_REMAINDER = "largest_remainder"
    FIRST = "first"
    LAST = "last"
    LARGEST_SHARE = "largest_share"


class BadStep(Invalid):
    """One rounds to a positive step."""

    code = "bad_step"

    def __init__(self, *, step: object) -> None:
        super().__init__(f"a step of rounding is positive, not {step}", step=step)


class BadWeights(Invalid):
    """Weights of an allocation are not negative, and not all zero."""

    code = "bad_weights"

    def __init__(self, *, why: str) -> None:
        super().__init__(f"weights {why}", why=why)


class UnknownRule(Invalid):
    """How to round or share out is said by one of the rules, not by its name."""

    code = "unknown_rule"

    def __init__(self, *, given: object, known: tuple[str, ...]) -> None:
        super().__init__(f"{shown(given)} is none of {', '.join(known)}", given=shown(given), known=known)


def divide(numerator: int, denominator: int, mode: Rounding = Rounding.HALF_AWAY) -> int:
    """Divide integers and round to an integer. Raises: UnknownRule.

    Guarantees: exact; half away, half even, half odd, half toward zero, up and down are symmetric under sign.

    >>> divide(5, 2), divide(-5, 2), divide(5, 2, Rounding.HALF_EVEN), divide(-5, 2, Rounding.HALF_TOWARD_POSITIVE)
    (3, -3, 2, -2)
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    if mode is Rounding.HALF_AWAY:
        half = denominator >> 1  # for an odd denominator no tie exists, and the floor of half decides rightly
        return (numerator + half) // denominator if numerator >= 0 else -((half - numerator) // denominator)
    if not isinstance(mode, Rounding):
        raise UnknownRule(given=mode, known=tuple(f"Rounding.{one.name}" for one in Rounding))
    whole, rest = divmod(numerator, denominator)
    if not rest:
        return whole
    return whole + _goes_up(whole, rest * 2 - denominator, numerator, mode)


def _goes_up(floor: int, beyond_half: int, numerator: int, mode: Rounding) -> int:
    """Whether to take the step above the floor; `beyond_half` is negative below the middle, zero on it."""
    match mode:
        case Rounding.CEILING:
            return 1
        case Rounding.FLOOR:
            return 0
        case Rounding.UP:
            return int(numerator > 0)
        case Rounding.DOWN:
            return int(numerator < 0)
    if beyond_half:
        return int(beyond_half > 0)
    match mode:
        case Rounding.HALF_EVEN:
            return floor & 1
        case Rounding.HALF_ODD:
            return 1 - (floor & 1)
        case Rounding.HALF_TOWARD_POSITIVE:
            return 1
        case Rounding.HALF_TOWARD_NEGATIVE:
            return 0
        case _:
            return int(numerator < 0)


def quantise(value: Fraction, step: Fraction, mode: Rounding = Rounding.HALF_AWAY) -> Fraction:
    """Round to a multiple of a step: 0.05 for Swiss cash, 1 for yen.

    >>> quantise(Fraction("7.38"), Fraction("0.05"))
    Fraction(37, 5)
    """
    if step <= 0:
        raise BadStep(step=step)
    steps = Fraction(value) / step
    return divide(steps.numerator, steps.denominator, mode) * step


_EXACT: Final = (int, Fraction, Decimal)


def _weights(weights: Sequence[int | Fraction]) -> list[Fraction]:
    if not isinstance(weights, Iterable):
        raise BadWeights(why="are no list")
    given: list[Any] = list(weights)
    if not given:
        raise BadWeights(why="are missing")
    if not all(type(one) is int or (isinstance(one, _EXACT) and type(one) is not bool) for one in given):
        raise BadWeights(why="are not exact numbers")
    try:
        exact = [Fraction(one) for one in given]
    except (ValueError, OverflowError):
        raise BadWeights(why="are not finite") from None
    if any(one.numerator < 0 for one in exact):
        raise BadWeights(why="are negative")
    return exact


def allocate(
    total: int, weights: Sequence[int | Fraction], *, rule: Allocation = Allocation.LARGEST_REMAINDER
) -> tuple[int, ...]:
    """Share out whole units by weights.

    Guarantees: the parts sum to the total exactly; sharing minus the total gives minus the parts; a zero weight gets zero;
    ties go to the earlier position.
    Raises: BadWeights, for none, negative ones, or only zeros; UnknownRule.

    >>> allocate(100, [1, 1, 1]), allocate(-100, [1, 1, 1]), allocate(5, [1, 0, 1], rule=Allocation.LAST)
    ((34, 33, 33), (-34, -33, -33), (2, 0, 3))
    """
    if not isinstance(rule, Allocation):
        raise UnknownRule(given=rule, known=tuple(f"Allocation.{one.name}" for one in Allocation))
    exact = _weights(weights)
    all_of = sum(exact)
    if not all_of:
        raise BadWeights(why="are all zero")
    size = abs(total)
    shares = [size * one / all_of for one in exact]
    parts = [one.numerator // one.denominator for one in shares]
    order = [at for at, one in enumerate(exact) if one]
    match rule:
        case Allocation.LARGEST_REMAINDER:
            order.sort(key=lambda at: (parts[at] - shares[at], at))
        case Allocation.LARGEST_SHARE:
            order.sort(key=lambda at: (-exact[at], at))
        case Allocation.LAST:
            order.reverse()
    left = size - sum(parts)
    for turn in range(left):
        parts[order[turn % len(order)] if rule is not Allocation.LARGEST_SHARE else order[0]] += 1
    return tuple(parts) if total >= 0 else tuple(-one for one in parts)
