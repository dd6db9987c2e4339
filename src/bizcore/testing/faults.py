"""Faults at the store's border: the n-th statement fails, before or after it took effect."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any, Final

from bizcore.change.view import Erased
from bizcore.company import Company
from bizcore.kernel.errors import Unavailable
from bizcore.store.clock import machine_clock, machine_ids
from bizcore.store.sqlite import SqliteDatabase
from bizcore.testing.broken import Broken
from bizcore.testing.sound import sound

STATEMENTS_MAX: Final = 500


class Fault(Enum):
    """What goes wrong."""

    FULL = sqlite3.SQLITE_FULL
    IO = sqlite3.SQLITE_IOERR
    LOST_ANSWER = -1
    """The statement takes effect and its answer is lost: what a caller sees when a commit's acknowledgement never comes."""


class Faults:
    """A source of connections whose n-th statement from now fails.

    >>> faults = Faults()
    >>> faults.arm(1, Fault.FULL)
    >>> faults.connect(":memory:").execute("select 1")
    Traceback (most recent call last):
    sqlite3.OperationalError: planted: FULL
    """

    def __init__(self) -> None:
        self.fired: bool = False
        self._left = 0
        self._fault = Fault.IO

    def arm(self, at: int, fault: Fault) -> None:
        """Let the `at`-th statement from now fail once."""
        self._left, self._fault, self.fired = at, fault, False

    def connect(self, path: str) -> sqlite3.Connection:
        """A connection that asks before each statement."""
        faults = self

        class Faulty(sqlite3.Connection):
            """Counts its statements."""

            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                """As the connection, unless it is this one's turn to fail."""
                return faults._counted(lambda: sqlite3.Connection.execute(self, sql, *parameters))

            def executemany(self, sql: str, parameters: Iterable[Any]) -> sqlite3.Cursor:
                """As the connection, unless it is this one's turn to fail."""
                return faults._counted(lambda: sqlite3.Connection.executemany(self, sql, parameters))

        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Faulty)

    def _counted(self, run: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
        if self._left:
            self._left -= 1
            if not self._left:
                self.fired = True
                if self._fault is Fault.LOST_ANSWER:
                    run()
                error = sqlite3.OperationalError(f"planted: {self._fault.name}")
                error.sqlite_errorcode = self._fault.value if self._fault.value > 0 else sqlite3.SQLITE_IOERR
                raise error
        return run()


def every_statement_fails_once(
    folder: Path, fault: Fault, use: Callable[[Company], Any], open_company: Callable[[SqliteDatabase], Company]
) -> int:
    """Run a use case with its first statement failing, then its second, and so on until none fails; count the faults.

    Guarantees checked after each: the refusal is `Unavailable`; the log grew by the whole use case or not at all; all that is
    kept is sound; sending the same again is answered, or told that it was erased, and leaves exactly one. Raises: Broken.
    """
    for at in range(1, STATEMENTS_MAX):
        faults = Faults()
        path = folder / f"{fault.name}-{at}.db"
        database = SqliteDatabase(path, clock=machine_clock, ids=machine_ids, connect=faults.connect)
        company = open_company(database)
        before = company.head
        faults.arm(at, fault)
        try:
            use(company)
        except Unavailable:
            refused = True
        else:
            refused = False
        fired = faults.fired
        faults.arm(0, fault)
        grown = company.head - before
        if not fired:
            database.close()
            return at - 1
        _again(use, company)
        whole = company.head - before
        if refused and grown not in (0, whole):
            raise Broken(f"statement {at}: {grown} of {whole} changes were written")
        sound(company)
        _again(use, company)
        if company.head - before != whole:
            raise Broken(f"statement {at}: sending again recorded again")
        database.close()
    raise Broken(f"more than {STATEMENTS_MAX} statements")


def _again(use: Callable[[Company], Any], company: Company) -> None:
    """Send the same again: a key whose intent the use case itself erased answers for no act."""
    with suppress(Erased):
        use(company)
