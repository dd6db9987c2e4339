"""Where companies lie: entered once, found by whoever asks, and one that is down takes only its own with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from bizcore.company import Company
from bizcore.company.directory import DirectoryDesk, KeptDirectory, NameOfDirectory
from bizcore.kernel.codec import WrongType
from bizcore.kernel.money import Money
from bizcore.store.opener import open_store
from bizcore.store.port import CompanyExists, CompanyNotFound, StoreUnavailable
from bizcore.store.shards import NoShards, NotPlaced, Shards, UnknownShard, home
from bizcore.store.sql import SqlStore, upgrade
from bizcore.testing.concurrency import race
from bizcore.testing.postgres import new_database
from bizcore.testing.toys import CURRENCY, ToyDesk

FIVE = Money("5.00", CURRENCY)


def create(name: str, store: Any) -> Company:
    return Company.create(name, currency=CURRENCY, store=store, desks=[ToyDesk], actor="ann")


def toys(of: Company) -> ToyDesk:
    return cast("ToyDesk", of.desk("toy"))


def files(folder: Path, *names: str) -> dict[str, str]:
    return {name: f"sqlite:///{folder}/{name}.db" for name in names}


def kept(folder: Path) -> KeptDirectory:
    return KeptDirectory(f"sqlite:///{folder}/directory.db")


class Down:
    """A database that nobody answers for, until it is up."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.up = inner, False

    def __getattr__(self, name: str) -> Any:
        if self.up or name in ("close", "stamp"):
            return getattr(self.inner, name)
        raise StoreUnavailable(why="nobody answers")


def test_new_companies_go_where_there_are_fewest(tmp_path: Path) -> None:
    shards = Shards(files(tmp_path, "a", "b"), kept(tmp_path))
    for at in range(6):
        create(f"c{at}", shards)
    assert [sorted(shards.database(name).companies()) for name in ("a", "b")] == [
        ["c0", "c2", "c4"],
        ["c1", "c3", "c5"],
    ]
    assert list(shards.companies()) == [f"c{at}" for at in range(6)]
    shards.close()


def test_a_shard_that_is_added_is_filled_first_and_nobody_moves(tmp_path: Path) -> None:
    before = Shards(files(tmp_path, "a", "b"), kept(tmp_path))
    for at in range(4):
        acme = create(f"c{at}", before)
        acme.apply(toys(acme).deposit("cash", FIVE), key="k")
    where = {f"c{at}": before.directory.find(f"c{at}") for at in range(4)}
    before.close()
    after = Shards(files(tmp_path, "new", "a", "b"), kept(tmp_path))
    assert {name: after.directory.find(name) for name in where} == where
    assert all(create(name, after).head == 1 for name in where)
    create("c4", after)
    create("c5", after)
    assert list(after.database("new").companies()) == ["c4", "c5"]
    after.close()


def test_a_place_given_beforehand_is_kept(tmp_path: Path) -> None:
    directory = kept(tmp_path)
    shards = Shards(files(tmp_path, "eu", "us"), directory)
    directory.place("acme", ["us"])
    create("acme", shards)
    assert list(shards.database("us").companies()) == ["acme"]
    shards.close()


def test_a_crash_between_the_directory_and_the_company_is_mended_by_creating_again(tmp_path: Path) -> None:
    down = Down(open_store(f"sqlite:///{tmp_path}/a.db"))
    shards = Shards({"a": cast("Any", down)}, kept(tmp_path))
    with pytest.raises(StoreUnavailable):
        create("acme", shards)
    down.up = True
    assert (shards.directory.find("acme"), list(shards.companies())) == ("a", [])
    with pytest.raises(CompanyNotFound):
        Company.open("acme", store=shards)
    again = Shards({"new": "memory:", "a": cast("Any", down)}, kept(tmp_path))
    assert create("acme", again).head == 0
    assert list(again.companies()) == ["acme"]
    assert create("acme", again).head == 0
    with pytest.raises(CompanyExists):
        Company.create("acme", currency="USD", store=again)
    again.close()


def test_of_many_who_create_at_once_all_get_one_company(tmp_path: Path) -> None:
    made = [Shards(files(tmp_path, "a", "b", "c"), kept(tmp_path)) for _ in range(8)]
    assert race([lambda one=one: create("acme", one) for one in made]) == [None] * 8  # type: ignore[misc]
    found = [name for name in ("a", "b", "c") if list(made[0].database(name).companies())]
    assert len(found) == 1
    directory = cast("KeptDirectory", made[0].directory)
    desk = cast("DirectoryDesk", directory.books.desk("directory"))
    assert [(one.id, one.companies) for one in desk.shards] == [(found[0], 1)]
    assert directory.books.verify().ok
    made[0].close()


def test_who_placed_whom_is_in_a_log(tmp_path: Path) -> None:
    directory = KeptDirectory(f"sqlite:///{tmp_path}/directory.db", actor="ann")
    directory.place("acme", ["a"])
    (done,) = directory.books.log()
    assert (done.actor, done.value.id, done.value.shard) == ("ann", "acme", "a")
    with pytest.raises(NameOfDirectory):
        directory.place("directory", ["a"])
    directory.books.close()


def test_one_that_is_down_takes_only_its_own_with_it(tmp_path: Path) -> None:
    down = Down(open_store("memory:"))
    shards = Shards({"up": "memory:", "down": cast("Any", down)}, {"acme": "up", "beta": "down"})
    acme = create("acme", shards)
    with pytest.raises(StoreUnavailable) as refused:
        create("beta", shards)
    assert refused.value.retry
    assert acme.apply(toys(acme).deposit("cash", FIVE), key="k").position == 1
    with pytest.raises(StoreUnavailable, match="'down'"):
        shards.companies()
    assert list(shards.database("up").companies()) == ["acme"]
    down.up = True
    create("beta", shards)
    assert list(shards.companies()) == ["acme", "beta"]


def test_a_url_that_leads_nowhere_is_met_by_its_own_companies_alone(tmp_path: Path) -> None:
    databases = {"up": "memory:", "down": "postgresql://nobody@127.0.0.1:1/none"}
    shards = Shards(databases, {"acme": "up", "beta": "down"})
    assert create("acme", shards).head == 0
    with pytest.raises(StoreUnavailable):
        create("beta", shards)


def test_companies_whose_place_is_known_go_on_without_the_directory(tmp_path: Path) -> None:
    down = Down(open_store("memory:"))
    down.up = True
    shards = Shards({"a": "memory:"}, KeptDirectory(cast("Any", down)))
    create("acme", shards)
    down.up = False
    assert Company.open("acme", store=shards).head == 0
    with pytest.raises(StoreUnavailable):
        create("beta", shards)


def test_what_the_directory_does_not_know_is_refused() -> None:
    shards = Shards({"a": "memory:"}, {"acme": "a", "lost": "gone"})
    with pytest.raises(NotPlaced):
        create("nobody", shards)
    with pytest.raises(CompanyNotFound):
        Company.open("nobody", store=shards)
    with pytest.raises(UnknownShard) as refused:
        create("lost", shards)
    assert (refused.value.facts["shard"], refused.value.facts["known"], refused.value.retry) == ("gone", ("a",), False)
    with pytest.raises(NoShards):
        Shards({}, {})
    with pytest.raises(WrongType):
        Shards({"a": "memory:"}, cast("Any", 7))


def test_a_function_may_be_the_directory() -> None:
    shards = Shards({"a": "memory:", "b": "memory:"}, lambda company: "ab"[len(company) % 2])
    assert [create(name, shards).name for name in ("odd", "even")] == ["odd", "even"]
    assert list(shards.database("b").companies()) == ["odd"]


def test_a_company_of_a_shard_is_the_one_that_is_opened_there_directly() -> None:
    shards = Shards({"a": "memory:"}, {"acme": "a"})
    acme = create("acme", shards)
    direct = create("acme", shards.database("a"))
    planned = direct.plan(toys(direct).deposit("cash", FIVE))
    assert acme.apply(planned, key="k").position == 1
    assert home(shards, "acme") == shards.database("a")
    assert shards.ids()
    assert shards.stamp.salt()
    given = {"a": shards.database("a")}
    assert (Shards(given, {}) == Shards(given, {"x": "a"}), Shards(given, {}) == shards) == (True, False)
    assert hash(Shards(given, {})) == hash(shards)
    assert Shards(given, {}) != "shards"


def test_a_company_that_lies_where_the_directory_does_not_say_is_not_seen() -> None:
    shards = Shards({"a": "memory:", "b": "memory:"}, {"acme": "a"})
    create("acme", shards.database("b"))
    assert list(shards.companies()) == []


def test_a_sharded_company_joins_the_hosts_transaction(postgres_url: str) -> None:
    engines = [sa.create_engine(new_database(postgres_url)) for _ in range(2)]
    for engine in engines:
        with engine.begin() as connection:
            upgrade(connection, schema="books")
    databases = {name: SqlStore(engine, schema="books") for name, engine in zip("ab", engines, strict=True)}
    acme = create("acme", Shards(cast("Any", databases), {"acme": "b"}))
    with engines[1].connect() as connection, connection.begin() as began:
        bound = acme.bind(connection)
        bound.apply(toys(bound).deposit("cash", FIVE), key="k")
        began.rollback()
    assert acme.head == 0
    with engines[1].begin() as connection:
        bound = acme.bind(connection)
        bound.apply(toys(bound).deposit("cash", FIVE), key="k")
    assert acme.head == 1
    for engine in engines:
        engine.dispose()
