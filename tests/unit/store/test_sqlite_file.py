"""The file: strict tables, a writer's place that is waited for, one store a URL, nothing left open."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bizcore.company import Company
from bizcore.flow.document import Ref
from bizcore.kernel.money import Money
from bizcore.store import sqlite as adapter
from bizcore.store.opener import open_store
from bizcore.store.port import ClosedStore, StoreBusy, StoreFull, StoreUnavailable
from bizcore.store.schema import sqlite_tables
from bizcore.store.sqlite import SqliteDatabase, translated
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk


def made(path: Path) -> Company:
    kinds = [Note, Person, Rule]
    return Company.create(
        "acme", currency=CURRENCY, store=f"sqlite:///{path}", desks=[ToyDesk], kinds=kinds, actor="ann"
    )


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Company]:
    with made(tmp_path / "books.db") as company:
        yield company


def toys(company: Company) -> Any:
    return company.desk("toy")


def raw(company: Company) -> sqlite3.Connection:
    return sqlite3.connect(company._database.path, isolation_level=None)  # type: ignore[attr-defined]


def test_every_table_is_strict(acme: Company) -> None:
    """An ordinary table turns a total that overflows into a float, and nobody is told."""
    with closing(raw(acme)) as connection:
        found = connection.execute(
            "select name, strict from pragma_table_list where name like 'bizcore_%' and type='table'"
        )
        strict = dict(found.fetchall())
    assert len(strict) == len([one for one in sqlite_tables() if one.startswith("create table")])
    assert set(strict.values()) == {1}


def test_a_file_is_durable_and_write_ahead(acme: Company) -> None:
    connection = acme._database.session().connection  # type: ignore[attr-defined]
    assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    assert connection.execute("pragma synchronous").fetchone() == (2,)


@pytest.mark.parametrize("text", ["Canary Jones", "Canary " * 1_400], ids=["short", "on pages of its own"])
def test_an_erased_person_is_in_no_byte_of_the_file_nor_of_its_log(acme: Company, tmp_path: Path, text: str) -> None:
    def bytes_of_all() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".db-shm")

    acme.apply(toys(acme).meet("p", text), key="meet")
    assert b"Canary" in bytes_of_all()
    acme.apply(acme.erase(Ref("toy_person", "p")), key="erase")
    assert b"Canary" not in bytes_of_all()


def test_a_weaker_mode_has_to_be_asked_for_by_name(tmp_path: Path) -> None:
    database: Any = open_store(f"sqlite:///{tmp_path}/weak.db?synchronous=normal")
    assert database.session().connection.execute("pragma synchronous").fetchone() == (1,)
    database.close()


def test_a_writers_place_that_never_comes_free_is_an_error(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    acme.apply(toys(acme).deposit("cash", Money("5.00", CURRENCY)), key="before")
    monkeypatch.setattr(adapter, "WAIT_SECONDS", 0.05)
    with closing(raw(acme)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreBusy) as error:
            acme.apply(toys(acme).deposit("cash", Money("1.00", CURRENCY)), key="k")
        assert error.value.retry
        assert acme.view().balance("journal", "cash", CURRENCY).value == Money("5.00", CURRENCY)
        other.execute("rollback")
    assert acme.apply(toys(acme).deposit("cash", Money("1.00", CURRENCY)), key="k").position == 2


def test_a_writers_place_is_waited_for(acme: Company) -> None:
    held = threading.Event()

    def hold() -> None:
        with closing(raw(acme)) as other:
            other.execute("begin immediate")
            held.set()
            time.sleep(0.1)
            other.execute("rollback")

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    assert acme.apply(toys(acme).note("x"), key="k").position == 1
    holder.join()


DEPOSITS = """
import sys
from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk

store = f"sqlite:///{sys.argv[1]}"
with Company.create("acme", currency=CURRENCY, store=store, desks=[ToyDesk], kinds=[Note, Person, Rule], actor="ann") as acme:
    acme.apply(acme.desk("toy").deposit("cash", Money("2.00", CURRENCY)), key="child")
"""


def test_another_process_sees_and_writes_the_same_books(acme: Company) -> None:
    acme.apply(toys(acme).deposit("cash", Money("5.00", CURRENCY)), key="parent")
    child = subprocess.run([sys.executable, "-c", DEPOSITS, str(acme._database.path)], check=False)  # type: ignore[attr-defined]
    assert child.returncode == 0
    assert acme.view().balance("journal", "cash", CURRENCY).value == Money("7.00", CURRENCY)
    assert [one.key for one in acme.log()] == ["parent", "child"]
    sound(acme)


def test_one_url_is_one_store_until_it_is_closed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/books.db"
    one = open_store(url)
    assert open_store(f"sqlite:///{tmp_path}/../{tmp_path.name}/books.db") is one
    one.close()
    other = open_store(url)
    assert other is not one
    assert list(other.companies()) == []
    other.close()


def test_a_closed_store_answers_no_more(acme: Company) -> None:
    view = acme.view()
    acme.close()
    for ask in (
        acme.view,
        lambda: view.seek(Note, "n"),
        acme.verify,
        lambda: acme.apply(toys(acme).note("x"), key="k"),
    ):
        with pytest.raises(ClosedStore):
            ask()


def test_the_drivers_errors_become_refusals_without_sql() -> None:
    def error(code: int, name: str) -> sqlite3.OperationalError:
        made = sqlite3.OperationalError("near 'secret': syntax error")
        made.sqlite_errorcode, made.sqlite_errorname = code, name
        return made

    for code, name, kind in (
        (sqlite3.SQLITE_BUSY, "SQLITE_BUSY", StoreBusy),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "SQLITE_BUSY_SNAPSHOT", StoreBusy),
        (sqlite3.SQLITE_FULL, "SQLITE_FULL", StoreFull),
        (sqlite3.SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC", StoreUnavailable),
        (sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT", StoreUnavailable),
    ):
        found = translated(error(code, name))
        assert type(found) is kind
        assert "secret" not in str(found)


def test_a_file_in_no_folder_or_without_rights_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        open_store(f"sqlite:///{tmp_path}/no/such/folder/books.db")
    with pytest.raises(StoreUnavailable):
        open_store(f"sqlite:///{tmp_path}")


def test_an_old_library_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(StoreUnavailable):
        open_store(f"sqlite:///{tmp_path}/books.db")


def test_many_threads_have_a_connection_each(acme: Company) -> None:
    seen: set[int] = set()

    def ask() -> None:
        seen.add(id(acme._database.session().connection))  # type: ignore[attr-defined]
        assert acme.head == 0

    workers = [threading.Thread(target=ask) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert isinstance(acme._database, SqliteDatabase)
    assert id(acme._database.session().connection) not in seen
