"""Faults at the store's border: the n-th statement fails, before or after it took effect."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from bizcore.change.view import Erased
from bizcore.company import Company
from bizcore.kernel.errors import Unavailable
from bizcore.store.clock import machine_clock, machine_ids
from bizcore.store.port import Database, RunAgain
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


F = TypeVar("F", bound=Enum)


class Turn(Generic[F]):
    """Whose turn it is to fail: counts statements, and the n-th from now fails once."""

    def __init__(self) -> None:
        self.fired: bool = False
        self._left = 0
        self._fault: F | None = None

    def arm(self, at: int, fault: F) -> None:
        """Let the `at`-th statement from now fail once."""
        self._left, self._fault, self.fired = at, fault, False

    def disarm(self) -> None:
        """Let nothing fail from now on."""
        self._left = 0

    def due(self) -> F | None:
        """What is to go wrong with the statement that comes now."""
        if not self._left:
            return None
        self._left -= 1
        if self._left:
            return None
        self.fired = True
        return self._fault


Opening = Callable[[str], tuple[Turn[Any], Company]]
"""Opens a new company of a name through connections that fail when told to."""


class Faults(Turn[Fault]):
    """A source of connections whose n-th statement from now fails.

    >>> faults = Faults()
    >>> faults.arm(1, Fault.FULL)
    >>> faults.connect(":memory:").execute("select 1")
    Traceback (most recent call last):
    sqlite3.OperationalError: planted: FULL
    """

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
        fault = self.due()
        if fault is None:
            return run()
        if fault is Fault.LOST_ANSWER:
            run()
        error = sqlite3.OperationalError(f"planted: {fault.name}")
        error.sqlite_errorcode = fault.value if fault.value > 0 else sqlite3.SQLITE_IOERR
        raise error


def in_files(folder: Path, open_company: Callable[[Database, str], Company]) -> Opening:
    """Companies in files of their own, to be opened with a fault planted."""

    def opening(name: str) -> tuple[Faults, Company]:
        faults = Faults()
        path = folder / f"{name}.db"
        database = SqliteDatabase(path, clock=machine_clock, ids=machine_ids, connect=faults.connect)
        return faults, open_company(database, name)

    return opening


def every_statement_fails_once(opening: Opening, fault: Enum, use: Callable[[Company], Any]) -> int:
    """Run a use case with its first statement failing, then its second, and so on until none fails; count the faults.

    Guarantees checked after each: the refusal says that trying again may help; the log grew by the whole use case or not at all;
    all that is kept is sound; sending the same again is answered, or told that it was erased, and leaves exactly one.
    Raises: Broken.
    """
    for at in range(1, STATEMENTS_MAX):
        turn, company = opening(f"{fault.name} {at}".lower().replace("_", " "))
        before = company.head
        refused = _refused(turn, at, fault, use, company)
        grown = company.head - before
        if not turn.fired:
            company.close()
            return at - 1
        _again(use, company)
        whole = company.head - before
        if refused and grown not in (0, whole):
            raise Broken(f"statement {at}: {grown} of {whole} changes were written")
        sound(company)
        _again(use, company)
        if company.head - before != whole:
            raise Broken(f"statement {at}: sending again recorded again")
        company.close()
    raise Broken(f"more than {STATEMENTS_MAX} statements")


def without_a_key_as_well(opening: Opening, fault: Enum, use: Callable[[Company], Any], *, changes: int = 1) -> int:
    """As `every_statement_fails_once`, of a use case that gives no key: nobody can send it again and be answered.

    Guarantees checked after each: what was answered is there exactly once, what was refused is not there. Raises: Broken.
    """
    for at in range(1, STATEMENTS_MAX):
        turn, company = opening(f"{fault.name} {at}".lower().replace("_", " "))
        before = company.head
        refused = _refused(turn, at, fault, use, company)
        if company.head - before != (0 if refused else changes):
            raise Broken(f"statement {at}: {company.head - before} changes, refused: {refused}")
        sound(company)
        company.close()
        if not turn.fired:
            return at - 1
    raise Broken(f"more than {STATEMENTS_MAX} statements")


def _refused(turn: Turn[Any], at: int, fault: Enum, use: Callable[[Company], Any], company: Company) -> bool:
    """Use it with a fault planted; whether it was refused."""
    turn.arm(at, fault)
    try:
        use(company)
    except (Unavailable, RunAgain) as error:
        if not error.retry:
            raise
        return True
    else:
        return False
    finally:
        turn.disarm()


def _again(use: Callable[[Company], Any], company: Company) -> None:
    """Send the same again: a key whose intent the use case itself erased answers for no act."""
    with suppress(Erased):
        use(company)
