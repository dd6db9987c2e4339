"""The adapters that come with the library keep the contract."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bizcore.store.opener import open_store
from bizcore.store.port import Database
from bizcore.testing.contract import StoreContract


class TestMemory(StoreContract):
    def open(self) -> Database:
        return open_store("memory:")

    def raw_rows(self, database: Database, table: str) -> Sequence[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        for store in database._stores.values():  # type: ignore[attr-defined]
            for write in store.overlay.writes:
                log: list[tuple[Any, ...]] = [write.log]
                bodies = store.overlay._bodies
                documents = [(row.kind, row.id, bodies[row.kind, row.id, row.position]) for row, _ in write.documents]
                found += {"log": log, "documents": documents, "postings": list(write.postings)}[table]
        return found


class TestSqlite(StoreContract):
    def open(self) -> Database:
        self.folder = tempfile.TemporaryDirectory()
        return open_store(f"sqlite:///{self.folder.name}/books.db")

    def raw_rows(self, database: Database, table: str) -> Sequence[tuple[Any, ...]]:
        with sqlite3.connect(Path(database.path)) as connection:  # type: ignore[attr-defined]
            return connection.execute(f"select * from bizcore_{table}").fetchall()
