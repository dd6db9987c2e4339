"""Tables behind a database driver: what the host's own pool and a host's own transaction have in common.

An answer is fetched whole and long ones page by page, so no connection is kept for a reader. Kept tables are asked without a
transaction: they answered at one instant when the head stood before and stands after, because every change of a company moves it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, TypeVar, cast

from bizcore.change.committed import microseconds_of
from bizcore.change.reading import intact
from bizcore.change.settings import Settings
from bizcore.kernel.codec import decode, encode
from bizcore.kernel.days import instant as read_instant
from bizcore.store import schema
from bizcore.store.cache import Cache
from bizcore.store.clock import Clock, Ids
from bizcore.store.commit import Stamp
from bizcore.store.door import Asker
from bizcore.store.flavours import Flavour
from bizcore.store.overlay import Overlay
from bizcore.store.port import (
    Capabilities,
    CompanyNotFound,
    OutOfRange,
    RunAgain,
    SchemaNewer,
    SchemaOutdated,
    StoreUnavailable,
    check_same,
)
from bizcore.store.speech import Rows, Speech
from bizcore.store.table_store import TableStore, taken

T = TypeVar("T")

PAGE: Final = 5_000
_TRIES: Final = 100
"""How often kept tables are asked anew while others write; a hundred changes in a row would each have to fall between two questions."""


class Guard:
    """A block in which what the driver raises becomes the store's own refusal."""

    __slots__ = ("_database",)

    def __init__(self, database: DriverDatabase) -> None:
        self._database = database

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Raises: what the flavour makes of a driver's error, OutOfRange."""
        database = self._database
        if isinstance(error, database.errors):
            refusal = database.flavour.translated(error)
            ours = not database.capabilities.hosted  # in a transaction of the host's, that is lost, whatever was asked
            if ours and isinstance(refusal, RunAgain) and refusal.lost and not database.session().depth:
                refusal = StoreUnavailable(why="the connection was lost")
            raise refusal from error
        if isinstance(error, OverflowError):
            raise OutOfRange(what="an amount") from error


class DriverSession(ABC):
    """What one thread asks a driver through."""

    def __init__(self, database: DriverDatabase) -> None:
        self.caches: dict[int, Cache] = {}
        self.depth: int = 0
        self._speech: Speech = database.speech

    @property
    def connection(self) -> DriverSession:
        """Itself: it borrows a connection when it is asked."""
        return self

    @abstractmethod
    def execute(self, statement: str, bound: Sequence[object] = (), /) -> Rows:
        """Run a statement of `schema`'s words."""

    @abstractmethod
    def leave_failed(self) -> None:
        """Make the place usable again after a statement failed in it; what this place wrote before stays."""

    def run(self, cursor: Any, statement: str, bound: Sequence[object]) -> Rows:
        """Run it on a cursor and fetch what it answers. Raises: UnicodeError, for text that no row can hold."""
        if bound:
            if any(type(one) is str and "\0" in one for one in bound):
                raise UnicodeError
            cursor.execute(self._speech.say(statement), bound)
        else:
            cursor.execute(self._speech.say(statement).replace("%%", "%"))
        return Rows(cursor.fetchall() if cursor.description else [])


class DriverDatabase(ABC):
    """Companies in tables behind a driver."""

    page: int | None = PAGE

    def __init__(self, flavour: Flavour, speech: Speech, errors: type[Exception], *, clock: Clock, ids: Ids) -> None:
        self.flavour: Flavour = flavour
        self.by_row: bool = flavour.name == "sqlite"
        self.speech: Speech = speech
        self.errors: type[Exception] = errors
        self.clock: Clock = clock
        self.ids: Ids = ids
        self.stamp: Stamp = Stamp(instant=lambda: microseconds_of(read_instant(clock())), salt=ids)
        self.durable: bool = False
        self._ready = False

    # -- what differs ------------------------------------------------------------------------------------------------

    @abstractmethod
    def session(self) -> DriverSession:
        """This thread's session."""

    @abstractmethod
    def held(self) -> AbstractContextManager[object]:
        """Keep one connection while several questions are asked."""

    @abstractmethod
    def writing(self, number: int = 0) -> AbstractContextManager[Asker]:
        """The writer's place of a company."""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What its stores can do."""

    @abstractmethod
    def put(self, session: DriverSession, number: int, overlay: Overlay) -> None:
        """Send an overlay's statements."""

    # -- the same everywhere -------------------------------------------------------------------------------------------

    def guarded(self) -> Guard:
        """Turn what the driver raises into the store's own refusals."""
        return Guard(self)

    def still(self, position: Callable[[Asker], int], at: int, ask: Callable[[Asker, bool], T]) -> T:
        """Ask until the head stood still while it was asked. Raises: RunAgain."""
        with self.guarded(), self.held():
            session = self.session()
            found = ask(session, False)
            head = position(session)
            if head == at:
                return found
            for _ in range(_TRIES):
                found = ask(session, True)
                before, head = head, position(session)
                if head == before:
                    return found
            raise RunAgain(why="the company changed faster than it could be read")

    def write(self, asker: Asker, number: int, overlay: Overlay) -> None:
        """Write an overlay's own rows."""
        session = cast("DriverSession", asker)
        try:
            self.put(session, number, overlay)
        except self.errors as error:
            session.leave_failed()
            if self.flavour.is_taken(error):
                raise taken(session, number, overlay) from error
            raise

    def create(self, settings: Settings) -> TableStore:
        """Make a company, or return the one that has the same settings."""
        self.check_schema()
        with self.guarded(), self.held():
            session = self.session()
            for _ in range(_TRIES):
                if session.execute("select id from bizcore_companies where name=?", (settings.name,)).fetchone():
                    break
                with (
                    self.writing() as connection
                ):  # two may have taken one number: the later finds it gone and asks again
                    connection.execute(schema.ADD_COMPANY, (settings.name, encode(settings)))
        store = self.company(settings.name)
        check_same(store.settings, settings)
        return store

    def company(self, name: str) -> TableStore:
        """The rows of a company."""
        self.check_schema()
        with self.guarded():
            found = (
                self.session().execute("select id, settings from bizcore_companies where name=?", (name,)).fetchone()
            )
        if found is None:
            raise CompanyNotFound(name=name)
        settings = intact(found[1], what=f"the settings of {name}", position=0)
        return TableStore(self, found[0], decode(Settings, settings), self.capabilities)

    def companies(self) -> Iterable[str]:
        """The names of all companies."""
        self.check_schema()
        with self.guarded():
            return [row[0] for row in self.session().execute("select name from bizcore_companies order by name")]

    def check_schema(self) -> None:
        """Look once whether the tables are those of this release. Raises: SchemaOutdated, SchemaNewer."""
        if self._ready:
            return
        with self.guarded(), self.held():
            stored = self.stored_version()
            self.durable = self.flavour.is_durable(self.session())
        if stored > schema.VERSION:
            raise SchemaNewer(stored=stored, known=schema.VERSION)
        if stored < schema.VERSION:
            raise SchemaOutdated(stored=stored, known=schema.VERSION)
        self._ready = True

    def stored_version(self) -> int:
        """Which schema the tables have; 0 where there are none."""
        session = self.session()
        found = session.execute(self.flavour.has_tables(self.speech)).fetchone()
        row = session.execute("select value from bizcore_meta where name='schema'").fetchone() if found else None
        return int(row[0]) if row is not None else 0
