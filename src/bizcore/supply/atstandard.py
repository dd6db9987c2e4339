"""Goods at standard cost: a pool is worth its quantity at the standard, and what they cost otherwise is a variance.

What is bought at another price leaves a purchase variance; a new standard, or goods that come in otherwise at another value,
leave a revaluation. A standard is used "if the results approximate cost" and is reviewed (IAS 2.21).
"""

from __future__ import annotations

from bizcore.book.lots import release_int
from bizcore.supply.costmoves import SUPPLIER, CostMethod, CostMove, Revalued
from bizcore.supply.valuation import Fold

Standard = tuple[int, int]
"""Millionths of the item's unit, and the minor units that they are to cost."""


class StandardFold(Fold):
    """A fold with standard cost among its methods; `by_methods` runs it.

    `revalued` is what new standards changed the pool's value by, on their dates. Guarantees: under standard cost the value is
    `round(Q * standard)` after every move, also below zero; values, variances and revaluations sum to the value of the state.
    """

    def value_at(self, index: int, on: str, method: CostMethod, standard: Standard) -> None:
        """Go on from move `index` by another method or standard, which is in force from a date."""
        self.run(index)
        if method is not CostMethod.STANDARD:
            if method is not self.method:
                self.turn(method)
            return
        was = self.value
        self.method: CostMethod = method
        self._standard = standard
        held, lacking = sum(one[0] for one in self._layers), sum(one[0] for one in self._shorts)
        self._layers.clear()
        self._cover(min(held, lacking))
        self._level(held - min(held, lacking))
        if self.value != was:
            self.revalued.append(Revalued(on, self.value - was))

    def ahead(self, on: str, standard: Standard) -> None:
        """Note what a standard changes from a date after the last move on; the state stays as it was then."""
        if standard[0]:
            worth = self.value + sum(one.value for one in self.revalued if one.ahead)
            by = self._worth(self.quantity, standard) - worth
            if by:
                self.revalued.append(Revalued(on, by, ahead=True))

    def _step(self, index: int, move: CostMove) -> None:
        if self.method is not CostMethod.STANDARD:
            super()._step(index, move)
            return
        held = self.quantity
        by = self._worth(held + move.quantity, self._standard) - self._worth(held, self._standard)
        came = self._came_for(move, by) if move.quantity > 0 else -self._claimed(move, -by)
        if came != by:
            self.claims[index] = -came
        self.values.append(by)
        self._carry(index, move.quantity)

    def _came_for(self, move: CostMove, by: int) -> int:
        """What goods came for: the value stated, what they left for, else the standard."""
        if move.value is not None:
            return move.value
        source = None if move.of is None else self._index_of(move.of)
        left = [0, 0] if source is None else self._returnable(source)
        took = min(move.quantity, left[0])
        if not took:
            return by
        share = release_int(left[0], left[1], took)
        left[0], left[1] = left[0] - took, left[1] - share
        return share + (release_int(move.quantity, by, move.quantity - took) if took < move.quantity else 0)

    def _claimed(self, move: CostMove, cost: int) -> int:
        """What goods leave for: what a supplier owes for those sent back, else the standard."""
        returned = None if move.of is None else self._index_of(move.of)
        if move.counter != SUPPLIER or (returned is None and move.value is None):
            return cost
        return move.value if move.value is not None else self._claim(returned, -move.quantity, cost)

    def _carry(self, index: int, quantity: int) -> None:
        held = sum(one[0] for one in self._layers)
        if quantity > 0:
            self._level(held + self._cover(quantity))
            return
        short = max(-quantity - held, 0)
        if short:
            self._shorts.append([short, 0, index])
            self.shortages[index] = short
        self._level(max(held + quantity, 0))

    def _cover(self, quantity: int) -> int:
        """Cover what is short, oldest first; at one standard there is nothing to settle. What is left over."""
        for short in self._shorts:
            took = min(quantity, short[0])
            short[0] -= took
            quantity -= took
        self._shorts[:] = [one for one in self._shorts if one[0]]
        return quantity

    def _level(self, held: int) -> None:
        self._put_common(held, self._worth(held, self._standard))
        lacking = sum(one[0] for one in self._shorts)
        left = self._worth(lacking, self._standard)
        for short in self._shorts:
            short[1] = release_int(lacking, left, short[0])
            lacking, left = lacking - short[0], left - short[1]

    @staticmethod
    def _worth(quantity: int, standard: Standard) -> int:
        return release_int(standard[0], standard[1], quantity)

    def _last_known(self) -> tuple[int, int]:
        return self._standard if self.method is CostMethod.STANDARD else super()._last_known()
