"""What documents of supply accept in the fields that they share."""

from __future__ import annotations

from bizcore.kernel.ids import checked_id
from bizcore.supply.places import OUTSIDE, OutsidePlace


def item(value: object) -> str:
    """The id of an item. Raises: InvalidId."""
    return checked_id(value, "item")


def place(value: object) -> str:
    """The id of a place. Raises: InvalidId."""
    return checked_id(value, "place")


def inside(value: object) -> str:
    """The id of a place of ours. Raises: InvalidId, OutsidePlace."""
    found = place(value)
    if found in OUTSIDE:
        raise OutsidePlace(place=found)
    return found


def optional_inside(value: object) -> str | None:
    """The same, or none."""
    return None if value is None else inside(value)


def customer(value: object) -> str:
    """The id of a customer. Raises: InvalidId."""
    return checked_id(value, "customer")


def supplier(value: object) -> str:
    """The id of a supplier. Raises: InvalidId."""
    return checked_id(value, "supplier")
