"""The adapter that docs/how-to/writing-an-adapter.md explains keeps the contract, and is short enough to be read."""

from __future__ import annotations

import errno
import importlib.util
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

from bizcore.change.reading import Damaged
from bizcore.company import Company
from bizcore.flow.document import Ref
from bizcore.store.clock import machine_clock, machine_ids
from bizcore.store.opener import open_store
from bizcore.store.port import ClosedStore, Database, StoreFull, StoreUnavailable
from bizcore.testing.concurrency import threads_with_keys
from bizcore.testing.contract import StoreContract
from bizcore.testing.machine import Machine, step
from bizcore.testing.plot import eur
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "examples" / "adapter" / "jsonlines.py"

# A test runner may have threads of its own, of which Python 3.12 warns; the children need none of them.
alone = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the example takes the lock that POSIX systems have")


def example() -> ModuleType:
    known = sys.modules.get("jsonlines_example")
    if known is None:
        spec = importlib.util.spec_from_file_location("jsonlines_example", SOURCE)
        assert spec is not None
        assert spec.loader is not None
        known = sys.modules["jsonlines_example"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(known)
    return known


def database_at(folder: Path | str) -> Database:
    made = example().JsonLinesDatabase(f"jsonlines:///{folder}", clock=machine_clock, ids=machine_ids)
    return cast("Database", made)


def company_at(folder: Path) -> Company:
    return Company.create(
        "acme", currency=CURRENCY, store=database_at(folder), desks=[ToyDesk], kinds=[Note, Person, Rule], actor="ann"
    )


def toys(company: Company) -> ToyDesk:
    return cast("ToyDesk", company.desk("toy"))


class JsonLinesContract(StoreContract):
    """The second witness reads the lines of the files by itself."""

    def open(self) -> Database:
        self.folder = tempfile.TemporaryDirectory()
        return database_at(self.folder.name)

    def again(self, database: Database) -> Database:
        return database_at(self.folder.name)

    def raw_rows(self, database: Database, table: str) -> Sequence[tuple[Any, ...]]:
        changes = [
            change
            for path in Path(self.folder.name).glob("*.jsonl")
            for line in path.read_text("utf-8").splitlines()[1:]
            for change in json.loads(line)
        ]
        if table == "log":
            return [tuple(change[0]) for change in changes]
        if table == "lots":
            last = {tuple(lot[:5]): (lot, is_open) for change in changes for lot, is_open in change[5]}
            return [tuple(lot) for lot, is_open in last.values() if is_open]
        place = {"documents": 1, "indexes": 2, "postings": 4}[table]
        return [tuple(row) for change in changes for row in change[place]]

    def damage(self, database: Database) -> None:
        (path,) = Path(self.folder.name).glob("*.jsonl")
        lines = path.read_bytes().splitlines(keepends=True)
        lines[3] = lines[3].replace(b'"ann"', b'"bob"', 1)
        path.write_bytes(b"".join(lines))


class TestJsonLines(JsonLinesContract):
    pass


class TestJsonLinesByDay(JsonLinesContract):
    bucket = "day"


def test_the_example_has_less_than_two_hundred_lines() -> None:
    assert len(SOURCE.read_text("utf-8").splitlines()) < 200


def test_the_page_quotes_the_example_and_the_contract_as_they_are() -> None:
    page = (ROOT / "docs" / "how-to" / "writing-an-adapter.md").read_text("utf-8")
    quoted = re.findall(r"<!-- skip: next -->\n```python\n(.*?)```", page, re.DOTALL)
    sources = [SOURCE.read_text("utf-8"), Path(__file__).read_text("utf-8")]
    assert len(quoted) >= 6
    assert [part for part in quoted if not any(part in source for source in sources)] == []


def test_what_stands_on_the_page_is_enough_to_write_it_and_to_prove_it(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "writing-an-adapter.md").read_text("utf-8")
    blocks = re.findall(r"```python[^\n]*\n(.*?)```", page, re.DOTALL)
    (adapter,) = [one for one in blocks if "class JsonLinesDatabase" in one and "class JsonLinesStore" in one]
    (contract,) = [one for one in blocks if one.startswith("class JsonLinesContract")]
    (test,) = [one for one in blocks if "from jsonlines import" in one]
    place = '# class JsonLinesContract(StoreContract): as above, under "Proving it"\n'
    assert place in test
    (tmp_path / "jsonlines.py").write_text(adapter, "utf-8")
    (tmp_path / "test_jsonlines.py").write_text(test.replace(place, contract), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_jsonlines.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert re.search(r"[5-9]\d passed", done.stdout)


def test_a_long_story_agrees_with_the_model_also_when_the_file_is_opened_anew(tmp_path: Path) -> None:
    source = random.Random("json lines")
    machine = Machine(company_at(tmp_path))
    played = machine.play([step(source) for _ in range(1_000)])
    assert played.acts >= 1_000
    state = machine.company.state_hash()
    machine.company.close()
    machine.company = company_at(tmp_path)
    machine.compare()
    assert machine.company.state_hash() == state
    assert machine.company.verify().ok


def test_a_line_that_a_crash_left_half_written_is_as_if_it_had_never_been(tmp_path: Path) -> None:
    with company_at(tmp_path) as acme:
        for at in range(3):
            acme.apply(toys(acme).deposit("cash", eur(1)), key=f"k{at}")
    path = tmp_path / "acme.jsonl"
    whole = path.read_bytes()
    third = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(third, len(whole), 41):
        path.write_bytes(whole[:cut])
        with company_at(tmp_path) as acme:
            assert acme.head == 2
            acme.apply(toys(acme).deposit("cash", eur(5)), key="k2 again")
            sound(acme)
        with company_at(tmp_path) as acme:
            assert [one.key for one in acme.log()] == ["k0", "k1", "k2 again"]
            assert acme.verify().ok


def test_two_databases_on_one_folder_see_each_other(tmp_path: Path) -> None:
    one, other = company_at(tmp_path), company_at(tmp_path)
    one.apply(toys(one).meet("p", "Canary Jones"), key="meet")
    seen = other.view()
    assert seen.get(Person, "p").name == "Canary Jones"
    one.apply(one.erase(Ref("toy_person", "p")), key="erase")
    other.apply(toys(other).deposit("cash", eur(1)), key="after")  # the file it had read is another one now
    assert [row.key for row in one.log()] == ["meet", "erase", "after"]
    assert b"Canary" not in (tmp_path / "acme.jsonl").read_bytes()
    assert one.state_hash() == other.state_hash()
    assert one.verify().ok


def _deposits(folder: Path, worker: int, count: int) -> None:
    acme = company_at(folder)
    for at in range(count):
        acme.apply(toys(acme).deposit("cash", eur(1)), key=f"{worker} {at}")
        acme.apply(toys(acme).deposit("cash", eur(1)), key=f"shared {at}")


@alone
def test_processes_write_one_log(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=_deposits, args=(tmp_path, worker, 20)) for worker in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert [one.exitcode for one in workers] == [0, 0, 0]
    acme = company_at(tmp_path)
    assert acme.head == 3 * 20 + 20
    assert acme.verify().ok
    sound(acme)


def _acknowledging(folder: Path, turn: int, writing: int) -> None:
    acme = company_at(folder)
    for at in range(10_000):
        acme.apply(toys(acme).deposit("cash", eur(1)), key=f"{turn} {at}")
        os.write(writing, b".")


@alone
def test_what_was_answered_outlives_a_process_that_is_killed(tmp_path: Path) -> None:
    fork, source = multiprocessing.get_context("fork"), random.Random("kills")
    answered = 0
    for turn in range(10):
        reading, writing = os.pipe()
        child = fork.Process(target=_acknowledging, args=(tmp_path, turn, writing))
        child.start()
        os.close(writing)
        os.read(reading, 1)
        time.sleep(source.uniform(0, 0.02))
        child.kill()
        child.join()
        with os.fdopen(reading, "rb") as rest:
            answered += 1 + len(rest.read())
        with company_at(tmp_path) as acme:
            assert answered <= acme.head <= answered + 1
            answered = acme.head
            assert acme.verify().ok
            sound(acme)
    assert answered > 20


def test_threads_write_one_log(tmp_path: Path) -> None:
    acme = company_at(tmp_path)
    threads_with_keys(acme, [(f"k{at}", toys(acme).deposit("cash", eur(1))) for at in range(20)], threads=4)
    assert acme.head == 20


@pytest.mark.parametrize(("number", "refusal"), [(errno.ENOSPC, StoreFull), (errno.EIO, StoreUnavailable)])
def test_what_the_disk_refuses_is_not_written(
    number: int, refusal: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = company_at(tmp_path)
    acme.apply(toys(acme).meet("p", "Canary"), key="meet")

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    for act in (toys(acme).deposit("cash", eur(1)), acme.erase(Ref("toy_person", "p"))):
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", refuse)
            with pytest.raises(refusal):
                acme.apply(act, key="late")
        assert [one.head for one in (acme, company_at(tmp_path))] == [1, 1]
        assert company_at(tmp_path).get(Person, "p").name == "Canary"
    acme.apply(toys(acme).deposit("cash", eur(1)), key="late")
    assert company_at(tmp_path).head == 2


def test_a_line_that_is_no_json_is_damage(tmp_path: Path) -> None:
    company_at(tmp_path)
    with (tmp_path / "acme.jsonl").open("a") as file:
        file.write("[[1, 2\n")
    with pytest.raises(Damaged):
        _ = company_at(tmp_path).head


def test_names_cannot_leave_the_folder_and_a_closed_database_answers_no_more(tmp_path: Path) -> None:
    database = database_at(tmp_path / "in")
    acme = Company.create("../out", currency=CURRENCY, store=database)
    assert [path.parent for path in tmp_path.rglob("*.jsonl")] == [tmp_path / "in"]
    assert database.companies() == ["../out"]
    acme.close()
    for call in (
        lambda: acme.head,
        acme.view,
        lambda: list(acme.log()),
        lambda: Company.open("../out", store=database),
    ):
        with pytest.raises(ClosedStore):
            call()


def test_its_url_opens_it_once_it_is_announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example()
    point = EntryPoint(name="jsonlines", value="jsonlines_example:JsonLinesDatabase", group="bizcore.stores")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: EntryPoints([point]))
    acme = Company.create("acme", currency="EUR", store=f"jsonlines:///{tmp_path}/books", actor="ann")
    acme.apply(acme.supply.receive("bolt", 100, place="main", on="2026-01-05", cost=eur(12)), key="r")
    acme.close()
    again = open_store(f"jsonlines:///{tmp_path}/books")
    assert Company.open("acme", store=again).finance.trial_balance()["1400", "balance"].value == eur(12)


def test_a_document_changed_in_the_file_is_found_when_it_is_opened_again(tmp_path: Path) -> None:
    with company_at(tmp_path) as acme:
        acme.apply(toys(acme).note("hello", id="n"), key="note")
        acme.apply(toys(acme).deposit("cash", eur(1)), key="cash")
    path = tmp_path / "acme.jsonl"
    path.write_bytes(path.read_bytes().replace(b'\\"text\\":\\"hello\\"', b'\\"text\\":\\"jello\\"'))
    verdict = company_at(tmp_path).verify()
    assert (verdict.ok, verdict.position) == (False, 1)
