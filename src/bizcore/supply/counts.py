"""Counts: what was found to lie at a place, item by item, at a moment of the past."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import ClassVar

from attrs import field, frozen

from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.flow.document import Document, Indexes
from bizcore.flow.numbering import Numbering
from bizcore.kernel.days import day, optional_day
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import number, plain_number
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.value import Value
from bizcore.supply import fields
from bizcore.supply.movements import EmptyMovement

COUNT = "count"
"""The dimension of what a count books: its line, `count/line`."""


class NegativeCount(Invalid):
    """Less than nothing is not found anywhere."""

    code = "negative_count"

    def __init__(self, *, item: str, quantity: Decimal) -> None:
        super().__init__(
            f"{plain_number(quantity)} of {item} cannot be counted; nothing is 0", item=item, quantity=quantity
        )


class CountedTwice(Invalid):
    """One count says twice how much of the same goods there is."""

    code = "counted_twice"

    def __init__(self, *, item: str, lot: str | None) -> None:
        what = f"lot {lot} of {item}" if lot is not None else f"{item}, as a whole,"
        super().__init__(f"{what} is counted by two lines: add them up", item=item, lot=lot)


@frozen
class CountLine(Value):
    """So much of an item, in its base unit, was found: of a lot when one is named, else of all of it that lies there.

    `expiry` is that of a lot which the books do not know.

    >>> CountLine("bolt", 0).quantity
    Decimal('0')
    """

    item: str = field(converter=fields.item)
    quantity: Decimal = field(converter=number)
    lot: str | None = field(default=None, kw_only=True)
    expiry: date | None = field(default=None, kw_only=True, converter=optional_day)

    def __attrs_post_init__(self) -> None:
        """Not less than nothing, and as fine as books hold. Raises: NegativeCount, TooFine."""
        if self.quantity < 0:
            raise NegativeCount(item=self.item, quantity=self.quantity)
        _ = self.amount.scaled

    @property
    def amount(self) -> Quantity:
        """The quantity as the stock book keeps it: its unit is the item."""
        return Quantity(self.quantity, self.item)

    def covers(self, item: str, lot: str) -> bool:
        """Whether the line says something of these goods; without a lot it speaks of all of the item."""
        return self.item == item and self.lot in (None, lot)


def _lines(value: Iterable[CountLine]) -> tuple[CountLine, ...]:
    return tuple(value)


@frozen(kw_only=True)
class Count(Document):
    """What lay at a place on a day, after all that was recorded of that day by then.

    It says so for good: what becomes known later of earlier days changes what the count books, not what was counted.
    `booked` is the day its differences are booked on: its own, or the first open one where that was locked.
    """

    kind = "count"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="CT")
    indexes: ClassVar[Indexes] = {
        "on": lambda one: [(one.on.isoformat(),)],
        "item": lambda one: sorted({(one.place, line.item, one.on.isoformat()) for line in one.lines}),
    }

    on: date = field(converter=day)
    place: str = field(converter=fields.inside)
    lines: tuple[CountLine, ...] = field(converter=_lines)
    booked: date | None = field(default=None, converter=optional_day)

    def __attrs_post_init__(self) -> None:
        """Something is counted, each of it once. Raises: EmptyMovement, CountedTwice."""
        if not self.lines:
            raise EmptyMovement(kind=type(self).kind)
        seen: set[tuple[str, str | None]] = set()
        for line in self.lines:
            whole = (line.item, None) in seen or (line.lot is None and line.item in {item for item, _ in seen})
            if whole or (line.item, line.lot) in seen:
                raise CountedTwice(item=line.item, lot=line.lot)
            seen.add((line.item, line.lot))
        Document.__attrs_post_init__(self)

    def line_ref(self, line: int) -> str:
        """The name of a line, lines counted from 1."""
        return f"{self.id}/{line}"


def moment(view: View, line: str) -> tuple[str, int]:
    """When the count of a line (`count/line`) stands: its date, and its position in that day."""
    document = line.rpartition("/")[0]
    return view.get(Count, document).on.isoformat(), view.position_of(Count, document)


def held_before(view: View, place: str, line: CountLine, *, moment_of: tuple[str, int]) -> dict[str, int]:
    """What of a line's goods lay at a place before a moment: millionths by lot, those in none under "".

    What a count came to book stands where the count stands, whenever it was booked.
    """
    found: dict[str, int] = {}
    moments: dict[str, tuple[str, int]] = {}
    for row in view.postings(PostingQuery(book="stock", account=place, unit=line.item, lot=line.lot)):
        about = json.loads(row.dims).get(COUNT) if row.dims else None
        then = (row.on, row.position)
        if about is not None:
            then = moments.get(about) or moments.setdefault(about, moment(view, about))
        if then < moment_of:
            found[row.lot] = found.get(row.lot, 0) + row.amount
    return found
