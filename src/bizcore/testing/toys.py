"""A small desk to prove stores with: money that moves, pieces that leave lots, items settled in part, people who are forgotten."""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import evolve, frozen

from bizcore.book.entry import Entry, Posting
from bizcore.book.lots import LotNotOpen, release
from bizcore.change.changes import Changes, Floor
from bizcore.change.desk import Desk, documents, verb
from bizcore.change.view import View
from bizcore.flow.document import Document, Indexes
from bizcore.flow.lifecycle import Lifecycle
from bizcore.flow.numbering import Numbering
from bizcore.flow.policies import Policies
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity

CURRENCY: Final = "EUR"
ON: Final = "2026-03-05"
SOURCE: Final = "source"
POOL: Final = "pool"
OUTSIDE: Final = "outside"
FEES: Final = "fees"
RECEIVABLE: Final = "receivable"
ABROAD: Final = "abroad"
FOREIGN: Final = "USD"


@frozen(kw_only=True)
class Note(Document):
    """A numbered note that is open, and closed once."""

    kind = "toy_note"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="N", by="ever")
    lifecycle: ClassVar[Lifecycle | None] = Lifecycle(
        "note", "open", {("open", "edit"): "open", ("open", "close"): "closed"}
    )
    indexes: ClassVar[Indexes] = {"text": lambda one: [(one.text,)]}

    text: str


@frozen(kw_only=True)
class Person(Document):
    """Somebody whose data can be erased."""

    kind = "toy_person"
    personal = True
    indexes: ClassVar[Indexes] = {"name": lambda one: [(one.name,)]}

    name: str


@frozen(kw_only=True)
class Rule(Policies):
    """What a charge is, in cents."""

    kind = "policies.toy"

    fee: int = 0


@frozen(kw_only=True)
class Undone(Document):
    """That an entry was undone; it is undone once."""

    kind = "toy_undone"


def deposit(view: View, account: str, amount: Money, on: str = ON) -> Changes[Entry]:
    """Put money into an account."""
    return Changes(view.mint(Entry(on, [Posting(account, amount), Posting(SOURCE, -amount)])))


def transfer(view: View, amount: Money, *, source: str, target: str, on: str = ON) -> Changes[Entry]:
    """Move money between accounts; the source never falls below nothing. Raises: FloorBroken."""
    entry = view.mint(Entry(on, [Posting(target, amount), Posting(source, -amount)]))
    floor = Floor(terms=(("journal", source, CURRENCY, 1),), least=Money.zero(CURRENCY))
    return Changes(entry, floors=[floor])


def half(view: View, *, source: str, target: str) -> Changes[Entry]:
    """Move half of what an account holds: computed from what was read. Raises: FloorBroken, when it holds nothing."""
    held = view.balance("journal", source, CURRENCY).value
    return transfer(view, Money.of_minor((held.minor + 1) // 2, CURRENCY), source=source, target=target)


def stack(view: View, lot: str, quantity: int, value: Money) -> Changes[Entry]:
    """Open a lot of pieces that are worth something together."""
    pieces = Quantity(quantity, "piece")
    legs = [Posting(POOL, pieces, value, lot=lot), Posting(OUTSIDE, -pieces, -value)]
    return Changes(view.mint(Entry(ON, legs, book="cost")))


def take(view: View, lot: str, quantity: int) -> Changes[Entry]:
    """Take pieces from a lot with their share of its value. Raises: LotNotOpen, Overdrawn."""
    lots = {one.id: one for one in view.lots("cost", POOL)}
    found = lots.get(lot)
    if found is None:
        raise LotNotOpen(lot=lot, open=tuple(sorted(lots)))
    pieces = Quantity(quantity, "piece")
    value = release(found, pieces)
    legs = [Posting(POOL, -pieces, -value, lot=lot), Posting(OUTSIDE, pieces, value)]
    return Changes(view.mint(Entry(ON, legs, book="cost")))


def claim(view: View, item: str, party: str, amount: Money, value: Money) -> Changes[Entry]:
    """Open an item in another currency, or add to an open one."""
    legs = [Posting(RECEIVABLE, amount, value, lot=item, party=party, due=ON), Posting(ABROAD, -amount, -value)]
    return Changes(view.mint(Entry(ON, legs)))


def settle(view: View, item: str, party: str, amount: Money) -> Changes[Entry]:
    """Settle part of an item at the value it has. Raises: LotNotOpen, Overdrawn."""
    lots = {one.id: one for one in view.lots("journal", RECEIVABLE, party)}
    found = lots.get(item)
    if found is None:
        raise LotNotOpen(lot=item, open=tuple(sorted(lots)))
    value = release(found, amount)
    legs = [Posting(ABROAD, amount, value), Posting(RECEIVABLE, -amount, -value, lot=item, party=party)]
    return Changes(view.mint(Entry(ON, legs)))


def charge(view: View, account: str, on: str) -> Changes[Entry]:
    """Take the fee that the policy of the day says."""
    fee = Money.of_minor(view.policies(Rule, on=on).fee, CURRENCY)
    return Changes(view.mint(Entry(on, [Posting(FEES, fee), Posting(account, -fee)])))


def undo(view: View, entry: str) -> Changes[Entry]:
    """Reverse an entry, once. Raises: EntryNotFound, AlreadyThere."""
    found = view.entry(entry)
    undone = view.mint(Undone(id=found.id.replace("#", " ")))
    return Changes(view.mint(found.reversed(found.on)), documents=[undone])


def note(view: View, text: str, id: str = "") -> Changes[Note]:
    """Write a note; it gets a number. Raises: AlreadyThere."""
    return Changes(view.mint(Note(id=id, text=text)))


def edit(view: View, id: str, text: str) -> Changes[Note]:
    """Change an open note. Raises: DocumentNotFound, IllegalStep."""
    return Changes(evolve(view.get(Note, id).to("edit"), text=text))


def close(view: View, id: str) -> Changes[Note]:
    """Close a note. Raises: DocumentNotFound, IllegalStep."""
    return Changes(view.get(Note, id).to("close"))


def meet(view: View, id: str, name: str) -> Changes[Person]:
    """Record a person. Raises: AlreadyThere."""
    return Changes(view.mint(Person(id=id, name=name)))


class ToyDesk(Desk):
    """The verbs that a store is proved with."""

    name = "toy"

    deposit: Final = verb(deposit)
    transfer: Final = verb(transfer)
    half: Final = verb(half)
    stack: Final = verb(stack)
    take: Final = verb(take)
    claim: Final = verb(claim)
    settle: Final = verb(settle)
    charge: Final = verb(charge)
    undo: Final = verb(undo)
    note: Final = verb(note)
    edit: Final = verb(edit)
    close: Final = verb(close)
    meet: Final = verb(meet)
    notes: Final = documents(Note)
    people: Final = documents(Person)
    rules: Final = documents(Rule)
    undone: Final = documents(Undone)
