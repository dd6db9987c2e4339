"""What PostgreSQL and SQLite do not share: taking the writer's place, writing many rows at once, naming what went wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
    def cursor(self, raw: Any) -> Any:
        """A cursor that binds as this package's statements need it."""

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
        before = raw.autocommit
        if not before:
            raw.autocommit = True
        return before

    def restore(self, raw: Any, before: object) -> None:
        """As it was."""
        if not raw.closed and not before:
            raw.autocommit = before

    def cursor(self, raw: Any) -> Any:
        """Integers always as bigint: else each size of number would be a statement of its own to prepare."""
        cursor = raw.cursor()
        if hasattr(cursor, "adapters"):
            from psycopg.types.numeric import Int8Dumper

            cursor.adapters.register_dumper(int, Int8Dumper)
        return cursor

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
            # Nothing is prepared in it: what comes after an error is skipped by the server, and psycopg would believe it prepared.
            with _pipeline(raw):
                self._sent(cursor, speech, before, parts, prepare=False)
        else:
            self._sent(cursor, speech, before, parts)

    def _sent(self, cursor: Any, speech: Speech, before: Sequence[str], parts: Sequence[Any], **prepared: bool) -> None:
        for text in before:
            cursor.execute(speech.say(text), **prepared)
        for statement, rows in parts:
            table = statement.table
            if len(rows) == 1:
                cursor.execute(speech.say(statement.text), rows[0], **prepared)
            elif prepared and (table is None or not self._arrays):
                for row in rows:  # `executemany` prepares whatever it is told
                    cursor.execute(speech.say(statement.text), row, **prepared)
            elif table is None or not self._arrays:
                cursor.executemany(speech.say(statement.text), rows)
            elif len(rows) < COPY_MIN or statement.conflict or not hasattr(cursor, "copy"):
                cursor.execute(
                    speech.say(_in_arrays(statement)), [list(one) for one in zip(*rows, strict=True)], **prepared
                )
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

    def has_tables(self, speech: Speech) -> str:
        """Asked of the catalogue, so that no statement fails in a host's transaction."""
        return f"select 1 where to_regclass('{speech.table('meta')}') is not null"

    def is_durable(self, asker: Asker) -> bool:
        """As the server says."""
        said = asker.execute("select current_setting('fsync'), current_setting('synchronous_commit')").fetchone()
        return said is not None and said[0] == "on" and said[1] != "off"

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
            return StoreBusy(waited=f"{WAIT_SECONDS} s")
        if state[:2] == "53":
            return StoreFull(why=type(error).__name__)
        if state == "22003":
            return OutOfRange(what="a total")
        if state == "25P02":
            return StoreUnavailable(why="an earlier statement of this transaction failed; roll it back")
        return StoreUnavailable(why=type(error).__name__)


_AGAIN: Final = frozenset({"40001", "40P01", "40003"})
_GOING: Final = frozenset({"57P01", "57P02", "57P03", "57P05"})


def _state(error: Exception) -> str:
    return getattr(error, "sqlstate", None) or ""


@contextmanager
def _pipeline(raw: Any) -> Iterator[None]:
    """Statements in one message, of whose errors the first is raised; psycopg would tell the host's log of those that follow from it."""
    from psycopg import Error

    first: Error | None = None
    try:
        with raw.pipeline():
            try:
                yield
            except Error as error:
                first = error
    except Error as error:
        raise first or error from None
    if first is not None:
        raise first


def _in_arrays(statement: schema.Statement) -> str:
    """An insert of many rows, each column an array."""
    table = statement.table
    if table is None:
        return statement.text
    arrays = ", ".join(f"?::{'bigint' if kind == schema.INT else 'text'}[]" for _, kind in table.columns)
    return f"insert into {table.title} as t({schema.names(table)}) select * from unnest({arrays}){statement.conflict}"


class SQLite(Flavour):
    """SQLite through a driver that somebody else connects: the same tables as the embedded store's."""

    name: str = "sqlite"
    mark: str = "?"
    schema: str | None = None

    def loosen(self, raw: Any) -> object:
        """No BEGIN before a statement."""
        before = raw.isolation_level
        raw.isolation_level = None
        return before

    def restore(self, raw: Any, before: object) -> None:
        """As it was."""
        raw.isolation_level = before

    def cursor(self, raw: Any) -> Any:
        """Any."""
        return raw.cursor()

    def begin(self, number: int) -> Sequence[str]:
        """A file has one place for all."""
        return ("begin immediate",)

    def lock(self, number: int) -> str | None:
        """The transaction is the lock."""
        return None

    def put(self, raw: Any, cursor: Any, speech: Speech, before: Sequence[str], number: int, overlay: Overlay) -> None:
        """One statement a table."""
        for text in before:
            cursor.execute(text)
        for statement, rows in written(number, overlay):
            cursor.executemany(speech.say(statement.text), rows)

    def tables(self, where: str | None) -> Sequence[str]:
        """With the prefix."""
        return schema.sqlite_tables()

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
        """Unless its isolation level is none."""
        return raw.isolation_level is not None or getattr(raw, "autocommit", True) is False

    def is_taken(self, error: Exception) -> bool:
        """A unique key of the log."""
        return "UNIQUE" in str(error) and "bizcore_log" in str(error)

    def is_lost(self, error: Exception) -> bool:
        """A file is not lost."""
        return False

    def translated(self, error: Exception) -> Exception:
        """As the embedded store does."""
        from bizcore.store.sqlite import translated

        return translated(error)  # type: ignore[arg-type]
