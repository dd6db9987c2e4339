"""A company inside a transaction of the host's: its rows are written with the host's own, and stay or go with them.

One savepoint around each change, so that a refusal leaves the host's transaction usable. Never a commit, never a rollback of more
than our own savepoint, never a second try: where the database wants the transaction run again, it is the host's to run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, Final, cast

from bizcore.kernel.errors import Refused
from bizcore.store.clock import Clock, Ids
from bizcore.store.driver import DriverDatabase, DriverSession
from bizcore.store.flavours import Flavour, PostgreSQL, SQLite
from bizcore.store.overlay import Overlay
from bizcore.store.port import Capabilities, Database
from bizcore.store.speech import Rows, Speech
from bizcore.store.table_store import TableStore


class CannotBind(Refused):
    """This cannot be joined: no connection, or none that leads to this company's tables."""

    code = "cannot_bind"

    def __init__(self, *, what: str, why: str) -> None:
        super().__init__(f"cannot join {what}: {why}", what=what, why=why)


class Autocommit(Refused):
    """The connection commits each statement by itself, so there is no transaction to join."""

    code = "autocommit"

    def __init__(self) -> None:
        super().__init__(
            "the connection is in autocommit: there is no transaction to join; begin one first",
            allowed=("begin a transaction, then bind",),
        )


def bound(origin: Database, connection: object) -> BoundDatabase:
    """A database inside a transaction: `connection` is SQLAlchemy's, Django's, or a driver's own (psycopg 3, sqlite3).

    Guarantees: where the driver begins lazily, the transaction is begun here, by the host's own means.
    Raises: CannotBind, Autocommit.
    """
    inner = cast("Any", origin)
    where = getattr(getattr(origin, "speech", None), "schema", "bizcore")
    return BoundDatabase(Joint(connection), schema=where, clock=inner.clock, ids=origin.ids, origin=origin)


_EXPECTED: Final = "expected a connection of SQLAlchemy, Django, psycopg 3 or sqlite3"


class Joint:
    """Where we join the host: his connection, the driver's behind it, and what kind of database it leads to."""

    def __init__(self, connection: object) -> None:
        self.host: Any = connection
        self.raw: Any
        self.errors: type[Exception]
        self.raw, self._state, self.errors = _driver(connection)
        sqlite = hasattr(self._state, "in_transaction") and hasattr(self._state, "isolation_level")
        if not sqlite and not hasattr(getattr(self._state, "info", None), "transaction_status"):
            raise CannotBind(what=type(connection).__name__, why=_EXPECTED)
        self.flavour: Flavour = SQLite() if sqlite else PostgreSQL()

    def join(self) -> None:
        """Be in the host's transaction, begun here where the driver would begin later than we need it.

        Asked again before everything outside a savepoint of ours, for what is bound may outlive the transaction it was bound to.
        Raises: CannotBind, when the connection went back to the host's pool, where it may serve somebody else; Autocommit.
        """
        host, flavour = self.host, self.flavour
        pooled = hasattr(host, "in_transaction") and hasattr(host, "begin")
        if pooled and host.closed:
            raise CannotBind(what=type(host).__name__, why="it was given back; bind the next one")
        begun = flavour.in_transaction(self._state)
        if not begun and not flavour.begins_itself(self._state):
            raise Autocommit
        if pooled and not host.in_transaction():
            host.begin()  # SQLAlchemy begins with the first statement it sees, and it will see none of ours
        if not begun and flavour.name == "sqlite":
            # Left to itself the driver begins at the first change, which would be the savepoint: its release would commit.
            self.raw.cursor().execute("begin immediate")


def _driver(connection: object) -> tuple[Any, Any, type[Exception]]:
    """The connection whose cursors are asked, the one that knows its transaction, and the class of their errors."""
    given: Any = connection
    package = type(given).__module__.partition(".")[0]
    if package == "sqlalchemy":
        if not hasattr(given, "dialect") or not hasattr(given, "connection") or callable(given.connection):
            raise CannotBind(what=type(given).__name__, why="give it session.connection()")
        return given.connection.dbapi_connection, given.connection.driver_connection, given.dialect.dbapi.Error
    if package == "django":
        given.ensure_connection()
        given = given.connection
        package = type(given).__module__.partition(".")[0]
    errors = getattr(sys.modules.get(package), "Error", None)
    if errors is None or not hasattr(given, "cursor"):
        raise CannotBind(what=type(connection).__name__, why=_EXPECTED)
    return given, given, errors


class BoundSession(DriverSession):
    """The host's connection; its transaction is the host's."""

    def __init__(self, database: BoundDatabase) -> None:
        super().__init__(database)
        self.database: BoundDatabase = database
        self.number: int = 0
        self._cursor = database.flavour.cursor(database.joint.raw)

    def execute(self, statement: str, bound: Sequence[object] = (), /) -> Rows:
        """Run a statement."""
        if not self.depth:
            self.database.joint.join()
        return self.run(self._cursor, statement, bound)

    def put(self, number: int, overlay: Overlay) -> None:
        """Send an overlay's statements behind a savepoint, which `leave_failed` goes back to."""
        database = self.database
        before = ["savepoint change_of_ours"]
        database.flavour.put(database.joint.raw, self._cursor, self._speech, before, number, overlay)

    def leave_failed(self) -> None:
        """Undo the statement that failed, and what was sent with it."""
        self.execute("rollback to savepoint change_of_ours")


class Place:
    """The writer's place inside the host's transaction: the company's row is locked, and stays so until the host ends."""

    __slots__ = ("_number", "_outermost", "_session")

    def __init__(self, session: BoundSession, number: int) -> None:
        self._session = session
        self._number = number
        self._outermost = not session.depth

    def __enter__(self) -> BoundSession:
        """Take it, or join it."""
        session = self._session
        if self._outermost:
            database = session.database
            with database.guarded():
                session.execute("savepoint place_of_ours")
                session.number = self._number
                lock = database.flavour.lock(self._number)
                if lock is not None:
                    session.execute(lock)
        session.depth += 1
        return session

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Keep what was written, or undo it; either way the host's transaction goes on."""
        session = self._session
        session.depth -= 1
        # What a thread remembers would outlive what the host may still undo.
        session.caches.clear()
        if not self._outermost:
            return
        if error is None:
            with session.database.guarded():
                session.execute("release savepoint place_of_ours")
            return
        with suppress(session.database.errors):
            session.execute("rollback to savepoint place_of_ours")
            session.execute("release savepoint place_of_ours")


class BoundDatabase(DriverDatabase):
    """Companies as a host's transaction sees them. It is the database it was made from, seen from inside."""

    def __init__(
        self, joint: Joint, *, schema: str | None, clock: Clock, ids: Ids, origin: Database | None = None
    ) -> None:
        flavour = joint.flavour
        where = schema if flavour.schema is not None else None
        super().__init__(flavour, Speech(flavour.mark, where), joint.errors, clock=clock, ids=ids)
        self.origin: Database | None = origin
        self.joint: Joint = joint
        with self.guarded():
            joint.join()
        self._session = BoundSession(self)

    def _place(self) -> object:
        return self.origin if self.origin is not None else (id(self.joint.raw), self.speech.schema)

    def __eq__(self, other: object) -> bool:
        """What was planned outside may be applied inside."""
        return self._place() == (other._place() if isinstance(other, BoundDatabase) else other)

    def __hash__(self) -> int:
        """As the database it was made from."""
        return hash(self._place())

    @property
    def capabilities(self) -> Capabilities:
        """What is recorded is as durable as the host's commit."""
        return Capabilities(durable=self.durable, concurrent_writers=True, joins_host=True, hosted=True)

    def joined(self, name: str) -> TableStore:
        """The rows of a company that the origin has opened. Raises: CompanyNotFound, when the connection leads elsewhere."""
        self._ready = True  # by the origin, which has the same tables
        self.durable = True
        return self.company(name)

    def session(self) -> BoundSession:
        """The one there is."""
        return self._session

    def held(self) -> AbstractContextManager[object]:
        """Nothing to hold: the host does."""
        return nullcontext()

    def writing(self, number: int = 0) -> Place:
        """The writer's place of a company."""
        return Place(self._session, number)

    def put(self, session: DriverSession, number: int, overlay: Overlay) -> None:
        """Send an overlay's statements."""
        cast("BoundSession", session).put(number, overlay)

    def close(self) -> None:
        """The connection is the host's."""
