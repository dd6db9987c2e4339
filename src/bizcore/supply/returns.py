"""Goods that come back: from a customer at the cost they left, to a supplier at what they came for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from attrs import evolve

from bizcore.book.lots import release_int
from bizcore.change.changes import Changes
from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Invalid, Refused
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.spans import Span
from bizcore.supply.cost import folded
from bizcore.supply.fulfilment import Delivery, LineQuantity
from bizcore.supply.limits import NoSuchMove, returned, split_ref
from bizcore.supply.movements import CustomerReturn, Issue, MoveLine, Movement, Receipt, Shipment, VendorReturn
from bizcore.supply.places import OUTSIDE, ChangesOwner, pool_of
from bizcore.supply.purchasing import PurchaseOrder
from bizcore.supply.stock import record


def take_back(
    view: View, shipment: str, lines: Sequence[LineQuantity] = (), *, on: Day, place: str | None = None
) -> Changes[CustomerReturn]:
    """Take back goods of a shipment or an issue, all of it when no lines are given, to the place they left or another.

    Guarantees: returned <= shipped, line by line; the goods come in at the cost they left, restated with it; they are ours,
    or not, as when they left.
    Raises: ReturnedBefore, ReturnedMore, ReturnedAll, NoSuchMove, NotFound, ChangesOwner.
    """
    sent: Movement = view.seek(Shipment, shipment) or view.get(Issue, shipment)
    goods = list(_coming_back(view, sent, lines))
    after: dict[str, Delivery] = {}
    back: list[MoveLine] = []
    for at, line, _ in goods:
        left_from, _ = sent.ends(sent.lines[at - 1])
        to = place or left_from
        back.append(evolve(line, place=to))
        if (_pool_then(view, sent, at) is None) != (pool_of(view, to) is None):
            raise ChangesOwner(item=line.item, source=sent.target, target=to)
        _count_delivery(view, after, line)
    goods_back = CustomerReturn(
        on=on,
        source=sent.target,
        target=place or sent.source,
        lines=back,
        party=sent.party,
        origins=(sent.ref, *(one.ref for one in after.values())),
    )
    return record(view, goods_back).adding(documents=after.values())


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
    an average, or from another cost pool, the goods leave at what they cost there; the difference to the claim is a purchase
    variance, either way: the supplier may owe more than the goods cost, as where the bill was dearer than the order.

    Guarantees: returned <= received, line by line.
    Raises: ReturnedBefore, ReturnedMore, ReturnedAll, NoSuchMove, NotFound, FloorBroken, NegativeCost, ForeignCost,
    ClaimsWithoutLines, ChangesOwner, OutsidePlace.
    """
    came = view.get(Receipt, receipt)
    goods = list(_coming_back(view, came, lines))
    if len(claims) > len(goods):
        raise ClaimsWithoutLines(claims=len(claims), lines=len(goods))
    after: dict[str, PurchaseOrder] = {}
    back: list[MoveLine] = []
    for number, (at, line, earlier) in enumerate(goods):
        _, lies_at = came.ends(came.lines[at - 1])
        claim = claims[number] if number < len(claims) else None
        gone = evolve(line, place=place or lies_at, cost=claim)
        leaves = gone.place or lies_at
        then, now = _pool_then(view, came, at), pool_of(view, leaves)
        if (then is None) != (now is None):
            raise ChangesOwner(item=line.item, source=leaves, target=came.source)
        if then is not None and then != now and claim is None:
            # The fold of one pool knows nothing of a receipt in another: the claim is stated.
            gone = evolve(gone, cost=_share(view, came, at, gone, earlier, pool=then, on=day(on)))
        back.append(gone)
        _count_order(view, after, line)
    goods_back = VendorReturn(
        on=on,
        source=place or came.target,
        target=came.source,
        lines=back,
        party=came.party,
        origins=(came.ref, *(one.ref for one in after.values())),
    )
    return record(view, goods_back).adding(documents=after.values())


def _coming_back(
    view: View, movement: Movement, lines: Sequence[LineQuantity]
) -> Iterator[tuple[int, MoveLine, Decimal]]:
    """The lines that come back, each pointing at its move, and what of it did before. Raises: ReturnedAll, NoSuchMove."""
    before = returned(view, movement)
    for wanted in lines or tuple(_rest(movement, before)):
        of = movement.move_ref(wanted.line)
        if not 1 <= wanted.line <= len(movement.lines):
            raise NoSuchMove(of=of, lines=len(movement.lines))
        line = movement.lines[wanted.line - 1]
        earlier = before.get(of, Decimal(0))
        before[of] = earlier + wanted.quantity
        back = MoveLine(line.item, wanted.quantity, lot=line.lot, expiry=line.expiry, of=of, order=line.order)
        yield wanted.line, back, earlier


def _pool_then(view: View, movement: Movement, at: int) -> str | None:
    """The cost pool that a line moved goods of ours into or out of; None where they were not ours, whatever their place is today."""
    moved = Map({"ref": movement.move_ref(at)})
    query = PostingQuery(
        book="cost", unit=movement.lines[at - 1].item, span=Span(movement.on, movement.on + timedelta(1)), dims=moved
    )
    return next((row.account for row in view.postings(query) if row.amount and row.account not in OUTSIDE), None)


def _share(view: View, came: Movement, at: int, gone: MoveLine, earlier: Decimal, *, pool: str, on: date) -> Money:
    """What of a receipt's cost is claimed with a part that leaves another pool; parts sum to the whole."""
    line, of = came.lines[at - 1], came.move_ref(at)
    whole = line.cost
    if whole is None:
        fold = folded(view, pool, line.item, on=on)
        worth = next(value for move, value in zip(fold.moves, fold.values, strict=True) if move.ref == of)
        whole = Money.of_minor(worth, view.currency)
    before = Quantity(earlier, line.item)
    # As the whole up to this part less the whole before it, so that no cent is left over.
    was, now = (release_int(line.amount.scaled, whole.minor, one.scaled) for one in (before, before + gone.amount))
    return Money.of_minor(now - was, view.currency)


def _rest(movement: Movement, before: dict[str, Decimal]) -> Iterator[LineQuantity]:
    left = [
        (at, line.quantity - before.get(movement.move_ref(at), Decimal(0))) for at, line in enumerate(movement.lines, 1)
    ]
    if not any(quantity > 0 for _, quantity in left):
        raise ReturnedAll(of=movement.id)
    return (LineQuantity(at, quantity) for at, quantity in left if quantity > 0)


def _count_delivery(view: View, after: dict[str, Delivery], line: MoveLine) -> None:
    named = split_ref(line.order)
    if named is None:
        return
    found = after.get(named[0]) or view.seek(Delivery, named[0])
    if found is None:
        return
    one = found.line(named[1])
    after[found.id] = found.to("take_back").with_line(named[1], evolve(one, returned=one.returned + line.quantity))


def _count_order(view: View, after: dict[str, PurchaseOrder], line: MoveLine) -> None:
    named = split_ref(line.order)
    if named is None:
        return
    found = after.get(named[0]) or view.seek(PurchaseOrder, named[0])
    if found is None:
        return
    one = found.line(named[1])
    after[found.id] = found.with_line(named[1], evolve(one, returned=one.returned + line.quantity))
