"""The port: one company of one store. Another company's id cannot be expressed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from attrs import fields, frozen

from bizcore.change.reading import LogRow, Reading
from bizcore.change.settings import Settings
from bizcore.kernel.errors import Conflict, Invalid, NotFound, Refused, Unavailable

if TYPE_CHECKING:
    from bizcore.store.commit import Sealed, Stamp
    from bizcore.store.overlay import Overlay


@frozen(kw_only=True)
class Capabilities:
    """What an adapter can do beyond the port: data, never a method that refuses."""

    durable: bool
    concurrent_writers: bool
    joins_host: bool = False
    """Whether it can go into a transaction of the host's."""

    hosted: bool = False
    """Whether it is in one now: then nothing is ever tried again, committed or rolled back here."""


class Store(Protocol):
    """The rows of one company."""

    @property
    def settings(self) -> Settings:
        """What was fixed when the company was created."""

    @property
    def capabilities(self) -> Capabilities:
        """What this adapter can do."""

    def view(self, *, known_at: int | datetime | None = None) -> Reading:
        """A stable reading at the head, or as the log stood at a position or instant."""

    def known(self, keys: Sequence[str]) -> Mapping[str, LogRow]:
        """The changes that keys stand for, of those that are known."""

    def first(self) -> AbstractContextManager[object]:
        """The writer's place: whoever holds it plans and applies with nobody in between.

        What is applied inside is durable when the outermost place is left; what is refused inside leaves the place usable.
        """

    def apply(self, batch: Sequence[Sealed], *, prepared: Overlay | None = None) -> tuple[LogRow, ...]:
        """Record a batch, all or nothing.

        `prepared` is the overlay that already holds it: its rows are written as they are while the head is its base.
        Raises: Stale, when a read of the batch, or the base of what is prepared, is no longer true.
        """

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        """Changes in log order."""

    def body(self, kind: str, id: str, position: int) -> tuple[str, str] | None:
        """The stored body and salt of one version of a document; empty when erased."""

    def close(self) -> None:
        """Let go of connections."""


class Database(Protocol):
    """A place where companies are kept; it knows where ids, instants and salts come from."""

    @property
    def ids(self) -> Callable[[], str]:
        """The source of ids for what has no key."""

    @property
    def stamp(self) -> Stamp:
        """The source of instants and salts."""

    def create(self, settings: Settings) -> Store:
        """Make a company, or return the one that has the same settings. Raises: CompanyExists."""

    def company(self, name: str) -> Store:
        """The rows of a company. Raises: CompanyNotFound."""

    def companies(self) -> Iterable[str]:
        """The names of all companies."""

    def close(self) -> None:
        """Let go of connections."""


class CompanyExists(Refused):
    """There is a company of that name with other settings."""

    code = "company_exists"

    def __init__(self, *, name: str, differs: tuple[str, ...]) -> None:
        super().__init__(f"company {name!r} exists with another {', '.join(differs)}", name=name, differs=differs)


def check_same(known: Settings, asked: Settings) -> None:
    """Creating twice with the same settings is the same company. Raises: CompanyExists."""
    differs = tuple(one.name for one in fields(Settings) if getattr(known, one.name) != getattr(asked, one.name))
    if differs:
        raise CompanyExists(name=known.name, differs=differs)


class CompanyNotFound(NotFound):
    """There is no company of that name in this store."""

    code = "company_not_found"

    def __init__(self, *, name: str) -> None:
        super().__init__(f"there is no company {name[:80]!r} in this store", name=name[:80])


class Stale(Conflict):
    """What a change was planned on is no longer true."""

    code = "stale"

    def __init__(self, *, read: str, planned_at: int, head: int) -> None:
        super().__init__(
            f"{read} changed since position {planned_at}, the log is at {head}; plan again",
            read=read,
            planned_at=planned_at,
            head=head,
        )


class RunAgain(Conflict):
    """The database wants the transaction run again; nothing of it was written, unless the connection was lost at its end.

    Ours is run again by itself; in a transaction of the host's it is the host who rolls back and runs his again.
    """

    code = "run_again"

    def __init__(self, *, why: str, lost: bool = False) -> None:
        super().__init__(f"run the transaction again: {why}", why=why)
        self.lost: bool = lost


class OutcomeUnknown(Unavailable):
    """The connection was lost while a change was made durable, and nobody could be asked since."""

    code = "outcome_unknown"

    def __init__(self, *, keys: tuple[str, ...]) -> None:
        super().__init__(
            f"the connection was lost at the end of {keys[0]!r}; it may be recorded: send it again under the same key, or ask"
            " committed(key)",
            keys=keys,
        )


class KeyReused(Conflict):
    """The key stands for another act already."""

    code = "key_reused"
    retry = False

    racing: bool = False
    """Whether the key was taken while this act was on its way: planned again, it is answered by the first."""

    def __init__(self, *, key: str, fields: tuple[str, ...]) -> None:
        self.racing = fields == ("key",)
        super().__init__(f"key {key!r} stands for another act; differs in {', '.join(fields)}", key=key, fields=fields)


class OutOfRange(Invalid):
    """An amount is larger than a store holds."""

    code = "out_of_range"

    def __init__(self, *, what: str) -> None:
        super().__init__(f"{what} does not fit in 64 bits of minor units", what=what)


class StoreBusy(Unavailable):
    """The writer's place was not to be had in time."""

    code = "store_busy"

    def __init__(self, *, waited: str) -> None:
        super().__init__(f"the store was busy for {waited}; nothing was written", waited=waited)


class StoreFull(Unavailable):
    """There is no room left; what was recorded before is safe."""

    code = "store_full"

    def __init__(self, *, why: str) -> None:
        super().__init__(f"the store is full: {why}; nothing was written", why=why)


class StoreUnavailable(Unavailable):
    """The store cannot be reached, read or written."""

    code = "store_unavailable"

    def __init__(self, *, why: str) -> None:
        super().__init__(f"the store is not available: {why}", why=why)


class SchemaNewer(Unavailable):
    """The store was written by a newer release."""

    code = "schema_newer"
    retry = False

    def __init__(self, *, stored: int, known: int) -> None:
        super().__init__(
            f"the store has schema {stored}, this release knows {known}; update bizcore", stored=stored, known=known
        )


class SchemaOutdated(Unavailable):
    """The tables are older than this release, or not there: whoever owns the database brings them up to date."""

    code = "schema_outdated"
    retry = False

    def __init__(self, *, stored: int, known: int) -> None:
        super().__init__(
            f"the database has schema {stored or 'none'}, this release needs {known}; run upgrade(connection) of"
            " bizcore.store.sql, or of bizcore.store.host without SQLAlchemy",
            stored=stored,
            known=known,
        )


class ClosedStore(Unavailable):
    """The store was closed."""

    code = "closed_store"
    retry = False

    def __init__(self) -> None:
        super().__init__("the store is closed; open it again")
