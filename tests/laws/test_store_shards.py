"""Companies on three servers: each is what one client alone makes of it, and a server that is killed takes only its own with it."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import pytest
import sqlalchemy as sa

from bizcore.change.changes import FloorBroken
from bizcore.change.reading import PostingQuery
from bizcore.company import Company
from bizcore.company.directory import KeptDirectory
from bizcore.kernel.errors import Conflict, Invalid, NotFound, Refused, Unavailable
from bizcore.kernel.money import Money
from bizcore.store.shards import Shards
from bizcore.store.sql import SqlStore, upgrade
from bizcore.testing.machine import SINGLE, Machine, Step
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, SOURCE, Note, Person, Rule, ToyDesk

NAMES = ("acme", "beta", "gamma")
ACCOUNTS = tuple(f"account {n}" for n in range(4))
EACH = 100
CLIENTS = 6
ACTS = 40
DOWN_SECONDS = 1.0


def company(name: str, store: Any) -> Company:
    kinds = [Note, Person, Rule]
    return Company.create(name, currency=CURRENCY, store=store, desks=[ToyDesk], kinds=kinds, actor="ann")


def toys(of: Company) -> ToyDesk:
    return cast("ToyDesk", of.desk("toy"))


@pytest.fixture
def shards(three_servers: list[Any], request: pytest.FixtureRequest) -> Iterator[Shards]:
    schema = f"books_{abs(hash(request.node.name)) % 10**6}"
    engines = [sa.create_engine(one.url, pool_size=10, max_overflow=20) for one in three_servers]
    for engine in engines:
        with engine.begin() as connection:
            upgrade(connection, schema=schema)
    databases = {f"server {at}": SqlStore(engine, schema=schema) for at, engine in enumerate(engines)}
    yield Shards(cast("Any", databases), KeptDirectory(databases["server 0"]))
    for engine in engines:
        engine.dispose()


def test_the_log_of_each_company_played_by_one_client_gives_the_same_state(shards: Shards) -> None:
    companies = [company(name, shards) for name in NAMES]
    assert len({shards.directory.find(name) for name in NAMES}) == 3
    sent: dict[str, dict[str, Any]] = {name: {} for name in NAMES}
    errors: list[BaseException] = []
    refused = Counter[str]()
    machines = {one.name: Machine(one) for one in companies}

    def client(number: int) -> None:
        source = random.Random(f"client {number}")
        try:
            for at in range(ACTS):
                acme = source.choice(companies)
                key = f"{number} {at:03d}"
                one = Step(
                    source.choice(SINGLE), 4 * source.randrange(100), source.randrange(1000), source.randrange(1, 400)
                )
                act = machines[acme.name]._made(one, key)[0]
                sent[acme.name][key] = act
                try:
                    acme.apply(act, key=key)
                except (Refused, Invalid, NotFound):
                    refused[acme.name] += 1
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that waits
            errors.append(error)

    _together([lambda number=number: client(number) for number in range(CLIENTS)])  # type: ignore[misc]
    assert errors == []
    for acme in companies:
        sound(acme)
        alone = company(acme.name, "memory:")
        for done in acme.log():
            assert alone.apply(sent[acme.name][done.key], key=done.key).position == done.position
        assert alone.state_hash() == acme.state_hash()
        assert acme.head > 20


def test_a_server_killed_loses_nothing_acknowledged_and_disturbs_no_other(
    shards: Shards, three_servers: list[Any]
) -> None:
    """Money moves on three servers; one is killed and comes back. Clients send again what got a retryable error, same key."""
    companies = {name: company(name, shards) for name in NAMES}
    for one in companies.values():
        for account in ACCOUNTS:
            one.apply(toys(one).deposit(account, Money.of_minor(EACH, CURRENCY)), key=f"open {account}")
    victim = next(name for name in NAMES if shards.directory.find(name) == "server 2")
    stop = threading.Event()
    acknowledged: dict[str, dict[str, int]] = {name: {} for name in NAMES}
    met: dict[str, Counter[str]] = {name: Counter() for name in NAMES}
    before, during, after = Counter[str](), Counter[str](), Counter[str]()
    down, back = threading.Event(), threading.Event()
    wrong: list[BaseException | str] = []

    def client(number: int) -> None:
        source, name = random.Random(f"client {number}"), NAMES[number % 3]
        one, at = companies[name], 0
        try:
            while not stop.is_set():
                giver, taker = source.sample(ACCOUNTS, 2)
                amount = Money.of_minor(source.randrange(1, 30), CURRENCY)
                act, key = toys(one).transfer(amount, source=giver, target=taker), f"{number} {at:06d}"
                at += 1
                while not stop.is_set():
                    try:
                        acknowledged[name][key] = one.apply(act, key=key).position
                        counted = during if down.is_set() else after if back.is_set() else before
                        counted[name] += 1
                        break
                    except FloorBroken:
                        break
                    except (Unavailable, Conflict) as error:
                        met[name][error.code] += 1
                        if not error.retry:
                            wrong.append(error)
                        time.sleep(0.02)
                try:
                    rows = one.view().totals(PostingQuery(book="journal"), by=("account",))
                    held = {row.key[0]: row.amount for row in rows if row.key[0] != SOURCE}
                    if sum(held.values()) != EACH * len(ACCOUNTS) or min(held.values()) < 0:
                        wrong.append(f"{name} holds {held}")
                except Unavailable as error:
                    met[name][error.code] += 1
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that waits
            wrong.append(error)

    def trouble() -> None:
        time.sleep(DOWN_SECONDS)
        three_servers[2].kill()
        down.set()
        time.sleep(DOWN_SECONDS)
        down.clear()
        three_servers[2].start()
        back.set()
        time.sleep(DOWN_SECONDS)
        stop.set()

    _together([trouble, *(lambda number=number: client(number) for number in range(CLIENTS))])  # type: ignore[list-item]
    assert wrong == []
    for name, one in companies.items():
        sound(one)
        log = {done.key: done.position for done in one.log()}
        assert {key: log.get(key) for key in acknowledged[name]} == acknowledged[name]
        # Whose change was under way may also wait and find out by itself: then its clients meet nothing at all.
        allowed = {"store_unavailable", "store_busy", "run_again", "outcome_unknown"} if name == victim else set()
        assert set(met[name]) <= allowed, (name, met)
    assert during[victim] <= CLIENTS  # answered just before, counted just after
    assert min(during[name] for name in NAMES if name != victim) > 0, during
    assert min(after[name] for name in NAMES) > 0, after
    print({"before": before, "during": during, "after": after, "met": met[victim]})


def _together(calls: list[Any]) -> None:
    threads = [threading.Thread(target=one) for one in calls]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
