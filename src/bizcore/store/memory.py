"""The memory store: the overlay over nothing."""

from __future__ import annotations

from collections.abc import Iterable

from bizcore.change.committed import microseconds_of
from bizcore.change.settings import Settings
from bizcore.kernel.days import instant as read_instant
from bizcore.store.clock import Clock, Ids
from bizcore.store.commit import Stamp
from bizcore.store.live import LiveStore
from bizcore.store.port import CompanyNotFound, check_same


class MemoryStore(LiveStore):
    """One company in memory; nothing lasts."""


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
