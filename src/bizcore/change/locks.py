"""Locks: dates that are closed for a kind of posting, and the guard that refuses them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from enum import Enum
from typing import Any, ClassVar, Final

from attrs import evolve, field, frozen

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.flow.document import Document, Indexes
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Refused

_DAY: Final = timedelta(days=1)


class LockKind(Enum):
    """What a lock closes. `hard` closes everything and is never moved back."""

    ALL = "all"
    TAX = "tax"
    RECEIVABLE = "receivable"
    PAYABLE = "payable"
    STOCK = "stock"
    HARD = "hard"


class Locked(Refused):
    """The date lies in a locked period; nothing is moved silently."""

    code = "locked"

    def __init__(self, *, on: date, kind: str, first_open: date) -> None:
        super().__init__(
            f"{on.isoformat()} is locked ({kind}); the first open date is {first_open.isoformat()}",
            on=on,
            kind=kind,
            first_open=first_open,
        )


class HardLock(Refused):
    """A hard lock only moves forward."""

    code = "hard_lock"

    def __init__(self, *, upto: date, asked: date) -> None:
        super().__init__(
            f"hard locked up to {upto.isoformat()}; {asked.isoformat()} is earlier", upto=upto, asked=asked
        )


@frozen(kw_only=True)
class Lock(Document):
    """Dates up to and including `upto` are closed for `closes`; there is one lock a kind, its id is the kind.

    >>> Lock(id="all", closes=LockKind.ALL, upto="2026-03-31").upto
    datetime.date(2026, 3, 31)
    """

    kind = "lock"
    by_verb: ClassVar[bool] = True
    indexes: ClassVar[Indexes] = {"closes": lambda one: [(one.closes.value,)]}

    closes: LockKind
    upto: date = field(converter=day)


def set_lock(view: View, closes: LockKind, upto: Day) -> Lock:
    """The lock of a kind moved to a date, ready to be recorded. Raises: HardLock."""
    known = view.seek(Lock, closes.value)
    if known is None:
        return Lock(id=closes.value, closes=closes, upto=upto)
    moved = evolve(known, upto=upto)
    if closes is LockKind.HARD and moved.upto < known.upto:
        raise HardLock(upto=known.upto, asked=moved.upto)
    return moved


def in_force(view: View) -> dict[str, date]:
    """The last closed date of each kind of lock there is; one read, since every change asks."""
    return {one.closes.value: one.upto for one in view.find(Lock, "closes")}


def locked_upto(view: View, kinds: Iterable[str]) -> tuple[date, str] | None:
    """The latest date closed for any of the kinds, and the kind that closes it; `all` and `hard` always count."""
    locks = in_force(view)
    if not locks:
        return None
    asked = {LockKind.HARD.value, LockKind.ALL.value, *kinds}
    return max(((upto, kind) for kind, upto in locks.items() if kind in asked), default=None)


def first_open(view: View, kind: str, on: Day) -> date:
    """The date itself when it is open for a kind, else the first one that is."""
    found = locked_upto(view, (kind,))
    asked = day(on)
    return asked if found is None or asked > found[0] else found[0] + _DAY


def check(view: View, on: date, kinds: Iterable[str]) -> None:
    """Refuse a date that is closed for any of the kinds. Raises: Locked."""
    found = locked_upto(view, kinds)
    if found is not None and on <= found[0]:
        raise Locked(on=on, kind=found[1], first_open=found[0] + _DAY)


def guard(view: View, changes: Changes[Any]) -> None:
    """Refuse entries of goods and cost on closed dates; the journal's own guard knows which accounts are whose."""
    for entry in changes.entries:
        if not entry.book.startswith("journal"):
            check(view, entry.on, (LockKind.STOCK.value,))
