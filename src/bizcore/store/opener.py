"""Open a store by its URL: `memory:`, `sqlite:///file.db`, `postgresql://...`, or what a third party registered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import import_module
from typing import Final, cast

from bizcore.kernel.errors import Invalid, shown
from bizcore.store.clock import Clock, Ids, machine_clock, machine_ids
from bizcore.store.port import Database, Store

GROUP: Final = "bizcore.stores"
"""The entry-point group of third-party adapters: scheme = `module:callable(url, clock=, ids=) -> Database`."""

SQL_SCHEMES: Final = ("postgresql", "postgres", "postgresql+psycopg", "sqlite+pysqlite")
KNOWN: Final = ("memory:", "sqlite:///FILE", "postgresql://...", "sqlite+pysqlite:///FILE")

_shared: dict[str, Database] = {}
_guard = threading.Lock()


class UnknownStore(Invalid):
    """No adapter knows the URL's scheme."""

    code = "unknown_store"

    def __init__(self, *, url: str, known: tuple[str, ...], why: str = "") -> None:
        super().__init__(
            f"no store for {url[:80]!r}{why}; known: {', '.join(known)}. Others register in the entry points {GROUP!r}",
            url=url[:80],
            known=known,
        )


def open_store(url: str, *, clock: Clock = machine_clock, ids: Ids = machine_ids) -> Database:
    """Open a store.

    `url`: `memory:` (each call its own), `sqlite:///relative.db`, `sqlite:////absolute.db`, with `?synchronous=normal` for the
    weaker mode by name. `clock` gives aware instants, `ids` ids for what has no key; both are the only machine state that
    ever enters. One URL with the default sources is one shared store in a process.

    Raises: UnknownStore, StoreUnavailable, SchemaNewer.

    >>> open_store("memory:").companies()
    []
    """
    if not isinstance(url, str):
        raise UnknownStore(url=shown(url), known=KNOWN)
    if url == "memory:":
        return cast("Database", import_module("bizcore.store.memory").MemoryDatabase(clock=clock, ids=ids))
    default = clock is machine_clock and ids is machine_ids
    with _guard:
        known = _shared.get(_identity(url))
        if known is not None and default and not getattr(known, "closed", False):
            return known
        database = _adapter(url)(url, clock=clock, ids=ids)
        if default:
            _shared[_identity(url)] = database
        return database


def opened(store: str | Database) -> Database:
    """The database itself, or the one that a URL names. Raises: UnknownStore, and what `open_store` does."""
    if isinstance(store, str) or not hasattr(store, "stamp"):
        return open_store(cast("str", store))
    return store


def joined(origin: Database, store: Store, connection: object) -> tuple[Database, Store]:
    """A company of a database, and that database, inside a host's transaction. Raises: CannotBind, Autocommit."""
    from bizcore.store.bound import CannotBind, bound

    if not store.capabilities.joins_host or store.capabilities.hosted:
        why = "it is joined already" if store.capabilities.hosted else "a company in memory has no tables to join with"
        raise CannotBind(what=type(connection).__name__, why=why)
    database = bound(origin, connection)
    found = database.joined(store.settings.name)
    if found.settings != store.settings:
        raise CannotBind(what=type(connection).__name__, why="it leads to another company of that name")
    return database, found


def _identity(url: str) -> str:
    from pathlib import Path

    scheme, _, rest = url.partition(":///")
    try:
        return f"{scheme}:///{Path(rest).resolve()}" if rest else url
    except ValueError:  # no path of this system: whoever opens it says so
        return url


def _adapter(url: str) -> Callable[..., Database]:
    scheme = url.partition(":")[0]
    if scheme == "sqlite" and url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        if "#" in url or url.startswith("sqlite:///:memory:"):
            why = ": a '#' in a file's name is written %23" if "#" in url else ", which is no file"
            raise UnknownStore(url=url, known=KNOWN, why=why)
        return cast("Callable[..., Database]", import_module("bizcore.store.sqlite").SqliteDatabase.from_url)
    if scheme in SQL_SCHEMES:
        try:
            return cast("Callable[..., Database]", import_module("bizcore.store.sql").SqlStore.from_url)
        except ImportError as error:
            if (error.name or "").partition(".")[0] != "sqlalchemy":
                raise
            from bizcore.kernel.table import MissingExtra

            raise MissingExtra(package="sqlalchemy", command='pip install "bizcore[sql]"') from None
    from importlib.metadata import entry_points  # 20 ms, only for a store of somebody else's

    for one in entry_points(group=GROUP, name=scheme):
        return cast("Callable[..., Database]", one.load())
    names = sorted({one.name for one in entry_points(group=GROUP)})
    raise UnknownStore(url=url, known=(*KNOWN, *names))
