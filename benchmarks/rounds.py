"""What the benchmarks share: two sides in turn, and one line that says how they compare."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence


def seconds(call: Callable[[], object], times: int = 1) -> float:
    """How long a call takes; the mean of `times` in a row."""
    begun = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - begun) / times


def in_turn(rounds: int, *sides: Callable[[], object], times: int = 1) -> list[list[float]]:
    """Each side's seconds, round by round: both see the same noise. What the first call of each warms up is not counted."""
    for side in sides:
        side()
    took: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, found in zip(sides, took, strict=True):
            found.append(seconds(side, times))
    return took


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Round by round."""
    return [one / other for one, other in zip(over, under, strict=True)]


def spread(values: Sequence[float]) -> str:
    """Median, least and most.

    >>> spread([0.2, 0.1, 0.6])
    '0.200 (0.100 to 0.600)'
    """
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def judged(values: Sequence[float], *, least: float | None = None, most: float | None = None) -> str:
    """The spread of ratios, the goal, and whether their median meets it."""
    middle = statistics.median(values)
    if least is not None:
        return f"{spread(values)}  goal >= {least:g}: {'met' if middle >= least else 'MISSED'}"
    if most is not None:
        return f"{spread(values)}  goal <= {most:g}: {'met' if middle <= most else 'MISSED'}"
    return spread(values)


def duration(values: Sequence[float]) -> str:
    """The median, in a unit that can be read."""
    middle = statistics.median(values)
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if middle * scale >= 1:
            return f"{middle * scale:8.2f} {unit:2s}"
    return f"{middle * 1e9:8.1f} ns"
