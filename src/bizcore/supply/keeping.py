"""Keeping goods by hand and letting them go: for a delivery's line, the line counts it."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Refused
from bizcore.kernel.exact import Number
from bizcore.kernel.quantity import Quantity
from bizcore.supply.fulfilment import Delivery, TooMuch
from bizcore.supply.items import base_quantity
from bizcore.supply.limits import split_ref
from bizcore.supply.movements import MoveLine
from bizcore.supply.reservations import (
    NotExpired,
    Partial,
    Reservation,
    entry_of,
    floor_of,
    held_for,
    hold,
    kept_of,
)
from bizcore.supply.stock import NotEnough, available

_ZERO = Decimal(0)


class OtherGoods(Refused):
    """Other goods than a delivery's line asks for are not kept for it, nor such goods elsewhere."""

    code = "other_goods"

    def __init__(self, *, delivery: str, line: int, item: str, place: str, asked: str) -> None:
        super().__init__(
            f"line {line} of {delivery} is of {item} at {place}: keep those for it, or {asked} for something else",
            delivery=delivery,
            line=line,
            item=item,
            place=place,
            asked=asked,
        )


def reserve(
    view: View,
    item: str,
    quantity: Number,
    *,
    place: str,
    on: Day,
    for_: str,
    until: Day | None = None,
    unit: str | None = None,
    partial: Partial = Partial.REFUSE,
) -> Changes[Reservation]:
    """Keep goods for something. For a delivery's line (`delivery/line`) they are that line's goods, and counted on it.

    Guarantees: on hand less expired less reserved never falls below zero, however many reserve at once; releasing it again
    leaves everything as before; of a line no more is kept than is open.
    Raises: FloorBroken or NotEnough, when there is not enough; for a delivery's line TooMuch, OtherGoods, NoDeliveryLine,
    IllegalStep.
    """
    wanted = base_quantity(view, item, quantity, unit)
    document, at = split_ref(for_) or ("", 0)
    delivery = view.seek(Delivery, document) if document else None
    kept = _ZERO
    if delivery is not None:
        delivery, for_ = delivery.to("reserve"), delivery.line_ref(at)
        kept = kept_of(held_for(view, for_))
        _check_line(delivery, at, MoveLine(item, wanted, place=place), left=delivery.line(at).open - kept)
    origins = () if delivery is None else (delivery.ref,)
    held = hold(view, item, wanted, place=place, on=on, for_=for_, until=until, partial=partial, origins=origins)
    if held is None:
        there = available(view, item, place=place, on=on)
        raise NotEnough(item=item, place=place, asked=Quantity(wanted, item), available=there)
    changes = Changes(held, entries=[entry_of(view, held, held.quantity, on)], floors=[floor_of(view, held)])
    if delivery is None:
        return changes
    counted = evolve(delivery.line(at), reserved=kept + held.quantity)
    return changes.adding(documents=[delivery.with_line(at, counted)])


def release(view: View, reservation: str, *, on: Day) -> Changes[Reservation]:
    """Let go of what is still kept; a delivery's line it was kept for counts it no more. Raises: DatedBefore, IllegalStep."""
    return _let_go(view, view.get(Reservation, reservation), "release", on)


def expire(view: View, reservation: str, *, on: Day) -> Changes[Reservation]:
    """Let go of a reservation whose last day has passed, like `release`. Raises: NotExpired, DatedBefore, IllegalStep."""
    found = view.get(Reservation, reservation)
    asked = day(on)
    if found.until is None or asked <= found.until:
        raise NotExpired(reservation=found.id, until=found.until, on=asked)
    return _let_go(view, found, "expire", on)


def _let_go(view: View, found: Reservation, verb: str, on: Day) -> Changes[Reservation]:
    ended = evolve(found.to(verb), left=_ZERO)
    changes = Changes(ended, entries=[entry_of(view, found, -found.left, on)])
    delivery = view.seek(Delivery, found.for_.rpartition("/")[0])
    if delivery is None:
        return changes
    rest = kept_of(held_for(view, found.for_)) - found.left
    after = [
        delivery.with_line(at, evolve(line, reserved=rest))
        for at, line in enumerate(delivery.lines, 1)
        if delivery.line_ref(at) == found.for_
    ]
    return changes.adding(documents=after)


def _check_line(delivery: Delivery, at: int, goods: MoveLine, *, left: Decimal) -> None:
    line = delivery.line(at)
    if (goods.item, goods.place) != (line.item, line.place):
        raise OtherGoods(delivery=delivery.id, line=at, item=line.item, place=line.place, asked=goods.item)
    if goods.quantity > left:
        raise TooMuch(delivery=delivery.id, line=at, step="reserve", asked=goods.quantity, left=left)
