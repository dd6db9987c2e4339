"""Setting what an item is to cost; the books follow in the same change."""

from __future__ import annotations

from attrs import evolve

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.kernel.days import Day
from bizcore.kernel.exact import Number
from bizcore.kernel.money import Money
from bizcore.supply.cost import restated
from bizcore.supply.standards import StandardCost, standards_of
from bizcore.supply.stock import ForeignCost


def set_standard(
    view: View, item: str, cost: Money, *, since: Day, per: Number = 1, pool: str | None = None
) -> Changes[StandardCost]:
    """Set what an item is to cost from a day on: `cost` for `per` base units, in every pool that has no standard of its own, or in one.

    It values the pools whose `cost_method` is `STANDARD`. Another standard of the same day and pool is replaced.

    Guarantees: what is held on that day is revalued on it, or on the first open date where it is locked, and everything after
    it is restated; set again, it posts nothing.
    Raises: NegativeCost, ForeignCost, NotPositive, TooFine, ReservedName (a pool), NoStandard (goods were valued at standard on an earlier day).
    """
    asked = StandardCost(item=item, cost=cost, per=per, since=since, pool=pool or "")
    if cost.currency != view.currency:
        raise ForeignCost(item=item, cost=cost, company=view.currency)
    for known in standards_of(view, asked.item):
        if (known.since, known.pool) == (asked.since, asked.pool):
            return restated(view, evolve(known, cost=asked.cost, per=asked.per))
    return restated(view, view.mint(asked))
