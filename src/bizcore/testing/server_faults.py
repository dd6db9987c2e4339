"""Faults between a client and a PostgreSQL server: a connection lost before or after a statement took effect, a refusal of the server's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, NoReturn

from bizcore.company import Company
from bizcore.store.flavours import PostgreSQL
from bizcore.store.port import Database
from bizcore.testing.faults import Opening, Turn


class ServerFault(Enum):
    """What goes wrong; a value is the SQLSTATE that the server answers with."""

    LOST = "before"
    """The connection goes before the statement reaches the server."""

    LOST_ANSWER = "after"
    """The statement takes effect and the connection goes before its answer comes."""

    SERIALIZATION = "40001"
    DEADLOCK = "40P01"
    DISK_FULL = "53100"
    LOCK_TIMEOUT = "55P03"
    CANCELLED = "57014"


class ServerFaults(Turn[ServerFault]):
    """A source of connections to a server whose n-th statement from now fails; `engine` is SQLAlchemy's."""

    def __init__(self, url: str) -> None:
        super().__init__()
        import sqlalchemy as sa

        self.engine: Any = sa.create_engine(url)
        self.flavour: PostgreSQL = _Faulty(self)

    @contextmanager
    def around(self, cursor: Any, statement: object) -> Iterator[None]:
        """Around a statement: it fails, before or after it took effect, when it is its turn."""
        fault = self.due()
        if fault is None:
            yield
        elif fault is ServerFault.LOST_ANSWER:
            yield
            with cursor.connection.pipeline():
                pass  # what is under way in a pipeline has arrived when another one is entered
            _lose(cursor.connection)
        else:
            self._refuse(cursor, str(statement), fault)
            yield

    def _refuse(self, cursor: Any, statement: str, fault: ServerFault) -> None:
        import psycopg

        if fault is ServerFault.LOST:
            _lose(cursor.connection)
        if statement.startswith("commit"):
            # A server that refuses to commit has rolled back.
            psycopg.Cursor.execute(cursor, "rollback")
            raise psycopg.errors.lookup(fault.value)("planted")
        # In a pipeline this is heard of later: what follows it is sent, and skipped by the server.
        refusal = f"do $$ begin raise exception 'planted' using errcode = '{fault.value}'; end $$"
        psycopg.Cursor.execute(cursor, refusal.encode())


def _lose(connection: Any) -> NoReturn:
    import psycopg

    connection.close()
    raise psycopg.OperationalError("planted: the connection is gone")


class _Faulty(PostgreSQL):
    """PostgreSQL, by cursors that ask before each statement."""

    def __init__(self, faults: ServerFaults) -> None:
        super().__init__()
        self._cursors = _cursors(faults)

    def opened(self, raw: Any) -> Any:
        """One of ours."""
        from psycopg.rows import tuple_row

        return self._cursors(raw, row_factory=tuple_row)


def _cursors(faults: ServerFaults) -> type[Any]:
    import psycopg

    class Faulty(psycopg.Cursor[Any]):
        """Asks before each statement."""

        def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
            """As the cursor, unless it is this one's turn to fail."""
            with faults.around(self, query):
                return super().execute(query, params, **how)

        def executemany(self, query: Any, params_seq: Any, **how: Any) -> None:
            """As the cursor, unless it is this one's turn to fail."""
            with faults.around(self, query):
                super().executemany(query, params_seq, **how)

        @contextmanager
        def copy(self, statement: Any, *more: Any, **how: Any) -> Iterator[Any]:
            """As the cursor, unless it is this one's turn to fail."""
            with faults.around(self, statement), super().copy(statement, *more, **how) as copied:
                yield copied

    return Faulty


def on_a_server(faults: ServerFaults, open_company: Callable[[Database, str], Company]) -> Opening:
    """Companies of their own in one database of a server, its tables made, to be opened with a fault planted."""
    from bizcore.store.sql import SqlStore, upgrade

    with faults.engine.begin() as connection:
        upgrade(connection)

    def opening(name: str) -> tuple[ServerFaults, Company]:
        return faults, open_company(SqlStore(faults.engine, flavour=faults.flavour), name)

    return opening
