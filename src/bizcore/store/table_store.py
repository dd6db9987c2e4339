"""One company of SQL tables, whatever door leads to them: it finds rows and keeps what the commit rule made, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, cast

from bizcore.change.committed import microseconds_of
from bizcore.change.reading import Head, LogRow
from bizcore.change.settings import Settings
from bizcore.kernel.days import instant as read_instant
from bizcore.store import schema
from bizcore.store.commit import Sealed, commit, start
from bizcore.store.door import Asker, Door
from bizcore.store.overlay import Overlay
from bizcore.store.port import Capabilities, Database, KeyReused, RunAgain, Stale
from bizcore.store.table_reading import TableReading

KEYS_ASKED: Final = 500
"""How many keys one question asks for."""


class TableStore:
    """The rows of one company."""

    def __init__(self, door: Door, number: int, settings: Settings, capabilities: Capabilities) -> None:
        self.settings: Settings = settings
        self.capabilities: Capabilities = capabilities
        self._door = door
        self._number = number

    def view(self, *, known_at: int | datetime | None = None) -> TableReading:
        """A stable reading."""
        door = self._door
        with door.guarded():
            connection = door.session().connection
            if known_at is None:
                head = head_of(connection, self._number)
            else:
                column = "position" if isinstance(known_at, int) else "instant"
                bound = (
                    min(max(known_at, 0), 1 << schema.POSITION_BITS)
                    if isinstance(known_at, int)
                    else microseconds_of(read_instant(known_at))
                )
                row = connection.execute(
                    f"select position, instant, hash from bizcore_log where company=? and id between ? and ? and {column}<=?"
                    " order by id desc limit 1",
                    (self._number, *_range(self._number), bound),
                ).fetchone()
                head = Head(*row) if row is not None else start().head
        return TableReading(door, self._number, self.settings, head)

    def known(self, keys: Sequence[str]) -> Mapping[str, LogRow]:
        """The changes that keys stand for."""
        found: dict[str, LogRow] = {}
        with self._door.guarded():
            connection = self._door.session().connection
            for at in range(0, len(keys), KEYS_ASKED):
                some = keys[at : at + KEYS_ASKED]
                marks = ",".join("?" * len(some))
                rows = connection.execute(
                    f"select {schema.LOG_COLUMNS} from bizcore_log where company=? and key in ({marks})",
                    (self._number, *some),
                )
                found.update((row[4], LogRow(*row)) for row in rows)
        return found

    def first(self) -> AbstractContextManager[object]:
        """The writer's place."""
        return self._door.writing(self._number)

    def apply(self, batch: Sequence[Sealed], *, prepared: Overlay | None = None) -> tuple[LogRow, ...]:
        """Record a batch, all or nothing; durable when the outermost place is left."""
        door = self._door
        with door.guarded(), door.writing(self._number) as connection:
            if prepared is None:
                prepared = start(TableReading(door, self._number, self.settings, head_of(connection, self._number)))
                for one in batch:
                    commit(prepared, one, self.settings, door.stamp)
            door.write(connection, self._number, prepared)
            cache = door.session().caches.get(self._number)
            if cache is not None:
                cache.after(prepared)
            return tuple(write.log for write in prepared.writes)

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        """Changes in log order, up to the head of now."""
        return self.view().log(after=after)

    def body(self, kind: str, id: str, position: int) -> tuple[str, str] | None:
        """The stored body and salt of one version."""
        with self._door.guarded():
            row: tuple[str, str] | None = (
                self._door.session()
                .connection.execute(
                    "select body, salt from bizcore_documents where company=? and kind=? and id=? and position=?",
                    (self._number, kind, id, position),
                )
                .fetchone()
            )
            return row

    def close(self) -> None:
        """Let go of the database's connections."""
        cast("Database", self._door).close()


def head_of(connection: Asker, number: int) -> Head:
    """Where the log of a company stands."""
    row = connection.execute(schema.HEAD, _range(number)).fetchone()
    return Head(*row) if row is not None else start().head


def taken(connection: Asker, number: int, overlay: Overlay) -> Exception:
    """Why a row of the log that was to be written is there: somebody was first, or the key was known all along.

    Neither can be seen where the transaction looks at an older snapshot: only running it again can tell.
    """
    head = head_of(connection, number).position
    if head != overlay.base_head.position:
        return Stale(read="the head", planned_at=overlay.base_head.position, head=head)
    for write in overlay.writes:
        asked = (number, write.log.key)
        if connection.execute("select 1 from bizcore_log where company=? and key=?", asked).fetchone() is not None:
            return KeyReused(key=write.log.key, fields=("key",))
    return RunAgain(why="somebody was first, and this transaction cannot see it")


def _range(number: int) -> tuple[int, int]:
    """The ids of a company's log rows: above the first, up to the last."""
    base = number << schema.POSITION_BITS
    return base, base + (1 << schema.POSITION_BITS) - 1
