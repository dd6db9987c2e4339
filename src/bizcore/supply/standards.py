"""What an item is to cost: dated standards, for all cost pools or for one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import ClassVar

from attrs import field, frozen

from bizcore.change.view import View
from bizcore.flow.document import Document, Indexes
from bizcore.kernel.days import day
from bizcore.kernel.errors import Refused
from bizcore.kernel.exact import number, positive
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.supply import fields
from bizcore.supply.movements import NegativeCost
from bizcore.supply.places import pool_name


class NoStandard(Refused):
    """Goods are valued at standard on a day for which none is known."""

    code = "no_standard"
    allowed: tuple[str, ...] = ("set_standard", "another cost method")

    def __init__(self, *, item: str, pool: str, on: str) -> None:
        super().__init__(
            f"on {on} there is no standard cost of {item} in pool {pool}: set one, from that day or an earlier one",
            item=item,
            pool=pool,
            on=on,
        )


def _per(value: object) -> Decimal:
    return positive("what a standard cost is for", number(value))


def _pool(value: object) -> str:
    return pool_name(value) if value != "" else ""


@frozen(kw_only=True)
class StandardCost(Document):
    """What so many base units of an item are to cost from a day on; without a pool in every pool that has none of its own.

    `cost` is for `per` units, in the company's currency: a screw of 1.25 cents costs 12.50 per 1,000.

    >>> StandardCost(item="screw", cost=Money("12.50", "EUR"), per=1000, since="2026-01-01").of_units
    (1000000000, 1250)
    """

    kind = "standard_cost"
    by_verb: ClassVar[bool] = True
    indexes: ClassVar[Indexes] = {"item": lambda one: [(one.item, one.since.isoformat())]}

    item: str = field(converter=fields.item)
    cost: Money
    per: Decimal = field(default=Decimal(1), converter=_per)
    since: date = field(converter=day)
    pool: str = field(default="", converter=_pool)

    def __attrs_post_init__(self) -> None:
        """A cost is not negative; a quantity is as fine as books hold. Raises: NegativeCost, TooFine."""
        if self.cost.sign < 0:
            raise NegativeCost(item=self.item, cost=self.cost)
        _ = self.of_units
        Document.__attrs_post_init__(self)

    @property
    def of_units(self) -> tuple[int, int]:
        """Millionths of the base unit, and the minor units that they are to cost."""
        return Quantity(self.per, self.item).scaled, self.cost.minor


def standards_of(view: View, item: str) -> tuple[StandardCost, ...]:
    """All standards of an item, oldest first."""
    return tuple(view.find(StandardCost, "item", item))


def in_pool(standards: Iterable[StandardCost], pool: str) -> tuple[StandardCost, ...]:
    """Those that hold in a pool, oldest first: its own from the first of them on, before that those of all pools.

    >>> every, own = (StandardCost(item="a", cost=Money(text, "EUR"), since=f"2026-0{month}-01", pool=pool)
    ...               for month, text, pool in ((1, "1", ""), (3, "2", "shop")))
    >>> [str(one.cost) for one in in_pool([every, own], "shop")], len(in_pool([every, own], "main"))
    (['1.00 EUR', '2.00 EUR'], 1)
    """
    found = sorted((one for one in standards if one.pool in ("", pool)), key=lambda one: one.since)
    first = min((one.since for one in found if one.pool), default=date.max)
    return tuple(one for one in found if one.pool or one.since < first)
