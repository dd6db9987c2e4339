"""One thread's connection to a SQLite file, and the file itself: closed when the thread ends, refused when it was moved."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from weakref import finalize

from attrs import frozen

from bizcore.store.cache import Cache
from bizcore.store.port import StoreUnavailable


class Session:
    """One thread's connection, with what it knows of the log it last saw; it ends with whoever holds it last."""

    def __init__(self, connection: sqlite3.Connection, every: dict[sqlite3.Connection, int]) -> None:
        self.connection = connection
        self.process: int = os.getpid()
        self.caches: dict[int, Cache] = {}
        self.depth: int = 0
        self.erased: bool = False
        every[connection] = self.process
        finalize(self, _let_go, connection, every).atexit = False

    def clear(self) -> None:
        """Let go of a transaction that a failed statement left behind; one that is being written is nobody's left-over."""
        if not self.depth and self.connection.in_transaction:
            self.connection.execute("rollback")

    def leave(self) -> None:
        """The writer's place is left: what was not committed is rolled back."""
        self.depth = 0
        self.erased = False
        if self.connection.in_transaction:
            self.caches.clear()
            self.connection.execute("rollback")


def _let_go(connection: sqlite3.Connection, every: dict[sqlite3.Connection, int]) -> None:
    """Close a connection whose thread has ended; a forked child leaves those of its parent alone."""
    if every.get(connection) == os.getpid():
        del every[connection]
        with suppress(sqlite3.Error):
            connection.close()


@frozen
class File:
    """Which file a path led to when it was opened: what is written to one that was moved or deleted is lost."""

    path: Path
    device: int
    number: int

    @classmethod
    def at(cls, path: str | Path) -> File:
        """The file of a path. Raises: StoreUnavailable."""
        found = _stat(Path(path))
        return cls(Path(path), found.st_dev, found.st_ino)

    def check(self) -> None:
        """Refuse when the path leads to another file now, or to none; asked at every change. Raises: StoreUnavailable."""
        found = _stat(self.path)
        if found.st_ino != self.number or found.st_dev != self.device:
            raise StoreUnavailable(why="its file was moved or replaced since it was opened; open the store again")


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError:
        raise StoreUnavailable(why="its file was moved or deleted since it was opened") from None
