"""The value of goods at any past date, and what a back-dated move changes: a fold with marks to go on from."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from bizcore.kernel.days import Day, day
from bizcore.supply.costmoves import CostMethod, CostMove, Mark, in_order
from bizcore.supply.valuation import Fold

EVERY: Final = 2_000
"""Moves between two marks: a mark costs a copy of the open layers, a past date the moves since the one before it."""


class Standing(NamedTuple):
    """What a pool held of an item, in millionths, and what that was worth, in minor units."""

    quantity: int
    value: int


def _key(move: CostMove) -> tuple[str, int, int]:
    return move.on, move.position, move.line


class Timeline:
    """The moves of one item in one pool, valued by date, open at every date and to back-dated moves.

    Guarantees: equal to folding all moves again, whatever the order they were added in. A past date costs the moves since
    the mark before it; a back-dated move costs the fold from the mark before it.

    >>> line = Timeline([CostMove("2026-01-05", 1, 1, 2_000_000, 20_00), CostMove("2026-01-09", 2, 1, -1_000_000)])
    >>> line.at("2026-01-06"), line.with_move(CostMove("2026-01-01", 3, 1, 1_000_000, 4_00)).fold.cost(2)
    (Standing(quantity=2000000, value=2000), 400)
    """

    def __init__(self, moves: Sequence[CostMove], *, method: CostMethod = CostMethod.FIFO) -> None:
        self.moves: list[CostMove] = in_order(moves)
        self.fold: Fold = Fold(self.moves, method)
        self._marks: list[Mark] = []
        self._sums: list[Standing] = []
        self._go_on(0)

    def at(self, on: Day) -> Standing:
        """What was held at the end of a day."""
        text = day(on).isoformat()
        stop = bisect_right(self.moves, text, key=lambda one: one.on)
        nearest = bisect_right(self._marks, stop, key=lambda one: one.count) - 1
        begin, quantity, value, variance = 0, 0, 0, 0
        if nearest >= 0:
            mark = self._marks[nearest]
            begin, variance = mark.count, mark.variances
            quantity, value = self._sums[nearest]
        quantity += sum(one.quantity for one in self.moves[begin:stop])
        value += sum(self.fold.values[begin:stop])
        upto = bisect_left(self.fold.variances, stop, key=lambda one: one.at)
        value += sum(one.value for one in self.fold.variances[variance:upto])
        return Standing(quantity, value)

    def with_move(self, move: CostMove) -> Timeline:
        """The timeline with one move more; it comes after those of its date that were known before."""
        at = bisect_right(self.moves, _key(move), key=_key)
        new = object.__new__(Timeline)
        new.moves = [*self.moves[:at], move, *self.moves[at:]]
        kept = bisect_right(self._marks, at, key=lambda one: one.count)
        new._marks, new._sums = self._marks[:kept], self._sums[:kept]
        if kept:
            new.fold = self.fold.resumed(self._marks[kept - 1], new.moves)
            new._go_on(new._marks[-1].count)
        else:
            new.fold = Fold(new.moves, self.fold.method)
            new._go_on(0)
        return new

    def _go_on(self, done: int) -> None:
        fold = self.fold
        while done < len(self.moves):
            # A mark copies the open layers, so it waits until that costs less than the moves did.
            done = min(done + max(EVERY, 2 * fold.open_layers), len(self.moves))
            fold.run(done)
            self._marks.append(fold.mark())
            self._sums.append(Standing(fold.quantity, fold.value))
