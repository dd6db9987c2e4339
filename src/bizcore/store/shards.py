"""Companies spread over several databases: a directory says where each lies, and there it stays.

A company is never cut: all that is planned, locked and recorded for it happens in the one database where it lies, as if there were
no other. So nothing waits for two databases, and one that is down takes only its own companies with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from bizcore.change.settings import Settings
from bizcore.kernel.codec import WrongType
from bizcore.kernel.errors import Invalid, Refused, Unavailable, shown
from bizcore.store.commit import Stamp
from bizcore.store.opener import opened
from bizcore.store.port import CompanyNotFound, Database, Store, StoreUnavailable


class Directory(Protocol):
    """Where companies lie. What it once said of a company it says for ever."""

    def find(self, company: str) -> str | None:
        """The shard where a company lies, or None for one that has no place."""

    def place(self, company: str, shards: Sequence[str]) -> str:
        """The shard of a company that is to be made: the one it has, else one of these. Raises: NotPlaced."""


class NotPlaced(Refused):
    """The directory names no shard for a company that is to be made."""

    code = "not_placed"

    def __init__(self, *, company: str) -> None:
        super().__init__(
            f"the directory names no shard for {company!r}: enter it there first",
            company=company,
            allowed=("enter the company in the directory",),
        )


class UnknownShard(Unavailable):
    """The directory names a shard that there is no database for here."""

    code = "unknown_shard"
    retry = False

    def __init__(self, *, shard: str, known: tuple[str, ...], company: str = "") -> None:
        of = f"{company!r} lies on" if company else "there is no"
        super().__init__(
            f"{of} shard {shard!r}; known here: {', '.join(known)}; give its database", shard=shard, known=known
        )


class NoShards(Invalid):
    """Shards are one database at least."""

    code = "no_shards"

    def __init__(self) -> None:
        super().__init__("give the databases by name, one at least")


class Shards:
    """A database that is several: which of them a company lies in, a directory says.

    `databases` by name, each a `Database` or a URL that is opened when a company of it is first asked for; `directory` a mapping or a
    function from a company's name to that of its shard, or a `Directory` that enters new companies by itself, such as
    `bizcore.company.directory.KeptDirectory`.

    Guarantees: a company is made and found in the shard that the directory names and in no other, so a shard that is added or down
    changes nothing for those on the others; making one again, after a crash too, goes on where it stopped; `companies` names all of
    them or raises. Raises: NoShards; from what needs a shard: UnknownShard, StoreUnavailable.

    >>> from bizcore import Company
    >>> shards = Shards({"east": "memory:", "west": "memory:"}, {"acme": "east", "beta": "west"})
    >>> acme, beta = (Company.create(name, currency="EUR", store=shards) for name in ("acme", "beta"))
    >>> list(shards.companies()), list(shards.database("west").companies())
    (['acme', 'beta'], ['beta'])
    """

    def __init__(
        self,
        databases: Mapping[str, str | Database],
        directory: Directory | Mapping[str, str] | Callable[[str], str | None],
    ) -> None:
        if not databases:
            raise NoShards
        self.given: Mapping[str, str | Database] = dict(databases)
        self.directory: Directory = _directory(directory)
        self._opened: dict[str, Database] = {}
        self._guard = threading.Lock()

    def __eq__(self, other: object) -> bool:
        """Whoever leads to the same databases is the same."""
        return self.given == other.given if isinstance(other, Shards) else NotImplemented

    def __hash__(self) -> int:
        """By names."""
        return hash(frozenset(self.given))

    @property
    def names(self) -> tuple[str, ...]:
        """The shards, as they were given."""
        return tuple(self.given)

    def database(self, shard: str) -> Database:
        """The database of a shard, opened when it was not yet. Raises: UnknownShard, StoreUnavailable."""
        return self._database(shard, "")

    def _database(self, shard: str, company: str) -> Database:
        if shard not in self.given:
            raise UnknownShard(shard=shard, known=self.names, company=company)
        with self._guard:
            if shard not in self._opened:
                self._opened[shard] = opened(self.given[shard])
            return self._opened[shard]

    def home(self, company: str) -> Database:
        """The database where a company lies. Raises: CompanyNotFound, UnknownShard, StoreUnavailable."""
        shard = self.directory.find(company)
        if shard is None:
            raise CompanyNotFound(name=company)
        return self._database(shard, company)

    # -- as a database ---------------------------------------------------------------------------------------------------

    @property
    def ids(self) -> Callable[[], str]:
        """Those of the first shard; a company uses those of its own."""
        return self.database(self.names[0]).ids

    @property
    def stamp(self) -> Stamp:
        """That of the first shard; a company uses that of its own."""
        return self.database(self.names[0]).stamp

    def create(self, settings: Settings) -> Store:
        """Give a company its place, then make it there; again, it goes on where it stopped. Raises: CompanyExists, NotPlaced."""
        shard = self.directory.place(settings.name, self.names)
        return self._database(shard, settings.name).create(settings)

    def company(self, name: str) -> Store:
        """The rows of a company."""
        return self.home(name).company(name)

    def companies(self) -> Iterable[str]:
        """The names of all companies. Raises: StoreUnavailable, naming a shard that cannot be asked: never a part of them."""
        found: list[str] = []
        for shard in self.names:
            try:
                mine = self.database(shard).companies()
            except Unavailable as error:
                raise StoreUnavailable(why=f"shard {shard!r}: {error.message}") from error
            found += [one for one in mine if self.directory.find(one) == shard]
        return sorted(found)

    def close(self) -> None:
        """Let go of all connections."""
        with self._guard:
            for one in self._opened.values():
                one.close()


def home(database: Database, company: str) -> Database:
    """Where a company lies: the database itself, or the shard that its directory names."""
    return database.home(company) if isinstance(database, Shards) else database


class _Given:
    """A directory that somebody else keeps."""

    def __init__(self, shard: Callable[[str], str | None]) -> None:
        self._shard = shard

    def find(self, company: str) -> str | None:
        """As it says."""
        return self._shard(company)

    def place(self, company: str, shards: Sequence[str]) -> str:
        """As it says: it is not ours to enter a company there."""
        found = self.find(company)
        if found is None:
            raise NotPlaced(company=company)
        return found


def _directory(given: object) -> Directory:
    if isinstance(given, Mapping):
        return _Given(given.get)
    if hasattr(given, "find") and hasattr(given, "place"):
        return given
    if callable(given):
        return _Given(given)
    raise WrongType(value=shown(given), expected="a directory, a mapping or a function of a company's name")
