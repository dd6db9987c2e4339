"""The sql store on PostgreSQL against psycopg 3 writing the same rows.

    python benchmarks/postgres.py                     on a server that is started for it, where one can be had
    python benchmarks/postgres.py --dsn postgresql+psycopg://...

Goals: one change a commit >= 0.75 x executemany; 1,000 a commit >= 1.3 x executemany with arrays, >= 0.7 x row by row, the way that
any such database understands; an import of 10,000 changes a commit >= 0.5 x COPY. What is written was planned beforehand on both
sides; the last lines say what a whole act costs, values, plan and commit rule with it. Every commit is durable, both sides
alternate in one run, and the books are checked against the raw rows before a line is printed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from posting import prepare, record
from rounds import judged, ratios, spread

from bizcore import Company
from bizcore.store import schema
from bizcore.store.flavours import PostgreSQL
from bizcore.store.overlay import Overlay, Write
from bizcore.store.sql import SqlStore, upgrade
from bizcore.store.writing import written
from bizcore.testing.postgres import NoServer, new_database, postgres

COPIED = (schema.INSERT_LOG, schema.INSERT_POSTING)
Send = Callable[[Any, Any, schema.Statement, Sequence[tuple[Any, ...]]], None]


def planned(entries: int, commit: int) -> list[Overlay]:
    """What plain entries write, so many a commit, planned on a company in memory."""
    acme = Company.create("acme", currency="EUR", actor="bench")
    prepare(acme)
    head, overlays = acme._reading().head, []
    record(acme, entries, commit)
    writes: list[Write] = acme._store.overlay.writes[head.position :]  # type: ignore[union-attr]
    for first in range(0, entries, commit):
        one = Overlay(None, head)
        for write in writes[first : first + commit]:
            one.put(write)
        overlays.append(one)
        head = one.head
    return overlays


def fresh(url: str, flavour: PostgreSQL) -> tuple[SqlStore, Company]:
    """A database with our tables, and a company in it that has its accounts and nothing else."""
    engine = sa.create_engine(new_database(url))
    with engine.begin() as connection:
        upgrade(connection)
    database = SqlStore(engine, flavour=flavour)
    acme = Company.create("acme", currency="EUR", store=database, actor="bench")
    prepare(acme)
    return database, acme


def ours(url: str, overlays: list[Overlay], flavour: PostgreSQL) -> float:
    """Changes a second of the store, everything planned."""
    database, acme = fresh(url, flavour)
    store: Any = acme._store
    begun = time.perf_counter()
    for one in overlays:
        store.apply((), prepared=one)
    took = time.perf_counter() - begun
    checked(database)
    database.engine.dispose()
    return sum(len(one.writes) for one in overlays) / took


def raw(url: str, overlays: list[Overlay], send: Send) -> float:
    """Changes a second of psycopg, the same rows in the same tables."""
    database, _ = fresh(url, PostgreSQL())
    parts = [[(one, list(rows)) for one, rows in written(1, overlay)] for overlay in overlays]
    at = database.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with psycopg.connect(at) as connection, connection.cursor() as cursor:
        begun = time.perf_counter()
        for commit in parts:
            for statement, rows in commit:
                send(database, cursor, statement, rows)
            connection.commit()
        took = time.perf_counter() - begun
    checked(database)
    database.engine.dispose()
    return sum(len(one.writes) for one in overlays) / took


def checked(database: SqlStore) -> None:
    """Kept totals equal the sum of the postings, and those are balanced."""
    with database.engine.connect() as connection:
        postings = connection.exec_driver_sql(
            "select count(*), sum(value), sum(abs(value)) from bizcore.postings"
        ).one()
        totals = connection.exec_driver_sql(
            f"select sum(value_debit + value_credit) from bizcore.totals where period={schema.NOW}"
        ).scalar()
    assert postings[0] > 0
    assert (postings[1], postings[2]) == (0, totals)


def many(database: SqlStore, cursor: Any, statement: schema.Statement, rows: Sequence[tuple[Any, ...]]) -> None:
    """Psycopg's executemany."""
    cursor.executemany(database.speech.say(statement.text), rows)


def copied(database: SqlStore, cursor: Any, statement: schema.Statement, rows: Sequence[tuple[Any, ...]]) -> None:
    """COPY for what is only inserted, one array statement for what adds to totals."""
    table = statement.table
    assert table is not None
    if statement in COPIED:
        target = database.speech.say(f"copy {table.title}({schema.names(table)}) from stdin (format binary)")
        with cursor.copy(target) as copy:
            copy.set_types(["int8" if kind == schema.INT else "text" for _, kind in table.columns])
            for row in rows:
                copy.write_row(row)
        return
    arrays = ", ".join(f"?::{'bigint' if kind == schema.INT else 'text'}[]" for _, kind in table.columns)
    text = f"insert into {table.title} as t({schema.names(table)}) select * from unnest({arrays}){statement.conflict}"
    cursor.execute(database.speech.say(text), [list(one) for one in zip(*rows, strict=True)])


def whole(url: str, entries: int, commit: int) -> float:
    """Entries a second through acts, as a user sends them."""
    database, acme = fresh(url, PostgreSQL())
    begun = time.perf_counter()
    record(acme, entries, commit)
    took = time.perf_counter() - begun
    checked(database)
    database.engine.dispose()
    return entries / took


def main() -> int:
    """Print both sides and the ratio, a line for each goal."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--dsn", default="", help="an existing server; one database a measurement is made there")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument(
        "--entries", type=int, default=20_000, help="entries a round in batches; a tenth of it one by one"
    )
    given = options.parse_args()
    if given.dsn:
        measure(given.dsn, given.rounds, given.entries)
        return 0
    try:
        with postgres(fsync="on", full_page_writes="on") as url:
            measure(url, given.rounds, given.entries)
    except NoServer as error:
        print(f"SKIPPED, no PostgreSQL here: {error}")
        return 0
    return 0


def measure(url: str, rounds: int, entries: int) -> None:
    """Every line."""
    lines: list[tuple[str, int, int, PostgreSQL, Send, float]] = [
        ("one by one / executemany", entries // 10, 1, PostgreSQL(), many, 0.75),
        ("batches of 1000 / executemany", entries, 1000, PostgreSQL(), many, 1.3),
        ("batches of 1000, row by row / executemany", entries, 1000, PostgreSQL(arrays=False), many, 0.7),
        ("imports of 10000 / COPY", entries, 10_000, PostgreSQL(), copied, 0.5),
    ]
    for name, count, commit, flavour, send, goal in lines:
        overlays = planned(count, commit)
        left, right = [], []
        for _ in range(rounds):
            left.append(raw(url, overlays, send))
            right.append(ours(url, overlays, flavour))
        print(
            f"{name:44s} {judged(ratios(right, left), least=goal)}   {max(right):8.0f}/s against {max(left):8.0f}/s",
            flush=True,
        )
    for commit, count in ((1, entries // 10), (1000, entries)):
        overlays = planned(count, commit)
        left = [raw(url, overlays, many) for _ in range(rounds)]
        right = [whole(url, count, commit) for _ in range(rounds)]
        print(
            f"whole acts, {commit:4d} a commit / executemany       {spread(ratios(right, left))}   {max(right):8.0f}/s"
        )


if __name__ == "__main__":
    sys.exit(main())
