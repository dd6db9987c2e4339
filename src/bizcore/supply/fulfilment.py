"""Fulfilment: what a customer is to get, reserved, picked, shipped in parts, the rest a backorder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import ClassVar

from attrs import evolve, field, frozen

from bizcore.book.entry import Entry
from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.flow.beginning import fresh
from bizcore.flow.document import Document, Indexes, NoLines, Ref
from bizcore.flow.lifecycle import Lifecycle
from bizcore.flow.numbering import Numbering
from bizcore.kernel.days import Day, day, optional_day
from bizcore.kernel.errors import NotFound, Refused
from bizcore.kernel.exact import Number, number, positive
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.value import Value
from bizcore.supply import fields
from bizcore.supply.items import decimal_of
from bizcore.supply.movements import MoveLine, Shipment
from bizcore.supply.policies import NegativeStock, policies_for
from bizcore.supply.reservations import (
    Partial,
    Reservation,
    consume,
    entry_of,
    floor_of,
    held_for,
    hold,
    kept_of,
)
from bizcore.supply.stock import NotEnough, available, on_hand_usable, record

_ZERO = Decimal(0)
_LATER = ("reserved", "picked", "shipped", "cancelled", "returned")


class TooMuch(Refused):
    """More than the line has left for this step."""

    code = "too_much"

    def __init__(self, *, delivery: str, line: int, step: str, asked: Decimal, left: Decimal) -> None:
        super().__init__(
            f"line {line} of {delivery}: {asked} to {step}, {left} left",
            delivery=delivery,
            line=line,
            step=step,
            asked=asked,
            left=left,
        )


class NothingToDo(Refused):
    """No line has anything left for this step."""

    code = "nothing_to_do"

    def __init__(self, *, delivery: str, step: str) -> None:
        super().__init__(f"{delivery} has nothing to {step}", delivery=delivery, step=step)


class NoDeliveryLine(NotFound):
    """The delivery has no such line."""

    code = "no_delivery_line"

    def __init__(self, *, delivery: str, line: int, lines: int) -> None:
        super().__init__(f"{delivery} has lines 1 to {lines}, not {line}", delivery=delivery, line=line, lines=lines)


def _quantity(value: object) -> Decimal:
    return positive("a quantity to deliver", number(value))


@frozen
class DeliveryLine(Value):
    """A line to deliver: an item in its base unit from a place; `source` names the order line it is for.

    Guarantees: ordered = open + shipped + cancelled; picked <= open + shipped; returned <= shipped.
    """

    item: str = field(converter=fields.item)
    quantity: Decimal = field(converter=_quantity)
    place: str = field(converter=fields.inside)
    source: str = field(default="", kw_only=True)
    reserved: Decimal = field(default=_ZERO, kw_only=True, converter=number)
    picked: Decimal = field(default=_ZERO, kw_only=True, converter=number)
    shipped: Decimal = field(default=_ZERO, kw_only=True, converter=number)
    cancelled: Decimal = field(default=_ZERO, kw_only=True, converter=number)
    returned: Decimal = field(default=_ZERO, kw_only=True, converter=number)

    @property
    def open(self) -> Decimal:
        """What is still to be shipped."""
        return self.quantity - self.shipped - self.cancelled


def _lines(value: Iterable[DeliveryLine]) -> tuple[DeliveryLine, ...]:
    return tuple(value)


@frozen(kw_only=True)
class Delivery(Document):
    """What a customer is to get: open until every line is shipped or cancelled; what is left is the backorder.

    >>> Delivery(customer="beta", on="2026-02-01", lines=[DeliveryLine("bolt", 5, "wh")]).state
    'open'
    """

    kind = "delivery"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="DO")
    lifecycle: ClassVar[Lifecycle | None] = Lifecycle(
        "delivery",
        "open",
        {
            ("open", "reserve"): "open",
            ("open", "pick"): "open",
            ("open", "ship"): "open",
            ("open", "call_off"): "open",
            ("open", "complete"): "done",
            ("open", "cancel"): "cancelled",
            ("open", "take_back"): "open",
            ("done", "take_back"): "done",
            ("cancelled", "take_back"): "cancelled",
        },
    )
    indexes: ClassVar[Indexes] = {
        "party": lambda one: [(one.customer,)],
        "on": lambda one: [(one.on.isoformat(),)],
        "item": lambda one: [(line.item, one.state) for line in one.lines],
        "source": lambda one: [(line.source,) for line in one.lines if line.source],
    }

    customer: str = field(converter=fields.customer)
    on: date = field(converter=day)
    lines: tuple[DeliveryLine, ...] = field(converter=_lines)
    due: date | None = field(default=None, converter=optional_day)

    def __attrs_post_init__(self) -> None:
        """Something is to be delivered."""
        if not self.lines:
            raise NoLines(kind=type(self).kind)
        Document.__attrs_post_init__(self)

    def line(self, line: int) -> DeliveryLine:
        """A line, counted from 1. Raises: NoDeliveryLine."""
        if not 1 <= line <= len(self.lines):
            raise NoDeliveryLine(delivery=self.id or self.kind, line=line, lines=len(self.lines))
        return self.lines[line - 1]

    def line_ref(self, line: int) -> str:
        """The name of a line: what reservations and shipments point at."""
        return f"{self.id}/{line}"

    def with_line(self, line: int, new: DeliveryLine) -> Delivery:
        """The delivery with one line replaced."""
        return evolve(self, lines=(*self.lines[: line - 1], new, *self.lines[line:]))

    @property
    def backorder(self) -> tuple[tuple[int, Decimal], ...]:
        """What is still open, by line."""
        return tuple((at, one.open) for at, one in enumerate(self.lines, 1) if one.open)


@frozen
class LineQuantity(Value):
    """How much of which line, counted from 1."""

    line: int
    quantity: Decimal = field(converter=_quantity)


# -- verbs -----------------------------------------------------------------------------------------------------------


def plan_delivery(
    view: View,
    lines: Sequence[DeliveryLine],
    *,
    customer: str,
    on: Day,
    due: Day | None = None,
    id: str = "",
    origins: Sequence[Ref] = (),
) -> Changes[Delivery]:
    """Record what a customer is to get; nothing is reserved yet. Raises: NotNew (a line says that something was done)."""
    planned = Delivery(id=id, customer=customer, on=on, due=due, lines=tuple(lines), origins=tuple(origins))
    return Changes(view.mint(fresh(planned, lines=_LATER)))


def reserve_delivery(
    view: View, delivery: str, *, on: Day, until: Day | None = None, partial: Partial = Partial.REFUSE
) -> Changes[Delivery]:
    """Keep goods for every line that is not reserved yet; all of them or, when asked, what there is.

    Guarantees: `reserved` of a line is what its reservations keep; what of them is let go can be reserved again.
    Raises: FloorBroken (not enough for all), NotEnough (nothing at all to keep), NothingToDo, IllegalStep.
    """
    found = view.get(Delivery, delivery)
    after = found.to("reserve")
    kept: list[Reservation] = []
    taken: dict[tuple[str, str], Decimal] = {}
    before = {at: kept_of(held_for(view, found.line_ref(at))) for at in range(1, len(found.lines) + 1)}
    wanted = [(at, one, one.open - before[at]) for at, one in enumerate(found.lines, 1) if one.open > before[at]]
    if not wanted:
        raise NothingToDo(delivery=found.id, step="reserve")
    for at, line, lacking in wanted:
        key = (line.place, line.item)
        one = hold(
            view,
            line.item,
            lacking,
            place=line.place,
            on=on,
            until=until,
            for_=found.line_ref(at),
            partial=partial,
            already=taken.get(key, _ZERO),
            origins=(found.ref,),
        )
        if one is None:
            continue
        taken[key] = taken.get(key, _ZERO) + one.quantity
        kept.append(one)
        after = after.with_line(at, evolve(line, reserved=before[at] + one.quantity))
    if not kept:
        _, line, lacking = wanted[0]
        there = available(view, line.item, place=line.place, on=on)
        raise NotEnough(item=line.item, place=line.place, asked=Quantity(lacking, line.item), available=there)
    return Changes(
        after,
        documents=[after, *kept],
        entries=[entry_of(view, one, one.quantity, on) for one in kept],
        floors=list({one.terms: one for one in (floor_of(view, made) for made in kept)}.values()),
    )


def pick(view: View, delivery: str, lines: Sequence[LineQuantity] = (), *, on: Day) -> Changes[Delivery]:
    """Note what was taken from the shelf, everything open when no lines are given.

    Raises: TooMuch, NotEnough (so much does not lie there, usable), NothingToDo (all is picked), IllegalStep.
    """
    found = view.get(Delivery, delivery)
    after = found.to("pick")
    chosen = lines or [
        LineQuantity(at, one.open + one.shipped - one.picked)
        for at, one in enumerate(found.lines, 1)
        if one.open + one.shipped > one.picked
    ]
    if not chosen:
        raise NothingToDo(delivery=found.id, step="pick")
    for one in chosen:
        line = after.line(one.line)
        left = line.open + line.shipped - line.picked
        if one.quantity > left:
            raise TooMuch(delivery=found.id, line=one.line, step="pick", asked=one.quantity, left=left)
        after = after.with_line(one.line, evolve(line, picked=line.picked + one.quantity))
    _check_picked(view, after, on)
    return Changes(after)


def _check_picked(view: View, delivery: Delivery, on: Day) -> None:
    """What is picked and not shipped yet lies where it was picked. Raises: NotEnough."""
    for place, item in dict.fromkeys((one.place, one.item) for one in delivery.lines if one.picked > one.shipped):
        # Where goods may leave before the books know that they came, the shelf may hold them all the same.
        if policies_for(view, item, on=on).negative_stock is NegativeStock.PROVISIONAL:
            continue
        mine = (one for one in delivery.lines if (one.place, one.item) == (place, item))
        asked = Quantity(sum((one.picked - one.shipped for one in mine), _ZERO), item)
        there = on_hand_usable(view, item, place=place, on=on)
        if asked > there:
            raise NotEnough(item=item, place=place, asked=asked, available=there)


def ship(
    view: View,
    delivery: str,
    lines: Sequence[LineQuantity] = (),
    *,
    on: Day,
    partial: Partial = Partial.REFUSE,
) -> Changes[Shipment]:
    """Send goods: the lines given, else what is picked and not sent yet, or everything open when nothing is; with `partial` what
    of it is there.

    What was reserved for the line is used up first. What is not shipped stays open as the backorder.

    Guarantees: the answer is the shipment; per line, ordered = open + shipped + cancelled.
    Raises: TooMuch, NoDeliveryLine, NothingToDo, NotEnough, FloorBroken, NotCovered (the cost pool holds less), ExpiredLot,
    DatedBefore (what is reserved for it was so later), IllegalStep.
    """
    found = view.get(Delivery, delivery)
    after = found.to("ship")
    kept = {at: tuple(held_for(view, found.line_ref(at))) for at in range(1, len(found.lines) + 1)}
    chosen = _together(lines) if lines else _what_there_is(view, found, kept, partial, on)
    if not chosen:
        raise NothingToDo(delivery=found.id, step="ship")
    goods: list[MoveLine] = []
    used: list[Reservation] = []
    entries: list[Entry] = []
    for at, quantity in chosen.items():
        line = after.line(at)
        if quantity > line.open:
            raise TooMuch(delivery=found.id, line=at, step="ship", asked=quantity, left=line.open)
        reservations, posted, freed = consume(view, kept[at], quantity, on=on)
        used += reservations
        entries += posted
        shipped = line.shipped + quantity
        after = after.with_line(
            at, evolve(line, shipped=shipped, picked=max(line.picked, shipped), reserved=kept_of(kept[at]) - freed)
        )
        goods.append(MoveLine(line.item, quantity, place=line.place, order=found.line_ref(at)))
    if not after.backorder:
        after = after.to("complete")
    changes = record(
        view,
        Shipment(
            on=on,
            source=goods[0].place or found.lines[0].place,
            target="customer",
            lines=goods,
            party=found.customer,
            origins=(found.ref,),
        ),
    )
    return changes.adding(documents=[after, *used], entries=entries)


def cancel_delivery(view: View, delivery: str, *, on: Day) -> Changes[Delivery]:
    """Cancel what is still open; what is reserved or picked for it is let go, what was shipped stays shipped.

    Raises: DatedBefore (a reservation was made later), IllegalStep.
    """
    found = view.get(Delivery, delivery)
    after = found.to("cancel")
    let_go: list[Reservation] = []
    entries: list[Entry] = []
    for at, line in enumerate(found.lines, 1):
        for one in held_for(view, found.line_ref(at)):
            let_go.append(evolve(one.to("release"), left=_ZERO))
            entries.append(entry_of(view, one, -one.left, on))
        after = after.with_line(
            at, evolve(line, cancelled=line.cancelled + line.open, picked=line.shipped, reserved=_ZERO)
        )
    return Changes(after, documents=[after, *let_go], entries=entries)


def call_off(view: View, delivery: str, *, line: int, quantity: Number, on: Day) -> Changes[Delivery]:
    """Take a quantity of what is still open off a line; what was kept beyond the rest is let go, oldest first.

    A delivery of which nothing is open any more is done, or cancelled when nothing of it was shipped.

    Raises: TooMuch, NoDeliveryLine, DatedBefore (a reservation was made later), IllegalStep.
    """
    found = view.get(Delivery, delivery)
    after = found.to("call_off")
    before = found.line(line)
    less = positive("a quantity to call off", number(quantity))
    if less > before.open:
        raise TooMuch(delivery=found.id, line=line, step="call off", asked=less, left=before.open)
    kept = tuple(held_for(view, found.line_ref(line)))
    beyond = kept_of(kept) - (before.open - less)
    let_go, entries, freed = consume(view, kept, max(beyond, _ZERO), on=on)
    cancelled = before.cancelled + less
    after = after.with_line(
        line,
        evolve(
            before,
            cancelled=cancelled,
            picked=min(before.picked, before.quantity - cancelled),
            reserved=kept_of(kept) - freed,
        ),
    )
    if not after.backorder:
        after = after.to("complete" if any(one.shipped for one in after.lines) else "cancel")
    return Changes(after, documents=[after, *let_go], entries=entries)


def _together(lines: Sequence[LineQuantity]) -> dict[int, Decimal]:
    chosen: dict[int, Decimal] = {}
    for one in lines:
        chosen[one.line] = chosen.get(one.line, _ZERO) + one.quantity
    return chosen


def _what_there_is(
    view: View, delivery: Delivery, kept: Mapping[int, Sequence[Reservation]], partial: Partial, on: Day
) -> dict[int, Decimal]:
    """What is picked, else everything open; or what of it is there and usable: free goods and those reserved for the line."""
    picked = any(one.picked > one.shipped for one in delivery.lines)
    chosen: dict[int, Decimal] = {}
    free: dict[tuple[str, str], Decimal] = {}
    there: dict[tuple[str, str], Decimal] = {}
    for at, line in enumerate(delivery.lines, 1):
        quantity = line.picked - line.shipped if picked else line.open
        if partial is Partial.TAKE:
            key = (line.place, line.item)
            if key not in free:
                free[key] = decimal_of(available(view, line.item, place=line.place, on=on))
                there[key] = decimal_of(on_hand_usable(view, line.item, place=line.place, on=on))
            own = kept_of(kept[at])
            # Goods reserved for the line may have expired since.
            quantity = min(quantity, own + max(free[key], _ZERO), there[key])
            free[key] -= max(quantity - own, _ZERO)
            there[key] -= max(quantity, _ZERO)
        if quantity > 0:
            chosen[at] = quantity
    return chosen
