"""What a host sets up for itself on its engine, its connections and its server neither breaks our rows nor is broken by us."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.adapt import Loader
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader
from sqlalchemy.ext.asyncio import create_async_engine

from bizcore.company import Company
from bizcore.company.refusals import NobodyActs
from bizcore.kernel.money import Money
from bizcore.store.bound import Autocommit, CannotBind
from bizcore.store.opener import open_store
from bizcore.store.overlay import Overlay
from bizcore.store.port import RunAgain, StoreBusy, StoreUnavailable
from bizcore.store.sql import SqlSession, SqlStore, UnknownDialect, upgrade
from bizcore.testing.postgres import new_database
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk

FIVE = Money("5.00", CURRENCY)


def company(store: Any, name: str = "acme", actor: str | None = "ann") -> Company:
    return Company.create(
        name, currency=CURRENCY, store=store, desks=[ToyDesk], kinds=[Note, Person, Rule], actor=actor
    )


def paid(of: Company, key: str) -> int:
    toy = cast("ToyDesk", of.desk("toy"))
    return of.apply(toy.deposit("cash", FIVE), key=key).position


@pytest.fixture
def url(postgres_url: str) -> str:
    made = new_database(postgres_url)
    engine = sa.create_engine(made)
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()
    return made


@pytest.fixture
def engine_of() -> Iterator[Callable[..., sa.Engine]]:
    """Makes engines that are disposed of at the end."""
    made: list[sa.Engine] = []

    def make(url: str, **options: Any) -> sa.Engine:
        made.append(sa.create_engine(url, **options))
        return made[-1]

    yield make
    for one in made:
        one.dispose()


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


# -- what a driver is told ------------------------------------------------------------------------------------------


class _Shouting(TextLoader):
    def load(self, data: Any) -> Any:
        return str(super().load(data)).upper()


class _Decimals(Loader):
    def load(self, data: Any) -> Any:
        return Decimal(bytes(data).decode())


def _rows_as_dicts(raw: Any) -> None:
    raw.row_factory = dict_row


def _client_cursors(raw: Any) -> None:
    raw.cursor_factory = psycopg.ClientCursor


def _raw_cursors(raw: Any) -> None:
    raw.cursor_factory = psycopg.RawCursor


def _text_otherwise(raw: Any) -> None:
    raw.adapters.register_loader("text", _Shouting)


def _integers_otherwise(raw: Any) -> None:
    raw.adapters.register_loader("int8", _Decimals)


def _nothing_prepared(raw: Any) -> None:
    raw.prepare_threshold = None


def _a_transaction_left_open(raw: Any) -> None:
    raw.execute("set application_name = 'host'")


TOLD: list[Callable[[Any], None]] = [
    _rows_as_dicts,
    _client_cursors,
    _raw_cursors,
    _text_otherwise,
    _integers_otherwise,
    _nothing_prepared,
    _a_transaction_left_open,
]


@pytest.mark.parametrize("tell", TOLD)
def test_what_the_host_tells_psycopg_is_the_hosts_own(
    url: str, tell: Callable[[Any], None], engine_of: Callable[..., sa.Engine]
) -> None:
    engine = engine_of(url)
    with engine.connect():
        pass  # SQLAlchemy reads rows of its own when it first connects
    sa.event.listen(engine, "connect", lambda raw, _: tell(raw))
    engine.pool.dispose()
    engine.pool = engine.pool.recreate()
    acme = company(SqlStore(engine))
    assert [paid(acme, f"k{one}") for one in range(8)] == list(range(1, 9))  # psycopg prepares what it saw five times
    sound(acme)


@pytest.mark.parametrize("tell", TOLD)
def test_what_the_host_tells_his_connection_does_not_touch_what_is_bound(
    url: str, tell: Callable[[Any], None], engine_of: Callable[..., sa.Engine]
) -> None:
    engine = engine_of(url)
    acme = company(SqlStore(engine))
    with psycopg.connect(plain(url)) as connection:
        tell(connection)
        assert paid(acme.bind(connection), "k") == 1
        factory = connection.row_factory
    assert acme.committed("k").position == 1
    assert factory is (dict_row if tell is _rows_as_dicts else psycopg.rows.tuple_row)


def _as_dicts(raw: sqlite3.Connection) -> None:
    raw.row_factory = lambda cursor, row: dict(zip([one[0] for one in cursor.description], row, strict=True))


def _as_rows(raw: sqlite3.Connection) -> None:
    raw.row_factory = sqlite3.Row


@pytest.mark.parametrize("tell", [_as_dicts, _as_rows])
def test_what_the_host_tells_sqlite_about_rows_is_the_hosts_own(
    tmp_path: Path, tell: Callable[[sqlite3.Connection], None], engine_of: Callable[..., sa.Engine]
) -> None:
    engine = engine_of(f"sqlite:///{tmp_path}/books.db")
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()
    sa.event.listen(engine, "connect", lambda raw, _: tell(raw))
    acme = company(SqlStore(engine))
    assert paid(acme, "k") == 1
    sound(acme)
    with closing(sqlite3.connect(f"{tmp_path}/books.db")) as raw:
        tell(raw)
        assert paid(acme.bind(raw), "l") == 2
        raw.commit()
    assert acme.head == 2


def test_text_that_comes_as_bytes_is_refused(tmp_path: Path) -> None:
    acme = company(open_store(f"sqlite:///{tmp_path}/books.db"))
    with closing(sqlite3.connect(f"{tmp_path}/books.db")) as raw:
        raw.text_factory = bytes
        with pytest.raises(CannotBind) as refused:
            acme.bind(raw)
    assert "text_factory" in str(refused.value)


# -- what a server is told ------------------------------------------------------------------------------------------


def test_a_client_that_is_not_utf8_is_refused_and_never_answers_that_nothing_is_there(
    url: str, engine_of: Callable[..., sa.Engine]
) -> None:
    acme = company(SqlStore(engine_of(url)))
    acme.apply(cast("ToyDesk", acme.desk("toy")).note("一", id="笔记"), key="n")
    latin = engine_of(url, connect_args={"client_encoding": "LATIN1"})
    with pytest.raises(StoreUnavailable) as refused:
        company(SqlStore(latin))
    assert "LATIN1" in str(refused.value)
    with latin.connect() as connection, pytest.raises(CannotBind):
        acme.bind(connection)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_is_not_utf8_is_refused(
    postgres_url: str, encoding: str, engine_of: Callable[..., sa.Engine]
) -> None:
    name = f"other_{encoding.lower()}_{os.getpid()}"
    with psycopg.connect(plain(postgres_url), autocommit=True) as connection:
        connection.execute(f"create database {name} template template0 encoding '{encoding}' locale 'C'".encode())
    at = sa.make_url(postgres_url).set(database=name)
    engine = engine_of(at.update_query_dict({"client_encoding": "UTF8"}))
    with engine.begin() as connection:
        upgrade(connection)
    with pytest.raises(StoreUnavailable) as refused:
        company(SqlStore(engine))
    assert encoding in str(refused.value)


def test_a_role_that_may_make_nothing_opens_by_url_what_is_made(url: str, engine_of: Callable[..., sa.Engine]) -> None:
    company(SqlStore(engine_of(url)))
    role = f"clerk_{os.getpid()}"
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute(f"create role {role} login".encode())
        connection.execute(f"grant usage on schema bizcore to {role}".encode())
        connection.execute(f"grant select, insert, update, delete on all tables in schema bizcore to {role}".encode())
    theirs = sa.make_url(plain(url)).set(username=role).render_as_string(hide_password=False)
    with Company.open("acme", store=theirs, desks=[ToyDesk], actor="x") as acme:
        assert paid(acme, "k") == 1
    reading = sa.make_url(plain(url)).update_query_dict({"options": "-c default_transaction_read_only=on"})
    with Company.open("acme", store=reading.render_as_string(hide_password=False), desks=[ToyDesk], actor="x") as acme:
        assert acme.head == 1
        with pytest.raises(StoreUnavailable):
            paid(acme, "l")


def test_who_acts_is_asked_though_the_server_syncs_nothing(url: str, engine_of: Callable[..., sa.Engine]) -> None:
    acme = company(SqlStore(engine_of(url)), actor=None)
    with pytest.raises(NobodyActs):
        paid(acme, "k")


def test_what_no_row_can_hold_is_not_there(url: str, engine_of: Callable[..., sa.Engine]) -> None:
    acme = company(SqlStore(engine_of(url)))
    acme.apply(cast("ToyDesk", acme.desk("toy")).note("one", id="n"), key="n")
    assert acme.view().seek(Note, "a\0b") is None
    assert acme.view().seek(Note, "\ud800") is None
    assert list(acme.view().find(Note, "note.text", "a\0b")) == []


@pytest.mark.parametrize("where", ["memory", "sqlite", "postgresql"])
def test_as_known_at_a_position_beyond_all_is_as_known_now(
    where: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    stores: dict[str, Callable[[], Any]] = {
        "memory": lambda: "memory:",
        "sqlite": lambda: f"sqlite:///{tmp_path}/books.db",
        "postgresql": lambda: SqlStore(request.getfixturevalue("engine_of")(request.getfixturevalue("url"))),
    }
    acme = company(stores[where]())
    paid(acme, "k")
    assert [acme.as_known(one).head for one in (2**70, 1, 0, -1, -(2**70))] == [1, 1, 0, 0, 0]


def test_who_came_second_leaves_a_connection_that_can_write(
    url: str, engine_of: Callable[..., sa.Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands behind the statement that fails is prepared by the driver's word and not by the server."""
    acme = company(SqlStore(engine_of(url, pool_size=1, max_overflow=0)))
    other = company(SqlStore(engine_of(url)))
    sent = SqlSession.put
    late: list[str] = []

    def put(session: SqlSession, number: int, overlay: Overlay) -> None:
        if late:
            paid(other, late.pop())
        sent(session, number, overlay)

    monkeypatch.setattr(SqlSession, "put", put)
    for one in range(14):
        late.append(f"other {one}")
        paid(acme, f"k{one}")
    assert acme.head == 28
    sound(acme)


def test_a_refusal_leaves_the_hosts_connection_able_to_write(url: str, engine_of: Callable[..., sa.Engine]) -> None:
    acme = company(SqlStore(engine_of(url)))
    with psycopg.connect(plain(url)) as snapshot:
        snapshot.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        for one in range(14):
            snapshot.execute("select 1 from bizcore.meta")
            paid(acme, f"other {one}")
            with pytest.raises(RunAgain):
                paid(acme.bind(snapshot), f"k{one}")
            snapshot.commit()
            assert paid(acme.bind(snapshot), f"l{one}") == 2 * one + 2
            snapshot.commit()
    sound(acme)


# -- engines --------------------------------------------------------------------------------------------------------


def test_an_async_engine_is_refused_at_once(url: str) -> None:
    for one in (url, "sqlite+aiosqlite://"):
        engine = create_async_engine(one)
        for given in (engine, engine.sync_engine):
            with pytest.raises(UnknownDialect):
                SqlStore(cast("Any", given))


def test_engines_whose_url_says_nothing_lead_to_different_databases(engine_of: Callable[..., sa.Engine]) -> None:
    one, two = (engine_of("sqlite://", poolclass=sa.StaticPool) for _ in range(2))
    assert SqlStore(one) != SqlStore(two)
    assert SqlStore(one) == SqlStore(one)
    three, four = (engine_of("postgresql+psycopg://", creator=lambda: None) for _ in range(2))
    assert SqlStore(three) != SqlStore(four)


def test_a_server_that_went_away_is_unavailable_also_for_a_question(engine_of: Callable[..., sa.Engine]) -> None:
    from bizcore.testing.postgres import Server, only_on_our_own

    only_on_our_own()
    server = Server()
    server.start()
    try:
        engine = engine_of(server.url)
        with engine.begin() as connection:
            upgrade(connection)
        acme = company(SqlStore(engine))
        paid(acme, "k")
        server.kill()
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                _ = acme.head
        server.start()
        assert acme.head == 1
        engine.dispose()
    finally:
        server.stop()


@pytest.fixture
def one_connection() -> Iterator[sa.Engine]:
    """An engine as tests of applications have it: in memory, one connection for everybody."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool, connect_args={"check_same_thread": False})
    with engine.begin() as connection:
        upgrade(connection)
        connection.execute(sa.text("create table host_orders(name text)"))
    yield engine
    engine.dispose()


def test_a_shared_connection_in_the_hosts_transaction_is_neither_committed_nor_rolled_back(
    one_connection: sa.Engine,
) -> None:
    acme = company(SqlStore(one_connection))
    paid(acme, "k")
    with one_connection.connect() as connection:
        connection.execute(sa.text("insert into host_orders values('a')"))
        with pytest.raises(StoreUnavailable):
            _ = acme.head
        with pytest.raises(StoreUnavailable):
            paid(acme, "l")
        assert paid(acme.bind(connection), "m") == 2
        assert connection.execute(sa.text("select count(*) from host_orders")).scalar() == 1
        connection.rollback()
        assert connection.execute(sa.text("select count(*) from host_orders")).scalar() == 0
    assert acme.head == 1


def test_threads_take_turns_on_a_shared_connection(one_connection: sa.Engine) -> None:
    acme = company(SqlStore(one_connection))

    def work(name: str) -> None:
        for one in range(10):
            paid(acme, f"{name}{one}")

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(work, "abc"))
    assert acme.head == 30
    sound(acme)


def test_a_childs_first_thread_leaves_the_connections_of_its_parent_alone(
    url: str, engine_of: Callable[..., sa.Engine]
) -> None:
    engine = engine_of(url, pool_size=1, max_overflow=0)
    acme = company(SqlStore(engine))
    worker = threading.Thread(target=paid, args=(acme, "k"))
    worker.start()
    worker.join()
    main = threading.Thread(target=_forked, args=(acme,))
    main.start()
    main.join()
    assert paid(acme, "m") == 3
    sound(acme)


def _forked(acme: Company) -> None:
    """A thread that never asked the store, in a process that did."""
    child = os.fork()
    if not child:
        ended = 1
        try:
            paid(acme, "l")
            ended = 0
        finally:
            os._exit(ended)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_what_is_erased_is_in_no_byte_of_the_hosts_sqlite_file(
    tmp_path: Path, mode: str, engine_of: Callable[..., sa.Engine]
) -> None:
    name = "Zaphod Beeblebrox"
    engine = engine_of(f"sqlite:///{tmp_path}/books.db")
    with engine.begin() as connection:
        upgrade(connection)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"pragma journal_mode={mode}")
    acme = company(SqlStore(engine))
    acme.apply(cast("ToyDesk", acme.desk("toy")).meet("p", name), key="m")
    assert any(name.encode() in one.read_bytes() for one in tmp_path.iterdir())
    acme.apply(acme.erase(Person(id="p", name=name)), key="e")
    assert not any(name.encode() in one.read_bytes() for one in tmp_path.iterdir())
    sound(acme)


# -- what is bound --------------------------------------------------------------------------------------------------


def test_a_connection_that_is_closed_or_async_cannot_be_bound(url: str, engine_of: Callable[..., sa.Engine]) -> None:
    engine = engine_of(url)
    acme = company(SqlStore(engine))
    raw = psycopg.connect(plain(url))
    raw.close()
    connection = engine.connect()
    connection.close()
    lite = sqlite3.connect(":memory:")
    lite.close()
    for one in (raw, connection, lite, create_async_engine(url).connect()):
        with pytest.raises(CannotBind):
            acme.bind(one)


def test_a_company_of_the_same_name_elsewhere_is_not_this_one(
    url: str, postgres_url: str, engine_of: Callable[..., sa.Engine]
) -> None:
    acme = company(SqlStore(engine_of(url)))
    other = engine_of(new_database(postgres_url))
    with other.begin() as connection:
        upgrade(connection)
    Company.create("acme", currency="USD", store=SqlStore(other), actor="ann")
    with other.connect() as connection, pytest.raises(CannotBind):
        acme.bind(connection)


def test_a_lock_not_had_in_time_leaves_the_hosts_transaction_usable(
    url: str, engine_of: Callable[..., sa.Engine]
) -> None:
    acme = company(SqlStore(engine_of(url)))
    with psycopg.connect(plain(url)) as first, psycopg.connect(plain(url)) as second:
        first.execute("select 1 from bizcore.companies for update")
        second.execute("create table host_orders(name text)")
        second.execute("set local lock_timeout = '50ms'")
        bound = acme.bind(second)
        with pytest.raises(StoreBusy):
            paid(bound, "k")
        second.execute("insert into host_orders values('a')")
        first.rollback()
        assert paid(bound, "k") == 1


def test_sqlalchemys_begin_may_be_the_hosts_to_send(tmp_path: Path, engine_of: Callable[..., sa.Engine]) -> None:
    engine = engine_of(f"sqlite:///{tmp_path}/books.db")

    def own_word(raw: Any, _: object) -> None:
        raw.isolation_level = None

    sa.event.listen(engine, "connect", own_word)
    autocommit = engine.connect()
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("begin"))
    with engine.begin() as connection:
        upgrade(connection)
    acme = company(SqlStore(engine))
    with engine.connect() as connection:
        assert paid(acme.bind(connection), "k") == 1
        connection.commit()
    assert acme.head == 1
    autocommit.close()


def test_sqlalchemy_in_autocommit_is_as_it_was_after_the_refusal(url: str, engine_of: Callable[..., sa.Engine]) -> None:
    engine = engine_of(url)
    acme = company(SqlStore(engine))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        with pytest.raises(Autocommit):
            acme.bind(connection)
        assert not connection.in_transaction()
