"""The application of docs/how-to/fastapi.md, from the page alone: its files, its migrations, its requests, on two databases."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from fastapi.testclient import TestClient

from bizcore.testing.postgres import new_database
from bizcore.testing.sound import sound

PAGE = "docs/how-to/fastapi.md"
ORDER = {
    "customer": "beta",
    "on": "2026-03-05",
    "lines": [{"text": "Chair", "quantity": "2", "price": "40.00", "tax": "S20"}],
}


class Shop:
    """The application, running."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.database: Any = importlib.import_module("shop.database")

    def send(self, key: str, order: Any = ORDER, path: str = "/orders") -> Any:
        return self.client.post(path, json=order, headers={"Idempotency-Key": key})

    def orders(self) -> list[tuple[str, str]]:
        with self.database.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text("select key, invoice from orders order by key"))]


@pytest.fixture(params=["postgresql", "sqlite"])
def folder(
    request: pytest.FixtureRequest, pages: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    pages.write_files(PAGE, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    if request.param == "postgresql":
        monkeypatch.setenv("SHOP_DATABASE", new_database(request.getfixturevalue("postgres_url")))
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]


@pytest.fixture
def shop(folder: Path) -> Iterator[Shop]:
    command.upgrade(Config("alembic.ini"), "head")
    app = importlib.import_module("shop.main").app
    other = importlib.import_module("shop.async_orders")
    app.include_router(other.router)
    with TestClient(app) as client:
        made = Shop(client)
        yield made
        sound(made.database.acme())
        assert client.portal is not None
        client.portal.call(other.engine.dispose)


def test_the_examples_are_the_files_of_the_page(pages: Any) -> None:
    assert pages.example_of("fastapi_app") == pages.files_of(PAGE)


def test_without_tables_the_application_does_not_start(folder: Path) -> None:
    from bizcore.store.port import SchemaOutdated

    with pytest.raises(SchemaOutdated), TestClient(importlib.import_module("shop.main").app):
        pass
    importlib.import_module("shop.database").engine.dispose()


def test_a_migration_tool_finds_nothing_to_do(shop: Shop) -> None:
    command.check(Config("alembic.ini"))


@pytest.mark.parametrize("path", ["/orders", "/async/orders"])
def test_the_same_key_gets_the_first_answer_and_another_order_is_refused(shop: Shop, path: str) -> None:
    first, again = shop.send("k", path=path), shop.send("k", path=path)
    assert (first.status_code, first.json()["replayed"]) == (201, False)
    assert again.json() == {**first.json(), "replayed": True}
    other = shop.send("k", {**ORDER, "customer": "gamma"}, path=path)
    assert (other.status_code, other.json()["code"], other.json()["facts"]["fields"]) == (
        409, "key_reused", ["invoice"],
    )  # fmt: skip
    assert shop.orders() == [("k", first.json()["invoice"])]
    assert shop.client.get("/invoices/k").json()["number"] == first.json()["invoice"]
    assert shop.client.get("/balance-sheet", params={"at": "2026-03-31"}).json()[0]["amount"]["amount"] == "96.00"
    assert shop.client.get("/open").json()[0]["party"] == "beta"


@pytest.mark.parametrize("path", ["/orders", "/async/orders"])
def test_a_refusal_takes_the_orders_row_back(shop: Shop, path: str) -> None:
    for wrong, status, code in (
        ({**ORDER, "lines": []}, 422, "no_lines"),
        ({**ORDER, "customer": ""}, 422, "invalid_id"),
    ):
        answer = shop.send("k", wrong, path=path)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    shop.client.post("/orders", json=ORDER)
    acme = shop.database.acme()
    acme.apply(acme.finance.close_month("2026-03"), key="close")
    locked = shop.send("k", path=path)
    assert (locked.status_code, locked.json()["code"], locked.json()["family"]) == (409, "locked", "refused")
    assert shop.orders() == []


def test_what_is_no_order_is_told_by_its_path(shop: Shop) -> None:
    wrong = {**ORDER, "lines": [{"text": "Chair", "price": 0.1}]}
    assert shop.send("k", wrong).json()["detail"][0]["loc"][:4] == ["body", "lines", 0, "price"]
    assert shop.client.get("/invoices/none").status_code == 404


@pytest.mark.parametrize("path", ["/orders", "/async/orders"])
def test_one_order_from_many_clients_at_once_is_one(shop: Shop, path: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: shop.send("k", path=path), range(4)))
    assert [one.status_code for one in answers] == [201] * 4
    assert sorted(one.json()["replayed"] for one in answers) == [False, True, True, True]
    assert shop.orders() == [("k", "INV-2026-000001")]
    assert shop.database.acme().head == 1


@pytest.mark.parametrize("kept", [False, True])
def test_a_commit_that_fails_is_run_again_whether_or_not_it_was_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    dialect = shop.database.engine.dialect
    commit: Callable[[Any], None] = dialect.do_commit
    failed: list[int] = []

    def fail_once(connection: Any) -> None:
        if failed:
            commit(connection)
            return
        failed.append(1)
        if kept:
            commit(connection)
        raise dialect.dbapi.OperationalError("the connection was lost")

    monkeypatch.setattr(dialect, "do_commit", fail_once)
    answer = shop.send("k")
    assert (answer.status_code, answer.json()["replayed"], failed) == (201, kept, [1])
    assert shop.orders() == [("k", "INV-2026-000001")]
    assert shop.database.acme().head == 1


@pytest.mark.parametrize("path", ["/orders", "/async/orders"])
def test_a_server_that_sends_everybody_away_is_come_back_to(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Between requests, and in the middle of a transaction, after the host's own row was written."""
    if shop.database.engine.dialect.name == "sqlite":
        pytest.skip("a file sends nobody away")

    def send_away() -> None:
        other = sa.create_engine(shop.database.URL, poolclass=sa.NullPool)
        with other.connect() as connection:
            connection.execute(
                sa.text(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname=current_database() and pid<>pg_backend_pid()"
                )
            )
        other.dispose()

    acme, away = shop.database.acme, []

    def away_once() -> Any:
        if not away:
            away.append(1)
            send_away()
        return acme()

    assert shop.send("before", path=path).status_code == 201
    send_away()
    assert shop.send("between", path=path).status_code == 201
    send_away()
    assert shop.client.get("/open").status_code == 200
    monkeypatch.setattr(importlib.import_module("shop.orders"), "acme", away_once)
    assert shop.send("within", path=path).json()["replayed"] is False
    shop.database.engine.dispose()  # what this test itself asks through was sent away too
    assert (shop.orders(), away) == (
        [("before", "INV-2026-000001"), ("between", "INV-2026-000002"), ("within", "INV-2026-000003")], [1],
    )  # fmt: skip
