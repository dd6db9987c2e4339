"""Lines of invoices and bills, and document-level allowances and charges."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from attrs import field, frozen

from bizcore.finance.tax import tax_code
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import number
from bizcore.kernel.ids import checked_id
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.value import Value


class BadLine(Invalid):
    """A figure of a line that cannot be meant."""

    code = "bad_line"

    def __init__(self, *, name: str, value: str, why: str) -> None:
        super().__init__(f"{name} {value}: {why}", name=name, value=value, why=why)


def _code(value: str | None) -> str | None:
    tax_code(value)
    return value


def _id(value: object) -> str | None:
    return None if value is None else checked_id(value, "id")


def _map(value: Mapping[str, str]) -> Map[str]:
    return value if isinstance(value, Map) else Map(value)


def _divisor(_: object, attribute: object, value: Decimal) -> None:
    if value <= 0:
        raise BadLine(name="per", value=str(value), why="a price is for a positive number of units")


def _percent(_: object, attribute: object, value: Decimal) -> None:
    if not 0 <= value <= 100:
        raise BadLine(name="discount_percent", value=str(value), why="between 0 and 100")


def _not_negative(_: object, attribute: object, value: Decimal) -> None:
    if value < 0:
        raise BadLine(name="amount", value=str(value), why="not below zero; allowances are taken off, charges added")


@frozen
class Line(Value):
    """What is sold or bought: a text, a quantity, a price for `per` units in the document's currency.

    `price` is exact and never rounded; the document rounds the line's net once (EN 16931 BT-131). `tax` is a category
    with its rate, such as `S20`. `item` names what was moved, `account` where the income or expense goes when it is not
    the usual one. `value` is the net in the company's currency when the source states it.

    Raises: InvalidAmount, UnknownTaxCode, BadLine.

    >>> Line("Workshop", 2, "1500.00", tax="S20").extended
    Fraction(3000, 1)
    """

    text: str
    quantity: Decimal = field(default=Decimal(1), converter=number)
    price: Decimal = field(default=Decimal(0), converter=number)
    tax: str | None = field(default=None, kw_only=True, converter=_code)
    item: str | None = field(default=None, kw_only=True, converter=_id)
    value: Money | None = field(default=None, kw_only=True)
    account: str | None = field(default=None, kw_only=True, converter=_id)
    per: Decimal = field(default=Decimal(1), kw_only=True, converter=number, validator=_divisor)
    discount_percent: Decimal = field(default=Decimal(0), kw_only=True, converter=number, validator=_percent)
    extra: Map[str] = field(default=Map({}), kw_only=True, converter=_map)

    @property
    def extended(self) -> Fraction:
        """Quantity x price / per, less the discount; exact. Source: EN 16931 BT-129, BT-146, BT-149."""
        amount = Fraction(self.quantity) * Fraction(self.price)
        if self.per != 1:
            amount /= Fraction(self.per)
        if self.discount_percent:
            amount *= 1 - Fraction(self.discount_percent) / 100
        return amount


@frozen
class Adjustment(Value):
    """A document-level allowance or charge (EN 16931 BG-20, BG-21): an amount, its tax and its reason.

    The amount is positive (or nothing) in both; the document's field says whether it is taken off or added.

    Raises: BadLine, InvalidAmount, UnknownTaxCode.

    >>> Adjustment("100.00", tax="S25", reason="early order").extended
    Fraction(100, 1)
    """

    amount: Decimal = field(converter=number, validator=_not_negative)
    tax: str | None = field(default=None, kw_only=True, converter=_code)
    reason: str = field(default="", kw_only=True)
    account: str | None = field(default=None, kw_only=True, converter=_id)
    value: Money | None = field(default=None, kw_only=True)

    @property
    def extended(self) -> Fraction:
        """The amount, exact."""
        return Fraction(self.amount)

    @property
    def off(self) -> Line:
        """The same with its sign turned, as a line: how an allowance enters the totals."""
        return Line(
            self.reason,
            -1,
            self.amount,
            tax=self.tax,
            account=self.account,
            value=None if self.value is None else -self.value,
        )
