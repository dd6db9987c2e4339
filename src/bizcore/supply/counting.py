"""Counting: the difference is booked, and stays what makes the count true when earlier moves become known later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, TypeVar

from attrs import evolve

from bizcore.book.entry import Entry, Posting
from bizcore.change.changes import Changes
from bizcore.change.locks import LockKind, first_open
from bizcore.change.view import View
from bizcore.flow.document import Document
from bizcore.kernel.days import LAST, Day
from bizcore.kernel.errors import Refused
from bizcore.kernel.exact import Number
from bizcore.kernel.maps import Map
from bizcore.kernel.quantity import Quantity
from bizcore.supply.counts import COUNT, Count, CountLine, NegativeCount, held_before
from bizcore.supply.items import Item, based, decimal_of, scaled_decimal
from bizcore.supply.movements import Adjustment, MoveLine
from bizcore.supply.places import OUTSIDE
from bizcore.supply.stock import floors

D = TypeVar("D", bound=Document | Entry)

ADJUSTMENT: Final = "adjustment"
"""The outside place that what is found comes from, and what is missing went to."""
_DAY = timedelta(days=1)


class LotsToCount(Refused):
    """Goods that lie in lots are counted lot by lot: a difference would belong to none of them."""

    code = "lots_to_count"
    allowed: tuple[str, ...] = ("a line for each lot",)

    def __init__(self, *, item: str, place: str, lots: tuple[str, ...]) -> None:
        super().__init__(
            f"{item} lies at {place} in lots ({', '.join(lots[:10])}): count each", item=item, place=place, lots=lots
        )


def count(
    view: View,
    item: str,
    quantity: Number,
    *,
    place: str,
    on: Day,
    lot: str | None = None,
    expiry: Day | None = None,
    unit: str | None = None,
) -> Changes[Count]:
    """Record what was counted of an item at a place, 0 for nothing; `unit` is a packaging unit, converted exactly.

    Guarantees and errors: those of `count_lines`; NoConversion.
    """
    known = view.seek(Item, item) if unit is not None else None
    found = based(item, quantity, unit, known)
    if found.sign < 0:
        raise NegativeCount(item=item, quantity=decimal_of(found))
    return count_lines(view, (CountLine(item, decimal_of(found), lot=lot, expiry=expiry),), place=place, on=on)


def count_lines(view: View, lines: Sequence[CountLine], *, place: str, on: Day) -> Changes[Count]:
    """Record a count of several items at a place, all of it or nothing; quantities are in base units.

    It holds for the moment after all that is recorded of that day by now. The differences are found or missing goods, at the
    cost of their pool; on a locked day they are booked on the first open one.

    Guarantees: what is recorded later of earlier days changes the difference and not what was counted; what is dated later, or
    recorded later of the same day, is untouched. What stays is at least what is reserved, unless negative stock is provisional.
    Raises: NegativeCount, CountedTwice, LotsToCount, EmptyMovement, OutsidePlace, FloorBroken (less was counted than is
    reserved or has left since), NotEnough (of a lot), NotCovered, TooFine.
    """
    asked = Count(place=place, on=on, lines=lines)
    booked = first_open(view, LockKind.STOCK.value, asked.on)
    counted = view.mint(evolve(asked, booked=booked))
    now = (counted.on.isoformat(), view.head.position + 1)
    postings: list[Posting] = []
    missing: list[MoveLine] = []
    for at, line in enumerate(counted.lines, 1):
        held = held_before(view, place, line, moment_of=now)
        by = line.amount.scaled - sum(held.values())
        if by and line.lot is None and any(held[lot] for lot in held if lot):
            raise LotsToCount(item=line.item, place=place, lots=tuple(sorted(lot for lot in held if lot and held[lot])))
        if by:
            postings += _legs(
                counted, at, Quantity.of_scaled(by, line.item), lot=line.lot, due=_due(view, counted, line)
            )
        if by < 0:
            missing.append(MoveLine(line.item, scaled_decimal(-by), lot=line.lot))
    if not postings:
        return Changes(counted)
    gone = [Adjustment(on=booked, source=place, target=ADJUSTMENT, lines=missing)] if missing else []
    entry = view.mint(_entry(counted, booked, postings))
    return Changes(counted, entries=[entry], floors=[floor for one in gone for floor in floors(view, one)])


def hold(view: View, changes: Changes[D]) -> Changes[D]:
    """Keep counts true: what a change moves before one is taken back in what the count books.

    Guarantees: at the moment of every count there is what was counted, whatever is recorded later of earlier days.
    """
    by_count: dict[str, tuple[Count, list[Posting]]] = {}
    for entry in changes.entries:
        for one in entry.postings if entry.book == "stock" else ():
            if one.account in OUTSIDE or not one.scaled:
                continue
            # What a count books stands where it counted, also when that day is locked.
            on = entry.about if COUNT in one.dims and entry.about is not None else entry.on
            found = _first_after(view, one, on)
            if found is not None and isinstance(one.amount, Quantity):
                known, line = found
                legs = by_count.setdefault(known.id, (known, []))[1]
                legs += _legs(known, line, -one.amount, lot=one.lot, due=one.due, dims=Map({}))
    entries = []
    for known, postings in by_count.values():
        booked = first_open(view, LockKind.STOCK.value, known.booked or known.on)
        entries.append(view.mint(_entry(known, booked, postings)))
    return changes.adding(entries=entries)


def _first_after(view: View, posting: Posting, on: date) -> tuple[Count, int] | None:
    """The first count after a day that speaks of the goods of a posting, and its line: later ones rest on it."""
    newest = view.last(Count, "item", posting.account, posting.unit, upto=LAST)
    if newest is None or newest.on <= on:
        return None
    later = [one for one in view.find(Count, "item", posting.account, posting.unit) if one.on > on]
    for one in sorted(later, key=lambda one: (one.on, view.position_of(Count, one.id))):
        for at, line in enumerate(one.lines, 1):
            if line.covers(posting.unit, posting.lot or ""):
                return one, at
    return None


def _due(view: View, counted: Count, line: CountLine) -> date | None:
    """When a lot expires: as the books know it, else as the line says."""
    lots = view.lots("stock", counted.place) if line.lot is not None else ()
    return next((one.due for one in lots if one.id == line.lot and one.amount.unit == line.item), line.expiry)


def _legs(
    counted: Count, at: int, by: Quantity, *, lot: str | None, due: date | None, dims: Map[str] | None = None
) -> list[Posting]:
    """What a line books: more at the place, or less."""
    named = Map({"ref": counted.line_ref(at)}) if dims is None else dims
    named = named.set(COUNT, counted.line_ref(at))
    if lot is not None:
        named = named.set("lot", lot)
    legs = [
        Posting(counted.place, by, lot=lot, due=due, dims=named),
        Posting(ADJUSTMENT, -by, dims=named),
    ]
    return legs if by.sign < 0 else legs[::-1]


def _entry(counted: Count, booked: date, postings: Sequence[Posting]) -> Entry:
    return Entry(booked, postings, book="stock", text=Count.kind, about=None if booked == counted.on else counted.on)
