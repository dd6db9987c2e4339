"""A store over one live overlay: what memory is, and what an adapter starts from that keeps its changes elsewhere and plays them on opening."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from bizcore.change.committed import microseconds_of
from bizcore.change.reading import (
    BalanceRow,
    Head,
    LogRow,
    LotRow,
    PostingQuery,
    PostingRow,
    Row,
    TotalRow,
)
from bizcore.change.settings import Settings
from bizcore.kernel.days import instant as read_instant
from bizcore.store.chain import START
from bizcore.store.commit import Sealed, Stamp, commit, played, start
from bizcore.store.overlay import Overlay, Write
from bizcore.store.port import Capabilities, ClosedStore, Stale


class LiveStore:
    """A store whose rows all lie in one overlay, where every question is answered; a subclass says where they last.

    `keep` takes in what was decided: a subclass that lasts writes it first, and calls this one's when it is safe. `first` is
    the writer's place: a subclass that shares its rows with other processes takes their lock there, and what they wrote.

    Guarantees: what is refused, by a rule or by `keep`, leaves nothing; a view stays as it was.
    """

    capabilities: Capabilities = Capabilities(durable=False, concurrent_writers=True)

    def __init__(self, settings: Settings, stamp: Stamp) -> None:
        self.settings: Settings = settings
        self.overlay: Overlay = start()
        self.guard: AbstractContextManager[Any] = threading.RLock()
        self.closed: bool = False
        self._stamp = stamp

    def keep(self, writes: Sequence[Write]) -> None:
        """Take in the changes of one batch; called in the writer's place, after every rule has agreed."""
        for one in writes:
            self.overlay.put(one)

    def first(self) -> AbstractContextManager[Any]:
        """The writer's place."""
        return self.guard

    def view(self, *, known_at: int | datetime | None = None) -> LiveReading:
        """A stable reading."""
        with self.first():
            self._open()
            live = self.overlay
            return LiveReading(self, live.head if known_at is None else head_at(live.log(), known_at))

    def known(self, keys: Sequence[str]) -> Mapping[str, LogRow]:
        """The changes that keys stand for."""
        with self.first():
            self._open()
            return {key: row for key in keys if (row := self.overlay.logged(key)) is not None}

    def apply(self, batch: Sequence[Sealed], *, prepared: Overlay | None = None) -> tuple[LogRow, ...]:
        """Record a batch, all or nothing. Raises: Stale, and what `commit` does."""
        with self.first():
            self._open()
            writes = self._decided(batch, prepared).writes
            self.keep(writes)
            return tuple(write.log for write in writes)

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        """Changes in log order."""
        with self.first():
            self._open()
            return iter(list(self.overlay.log(after=after)))

    def body(self, kind: str, id: str, position: int) -> tuple[str, str] | None:
        """The stored body and salt of one version."""
        with self.first():
            return self.overlay.body(kind, id, position)

    def close(self) -> None:
        """A closed store answers no more."""
        self.closed = True

    def _decided(self, batch: Sequence[Sealed], prepared: Overlay | None) -> Overlay:
        head = self.overlay.head
        if prepared is not None:
            if prepared.base_head != head:
                raise Stale(read="the head", planned_at=prepared.base_head.position, head=head.position)
            return prepared
        # Refusals must leave nothing, so the batch is tried on an overlay of its own.
        prepared = start(LiveReading(self, head))
        for one in batch:
            commit(prepared, one, self.settings, self._stamp)
        return prepared

    def _open(self) -> None:
        if self.closed:
            raise ClosedStore


def write_of(plain: Sequence[Any]) -> Write:
    """A change as JSON brings it back: lists where there were tuples.

    >>> import json
    >>> from bizcore.change.reading import LogRow
    >>> row = LogRow(1, 0, "ann", "", "k", "put", "{}", "{}", "")
    >>> whole = Write(row, (), (("note.text", ("x", "note", "n")),), (), (), (), (("N", 1),), ())
    >>> write_of(json.loads(json.dumps(whole))) == whole
    True
    """
    log, documents, added, removed, postings, lots, series, derived, erased = plain
    return Write(
        log=LogRow(*log),
        documents=tuple((Row(*row), salt) for row, salt in documents),
        added=tuple((name, (key, kind, id_)) for name, (key, kind, id_) in added),
        removed=tuple((name, (key, kind, id_)) for name, (key, kind, id_) in removed),
        postings=tuple(PostingRow(*one) for one in postings),
        lots=tuple((LotRow(*lot), is_open) for lot, is_open in lots),
        series=tuple((name, count) for name, count in series),
        derived=tuple((name, key, body) for name, key, body in derived),
        erased=tuple((kind, id_) for kind, id_ in erased),
    )


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

    def __init__(self, store: LiveStore, head: Head) -> None:
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
