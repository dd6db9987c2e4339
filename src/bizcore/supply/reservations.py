"""Reservations: goods kept for somebody. A reservation is a record; what is reserved is the sum of the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import ClassVar

from attrs import evolve, field, frozen

from bizcore.book.entry import Entry, Posting
from bizcore.change.changes import Floor
from bizcore.change.view import View
from bizcore.flow.document import Document, Indexes, Ref
from bizcore.flow.lifecycle import Lifecycle
from bizcore.kernel.days import Day, day, optional_day
from bizcore.kernel.errors import Refused
from bizcore.kernel.exact import number, positive
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.sequence import check_sequence
from bizcore.supply import fields
from bizcore.supply.items import decimal_of
from bizcore.supply.stock import available, available_floor, expired

DEMAND = "demand"
"""The counter place of the book of reservations."""


class NotExpired(Refused):
    """The reservation is still to be kept."""

    code = "not_expired"

    def __init__(self, *, reservation: str, until: date | None, on: date) -> None:
        super().__init__(
            f"{reservation} is kept until {until or 'released'}, and it is {on}",
            reservation=reservation,
            until=until,
            on=on,
        )


class Partial(Enum):
    """What to do when there is not enough for all that is asked."""

    REFUSE = "refuse"
    """All or nothing."""
    TAKE = "take"
    """What there is; nothing at all is refused."""


@frozen(kw_only=True)
class Reservation(Document):
    """A quantity of an item kept at a place for something; `left` is what of it is still kept.

    `until` is the last day it is kept; `for_` is what it is kept for (an order, a delivery line), as text.
    """

    kind = "reservation"
    lifecycle: ClassVar[Lifecycle | None] = Lifecycle(
        "reservation",
        "held",
        {
            ("held", "release"): "released",
            ("held", "consume"): "held",
            ("held", "use_up"): "consumed",
            ("held", "expire"): "expired",
        },
    )
    indexes: ClassVar[Indexes] = {
        "for": lambda one: [(one.for_, one.state)],
        "until": lambda one: [(one.until.isoformat(),)] if one.until and one.state == "held" else [],
    }

    item: str
    place: str = field(converter=fields.inside)
    quantity: Decimal = field(converter=number)
    left: Decimal = field(converter=number)
    on: date = field(converter=day)
    until: date | None = field(default=None, converter=optional_day)
    for_: str = ""

    def __attrs_post_init__(self) -> None:
        """Something is kept."""
        positive("a reservation", self.quantity)
        Document.__attrs_post_init__(self)


def hold(
    view: View,
    item: str,
    quantity: Decimal,
    *,
    place: str,
    on: Day,
    for_: str,
    until: Day | None = None,
    partial: Partial = Partial.REFUSE,
    already: Decimal = Decimal(0),
    origins: tuple[Ref, ...] = (),
) -> Reservation | None:
    """A reservation ready to be recorded; None when there is nothing to take. `already` was taken by the same change."""
    if partial is Partial.TAKE:
        there = decimal_of(available(view, item, place=place, on=on)) - already
        quantity = min(quantity, there)
        if quantity <= 0:
            return None
    return view.mint(
        Reservation(
            item=item, place=place, quantity=quantity, left=quantity, on=on, until=until, for_=for_, origins=origins
        )
    )


def held_for(view: View, for_: str) -> Iterator[Reservation]:
    """What is kept for something."""
    return view.find(Reservation, "for", for_, "held")


def kept_of(kept: Iterable[Reservation]) -> Decimal:
    """What reservations still keep, together."""
    return sum((one.left for one in kept), Decimal(0))


def consume(
    view: View, reservations: Iterable[Reservation], quantity: Decimal, *, on: Day
) -> tuple[list[Reservation], list[Entry], Decimal]:
    """Use up a quantity of what is kept, oldest first: the reservations after it, their entries, how much was used."""
    after: list[Reservation] = []
    entries: list[Entry] = []
    left = quantity
    for one in sorted(reservations, key=lambda found: (found.on, found.id)):
        took = min(left, one.left)
        if took <= 0:
            break
        rest = one.left - took
        after.append(evolve(one.to("consume" if rest else "use_up"), left=rest))
        entries.append(entry_of(view, one, -took, on))
        left -= took
    return after, entries, quantity - left


def entry_of(view: View, reservation: Reservation, by: Decimal, on: Day) -> Entry:
    """The entry that keeps more, or less, at the place; on no day is less than nothing kept. Raises: DatedBefore."""
    asked, one = day(on), reservation
    check_sequence("what ends or uses it", asked, cause=f"the reservation {one.id}", since=one.on)
    amount = Quantity(by, one.item)
    return view.mint(
        Entry(
            asked,
            [Posting(one.place, amount), Posting(DEMAND, -amount)],
            book="reserved",
            text=f"reservation {one.id}"[:200],
        )
    )


def floor_of(view: View, reservation: Reservation) -> Floor:
    """What must hold at its place: on hand less reserved is at least what has expired there."""
    one = reservation
    return available_floor(one.place, one.item, least=expired(view, one.item, place=one.place, on=one.on))
