"""The adapters that come with the library keep the contract."""

from __future__ import annotations

from typing import Any

import pytest

from bizcore.testing.witness import MemoryContract, PostgresContract, SqliteContract, SqlOnSqliteContract


class TestMemory(MemoryContract):
    pass


class TestSqlite(SqliteContract):
    pass


class TestMemoryByDay(MemoryContract):
    bucket = "day"


class TestSqliteByDay(SqliteContract):
    bucket = "day"


class TestSqlOnSqlite(SqlOnSqliteContract):
    pass


class TestPostgres(PostgresContract):
    @pytest.fixture(autouse=True)
    def server(self, postgres_engine: Any) -> None:
        self.engine = postgres_engine


class TestPostgresByDay(TestPostgres):
    bucket = "day"
