"""A store adapter: each company an append-only file of JSON lines. Explained in docs/how-to/writing-an-adapter.md."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, unquote

from attrs import asdict

from bizcore.change.committed import microseconds_of
from bizcore.change.reading import LogRow, LotRow, PostingRow, Row, intact
from bizcore.change.settings import Settings
from bizcore.store.clock import Clock, Ids
from bizcore.store.commit import Sealed, Stamp, start
from bizcore.store.live import LiveReading, batch_on, head_at
from bizcore.store.overlay import Overlay, Write
from bizcore.store.port import (
    Capabilities,
    ClosedStore,
    CompanyNotFound,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
    check_same,
)

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
else:

    def _lock(file: IO[bytes]) -> None:
        flock(file, LOCK_EX | LOCK_NB)


PATIENCE = 10.0
"""Seconds to wait for the writer's place."""


def line_of(value: object) -> bytes:
    """One line of the file."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def write_of(plain: list[Any]) -> Write:
    """A change from its JSON: the tuples that JSON made lists."""
    log, documents, added, removed, postings, lots, series, derived, erased = plain
    return Write(
        log=LogRow(*log),
        documents=tuple((Row(*row), salt) for row, salt in documents),
        added=tuple((name, tuple(key)) for name, key in added),
        removed=tuple((name, tuple(key)) for name, key in removed),
        postings=tuple(PostingRow(*one) for one in postings),
        lots=tuple((LotRow(*lot), is_open) for lot, is_open in lots),
        series=tuple((name, count) for name, count in series),
        derived=tuple((name, key, body) for name, key, body in derived),
        erased=tuple((kind, name) for kind, name in erased),
    )


class JsonLinesStore:
    """One company in one file: its settings in the first line, then one line a batch."""

    capabilities: Capabilities = Capabilities(durable=True, concurrent_writers=True)

    def __init__(self, database: JsonLinesDatabase, path: Path) -> None:
        self.path = path
        self.guard = threading.RLock()
        self.overlay = start()
        self._database = database
        self._depth = 0
        self._head_line = b""  # of the file that was read,
        self._offset = 0  # up to this byte
        with self.first():
            self.settings: Settings = Settings(**self._parsed(self._head_line)["settings"])

    # -- the writer's place --------------------------------------------------------------------------------------------

    @contextmanager
    def first(self) -> Iterator[None]:
        """The writer's place among threads and processes, with everything that others wrote already read."""
        with self.guard:
            if self._database.closed:
                raise ClosedStore
            if self._depth:
                yield
                return
            with locked(self.path):
                self._catch_up()
                self._depth = 1
                try:
                    yield
                finally:
                    self._depth = 0

    def _catch_up(self) -> None:
        """Take in what stands in the file after what was read; all of it when the file was written anew."""
        head_line, lines = self._lines(self._offset)
        if head_line != self._head_line:
            self.overlay, self._head_line, self._offset = start(), head_line, len(head_line)
            lines = self._lines(self._offset)[1]
        for line in lines:
            for write in self._parsed(line):
                self.overlay.put(write_of(write))
            self._offset += len(line)

    def _lines(self, offset: int) -> tuple[bytes, list[bytes]]:
        """The first line, and the whole ones from a byte on; what has no end was never answered for."""
        with reported(), self.path.open("rb") as file:
            head_line = file.readline()
            file.seek(offset or len(head_line))
            return head_line, [line for line in file if line.endswith(b"\n")]

    def _parsed(self, line: bytes) -> Any:
        return intact(line.decode(errors="replace"), what=self.path.name, position=self.overlay.head.position + 1)

    # -- the port ------------------------------------------------------------------------------------------------------

    def view(self, *, known_at: int | datetime | None = None) -> LiveReading:
        """A stable reading."""
        with self.first():
            live = self.overlay
            return LiveReading(self, live.head if known_at is None else head_at(live.log(), known_at))

    def known(self, keys: Sequence[str]) -> Mapping[str, LogRow]:
        """The changes that keys stand for."""
        with self.first():
            return {key: row for key in keys if (row := self.overlay.logged(key)) is not None}

    def apply(self, batch: Sequence[Sealed], *, prepared: Overlay | None = None) -> tuple[LogRow, ...]:
        """Record a batch, all or nothing; it is on the disk when this returns."""
        with self.first():
            base = LiveReading(self, self.overlay.head)
            writes = batch_on(base, batch, prepared, self.settings, self._database.stamp).writes
            if any(one.erased for one in writes):
                after = start()
                for one in (*self.overlay.writes, *writes):
                    after.put(one)
                times = self._parsed(self._head_line)["written"] + 1
                head_line = line_of({"written": times, "settings": asdict(self.settings)})
                written_anew(self.path, head_line + line_of(after.writes))
            elif writes:
                appended(self.path, line_of(writes), at=self._offset)
            self._catch_up()
            return tuple(one.log for one in writes)

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        """Changes in log order, from the file and not from memory: who verifies wants to know what is there."""
        with self.first():
            batches = [self._parsed(line) for line in self._lines(0)[1]]
        rows = (LogRow(*write[0]) for batch in batches for write in batch)
        return (row for row in rows if row.position > after)

    def body(self, kind: str, id: str, position: int) -> tuple[str, str] | None:
        """The stored body and salt of one version."""
        with self.first():
            return self.overlay.body(kind, id, position)

    def close(self) -> None:
        """Close the database, as the port's other adapters do."""
        self._database.close()


class JsonLinesDatabase:
    """A folder of companies: `jsonlines:///relative/folder`, `jsonlines:////absolute/folder`."""

    def __init__(self, url: str, *, clock: Clock, ids: Ids) -> None:
        self.folder: Path = Path(unquote(url.partition(":///")[2]))
        self.ids: Ids = ids
        self.stamp: Stamp = Stamp(instant=lambda: microseconds_of(clock()), salt=ids)
        self.closed = False
        self._stores: dict[str, JsonLinesStore] = {}
        with reported():
            self.folder.mkdir(parents=True, exist_ok=True)

    def create(self, settings: Settings) -> JsonLinesStore:
        """Make a company, or return the one that has the same settings."""
        path = self._path(settings.name)
        with locked(path):
            if not path.exists():
                written_anew(path, line_of({"written": 0, "settings": asdict(settings)}))
        store = self.company(settings.name)
        check_same(store.settings, settings)
        return store

    def company(self, name: str) -> JsonLinesStore:
        """The rows of a company."""
        path = self._path(name)
        if name not in self._stores:
            if not path.exists():
                raise CompanyNotFound(name=name)
            self._stores.setdefault(name, JsonLinesStore(self, path))
        return self._stores[name]

    def companies(self) -> Iterable[str]:
        """The names of all companies."""
        return sorted(unquote(path.stem) for path in self.folder.glob("*.jsonl"))

    def close(self) -> None:
        """A closed database answers no more; no file stays open between calls anyway."""
        self.closed = True

    def _path(self, name: str) -> Path:
        if self.closed:
            raise ClosedStore
        return self.folder / f"{quote(name, safe='')}.jsonl"


# -- the file --------------------------------------------------------------------------------------------------------


@contextmanager
def reported() -> Iterator[None]:
    """The system's errors as the port's own."""
    try:
        yield
    except OSError as error:
        raise (StoreFull if error.errno == errno.ENOSPC else StoreUnavailable)(why=str(error)) from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The operating system's lock, which a process that dies gives back. Raises: StoreBusy."""
    with reported():
        file = path.with_suffix(".lock").open("ab")
    with file:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                _lock(file)
                break
            except OSError:
                if time.monotonic() > end:
                    raise StoreBusy(waited=f"{PATIENCE} s") from None
                time.sleep(0.002)
        yield


def appended(path: Path, line: bytes, *, at: int) -> None:
    """Write a line where the last whole one ends, over what a crash may have left, and have it on the disk."""
    with reported(), path.open("r+b", buffering=0) as file:
        file.truncate(at)
        file.seek(at)
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                file.truncate(at)  # what is refused must not be found later
            raise


def written_anew(path: Path, content: bytes) -> None:
    """Put a whole new file in the place of the old one, at once."""
    fresh = path.with_suffix(".new")
    with reported():
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        if os.name == "posix":
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
