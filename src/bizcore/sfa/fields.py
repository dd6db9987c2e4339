"""What quotes and orders accept in the fields that they share."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from bizcore.kernel.currencies import digits
from bizcore.kernel.exact import Exact
from bizcore.kernel.ids import checked_id
from bizcore.kernel.maps import Map


def customer(value: object) -> str:
    """The id of a customer. Raises: InvalidId."""
    return checked_id(value, "customer")


def item(value: object) -> str | None:
    """The id of an item, none for services. Raises: InvalidId."""
    return None if value is None else checked_id(value, "item")


def currency(value: str) -> str:
    """A currency that exists. Raises: UnknownCurrency."""
    digits(value)
    return value


def extra(value: Mapping[str, str]) -> Map[str]:
    """Facts that are kept as they are."""
    return value if isinstance(value, Map) else Map(value)


def extended(quantity: Decimal, price: Decimal, discount_percent: Decimal, unit: str) -> Exact:
    """Quantity times price less the discount, unrounded.

    >>> extended(Decimal(100), Decimal("0.30"), Decimal(10), "EUR")
    Exact('27', 'EUR')
    """
    share = 1 - Fraction(discount_percent) / 100
    return Exact(Fraction(quantity) * Fraction(price) * share, unit)
