"""The second witnesses of our own adapters: what memory and SQLite hold, read and damaged behind their backs."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from typing import Any, cast

from bizcore.store.clock import machine_clock, machine_ids
from bizcore.store.memory import MemoryDatabase
from bizcore.store.opener import open_store
from bizcore.store.port import Database
from bizcore.store.sqlite import SqliteDatabase
from bizcore.testing.contract import StoreContract


class MemoryContract(StoreContract):
    """The contract of the memory store, and of what is built on it."""

    def open(self) -> Database:
        """A new database in memory."""
        return open_store("memory:")

    def raw_rows(self, database: Database, table: str) -> Sequence[tuple[Any, ...]]:
        """The changes as they lie in memory, whatever its readings say."""
        found: list[tuple[Any, ...]] = []
        for store in cast("MemoryDatabase", database)._stores.values():
            writes, lots = store.overlay.writes, store.overlay._lots
            match table:
                case "log":
                    found += [write.log for write in writes]
                case "documents":
                    found += [one for write in writes for one in write.documents]
                case "indexes":
                    found += [one for write in writes for one in write.added]
                case "postings":
                    found += [one for write in writes for one in write.postings]
                case _:
                    found += [lot for some in lots.values() for lot in some.values() if lot is not None]
        return found

    def damage(self, database: Database) -> None:
        """Change the third change of the one company there is."""
        (store,) = cast("MemoryDatabase", database)._stores.values()
        write = store.overlay.writes[2]
        store.overlay.writes[2] = write._replace(log=write.log._replace(actor="nobody"))


class PostgresContract(StoreContract):
    """The contract of the sql store on PostgreSQL: a schema of its own for each database opened."""

    engine: Any = None
    """A SQLAlchemy engine for the server: a subclass, or a fixture, gives it and lets go of it."""

    def open(self) -> Database:
        """A new schema, by the way a host makes it."""
        from bizcore.store.sql import SqlStore, upgrade

        schema = f"books_{os.getpid()}_{next(_schemas)}"
        with self.engine.begin() as connection:
            upgrade(connection, schema=schema)
        return SqlStore(self.engine, schema=schema)

    def again(self, database: Database) -> Database:
        """Another store on the same schema."""
        from bizcore.store.sql import SqlStore

        return SqlStore(self.engine, schema=self._schema(database))

    def raw_rows(self, database: Database, table: str) -> Sequence[tuple[Any, ...]]:
        """The rows that another connection sees."""
        with self.engine.connect() as connection:
            return list(connection.exec_driver_sql(f"select * from {self._schema(database)}.{table}"))

    def damage(self, database: Database) -> None:
        """Update the third row by another connection."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"update {self._schema(database)}.log set actor='nobody' where position=3")

    @staticmethod
    def _schema(database: Database) -> str:
        return str(cast("Any", database).speech.schema)


class SqlOnSqliteContract(StoreContract):
    """The contract of the sql store on SQLite, in the file format of the embedded one."""

    def open(self) -> Database:
        """A new file in a folder of its own."""
        self.folder: tempfile.TemporaryDirectory[str] = tempfile.TemporaryDirectory()
        return open_store(f"sqlite+pysqlite:///{self.folder.name}/books.db")

    def again(self, database: Database) -> Database:
        """The same file, by connections of its own."""
        from bizcore.store.sql import SqlStore

        url = f"sqlite+pysqlite:///{self._path(database)}"
        return SqlStore.from_url(url, clock=machine_clock, ids=machine_ids)

    def _path(self, database: Database) -> str:
        return str(cast("Any", database).engine.url.database)

    def raw_rows(self, database: Database, table: str) -> Sequence[tuple[Any, ...]]:
        """The rows that another connection sees."""
        with closing(sqlite3.connect(self._path(database))) as connection:
            return connection.execute(f"select * from bizcore_{table}").fetchall()

    def damage(self, database: Database) -> None:
        """Update the third row by another connection."""
        with closing(sqlite3.connect(self._path(database))) as connection, connection:
            connection.execute("update bizcore_log set actor='nobody' where position=3")


_schemas = iter(range(1_000_000))


class SqliteContract(StoreContract):
    """The contract of the SQLite store."""

    def open(self) -> Database:
        """A new file in a folder of its own."""
        self.folder: tempfile.TemporaryDirectory[str] = tempfile.TemporaryDirectory()
        return open_store(f"sqlite:///{self.folder.name}/books.db")

    def again(self, database: Database) -> Database:
        """The same file, by connections of its own."""
        return SqliteDatabase(cast("SqliteDatabase", database).path, clock=machine_clock, ids=machine_ids)

    def raw_rows(self, database: Database, table: str) -> Sequence[tuple[Any, ...]]:
        """The rows that another connection sees."""
        with closing(sqlite3.connect(cast("SqliteDatabase", database).path)) as connection:
            return connection.execute(f"select * from bizcore_{table}").fetchall()

    def damage(self, database: Database) -> None:
        """Update the third row by another connection."""
        with closing(sqlite3.connect(cast("SqliteDatabase", database).path)) as connection, connection:
            connection.execute("update bizcore_log set actor='nobody' where position=3")
