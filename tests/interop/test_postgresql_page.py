"""The statements of docs/how-to/postgresql.md, run: the rights are enough for business and for nothing that changes the past."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.store.sql import SqlStore, upgrade
from bizcore.testing.postgres import new_database
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk

PAGE = "docs/how-to/postgresql.md"
ROLES = ("books_owner", "books_app")


def statements(text: str) -> list[str]:
    """Without comments, one by one."""
    return [one.strip() for one in re.sub(r"--.*", "", text).split(";") if one.strip()]


@pytest.fixture
def server(pages: Any, postgres_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(new_database(postgres_url))
    with engine.begin() as connection:
        for one in statements(pages.files_of(PAGE)["roles.sql"]):
            connection.execute(sa.text(one.replace("database books ", f'database "{engine.url.database}" ')))
    yield engine
    with engine.begin() as connection:
        for role in ROLES:
            connection.execute(sa.text(f"drop owned by {role} cascade"))
            connection.execute(sa.text(f"drop role {role}"))
    engine.dispose()


def as_role(server: sa.Engine, role: str) -> sa.Engine:
    return sa.create_engine(server.url, connect_args={"options": f"-c role={role}"}, poolclass=sa.NullPool)


def test_the_rights_are_enough_for_business_and_the_past_cannot_be_changed(server: sa.Engine, pages: Any) -> None:
    files = pages.files_of(PAGE)
    with as_role(server, "books_owner").begin() as connection:
        upgrade(connection)
        for one in statements(files["rights.sql"]):
            connection.execute(sa.text(one))
    app = as_role(server, "books_app")
    store = SqlStore(app)
    acme = Company.create(
        "acme", currency=CURRENCY, store=store, desks=[ToyDesk], kinds=[Note, Person, Rule], actor="ann"
    )
    acme.apply(acme.supply.receive("bolt", 5, place="main", on="2026-01-05", cost=Money("5", CURRENCY)), key="r")
    acme.apply(acme.supply.issue("bolt", 5, place="main", on="2026-01-06"), key="i")
    acme.apply(acme.put(Person(id="p", name="Ann")), key="p")
    acme.apply(acme.erase(acme.get(Person, "p")), key="erase")
    with app.begin() as connection:
        upgrade(connection)
        acme.bind(connection).apply(
            acme.supply.receive("bolt", 700, place="main", on="2026-01-07", cost=Money("5", CURRENCY)), key="r2"
        )
    sound(acme)
    for wrong in (
        "update bizcore.log set body=''",
        "delete from bizcore.log",
        "update bizcore.postings set amount=0",
        "delete from bizcore.postings",
        "delete from bizcore.documents",
        "delete from bizcore.totals",
        "update bizcore.companies set settings=''",
        "update bizcore.meta set value='2'",
        "drop table bizcore.log",
        "create table bizcore.more(id int)",
    ):
        with pytest.raises(ProgrammingError, match="InsufficientPrivilege"), app.begin() as connection:
            connection.execute(sa.text(wrong))
    for name in ("waiting.sql", "size.sql"):
        with server.connect() as connection:
            rows = [connection.execute(sa.text(one)).all() for one in statements(files[name])]
            assert name == "waiting.sql" or rows[0][0].changes == acme.head
