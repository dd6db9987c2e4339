"""PostgreSQL, and SQLite in the same file format as the embedded store, on a SQLAlchemy engine: the host's own, or one by URL.

SQLAlchemy connects, pools and describes the tables, for Alembic too; statements are this package's own and run on the driver's
cursor, in transactions of our own on connections borrowed for them.
"""

from __future__ import annotations

import os
import random
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.schema import CreateSchema

from bizcore.kernel.errors import Invalid
from bizcore.store import schema as tables
from bizcore.store.clock import Clock, Ids, machine_clock, machine_ids
from bizcore.store.driver import DriverDatabase, DriverSession
from bizcore.store.flavours import WAIT_SECONDS, Flavour, PostgreSQL, SQLite
from bizcore.store.overlay import Overlay
from bizcore.store.port import Capabilities, ClosedStore, SchemaNewer, SchemaOutdated, StoreBusy, StoreUnavailable
from bizcore.store.speech import Rows, Speech

_SHARED: Final = "the one connection of its pool is in a transaction of the host's; bind it instead"
_JITTER: Final = (0.0003, 0.003)
_UPGRADING: Final = 0x62697A636F7265
"""The lock of whoever makes tables in a PostgreSQL database."""
_SETTINGS: Final = ("pragma journal_mode=wal", "pragma synchronous=full", "pragma secure_delete=on")


class UnknownDialect(Invalid):
    """An engine for a kind of database that the statements are not written for."""

    code = "unknown_dialect"

    def __init__(self, *, name: str) -> None:
        super().__init__(f"no tables for {name!r}; known: postgresql with psycopg 3, sqlite", name=name)


def flavour_of(dialect: str, driver: str) -> Flavour:
    """What stands for a dialect of SQLAlchemy's. Raises: UnknownDialect."""
    if dialect == "sqlite":
        return SQLite()
    if dialect in ("postgresql", "cockroachdb") and driver.startswith("psycopg") and driver != "psycopg2":
        return PostgreSQL()
    raise UnknownDialect(name=f"{dialect}+{driver}")


# -- tables ----------------------------------------------------------------------------------------------------------


def metadata(*, schema: str | None = "bizcore") -> sa.MetaData:
    """The tables as SQLAlchemy describes them, for a migration tool of the host's.

    `schema` is where they lie in PostgreSQL; None gives tables with the prefix `bizcore_` instead, as SQLite has them.

    >>> sorted(metadata().tables)[:3], sorted(metadata(schema=None).tables)[:2]
    (['bizcore.companies', 'bizcore.derived', 'bizcore.documents'], ['bizcore_companies', 'bizcore_derived'])
    """
    checked_schema(schema)
    made = sa.MetaData(schema=schema)
    integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    text = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
    for one in tables.TABLES:
        columns = [
            sa.Column(name, integer if kind == tables.INT else text, nullable=name in one.nullable, autoincrement=False)
            for name, kind in one.columns
        ]
        sa.Table(
            one.title if schema is None else one.name,
            made,
            *columns,
            sa.PrimaryKeyConstraint(*one.key),
            *([sa.Index(f"bizcore_{one.name}_key", *one.unique, unique=True)] if one.unique else []),
            sqlite_with_rowid=one.arriving,
            sqlite_strict=True,
        )
    return made


def upgrade(connection: sa.Connection, *, schema: str | None = "bizcore") -> None:
    """Make the tables, or bring them to this release, in the transaction of whoever calls: a revision of the host's.

    On SQLite `schema` is not looked at. Guarantees: nothing is committed here; called again it changes nothing, and then it needs
    no right to make tables; on PostgreSQL one waits for the other's end when two make them at once.
    Raises: SchemaNewer.
    """
    where = checked_schema(schema) if connection.dialect.name != "sqlite" else None
    described = metadata(schema=where)
    meta = described.tables["bizcore_meta" if where is None else f"{where}.meta"]
    stored = _stored(connection, meta)
    if stored is None and connection.dialect.name == "postgresql":
        # "If not exists" looks before it makes: of two at once the later would find its name taken.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADING)))
        stored = _stored(connection, meta)
    if stored is not None:
        if stored > tables.VERSION:
            raise SchemaNewer(stored=stored, known=tables.VERSION)
        return
    if where is not None and not sa.inspect(connection).has_schema(where):
        connection.execute(CreateSchema(where, if_not_exists=True))
    described.create_all(connection)
    connection.execute(meta.insert().values(name="schema", value=str(tables.VERSION)))


def _stored(connection: sa.Connection, meta: sa.Table) -> int | None:
    """Which schema the tables have, None where there are none."""
    if not sa.inspect(connection).has_table(meta.name, schema=meta.schema):
        return None
    found = connection.execute(sa.select(meta.c.value).where(meta.c.name == "schema")).scalar()
    return None if found is None else int(found)


def checked_schema(schema: str | None) -> str | None:
    """A schema's name that needs no quotes: lower-case letters, digits and `_`. Raises: StoreUnavailable."""
    if schema is not None and not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", schema):
        raise StoreUnavailable(why=f"{schema[:80]!r} is no plain name of a schema")
    return schema


# -- the database ----------------------------------------------------------------------------------------------------


class SqlSession(DriverSession):
    """One thread's borrowed connection: for a question, for several, or for the writer's place."""

    def __init__(self, database: SqlStore) -> None:
        super().__init__(database)
        self.database: SqlStore = database
        self._holds: int = 0
        self._fairy: Any = None
        self._cursor: Any = None
        self._before: object = None
        self.begun: bool = False
        self.number: int = 0
        self._wrote: bool = False

    def execute(self, statement: str, bound: Sequence[object] = (), /) -> Rows:
        """Run a statement; the first in the writer's place takes it. A question whose connection was lost is asked once more."""
        with self.hold():
            if self.depth:
                if not self.begun:
                    self._begin()
                return self.run(self._cursor, statement, bound)
            try:
                return self.run(self._cursor, statement, bound)
            except self.database.errors as error:
                if not self.database.flavour.is_lost(error):
                    raise
                self.lose()
                self._give_back()
                self._borrow()
                return self.run(self._cursor, statement, bound)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep one connection while a block runs. Raises: StoreUnavailable."""
        if not self._holds:
            self._borrow()
        self._holds += 1
        try:
            yield
        except self.database.errors as error:
            if self._fairy is not None and self.database.flavour.is_lost(error):
                self.lose()
            raise
        finally:
            self._holds -= 1
            if not self._holds:
                self._give_back()

    def lose(self) -> None:
        """The connection is gone: so are those that were opened with it."""
        if self._fairy is not None and self._fairy.is_valid:
            with suppress(*self.database.all_errors):
                self._fairy.invalidate()
        self.database.engine.dispose()

    def _borrow(self) -> None:
        database, flavour = self.database, self.database.flavour
        database.take_turn()
        fairy: Any = None
        try:
            fairy = database.engine.raw_connection()
            raw = fairy.driver_connection
            if (why := flavour.unfit(raw)) or (database.shares and flavour.in_transaction(raw)):
                raise StoreUnavailable(why=why or _SHARED)
            self._before = flavour.loosen(raw)
            self._cursor = flavour.cursor(raw)
            self._fairy = fairy
        except BaseException as error:
            if fairy is not None:
                with suppress(*database.all_errors):
                    fairy.close()
            database.end_turn()
            if isinstance(error, database.all_errors):
                raise StoreUnavailable(why=type(error).__name__) from error
            raise

    def _give_back(self) -> None:
        fairy, self._fairy, self._cursor = self._fairy, None, None
        if fairy is None:  # lost, and no other to be had
            return
        with suppress(*self.database.all_errors):
            if fairy.is_valid:
                self.database.flavour.restore(fairy.driver_connection, self._before)
        with suppress(*self.database.all_errors):
            fairy.close()
        self.database.end_turn()

    def _begin(self) -> None:
        """Take the writer's place, waiting with jitter where the database does not wait itself."""
        self.begun = True
        text = "; ".join(self.database.flavour.begin(self.number))
        give_up = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                self._cursor.execute(self._speech.say(text))
            except self.database.errors as error:
                refusal = self.database.flavour.translated(error)
                if self.database.flavour.name != "sqlite" or not isinstance(refusal, StoreBusy):
                    raise
                if time.monotonic() > give_up:
                    raise StoreBusy(waited=f"{WAIT_SECONDS} s") from error
                time.sleep(random.uniform(*_JITTER))
            else:
                return

    def put(self, number: int, overlay: Overlay) -> None:
        """Send an overlay's statements, together with what takes the place when it was not taken yet."""
        flavour = self.database.flavour
        if flavour.name == "sqlite" and not self.begun:
            self._begin()
        before = ["savepoint change_of_ours"] if self.begun else list(flavour.begin(number))
        self.begun = True
        flavour.put(self._fairy.driver_connection, self._cursor, self._speech, before, number, overlay)
        self._wrote = True
        if any(write.erased for write in overlay.writes):
            self.database.unemptied = True

    def leave_failed(self) -> None:
        """Back to where the place was before the statement that failed."""
        if self._wrote:
            self.database.flavour.undo(self._cursor, "rollback to savepoint change_of_ours")
        else:
            self.database.flavour.undo(self._cursor, "rollback")
            self.begun = False

    def end(self, *, keep: bool) -> None:
        """Commit what the place wrote, or roll it back."""
        begun, self.begun, wrote, self._wrote = self.begun, False, self._wrote, False
        if not begun:
            return
        if keep:
            self.run(self._cursor, "commit", ())
            if self.database.unemptied:
                # What was committed is committed: an error here is no answer to it, and the next change tries again.
                with suppress(*self.database.all_errors):
                    self.database.unemptied = not self.database.flavour.emptied(self._cursor)
            return
        if wrote:
            self.caches.clear()
        with suppress(*self.database.all_errors):
            self.run(self._cursor, "rollback", ())


class Writing:
    """The writer's place of a company, taken when the first statement needs it; committed when the outermost block ends."""

    __slots__ = ("_hold", "_number", "_outermost", "_session")

    def __init__(self, session: SqlSession, number: int) -> None:
        self._session = session
        self._number = number
        self._outermost = not session.depth
        self._hold = session.hold()

    def __enter__(self) -> SqlSession:
        """Take it, or join it."""
        self._hold.__enter__()
        session = self._session
        if self._outermost:
            session.number = self._number
        elif session.number != self._number:
            self._hold.__exit__(None, None, None)
            raise StoreBusy(waited="no time: this thread writes to another company")
        session.depth += 1
        return session

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Commit, or roll back what an error left."""
        session = self._session
        session.depth -= 1
        database = self._session.database
        if isinstance(error, database.errors) and database.flavour.is_lost(error):
            session.lose()
        try:
            if self._outermost:
                session.end(keep=error is None)
        except database.errors as ended:
            session.caches.clear()
            if database.flavour.is_lost(ended):
                session.lose()
            raise database.flavour.translated(ended) from ended
        finally:
            self._hold.__exit__(None, None, None)


class SqlStore(DriverDatabase):
    """Companies in the tables of a database that a SQLAlchemy engine leads to.

    `engine` is the host's own, its pool is borrowed from and given back to; `schema` is where the tables lie in PostgreSQL
    (on SQLite they have the prefix `bizcore_`). `clock` and `ids` as for `open_store`.

    Guarantees: every change is one transaction, durable when it is answered as far as the server is told to be
    (`capabilities.durable` says what it says); who was first decides, whatever the isolation level; no table is made or changed
    here. Raises: SchemaOutdated, when a company is asked for and the tables are not there; UnknownDialect.

    >>> from sqlalchemy import create_engine
    >>> engine = create_engine("sqlite://", poolclass=sa.StaticPool)
    >>> with engine.begin() as connection:
    ...     upgrade(connection)
    >>> SqlStore(engine).companies()
    []
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        schema: str | None = "bizcore",
        clock: Clock = machine_clock,
        ids: Ids = machine_ids,
        flavour: Flavour | None = None,
    ) -> None:
        if engine.dialect.is_async:
            raise UnknownDialect(name=f"{engine.dialect.name}+{engine.dialect.driver}, which is async")
        chosen = flavour or flavour_of(engine.dialect.name, engine.dialect.driver)
        where = checked_schema(schema) if chosen.schema is not None else None
        module = cast("Any", engine.dialect.dbapi)
        super().__init__(chosen, Speech(chosen.mark, where), module.Error, clock=clock, ids=ids)
        self.engine: sa.Engine = engine
        self.closed: bool = False
        self.all_errors: tuple[type[Exception], ...] = (exc.SQLAlchemyError, module.Error)
        self.shares: bool = isinstance(engine.pool, sa.StaticPool | sa.pool.SingletonThreadPool)
        """Whether what the pool lends may be in somebody else's hands as well."""

        self.unemptied: bool = False
        """Whether what was erased may still lie in a write-ahead log."""

        self._turn: threading.Lock | None = threading.Lock() if isinstance(engine.pool, sa.StaticPool) else None
        self._process: int = os.getpid()
        self._owned = False
        self._local = threading.local()

    @classmethod
    def from_url(cls, url: str, *, clock: Clock, ids: Ids) -> SqlStore:
        """A store on an engine of its own, its tables made when they are not there."""
        url = re.sub(r"^postgres(ql)?:", "postgresql+psycopg:", url)
        try:
            engine = sa.create_engine(url, pool_size=10, max_overflow=20)
        except (exc.SQLAlchemyError, ImportError) as error:
            raise StoreUnavailable(why=f"the URL leads to no driver: {type(error).__name__}") from error
        made = cls(engine, clock=clock, ids=ids)
        made._owned = True
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _settle)
        try:
            made._prepare()
        except BaseException:
            engine.dispose()
            raise
        return made

    def __eq__(self, other: object) -> bool:
        """Two doors to one place are one database."""
        return self._where() == other._where() if isinstance(other, SqlStore) else NotImplemented

    def __hash__(self) -> int:
        """By place."""
        return hash(self._where())

    def _where(self) -> tuple[object, str | None]:
        """Where its URL says, or, where that says nothing, where its engine leads."""
        url = self.engine.url
        named = url.database not in (None, "", ":memory:")
        return url.render_as_string(hide_password=False) if named else id(self.engine), self.speech.schema

    @property
    def capabilities(self) -> Capabilities:
        """What its stores can do."""
        return Capabilities(durable=self.durable, concurrent_writers=True, joins_host=True)

    def session(self) -> SqlSession:
        """This thread's session; a forked child has its own and leaves the connections of its parent alone."""
        if self.closed:
            raise ClosedStore
        if self._process != os.getpid():
            self._process = os.getpid()
            self._local = threading.local()
            self._turn = threading.Lock() if self._turn is not None else None
            self.engine.dispose(close=False)
        known: SqlSession | None = getattr(self._local, "session", None)
        if known is None:
            self._local.session = known = SqlSession(self)
        return known

    def take_turn(self) -> None:
        """Wait for the one connection of a pool that has no more. Raises: StoreBusy, StoreUnavailable."""
        if self._turn is None:
            return
        if not self._turn.acquire(timeout=WAIT_SECONDS):
            raise StoreBusy(waited=f"{WAIT_SECONDS} s")
        # Looked at where it lies: to borrow it and give it back would roll back what the host has begun on it.
        lent = cast("sa.StaticPool", self.engine.pool).connection.driver_connection
        if lent is not None and self.flavour.in_transaction(lent):
            self._turn.release()
            raise StoreUnavailable(why=_SHARED)

    def end_turn(self) -> None:
        """Let the next have it."""
        if self._turn is not None:
            self._turn.release()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep one connection while several questions are asked."""
        with self.guarded(), self.session().hold():
            yield

    def writing(self, number: int = 0) -> Writing:
        """The writer's place of a company."""
        return Writing(self.session(), number)

    def put(self, session: DriverSession, number: int, overlay: Overlay) -> None:
        """Send an overlay's statements."""
        cast("SqlSession", session).put(number, overlay)

    def close(self) -> None:
        """Let go of connections, when the engine is ours."""
        self.closed = True
        if self._owned:
            self.engine.dispose()

    def _prepare(self) -> None:
        """Make the tables of a database that is ours; of several that do at once, the others find them made.

        Where they are there nothing is made, so a role without the right to, a standby, and what only reads can open it.
        """
        with suppress(SchemaOutdated):
            self.check_schema()
            return
        for attempt in range(20):
            try:
                with self.engine.begin() as connection:
                    upgrade(connection, schema=self.speech.schema)
            except exc.SQLAlchemyError as error:
                if attempt == 19 or isinstance(error, exc.InterfaceError):
                    raise StoreUnavailable(why=type(error).__name__) from error
                if isinstance(error, exc.OperationalError) and self.flavour.name != "sqlite":
                    raise StoreUnavailable(why=type(error).__name__) from error
                time.sleep(random.uniform(0.01, 0.1))
            else:
                break
        self.check_schema()


def _settle(raw: Any, _: object) -> None:
    """As the embedded store has its connections."""
    for pragma in _SETTINGS:
        raw.execute(pragma)
    raw.execute(f"pragma busy_timeout={WAIT_SECONDS * 1000}")
