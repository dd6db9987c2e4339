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


class TransactionEnded(Refused):
    """The transaction that was joined was committed or rolled back."""

    code = "transaction_ended"

    def __init__(self) -> None:
        super().__init__(
            "the transaction that was joined has ended: what is written now would be in none that the host knows of",
            allowed=("bind in the next transaction",),
        )


def bound(origin: Database, connection: object) -> BoundDatabase:
    """A database inside a transaction: `connection` is SQLAlchemy's, Django's, or a driver's own (psycopg 3, sqlite3).

    Guarantees: where the driver begins lazily, the transaction is begun here, by the host's own means.
    Raises: CannotBind, Autocommit; TransactionEnded, from every use after the transaction.
    """
    inner = cast("Any", origin)
    where = getattr(getattr(origin, "speech", None), "schema", "bizcore")
    return BoundDatabase(Joint(connection), schema=where, clock=inner.clock, ids=origin.ids, origin=origin)


_EXPECTED: Final = "expected a connection of SQLAlchemy, Django, psycopg 3 or sqlite3"
_ASYNC: Final = "it is async; bind in `session.run_sync(lambda s: acme.bind(s.connection()))`"
_CLOSED: Final = "it is closed"


class Joint:
    """Where we join the host: his connection, the driver's behind it, and what kind of database it leads to."""

    def __init__(self, connection: object) -> None:
        what = type(connection).__name__
        self.host: Any = connection
        self.raw: Any
        self.errors: type[Exception]
        self.raw, self._state, self.errors = _driver(connection)
        state = self._state
        try:
            sqlite = hasattr(state, "in_transaction") and hasattr(state, "isolation_level")
        except self.errors as error:  # sqlite3's way to be closed
            raise CannotBind(what=what, why=_CLOSED) from error
        if not sqlite and (
            not hasattr(getattr(state, "info", None), "transaction_status") or hasattr(self.errors, "pgcode")
        ):
            raise CannotBind(what=what, why=_EXPECTED)
        self.flavour: Flavour = SQLite() if sqlite else PostgreSQL()
        if why := _CLOSED if getattr(state, "closed", False) else self.flavour.unfit(state):
            raise CannotBind(what=what, why=why)
        self._transaction: Any = None
        self._begun = False

    def join(self) -> None:
        """Be in the host's transaction, begun here where the driver would begin later than we need it. Raises: Autocommit."""
        begun = self.flavour.in_transaction(self._state)
        self._transaction = self._of_sqlalchemy() if hasattr(self.host, "get_transaction") else None
        if not self.flavour.in_transaction(self._state) and not self.flavour.begins_itself(self._state):
            raise Autocommit
        if self.flavour.name == "sqlite" and not begun and not self.flavour.in_transaction(self._state):
            # Left to itself the driver begins at the first change, which would be the savepoint: its release would commit.
            self.raw.cursor().execute("begin immediate")

    def _of_sqlalchemy(self) -> Any:
        """SQLAlchemy's word for the transaction, begun when it was not: it will see no statement of ours. Raises: Autocommit."""
        known = self.host.get_transaction()
        if known is not None and self.flavour.in_transaction(self._state):
            return known
        begun = known or self.host.begin()  # the host may have his BEGIN sent at this word
        if not self.flavour.in_transaction(self._state) and not self.flavour.begins_itself(self._state):
            if known is None:
                begun.rollback()
            raise Autocommit
        return begun

    def use(self) -> None:
        """Asked before every statement: what is bound ends with the transaction, else the driver would begin one that nobody ends.

        Raises: TransactionEnded.
        """
        if self._begun and not self.flavour.in_transaction(self._state):
            raise TransactionEnded
        if self._transaction is not None and not self._transaction.is_active:
            raise TransactionEnded
        self._begun = True


def _driver(connection: object) -> tuple[Any, Any, type[Exception]]:
    """The connection whose cursors are asked, the one that knows its transaction, and the class of their errors."""
    given: Any = connection
    package = type(given).__module__.partition(".")[0]
    if hasattr(given, "__aenter__"):
        raise CannotBind(what=type(given).__name__, why=_ASYNC)
    if package == "sqlalchemy":
        if getattr(given, "closed", False) is True:
            raise CannotBind(what=type(given).__name__, why=_CLOSED)
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
    """The host's connection; its transaction is the host's. Raises, at every use: TransactionEnded."""

    def __init__(self, database: BoundDatabase) -> None:
        super().__init__(database)
        self.database: BoundDatabase = database
        self.number: int = 0
        self._cursor = database.flavour.cursor(database.joint.raw)

    def execute(self, statement: str, bound: Sequence[object] = (), /) -> Rows:
        """Run a statement."""
        self.database.joint.use()
        return self.run(self._cursor, statement, bound)

    def put(self, number: int, overlay: Overlay) -> None:
        """Send an overlay's statements behind a savepoint, which `leave_failed` goes back to."""
        database = self.database
        before = ["savepoint change_of_ours"]
        database.flavour.put(database.joint.raw, self._cursor, self._speech, before, number, overlay)

    def leave_failed(self) -> None:
        """Undo the statement that failed, and what was sent with it."""
        self.database.flavour.undo(self._cursor, "rollback to savepoint change_of_ours")

    def leave_place(self) -> None:
        """Undo what was done in the writer's place, as far as there is a transaction left to do it in."""
        with suppress(self.database.errors, TransactionEnded):
            self.execute("rollback to savepoint place_of_ours")
            self.execute("release savepoint place_of_ours")


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
                try:
                    if lock is not None:
                        session.execute(lock)
                except database.errors:
                    session.leave_place()
                    raise
        session.depth += 1
        return session

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Keep what was written, or undo it; either way the host's transaction goes on."""
        session = self._session
        session.depth -= 1
        if not self._outermost:
            return
        if error is None:
            with session.database.guarded():
                session.execute("release savepoint place_of_ours")
            return
        session.leave_place()


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
        # Ready by the origin, which has the same tables; where asking costs nothing and a wrong file is at hand, it is asked.
        self._ready = self.flavour.name != "sqlite"
        self.durable = True
        return self.company(name)

    def session(self) -> BoundSession:
        """The one there is; it remembers nothing between two readings, as the host may undo to any point."""
        self._session.caches.clear()
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
