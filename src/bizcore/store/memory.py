"""The memory store: the overlay over nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from bizcore.change.committed import microseconds_of
from bizcore.change.reading import LogRow
from bizcore.change.settings import Settings
from bizcore.kernel.days import instant as read_instant
from bizcore.store.clock import Clock, Ids
from bizcore.store.commit import Sealed, Stamp, start
from bizcore.store.live import LiveReading, batch_on, head_at
from bizcore.store.overlay import Overlay
from bizcore.store.port import Capabilities, ClosedStore, CompanyNotFound, check_same


class MemoryStore:
    """One company in memory."""

    capabilities: Capabilities = Capabilities(durable=False, concurrent_writers=True)

    def __init__(self, settings: Settings, stamp: Stamp) -> None:
        self.settings: Settings = settings
        self.overlay: Overlay = start()
        self._stamp = stamp
        self.guard: AbstractContextManager[Any] = threading.RLock()
        self._closed = False

    def view(self, *, known_at: int | datetime | None = None) -> LiveReading:
        """A stable reading."""
        self._open()
        live = self.overlay
        if known_at is None:
            return LiveReading(self, live.head)
        return LiveReading(self, head_at((write.log for write in live.writes), known_at))

    def known(self, keys: Sequence[str]) -> Mapping[str, LogRow]:
        """The changes that keys stand for."""
        self._open()
        return {key: row for key in keys if (row := self.overlay.logged(key)) is not None}

    def first(self) -> AbstractContextManager[Any]:
        """The writer's place."""
        return self.guard

    def apply(self, batch: Sequence[Sealed], *, prepared: Overlay | None = None) -> tuple[LogRow, ...]:
        """Record a batch, all or nothing."""
        with self.guard:
            self._open()
            live = self.overlay
            # Refusals must leave nothing, so the batch is tried on an overlay of its own.
            written = batch_on(LiveReading(self, live.head), batch, prepared, self.settings, self._stamp)
            for write in written.writes:
                live.put(write)
            return tuple(write.log for write in written.writes)

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
