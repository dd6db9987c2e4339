"""Which physical lots leave: first expiry first or first in first out, never an expired one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bizcore.book.lots import Lot, Match, Order, match
from bizcore.kernel.days import Day, day
from bizcore.kernel.quantity import Quantity
from bizcore.supply.policies import Picking


def usable(lot: Lot, on: date) -> bool:
    """Whether goods of a lot may still leave on a date: up to and on its expiry."""
    return lot.due is None or lot.due >= on


def pick(lots: Sequence[Lot], quantity: Quantity, *, on: Day, picking: Picking = Picking.FEFO) -> Match:
    """Choose lots for a quantity; what no usable lot has is the rest.

    Guarantees: independent of the cost method; an expired lot is not taken; under FEFO lots without an expiry come last.
    """
    asked = day(on)
    order = Order.EXPIRY if picking is Picking.FEFO else Order.OLDEST
    return match([lot for lot in lots if usable(lot, asked)], quantity, order=order)
