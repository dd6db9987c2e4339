"""Documents of movement: which goods went from where to where, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import ClassVar

from attrs import field, frozen

from bizcore.book.entry import Entry, Posting
from bizcore.flow.document import Document, Indexes
from bizcore.flow.numbering import Numbering
from bizcore.kernel.days import day, optional_day
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import number, plain_number, positive
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.value import Value
from bizcore.supply import fields
from bizcore.supply.places import OUTSIDE, OutsidePlace


class SamePlace(Invalid):
    """Goods do not move from a place to itself."""

    code = "same_place"

    def __init__(self, *, place: str) -> None:
        super().__init__(f"source and target are both {place!r}", place=place)


class EmptyMovement(Invalid):
    """A movement has at least one line."""

    code = "empty_movement"

    def __init__(self, *, kind: str) -> None:
        super().__init__(f"a {kind} needs at least one line", kind=kind)


class NegativeCost(Invalid):
    """Goods are not worth less than nothing."""

    code = "negative_cost"

    def __init__(self, *, item: str, cost: Money) -> None:
        super().__init__(f"{item} cannot cost {cost}", item=item, cost=cost)


def _quantity(value: object) -> Decimal:
    return positive("a quantity moved", number(value))


def _lines(value: Iterable[MoveLine]) -> tuple[MoveLine, ...]:
    return tuple(value)


@frozen
class MoveLine(Value):
    """A line of a movement: an item and a quantity in its base unit.

    `cost` is the total value in the company's currency where it is stated; `of` names the move whose goods come back
    (`document/line`); `order` the order line it fulfils; `place` another inside place than the document's.

    >>> MoveLine("bolt", "2.50").quantity
    Decimal('2.50')
    """

    item: str = field(converter=fields.item)
    quantity: Decimal = field(converter=_quantity)
    cost: Money | None = field(default=None, kw_only=True)
    lot: str | None = field(default=None, kw_only=True)
    expiry: date | None = field(default=None, kw_only=True, converter=optional_day)
    of: str | None = field(default=None, kw_only=True)
    order: str | None = field(default=None, kw_only=True)
    place: str | None = field(default=None, kw_only=True, converter=fields.optional_inside)

    def __attrs_post_init__(self) -> None:
        """A cost is not negative; a quantity is as fine as books hold."""
        if self.cost is not None and self.cost.sign < 0:
            raise NegativeCost(item=self.item, cost=self.cost)
        _ = self.amount.scaled

    @property
    def amount(self) -> Quantity:
        """The quantity as the stock book keeps it: its unit is the item."""
        return Quantity(self.quantity, self.item)


@frozen(kw_only=True)
class Movement(Document):
    """Goods that went from a source to a target on a date. A line that names a `place` replaces the inside one."""

    indexes: ClassVar[Indexes] = {
        "on": lambda one: [(one.on.isoformat(),)],
        "item": lambda one: [(line.item, one.on.isoformat()) for line in one.lines],
        "of": lambda one: sorted({(line.of.rpartition("/")[0],) for line in one.lines if line.of}),
    }

    on: date = field(converter=day)
    source: str = field(converter=fields.place)
    target: str = field(converter=fields.place)
    lines: tuple[MoveLine, ...] = field(converter=_lines)
    party: str | None = None

    def __attrs_post_init__(self) -> None:
        """Something moves somewhere else, from a place of ours or to one."""
        if self.source == self.target:
            raise SamePlace(place=self.source)
        if OUTSIDE.issuperset((self.source, self.target)):
            raise OutsidePlace(place=self.target if self.source == "supplier" else self.source)
        if not self.lines:
            raise EmptyMovement(kind=type(self).kind)
        Document.__attrs_post_init__(self)

    def move_ref(self, line: int) -> str:
        """The name of a line's move, lines counted from 1: what a return points at."""
        return f"{self.id}/{line}"

    def ends(self, line: MoveLine) -> tuple[str, str]:
        """Source and target of a line."""
        if line.place is None:
            return self.source, self.target
        return (line.place, self.target) if self.source not in OUTSIDE else (self.source, line.place)

    def entry(self) -> Entry:
        """The stock entry: two legs a line, conserving every item over all places."""
        postings: list[Posting] = []
        for at, line in enumerate(self.lines, 1):
            source, target = self.ends(line)
            amount, dims = line.amount, self._dims(at, line)
            for place, signed in ((source, -amount), (target, amount)):
                inside = place not in OUTSIDE
                postings.append(
                    Posting(
                        place,
                        signed,
                        # Physical lots are counted where goods are ours; outside they would never close.
                        lot=line.lot if inside else None,
                        due=line.expiry if inside else None,
                        party=None if inside else self.party,
                        dims=dims,
                    )
                )
        return Entry(self.on, postings, book="stock", text=type(self).kind)

    def _dims(self, at: int, line: MoveLine) -> Map[str]:
        dims = {"ref": self.move_ref(at)}
        if line.cost is not None:
            dims["cost"] = plain_number(line.cost.amount)
        if line.of is not None:
            dims["of"] = line.of
        if line.order is not None:
            dims["order_line"] = line.order
        if line.lot is not None:
            dims["lot"] = line.lot
        return Map(dims)


@frozen(kw_only=True)
class Receipt(Movement):
    """Goods that came in."""

    kind = "receipt"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="GR")


@frozen(kw_only=True)
class Issue(Movement):
    """Goods that went out."""

    kind = "issue"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="GI")


@frozen(kw_only=True)
class Transfer(Movement):
    """Goods that went from one place of ours to another."""

    kind = "transfer"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="GT")


@frozen(kw_only=True)
class Adjustment(Movement):
    """Goods found or missing."""

    kind = "adjustment"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="GA")


@frozen(kw_only=True)
class Shipment(Movement):
    """Goods sent to a customer for a delivery."""

    kind = "shipment"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="SH")


@frozen(kw_only=True)
class CustomerReturn(Movement):
    """Goods a customer sent back."""

    kind = "customer_return"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="CR")


@frozen(kw_only=True)
class VendorReturn(Movement):
    """Goods sent back to a supplier."""

    kind = "vendor_return"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="VR")


MOVEMENTS: tuple[type[Movement], ...] = (
    Receipt,
    Issue,
    Transfer,
    Adjustment,
    Shipment,
    CustomerReturn,
    VendorReturn,
)
