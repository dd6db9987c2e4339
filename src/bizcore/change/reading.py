"""The port speaks rows: what a store, a fork and a test's model all answer, at one log position.

Amounts are scaled integers (minor units of money, millionths of a quantity), dates are ISO text, bodies are canonical
JSON. Values are built from rows by the `View`, and only for what is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import Any, NamedTuple, Protocol

from attrs import field, frozen

from bizcore.book.entry import NO_DIMS
from bizcore.kernel.errors import Unavailable
from bizcore.kernel.maps import Map
from bizcore.kernel.spans import Span


class Damaged(Unavailable):
    """A row that was written whole cannot be read any more: the file was changed or broken from outside."""

    code = "damaged"
    retry = False

    def __init__(self, *, what: str, position: int) -> None:
        super().__init__(
            f"the store is damaged: {what[:80]} at position {position} cannot be read; bring back a copy, verify() tells whether it is whole",
            what=what[:80],
            position=position,
        )


def intact(text: str, *, what: str, position: int) -> Any:
    """The JSON of a row. Raises: Damaged, naming what it is and the position that wrote it."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Damaged(what=what, position=position) from None


class Head(NamedTuple):
    """Where a company's log stands: the last position, its instant in microseconds since 1970 UTC, and its hash."""

    position: int
    instant: int
    hash: str


class Row(NamedTuple):
    """One version of a document; `body` is empty when it was erased."""

    kind: str
    id: str
    position: int
    version: int
    body: str


class LotRow(NamedTuple):
    """An open lot."""

    book: str
    account: str
    party: str
    unit: str
    lot: str
    on: str
    due: str
    amount: int
    value: int
    position: int


class PostingRow(NamedTuple):
    """A posting as the index over the log keeps it; `line` counts over all entries of one change."""

    book: str
    period: int
    account: str
    unit: str
    position: int
    line: int
    on: str
    amount: int
    value: int
    party: str
    lot: str
    due: str
    dims: str


class TotalRow(NamedTuple):
    """Sums of a group of postings, debit and credit apart; `key` holds the values of the columns grouped by."""

    key: tuple[str, ...]
    debit: int
    credit: int
    value_debit: int
    value_credit: int

    @property
    def amount(self) -> int:
        """Debit less credit."""
        return self.debit - self.credit

    @property
    def value(self) -> int:
        """The same, of values."""
        return self.value_debit - self.value_credit


class BalanceRow(NamedTuple):
    """What an account holds of a unit, and the position that last changed it (0: never)."""

    amount: int
    value: int
    position: int


class LogRow(NamedTuple):
    """One change as recorded; `instant` in microseconds since 1970 UTC."""

    position: int
    instant: int
    actor: str
    reason: str
    key: str
    act: str
    intent: str
    body: str
    hash: str


@frozen(kw_only=True)
class PostingQuery:
    """Which postings are asked for: a book, and any of account, a range of accounts, unit, lot, party, dates, dimensions.

    `first` and `last` bound the account, both included. `span` bounds the business date, half-open. A parallel ledger is
    the book `journal:NAME`.
    """

    book: str
    account: str | None = None
    first: str | None = None
    last: str | None = None
    unit: str | None = None
    lot: str | None = None
    party: str | None = None
    span: Span = field(factory=lambda: Span(None, None))
    dims: Map[str] = NO_DIMS


class Reading(Protocol):
    """What can be read of one company as its log stood at `head`."""

    @property
    def head(self) -> Head:
        """The position that every answer is as of."""

    def steady(self) -> AbstractContextManager[object]:
        """One short transaction around a planning; reads inside it need not ask whether the head has moved."""

    def doc(self, kind: str, id: str) -> Row | None:
        """The latest version of a document."""

    def history(self, kind: str, id: str) -> Sequence[Row]:
        """Every version of a document, oldest first."""

    def all(self, kind: str, *, after: str = "", limit: int) -> Sequence[Row]:
        """The latest versions of the documents of a kind, by id, from the one after `after`."""

    def find(
        self, index: str, prefix: str, *, upto: str | None = None, newest_first: bool = False, limit: int
    ) -> Sequence[Row]:
        """The documents under an index whose key starts with `prefix` and is at most `upto`, in order of key, kind, id."""

    def keyed(
        self, index: str, prefix: str, *, upto: str | None, newest_first: bool, limit: int
    ) -> Sequence[tuple[tuple[str, str, str], Row]]:
        """As `find`, each row with its (key, kind, id): what an overlay above needs to merge."""

    def lot(self, book: str, account: str, party: str, unit: str, lot: str) -> LotRow | None:
        """One open lot."""

    def state(self) -> Iterator[tuple[Any, ...]]:
        """Latest documents, balances and series in canonical order: what the state hash is over."""

    def lots(self, book: str, account: str, party: str | None = None) -> Sequence[LotRow]:
        """The open lots of an account, in order of date, position, lot."""

    def postings(self, query: PostingQuery) -> Iterator[PostingRow]:
        """Postings in order of period, account, unit, position, line."""

    def totals(self, query: PostingQuery, *, by: tuple[str, ...], values_only: bool = False) -> Iterable[TotalRow]:
        """Sums by any of account, unit, period, party; ordered by key; groups that only zeros were posted to are left out.

        With `values_only` the amounts are not asked: they are 0, and a group without a value is left out.
        """

    def balance(self, book: str, account: str, unit: str) -> BalanceRow:
        """What an account holds of a unit now."""

    def series(self, name: str) -> int:
        """How many numbers a series has given."""

    def derived(self, name: str, key: str) -> tuple[str, int] | None:
        """A disposable result and the position it was computed at."""

    def logged(self, key: str) -> LogRow | None:
        """The change that a key stands for."""

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        """Changes in log order."""


def bucket_of(on: str, bucket: str) -> int:
    """The period bucket of a date: `month` (202603) by default, `day` (20260305) for companies with many postings.

    >>> bucket_of("2026-03-05", "month"), bucket_of("2026-03-05", "day")
    (202603, 20260305)
    """
    return int(on[:4] + on[5:7]) if bucket == "month" else int(on[:4] + on[5:7] + on[8:10])


def bucket_span(period: int, bucket: str) -> Span:
    """The dates that a bucket holds; that of the last day of the calendar has no end.

    >>> str(bucket_span(202612, "month").end), bucket_span(999912, "month").end
    ('2027-01-01', None)
    """
    if bucket == "day":
        start = date(period // 10000, period // 100 % 100, period % 100)
        return Span(start, None if start == date.max else start + timedelta(days=1))
    year, month = divmod(period, 100)
    if (year, month) == (date.max.year, date.max.month):
        return Span(date(year, month, 1), None)
    return Span(date(year, month, 1), date(year + month // 12, month % 12 + 1, 1))
