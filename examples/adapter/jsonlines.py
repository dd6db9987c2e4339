"""A store adapter: each company a file of JSON lines. docs/how-to/writing-an-adapter.md explains it part by part."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from attrs import asdict

from bizcore.change.committed import microseconds_of
from bizcore.change.reading import LogRow, intact
from bizcore.change.settings import Settings
from bizcore.store.clock import Clock, Ids
from bizcore.store.commit import Stamp, start
from bizcore.store.live import LiveStore, write_of
from bizcore.store.overlay import Write
from bizcore.store.port import Capabilities, ClosedStore, CompanyNotFound, StoreFull, StoreUnavailable, check_same


class JsonLinesDatabase:
    """A folder of companies: `jsonlines:///relative/folder`, `jsonlines:////absolute/folder`."""

    def __init__(self, url: str, *, clock: Clock, ids: Ids) -> None:
        self.folder = Path(unquote(url.partition(":///")[2]))
        self.ids = ids
        self.stamp = Stamp(instant=lambda: microseconds_of(clock()), salt=ids)
        self.closed = False
        self._stores: dict[str, JsonLinesStore] = {}
        with reported():
            self.folder.mkdir(parents=True, exist_ok=True)

    def create(self, settings: Settings) -> JsonLinesStore:
        path = self._path(settings.name)
        with locked(path):
            if not path.exists():
                written_anew(path, line_of({"times": 1, "settings": asdict(settings)}))
        store = self.company(settings.name)
        check_same(store.settings, settings)
        return store

    def company(self, name: str) -> JsonLinesStore:
        path = self._path(name)
        if name not in self._stores:
            if not path.exists():
                raise CompanyNotFound(name=name)
            self._stores.setdefault(name, JsonLinesStore(path, self))
        return self._stores[name]

    def companies(self) -> Iterable[str]:
        return sorted(unquote(path.stem) for path in self.folder.glob("*.jsonl"))

    def close(self) -> None:
        self.closed = True
        for store in self._stores.values():
            store.closed = True

    def _path(self, name: str) -> Path:
        if self.closed:
            raise ClosedStore
        return self.folder / f"{quote(name, safe='')}.jsonl"


class JsonLinesStore(LiveStore):
    """One company: its settings in the first line of a file, then a line a batch."""

    capabilities = Capabilities(durable=True, concurrent_writers=True)

    def __init__(self, path: Path, database: JsonLinesDatabase) -> None:
        with reported(), path.open("rb") as file:
            self._first_line = file.readline()
        super().__init__(Settings(**json.loads(self._first_line)["settings"]), database.stamp)
        self.path = path
        self._database = database
        self._read = len(self._first_line)
        self._depth = 0

    @contextmanager
    def first(self) -> Iterator[None]:
        """The writer's place among threads and processes; what others wrote meanwhile is taken in."""
        with self.guard:
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

    def keep(self, writes: Sequence[Write]) -> None:
        """The file first, then the overlay: whatever fails, nothing was written."""
        if any(one.erased for one in writes):  # no line of the file may go on saying what was erased
            whole = start()
            for one in (*self.overlay.writes, *writes):
                whole.put(one)
            first_line = self._parsed(self._first_line)
            first_line["times"] += 1
            written_anew(self.path, line_of(first_line) + line_of(whole.writes))
            self._catch_up()
        elif writes:
            line = line_of(writes)
            appended(self.path, line, at=self._read)
            self._read += len(line)
            super().keep(writes)

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        """From the file, not from memory: who verifies wants to know what is there."""
        with self.first():
            self._open()
            rows = [LogRow(*write[0]) for line in self._lines(0) for write in self._parsed(line)]
        return (row for row in rows if row.position > after)

    def close(self) -> None:
        self._database.close()

    def _catch_up(self) -> None:
        lines = self._lines(self._read)
        for line in lines:
            for write in self._parsed(line):
                self.overlay.put(write_of(write))
            self._read += len(line)

    def _lines(self, offset: int) -> list[bytes]:
        """The lines from a byte on (0: all after the first); one without an end was never answered for."""
        with reported(), self.path.open("rb") as file:
            first_line = file.readline()
            if first_line != self._first_line:  # written anew by somebody's erasure
                self.overlay, self._first_line, self._read = start(), first_line, len(first_line)
                offset = 0
            file.seek(offset or len(first_line))
            return [line for line in file if line.endswith(b"\n")]

    def _parsed(self, line: bytes) -> Any:
        return intact(line.decode(errors="replace"), what=self.path.name, position=self.overlay.head.position)


def line_of(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


@contextmanager
def reported() -> Iterator[None]:
    """The system's errors as the port's."""
    try:
        yield
    except OSError as error:
        raise (StoreFull if error.errno == errno.ENOSPC else StoreUnavailable)(why=str(error)) from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The system's lock on a file beside; whoever dies gives it back."""
    with reported():
        file = path.with_suffix(".lock").open("ab")
    with file:
        with reported():
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def appended(path: Path, line: bytes, *, at: int) -> None:
    """Put a line on the disk after the last whole one, over what a crash left half written."""
    with reported(), path.open("r+b", buffering=0) as file:
        file.truncate(at)
        file.seek(at)
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):  # what is refused must not be found later
                file.truncate(at)
            raise


def written_anew(path: Path, content: bytes) -> None:
    """Put a whole file in the place of the one there, at once."""
    fresh = path.with_suffix(".new")
    with reported():
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    with suppress(OSError):  # it is there: an error now would be no answer to it
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
