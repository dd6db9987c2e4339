"""The embedded default: SQLite through the standard library, durable before it answers.

`BEGIN IMMEDIATE`, write-ahead log, `synchronous=FULL`; a connection for each thread and process; waiting is ours, with jitter,
because SQLite's own back-off starves one of several writers.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Final, TypeVar, cast
from urllib.parse import parse_qs, unquote

from bizcore.change.committed import microseconds_of
from bizcore.change.reading import Damaged, intact
from bizcore.change.settings import Settings
from bizcore.kernel.codec import decode, encode
from bizcore.kernel.days import instant as read_instant
from bizcore.store import schema
from bizcore.store.clock import Clock, Ids
from bizcore.store.commit import Stamp
from bizcore.store.door import Asker
from bizcore.store.overlay import Overlay
from bizcore.store.port import (
    Capabilities,
    ClosedStore,
    CompanyNotFound,
    OutOfRange,
    SchemaNewer,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
    check_same,
)
from bizcore.store.sqlite_session import File, Session
from bizcore.store.table_store import TableStore, taken
from bizcore.store.writing import written

T = TypeVar("T")

SQLITE_MIN: Final = (3, 37, 0)
WAIT_SECONDS: Final = 60.0
CAPABILITIES: Final = Capabilities(durable=True, concurrent_writers=True, joins_host=True)
_JITTER: Final = (0.0003, 0.003)
"""Seconds to wait for the writer's place. Shorter naps wake processes to find it taken, on cores the writer needs: half as long
costs a fifth of the total of four writers; half as long again delays the unluckiest past 50 ms."""
_SETTINGS: Final = (
    "pragma busy_timeout=0",
    # The write-ahead log is used again from its start after each checkpoint, and writing over a file syncs a fifth faster than
    # making it longer: 16 MB come round soon, and hold several large batches.
    "pragma wal_autocheckpoint=4000",
    "pragma secure_delete=on",  # what is erased, or moves when a page is split, is overwritten with zeros
    "pragma cache_size=-65536",
    "pragma temp_store=memory",
)


class Guard:
    """A block in which what the driver raises becomes the store's own refusal; every statement stands in one."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Raises: what `translated` makes of a driver's error, OutOfRange."""
        if isinstance(error, sqlite3.Error):
            raise translated(error) from error
        if isinstance(error, OverflowError):
            raise OutOfRange(what="an amount") from error


_GUARD: Final = Guard()


class Writing:
    """The writer's place while a block runs: what the block leaves is committed when the outermost ends, or rolled back.

    A class, because every change passes it twice and a generator costs as much as a statement.
    """

    __slots__ = ("_database", "_outermost", "_session")

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._session = database.session()
        self._outermost = not self._session.depth

    def __enter__(self) -> sqlite3.Connection:
        """Take it, or join it. Raises: StoreBusy, StoreUnavailable."""
        session = self._session
        if self._outermost:
            with _GUARD:
                session.clear()
                session.depth = 1
                try:
                    # Inside: a begin whose answer was lost has begun all the same.
                    self._database.entered(session.connection)
                except BaseException:
                    session.leave()
                    raise
        return session.connection

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Commit, or roll back what an error left. Raises: what `translated` makes of a driver's error."""
        if self._outermost:
            with _GUARD:
                try:
                    if error is None:
                        self._database.ended(self._session)
                finally:
                    self._session.leave()


class SqliteDatabase:
    """Companies in one SQLite file."""

    page: int | None = None
    by_row: bool = True

    def __init__(
        self,
        path: str | Path,
        *,
        clock: Clock,
        ids: Ids,
        synchronous: str = "full",
        connect: Callable[[str], sqlite3.Connection] | None = None,
    ) -> None:
        if sqlite3.sqlite_version_info < SQLITE_MIN:
            raise StoreUnavailable(why=f"SQLite {sqlite3.sqlite_version} is older than 3.37")
        try:
            self.path: str = str(Path(path).resolve())
        except (ValueError, OSError):  # NUL, lone surrogates, links in a circle
            raise StoreUnavailable(why="this is no path of a file") from None
        self.clock: Clock = clock
        self.ids: Ids = ids
        self.stamp: Stamp = Stamp(instant=lambda: microseconds_of(read_instant(clock())), salt=ids)
        self.closed: bool = False
        self._synchronous = synchronous
        self._connect = connect or _connect
        self._local = threading.local()
        self._every: dict[sqlite3.Connection, int] = {}
        """Every open connection, with the process that opened it."""
        self._file: File | None = None
        self._unemptied: bool = False
        """Whether what was erased still lies in the write-ahead log, because somebody read from it."""
        if Path(self.path).parent.is_dir() and not os.path.lexists(self.path):
            return  # `create` makes the file: looking for a company leaves none behind
        with self.guarded():
            self._prepare()

    def __eq__(self, other: object) -> bool:
        """Two doors to one file are one database."""
        return self.path == other.path if isinstance(other, SqliteDatabase) else NotImplemented

    def __hash__(self) -> int:
        """By path."""
        return hash(self.path)

    @classmethod
    def from_url(cls, url: str, *, clock: Clock, ids: Ids) -> SqliteDatabase:
        """Open by URL: `sqlite:///relative.db`, `sqlite:////absolute.db`, `?synchronous=normal` for the weaker mode."""
        rest, _, query = url.removeprefix("sqlite:///").partition("?")
        options = {name: values[-1] for name, values in parse_qs(query).items()}
        mode = options.pop("synchronous", "full")
        if options or mode not in ("full", "normal"):
            raise StoreUnavailable(why=f"unknown option in {url[:120]!r}; known: synchronous=full|normal")
        return cls(unquote(rest), clock=clock, ids=ids, synchronous=mode)

    # -- companies -----------------------------------------------------------------------------------------------------

    def create(self, settings: Settings) -> TableStore:
        """Make a company, or return the one that has the same settings."""
        with self.guarded():
            if self._file is None:
                self._prepare()
            with self.writing() as connection:
                connection.execute(schema.ADD_COMPANY, (settings.name, encode(settings)))
        store = self.company(settings.name)
        check_same(store.settings, settings)
        return store

    def company(self, name: str) -> TableStore:
        """The rows of a company."""
        if not self._is_there():
            raise CompanyNotFound(name=name)
        with self.guarded():
            found = (
                self.session()
                .connection.execute("select id, settings from bizcore_companies where name=?", (name,))
                .fetchone()
            )
        if found is None:
            raise CompanyNotFound(name=name)
        settings = intact(found[1], what=f"the settings of {name}", position=0)
        return TableStore(self, found[0], decode(Settings, settings), CAPABILITIES)

    def companies(self) -> Iterable[str]:
        """The names of all companies."""
        if not self._is_there():
            return []
        with self.guarded():
            return [
                row[0] for row in self.session().connection.execute("select name from bizcore_companies order by name")
            ]

    def close(self) -> None:
        """Close every thread's connection."""
        self.closed = True
        for connection, process in list(self._every.items()):
            if process == os.getpid():
                connection.close()
        self._every.clear()

    # -- connections ---------------------------------------------------------------------------------------------------

    def session(self) -> Session:
        """This thread's connection; a forked child opens its own."""
        if self.closed:
            raise ClosedStore
        known: Session | None = getattr(self._local, "session", None)
        if known is not None and known.process == os.getpid():
            return known
        if self._file is not None:
            self._file.check()  # opening a path where no file is would make one
        connection = self._connect(self.path)
        self._local.session = made = Session(connection, self._every)
        for pragma in (*_SETTINGS, f"pragma synchronous={self._synchronous}"):
            patiently(connection, pragma)  # whoever else opens or recovers the file has it for a moment
        return made

    def held(self) -> AbstractContextManager[object]:
        """Nothing to hold: a thread has its connection."""
        return nullcontext()

    def still(self, position: Callable[[Asker], int], at: int, ask: Callable[[Asker, bool], T]) -> T:
        """Ask in one snapshot."""
        with _GUARD:
            session = self.session()
            session.clear()
            connection = session.connection
            if session.depth:
                return ask(connection, position(connection) != at)
            try:
                connection.execute("begin")
                return ask(connection, position(connection) != at)
            finally:
                if connection.in_transaction:
                    connection.execute("commit")

    def writing(self, number: int = 0) -> Writing:
        """The writer's place: one transaction, taken at once and kept to its end; nested use joins it. A file has one for all."""
        return Writing(self)

    def write(self, asker: Asker, number: int, overlay: Overlay) -> None:
        """Write an overlay's own rows, one statement a table."""
        many = cast("sqlite3.Connection", asker).executemany
        for statement, rows in written(number, overlay):
            try:
                many(statement.text, rows)
            except sqlite3.IntegrityError as error:
                if statement is not schema.INSERT_LOG:
                    raise
                raise taken(asker, number, overlay) from error
        if any(write.erased for write in overlay.writes):
            self.session().erased = True

    def entered(self, connection: sqlite3.Connection) -> None:
        """Take the writer's place, of the file that was opened. Raises: StoreBusy, StoreUnavailable."""
        self.begin(connection)
        if self._file is not None:
            self._file.check()

    def ended(self, session: Session) -> None:
        """Make what was written durable."""
        session.connection.execute("commit")
        self._unemptied = self._unemptied or session.erased
        if self._unemptied:
            self._empty(session.connection)

    def _empty(self, connection: sqlite3.Connection) -> None:
        """Empty the write-ahead log, where earlier images of erased pages lie, as soon as nobody reads from it.

        What was committed is committed: an error here is no answer to it, and the next change tries again.
        """
        with suppress(sqlite3.Error):
            busy, *_ = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
            self._unemptied = bool(busy)

    def _is_there(self) -> bool:
        """Whether there is a file, made ready when somebody else has made it meanwhile."""
        if self._file is None and os.path.lexists(self.path):
            with self.guarded():
                self._prepare()
        if self.closed:
            raise ClosedStore
        return self._file is not None

    @staticmethod
    def begin(connection: sqlite3.Connection) -> None:
        """Take the write lock. Raises: StoreBusy."""
        patiently(connection, "begin immediate")

    def guarded(self) -> Guard:
        """Turn what the driver raises into the store's own refusals."""
        return _GUARD

    def _prepare(self) -> None:
        connection = self.session().connection
        patiently(connection, "pragma journal_mode=wal")
        known = patiently(connection, "select name from sqlite_master where name='bizcore_meta'").fetchone()
        if known is None:
            with self.writing():
                for statement in schema.sqlite_tables():
                    connection.execute(statement)
                connection.execute("insert or ignore into bizcore_meta values('schema', ?)", (str(schema.VERSION),))
        stored = _schema(patiently(connection, "select value from bizcore_meta where name='schema'").fetchone())
        if stored > schema.VERSION:
            self.close()
            raise SchemaNewer(stored=stored, known=schema.VERSION)
        self._file = File.at(self.path)


def _schema(row: tuple[str] | None) -> int:
    if row is None or not row[0].isdecimal():
        raise Damaged(what="the number of its schema", position=0)
    return int(row[0])


def _connect(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)


def patiently(connection: sqlite3.Connection, statement: str) -> sqlite3.Cursor:
    """Run a statement, waiting with jitter while another has the file, so that no writer starves. Raises: StoreBusy."""
    give_up = 0.0
    while True:
        try:
            return connection.execute(statement)
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
            now = time.monotonic()
            give_up = give_up or now + WAIT_SECONDS
            if now > give_up:
                raise StoreBusy(waited=f"{WAIT_SECONDS:.0f} s") from error
            time.sleep(random.uniform(*_JITTER))


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def translated(error: sqlite3.Error) -> Exception:
    """The refusal that stands for a driver's error; no SQL and no values in it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(waited="no time")
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(why=name)
    if isinstance(error, sqlite3.IntegrityError) and "REAL" in str(error):
        return OutOfRange(what="a total")
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
        return ClosedStore()
    return StoreUnavailable(why=name)
