"""What an adapter that keeps its rows in one live overlay needs besides: stable readings of it, the head of a moment, and the write set of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from bizcore.change.committed import microseconds_of
from bizcore.change.reading import (
    BalanceRow,
    Head,
    LogRow,
    LotRow,
    PostingQuery,
    PostingRow,
    Reading,
    Row,
    TotalRow,
)
from bizcore.change.settings import Settings
from bizcore.kernel.days import instant as read_instant
from bizcore.store.chain import START
from bizcore.store.commit import Sealed, Stamp, commit, played, start
from bizcore.store.overlay import Overlay
from bizcore.store.port import Stale


class Live(Protocol):
    """A store whose rows all lie in one overlay."""

    @property
    def overlay(self) -> Overlay:
        """The rows as they are now; another object when they were loaded anew."""

    @property
    def guard(self) -> AbstractContextManager[object]:
        """Held for the moment of one answer, so that no thread changes the overlay meanwhile; taken again by who has it."""

    def first(self) -> AbstractContextManager[object]:
        """The writer's place."""


def batch_on(
    base: Reading, batch: Sequence[Sealed], prepared: Overlay | None, settings: Settings, stamp: Stamp
) -> Overlay:
    """The write set of a batch at the head of `base`: what is prepared, else each change committed on an overlay of its own.

    Guarantees: nothing is written; `base` is the same afterwards, whatever is refused.
    Raises: Stale, when what is prepared has another base; what `commit` does.
    """
    if prepared is not None:
        if prepared.base_head != base.head:
            raise Stale(read="the head", planned_at=prepared.base_head.position, head=base.head.position)
        return prepared
    overlay = start(base)
    for one in batch:
        commit(overlay, one, settings, stamp)
    return overlay


def head_at(rows: Iterable[LogRow], known_at: int | datetime) -> Head:
    """The head as the log stood at a position or an instant."""
    limit = known_at if isinstance(known_at, int) else None
    moment = microseconds_of(read_instant(known_at)) if limit is None else 0
    head = Head(0, 0, START)
    for row in rows:
        if (limit is not None and row.position > limit) or (limit is None and row.instant > moment):
            break
        head = Head(row.position, row.instant, row.hash)
    return head


class LiveReading:
    """A stable reading of a store that keeps an overlay: the live one while the head stands, its replay once it has moved."""

    def __init__(self, store: Live, head: Head) -> None:
        self._store = store
        self._head = head
        self._replay: Overlay | None = None

    @property
    def head(self) -> Head:
        """The position that every answer is as of."""
        return self._head

    def steady(self) -> AbstractContextManager[Any]:
        """The writer's place: planning in memory is never interrupted."""
        return self._store.first()

    @property
    def _now(self) -> Overlay:
        if self._replay is not None:
            return self._replay
        live = self._store.overlay
        if live.head.position != self._head.position:
            self._replay = live = played(live.writes[: self._head.position])
        return live

    def doc(self, kind: str, id: str) -> Row | None:
        """The latest version of a document."""
        with self._store.guard:
            return self._now.doc(kind, id)

    def history(self, kind: str, id: str) -> Sequence[Row]:
        """Every version of a document, oldest first."""
        with self._store.guard:
            return self._now.history(kind, id)

    def all(self, kind: str, *, after: str = "", limit: int) -> Sequence[Row]:
        """The latest versions of the documents of a kind, by id."""
        with self._store.guard:
            return self._now.all(kind, after=after, limit=limit)

    def find(
        self, index: str, prefix: str, *, upto: str | None = None, newest_first: bool = False, limit: int
    ) -> Sequence[Row]:
        """The documents under an index, in order of key, kind, id."""
        with self._store.guard:
            return self._now.find(index, prefix, upto=upto, newest_first=newest_first, limit=limit)

    def keyed(
        self, index: str, prefix: str, *, upto: str | None, newest_first: bool, limit: int
    ) -> Sequence[tuple[tuple[str, str, str], Row]]:
        """As `find`, each row with its (key, kind, id)."""
        with self._store.guard:
            return self._now.keyed(index, prefix, upto=upto, newest_first=newest_first, limit=limit)

    def lot(self, book: str, account: str, party: str, unit: str, lot: str) -> LotRow | None:
        """One open lot."""
        with self._store.guard:
            return self._now.lot(book, account, party, unit, lot)

    def lots(self, book: str, account: str, party: str | None = None) -> Sequence[LotRow]:
        """The open lots of an account."""
        with self._store.guard:
            return self._now.lots(book, account, party)

    def postings(self, query: PostingQuery) -> Iterator[PostingRow]:
        """Postings in order of period, account, unit, position, line."""
        with self._store.guard:
            return self._now.postings(query)

    def totals(self, query: PostingQuery, *, by: tuple[str, ...], values_only: bool = False) -> Iterable[TotalRow]:
        """Sums of postings."""
        with self._store.guard:
            return self._now.totals(query, by=by, values_only=values_only)

    def balance(self, book: str, account: str, unit: str) -> BalanceRow:
        """What an account holds of a unit now."""
        with self._store.guard:
            return self._now.balance(book, account, unit)

    def series(self, name: str) -> int:
        """How many numbers a series has given."""
        with self._store.guard:
            return self._now.series(name)

    def derived(self, name: str, key: str) -> tuple[str, int] | None:
        """A disposable result and its position."""
        with self._store.guard:
            return self._now.derived(name, key)

    def logged(self, key: str) -> LogRow | None:
        """The change that a key stands for."""
        with self._store.guard:
            return self._now.logged(key)

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        """Changes in log order."""
        with self._store.guard:
            return iter(list(self._now.log(after=after)))

    def state(self) -> Iterator[tuple[Any, ...]]:
        """What the state hash is over."""
        with self._store.guard:
            return iter(list(self._now.state()))
