"""A server that goes down is met by a typed refusal that may be tried again, and by nothing else; when it is back, so are we."""

from __future__ import annotations

import gc
from typing import Any, cast

import pytest
import sqlalchemy as sa

from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.store.port import StoreUnavailable
from bizcore.store.sql import SqlStore, upgrade
from bizcore.testing.toys import CURRENCY, ToyDesk


def test_questions_and_changes_are_refused_while_it_is_down_and_answered_after(three_servers: list[Any]) -> None:
    server = three_servers[0]
    engine = sa.create_engine(server.url)
    with engine.begin() as connection:
        upgrade(connection)
    acme = Company.create("acme", currency=CURRENCY, store=SqlStore(engine), desks=[ToyDesk], actor="ann")
    toys = cast("ToyDesk", acme.desk("toy"))
    deposit = toys.deposit("cash", Money("5.00", CURRENCY))
    acme.apply(deposit, key="before")
    server.kill()
    for attempt in (lambda: acme.head, lambda: acme.apply(deposit, key="during"), lambda: list(acme.log())):
        with pytest.raises(StoreUnavailable) as refused:
            attempt()
        assert refused.value.retry
    server.start()
    assert acme.apply(deposit, key="during").position == 2
    engine.dispose()
    gc.collect()  # a connection left open would be a warning, which is an error here
