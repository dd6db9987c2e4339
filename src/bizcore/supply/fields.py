"""What documents of supply accept in the fields that they share."""

from __future__ import annotations

from bizcore.kernel.ids import checked_id


def item(value: object) -> str:
    """The id of an item. Raises: InvalidId."""
    return checked_id(value, "item")


def place(value: object) -> str:
    """The id of a place. Raises: InvalidId."""
    return checked_id(value, "place")


def customer(value: object) -> str:
    """The id of a customer. Raises: InvalidId."""
    return checked_id(value, "customer")


def supplier(value: object) -> str:
    """The id of a supplier. Raises: InvalidId."""
    return checked_id(value, "supplier")
