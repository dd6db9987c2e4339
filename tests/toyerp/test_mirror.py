"""A second system beside bizcore: green when it is right, and each bug planted in it is found and told in a few acts."""

from __future__ import annotations

import ast
import importlib.util
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bizcore import Money
from bizcore.change.act import Act
from bizcore.testing import Declined, Different, Mirror

SOURCE = Path(__file__).with_name("erp.py")


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("toy_erp", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


toy = loaded()

VERBS = {
    "finance.post", "finance.reverse", "finance.issue", "finance.credit", "finance.bill", "finance.credit_from_vendor",
    "finance.collect", "finance.pay", "finance.close_month", "supply.receive", "supply.issue", "supply.take_back",
}  # fmt: skip
MONTH_ENDS = ("2024-01-31", "2024-02-29", "2024-03-31")


def cents(money: Money) -> int:
    return money.minor


def euros(number: int) -> Decimal:
    return Decimal(number) / 100


class ToyMirror(Mirror):
    """The toy ERP through the eyes of a tester."""

    domains = ("finance", "supply", "company")
    bugs: frozenset[str] = frozenset()

    def begin(self) -> None:
        self.erp = toy.Erp(self.bugs)

    def may(self, act: Act[Any]) -> bool:
        return act.name in VERBS or (act.name == "put" and act.arguments["kind"] == "rate")

    def act(self, act: Act[Any], key: str) -> None:
        try:
            self.told(act.name, act.arguments, key)
        except toy.NoError as error:
            raise Declined(str(error)) from None

    def told(self, name: str, said: Any, key: str) -> None:
        erp = self.erp
        match name:
            case "finance.post":
                legs = [(one.account, cents(one.amount)) for one in said["entry"].postings]
                erp.post(key, said["entry"].on, legs)
            case "finance.reverse":
                erp.reverse(key, said["entry"], said["on"])
            case "finance.issue" | "finance.bill":
                document = next(iter(said.values()))
                side = "sale" if name == "finance.issue" else "purchase"
                lines = [(one.quantity, one.price, one.tax) for one in document.lines]
                erp.invoice(key, side, document.party, document.on, document.currency, lines)
            case "finance.credit" | "finance.credit_from_vendor":
                erp.credit(key, said["note"].credits, said["note"].on)
            case "finance.collect" | "finance.pay":
                side, party = ("sale", "customer") if name == "finance.collect" else ("purchase", "vendor")
                erp.payment(key, side, said[party], said["on"], cents(said["amount"]), list(said.get("to", ())))
            case "finance.close_month":
                erp.close(said["period"])
            case "put":
                erp.rates[said["document"].on] = said["document"].rate
            case "supply.receive":
                erp.move(key, said["on"], int(said["quantity"]), cost=cents(said["cost"]))
            case "supply.issue":
                erp.move(key, said["on"], -int(said["quantity"]) if said["item"] == "bolt" else -(10**6))
            case "supply.take_back":
                erp.move(key, said["on"], int(said["lines"][0].quantity), of=said["shipment"])
            case _:
                raise NotImplementedError(name)

    def observe(self) -> dict[str, dict[Any, Any]]:
        erp = self.erp
        accounts = ("1000", "1200", "2000", "2200", "4000")
        at = [(account, day) for account in ("1000", "1200") for day in MONTH_ENDS]
        return {
            "net": {name: euros(one["net"]) for name, one in erp.documents.items()},
            "tax": {name: euros(one["tax"]) for name, one in erp.documents.items()},
            "open": {one["of"]: euros(erp.open_of(one["of"])) for one in erp.items},
            "receivable": {"beta": euros(erp.owed("sale", "beta"))},
            "payable": {"mill": euros(erp.owed("purchase", "mill"))},
            "balance": {account: euros(erp.balance(account)) for account in accounts},
            "balance_at": {one: euros(erp.balance(one[0], date.fromisoformat(one[1]))) for one in at},
            "stock": {("bolt", "main"): erp.on_hand()},
            "stock_value": {"bolt": euros(erp.stock_value())},
        }


class TestTheToy(ToyMirror):
    """The right one; pytest finds `test_both_say_the_same`."""


@pytest.mark.parametrize("bug", toy.BUGS)
def test_a_planted_bug_is_found_and_told_in_a_few_acts(bug: str) -> None:
    mirror = ToyMirror()
    mirror.bugs = frozenset({bug})
    mirror.examples = 1_000
    with pytest.raises(Different) as found:
        mirror.test_both_say_the_same()
    assert len(found.value.story.acts) <= 5


def test_the_toy_knows_nothing_of_bizcore() -> None:
    imported = [
        node for node in ast.walk(ast.parse(SOURCE.read_text("utf-8"))) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    names = [
        name
        for node in imported
        for name in ([one.name for one in node.names] if isinstance(node, ast.Import) else [node.module])
    ]
    assert not [name for name in names if str(name).startswith("bizcore")]
