"""Faults, crashes and clients in parallel: nothing acknowledged is lost, nothing is there in part, everybody sees one truth."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from bizcore.company import Company
from bizcore.flow.document import Ref
from bizcore.flow.lifecycle import IllegalStep
from bizcore.kernel.errors import BizcoreError, Unavailable
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.store.clock import machine_clock, machine_ids
from bizcore.store.port import Database
from bizcore.store.sqlite import SqliteDatabase
from bizcore.testing.broken import Broken
from bizcore.testing.concurrency import bank, race, threads_with_keys
from bizcore.testing.crash import company_at, kill_at_random
from bizcore.testing.faults import Fault, Faults, every_statement_fails_once, in_files
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, POOL, Note, Person, Rule, ToyDesk

posix = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are POSIX")


def made(database: Database, name: str = "acme") -> Company:
    acme = Company.create(
        name, currency=CURRENCY, store=database, desks=[ToyDesk], kinds=[Note, Person, Rule], actor="ann"
    )
    acme.apply(toys(acme).deposit("cash", Money("9.00", CURRENCY)), key="before")
    acme.apply(toys(acme).stack("lot", 3, Money("1.00", CURRENCY)), key="stack")
    return acme


def toys(company: Company) -> ToyDesk:
    return cast("ToyDesk", company.desk("toy"))


def one_act(acme: Company) -> Any:
    return acme.apply(toys(acme).half(source="cash", target="bank"), key="half")


def a_batch(acme: Company) -> Any:
    desk = toys(acme)
    return acme.apply_each(
        [(desk.take("lot", 1), "take"), (desk.note("x", id="n"), "note"), (desk.edit("n", "y"), "edit")]
    )


def work(acme: Company) -> Any:
    def steps(inside: Company) -> Any:
        inside.apply(toys(inside).note("x", id="n"))
        return inside.apply(toys(inside).half(source="cash", target="bank"))

    return acme.apply(steps, key="work", request={"what": "both"})


def forgetting(acme: Company) -> Any:
    desk = toys(acme)
    erase = acme.erase(Ref("toy_person", "p"))
    return acme.apply_each([(desk.meet("p", "Canary"), "meet"), (acme.put(Rule(fee=5)), "rule"), (erase, "erase")])


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("use", [one_act, a_batch, work, forgetting])
def test_every_statement_fails_once_and_nothing_is_written_in_part(tmp_path: Path, fault: Fault, use: Any) -> None:
    faults = every_statement_fails_once(in_files(tmp_path, made), fault, use)
    assert faults >= 6, "a use case has several statements; each must have failed once"


@posix
@pytest.mark.slow
def test_two_hundred_kills_lose_nothing_acknowledged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crashed = kill_at_random(partial(company_at, tmp_path / "books.db"), kills=200, seed="crash")
    with capsys.disabled():
        print(
            f"\n{crashed.kills} kills, {crashed.between} between acknowledgements, {crashed.acknowledged} acknowledged"
        )
    assert crashed.between >= 150


@posix
@pytest.mark.slow
def test_eight_processes_keep_the_total_in_every_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    banked = bank(partial(company_at, tmp_path / "books.db"), processes=8, seconds=4)
    with capsys.disabled():
        print(f"\n{banked.transfers} transfers, {banked.refused} refused, {banked.reads} reads")
    assert banked.transfers > 8  # of a machine whose every core is taken; thousands otherwise


@pytest.mark.parametrize("url", ["memory:", "sqlite:///{}/books.db"])
def test_a_hundred_keys_from_eight_threads_are_a_hundred_entries(tmp_path: Path, url: str) -> None:
    acme = Company.create(
        "acme", currency=CURRENCY, store=url.format(tmp_path), desks=[ToyDesk], kinds=[Note, Person, Rule], actor="ann"
    )
    desk = toys(acme)
    acme.apply(desk.deposit("cash", Money("1000.00", CURRENCY)), key="before")
    for at in range(30):
        acme.apply(desk.note("x", id=f"n{at}"), key=f"note {at}")
    plain = [(f"plain {at}", desk.deposit("cash", Money.of_minor(at + 1, CURRENCY))) for at in range(40)]
    refused_twice = [(f"close {at}", desk.close(f"n{at}")) for at in range(30)]
    other_twice = [(f"half {at}", desk.half(source="cash", target="bank")) for at in range(30)]
    threads_with_keys(acme, [*plain, *refused_twice, *other_twice], threads=8)
    assert acme.verify().ok
    with pytest.raises(IllegalStep):
        acme.apply(desk.close("n0"), key="once more")
    acme.close()


@pytest.mark.parametrize("url", ["memory:", "sqlite:///{}/books.db"])
def test_three_planners_on_one_snapshot_of_five_pieces_worth_three_cents(tmp_path: Path, url: str) -> None:
    for turn in range(12):
        acme = Company.create(
            f"acme {turn}", currency=CURRENCY, store=url.format(tmp_path), desks=[ToyDesk], actor="ann"
        )
        desk = toys(acme)
        acme.apply(desk.stack("lot", 5, Money("0.03", CURRENCY)), key="stack")
        acts = [desk.take("lot", 2), desk.take("lot", 2), desk.take("lot", 1)]
        plans = [acme.plan(one) for one in acts]
        raised = race([partial(acme.apply, act, key=f"take {at}") for at, act in enumerate(acts)])
        assert raised == [None, None, None]
        assert acme.view().lots("cost", POOL) == ()
        held = acme.view().balance("cost", POOL, "piece")
        assert (held.amount, held.value) == (Quantity(0, "piece"), Money("0", CURRENCY))
        for plan in plans:
            with pytest.raises(BizcoreError):
                acme.apply(plan, key="as shown")


@pytest.mark.parametrize("fault", list(Fault))
def test_opening_a_file_fails_at_each_statement_once_and_then_opens(tmp_path: Path, fault: Fault) -> None:
    for at in range(1, 200):
        faults = Faults()
        faults.arm(at, fault)

        def opened(path: Path = tmp_path / f"{fault.name}-{at}.db", faults: Faults = faults) -> Company:
            return made(SqliteDatabase(path, clock=machine_clock, ids=machine_ids, connect=faults.connect))

        try:
            acme = opened()
        except Unavailable:
            acme = opened()
        fired = faults.fired
        faults.disarm()
        sound(acme)
        assert acme.head == 2
        acme.close()
        if not fired:
            break
    assert 20 < at < 199, "a file is made by many statements; each must have failed once"


def test_a_harness_that_finds_nothing_would_be_worthless(tmp_path: Path) -> None:
    """The fault harness sees a use case that writes in two transactions."""

    def torn(acme: Company) -> Any:
        acme.apply(toys(acme).note("x", id="n"), key="first")
        return acme.apply(toys(acme).half(source="cash", target="bank"), key="second")

    with pytest.raises(Broken):
        every_statement_fails_once(in_files(tmp_path, made), Fault.IO, torn)
