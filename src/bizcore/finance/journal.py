"""Posting entries as they are, and reversing them: nothing is edited, correcting adds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, Final

from attrs import evolve, field, frozen

from bizcore.book.entry import Entry, Posting
from bizcore.change import record
from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.finance import chart as charts
from bizcore.finance.chart import Chart
from bizcore.finance.closing import CLOSING
from bizcore.finance.documents import OtherCurrency
from bizcore.finance.policies import FinancePolicies, Reversal
from bizcore.flow.approval import Approval
from bizcore.flow.document import Document, Indexes
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Invalid, Refused
from bizcore.kernel.money import Money
from bizcore.kernel.sequence import check_sequence

STORNO: Final = "storno"
"""The dimension that marks postings which take back from their own side."""


class NotTheJournal(Invalid):
    """Only journal entries are posted by hand; goods move by the verbs of supply."""

    code = "not_the_journal"

    def __init__(self, *, book: str) -> None:
        super().__init__(f"an entry of book {book!r} is not posted here; finance posts to the journal", book=book)


class AlreadyReversed(Refused):
    """An entry is reversed once."""

    code = "already_reversed"

    def __init__(self, *, entry: str, by: str) -> None:
        super().__init__(f"entry {entry} was reversed by {by} already", entry=entry, by=by)


class ClosesAYear(Refused):
    """The entry of a year's close is undone by reopening the year, which knows what the close carried."""

    code = "closes_a_year"
    allowed: tuple[str, ...] = ("reopen",)

    def __init__(self, *, entry: str) -> None:
        super().__init__(f"entry {entry} closes or reopens a year; reopen the year instead", entry=entry)


class NotReversible(Refused):
    """The entry follows from a document or a move of goods, which would stay as it is; its own verb undoes both."""

    code = "not_reversible"

    def __init__(self, *, entry: str, by: str, allowed: tuple[str, ...]) -> None:
        instead = f"use {' or '.join(allowed)}" if allowed else "correct it there"
        super().__init__(f"entry {entry} was posted by {by}; {instead}", entry=entry, by=by, allowed=allowed)


@frozen(kw_only=True)
class EntryReversal(Document):
    """That an entry was reversed: the id is the reversed entry's, `by` the reversing one's.

    A STORNO keeps what it takes back from each side, so that a trial balance can show turnovers without it.
    """

    kind = "reversal"
    by_verb: ClassVar[bool] = True
    indexes: ClassVar[Indexes] = {"storno": lambda one: [(one.on.isoformat(),)] if one.how is Reversal.STORNO else []}

    by: str
    on: date = field(converter=day)
    how: Reversal = Reversal.SWAP


_REVERSIBLE: Final = frozenset({"payment", "settlement", EntryReversal.kind, Approval.kind})
"""The documents whose entry is all there is to them: with it reversed, the open items are as if they had not been. An approval that
was released beside it posted nothing itself."""

_UNDONE_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "invoice": ("credit",),
    "credit_note": ("issue",),
    "bill": ("credit_from_vendor",),
    "vendor_credit": ("bill",),
    "receipt": ("return_to_vendor", "adjust"),
    "issue": ("receive", "adjust"),
    "adjustment": ("adjust",),
    "transfer": ("transfer",),
    "shipment": ("take_back",),
    "customer_return": ("ship",),
    "vendor_return": ("receive",),
}


_RESERVED: Final = frozenset({CLOSING, STORNO})


class ReservedDimension(Invalid):
    """The dimension marks postings that closing a year or taking back makes; statements look past those."""

    code = "reserved_dimension"

    def __init__(self, *, dimension: str) -> None:
        super().__init__(f"the dimension {dimension!r} is set by verbs only; name yours otherwise", dimension=dimension)


def post(view: View, entry: Entry) -> Changes[Entry]:
    """Post a journal entry.

    Guarantees: every account exists; a posting to an account of open items that names none opens one, `entry id:line`.
    Raises: NotTheJournal, AccountUnknown, OtherCurrency (the account is kept in one), ReservedDimension, Unbalanced (when the entry is built),
    ForeignValue.

    >>> from bizcore import Company
    >>> from bizcore.book.entry import credit, debit
    >>> acme = Company.create("acme", currency="EUR")
    >>> start = Entry("2026-01-01", [debit("1000", Money("500", "EUR")), credit("3000", Money("500", "EUR"))])
    >>> acme.apply(acme.finance.post(start), key="capital").value.id
    'capital#1'
    """
    if entry.book != "journal":
        raise NotTheJournal(book=entry.book)
    chart = charts.of(view)
    for one in entry.postings:
        reserved = _RESERVED.intersection(one.dims) if one.dims else ()
        if reserved:
            raise ReservedDimension(dimension=min(reserved))
        kept = chart.account(one.account).currency
        if kept is not None and one.unit != kept and isinstance(one.amount, Money) and one.amount:
            raise OtherCurrency(field=f"account {one.account}", value=one.amount, currency=kept)
    return Changes(_itemised(view.mint(entry), chart))


def reverse(view: View, entry: str, *, on: Day, how: Reversal | None = None) -> Changes[Entry]:
    """Reverse an entry: every balance and every open item is as if it had not been; both stay, linked.

    `how` is the policy's unless named: SWAP turns the sides, STORNO takes amounts back on their own side. What undoes a storno,
    either way, brings the turnovers back that it took.

    Guarantees: reverse(post(e)) restores every balance; an entry is reversed once; only what was posted by hand, paid, settled
    or reversed is reversed, everything else is undone by the verb of its document.
    Raises: EntryNotFound, AlreadyReversed, NotTheJournal, ClosesAYear, NotReversible, DatedBefore.
    """
    original = view.entry(entry)
    if original.book != "journal":
        raise NotTheJournal(book=original.book)
    if any(CLOSING in one.dims for one in original.postings):
        raise ClosesAYear(entry=entry)
    _check_reversible(view, entry)
    check_sequence("a reversal", day(on), cause=f"entry {entry}", since=original.on)
    known = view.seek(EntryReversal, entry)
    if known is not None:
        raise AlreadyReversed(entry=entry, by=known.by)
    how = how or view.policies(FinancePolicies, on=on).reversal
    turned = original.reversed(on)
    back = view.mint(evolve(turned, postings=[_marked(one, entry, how) for one in turned.postings]))
    record = EntryReversal(id=entry, by=back.id, on=day(on), how=how)
    return Changes(back, documents=[record])


def _marked(posting: Posting, entry: str, how: Reversal) -> Posting:
    """A turned posting, marked when it takes back from its own side; what undoes a storno is an ordinary posting again."""
    if STORNO in posting.dims or how is Reversal.SWAP:
        return evolve(posting, dims=posting.dims.without(STORNO))
    return evolve(posting, dims=posting.dims.set(STORNO, entry))


def _check_reversible(view: View, entry: str) -> None:
    """Refuse what a document or a move of goods posted. Raises: NotReversible."""
    row = view.recorded(entry)
    written = [one for one in record.body_of(row).get("documents", ()) if one[0] not in _REVERSIBLE]
    if written:
        kind, name, *_ = min(written, key=lambda one: one[0] not in _UNDONE_BY)
        raise NotReversible(entry=entry, by=f"{kind} {name}", allowed=_UNDONE_BY.get(kind, ()))
    book = next((one.book for one in record.entries(row) if one.book != "journal"), None)
    if book is not None:
        raise NotReversible(entry=entry, by=f"a change of {book}", allowed=())


def _itemised(entry: Entry, chart: Chart) -> Entry:
    """Give each posting to an account of open items an item; the entry itself where nothing is missing."""
    missing = [
        index
        for index, one in enumerate(entry.postings)
        if one.lot is None and one.amount and chart.opens_items(one.account)
    ]
    if not missing:
        return entry
    postings: list[Posting] = list(entry.postings)
    for index in missing:
        one = postings[index]
        postings[index] = evolve(one, lot=f"{entry.id}:{index + 1}", due=one.due or entry.on)
    return evolve(entry, postings=postings)


def storno_turnovers(view: View, *, upto: date | None) -> dict[str, Money]:
    """What storno entries took back, by account: the turnover to leave out on both sides, in the company's currency."""
    found: dict[str, int] = {}
    for one in view.find(EntryReversal, "storno"):
        if upto is None or one.on <= upto:
            for posting in view.entry(one.by).postings:
                if STORNO in posting.dims:
                    found[posting.account] = found.get(posting.account, 0) + abs(posting.worth)
    return {account: Money.of_minor(worth, view.currency) for account, worth in found.items()}
