"""Goods that come back: from a customer at the cost they left, to a supplier at what they came for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from attrs import evolve

from bizcore.change.changes import Changes
from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Invalid, NotFound, Refused
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.spans import Span
from bizcore.supply.fulfilment import Delivery, LineQuantity
from bizcore.supply.movements import CustomerReturn, Issue, MoveLine, Movement, Receipt, Shipment, VendorReturn
from bizcore.supply.places import ChangesOwner, pool_of
from bizcore.supply.purchasing import PurchaseOrder
from bizcore.supply.stock import record

R = TypeVar("R", CustomerReturn, VendorReturn)


class ReturnedMore(Refused):
    """More comes back than went."""

    code = "returned_more"

    def __init__(self, *, of: str, moved: Decimal, returned: Decimal) -> None:
        super().__init__(f"{returned} of {of} would be returned, {moved} went", of=of, moved=moved, returned=returned)


class ReturnedBefore(Refused):
    """Goods come back on a day before they went."""

    code = "returned_before"

    def __init__(self, *, of: str, on: date, first: date) -> None:
        super().__init__(
            f"what {of} moved on {first} cannot come back on {on}; from {first} on it can", of=of, on=on, first=first
        )


class NoSuchMove(NotFound):
    """The movement has no such line."""

    code = "no_such_move"

    def __init__(self, *, of: str, lines: int) -> None:
        super().__init__(f"there is no move {of}; the document has {lines} lines", of=of, lines=lines)


def take_back(
    view: View, shipment: str, lines: Sequence[LineQuantity] = (), *, on: Day, place: str | None = None
) -> Changes[CustomerReturn]:
    """Take back goods of a shipment or an issue, all of it when no lines are given, to the place they left or another.

    Guarantees: returned <= shipped, line by line; the goods come in at the cost they left, restated with it; they are ours,
    or not, as when they left.
    Raises: ReturnedBefore, ReturnedMore, ReturnedAll, NoSuchMove, NotFound, ChangesOwner.
    """
    sent: Movement = view.seek(Shipment, shipment) or view.get(Issue, shipment)
    goods = list(_coming_back(view, CustomerReturn, sent, lines, on))
    after: dict[str, Delivery] = {}
    back: list[MoveLine] = []
    for at, line in goods:
        left_from, _ = sent.ends(sent.lines[at - 1])
        to = place or left_from
        back.append(evolve(line, place=to))
        if _was_ours(view, sent, at) != (pool_of(view, to) is not None):
            raise ChangesOwner(item=line.item, source=sent.target, target=to)
        _count_delivery(view, after, line)
    returned = CustomerReturn(
        on=on,
        source=sent.target,
        target=place or sent.source,
        lines=back,
        party=sent.party,
        origins=(sent.ref, *(one.ref for one in after.values())),
    )
    return record(view, returned).adding(documents=after.values())


class ReturnedAll(Refused):
    """Everything that went came back already."""

    code = "returned_all"

    def __init__(self, *, of: str) -> None:
        super().__init__(f"nothing of {of} is left to return", of=of)


class ClaimsWithoutLines(Invalid):
    """A claim is for a line that goes back."""

    code = "claims_without_lines"

    def __init__(self, *, claims: int, lines: int) -> None:
        super().__init__(
            f"{claims} claims for {lines} lines that go back: one for each, in order", claims=claims, lines=lines
        )


def return_to_vendor(
    view: View,
    receipt: str,
    lines: Sequence[LineQuantity] = (),
    *,
    on: Day,
    claims: Sequence[Money] = (),
    place: str | None = None,
) -> Changes[VendorReturn]:
    """Send goods of a receipt back to the supplier, all of it when no lines are given, from where they came to or another place.

    `claims` state what the supplier owes for each line; without them it is the line's share of what the receipt cost. Under
    an average the goods leave at the current average; the difference to the claim is a purchase variance, either way: the
    supplier may owe more than the goods cost, as where the bill was dearer than the order.

    Guarantees: returned <= received, line by line.
    Raises: ReturnedBefore, ReturnedMore, ReturnedAll, NoSuchMove, NotFound, FloorBroken, NegativeCost, ForeignCost,
    ClaimsWithoutLines, ChangesOwner, OutsidePlace.
    """
    came = view.get(Receipt, receipt)
    goods = list(_coming_back(view, VendorReturn, came, lines, on))
    if len(claims) > len(goods):
        raise ClaimsWithoutLines(claims=len(claims), lines=len(goods))
    after: dict[str, PurchaseOrder] = {}
    back: list[MoveLine] = []
    for number, (at, line) in enumerate(goods):
        _, lies_at = came.ends(came.lines[at - 1])
        claim = claims[number] if number < len(claims) else None
        leaves = place or lies_at
        back.append(evolve(line, place=leaves, cost=claim))
        if _was_ours(view, came, at) != (pool_of(view, leaves) is not None):
            raise ChangesOwner(item=line.item, source=leaves, target=came.source)
        _count_order(view, after, line)
    returned = VendorReturn(
        on=on,
        source=place or came.target,
        target=came.source,
        lines=back,
        party=came.party,
        origins=(came.ref, *(one.ref for one in after.values())),
    )
    return record(view, returned).adding(documents=after.values())


def _coming_back(
    view: View, kind: type[R], movement: Movement, lines: Sequence[LineQuantity], on: Day
) -> Iterator[tuple[int, MoveLine]]:
    """The lines that come back, each pointing at its move. Raises: ReturnedBefore, ReturnedMore, ReturnedAll, NoSuchMove."""
    if day(on) < movement.on:
        raise ReturnedBefore(of=movement.id, on=day(on), first=movement.on)
    before: dict[str, Decimal] = {}
    for earlier in view.find(kind, "of", movement.id):
        for one in earlier.lines:
            if one.of is not None:
                before[one.of] = before.get(one.of, Decimal(0)) + one.quantity
    for wanted in lines or tuple(_rest(movement, before)):
        of = movement.move_ref(wanted.line)
        if not 1 <= wanted.line <= len(movement.lines):
            raise NoSuchMove(of=of, lines=len(movement.lines))
        line = movement.lines[wanted.line - 1]
        returned = before.get(of, Decimal(0)) + wanted.quantity
        if returned > line.quantity:
            raise ReturnedMore(of=of, moved=line.quantity, returned=returned)
        before[of] = returned
        yield (
            wanted.line,
            MoveLine(line.item, wanted.quantity, lot=line.lot, expiry=line.expiry, of=of, order=line.order),
        )


def _was_ours(view: View, movement: Movement, at: int) -> bool:
    """Whether a line moved goods of ours: only then it has a cost. What its place is today does not say so."""
    moved = Map({"ref": movement.move_ref(at)})
    query = PostingQuery(
        book="cost", unit=movement.lines[at - 1].item, span=Span(movement.on, movement.on + timedelta(1)), dims=moved
    )
    return any(row.amount for row in view.postings(query))


def _rest(movement: Movement, before: dict[str, Decimal]) -> Iterator[LineQuantity]:
    left = [
        (at, line.quantity - before.get(movement.move_ref(at), Decimal(0))) for at, line in enumerate(movement.lines, 1)
    ]
    if not any(quantity > 0 for _, quantity in left):
        raise ReturnedAll(of=movement.id)
    return (LineQuantity(at, quantity) for at, quantity in left if quantity > 0)


def _split(ref: str | None) -> tuple[str, int] | None:
    """A line's name as document and number."""
    if ref is None or "/" not in ref:
        return None
    document, _, line = ref.rpartition("/")
    return (document, int(line)) if line.isdecimal() else None


def _count_delivery(view: View, after: dict[str, Delivery], line: MoveLine) -> None:
    named = _split(line.order)
    if named is None:
        return
    found = after.get(named[0]) or view.seek(Delivery, named[0])
    if found is None:
        return
    one = found.line(named[1])
    after[found.id] = found.to("take_back").with_line(named[1], evolve(one, returned=one.returned + line.quantity))


def _count_order(view: View, after: dict[str, PurchaseOrder], line: MoveLine) -> None:
    named = _split(line.order)
    if named is None:
        return
    found = after.get(named[0]) or view.seek(PurchaseOrder, named[0])
    if found is None:
        return
    one = found.line(named[1])
    after[found.id] = found.with_line(named[1], evolve(one, returned=one.returned + line.quantity))
