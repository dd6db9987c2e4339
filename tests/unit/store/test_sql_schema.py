"""One file format for two stores, and tables that are made by whoever owns the database."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bizcore.company import Company
from bizcore.store.opener import open_store
from bizcore.store.port import SchemaNewer, SchemaOutdated
from bizcore.store.sql import SqlStore, metadata, upgrade
from bizcore.testing.machine import Machine, step
from bizcore.testing.postgres import new_database
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk

posix = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are POSIX")


def company(store: Any) -> Company:
    return Company.create(
        "acme", currency=CURRENCY, store=store, desks=[ToyDesk], kinds=[Note, Person, Rule], actor="ann"
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return new_database(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/books.db"


# -- one file format -------------------------------------------------------------------------------------------------


def test_a_file_is_written_by_the_embedded_store_and_the_sql_store_in_turn(tmp_path: Path) -> None:
    source, memory = random.Random("turns"), Machine(company("memory:"))
    machine: Machine | None = None
    for turn in range(6):
        scheme = ("sqlite", "sqlite+pysqlite")[turn % 2]
        acme = company(open_store(f"{scheme}:///{tmp_path}/books.db"))
        if machine is None:
            machine = Machine(acme)
        machine.company = acme
        story = [step(source) for _ in range(60)]
        machine.play(story)
        memory.play(story)
        assert acme.state_hash() == memory.company.state_hash()
        sound(acme)
        acme.close()


def described(path: Path) -> dict[str, set[str]]:
    """The tables and indexes of a file, each as the set of its parts, whatever their order and spelling."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("select name, sql from sqlite_master where sql is not null").fetchall()
    made = {}
    for name, text in found:
        plain = re.sub(r"\s+", " ", text.lower().replace('"', "").replace("without rowid", "without_rowid")).strip()
        _, _, inside = plain.partition("(")
        body, _, options = inside.rpartition(")")
        made[name] = {re.sub(r"\s*([(),])\s*", r"\1", one.strip()) for one in re.split(r",(?![^(]*\))", body)}
        made[name] |= {one.strip() for one in re.split("[ ,]+", options) if one.strip()}
    return made


def test_both_make_the_same_tables(tmp_path: Path) -> None:
    for scheme, name in (("sqlite", "embedded"), ("sqlite+pysqlite", "engine")):
        company(open_store(f"{scheme}:///{tmp_path}/{name}.db")).close()
    assert described(tmp_path / "embedded.db") == described(tmp_path / "engine.db")


# -- upgrading -------------------------------------------------------------------------------------------------------


def tables(engine: sa.Engine) -> list[str]:
    schema = None if engine.dialect.name == "sqlite" else "bizcore"
    return sorted(sa.inspect(engine).get_table_names(schema=schema))


def test_without_tables_the_store_says_what_to_run_and_makes_none(url: str) -> None:
    engine = sa.create_engine(url)
    with pytest.raises(SchemaOutdated, match="upgrade"):
        company(SqlStore(engine))
    assert tables(engine) == []
    engine.dispose()


def test_upgrading_is_the_hosts_to_commit_and_twice_is_once(url: str) -> None:
    engine = sa.create_engine(url)
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            upgrade(connection)
            connection.rollback()
        assert tables(engine) == []
    for _ in range(2):
        with engine.begin() as connection:
            upgrade(connection)
    names = tables(engine)
    assert len(names) == len(metadata().tables)
    acme = company(SqlStore(engine))
    acme.apply(acme.desk("toy").note("x", id="n"), key="n")  # type: ignore[attr-defined]
    with engine.begin() as connection:
        upgrade(connection)
    assert (tables(engine), company(SqlStore(engine)).head) == (names, 1)
    engine.dispose()


def test_tables_of_a_newer_release_are_refused_by_every_way_in(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        upgrade(connection)
        place = "bizcore_meta" if engine.dialect.name == "sqlite" else "bizcore.meta"
        connection.execute(sa.text(f"update {place} set value='99' where name='schema'"))
    with pytest.raises(SchemaNewer), engine.begin() as connection:
        upgrade(connection)
    with pytest.raises(SchemaNewer):
        company(SqlStore(engine))
    ways = [url] if engine.dialect.name == "postgresql" else [url, url.replace("sqlite:", "sqlite+pysqlite:")]
    for way in ways:
        with pytest.raises(SchemaNewer) as error:
            company(open_store(way))
        assert (error.value.facts["stored"], error.value.retry) == (99, False)
    engine.dispose()


def made_at_once(url: str, number: int) -> None:
    acme = company(open_store(url))
    acme.apply(acme.desk("toy").note("x", id=f"n{number}"), key=f"n{number}")  # type: ignore[attr-defined]
    acme.close()


@posix
def test_eight_processes_that_open_an_empty_database_at_once_all_find_it_made(url: str) -> None:
    url = url.replace("sqlite:", "sqlite+pysqlite:")
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=made_at_once, args=(url, number)) for number in range(8)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert [one.exitcode for one in workers] == [0] * 8
    acme = company(open_store(url))
    assert acme.head == 8
    sound(acme)
    acme.close()


@posix
def test_a_kill_while_tables_are_made_leaves_all_of_them_or_none_that_stand_in_the_way(url: str) -> None:
    url = url.replace("sqlite:", "sqlite+pysqlite:")
    source = random.Random("kill")
    for _ in range(8):
        child = os.fork()
        if child == 0:
            try:
                engine = sa.create_engine(url)
                while True:
                    with engine.begin() as connection:
                        upgrade(connection)
                    with engine.begin() as connection:
                        metadata(schema=None if url.startswith("sqlite") else "bizcore").drop_all(connection)
            finally:
                os._exit(1)
        time.sleep(source.uniform(0.02, 0.25))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            upgrade(connection)
        assert len(tables(engine)) == len(metadata().tables)
        engine.dispose()
    acme = company(open_store(url))
    acme.apply(acme.desk("toy").note("x", id="n"), key="n")  # type: ignore[attr-defined]
    sound(acme)
    acme.close()
