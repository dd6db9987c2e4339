"""A company in a transaction of the host's: both stay, both go, and a refusal leaves the host's own usable."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.util import await_only

from bizcore.change.changes import FloorBroken
from bizcore.company import Company
from bizcore.company.refusals import UseTheFork
from bizcore.kernel.money import Money
from bizcore.store.bound import Autocommit, CannotBind, TransactionEnded
from bizcore.store.opener import open_store
from bizcore.store.port import CompanyNotFound, RunAgain, SchemaOutdated
from bizcore.store.sql import SqlStore, upgrade
from bizcore.testing.postgres import new_database
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk

FIVE = Money("5.00", CURRENCY)


def company(store: Any, name: str = "acme") -> Company:
    return Company.create(
        name, currency=CURRENCY, store=store, desks=[ToyDesk], kinds=[Note, Person, Rule], actor="ann"
    )


def toys(of: Company) -> ToyDesk:
    return cast("ToyDesk", of.desk("toy"))


def cash(of: Company) -> Money:
    return of.view().balance("journal", "cash", CURRENCY).value


class Host:
    """An application with a table of its own, in the database where the companies lie."""

    def __init__(self, engine: sa.Engine, acme: Company) -> None:
        self.engine, self.acme = engine, acme
        with engine.begin() as connection:
            connection.execute(sa.text("create table host_orders(name text primary key)"))

    def order(self, connection: sa.Connection, name: str = "o1") -> None:
        connection.execute(sa.text("insert into host_orders values(:name)"), {"name": name})

    def orders(self) -> list[str]:
        with self.engine.connect() as connection:
            return sorted(connection.execute(sa.text("select name from host_orders")).scalars())


@pytest.fixture(params=["postgresql", "sqlite", "sqlite by the embedded store"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    if request.param == "postgresql":
        engine = sa.create_engine(new_database(request.getfixturevalue("postgres_url")))
    else:
        engine = sa.create_engine(f"sqlite:///{tmp_path}/books.db")
    store: Any
    if request.param == "sqlite by the embedded store":
        store = open_store(f"sqlite:///{tmp_path}/books.db")
    else:
        with engine.begin() as connection:
            upgrade(connection)
        store = SqlStore(engine)
    yield Host(engine, company(store))
    store.close()
    engine.dispose()


def test_both_are_committed(host: Host) -> None:
    with host.engine.begin() as connection:
        host.order(connection)
        done = host.acme.bind(connection).apply(toys(host.acme).deposit("cash", FIVE), key="o1")
        assert (done.position, done.replayed) == (1, False)
    assert (host.orders(), cash(host.acme)) == (["o1"], FIVE)
    sound(host.acme)


def test_ours_is_committed_though_the_host_wrote_nothing(host: Host) -> None:
    with host.engine.connect() as connection:
        host.acme.bind(connection).apply(toys(host.acme).deposit("cash", FIVE), key="o1")
        connection.commit()
    assert cash(host.acme) == FIVE


def test_both_are_rolled_back(host: Host) -> None:
    with host.engine.connect() as connection:
        bound = host.acme.bind(connection)
        bound.apply(toys(host.acme).deposit("cash", FIVE), key="o1")
        bound.apply(toys(host.acme).note("x", id="n"), key="note")
        host.order(connection)
        assert (cash(bound), bound.head, bound.get(Note, "n").text) == (FIVE, 2, "x")
        connection.rollback()
    assert (host.orders(), host.acme.head, host.acme.view().seek(Note, "n")) == ([], 0, None)
    host.acme.apply(toys(host.acme).deposit("cash", FIVE), key="o1")
    sound(host.acme)


def test_an_exception_after_apply_takes_both_back(host: Host) -> None:

    def fail() -> None:
        with host.engine.begin() as connection:
            host.order(connection)
            host.acme.bind(connection).apply(toys(host.acme).deposit("cash", FIVE), key="o1")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert (host.orders(), host.acme.head) == ([], 0)


def test_a_refusal_leaves_the_hosts_transaction_usable(host: Host) -> None:
    with host.engine.begin() as connection:
        host.order(connection)
        bound = host.acme.bind(connection)
        with pytest.raises(FloorBroken):
            bound.apply(toys(host.acme).transfer(FIVE, source="cash", target="a"), key="o1")
        with pytest.raises(FloorBroken):
            bound.apply_each(
                [
                    (toys(host.acme).deposit("cash", FIVE), "a"),
                    (toys(host.acme).transfer(FIVE + FIVE, source="cash", target="a"), "b"),
                ]
            )
        host.order(connection, "o2")
        bound.apply(toys(host.acme).deposit("cash", FIVE), key="o1")
    assert (host.orders(), host.acme.head, cash(host.acme)) == (["o1", "o2"], 1, FIVE)
    sound(host.acme)


def test_a_stale_plan_in_hand_is_refused_and_the_host_goes_on(host: Host) -> None:
    host.acme.apply(toys(host.acme).note("one", id="n"), key="n")
    plan = host.acme.plan(toys(host.acme).edit("n", "mine"))
    host.acme.apply(toys(host.acme).edit("n", "theirs"), key="theirs")
    with host.engine.begin() as connection:
        host.order(connection)
        bound = host.acme.bind(connection)
        with pytest.raises(Exception, match="plan again"):
            bound.apply(plan, key="late")
        bound.apply(toys(host.acme).edit("n", "again"), key="late")
    assert (host.orders(), host.acme.get(Note, "n").text) == (["o1"], "again")


def test_an_outer_savepoint_takes_ours_back_and_keeps_the_rest(host: Host) -> None:
    with host.engine.begin() as connection:
        host.acme.bind(connection).apply(toys(host.acme).deposit("cash", FIVE), key="kept")
        inner = connection.begin_nested()
        host.acme.bind(connection).apply(toys(host.acme).deposit("cash", FIVE), key="undone")
        host.order(connection)
        inner.rollback()
        again = host.acme.bind(connection)
        assert (again.head, cash(again)) == (1, FIVE)
    assert (host.orders(), host.acme.head, cash(host.acme)) == ([], 1, FIVE)
    sound(host.acme)


def test_two_companies_in_one_transaction(host: Host) -> None:
    other = company(host.acme._database, "other")
    for ending, expected in (("rollback", 0), ("commit", 1)):
        with host.engine.connect() as connection:
            host.acme.bind(connection).apply(toys(host.acme).deposit("cash", FIVE), key="k")
            other.bind(connection).apply(toys(other).deposit("cash", FIVE), key="k")
            getattr(connection, ending)()
        assert (host.acme.head, other.head) == (expected, expected)


def test_a_key_sent_again_is_the_first_answer_inside_and_outside(host: Host) -> None:
    act = toys(host.acme).deposit("cash", FIVE)
    with host.engine.begin() as connection:
        bound = host.acme.bind(connection)
        assert not bound.apply(act, key="k").replayed
        assert bound.apply(act, key="k").replayed
    assert host.acme.apply(act, key="k").replayed
    assert host.acme.head == 1


def test_a_fork_and_work_go_into_the_hosts_transaction(host: Host) -> None:
    with host.engine.begin() as connection:
        bound = host.acme.bind(connection)
        bound.apply(lambda acme: acme.apply(toys(acme).deposit("cash", FIVE)), key="work", request="r")
        fork = bound.fork()
        fork.apply(toys(fork).deposit("cash", FIVE))
        bound.apply(fork, key="fork")
    assert (cash(host.acme), host.acme.head) == (FIVE + FIVE, 4)


def test_an_autocommit_connection_is_refused(host: Host) -> None:
    with (
        host.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        pytest.raises(Autocommit),
    ):
        host.acme.bind(connection)


def test_what_is_no_connection_is_refused(host: Host) -> None:
    from sqlalchemy.orm import Session

    for wrong in (None, "sqlite://", host.engine, Session(host.engine)):
        with pytest.raises(CannotBind):
            host.acme.bind(wrong)
    with pytest.raises(CannotBind):
        Company.create("m", currency="EUR").bind(sqlite3.connect(":memory:"))
    with host.engine.begin() as connection:
        bound = host.acme.bind(connection)
        with pytest.raises(CannotBind):
            bound.bind(connection)


def test_a_session_of_the_orm_is_joined_by_its_connection(host: Host) -> None:
    from sqlalchemy.orm import Session

    with Session(host.engine) as session:
        host.order(session.connection())
        host.acme.bind(session.connection()).apply(toys(host.acme).deposit("cash", FIVE), key="k")
        session.rollback()
        assert host.acme.head == 0
        host.acme.bind(session.connection()).apply(toys(host.acme).deposit("cash", FIVE), key="k")
        session.commit()
    assert (host.orders(), host.acme.head) == ([], 1)


# -- drivers' own connections -----------------------------------------------------------------------------------------


def psycopg_connection(engine: sa.Engine) -> Any:
    import psycopg

    return psycopg.connect(engine.url.render_as_string(hide_password=False).replace("+psycopg", ""))


def driver(host: Host) -> Any:
    if host.engine.dialect.name == "sqlite":
        return sqlite3.connect(cast("str", host.engine.url.database))
    return psycopg_connection(host.engine)


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_drivers_own_connection_is_joined(host: Host, ending: str) -> None:
    with closing(driver(host)) as connection:
        connection.cursor().execute("insert into host_orders values('o1')")
        bound = host.acme.bind(connection)
        bound.apply(toys(host.acme).deposit("cash", FIVE), key="k")
        with pytest.raises(FloorBroken):
            bound.apply(toys(host.acme).transfer(FIVE + FIVE, source="cash", target="a"), key="x")
        getattr(connection, ending)()
    assert (len(host.orders()), host.acme.head) == ((1, 1) if ending == "commit" else (0, 0))


def test_a_drivers_connection_that_begins_lazily_loses_and_commits_nothing_by_itself(host: Host) -> None:
    with closing(driver(host)) as connection:
        host.acme.bind(connection).apply(toys(host.acme).deposit("cash", FIVE), key="k")
        connection.rollback()
        assert host.acme.head == 0
        host.acme.bind(connection).apply(toys(host.acme).deposit("cash", FIVE), key="k")
        connection.commit()
    assert host.acme.head == 1


def test_a_drivers_connection_in_autocommit_is_refused_unless_it_has_begun(host: Host) -> None:
    with closing(driver(host)) as connection:
        if host.engine.dialect.name == "sqlite":
            connection.isolation_level = None
        else:
            connection.autocommit = True
        with pytest.raises(Autocommit):
            host.acme.bind(connection)
        connection.cursor().execute("begin")
        host.acme.bind(connection).apply(toys(host.acme).deposit("cash", FIVE), key="k")
        connection.cursor().execute("commit")
    assert host.acme.head == 1


def test_a_connection_to_another_database_is_refused(host: Host, tmp_path: Path) -> None:
    if host.engine.dialect.name != "sqlite":
        pytest.skip("a file of its own stands for the other database")
    elsewhere = sa.create_engine(f"sqlite:///{tmp_path}/other.db")
    with elsewhere.begin() as connection:
        with pytest.raises(SchemaOutdated):
            host.acme.bind(connection)
        upgrade(connection)
        with pytest.raises(CompanyNotFound):
            host.acme.bind(connection)
    elsewhere.dispose()


# -- others at the same time -----------------------------------------------------------------------------------------


def test_a_host_in_a_fixed_snapshot_is_told_to_run_again(host: Host) -> None:
    """Somebody wrote since the host's snapshot was taken: what the host does next cannot be right, and only he can begin again."""
    if host.engine.dialect.name == "sqlite":
        pytest.skip("a file has one writer: nobody writes while the host's transaction runs")
    with host.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        bound = host.acme.bind(connection)
        assert bound.head == 0
        host.acme.apply(toys(host.acme).deposit("cash", FIVE), key="theirs")
        with pytest.raises(RunAgain) as error:
            bound.apply(toys(host.acme).deposit("cash", FIVE), key="ours")
        assert error.value.retry
        connection.rollback()
        host.acme.bind(connection).apply(toys(host.acme).deposit("cash", FIVE), key="ours")
        connection.commit()
    assert host.acme.head == 2


def test_who_is_first_in_another_transaction_is_seen_and_planned_upon(host: Host) -> None:
    if host.engine.dialect.name == "sqlite":
        pytest.skip("a file has one writer: nobody writes while the host's transaction runs")
    with host.engine.begin() as connection:
        bound = host.acme.bind(connection)
        assert cash(bound) == Money("0.00", CURRENCY)
        host.acme.apply(toys(host.acme).deposit("cash", FIVE), key="theirs")
        bound.apply(toys(host.acme).transfer(FIVE, source="cash", target="a"), key="ours")
    assert (host.acme.head, cash(host.acme)) == (2, Money("0.00", CURRENCY))


def test_an_async_session_binds_in_run_sync(host: Host) -> None:
    if host.engine.dialect.name == "sqlite":
        url = host.engine.url.set(drivername="sqlite+aiosqlite")
    else:
        url = host.engine.url

    async def use(ending: Callable[[AsyncSession], Any], key: str) -> None:
        engine = create_async_engine(url)
        async with AsyncSession(engine) as session:
            await session.execute(sa.text("insert into host_orders values(:name)"), {"name": key})
            await session.run_sync(
                lambda one: host.acme.bind(one.connection()).apply(toys(host.acme).deposit("cash", FIVE), key=key)
            )
            await ending(session)
        await engine.dispose()

    asyncio.run(use(AsyncSession.rollback, "undone"))
    assert (host.orders(), host.acme.head) == ([], 0)
    asyncio.run(use(AsyncSession.commit, "kept"))
    assert (host.orders(), host.acme.head) == (["kept"], 1)


def test_work_under_way_in_one_task_refuses_nothing_in_another(host: Host) -> None:
    """Tasks share a thread; what one does while another waits inside its work is not done inside that work."""
    if host.engine.dialect.name == "sqlite":
        pytest.skip("a file has one writer: nobody writes while the host's transaction runs")
    begun, done = asyncio.Event(), asyncio.Event()

    def work(acme: Company) -> Any:
        begun.set()
        await_only(done.wait())
        with pytest.raises(UseTheFork):
            host.acme.apply(toys(host.acme).deposit("cash", FIVE), key="around the fork")
        return acme.apply(toys(acme).deposit("cash", FIVE))

    async def slow(session: AsyncSession) -> None:
        await session.run_sync(lambda one: host.acme.bind(one.connection()).apply(work, key="work", request="r"))
        await session.commit()

    async def quick(session: AsyncSession) -> None:
        await begun.wait()
        await session.run_sync(
            lambda one: host.acme.bind(one.connection()).apply(toys(host.acme).deposit("cash", FIVE), key="quick")
        )
        await session.commit()
        done.set()

    async def both() -> None:
        engine = create_async_engine(host.engine.url)
        async with AsyncSession(engine) as one, AsyncSession(engine) as other, asyncio.TaskGroup() as group:
            group.create_task(slow(one))
            group.create_task(quick(other))
        await engine.dispose()

    asyncio.run(both())
    assert [one.key for one in host.acme.log()] == ["quick", "work#1", "work"]


def test_a_task_cancelled_while_it_waits_for_its_place_leaves_nothing(host: Host) -> None:
    if host.engine.dialect.name == "sqlite":
        pytest.skip("a file has one writer: its driver waits in a thread, where nothing is cancelled")

    async def use() -> None:
        engine = create_async_engine(host.engine.url)

        async def write(session: AsyncSession, key: str) -> None:
            await session.execute(sa.text("insert into host_orders values(:name)"), {"name": key})
            await session.run_sync(
                lambda one: host.acme.bind(one.connection()).apply(toys(host.acme).deposit("cash", FIVE), key=key)
            )

        async def late() -> None:
            async with AsyncSession(engine) as session, session.begin():
                await write(session, "late")

        async with AsyncSession(engine) as first:
            await write(first, "first")
            waiting = asyncio.create_task(late())
            await asyncio.sleep(0.3)
            assert not waiting.done()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await first.commit()
        async with AsyncSession(engine) as after:
            await write(after, "after")
            await after.commit()
        await engine.dispose()

    asyncio.run(use())
    assert (host.orders(), [one.key for one in host.acme.log()]) == (["after", "first"], ["first", "after"])
    sound(host.acme)


def test_what_is_bound_ends_with_the_hosts_transaction(host: Host) -> None:
    with host.engine.connect() as connection:
        bound = host.acme.bind(connection)
        bound.apply(toys(bound).deposit("cash", FIVE), key="o1")
        connection.commit()
        with pytest.raises(TransactionEnded) as ended:
            bound.apply(toys(bound).deposit("cash", FIVE), key="o2")
        assert ended.value.allowed
        with pytest.raises(TransactionEnded):
            cash(bound)
        host.order(connection)
        with pytest.raises(TransactionEnded):
            bound.apply(toys(bound).deposit("cash", FIVE), key="o2")
        connection.commit()
    assert host.acme.head == 1
    assert host.orders() == ["o1"]


def test_after_a_rollback_nothing_is_remembered_of_what_was_undone(host: Host) -> None:
    with host.engine.connect() as connection:
        bound = host.acme.bind(connection)
        inner = connection.begin_nested()
        bound.apply(toys(bound).note("undone", id="n"), key="o1")
        assert bound.view().get(Note, "n").text == "undone"
        inner.rollback()
        bound.apply(toys(bound).note("kept", id="n"), key="o2")
        assert bound.view().get(Note, "n").text == "kept"
        connection.commit()
    assert host.acme.view().get(Note, "n").text == "kept"


def test_a_drivers_connection_is_not_committed_by_a_change_after_the_hosts_end(host: Host) -> None:
    if host.engine.dialect.name != "sqlite":
        pytest.skip("another driver's way to begin")
    with closing(sqlite3.connect(str(host.engine.url.database))) as connection:
        bound = host.acme.bind(connection)
        bound.apply(toys(bound).deposit("cash", FIVE), key="o1")
        connection.commit()
        with pytest.raises(TransactionEnded):
            bound.apply(toys(bound).deposit("cash", FIVE), key="o2")
        connection.rollback()
    assert host.acme.head == 1


def test_a_host_that_has_read_what_another_changed_is_told_to_run_again(host: Host) -> None:
    if host.engine.dialect.name != "sqlite":
        pytest.skip("a server's transaction waits")
    with closing(sqlite3.connect(str(host.engine.url.database), isolation_level=None)) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("begin")
        connection.execute("select * from bizcore_log").fetchall()
        host.acme.apply(toys(host.acme).deposit("cash", FIVE), key="o1")
        bound = host.acme.bind(connection)
        with pytest.raises(RunAgain):
            bound.apply(toys(bound).deposit("cash", FIVE), key="o2")
        connection.execute("rollback")
    assert host.acme.head == 1
