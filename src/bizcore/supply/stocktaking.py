"""Counting seen from outside: what there is to count, what counts found and what that was worth, and whether they still hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bizcore.change.documents import Documents
from bizcore.change.reading import PostingQuery, PostingRow
from bizcore.change.view import View
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.periods import Period
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.table import Column, Table
from bizcore.supply.cost import folded
from bizcore.supply.counts import COUNT, Count, held_before
from bizcore.supply.items import scaled_decimal
from bizcore.supply.places import OUTSIDE
from bizcore.supply.reports import Difference
from bizcore.supply.valuation import Fold

_DAY = timedelta(days=1)


def count_sheet(view: View, *, place: str) -> Table:
    """What there is to count at a place, item by item and lot by lot: a blind sheet, which does not say how much is expected."""
    rows: list[tuple[object, ...]] = []
    lots = [(one.amount.unit, one.id) for one in view.lots("stock", place)]
    for row in view.totals(PostingQuery(book="stock", account=place), by=("unit",)):
        item = row.key[0]
        named = sorted(lot for unit, lot in lots if unit == item)
        if row.amount or named:
            rows += [(item, lot, None) for lot in named or [""]]
    columns = [Column("item", "Item"), Column("lot", "Lot"), Column("counted", "Counted", kind="quantity")]
    return Table(columns, rows, title=f"To count at {place}")


def count_differences(view: View, *, period: Period | str | None = None) -> Table:
    """What the counts of a period found, line by line, in their order in time: counted, expected, the difference and its value.

    Guarantees: all of it is as of now. What became known later of earlier days is in `expected` and `difference`; `counted` never
    changes. The value is that of the goods in their pool, none where they are not ours.
    """
    found = view.calendar.period(period) if isinstance(period, str) else period
    folds: dict[tuple[str, str], Fold] = {}
    rows: list[tuple[object, ...]] = []
    for counted, _ in _in_time(view):
        if found is not None and not found.span.contains(counted.on):
            continue
        for at, line in enumerate(counted.lines, 1):
            by = Quantity.of_scaled(sum(one.amount for one in _booked(view, counted, at)), line.item)
            value = _value(view, counted, at, folds) if by else Money.of_minor(0, view.currency)
            rows.append(
                (
                    counted.number,
                    counted.on,
                    counted.place,
                    line.item,
                    line.lot or "",
                    line.amount,
                    line.amount - by,
                    by,
                    value,
                )
            )
    return Table(
        [
            Column("count", "Count"),
            Column("on", "On", kind="date"),
            Column("place", "Place"),
            Column("item", "Item"),
            Column("lot", "Lot"),
            Column("counted", "Counted", kind="quantity"),
            Column("expected", "Expected", kind="quantity"),
            Column("difference", "Difference", kind="quantity"),
            Column("value", "Value", kind="money"),
        ],
        rows,
        title="Count differences",
    )


def counts_hold(view: View) -> tuple[Difference, ...]:
    """Per line of every count, what the books say lay there at its moment against what was counted; empty when they agree."""
    found: list[Difference] = []
    for counted, position in _in_time(view):
        for at, line in enumerate(counted.lines, 1):
            then = held_before(view, counted.place, line, moment_of=(counted.on.isoformat(), position))
            held = sum(then.values()) + sum(one.amount for one in _booked(view, counted, at))
            if held != line.amount.scaled:
                what = f"{counted.number} {counted.place} {line.item}{f' {line.lot}' if line.lot else ''}"
                found.append(Difference(what, str(scaled_decimal(held)), str(scaled_decimal(line.amount.scaled))))
    return tuple(found)


def _in_time(view: View) -> list[tuple[Count, int]]:
    """Every count with its position, in the order in which they stand in time."""
    known = ((one, view.position_of(Count, one.id)) for one in Documents(Count, lambda: view))
    return sorted(known, key=lambda one: (one[0].on, one[1]))


def _booked(view: View, counted: Count, at: int) -> Iterator[PostingRow]:
    """What a line came to book at its place."""
    dims = Map({COUNT: counted.line_ref(at)})
    return view.postings(PostingQuery(book="stock", account=counted.place, unit=counted.lines[at - 1].item, dims=dims))


def _value(view: View, counted: Count, at: int, folds: dict[tuple[str, str], Fold]) -> Money | None:
    ref, item = counted.line_ref(at), counted.lines[at - 1].item
    pools = {
        row.account for row in view.postings(PostingQuery(book="cost", unit=item, dims=Map({COUNT: ref})))
    } - OUTSIDE
    worth = 0
    for pool in pools:
        if (pool, item) not in folds:
            folds[pool, item] = folded(view, pool, item, on=counted.on)
        fold = folds[pool, item]
        worth += sum(value for move, value in zip(fold.moves, fold.values, strict=True) if move.count == ref)
    return Money.of_minor(worth, view.currency) if pools else None
