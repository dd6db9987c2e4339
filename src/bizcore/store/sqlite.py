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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from bizcore.change.committed import microseconds_of
from bizcore.change.reading import Damaged, Head, LogRow, intact
from bizcore.change.settings import Settings
from bizcore.kernel.codec import decode, encode
from bizcore.kernel.days import instant as read_instant
from bizcore.store import schema
from bizcore.store.clock import Clock, Ids
from bizcore.store.commit import Sealed, Stamp, commit, start
from bizcore.store.overlay import Overlay
from bizcore.store.port import (
    Capabilities,
    ClosedStore,
    CompanyNotFound,
    KeyReused,
    OutOfRange,
    SchemaNewer,
    Stale,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
    check_same,
)
from bizcore.store.sqlite_reading import SqliteReading
from bizcore.store.sqlite_session import File, Session

SQLITE_MIN: Final = (3, 37, 0)
WAIT_SECONDS: Final = 60.0
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
        return isinstance(other, SqliteDatabase) and self.path == other.path

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

    def create(self, settings: Settings) -> SqliteStore:
        """Make a company, or return the one that has the same settings."""
        with self.guarded():
            if self._file is None:
                self._prepare()
            self._add(settings)
        store = self.company(settings.name)
        check_same(store.settings, settings)
        return store

    def _add(self, settings: Settings) -> None:
        with self.writing() as connection:
            connection.execute(
                "insert or ignore into bizcore_companies(name, settings) values(?,?)",
                (settings.name, encode(settings)),
            )

    def company(self, name: str) -> SqliteStore:
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
        return SqliteStore(self, found[0], decode(Settings, settings))

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

    def writing(self) -> Writing:
        """The writer's place: one transaction, taken at once and kept to its end; nested use joins it."""
        return Writing(self)

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
                for statement in schema.TABLES:
                    connection.execute(statement)
                connection.execute("insert or ignore into bizcore_meta values('schema', ?)", (str(schema.VERSION),))
        stored = _schema(patiently(connection, "select value from bizcore_meta where name='schema'").fetchone())
        if stored > schema.VERSION:
            self.close()
            raise SchemaNewer(stored=stored, known=schema.VERSION)
        self._file = File.at(self.path)


class SqliteStore:
    """One company of a SQLite file."""

    def __init__(self, database: SqliteDatabase, number: int, settings: Settings) -> None:
        self.settings: Settings = settings
        self.capabilities: Capabilities = Capabilities(durable=True, concurrent_writers=True)
        self._database = database
        self._number = number

    def view(self, *, known_at: int | datetime | None = None) -> SqliteReading:
        """A stable reading."""
        database = self._database
        with database.guarded():
            session = database.session()
            if known_at is None:
                head = self._head(session.connection)
            else:
                column = "position" if isinstance(known_at, int) else "instant"
                bound = known_at if isinstance(known_at, int) else microseconds_of(read_instant(known_at))
                row = session.connection.execute(
                    f"select position, instant, hash from bizcore_log where company=? and id between ? and ? and {column}<=?"
                    " order by id desc limit 1",
                    (self._number, *self._range(0), bound),
                ).fetchone()
                head = Head(*row) if row is not None else start().head
        return SqliteReading(database, self._number, self.settings, head)

    def known(self, keys: Sequence[str]) -> Mapping[str, LogRow]:
        """The changes that keys stand for."""
        found: dict[str, LogRow] = {}
        with self._database.guarded():
            connection = self._database.session().connection
            for at in range(0, len(keys), 500):
                some = keys[at : at + 500]
                marks = ",".join("?" * len(some))
                rows = connection.execute(
                    f"select {schema.LOG_COLUMNS} from bizcore_log where company=? and key in ({marks})",
                    (self._number, *some),
                )
                found.update((row[4], LogRow(*row)) for row in rows)
        return found

    def first(self) -> AbstractContextManager[object]:
        """The writer's place."""
        return self._database.writing()

    def apply(self, batch: Sequence[Sealed], *, prepared: Overlay | None = None) -> tuple[LogRow, ...]:
        """Record a batch, all or nothing; durable when it returns."""
        database = self._database
        with database.guarded(), database.writing() as connection:
            if prepared is None:
                prepared = start(SqliteReading(database, self._number, self.settings, self._head(connection)))
                for one in batch:
                    commit(prepared, one, self.settings, database.stamp)
            self._write(connection, prepared)
            cache = database.session().caches.get(self._number)
            if cache is not None:
                cache.after(prepared)
            return tuple(write.log for write in prepared.writes)

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        """Changes in log order, up to the head of now."""
        return self.view().log(after=after)

    def body(self, kind: str, id: str, position: int) -> tuple[str, str] | None:
        """The stored body and salt of one version."""
        with self._database.guarded():
            row: tuple[str, str] | None = (
                self._database.session()
                .connection.execute(
                    "select body, salt from bizcore_documents where company=? and kind=? and id=? and position=?",
                    (self._number, kind, id, position),
                )
                .fetchone()
            )
            return row

    def close(self) -> None:
        """Let go of the file's connections."""
        self._database.close()

    def _head(self, connection: sqlite3.Connection) -> Head:
        row = connection.execute(schema.HEAD, self._range(0)).fetchone()
        return Head(*row) if row is not None else start().head

    def _range(self, after: int) -> tuple[int, int]:
        base = self._number << schema.POSITION_BITS
        return base + after, base + (1 << schema.POSITION_BITS) - 1

    def _write(self, connection: sqlite3.Connection, overlay: Overlay) -> None:
        """Write an overlay's own rows: one statement a table, the totals of a batch summed before."""
        number, writes = self._number, overlay.writes
        base = number << schema.POSITION_BITS
        many = connection.executemany
        try:
            many(schema.INSERT_LOG, [(base + w.log.position, number, *w.log) for w in writes])
        except sqlite3.IntegrityError as error:
            # The next position is taken: inserting it is the compare-and-set of the head. Or the key is.
            head = self._head(connection).position
            if head != overlay.base_head.position:
                raise Stale(read="the head", planned_at=overlay.base_head.position, head=head) from error
            raise KeyReused(key=writes[0].log.key, fields=("key",)) from error
        if documents := [(number, *row, salt) for w in writes for row, salt in w.documents]:
            many(schema.INSERT_DOCUMENT, documents)
        for w in writes:
            if w.removed:
                many(schema.CLOSE_INDEX, [(w.log.position, number, name, *key) for name, key in w.removed])
            if w.added:
                many(schema.INSERT_INDEX, [(number, name, *key, w.log.position) for name, key in w.added])
        if postings := [(number, *row) for w in writes for row in w.postings]:
            many(schema.INSERT_POSTING, postings)
            many(schema.ADD_TOTAL, self._totals(overlay))
        lots = {lot[:5]: (lot, open_) for w in writes for lot, open_ in w.lots}
        if kept := [(number, *lot) for lot, open_ in lots.values() if open_]:
            many(schema.PUT_LOT, kept)
        if gone := [(number, *key) for key, (_, open_) in lots.items() if not open_]:
            many(schema.DROP_LOT, gone)
        if series := [(number, name, count, w.log.position) for w in writes for name, count in w.series]:
            many(schema.PUT_SERIES, series)
        if derived := [(number, *one, w.log.position) for w in writes for one in w.derived]:
            many(schema.PUT_DERIVED, derived)
        for w in writes:
            for kind, id_ in w.erased:
                connection.execute(schema.ERASE_DOCUMENT, (number, kind, id_))
                connection.execute(schema.ERASE_INDEX, (number, kind, id_))
                self._database.session().erased = True

    def _totals(self, overlay: Overlay) -> list[tuple[Any, ...]]:
        """The differences of each period and of now, sorted by key for locality."""
        rows: list[tuple[Any, ...]] = []
        now: dict[tuple[str, str, str], list[int]] = {}
        last = overlay.balances_own
        for (book, period, account, unit), sums in overlay.totals_own.items():
            rows.append((self._number, book, account, unit, period, *sums, last[book, account, unit][2]))
            mine = now.get((book, account, unit))
            now[book, account, unit] = list(sums) if mine is None else [a + b for a, b in zip(mine, sums, strict=True)]
        for key, sums in now.items():
            rows.append((self._number, *key, schema.NOW, *sums, last[key][2]))
        return sorted(rows) if len(rows) > 4 else rows


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
