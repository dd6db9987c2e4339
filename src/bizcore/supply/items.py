"""Items: what is stocked, in which unit it is counted, and how it is packed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from attrs import field, frozen

from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.flow.document import Document, Indexes
from bizcore.kernel.errors import Invalid, Refused
from bizcore.kernel.exact import NotPositive, Number, fraction, number, plain_number
from bizcore.kernel.maps import Map
from bizcore.kernel.quantity import NoConversion, Quantity


class BadFactor(Invalid):
    """A packaging factor is not a positive number."""

    code = "bad_factor"

    def __init__(self, *, unit: str, factor: Fraction) -> None:
        super().__init__(f"one {unit} cannot be {factor} base units", unit=unit, factor=str(factor))


class BaseUnitPackaged(Invalid):
    """The base unit is what packages are counted in, and none itself."""

    code = "base_unit_packaged"

    def __init__(self, *, item: str, unit: str) -> None:
        super().__init__(f"{unit} is the base unit of {item}: no package has its name", item=item, unit=unit)


class ItemMoved(Refused):
    """The books count an item in its base unit from its first move on; only its packaging may still change."""

    code = "item_moved"
    allowed: tuple[str, ...] = ("change its packaging", "register another item")

    def __init__(self, *, item: str, unit: str, asked: str) -> None:
        super().__init__(f"{item} was moved in {unit}: it is not counted in {asked}", item=item, unit=unit, asked=asked)


def _factors(value: Mapping[str, object]) -> Map[Fraction]:
    return Map({unit: fraction(factor) for unit, factor in value.items()})


@frozen(kw_only=True)
class Item(Document):
    """An item: the unit it is counted in, and how many of these each packaging unit holds, as an exact factor.

    An item need not be registered to be moved: its id is enough. Books keep at most six places of the base unit.

    >>> bolt = Item(id="bolt", unit="PCE", packaging={"box": 12, "third": "1/3"})
    >>> bolt.base(5, "box"), bolt.base("2.5")
    (Quantity('60', 'bolt'), Quantity('2.5', 'bolt'))
    """

    kind = "item"
    indexes: ClassVar[Indexes] = {"category": lambda one: [(one.category,)] if one.category else []}

    name: str = ""
    unit: str = "PCE"
    category: str = ""
    packaging: Map[Fraction] = field(default=Map({}), converter=_factors)

    def __attrs_post_init__(self) -> None:
        """Packaging holds something, and is none of the base unit."""
        if self.unit in self.packaging:
            raise BaseUnitPackaged(item=self.id, unit=self.unit)
        for unit, factor in self.packaging.items():
            if factor <= 0:
                raise BadFactor(unit=unit, factor=factor)

    def base(self, quantity: Number | Fraction, unit: str | None = None) -> Quantity:
        """A quantity in packaging units as base units of this item; exact. Raises: NoConversion, TooFine."""
        return based(self.id, quantity, unit, self)


def watch(view: View, item: Item) -> None:
    """An item that was moved is counted in the same unit for ever. Raises: ItemMoved."""
    known = view.seek(Item, item.id)
    if known is None or known.unit == item.unit:
        return
    if any(True for _ in view.postings(PostingQuery(book="stock", unit=item.id))):
        raise ItemMoved(item=item.id, unit=known.unit, asked=item.unit)


def based(item: str, quantity: Number | Fraction, unit: str | None, known: Item | None) -> Quantity:
    """A quantity of an item, registered or not, in its base unit."""
    factor = Fraction(1)
    if unit is not None and (known is None or unit != known.unit):
        factors: Mapping[str, Fraction] = known.packaging if known is not None else {}
        if unit not in factors:
            raise NoConversion(unit=unit, to=known.unit if known is not None else item, known=tuple(factors))
        factor = factors[unit]
    amount = Quantity(fraction(quantity) * factor, item)
    # Books hold six places: refuse here, where the caller still sees what was too fine.
    return Quantity.of_scaled(amount.scaled, item)


def base_quantity(view: View, item: str, quantity: Number, unit: str | None = None) -> Decimal:
    """A quantity above zero of an item in its base unit. Raises: NotPositive, NoConversion, TooFine."""
    known = view.seek(Item, item) if unit is not None else None
    found = based(item, quantity, unit, known)
    if found.sign <= 0:
        raise NotPositive(what=f"the quantity of {item}", value=plain_number(found.amount))
    return decimal_of(found)


def decimal_of(quantity: Quantity) -> Decimal:
    """A book quantity as a decimal number."""
    return scaled_decimal(quantity.scaled)


def scaled_decimal(scaled: int) -> Decimal:
    """Millionths as a decimal number without padding."""
    whole, rest = divmod(abs(scaled), Quantity.SCALE)
    text = f"{whole}.{rest:06d}".rstrip("0").rstrip(".")
    return number(f"-{text}" if scaled < 0 else text)
