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
