"""The memory store: the overlay over nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from bizcore.change.committed import microseconds_of
from bizcore.change.reading import BalanceRow, Head, LogRow, LotRow, PostingQuery, PostingRow, Row, TotalRow
from bizcore.change.settings import Settings
from bizcore.kernel.days import instant as read_instant
from bizcore.store.chain import START
from bizcore.store.clock import Clock, Ids
from bizcore.store.commit import Sealed, Stamp, commit, played, start
from bizcore.store.overlay import Overlay
from bizcore.store.port import Capabilities, ClosedStore, CompanyNotFound, Stale, check_same


class MemoryReading:
    """A stable reading of a memory store: the live overlay while the head stands, its replay once it has moved."""

    def __init__(self, store: MemoryStore, head: Head) -> None:
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
        with self._store.first():
            return self._now.doc(kind, id)

    def history(self, kind: str, id: str) -> Sequence[Row]:
        """Every version of a document, oldest first."""
        with self._store.first():
            return self._now.history(kind, id)

    def all(self, kind: str, *, after: str = "", limit: int) -> Sequence[Row]:
        """The latest versions of the documents of a kind, by id."""
        with self._store.first():
            return self._now.all(kind, after=after, limit=limit)

    def find(
        self, index: str, prefix: str, *, upto: str | None = None, newest_first: bool = False, limit: int
    ) -> Sequence[Row]:
        """The documents under an index, in order of key, kind, id."""
        with self._store.first():
            return self._now.find(index, prefix, upto=upto, newest_first=newest_first, limit=limit)

    def keyed(
        self, index: str, prefix: str, *, upto: str | None, newest_first: bool, limit: int
    ) -> Sequence[tuple[tuple[str, str, str], Row]]:
        """As `find`, each row with its (key, kind, id)."""
        with self._store.first():
            return self._now.keyed(index, prefix, upto=upto, newest_first=newest_first, limit=limit)

    def lot(self, book: str, account: str, party: str, unit: str, lot: str) -> LotRow | None:
        """One open lot."""
        with self._store.first():
            return self._now.lot(book, account, party, unit, lot)

    def lots(self, book: str, account: str, party: str | None = None) -> Sequence[LotRow]:
        """The open lots of an account."""
        with self._store.first():
            return self._now.lots(book, account, party)

    def postings(self, query: PostingQuery) -> Iterator[PostingRow]:
        """Postings in order of period, account, unit, position, line."""
        with self._store.first():
            return self._now.postings(query)

    def totals(self, query: PostingQuery, *, by: tuple[str, ...], values_only: bool = False) -> Iterable[TotalRow]:
        """Sums of postings."""
        with self._store.first():
            return self._now.totals(query, by=by, values_only=values_only)

    def balance(self, book: str, account: str, unit: str) -> BalanceRow:
        """What an account holds of a unit now."""
        with self._store.first():
            return self._now.balance(book, account, unit)

    def series(self, name: str) -> int:
        """How many numbers a series has given."""
        with self._store.first():
            return self._now.series(name)

    def derived(self, name: str, key: str) -> tuple[str, int] | None:
        """A disposable result and its position."""
        with self._store.first():
            return self._now.derived(name, key)

    def logged(self, key: str) -> LogRow | None:
        """The change that a key stands for."""
        with self._store.first():
            return self._now.logged(key)

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        """Changes in log order."""
        with self._store.first():
            return iter(list(self._now.log(after=after)))

    def state(self) -> Iterator[tuple[Any, ...]]:
        """What the state hash is over."""
        with self._store.first():
            return iter(list(self._now.state()))


class MemoryStore:
    """One company in memory."""

    capabilities: Capabilities = Capabilities(durable=False, concurrent_writers=True)

    def __init__(self, settings: Settings, stamp: Stamp) -> None:
        self.settings: Settings = settings
        self.overlay: Overlay = start()
        self._stamp = stamp
        self._place = threading.RLock()
        self._closed = False

    def view(self, *, known_at: int | datetime | None = None) -> MemoryReading:
        """A stable reading."""
        self._open()
        live = self.overlay
        if known_at is None:
            return MemoryReading(self, live.head)
        return MemoryReading(self, head_at((write.log for write in live.writes), known_at))

    def known(self, keys: Sequence[str]) -> Mapping[str, LogRow]:
        """The changes that keys stand for."""
        self._open()
        return {key: row for key in keys if (row := self.overlay.logged(key)) is not None}

    def first(self) -> AbstractContextManager[Any]:
        """The writer's place."""
        return self._place

    def apply(self, batch: Sequence[Sealed], *, prepared: Overlay | None = None) -> tuple[LogRow, ...]:
        """Record a batch, all or nothing."""
        with self._place:
            self._open()
            live = self.overlay
            if prepared is not None and prepared.base_head != live.head:
                raise Stale(read="the head", planned_at=prepared.base_head.position, head=live.head.position)
            if prepared is None:
                # Refusals must leave nothing, so the batch is tried on an overlay of its own.
                prepared = start(MemoryReading(self, live.head))
                for one in batch:
                    commit(prepared, one, self.settings, self._stamp)
            for write in prepared.writes:
                live.put(write)
            return tuple(write.log for write in prepared.writes)

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        """Changes in log order."""
        self._open()
        return iter(list(self.overlay.log(after=after)))

    def body(self, kind: str, id: str, position: int) -> tuple[str, str] | None:
        """The stored body and salt of one version."""
        return self.overlay.body(kind, id, position)

    def close(self) -> None:
        """Memory keeps nothing to let go of; a closed store answers no more."""
        self._closed = True

    def _open(self) -> None:
        if self._closed:
            raise ClosedStore


class MemoryDatabase:
    """Companies in memory; every `memory:` is a store of its own."""

    def __init__(self, *, clock: Clock, ids: Ids) -> None:
        self.ids: Ids = ids
        self.stamp: Stamp = Stamp(instant=lambda: microseconds_of(read_instant(clock())), salt=ids)
        self._stores: dict[str, MemoryStore] = {}

    def create(self, settings: Settings) -> MemoryStore:
        """Make a company, or return the one that has the same settings."""
        known = self._stores.get(settings.name)
        if known is not None:
            check_same(known.settings, settings)
            return known
        return self._stores.setdefault(settings.name, MemoryStore(settings, self.stamp))

    def company(self, name: str) -> MemoryStore:
        """The rows of a company."""
        if name not in self._stores:
            raise CompanyNotFound(name=name)
        return self._stores[name]

    def companies(self) -> Iterable[str]:
        """The names of all companies."""
        return sorted(self._stores)

    def close(self) -> None:
        """Close every company."""
        for store in self._stores.values():
            store.close()


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
