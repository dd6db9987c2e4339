"""What the sql store owes a host's pool and a driver: connections that stay good, given back as they were."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest
import sqlalchemy as sa

from bizcore.company import Company
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
