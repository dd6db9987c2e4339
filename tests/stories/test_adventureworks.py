"""One real quarter: the figures of the example against the same figures computed without the library."""

from __future__ import annotations

import csv
import importlib.util
import os
import sys
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bizcore import Company
from bizcore.testing.postgres import new_database

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("BIZCORE_TEST_DATA", ROOT.parent / "shared" / "data")) / "adventureworks"
EXACT = Context(prec=60)
FREIGHT_EXPENSE = "6100"

pytestmark = pytest.mark.skipif(
    not (DATA / "sales_orders.csv").exists(), reason=f"no AdventureWorks data in {DATA}; set BIZCORE_TEST_DATA"
)


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("adventureworks_run", ROOT / "examples" / "adventureworks" / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def result(example: ModuleType) -> dict[str, Any]:
    found: dict[str, Any] = example.run(DATA, "memory:")
    return found


@pytest.fixture(scope="module")
def books(example: ModuleType) -> Iterator[Any]:
    with Company.create("adventureworks", currency="USD", store="memory:", actor="example") as acme:
        example.record(acme, example.Data(DATA))
        yield acme


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP, context=EXACT)


def plain_figures() -> dict[str, str]:
    """The five figures by dictionaries and `decimal` alone."""
    orders = [one for one in rows("sales_orders") if one["order_date"] <= "2011-06-30"]
    lines: dict[str, list[dict[str, str]]] = {}
    for one in rows("sales_order_lines"):
        lines.setdefault(one["order_id"], []).append(one)
    rates = {(one["date"], one["to"]): Decimal(one["end_of_day_rate"]) for one in rows("currency_rates")}
    currency = {one["rate_id"]: one["to"] for one in rows("currency_rates")}
    costs = {
        one["item_id"]: Decimal(one["standard_cost"])
        for one in rows("cost_history")
        if one["valid_from"] <= "2011-05-31" <= (one["valid_to"] or "9999")
    }
    left: dict[str, list[Decimal]] = {}
    for order in orders:
        for one in lines[order["order_id"]]:
            left.setdefault(one["item_id"], [Decimal(0), Decimal(0)])[0] += Decimal(one["quantity"])
    for item, stock in left.items():
        stock[1] = cents(stock[0] * costs[item])
    shipped = sorted(
        (one for one in orders if one["ship_date"] <= "2011-06-30"),
        key=lambda one: (one["ship_date"], int(one["order_id"])),
    )
    revenue = cost = receivables = result = Decimal(0)
    for order in shipped:
        owed = cents(Decimal(order["tax"])) + cents(Decimal(order["freight"]))
        rate = to_pay_at = Decimal(1)
        if order["currency_rate_id"]:
            rate = rates[order["ship_date"], currency[order["currency_rate_id"]]]
        foreign = cents(Decimal(order["tax"]) * rate) + cents(Decimal(order["freight"]) * rate)
        for one in sorted(lines[order["order_id"]], key=lambda line: int(line["line_id"])):
            revenue += cents(Decimal(one["line_total"]))
            owed += cents(Decimal(one["line_total"]))
            foreign += cents(EXACT.multiply(Decimal(one["line_total"]), rate))
            stock, quantity = left[one["item_id"]], Decimal(one["quantity"])
            leaving = stock[1] if quantity == stock[0] else cents(EXACT.divide(stock[1] * quantity, stock[0]))
            stock[0] -= quantity
            stock[1] -= leaving
            cost += leaving
        if date.fromisoformat(order["due_date"]) > date(2011, 6, 30):
            receivables += owed
        else:
            if order["currency_rate_id"]:
                to_pay_at = rates[order["due_date"], currency[order["currency_rate_id"]]]
            result += cents(EXACT.divide(foreign, to_pay_at)) - owed
    goods = sum((stock[1] for stock in left.values()), Decimal(0))
    named = {
        "revenue": revenue,
        "cost_of_sales": cost,
        "receivables": receivables,
        "realised_fx": result,
        "finished_goods": goods,
    }
    return {name: str(figure) for name, figure in named.items()}


def test_every_check_is_green(result: dict[str, Any]) -> None:
    assert [one for one in result["checks"] if not one["ok"]] == []
    assert len(result["checks"]) > 10


def test_the_orders_are_all_there(result: dict[str, Any]) -> None:
    assert (result["orders"], result["order_subtotal"], result["order_total"]) == (184, "962716.7417", "1074117.4188")
    assert result["orders_shipped"] == sum(
        one["ship_date"] <= "2011-06-30" for one in rows("sales_orders") if one["order_date"] <= "2011-06-30"
    )


def test_the_figures_are_those_computed_without_the_library(result: dict[str, Any]) -> None:
    assert result["figures"] == plain_figures()


def bought() -> tuple[Decimal, Decimal]:
    """What the orders of April leave in stock, and what vendors bill for them, by `decimal` alone."""
    orders = {one["order_id"]: one for one in rows("purchase_orders") if one["order_date"][:7] == "2011-04"}
    stock = sum(
        (
            cents((Decimal(one["received"]) - Decimal(one["rejected"])) * Decimal(one["unit_price"]))
            for one in rows("purchase_order_lines")
            if one["order_id"] in orders
        ),
        Decimal(0),
    )
    expenses = [cents(Decimal(one[name])) for one in orders.values() for name in ("tax", "freight")]
    assert len(orders) == 8
    return stock, stock + sum(expenses, Decimal(0))


def test_stock_and_payables_are_those_computed_without_the_library(books: Any, example: ModuleType) -> None:
    stock, owed = bought()
    assert example.held(books, "1400").amount == stock + Decimal(plain_figures()["finished_goods"])
    assert -example.held(books, "2000").amount == owed
    assert example.held(books, "6200").amount + example.held(books, FREIGHT_EXPENSE).amount == owed - stock


def test_every_rounding_difference_has_its_line(result: dict[str, Any]) -> None:
    for one in result["rounding"]:
        assert Decimal(one["booked"]) - Decimal(one["exact"]) == Decimal(one["difference"])
        assert abs(Decimal(one["difference"])) <= Decimal("0.005")


def test_own_checks_bite(books: Any, example: ModuleType) -> None:
    data = example.Data(DATA)
    differences = example.rounding(data)
    assert red(example.own_checks(books, data, differences)) == []
    tied = ["order subtotal = revenue - rounding + open", "order total = invoices - rounding + open"]
    assert red(example.own_checks(books, data, differences[1:])) == tied
    data.orders[-1]["ship_date"] = "2011-06-30"
    assert red(example.own_checks(books, data, differences)) == [*tied, "shipped orders invoiced, the rest open"]


def red(found: list[Any]) -> list[str]:
    return [one.name for one in found if not one.ok]


def test_sqlite_gives_identical_statements_and_state(
    example: ModuleType, result: dict[str, Any], tmp_path: Path
) -> None:
    assert example.run(DATA, f"sqlite:///{tmp_path}/aw.db") == result
    assert example.run(DATA, f"sqlite:///{tmp_path}/aw.db") == result, (
        "sent again, everything is answered and nothing is added"
    )


@pytest.mark.parametrize("store", ["sqlite+pysqlite", "postgresql"])
def test_the_sql_store_gives_identical_statements_and_state(
    example: ModuleType, result: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest, store: str
) -> None:
    url = f"{store}:///{tmp_path}/aw.db"
    if store == "postgresql":
        url = new_database(request.getfixturevalue("postgres_url"))
    assert example.run(DATA, url) == result
    assert example.run(DATA, url) == result, "sent again, everything is answered and nothing is added"


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("order lines = order subtotals", lambda data: line_of(data).update(line_total="0.0001")),
        ("order subtotal = revenue - rounding + open", lambda data: data.orders[0].update(subtotal="1")),
        ("order total = invoices - rounding + open", lambda data: data.orders[0].update(total_due="1")),
        ("shipped orders invoiced, the rest open", lambda data: data.shipped[0].update(ship_date="2012-01-01")),
    ],
)
def test_each_check_of_the_example_turns_red(example: ModuleType, books: Any, name: str, changed: Any) -> None:
    """The books stay as they are; the source says something else."""
    data = example.Data(DATA)
    differences = example.rounding(data)
    assert all(one.ok for one in example.own_checks(books, data, differences))
    changed(data)
    found = {one.name: one.ok for one in example.own_checks(books, data, differences)}
    assert not found[name]


def line_of(data: Any) -> dict[str, str]:
    """The first line of the first order."""
    found: dict[str, str] = data.lines[data.orders[0]["order_id"]][0]
    return found
