"""What PostgreSQL and SQLite do not share: taking the writer's place, writing many rows at once, naming what went wrong."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from bizcore.store import schema
from bizcore.store.door import Asker
from bizcore.store.overlay import Overlay
from bizcore.store.port import OutOfRange, RunAgain, StoreBusy, StoreFull, StoreUnavailable
from bizcore.store.speech import Speech
from bizcore.store.writing import written

WAIT_SECONDS: Final = 60
COPY_MIN: Final = 500
"""Rows of one table from which COPY is worth its two extra messages."""


class Flavour(ABC):
    """One kind of database."""

    name: str
    mark: str
    schema: str | None
    """Where the tables lie when nobody says otherwise; None for a prefix."""

    @abstractmethod
    def loosen(self, raw: Any) -> object:
        """Let a borrowed connection begin no transaction by itself; gives what `restore` needs."""

    @abstractmethod
    def restore(self, raw: Any, before: object) -> None:
        """Give a borrowed connection back as it was."""

    @abstractmethod
    def unfit(self, state: Any) -> str:
        """Why a driver's connection cannot be asked, as its owner has set it up; empty when it can."""

    @abstractmethod
    def cursor(self, raw: Any) -> Any:
        """A cursor that binds and answers as this package's statements need it, whatever its owner has set up for his own."""

    @abstractmethod
    def begin(self, number: int) -> Sequence[str]:
        """What begins a transaction of ours and takes the writer's place of a company (0: of none)."""

    @abstractmethod
    def lock(self, number: int) -> str | None:
        """What takes the writer's place inside a host's transaction, where there is something to take."""

    @abstractmethod
    def put(self, raw: Any, cursor: Any, speech: Speech, before: Sequence[str], number: int, overlay: Overlay) -> None:
        """Send some statements and then an overlay's, in as few messages as can be."""

    @abstractmethod
    def tables(self, where: str | None) -> Sequence[str]:
        """What makes the tables, in a schema where there are some."""

    @abstractmethod
    def undo(self, cursor: Any, statement: str) -> None:
        """Roll back, as far as the statement says, after others failed that were sent together."""

    @abstractmethod
    def emptied(self, cursor: Any) -> bool:
        """After an erasure was committed, empty what earlier images lie in, where that is ours to do; False to be tried again."""

    @abstractmethod
    def has_tables(self, speech: Speech) -> str:
        """A question with an answer when the tables are there."""

    @abstractmethod
    def is_durable(self, asker: Asker) -> bool:
        """Whether what is committed stays when the machine stops."""

    @abstractmethod
    def in_transaction(self, raw: Any) -> bool:
        """Whether a connection has a transaction under way."""

    @abstractmethod
    def begins_itself(self, raw: Any) -> bool:
        """Whether the next statement on a connection opens a transaction that someone has to end."""

    @abstractmethod
    def is_taken(self, error: Exception) -> bool:
        """Whether a row of the log that had to be new was there."""

    @abstractmethod
    def is_lost(self, error: Exception) -> bool:
        """Whether the connection is gone."""

    @abstractmethod
    def translated(self, error: Exception) -> Exception:
        """The refusal that stands for a driver's error."""


class PostgreSQL(Flavour):
    """PostgreSQL, and what speaks its language, through psycopg 3.

    The place is the company's row, locked; what decides is the log row of the next position, which only one can insert.
    """

    name: str = "postgresql"
    mark: str = "%s"
    schema: str | None = "bizcore"

    def __init__(self, *, arrays: bool = True) -> None:
        self._arrays = arrays
        """Whether many rows go as arrays or by COPY; else one by one, which any such database understands."""

    def loosen(self, raw: Any) -> object:
        """Psycopg's autocommit is a word to the driver, not to the server."""
        if self.in_transaction(raw):
            raw.rollback()  # left open by what a pool does when it connects: nobody's
        before = raw.autocommit
        if not before:
            raw.autocommit = True
        return before

    def restore(self, raw: Any, before: object) -> None:
        """As it was."""
        if not raw.closed and not before:
            raw.autocommit = before

    def unfit(self, state: Any) -> str:
        """Text is UTF-8 on both sides, else it is lost or changed on the way; libpq is told by the server, nothing is asked."""
        for name in ("server_encoding", "client_encoding"):
            said = state.info.parameter_status(name)
            if said is not None and said.upper().replace("-", "") not in ("UTF8", "UNICODE"):
                return f"its {name} is {said}, text needs UTF8"
        return ""

    def cursor(self, raw: Any) -> Any:
        """A plain cursor of our own: tuples, and the types of our columns read and written as they are by default.

        Integers always as bigint: else each size of number would be a statement of its own to prepare.
        """
        import psycopg

        if not isinstance(raw, psycopg.Connection):
            return raw.cursor()  # an async driver's, as SQLAlchemy adapts it
        integers, plain = _defaults()
        cursor = self.opened(raw)
        adapters = cursor.adapters
        adapters.register_dumper(int, integers)
        for oid, loader in plain:
            if adapters.get_loader(oid, _TEXT) is not loader:
                adapters.register_loader(oid, loader)
        return cursor

    def opened(self, raw: Any) -> Any:
        """A cursor that gives tuples, whatever the host's connection gives by itself."""
        import psycopg
        from psycopg.rows import tuple_row

        return psycopg.Cursor(raw, row_factory=tuple_row)

    def begin(self, number: int) -> Sequence[str]:
        """Read committed, whatever the server's default: what is read behind the lock is what the last writer left."""
        began = ("begin isolation level read committed", f"set local lock_timeout='{WAIT_SECONDS}s'")
        lock = self.lock(number)
        return began if lock is None else (*began, lock)

    def lock(self, number: int) -> str | None:
        """The company's row."""
        return f"select id from bizcore_companies where id={number} for update" if number else None

    def put(self, raw: Any, cursor: Any, speech: Speech, before: Sequence[str], number: int, overlay: Overlay) -> None:
        """One message for a change of a few rows; arrays and COPY for many."""
        parts = list(written(number, overlay))
        if hasattr(raw, "pipeline") and sum(len(rows) for _, rows in parts) < COPY_MIN:
            self._in_one_message(raw, cursor, speech, before, parts)
        else:
            self._sent(cursor, speech, before, parts)

    def _in_one_message(
        self, raw: Any, cursor: Any, speech: Speech, before: Sequence[str], parts: Sequence[Any]
    ) -> None:
        """The first refusal is the one that is told; psycopg would write what follows from it into the host's log."""
        failed: list[Exception] = []
        try:
            with raw.pipeline():
                try:
                    # Prepared from the first time: what psycopg decides to prepare later, in a pipeline that then fails, it
                    # holds for prepared ever after, and the connection answers "prepared statement does not exist".
                    self._sent(cursor, speech, before, parts, prepare=True)
                except Exception as error:  # noqa: BLE001 - it is raised below
                    failed.append(error)
        except Exception as error:  # noqa: BLE001 - it is raised below
            failed.append(error)
        if failed:
            raise failed[0]

    def _sent(self, cursor: Any, speech: Speech, before: Sequence[str], parts: Sequence[Any], **how: bool) -> None:
        for text in before:
            cursor.execute(speech.say(text), **how)
        for statement, rows in parts:
            table = statement.table
            if len(rows) == 1:
                cursor.execute(speech.say(statement.text), rows[0], **how)
            elif table is None or not self._arrays:
                cursor.executemany(speech.say(statement.text), rows)
            elif len(rows) < COPY_MIN or statement.conflict or not hasattr(cursor, "copy"):
                cursor.execute(speech.say(_in_arrays(statement)), [list(one) for one in zip(*rows, strict=True)], **how)
            else:
                target = speech.say(f"copy {table.title}({schema.names(table)}) from stdin (format binary)")
                with cursor.copy(target) as copy:
                    copy.set_types(["int8" if kind == schema.INT else "text" for _, kind in table.columns])
                    for row in rows:
                        copy.write_row(row)

    def tables(self, where: str | None) -> Sequence[str]:
        """In a schema of their own, or with the prefix."""
        made = [] if where is None else [f"create schema if not exists {where}"]
        return [*made, *schema.postgresql_tables()]

    def undo(self, cursor: Any, statement: str) -> None:
        """Of what stood behind the failed statement nothing was prepared on the server, though psycopg counts it as done.

        It lets go of what it counts when it reads that something was rolled back, which it reads of statements it prepares.
        """
        if hasattr(cursor, "adapters"):
            cursor.execute(statement, prepare=True)
        else:  # an async driver's, which sends one by one
            cursor.execute(statement)

    def emptied(self, cursor: Any) -> bool:
        """Dead rows, its log and its archive are the server's, and whoever runs it says how long they stay."""
        return True

    def has_tables(self, speech: Speech) -> str:
        """Asked of the catalogue, so that no statement fails in a host's transaction."""
        return f"select 1 where to_regclass('{speech.table('meta')}') is not null"

    def is_durable(self, asker: Asker) -> bool:
        """As the server says; one that has no such switch cannot be told not to sync."""
        asked = "select current_setting('fsync', true), current_setting('synchronous_commit', true)"
        said = asker.execute(asked).fetchone()
        return said is not None and said[0] in ("on", None) and said[1] != "off"

    def in_transaction(self, raw: Any) -> bool:
        """As libpq knows."""
        return bool(raw.info.transaction_status != 0)

    def begins_itself(self, raw: Any) -> bool:
        """Unless in autocommit."""
        return not raw.autocommit

    def is_taken(self, error: Exception) -> bool:
        """A unique key of the log."""
        table = getattr(getattr(error, "diag", None), "table_name", None)
        return _state(error) == "23505" and str(table).endswith("log")

    def is_lost(self, error: Exception) -> bool:
        """The server is gone, or sends everybody away."""
        state = _state(error)
        return state[:2] == "08" or state in _GOING or (not state and type(error).__name__ == "OperationalError")

    def translated(self, error: Exception) -> Exception:
        """By SQLSTATE."""
        state = _state(error)
        if state in _AGAIN:
            return RunAgain(why=f"the database asks for it ({state})")
        if self.is_lost(error):
            return RunAgain(why="the connection was lost", lost=True)
        if state == "55P03":
            return StoreBusy(waited="as long as lock_timeout allows")
        if state[:2] == "53":
            return StoreFull(why=type(error).__name__)
        if state == "22003":
            return OutOfRange(what="a total")
        if state == "25P02":
            return StoreUnavailable(why="an earlier statement of this transaction failed; roll it back")
        return StoreUnavailable(why=type(error).__name__)


@cache
def _defaults() -> tuple[Any, tuple[tuple[int, Any], ...]]:
    """What psycopg writes bigint with, and what it reads our columns with where nobody says otherwise."""
    from psycopg.adapt import AdaptersMap
    from psycopg.types.numeric import Int8Dumper, IntLoader
    from psycopg.types.string import TextLoader

    made = AdaptersMap()
    plain = (
        (20, IntLoader),
        (23, IntLoader),
        (25, TextLoader),
    )  # int8, int4, text: as the catalogue of types numbers them
    for oid, loader in plain:
        made.register_loader(oid, loader)
    return Int8Dumper, tuple((oid, made.get_loader(oid, _TEXT)) for oid, _ in plain)


_TEXT: Final[Any] = 0
"""The format in which answers come."""

_AGAIN: Final = frozenset({"40001", "40P01", "40003"})
_GOING: Final = frozenset({"25P03", "25P04", "57P01", "57P02", "57P03", "57P05"})
"""The server ends the connection: it stops, or the connection was idle, in a transaction or not, or in one for too long."""


def _state(error: Exception) -> str:
    return getattr(error, "sqlstate", None) or ""


def _in_arrays(statement: schema.Statement) -> str:
    """An insert of many rows, each column an array."""
    table = statement.table
    if table is None:
        return statement.text
    arrays = ", ".join(f"?::{'bigint' if kind == schema.INT else 'text'}[]" for _, kind in table.columns)
    return f"insert into {table.title} as t({schema.names(table)}) select * from unnest({arrays}){statement.conflict}"


_TRANSACTIONAL: Final = object()
"""What `loosen` gives of a connection that is always in a transaction."""


class SQLite(Flavour):
    """SQLite through a driver that somebody else connects: the same tables as the embedded store's."""

    name: str = "sqlite"
    mark: str = "?"
    schema: str | None = None

    def loosen(self, raw: Any) -> object:
        """No BEGIN before a statement. Both words commit what is open, so it is taken back first: nobody's, as the pool lends it."""
        if raw.in_transaction:
            raw.rollback()
        if getattr(raw, "autocommit", None) is False:  # Python 3.12 and later
            raw.autocommit = True
            return _TRANSACTIONAL
        before = raw.isolation_level
        raw.isolation_level = None
        return before

    def restore(self, raw: Any, before: object) -> None:
        """As it was."""
        if before is _TRANSACTIONAL:
            raw.autocommit = False
        else:
            raw.isolation_level = before

    def unfit(self, state: Any) -> str:
        """Text has to be text."""
        return "" if getattr(state, "text_factory", str) is str else "its text_factory is not str"

    def cursor(self, raw: Any) -> Any:
        """Rows as they come."""
        cursor = raw.cursor()
        if isinstance(cursor, sqlite3.Cursor):
            cursor.row_factory = None
        return cursor

    def begin(self, number: int) -> Sequence[str]:
        """A file has one place for all."""
        return ("begin immediate",)

    def lock(self, number: int) -> str | None:
        """The transaction is the lock."""
        return None

    def put(self, raw: Any, cursor: Any, speech: Speech, before: Sequence[str], number: int, overlay: Overlay) -> None:
        """One statement a table; what is erased is overwritten, whatever its owner told the connection."""
        if any(write.erased for write in overlay.writes):
            cursor.execute("pragma secure_delete=on")
        for text in before:
            cursor.execute(text)
        for statement, rows in written(number, overlay):
            cursor.executemany(speech.say(statement.text), rows)

    def tables(self, where: str | None) -> Sequence[str]:
        """With the prefix."""
        return schema.sqlite_tables()

    def undo(self, cursor: Any, statement: str) -> None:
        """Nothing is prepared."""
        cursor.execute(statement)

    def emptied(self, cursor: Any) -> bool:
        """The write-ahead log, as soon as nobody reads from it; where there is none it is empty."""
        cursor.execute("pragma wal_checkpoint(truncate)")
        return not cursor.fetchone()[0]

    def has_tables(self, speech: Speech) -> str:
        """Asked of the catalogue."""
        return f"select 1 from sqlite_master where name='{speech.table('meta')}'"

    def is_durable(self, asker: Asker) -> bool:
        """Unless syncing was switched off, or there is no file."""
        file = asker.execute("select file from pragma_database_list where name='main'").fetchone()
        level = asker.execute("pragma synchronous").fetchone()
        return bool(file and file[0]) and level is not None and level[0] >= 2

    def in_transaction(self, raw: Any) -> bool:
        """As the driver knows."""
        return bool(raw.in_transaction)

    def begins_itself(self, raw: Any) -> bool:
        """As its `autocommit` says since Python 3.12, where its isolation level is not looked at; before, and unless that is none."""
        said = getattr(raw, "autocommit", None)
        return not said if isinstance(said, bool) else raw.isolation_level is not None

    def is_taken(self, error: Exception) -> bool:
        """A unique key of the log."""
        return "UNIQUE" in str(error) and "bizcore_log" in str(error)

    def is_lost(self, error: Exception) -> bool:
        """A file is not lost."""
        return False

    def translated(self, error: Exception) -> Exception:
        """As the embedded store does; a transaction that has read cannot write once another has written, however long it waits."""
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY_SNAPSHOT:
            return RunAgain(why="somebody wrote since this transaction began to read")
        from bizcore.store.sqlite import translated

        return translated(error)  # type: ignore[arg-type]
