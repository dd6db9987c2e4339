"""Closing months and years: locks by kind, the closing entry, and undoing both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, ClassVar, Final

from attrs import evolve, field, frozen

from bizcore.book.entry import Entry, Posting
from bizcore.change.changes import Changes
from bizcore.change.locks import Lock, Locked, LockKind, check, in_force, set_lock
from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.finance import chart as charts
from bizcore.finance.chart import Chart
from bizcore.finance.documents import TradeDocument
from bizcore.flow.document import Document, Indexes
from bizcore.flow.lifecycle import Lifecycle
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Invalid, Refused
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.periods import Period
from bizcore.kernel.spans import Span
from bizcore.kernel.value import Value

CLOSING: Final = "closing"
"""The dimension that marks postings of closing entries, so that statements can look past them."""

_DAY: Final = timedelta(days=1)


class LaterYearClosed(Refused):
    """A later year is closed; years are closed in their order and reopened in the other."""

    code = "later_year_closed"

    def __init__(self, *, year: str, closed: str) -> None:
        super().__init__(
            f"{year} cannot change while {closed} is closed; reopen {closed} first", year=year, closed=closed
        )


class EarlierYearOpen(Refused):
    """An earlier year still holds income or expense; years are closed in their order."""

    code = "earlier_year_open"

    def __init__(self, *, year: str, open: str) -> None:
        super().__init__(f"{year} is closed after {open}, which is open", year=year, open=open)


class YearIsClosed(Refused):
    """The lock of all would leave dates of a closed year open."""

    code = "year_is_closed"
    allowed: tuple[str, ...] = ("reopen",)

    def __init__(self, *, year: str, on: date, asked: date) -> None:
        super().__init__(
            f"{year} is closed up to {on.isoformat()}, {asked.isoformat()} is earlier; reopen {year} first",
            year=year,
            on=on,
            asked=asked,
        )


class NotAYear(Invalid):
    """A month or a quarter is not closed as a year."""

    code = "not_a_year"

    def __init__(self, *, value: str, year: str) -> None:
        super().__init__(
            f"{value} is no fiscal year; close {year}, or the month with close_month", value=value, year=year
        )


@frozen
class ClosedBalance(Value):
    """What one income or expense account held in one currency when the year was closed."""

    account: str
    amount: Money
    value: Money


def _closed(value: Iterable[ClosedBalance]) -> tuple[ClosedBalance, ...]:
    return tuple(value)


@frozen(kw_only=True)
class YearClose(Document):
    """A year closed: the closing entry, and the balances it carried to retained earnings.

    The id is the year. Statements add the balances back, so that they read the same before and after the close.
    """

    kind = "year_close"
    lifecycle: ClassVar[Lifecycle | None] = Lifecycle(
        "year", "open", {("open", "close"): "closed", ("closed", "reopen"): "open"}
    )
    indexes: ClassVar[Indexes] = {"on": lambda one: [(one.on.isoformat(),)]}

    on: date = field(converter=day)
    entry: str = ""
    retained: str = ""
    closed: tuple[ClosedBalance, ...] = field(default=(), converter=_closed)


def lock(view: View, *, kind: LockKind, upto: Day) -> Changes[Lock]:
    """Lock the dates up to a day, for one kind of posting or for all.

    Guarantees: a closed year stays locked. Raises: HardLock, YearIsClosed.

    >>> from bizcore import Company
    >>> acme = Company.create("acme", currency="EUR")
    >>> acme.apply(acme.finance.lock(kind="receivable", upto="2026-03-31"), key="AR March").value.upto
    datetime.date(2026, 3, 31)
    """
    moved = set_lock(view, kind, upto)
    if kind is LockKind.ALL:
        closed = next(closes(view, span=Span(moved.upto + _DAY, None)), None)
        if closed is not None:
            raise YearIsClosed(year=closed.id, on=closed.on, asked=moved.upto)
    return Changes(moved)


def close_month(view: View, period: str) -> Changes[Lock]:
    """Close a month, or any other period of the calendar: everything up to its end is locked.

    Guarantees: a lock never moves back by closing; closing twice is closing once.
    Raises: NotAPeriod.
    """
    span = view.calendar.period(period)
    known = view.seek(Lock, LockKind.ALL.value)
    upto = span.end - _DAY
    return Changes(set_lock(view, LockKind.ALL, upto if known is None else max(upto, known.upto)))


def close_year(view: View, year: str) -> Changes[YearClose]:
    """Close a year: income and expense are carried to retained earnings by one entry on its last day, then it is locked.

    Guarantees: closing twice is closing once; every statement reads the same before and after.
    Raises: NotAPeriod, NotAYear, EarlierYearOpen, LaterYearClosed.
    """
    span = view.calendar.period(year)
    whole = view.calendar.year(span.start)
    if span.span != whole.span:
        raise NotAYear(value=year, year=whole.name)
    known = view.seek(YearClose, year)
    if known is not None and known.state == "closed":
        return Changes(known)
    _check_order(view, year, span)
    chart = charts.of(view, on=span.end - _DAY)
    if next(_balances(view, chart, upto=span.start), None) is not None:
        raise EarlierYearOpen(year=year, open=view.calendar.previous(span).name)
    retained = chart.role("retained_earnings")
    closed = tuple(_balances(view, chart, upto=span.end))
    document = (known or YearClose(id=year, on=span.end - _DAY)).to("close")
    entries = []
    if closed:
        entries = [view.mint(_closing_entry(document, closed, retained, view.currency))]
    document = evolve(document, entry=entries[0].id if entries else "", retained=retained, closed=closed)
    lock_before = view.seek(Lock, LockKind.ALL.value)
    upto = document.on if lock_before is None else max(document.on, lock_before.upto)
    return Changes(document, documents=[document, set_lock(view, LockKind.ALL, upto)], entries=entries)


def reopen(view: View, year: str) -> Changes[YearClose]:
    """Reopen a closed year: its closing entry is reversed on the same day, its dates and later ones are unlocked.

    Guarantees: the lock of all moves back to the day before the year, never forward.
    Raises: DocumentNotFound, IllegalStep (it is open), LaterYearClosed; HardLock binds for ever.
    """
    span = view.calendar.period(year)
    known = view.get(YearClose, year)
    _check_order(view, year, span)
    reopened = known.to("reopen")
    entries = []
    if known.entry:
        entries = [view.mint(view.entry(known.entry).reversed(known.on))]
    document = evolve(reopened, entry=entries[0].id if entries else "", closed=())
    upto = min(view.get(Lock, LockKind.ALL.value).upto, span.start - _DAY)
    return Changes(document, documents=[document, set_lock(view, LockKind.ALL, upto)], entries=entries)


def closes(view: View, *, span: Span) -> Iterator[YearClose]:
    """The years closed on a day of a span, in their order."""
    for one in view.find(YearClose, "on"):
        if one.state == "closed" and span.contains(one.on):
            yield one


def guard(view: View, changes: Changes[Any]) -> None:
    """Refuse journal entries on closed dates, by the kinds of account they touch; a year's own closing entry passes.

    Raises: Locked, carrying the first open date.
    """
    own = {one.entry for one in changes.documents if isinstance(one, YearClose)}
    entries = [one for one in changes.entries if one.book == "journal"]
    if not entries:
        return
    locks = in_force(view)
    if not locks:
        return
    special = not locks.keys().isdisjoint(_LOCKED_BY.values())
    for entry in entries:
        if entry.id and entry.id in own:
            check_hard(view, entry.on)
        else:
            # Without a lock by kind nobody needs to know whose account it is; a role is looked at as of the entry's own day.
            check(view, entry.on, kinds_of(entry, charts.of(view, on=entry.on)) if special else ())


def watch_tax(view: View, document: Document) -> None:
    """Refuse a trade document with a tax category in a locked tax period: a return lists what bears no tax too.

    Raises: Locked.
    """
    if isinstance(document, TradeDocument) and any(one.category for one in document.tax_lines):
        check(view, document.on, (LockKind.TAX.value,))


def kinds_of(entry: Entry, chart: Chart) -> set[str]:
    """The kinds of lock that an entry meets, by the accounts it touches; locks for `all` hold for every entry."""
    kinds = {chart.role(role): kind for role, kind in _LOCKED_BY.items()}
    return {kinds[one.account] for one in entry.postings if one.account in kinds}


_LOCKED_BY: Final = {
    "receivable": LockKind.RECEIVABLE.value,
    "payable": LockKind.PAYABLE.value,
    "grni": LockKind.PAYABLE.value,
    "tax_payable": LockKind.TAX.value,
    "tax_receivable": LockKind.TAX.value,
    "inventory": LockKind.STOCK.value,
}


def check_hard(view: View, on: date) -> None:
    """Refuse a date that is closed for ever. Raises: Locked."""
    found = view.seek(Lock, LockKind.HARD.value)
    if found is not None and on <= found.upto:
        raise Locked(on=on, kind=LockKind.HARD.value, first_open=found.upto + _DAY)


def _check_order(view: View, year: str, span: Period) -> None:
    later = next(closes(view, span=Span(span.end, None)), None)
    if later is not None:
        raise LaterYearClosed(year=year, closed=later.id)


def _balances(view: View, chart: Chart, *, upto: date) -> Iterator[ClosedBalance]:
    query = PostingQuery(book="journal", span=Span(None, upto))
    passing = {one.code for one in chart.accounts() if not one.nature.lasting}
    for row in view.totals(query, by=("account", "unit")):
        account, unit = row.key
        if account in passing and (row.amount or row.value):
            yield ClosedBalance(account, Money.of_minor(row.amount, unit), Money.of_minor(row.value, view.currency))


def _closing_entry(document: YearClose, closed: tuple[ClosedBalance, ...], retained: str, currency: str) -> Entry:
    mark = Map({CLOSING: document.id})
    postings = [Posting(one.account, -one.amount, -one.value, dims=mark) for one in closed]
    for unit in sorted({one.amount.currency for one in closed}):
        amount = Money.sum((one.amount for one in closed if one.amount.currency == unit), unit)
        value = Money.sum((one.value for one in closed if one.amount.currency == unit), currency)
        if amount or value:
            postings.append(Posting(retained, amount, value, dims=mark))
    return Entry(document.on, postings, text=f"close of {document.id}")
