"""Money against the bare arithmetic that it wraps, and against its peers where they are installed.

python benchmarks/money.py

Goals: `a + b` >= 0.12 x bare `Decimal + Decimal`, with type and currency checked; `Money.sum` of 1,000 amounts >= 1 x `sum` of
bare Decimals; public construction from a Decimal >= 0.3 x a plain attrs class; `a + b` >= 1.4 x py-moneyed, >= 10 x stockholm.
"""

from __future__ import annotations

import argparse
import timeit
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from typing import Any

from attrs import frozen
from rounds import duration, judged, ratios

from bizcore import Money


@frozen
class Plain:
    """What costs nothing but being a class."""

    amount: Decimal
    currency: str


def peers() -> dict[str, tuple[Any, float]]:
    """A pair of amounts and a goal for each peer that is here; absent ones are named."""
    found: dict[str, tuple[Any, float]] = {}
    for name, module, goal in (("py-moneyed", "moneyed", 1.4), ("stockholm", "stockholm", 10.0)):
        try:
            money = import_module(module).Money
        except ImportError:
            print(f"{name} is not installed here; its goal is not measured")
        else:
            found[name] = ((money("12.30", "EUR"), money("0.70", "EUR")), goal)
    return found


def main() -> None:
    """Print both sides and the ratio of each."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--times", type=int, default=200_000)
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()

    def compare(name: str, raw: str, ours: str, names: dict[str, Any], goal: float, share: int = 1) -> None:
        """Speeds: the raw side's time over ours."""
        times = max(1, given.times // share)
        sides: list[Callable[[], float]] = [timeit.Timer(text, globals=names).timeit for text in (raw, ours)]
        took: list[list[float]] = [[], []]
        for _ in range(given.rounds):
            for side, found in zip(sides, took, strict=True):
                found.append(side(times) / times)
        print(
            f"{name:34s} raw {duration(took[0])}  ours {duration(took[1])}  ratio {judged(ratios(*took), least=goal)}",
            flush=True,
        )

    decimals = [Decimal(100 + number % 977) / 100 for number in range(1_000)]
    moneys = [Money(one, "EUR") for one in decimals]
    names = {"a": decimals[5], "b": decimals[8], "m": moneys[5], "n": moneys[8], "Money": Money, "Plain": Plain}
    names |= {"decimals": decimals, "moneys": moneys, "zero": Decimal(0)}
    assert (moneys[5] + moneys[8]).amount == decimals[5] + decimals[8]
    assert Money.sum(moneys, "EUR").amount == sum(decimals, Decimal(0))
    compare("a + b to Decimal + Decimal", "a + b", "m + n", names, 0.12)
    compare("Money.sum of 1,000 to sum()", "sum(decimals, zero)", 'Money.sum(moneys, "EUR")', names, 1.0, 1_000)
    compare("Money(Decimal) to a plain attrs class", 'Plain(a, "EUR")', 'Money(a, "EUR")', names, 0.3)
    for name, ((one, other), goal) in peers().items():
        assert str((one + other).amount) == "13.00"
        compare(f"a + b to {name}", "x + y", "m + n", {**names, "x": one, "y": other}, goal)


if __name__ == "__main__":
    main()
