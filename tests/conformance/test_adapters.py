"""The adapters that come with the library keep the contract."""

from __future__ import annotations

from bizcore.testing.witness import MemoryContract, SqliteContract


class TestMemory(MemoryContract):
    pass


class TestSqlite(SqliteContract):
    pass


class TestMemoryByDay(MemoryContract):
    bucket = "day"


class TestSqliteByDay(SqliteContract):
    bucket = "day"
