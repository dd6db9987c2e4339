"""Companies on nothing but the host's connection: made, opened and changed in the host's transaction, with tables made there too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bizcore.change.changes import FloorBroken
from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.store import sql
from bizcore.store.bound import TransactionEnded
from bizcore.store.host import HostStore, upgrade
from bizcore.store.port import CompanyExists, CompanyNotFound, RunAgain, SchemaNewer, SchemaOutdated
from bizcore.testing.postgres import new_database
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk

FIVE = Money("5.00", CURRENCY)


@pytest.fixture(params=["postgresql", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    if request.param == "postgresql":
        made = sa.create_engine(new_database(request.getfixturevalue("postgres_url")))
    else:
        made = sa.create_engine(f"sqlite:///{tmp_path}/books.db")
    yield made
    made.dispose()


def driver(engine: sa.Engine) -> Any:
    if engine.dialect.name == "sqlite":
        return closing(sqlite3.connect(cast("str", engine.url.database)))
    import psycopg

    return closing(psycopg.connect(engine.url.render_as_string(hide_password=False).replace("+psycopg", "")))


def create(connection: object, name: str = "acme", **settings: Any) -> Company:
    kinds = [Note, Person, Rule]
    store = HostStore(connection)
    return Company.create(name, currency=CURRENCY, store=store, desks=[ToyDesk], kinds=kinds, actor="ann", **settings)


def toys(of: Company) -> ToyDesk:
    return cast("ToyDesk", of.desk("toy"))


def test_tables_company_and_change_stay_or_go_together(engine: sa.Engine) -> None:
    for ending, exists in (("rollback", False), ("commit", True)):
        with driver(engine) as connection:
            upgrade(connection)
            acme = create(connection)
            acme.apply(toys(acme).deposit("cash", FIVE), key="k")
            with pytest.raises(FloorBroken):
                acme.apply(toys(acme).transfer(FIVE + FIVE, source="cash", target="a"), key="x")
            getattr(connection, ending)()
        with engine.connect() as connection:
            assert sa.inspect(connection).has_table(*_meta(engine)) is exists
    with engine.connect() as connection:
        again = create(connection)
        assert (again.head, again.view().balance("journal", "cash", CURRENCY).value) == (1, FIVE)
        sound(again)


def _meta(engine: sa.Engine) -> tuple[str, ...]:
    return ("bizcore_meta",) if engine.dialect.name == "sqlite" else ("meta", "bizcore")


def test_without_tables_nothing_is_opened_and_the_transaction_is_usable(engine: sa.Engine) -> None:
    with driver(engine) as connection:
        with pytest.raises(SchemaOutdated):
            create(connection)
        upgrade(connection)
        with pytest.raises(CompanyNotFound):
            Company.open("acme", store=HostStore(connection))
        create(connection)
        with pytest.raises(CompanyExists):
            create(connection, chart="other")
        connection.commit()
        assert list(HostStore(connection).companies()) == ["acme"]


def test_the_tables_are_those_that_sqlalchemy_is_told_of(engine: sa.Engine) -> None:
    """Made here, made by `sql.upgrade`, described by `metadata`: a migration tool finds nothing to do."""
    where = None if engine.dialect.name == "sqlite" else "bizcore"
    with engine.begin() as connection:
        upgrade(connection)
        made = _described(connection)
        context = MigrationContext.configure(connection, opts={"include_schemas": True, "compare_type": True})
        assert compare_metadata(context, sql.metadata(schema=where)) == []
        sql.upgrade(connection)
    with engine.begin() as connection:
        for table in reversed(sql.metadata(schema=where).sorted_tables):
            table.drop(connection)
        sql.upgrade(connection)
        assert _described(connection) == made


def _described(connection: sa.Connection) -> list[tuple[Any, ...]]:
    if connection.dialect.name == "sqlite":
        found = connection.execute(sa.text("select name, type, wr, strict from pragma_table_list order by name"))
    else:
        found = connection.execute(
            sa.text(
                "select table_name, column_name, ordinal_position, data_type, is_nullable, collation_name"
                " from information_schema.columns where table_schema='bizcore' order by 1, 3"
            )
        )
    rows = [tuple(row) for row in found]
    assert rows
    return rows


def test_upgrade_again_changes_nothing_and_a_newer_schema_is_refused(engine: sa.Engine) -> None:
    with driver(engine) as connection:
        upgrade(connection)
        upgrade(connection)
        connection.cursor().execute(f"update {'.'.join(reversed(_meta(engine)))} set value='99'")
        with pytest.raises(SchemaNewer):
            upgrade(connection)


def test_who_may_only_write_rows_may_call_upgrade_where_nothing_is_to_do(postgres_url: str) -> None:
    engine = sa.create_engine(new_database(postgres_url))
    with engine.begin() as connection:
        upgrade(connection, schema="books")
        connection.execute(sa.text("create role clerk_of_books"))
        connection.execute(sa.text("grant usage on schema books to clerk_of_books"))
        connection.execute(
            sa.text("grant select, insert, update, delete on all tables in schema books to clerk_of_books")
        )
        connection.execute(sa.text("set local role clerk_of_books"))
        upgrade(connection, schema="books")
        acme = Company.create("acme", currency="EUR", store=HostStore(connection, schema="books"), actor="ann")
        acme.apply(acme.supply.receive("bolt", 1, place="main", on="2026-01-05", cost=Money("1", "EUR")), key="r")
        connection.execute(sa.text("reset role"))
        connection.execute(sa.text("drop owned by clerk_of_books"))
        connection.execute(sa.text("drop role clerk_of_books"))
    engine.dispose()


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_what_outlives_its_transaction_writes_in_none(engine: sa.Engine, ending: str) -> None:
    for connecting in (lambda: driver(engine), engine.connect):
        with connecting() as connection:
            upgrade(connection)
            acme = create(connection)
            getattr(connection, ending)()
            with pytest.raises(TransactionEnded):
                acme.apply(toys(acme).deposit("cash", FIVE), key="k")
            with pytest.raises(TransactionEnded):
                _ = acme.head
            connection.rollback()


def test_a_connection_that_was_given_back_is_not_written_through(engine: sa.Engine) -> None:
    """It may serve somebody else by now: what we would write there would stay or go with his."""
    with engine.connect() as connection:
        upgrade(connection)
        acme = create(connection)
        connection.commit()
    with engine.connect() as somebody:
        somebody.execute(sa.text("select 1"))
        with pytest.raises(TransactionEnded):
            acme.apply(toys(acme).deposit("cash", FIVE), key="k")
        with pytest.raises(TransactionEnded):
            _ = acme.head


def test_a_connection_that_was_lost_is_the_hosts_to_run_again_wherever_it_is_noticed(postgres_url: str) -> None:
    engine = sa.create_engine(new_database(postgres_url), poolclass=sa.NullPool)
    with engine.begin() as connection:
        upgrade(connection)
        create(connection)

    def lost() -> Any:
        connection = sa.create_engine(engine.url, poolclass=sa.NullPool).connect()
        acme = create(connection)
        with engine.connect() as other:
            other.execute(sa.text("select pg_terminate_backend(:pid)"), {"pid": _pid(connection)})
        return connection, acme

    for use in (
        lambda _, acme: acme.head,
        lambda _, acme: acme.apply(toys(acme).deposit("cash", FIVE), key="k"),
        lambda _, acme: acme.view().balance("journal", "cash", CURRENCY),
        lambda connection, _: create(connection),
    ):
        connection, acme = lost()
        with pytest.raises(RunAgain) as error:
            use(connection, acme)
        assert error.value.lost
        connection.invalidate()
        connection.close()


def _pid(connection: sa.Connection) -> int:
    return int(connection.connection.driver_connection.info.backend_pid)  # type: ignore[union-attr]
