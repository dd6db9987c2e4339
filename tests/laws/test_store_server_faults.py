"""Faults, kills and clients in parallel on PostgreSQL: nothing acknowledged is lost, nothing is there in part or twice."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import pytest
import sqlalchemy as sa

from bizcore.company import Company, landing
from bizcore.flow.document import Ref
from bizcore.kernel.money import Money
from bizcore.store.port import Database, OutcomeUnknown, StoreUnavailable
from bizcore.testing.broken import Broken
from bizcore.testing.concurrency import bank, threads_with_keys
from bizcore.testing.crash import company_at, kill_at_random, kill_the_server
from bizcore.testing.faults import Opening, every_statement_fails_once, without_a_key_as_well
from bizcore.testing.postgres import Server, new_database, only_on_our_own
from bizcore.testing.server_faults import ServerFault, ServerFaults, on_a_server
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk

posix = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are POSIX")


def made(database: Database, name: str) -> Company:
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


def a_long_batch(acme: Company) -> Any:
    """Long enough for COPY."""
    desk = toys(acme)
    return acme.apply_each([(desk.deposit("cash", Money("0.01", CURRENCY)), f"d{at}") for at in range(300)])


def work(acme: Company) -> Any:
    def steps(inside: Company) -> Any:
        inside.apply(toys(inside).note("x", id="n"))
        return inside.apply(toys(inside).half(source="cash", target="bank"))

    return acme.apply(steps, key="work", request={"what": "both"})


def forgetting(acme: Company) -> Any:
    desk = toys(acme)
    erase = acme.erase(Ref("toy_person", "p"))
    return acme.apply_each([(desk.meet("p", "Canary"), "meet"), (acme.put(Rule(fee=5)), "rule"), (erase, "erase")])


@pytest.fixture(scope="module")
def opening(postgres_url: str) -> Iterator[Opening]:
    faults = ServerFaults(new_database(postgres_url))
    opened = on_a_server(faults, made)
    names = iter(range(1_000_000))
    yield lambda name: opened(f"{name} {next(names)}")
    faults.engine.dispose()


@pytest.mark.parametrize("fault", list(ServerFault))
@pytest.mark.parametrize("use", [one_act, a_batch, a_long_batch, work, forgetting])
def test_every_statement_fails_once_on_a_server_and_nothing_is_written_in_part(
    opening: Opening, fault: ServerFault, use: Any
) -> None:
    assert every_statement_fails_once(opening, fault, use) >= 6, (
        "a use case has several statements; each must have failed once"
    )


@pytest.mark.parametrize("fault", list(ServerFault))
def test_without_a_key_what_is_answered_is_there_once_and_what_is_refused_is_not(
    opening: Opening, fault: ServerFault
) -> None:
    assert (
        without_a_key_as_well(opening, fault, lambda acme: acme.apply(toys(acme).half(source="cash", target="bank")))
        >= 6
    )


def test_a_harness_that_finds_nothing_on_a_server_would_be_worthless(opening: Opening) -> None:
    def torn(acme: Company) -> Any:
        acme.apply(toys(acme).note("x", id="n"), key="first")
        return acme.apply(toys(acme).half(source="cash", target="bank"), key="second")

    with pytest.raises(Broken):
        every_statement_fails_once(opening, ServerFault.DISK_FULL, torn)


@posix
@pytest.mark.slow
def test_a_hundred_kills_of_a_client_lose_nothing_acknowledged(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    crashed = kill_at_random(partial(company_at, new_database(postgres_url)), kills=100, seed="client")
    with capsys.disabled():
        print(
            f"\n{crashed.kills} kills, {crashed.between} between acknowledgements, {crashed.acknowledged} acknowledged"
        )
    assert crashed.between >= 75


@posix
@pytest.mark.slow
def test_twenty_kills_of_the_server_lose_and_double_nothing_acknowledged(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server of its own that syncs; three clients send each key until it is answered."""
    only_on_our_own()
    server = Server(fsync="on", full_page_writes="on")
    try:
        server.start()
        opening = partial(company_at, new_database(server.url))
        outage = kill_the_server(server, opening, kills=20, clients=3, seed="server")
    finally:
        server.stop()
    with capsys.disabled():
        print(
            f"\n{outage.kills} kills of the server, {outage.acknowledged} acknowledged, refused {dict(outage.refused)}"
        )
    assert outage.acknowledged > 20
    assert outage.refused


@posix
@pytest.mark.slow
def test_eight_processes_keep_the_total_in_every_read_of_a_server(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    banked = bank(partial(company_at, new_database(postgres_url)), processes=8, seconds=4)
    with capsys.disabled():
        print(
            f"\n{banked.transfers} transfers, {banked.refused} refused, {banked.reads} reads,"
            f" the slowest process {banked.slowest_share:.0%} of the fastest"
        )
    assert banked.transfers > 8  # of a machine whose every core is taken; hundreds otherwise


def test_a_hundred_keys_from_eight_threads_are_a_hundred_entries_on_a_server(postgres_url: str) -> None:
    with company_at(new_database(postgres_url)) as acme:
        desk = toys(acme)
        acme.apply(desk.deposit("cash", Money("1000.00", CURRENCY)), key="before")
        for at in range(30):
            acme.apply(desk.note("x", id=f"n{at}"), key=f"note {at}")
        plain = [(f"plain {at}", desk.deposit("cash", Money.of_minor(at + 1, CURRENCY))) for at in range(40)]
        refused_twice = [(f"close {at}", desk.close(f"n{at}")) for at in range(30)]
        other_twice = [(f"half {at}", desk.half(source="cash", target="bank")) for at in range(30)]
        threads_with_keys(acme, [*plain, *refused_twice, *other_twice], threads=8)
        assert acme.verify().ok


@pytest.mark.parametrize("fault", [ServerFault.LOST, ServerFault.LOST_ANSWER])
def test_an_outcome_that_nobody_knows_is_settled_by_its_key(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, fault: ServerFault
) -> None:
    """The connection goes at each statement in turn, and the server is out of reach for longer than anybody waits."""
    monkeypatch.setattr(landing, "RUN_AGAIN_SECONDS", 0.05)
    faults = ServerFaults(new_database(postgres_url))
    _, acme = on_a_server(faults, made)("acme")
    away: list[bool] = []

    @sa.event.listens_for(faults.engine, "do_connect")
    def refuse(*_: Any) -> None:
        if away and faults.fired:
            raise sa.exc.OperationalError("connect", None, Exception("nobody there"))

    met: Counter[type] = Counter()
    for at in range(1, 100):
        key, head = f"at {at}", acme.head
        act = toys(acme).half(source="cash", target="bank")
        away.append(True)
        faults.arm(at, fault)
        try:
            acme.apply(act, key=key)
        except (StoreUnavailable, OutcomeUnknown) as error:
            met[type(error)] += 1
            unknown = error.facts.get("keys") == (key,)
        else:
            break
        finally:
            faults.disarm()
            away.clear()
        grown = acme.head - head
        assert grown == 0 or unknown, "a refusal that says nothing was written"
        assert acme.apply(act, key=key).replayed == bool(grown)
        assert acme.head == head + 1
    assert met[StoreUnavailable]
    assert met[OutcomeUnknown]
    sound(acme)
    faults.engine.dispose()
