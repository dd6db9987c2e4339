"""Goods in, out and between places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TypeVar

from attrs import evolve

from bizcore.book.lots import Lot
from bizcore.change.changes import Changes, Floor
from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.flow.document import Ref
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Invalid, Refused
from bizcore.kernel.exact import Number, number, plain_number
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.spans import Span
from bizcore.supply.items import base_quantity, decimal_of
from bizcore.supply.limits import check_back
from bizcore.supply.movements import Adjustment, Issue, MoveLine, Movement, Receipt, Transfer
from bizcore.supply.picking import pick, usable
from bizcore.supply.places import OUTSIDE
from bizcore.supply.policies import NegativeStock, policies_for

M = TypeVar("M", bound=Movement)


class NotEnough(Refused):
    """There is not enough that may leave."""

    code = "not_enough"

    def __init__(self, *, item: str, place: str, asked: Quantity, available: Quantity) -> None:
        super().__init__(
            f"{plain_number(asked.amount)} of {item} asked at {place}, "
            f"{plain_number(available.amount)} may leave (goods that are reserved, expired or came later do not)",
            item=item,
            place=place,
            asked=asked,
            available=available,
        )


class NotOutside(Invalid):
    """A receipt comes from outside, an issue goes there, a transfer stays inside."""

    code = "not_outside"

    def __init__(self, *, place: str, expected: str) -> None:
        super().__init__(f"{place!r} is not {expected}", place=place, expected=expected)


class ExpiredLot(Refused):
    """A customer gets nothing that has expired."""

    code = "expired_lot"
    allowed: tuple[str, ...] = ("another lot", "issue to scrap", "return_to_vendor")

    def __init__(self, *, item: str, lot: str, expiry: date, on: date) -> None:
        super().__init__(
            f"lot {lot} of {item} was usable until {expiry}, and it is {on}: scrap it, or send it back",
            item=item,
            lot=lot,
            expiry=expiry,
            on=on,
        )


class ForeignCost(Invalid):
    """The cost of goods is stated in another currency than the company's."""

    code = "foreign_cost"

    def __init__(self, *, item: str, cost: Money, company: str) -> None:
        super().__init__(
            f"{item} is said to cost {cost}, and goods are valued in {company}: convert it at a rate first",
            item=item,
            cost=cost,
            company=company,
        )


# -- planners --------------------------------------------------------------------------------------------------------


def receive(
    view: View,
    item: str,
    quantity: Number,
    *,
    place: str,
    on: Day,
    source: str = "supplier",
    cost: Money | None = None,
    lot: str | None = None,
    expiry: Day | None = None,
    unit: str | None = None,
    of: str | None = None,
) -> Changes[Receipt]:
    """Take goods in. `cost` is their whole value in the company's currency; without it they come in at the current cost.

    `unit` is a packaging unit of the item, converted exactly; `of` the move (`document/line`) that comes back.

    Raises: NotPositive, NoConversion, TooFine, NotOutside, OutsidePlace, ForeignCost, NegativeCost; of what comes back
    NoSuchMove, ReturnedBefore, ReturnedMore.
    """
    _outside(source)
    line = MoveLine(item, base_quantity(view, item, quantity, unit), cost=cost, lot=lot, expiry=expiry, of=of)
    return record(view, Receipt(on=on, source=source, target=place, lines=(line,)))


def receive_lines(
    view: View,
    lines: Sequence[MoveLine],
    *,
    place: str,
    on: Day,
    source: str = "supplier",
    party: str | None = None,
) -> Changes[Receipt]:
    """Take in several items as one receipt; quantities are in base units.

    Raises: NotOutside, OutsidePlace, EmptyMovement, ForeignCost.
    """
    _outside(source)
    return record(view, Receipt(on=on, source=source, target=place, lines=lines, party=party))


def issue(
    view: View,
    item: str,
    quantity: Number,
    *,
    place: str,
    on: Day,
    target: str = "customer",
    lot: str | None = None,
    unit: str | None = None,
    of: str | None = None,
) -> Changes[Issue]:
    """Let goods out. Without a lot, lots are chosen by the policy `picking`.

    Guarantees: what stays at the place is at least what is reserved there, unless negative stock is provisional by policy.
    Raises: NotEnough, FloorBroken, NotCovered (at some date more would have left than had come), ExpiredLot,
    NotOutside, NotPositive, NoConversion, TooFine.
    """
    _outside(target)
    line = MoveLine(item, base_quantity(view, item, quantity, unit), lot=lot, of=of)
    return record(view, Issue(on=on, source=place, target=target, lines=(line,)))


def issue_lines(
    view: View,
    lines: Sequence[MoveLine],
    *,
    place: str,
    on: Day,
    target: str = "customer",
    party: str | None = None,
) -> Changes[Issue]:
    """Let out several items as one issue; quantities are in base units.

    Raises: NotEnough, FloorBroken, NotCovered, ExpiredLot, NotOutside, OutsidePlace, EmptyMovement.
    """
    _outside(target)
    return record(view, Issue(on=on, source=place, target=target, lines=lines, party=party))


def transfer(
    view: View,
    item: str,
    quantity: Number,
    *,
    source: str,
    target: str,
    on: Day,
    lot: str | None = None,
    unit: str | None = None,
) -> Changes[Transfer]:
    """Carry goods from one place of ours to another; between cost pools their cost goes with them.

    Raises: NotOutside, SamePlace, NotEnough, FloorBroken, NotCovered (between cost pools), ChangesOwner (one of the places is not
    ours).
    """
    for place in (source, target):
        if place in OUTSIDE:
            raise NotOutside(place=place, expected="a place of ours")
    line = MoveLine(item, base_quantity(view, item, quantity, unit), lot=lot)
    return record(view, Transfer(on=on, source=source, target=target, lines=(line,)))


def adjust(
    view: View,
    item: str,
    by: Number,
    *,
    place: str,
    on: Day,
    cost: Money | None = None,
    lot: str | None = None,
) -> Changes[Adjustment]:
    """Correct what is there by a difference: found is positive, missing negative.

    What is found comes in at the current cost unless one is stated; what is missing leaves like an issue.

    Raises: NotPositive (a difference of nothing), OutsidePlace, ForeignCost, NegativeCost, NotEnough, FloorBroken, NotCovered.
    """
    difference = number(by)
    ends = (place, "adjustment") if difference < 0 else ("adjustment", place)
    line = MoveLine(item, abs(difference), cost=cost, lot=lot)
    return record(view, Adjustment(on=on, source=ends[0], target=ends[1], lines=(line,)))


def move(
    view: View, item: str, quantity: Number, *, source: str, target: str, on: Day, lot: str | None = None
) -> Changes[Movement]:
    """Move goods from anywhere to anywhere: a receipt, an issue or a transfer by where source and target lie.

    Raises: NotOutside (both ends are outside), SamePlace, NotPositive, TooFine, NotEnough, FloorBroken, NotCovered, ExpiredLot,
    ChangesOwner (one of the places is not ours).
    """
    line = MoveLine(item, base_quantity(view, item, quantity), lot=lot)
    kind: type[Movement] = Transfer
    if source in OUTSIDE:
        kind = Receipt
    elif target in OUTSIDE:
        kind = Issue
    if source in OUTSIDE and target in OUTSIDE:
        raise NotOutside(place=source, expected="a place of ours, nor is the target")
    return record(view, kind(on=on, source=source, target=target, lines=(line,)))


# -- what every movement shares --------------------------------------------------------------------------------------


def record(view: View, movement: M) -> Changes[M]:
    """The changes of a movement: its document with lots chosen, its stock entry, the floors at the places it leaves.

    Raises: ForeignCost, NotEnough, ExpiredLot; where a line points back, NoSuchMove, ReturnedBefore, ReturnedMore.
    """
    check_back(view, movement)
    for line in movement.lines:
        if line.cost is not None and line.cost.currency != view.currency:
            raise ForeignCost(item=line.item, cost=line.cost, company=view.currency)
    chosen = evolve(movement, lines=_with_lots(view, movement))
    minted = view.mint(chosen)
    return Changes(minted, entries=[view.mint(minted.entry())], floors=floors(view, minted))


def _with_lots(view: View, movement: Movement) -> tuple[MoveLine, ...]:
    """The lines, split where several lots give one; lines that name a lot keep it. What leaves takes its expiry along."""
    lines: list[MoveLine] = []
    taken: dict[tuple[str, str], Decimal] = {}
    for line in movement.lines:
        source, _ = movement.ends(line)
        if source in OUTSIDE:
            lines.append(line)
            continue
        lots = [one for one in view.lots("stock", source) if _unit(one.amount) == line.item]
        dues = {one.id: one.due for one in lots}
        if line.lot is not None:
            lines.append(evolve(line, expiry=dues.get(line.lot) or line.expiry))
            continue
        if not lots:
            lines.append(line)
            continue
        policies = policies_for(view, line.item, on=movement.on)
        left = [
            evolve(one, amount=_goods(one.amount) - Quantity(taken.get((source, one.id), Decimal(0)), line.item))
            for one in lots_then(view, lots, on=movement.on)
        ]
        found = pick([one for one in left if one.amount], line.amount, on=movement.on, picking=policies.picking)
        for use in found.uses:
            used = decimal_of(_goods(use.amount))
            taken[source, use.lot] = taken.get((source, use.lot), Decimal(0)) + used
            lines.append(evolve(line, quantity=used, lot=use.lot, expiry=dues[use.lot]))
        if found.rest:
            loose = _goods(view.balance("stock", source, line.item).amount)
            for one in lots:
                loose -= _goods(one.amount)
            if loose < _goods(found.rest) and policies.negative_stock is NegativeStock.REFUSE:
                available = line.amount - _goods(found.rest) + loose
                raise NotEnough(item=line.item, place=source, asked=line.amount, available=available)
            lines.append(evolve(line, quantity=decimal_of(_goods(found.rest))))
    return tuple(lines)


def floors(view: View, movement: Movement) -> list[Floor]:
    """At every place that goods leave, what stays and is usable is at least what is reserved; each lot named has what it gives."""
    found: dict[tuple[str, str], Floor] = {}
    for line in movement.lines:
        source, target = movement.ends(line)
        if source in OUTSIDE or (source, line.item) in found:
            continue
        policies = policies_for(view, line.item, on=movement.on)
        # What passes on to another place of ours is never a guess, whatever the policy on issues.
        if policies.negative_stock is NegativeStock.PROVISIONAL and target in OUTSIDE:
            continue
        found[source, line.item] = available_floor(source, line.item, least=_least(view, movement, source, line.item))
    _check_lots(view, movement)
    return list(found.values())


def _least(view: View, movement: Movement, place: str, item: str) -> Quantity:
    """What on hand less reserved must not fall below when goods leave: the expired ones that stay."""
    old = {one.id: _goods(one.amount) for one in _expired_lots(view, item, place=place, on=movement.on)}
    stays = sum(old.values(), Quantity(0, item))
    if not stays:
        return stays
    for line in movement.lines:
        if line.item == item and line.lot in old and movement.ends(line)[0] == place:
            stays -= line.amount
    # Where reserved goods have expired less than nothing is available; whatever does not make that worse may leave.
    lacking = min(available(view, item, place=place, on=movement.on), Quantity(0, item))
    return max(stays + lacking, Quantity(0, item))


def _check_lots(view: View, movement: Movement) -> None:
    wanted: dict[tuple[str, str, str], Quantity] = {}
    for line in movement.lines:
        source, target = movement.ends(line)
        if line.lot is not None and target == "customer" and line.expiry is not None and line.expiry < movement.on:
            raise ExpiredLot(item=line.item, lot=line.lot, expiry=line.expiry, on=movement.on)
        if line.lot is not None and source not in OUTSIDE:
            key = (source, line.item, line.lot)
            wanted[key] = wanted.get(key, Quantity(0, line.item)) + line.amount
    for (place, item, lot), asked in wanted.items():
        found = [one for one in view.lots("stock", place) if one.id == lot and _unit(one.amount) == item]
        held = sum((_goods(one.amount) for one in lots_then(view, found, on=movement.on)), Quantity(0, item))
        if held < asked:
            raise NotEnough(item=item, place=place, asked=asked, available=held)


def lots_then(view: View, lots: Sequence[Lot], *, on: date) -> list[Lot]:
    """The open lots of an item at a place with what may leave of each on a day: nothing of what came later.

    Guarantees: what leaves on a day was there, and is missing on no later one, also where a lot first became known later. Lots that
    are as old as the day are taken as they stand now. Under `PROVISIONAL` goods may leave before they came, and so may lots.
    """
    late = {one.id for one in lots if one.on > on}
    if not late:
        return list(lots)
    place, item = lots[0].account, _unit(lots[0].amount)
    if policies_for(view, item, on=on).negative_stock is NegativeStock.PROVISIONAL:
        return list(lots)
    query = PostingQuery(book="stock", account=place, unit=item, span=Span(on + timedelta(days=1), None))
    later = sorted((row for row in view.postings(query) if row.lot in late), key=lambda row: row.on, reverse=True)
    levels = {one.id: _goods(one.amount).scaled for one in lots}
    least = dict(levels)
    for _, rows in groupby(later, key=lambda row: row.on):
        for row in rows:
            levels[row.lot] -= row.amount
        least = {lot: min(level, levels[lot]) for lot, level in least.items()}
    return [evolve(one, amount=Quantity.of_scaled(max(least[one.id], 0), item)) for one in lots]


def available_floor(place: str, item: str, *, least: Quantity) -> Floor:
    """On hand less reserved is at least so much, whoever else was first."""
    return Floor(terms=(("stock", place, item, 1), ("reserved", place, item, -1)), least=least)


def available(view: View, item: str, *, place: str, on: Day) -> Quantity:
    """What is on hand at a place, usable on a day and not reserved."""
    return on_hand_usable(view, item, place=place, on=on) - _goods(view.balance("reserved", place, item).amount)


def on_hand_usable(view: View, item: str, *, place: str, on: Day) -> Quantity:
    """What is on hand at a place and has not expired by a day."""
    return _goods(view.balance("stock", place, item).amount) - expired(view, item, place=place, on=on)


def expired(view: View, item: str, *, place: str, on: Day) -> Quantity:
    """What lies at a place in lots that have expired by a day."""
    return sum((_goods(one.amount) for one in _expired_lots(view, item, place=place, on=on)), Quantity(0, item))


def _expired_lots(view: View, item: str, *, place: str, on: Day) -> list[Lot]:
    asked = day(on)
    return [one for one in view.lots("stock", place) if _unit(one.amount) == item and not usable(one, asked)]


def origins(*refs: Ref) -> tuple[Ref, ...]:
    """Origin links without repetition."""
    return tuple(dict.fromkeys(refs))


def _outside(place: str) -> None:
    if place not in OUTSIDE:
        raise NotOutside(place=place, expected=f"an outside place ({', '.join(sorted(OUTSIDE))})")


def _unit(amount: Money | Quantity) -> str:
    return amount.unit


def _goods(amount: Money | Quantity) -> Quantity:
    if isinstance(amount, Quantity):
        return amount
    raise NotOutside(place=str(amount), expected="a quantity")
