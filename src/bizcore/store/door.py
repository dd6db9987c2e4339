"""What the tables are reached through: a file, a server, a host's transaction. Reading and writing ask no more of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from bizcore.store.cache import Cache
from bizcore.store.commit import Stamp
from bizcore.store.overlay import Overlay

T = TypeVar("T")


class Answer(Protocol):
    """The rows of an answer."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """Row by row."""


class Asker(Protocol):
    """A connection that takes statements as `schema` writes them."""

    def execute(self, statement: str, bound: Sequence[object] = (), /) -> Answer:
        """Run a statement."""


class Session(Protocol):
    """What one thread asks through, with what it knows of the log it last saw."""

    caches: dict[int, Cache]

    @property
    def connection(self) -> Asker:
        """Where questions go that a position answers whatever came later."""


class Door(Protocol):
    """The way to the tables of one database."""

    page: int | None
    """The most rows that one question fetches, where an answer is held whole by the client; None where it is streamed."""

    by_row: bool
    """Whether rows have SQLite's number, `rowid`."""

    @property
    def stamp(self) -> Stamp:
        """The source of instants and salts."""

    def session(self) -> Session:
        """This thread's session. Raises: ClosedStore."""

    def guarded(self) -> AbstractContextManager[object]:
        """Turn what a driver raises into the store's own refusals."""

    def held(self) -> AbstractContextManager[object]:
        """Keep one connection while several questions are asked."""

    def still(self, position: Callable[[Asker], int], at: int, ask: Callable[[Asker, bool], T]) -> T:
        """What kept tables answer at one instant; `ask` is told whether the head, which `position` asks for, has left `at`."""

    def writing(self, number: int) -> AbstractContextManager[Asker]:
        """The writer's place of a company: committed when the outermost block ends, rolled back when it raises."""

    def write(self, asker: Asker, number: int, overlay: Overlay) -> None:
        """Write an overlay's own rows. Raises: Stale, KeyReused, when its first position or its key is taken."""
