"""Adapters that lie, each in one way: the contract catches every one."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest
from attrs import evolve

from bizcore.change.changes import Changes
from bizcore.change.reading import LogRow, Row
from bizcore.company import Company
from bizcore.store.clock import machine_clock, machine_ids
from bizcore.store.commit import Sealed
from bizcore.store.live import LiveReading
from bizcore.store.memory import MemoryDatabase, MemoryStore
from bizcore.store.overlay import Overlay
from bizcore.store.port import Database
from bizcore.testing.broken import Broken
from bizcore.testing.machine import prove, step
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk
from bizcore.testing.witness import MemoryContract


class Lying(MemoryStore):
    """The memory store, before it lies."""


def database(store: type[MemoryStore]) -> MemoryDatabase:
    class Made(MemoryDatabase):
        def create(self, settings: Any) -> MemoryStore:
            if settings.name not in self._stores:
                self._stores[settings.name] = store(settings, self.stamp)
            return super().create(settings)

    return Made(clock=machine_clock, ids=machine_ids)


def without(sealed: Sealed, **facts: Any) -> Sealed:
    changes = sealed.changes
    made = Changes.nothing(changes.act)  # type: ignore[arg-type]
    for name in ("value", "documents", "entries", "floors", "derived", "act", "reads", "erases"):
        object.__setattr__(made, name, facts.get(name, getattr(changes, name)))
    return evolve(sealed, changes=made)


class IgnoredReads(Lying):
    """Writes whatever was planned, however stale."""

    def apply(self, batch: Sequence[Sealed], *, prepared: Overlay | None = None) -> tuple[LogRow, ...]:
        return super().apply([evolve(one, reads={}) for one in batch])


class IgnoredFloors(Lying):
    """Lets balances fall."""

    def apply(self, batch: Sequence[Sealed], *, prepared: Overlay | None = None) -> tuple[LogRow, ...]:
        return super().apply([without(one, floors=()) for one in batch])


class StaleIndex(Lying):
    """Answers from what it knew when it was first asked."""

    def view(self, *, known_at: Any = None) -> LiveReading:
        return Remembering(self, super().view(known_at=known_at).head)


class Remembering(LiveReading):
    """Keeps every answer of an index for ever."""

    known: ClassVar[dict[Any, Any]] = {}

    def find(
        self, index: str, prefix: str, *, upto: str | None = None, newest_first: bool = False, limit: int
    ) -> Sequence[Row]:
        found = super().find(index, prefix, upto=upto, newest_first=newest_first, limit=limit)
        return self.known.setdefault((id(self._store), index, prefix, upto, newest_first, limit), found)


class TornBatch(Lying):
    """Writes the changes of a batch one by one, so that the first stay when the last is refused."""

    def apply(self, batch: Sequence[Sealed], *, prepared: Overlay | None = None) -> tuple[LogRow, ...]:
        rows: list[LogRow] = []
        for one in batch:
            rows += super().apply([evolve(one, planned_at=-1, reads={})])
        return tuple(rows)


class LostOrder(Lying):
    """Gives the log in another order than it was written in."""

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        return iter(sorted(super().log(after=after), key=lambda row: row.hash))


class IgnoredKey(Lying):
    """Forgets which keys it has seen."""

    def apply(self, batch: Sequence[Sealed], *, prepared: Overlay | None = None) -> tuple[LogRow, ...]:
        for one in batch:
            self.overlay._keys.pop(one.key, None)
        rows = super().apply(batch)
        for row in rows:
            self.overlay._keys.pop(row.key, None)
        return rows

    def known(self, keys: Sequence[str]) -> Mapping[str, LogRow]:
        return {}


class BrokenLink(Lying):
    """Writes a hash that does not follow from the one before."""

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        return iter([row._replace(hash="0" * 64) if row.position == 3 else row for row in super().log(after=after)])


class OneForAll(MemoryDatabase):
    """Keeps the rows of every company in one place."""

    def create(self, settings: Any) -> MemoryStore:
        if not self._stores:
            return super().create(settings)
        return next(iter(self._stores.values()))


class Claimed(MemoryContract):
    """The contract as an adapter's author would subclass it."""

    make: Callable[[], Database]

    def open(self) -> Database:
        return type(self).make()


class Unwritten(Claimed):
    """Answers from a cache and never writes: only a look behind it shows."""

    def raw_rows(self, database: Database, table: str) -> Sequence[tuple[Any, ...]]:
        return []


def failures(contract: type[Claimed], make: Callable[[], Database]) -> list[str]:
    """The tests of the contract that fail for an adapter."""
    claimed = type("Adapter", (contract,), {"make": staticmethod(make)})
    found = []
    for name, _ in inspect.getmembers(claimed, inspect.isfunction):
        if name.startswith("test_"):
            try:
                getattr(claimed(), name)()
            except Exception:  # noqa: BLE001 - whatever a contract test raises, the lie is caught
                found.append(name)
    return found


@pytest.mark.parametrize(
    ("store", "caught_by"),
    [
        (IgnoredReads, "test_a_read_that_changed_makes_a_change_stale"),
        (StaleIndex, "test_a_policy_put_is_in_force_for_the_next_plan"),
        (IgnoredFloors, "test_a_floor_holds_whoever_was_first"),
        (TornBatch, "test_a_batch_is_written_whole_or_not_at_all"),
        (LostOrder, "test_the_log_is_in_order_and_its_chain_holds"),
        (IgnoredKey, "test_a_key_that_is_taken_is_refused_by_the_port"),
        (BrokenLink, "test_the_log_is_in_order_and_its_chain_holds"),
    ],
)
def test_a_lying_store_is_caught(store: type[MemoryStore], caught_by: str) -> None:
    assert caught_by in failures(Claimed, lambda: database(store))


def test_a_cache_that_never_writes_is_caught_by_the_second_witness() -> None:
    assert "test_what_was_answered_is_written" in failures(Unwritten, lambda: database(MemoryStore))


def test_another_companys_rows_are_caught() -> None:
    make = lambda: OneForAll(clock=machine_clock, ids=machine_ids)  # noqa: E731
    assert "test_another_companys_rows_cannot_be_seen" in failures(Claimed, make)


def test_the_honest_store_passes() -> None:
    assert failures(Claimed, lambda: database(MemoryStore)) == []


def test_the_machine_tells_the_shortest_story_that_shows_a_lie() -> None:
    """Two acts of three hundred are enough to see that an index answers from before: the others have nothing to do with it."""
    stores = []

    def company() -> Company:
        stores.append(made := database(StaleIndex))
        kinds = [Note, Person, Rule]
        return Company.create("acme", currency=CURRENCY, store=made, desks=[ToyDesk], kinds=kinds, actor="ann")

    source = random.Random("lie")
    with pytest.raises(Broken) as error:
        prove(company, [step(source) for _ in range(300)])
    assert str(error.value).count("Step(") <= 2
