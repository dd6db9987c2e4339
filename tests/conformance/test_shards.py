"""A directory of databases keeps the contract that each of them keeps: on three servers, on three files, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
import sqlalchemy as sa

from bizcore.company import Company
from bizcore.company.directory import KeptDirectory
from bizcore.store.port import Database
from bizcore.store.shards import Shards
from bizcore.testing.contract import StoreContract
from bizcore.testing.witness import MemoryContract, PostgresContract, SqliteContract

NAMES = ("one", "two", "three")


@pytest.fixture(scope="module")
def engines(three_servers: list[Any]) -> Iterator[list[sa.Engine]]:
    made = [sa.create_engine(one.url) for one in three_servers]
    yield made
    for one in made:
        one.dispose()


class ShardsContract(StoreContract):
    """The contract over three databases that each have a second witness; the directory lies in the first.

    Companies that are made before put the contract's own on the last shard, away from the directory.
    """

    def parts(self) -> dict[str, StoreContract]:
        raise NotImplementedError

    def open(self) -> Database:
        self.witnesses = self.parts()
        self.databases = {name: one.open() for name, one in self.witnesses.items()}
        self.made = Shards(self.databases, KeptDirectory(self.databases["one"]))
        for name in ("first", "second"):
            Company.create(name, currency="EUR", store=self.made)
        return self.made

    def again(self, database: Database) -> Database | None:
        fresh = {name: one.again(self.databases[name]) for name, one in self.witnesses.items()}
        opened = {name: one for name, one in fresh.items() if one is not None}
        return Shards(opened, KeptDirectory(opened["one"])) if opened else None

    def raw_rows(self, database: Database, table: str) -> Sequence[tuple[Any, ...]]:
        """What lies on the shards that have no directory: the directory has a log of its own."""
        shards = cast("Shards", database)
        found: list[tuple[Any, ...]] = []
        for name in ("two", "three"):
            found += self.witnesses[name].raw_rows(shards.database(name), table)
        return found

    def damage(self, database: Database) -> None:
        shards = cast("Shards", database)
        assert shards.directory.find("acme") == "three"
        self.witnesses["three"].damage(shards.database("three"))


class OnlyAcme(MemoryContract):
    """The witness damages the one company with a log."""

    def damage(self, database: Database) -> None:
        stores = cast("Any", database)._stores
        (store,) = [one for one in stores.values() if one.overlay.writes]
        write = store.overlay.writes[2]
        store.overlay.writes[2] = write._replace(log=write.log._replace(actor="nobody"))


class TestShardsInMemory(ShardsContract):
    def parts(self) -> dict[str, StoreContract]:
        return {name: OnlyAcme() for name in NAMES}


class TestShardsOfFiles(ShardsContract):
    def parts(self) -> dict[str, StoreContract]:
        return {name: SqliteContract() for name in NAMES}


class TestShardsOnThreeServers(ShardsContract):
    @pytest.fixture(autouse=True)
    def servers(self, engines: list[sa.Engine]) -> None:
        self.engines = engines

    def parts(self) -> dict[str, StoreContract]:
        made: dict[str, StoreContract] = {}
        for name, engine in zip(NAMES, self.engines, strict=True):
            made[name] = one = PostgresContract()
            one.engine = engine
        return made
