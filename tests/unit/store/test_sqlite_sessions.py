"""What a file's connections owe: an emptied log after an erasure, no connection of a thread that ended, the file that was opened."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bizcore.company import Company
from bizcore.sfa.leads import Lead
from bizcore.store.port import CompanyNotFound, StoreUnavailable
from bizcore.store.sqlite import SqliteDatabase

CANARY = b"Canary Jones"

posix = pytest.mark.skipif(sys.platform == "win32", reason="a file that is open is not moved there")


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Company]:
    with Company.create("acme", currency="EUR", store=f"sqlite:///{tmp_path}/a.db", actor="ann") as made:
        for name in ("L", "M"):
            made.apply(made.sfa.capture(Lead(id=name, name=f"Canary Jones {name}", on="2026-01-05")), key=name)
        yield made


def note(company: Company, name: str) -> None:
    company.apply(company.sfa.capture(Lead(id=name, name="Nobody", on="2026-01-05")), key=name)


def written_ahead(company: Company) -> bytes:
    assert isinstance(company._database, SqliteDatabase)
    return Path(f"{company._database.path}-wal").read_bytes()


def test_an_erasure_while_this_thread_reads_the_log_is_answered_and_emptied_later(acme: Company) -> None:
    for change in acme.log():
        assert acme.apply(acme.erase(change.documents[0]), key="erase").position == 3
        assert CANARY + b" L" in written_ahead(acme)
        break
    note(acme, "after")
    assert CANARY + b" L" not in written_ahead(acme)
    assert acme.verify().ok


def test_an_erasure_while_another_thread_reads_is_emptied_by_the_next_change(acme: Company) -> None:
    reads, go = threading.Event(), threading.Event()

    def feed() -> None:
        for _ in acme.log():
            reads.set()
            go.wait()

    reader = threading.Thread(target=feed)
    reader.start()
    reads.wait()
    acme.apply(acme.erase(acme.sfa.leads["L"]), key="erase")
    note(acme, "meanwhile")
    assert CANARY + b" L" in written_ahead(acme)
    go.set()
    reader.join()
    note(acme, "after")
    assert CANARY + b" L" not in written_ahead(acme)


def test_six_hundred_threads_leave_no_connection(acme: Company) -> None:
    database = acme._database
    assert isinstance(database, SqliteDatabase)
    most = 0
    for _ in range(600):
        one = threading.Thread(target=lambda: acme.head)
        one.start()
        one.join()
        most = max(most, len(database._every))
    assert most <= 4


def test_a_log_begun_in_a_thread_that_ended_goes_on(acme: Company) -> None:
    held = []

    def begin() -> None:
        feed = acme.log()
        held.append((next(feed).key, feed))

    one = threading.Thread(target=begin)
    one.start()
    one.join()
    first, rest = held.pop()
    assert [first, *(change.key for change in rest)] == ["L", "M"]


@posix
def test_a_forked_child_leaves_its_parents_connection_alone(acme: Company) -> None:
    child = os.fork()
    if not child:
        os._exit(0 if acme.head == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    note(acme, "after")
    assert acme.verify().ok


@posix
@pytest.mark.parametrize("instead", ["nothing", "another file"])
def test_a_file_that_is_not_the_one_opened_takes_no_change(acme: Company, tmp_path: Path, instead: str) -> None:
    (tmp_path / "a.db").rename(tmp_path / "moved.db")
    if instead == "another file":
        (tmp_path / "a.db").write_bytes(b"")
    with pytest.raises(StoreUnavailable, match="moved"):
        note(acme, "lost")
    answers: list[object] = []

    def elsewhere() -> None:
        try:
            note(acme, "lost too")
        except StoreUnavailable as error:
            answers.append(error)

    one = threading.Thread(target=elsewhere)
    one.start()
    one.join()
    assert len(answers) == 1
    assert acme.head == 2
    assert (tmp_path / "a.db").exists() == (instead == "another file")


def test_opening_what_is_not_there_leaves_no_file(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(CompanyNotFound):
            Company.open("acme", store=f"sqlite:///{tmp_path}/typo.db")
    assert list(tmp_path.iterdir()) == []
    Company.create("acme", currency="EUR", store=f"sqlite:///{tmp_path}/typo.db").close()
    Company.open("acme", store=f"sqlite:///{tmp_path}/typo.db").close()
