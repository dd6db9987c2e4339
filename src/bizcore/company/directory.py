"""A directory of companies that is a company itself: where each lies is a document, entered once, in a log that verifies."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar, Final, cast

from attrs import evolve, frozen

from bizcore.change.changes import Changes
from bizcore.change.desk import Desk, documents, verb
from bizcore.change.view import AlreadyThere, View
from bizcore.company.facade import Company
from bizcore.flow.document import Document
from bizcore.kernel.errors import Invalid
from bizcore.store.opener import opened
from bizcore.store.port import Database

NAME: Final = "directory"


class NameOfDirectory(Invalid):
    """The directory is a company of that name itself; two cannot share it."""

    code = "name_of_directory"

    def __init__(self, *, name: str) -> None:
        super().__init__(f"{name!r} is the directory's own name: take another, or name it otherwise", name=name)


@frozen(kw_only=True)
class Placement(Document):
    """That a company, whose name is the id, lies on a shard."""

    kind = "placement"
    by_verb: ClassVar[bool] = True

    shard: str


@frozen(kw_only=True)
class Shard(Document):
    """How many companies were placed on a shard, whose name is the id."""

    kind = "shard"
    by_verb: ClassVar[bool] = True

    companies: int = 0


def place(view: View, company: str, shards: Sequence[str]) -> Changes[Placement]:
    """Place a company on the one of some shards that has the fewest companies; of several, on the first.

    Guarantees: a company is placed once. Raises: AlreadyThere.
    """
    known = [view.seek(Shard, one) or Shard(id=one) for one in shards]
    chosen = min(known, key=lambda one: one.companies)
    placement = view.mint(Placement(id=company, shard=chosen.id))
    return Changes(placement, documents=[evolve(chosen, companies=chosen.companies + 1)])


class DirectoryDesk(Desk):
    """The one verb of a directory."""

    name = "directory"

    place: Final = verb(place)
    placements: Final = documents(Placement)
    shards: Final = documents(Shard)


class KeptDirectory:
    """A directory kept in a database, by default as the company `directory` there.

    A new company goes to the shard with the fewest, so one that is added later is filled first and nobody moves; `place` with one
    shard gives it that one. `actor` stands in the directory's log as who placed it.

    Guarantees: of several who place a company at once, also in other processes, one is first and all get its answer; where a
    company lies is asked once and remembered, so that those known go on when the directory's database is down.

    >>> from bizcore.store.opener import open_store
    >>> directory = KeptDirectory(open_store("memory:"))
    >>> [directory.place(name, ["east", "west"]) for name in ("acme", "beta", "acme", "gamma")]
    ['east', 'west', 'east', 'east']
    >>> directory.place("delta", ["north"]), directory.find("delta"), directory.find("nobody")
    ('north', 'north', None)
    """

    def __init__(self, database: str | Database, *, name: str = NAME, actor: str = NAME) -> None:
        self.database: str | Database = database
        self.name: str = name
        self.actor: str = actor
        self._known: dict[str, str] = {}
        self._books: Company | None = None
        self._guard = threading.Lock()

    @property
    def books(self) -> Company:
        """The company that it is; its log says who placed which company when. Raises: StoreUnavailable."""
        with self._guard:
            if self._books is None:
                # The currency of books that hold no money.
                self._books = Company.create(
                    self.name, currency="EUR", store=opened(self.database), desks=[DirectoryDesk], actor=self.actor
                )
            return self._books

    def find(self, company: str) -> str | None:
        """The shard where a company lies."""
        if company not in self._known:
            found = cast("DirectoryDesk", self.books.desk(NAME)).placements.get(company)
            if found is None:
                return None
            self._known[company] = found.shard
        return self._known[company]

    def place(self, company: str, shards: Sequence[str]) -> str:
        """The shard of a company that is to be made: the one it has, else the one of these with the fewest. Raises: NameOfDirectory."""
        if company == self.name:
            raise NameOfDirectory(name=company)
        found = self.find(company)
        if found is None:
            with suppress(AlreadyThere):  # by somebody who was first
                self.books.apply(cast("DirectoryDesk", self.books.desk(NAME)).place(company, list(shards)))
            found = self.find(company)
        return cast("str", found)
