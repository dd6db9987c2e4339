"""What the sql store owes a host's pool and a driver: connections that stay good, given back as they were."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

import pytest
import sqlalchemy as sa

from bizcore.change.changes import FloorBroken
from bizcore.change.reading import PostingQuery
from bizcore.change.view import DocumentNotFound
from bizcore.company import Company
from bizcore.company.refusals import UnknownKey
from bizcore.kernel.money import Money
from bizcore.store.port import StoreUnavailable
from bizcore.store.sql import SqlStore, upgrade
from bizcore.testing.postgres import new_database
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk

CENT = Money("0.01", CURRENCY)


def company(store: Any) -> Company:
    return Company.create(
        "acme", currency=CURRENCY, store=store, desks=[ToyDesk], kinds=[Note, Person, Rule], actor="ann"
    )


def toys(of: Company) -> ToyDesk:
    return cast("ToyDesk", of.desk("toy"))


@pytest.fixture
def url(postgres_url: str) -> str:
    made = new_database(postgres_url)
    engine = sa.create_engine(made)
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()
    return made


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(url, pool_size=1, max_overflow=0, pool_timeout=5)
    yield made
    made.dispose()


def test_a_connection_on_which_changes_came_second_still_writes(
    engine: sa.Engine, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Statements of a message that failed are prepared anew; nothing of it is written into the host's log."""
    elsewhere = sa.create_engine(url)
    acme, other = company(SqlStore(engine)), company(SqlStore(elsewhere))

    def planned_while_somebody_writes(turn: int) -> None:
        firsts = iter([True])

        def steps(inside: Company) -> Any:
            if next(firsts, False):
                first = threading.Thread(
                    target=other.apply, args=(toys(other).deposit("cash", CENT),), kwargs={"key": f"theirs {turn}"}
                )
                first.start()
                first.join()
            return inside.apply(toys(inside).deposit("cash", CENT))

        acme.apply(steps, key=f"ours {turn}", request=turn)

    with caplog.at_level(logging.INFO):
        for turn in range(12):
            planned_while_somebody_writes(turn)
            acme.apply(toys(acme).deposit("cash", CENT), key=f"alone {turn}")
    assert caplog.records == []
    assert acme.view().balance("journal", "cash", CURRENCY).value == CENT * 36
    sound(acme)
    elsewhere.dispose()


def cut(engine: sa.Engine, url: str) -> None:
    """End every connection of an engine on the server's side."""
    elsewhere = sa.create_engine(url)
    with elsewhere.begin() as connection:
        connection.execute(
            sa.text(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname=current_database() and pid<>pg_backend_pid()"
            )
        )
    elsewhere.dispose()


def test_a_question_whose_connection_was_lost_is_asked_once_more(engine: sa.Engine, url: str) -> None:
    acme = company(SqlStore(engine))
    cut(engine, url)
    assert acme.head == 0
    cut(engine, url)
    acme.apply(toys(acme).deposit("cash", CENT), key="k")
    assert acme.head == 1


def test_when_no_connection_is_to_be_had_the_store_is_unavailable_until_there_is_one(
    engine: sa.Engine, url: str
) -> None:
    acme = company(SqlStore(engine))
    gone = [True]

    @sa.event.listens_for(engine, "do_connect")
    def refuse(*_: Any) -> None:
        if gone:
            raise sa.exc.OperationalError("connect", None, Exception("nobody there"))

    cut(engine, url)
    for ask in (lambda: acme.head, acme.state_hash, lambda: acme.apply(toys(acme).deposit("cash", CENT), key="k")):
        with pytest.raises(StoreUnavailable):
            ask()
    gone.clear()
    acme.apply(toys(acme).deposit("cash", CENT), key="k")
    assert acme.head == 1
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a_connection_lost_while_writing_is_thrown_away_without_a_word(
    engine: sa.Engine, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    acme = company(SqlStore(engine))
    cuts = iter([True])

    def steps(inside: Company) -> Any:
        if next(cuts, False):
            with acme._kept().first():  # the place is taken by a statement, and lost with its connection
                acme._kept().body("toy_note", "n", 1)
                cut(engine, url)
                acme._kept().body("toy_note", "n", 1)
        return inside.apply(toys(inside).deposit("cash", CENT))

    with caplog.at_level(logging.INFO):
        acme.apply(steps, key="k", request="r")
    assert caplog.records == []
    assert (acme.head, engine.pool.checkedout()) == (2, 0)  # type: ignore[attr-defined]


# -- the host's pool -------------------------------------------------------------------------------------------------


def test_one_connection_is_enough_for_everything(engine: sa.Engine) -> None:
    """Reads inside of planning, a feed that is being read, work, a fork: no second connection is waited for."""
    acme = company(SqlStore(engine))

    def steps(inside: Company) -> Any:
        inside.apply(toys(inside).note("x", id="n"))
        inside.view().get(Note, "n")
        acme.state_hash()
        return inside.apply(toys(inside).half(source="cash", target="bank"))

    acme.apply(toys(acme).deposit("cash", CENT * 9), key="d")
    acme.apply(steps, key="work", request="r")
    for change in acme.log():
        acme.view().balance("journal", "cash", CURRENCY)
        acme.apply(toys(acme).deposit("cash", CENT), key=f"again {change.position}")
    with acme._kept().first():
        acme.apply(toys(acme).deposit("cash", CENT), key="inside")
        assert acme.verify().ok
    acme.as_known(2).state_hash()
    sound(acme)
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_when_the_pool_gives_no_connection_the_store_is_unavailable(url: str) -> None:
    engine = sa.create_engine(url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    acme = company(SqlStore(engine))
    with engine.connect():
        for ask in (lambda: acme.head, lambda: acme.apply(toys(acme).deposit("cash", CENT), key="k")):
            with pytest.raises(StoreUnavailable):
                ask()
    acme.apply(toys(acme).deposit("cash", CENT), key="k")
    assert acme.head == 1
    engine.dispose()


@pytest.mark.parametrize(
    "options",
    [
        {"poolclass": sa.NullPool},
        {"poolclass": sa.StaticPool},
        {"isolation_level": "AUTOCOMMIT"},
        {"isolation_level": "SERIALIZABLE"},
        {"isolation_level": "REPEATABLE READ"},
        {"pool_pre_ping": True},
        {"pool_reset_on_return": None},
    ],
    ids=str,
)
def test_whatever_pool_and_isolation_the_host_has_a_connection_comes_back_as_it_was(
    url: str, options: dict[str, Any]
) -> None:
    engine = sa.create_engine(url, **options)
    before = state_of(engine)
    acme = company(SqlStore(engine))
    acme.apply(toys(acme).deposit("cash", CENT), key="d")
    assert state_of(engine) == before
    with pytest.raises(FloorBroken):
        acme.apply(toys(acme).transfer(CENT * 2, source="cash", target="bank"), key="t")
    assert state_of(engine) == before
    acme.apply_each([(toys(acme).deposit("cash", CENT), f"d{at}") for at in range(300)])
    assert state_of(engine) == before
    with suppress(InterruptedError), acme._kept().first():
        acme.apply(toys(acme).deposit("cash", CENT), key="undone")
        raise InterruptedError
    assert state_of(engine) == before
    assert acme.head == 301
    sound(acme)
    engine.dispose()


def state_of(engine: sa.Engine) -> tuple[Any, ...]:
    """What a host sees of a connection that it borrows: driver, settings, transaction, how it reads and writes integers."""
    fairy = engine.raw_connection()
    raw: Any = fairy.driver_connection
    status = raw.info.transaction_status
    cursor = raw.cursor()
    said = cursor.execute(
        "select current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('search_path'),"
        " current_setting('transaction_isolation'), current_setting('default_transaction_isolation'), pg_typeof(%s)::text",
        (1,),
    ).fetchone()
    raw.rollback()
    fairy.close()
    return raw.autocommit, status, said, raw.row_factory


def test_a_statement_that_the_host_has_cancelled_is_a_typed_refusal_and_leaves_nothing(url: str) -> None:
    engine = sa.create_engine(url, connect_args={"options": "-c statement_timeout=2s"}, pool_size=1, max_overflow=0)
    acme = company(SqlStore(engine))
    elsewhere = sa.create_engine(url)
    with elsewhere.begin() as connection:
        connection.execute(sa.text("select id from bizcore.companies for update"))
        with pytest.raises(StoreUnavailable):
            acme.apply(toys(acme).deposit("cash", CENT), key="k")
    assert acme.head == 0
    acme.apply(toys(acme).deposit("cash", CENT), key="k")
    sound(acme)
    elsewhere.dispose()
    engine.dispose()


@pytest.mark.skipif(sys.platform == "win32", reason="fork is POSIX")
def test_a_forked_child_opens_connections_of_its_own(engine: sa.Engine) -> None:
    acme = company(SqlStore(engine))
    acme.apply(toys(acme).deposit("cash", CENT), key="before")
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                for at in range(5):
                    acme.apply(toys(acme).deposit("cash", CENT), key=f"child {number} {at}")
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    for at in range(5):
        acme.apply(toys(acme).deposit("cash", CENT), key=f"parent {at}")
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 3
    assert acme.head == 21
    sound(acme)


# -- what is said ----------------------------------------------------------------------------------------------------

HOSTILE = (
    "x'; drop table bizcore.log; --", 'x"; drop schema bizcore cascade; --', "%s", "%(a)s", "%", "?", ":name", "$1", "{}",
    "\\", "bizcore_log", "x' or '1'='1", "x%' or true --", "Ünïcode '\"", "null", "'", "''",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_data_wherever_they_stand(engine: sa.Engine, name: str) -> None:
    acme = Company.create(name, currency=CURRENCY, store=SqlStore(engine), desks=[ToyDesk], kinds=[Note], actor=name)
    bystander = company(SqlStore(engine))
    desk = toys(acme)
    acme.apply(desk.deposit(name, CENT), key=name, reason=name)
    acme.apply_each([(desk.note(name, id=name), f"{name} a"), (desk.stack(name, 3, CENT), f"{name} b")])
    acme.apply(desk.take(name, 1), key=f"{name} c")
    view = acme.view()
    assert view.balance("journal", name, CURRENCY).value == CENT
    assert [one.id for one in view.find(Note, "text", name)] == [name]
    assert [one.id for one in view.lots("cost", "pool")] == [name]
    found = acme.committed(name)
    assert (found.actor, found.reason, acme.head) == (name, name, 4)
    assert Company.open(name, store=SqlStore(engine), desks=[ToyDesk], kinds=[Note]).head == 4
    assert bystander.head == 0
    sound(acme)


@pytest.mark.parametrize("schema", ['x"; drop table t; --', "x y", "X", "1x", "", "x.y", "x" * 64, "ü"])
def test_a_schema_that_is_no_plain_name_is_refused(engine: sa.Engine, schema: str) -> None:
    with pytest.raises(StoreUnavailable):
        SqlStore(engine, schema=schema)
    with pytest.raises(StoreUnavailable), engine.begin() as connection:
        upgrade(connection, schema=schema)


def test_one_company_sees_nothing_of_another_in_the_same_tables(engine: sa.Engine) -> None:
    store = SqlStore(engine)
    acme, other = (
        company(store),
        Company.create(
            "other", currency=CURRENCY, store=store, desks=[ToyDesk], kinds=[Note, Person, Rule], actor="eve"
        ),
    )
    acme.apply(toys(acme).note("secret", id="n"), key="k")
    acme.apply(toys(acme).deposit("cash", CENT), key="d")
    acme.apply(toys(acme).stack("lot", 3, CENT), key="s")
    view = other.view()
    assert (other.head, list(other.log()), view.seek(Note, "n")) == (0, [], None)
    with pytest.raises(UnknownKey):
        other.committed("k")
    assert list(view.find(Note, "text", "secret")) == []
    assert (view.balance("journal", "cash", CURRENCY).value, view.lots("cost", "pool")) == (CENT * 0, ())
    assert list(view.postings(PostingQuery(book="journal"))) == []
    with pytest.raises(DocumentNotFound) as theirs:
        other.apply(toys(other).edit("n", "y"), key="e")
    with pytest.raises(DocumentNotFound) as nobodys:
        other.apply(toys(other).edit("m", "y"), key="e")
    assert str(theirs.value).replace("'n'", "'m'") == str(nobodys.value)
    other.apply(toys(other).note("x", id="n"), key="k")
    assert (other.view().series("N"), acme.view().series("N")) == (1, 1)
    sound(acme)
    sound(other)


def test_no_refusal_and_no_log_shows_a_statement_or_a_value(
    engine: sa.Engine, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    acme = company(SqlStore(engine))
    canary = "Canary Jones"
    said: list[str] = []
    broken = sa.create_engine(url)
    with caplog.at_level(logging.INFO):
        acme.apply(toys(acme).meet("p", canary), key="p")
        for damage in ("alter table bizcore.documents rename to away", "drop table bizcore.log cascade"):
            with broken.begin() as connection:
                connection.execute(sa.text(damage))
            for act, key in ((toys(acme).meet("q", canary), "q"), (toys(acme).deposit("cash", CENT * 4711), "d")):
                with pytest.raises(StoreUnavailable) as error:
                    acme.apply(act, key=key)
                said.append(f"{error.value} {error.value.to_dict()}")
    said += [one.getMessage() for one in caplog.records]
    for text in said:
        for never in (canary, "select", "insert", "bizcore.", "47.11", "postgres:"):
            assert never not in text.lower()
            assert never not in text
    broken.dispose()
