"""What is agreed with a customer and not paid stays within what he may owe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bizcore.bridges.order_to_cash.credit_limits import OverCreditLimit
from bizcore.company import Company
from bizcore.finance.documents import Invoice
from bizcore.finance.limits import BadLimit, CreditLimit
from bizcore.finance.lines import Line
from bizcore.finance.rates import ExchangeRate, RateMissing
from bizcore.kernel.money import Money
from bizcore.sfa.orders import Order, OrderLine
from bizcore.testing.concurrency import race

ON = "2026-03-05"


def eur(amount: str) -> Money:
    return Money(amount, "EUR")


@pytest.fixture
def acme() -> Company:
    acme = Company.create("acme", currency="EUR", actor="ann")
    acme.apply(acme.put(CreditLimit(customer="beta", limit=eur("250"))), key="limit")
    return acme


def take(
    acme: Company, price: str, *, item: str | None = None, key: str, currency: str = "EUR", quantity: int = 1
) -> Any:
    line = OrderLine("x", quantity, price, tax="Z", item=item)
    order = Order(id=key, customer="beta", on=ON, currency=currency, lines=[line])
    return acme.apply(acme.sfa.take_order(order), key=key).value


def invoice(acme: Company, price: str, **more: Any) -> Any:
    return acme.finance.issue(
        Invoice(customer="beta", on=ON, currency="EUR", lines=[Line("x", 1, price, tax="Z")], **more)
    )


def test_an_order_beyond_the_limit_is_refused_and_says_what_it_would_be(acme: Company) -> None:
    """metasfresh/metasfresh#3414: 246.05 are used, 64.20 are asked, 250 are allowed."""
    acme.apply(invoice(acme, "246.05"), key="i")
    with pytest.raises(OverCreditLimit) as refused:
        take(acme, "64.20", key="o")
    assert (refused.value.facts["exposure"], refused.value.facts["limit"]) == (eur("310.25"), eur("250"))
    take(acme, "3.95", key="fits")
    assert acme.order_to_cash.exposure("beta").total == eur("250.00")
    assert [one.key for one in acme.log()] == ["limit", "i", "fits"]


def test_each_amount_counts_once_on_its_way_from_order_to_cash(acme: Company) -> None:
    take(acme, "200", key="o")
    for act in (
        acme.order_to_cash.bill("o", on=ON),
        acme.finance.collect(eur("150"), customer="beta", on=ON),
    ):
        assert acme.order_to_cash.exposure("beta").total == eur("200.00")
        acme.apply(act)
    assert acme.order_to_cash.exposure("beta").total == eur("50.00")
    assert "250.00 EUR" in str(acme.order_to_cash.exposure("beta").explain())


def test_an_order_paid_ahead_passes(acme: Company) -> None:
    acme.apply(acme.finance.collect(eur("100"), customer="beta", on=ON), key="advance")
    assert acme.order_to_cash.exposure("beta").total == eur("-100.00")
    take(acme, "350", key="o")


def test_what_left_may_be_billed_though_the_limit_was_lowered(acme: Company) -> None:
    acme.apply(acme.supply.receive("bolt", 10, place="main", on=ON, cost=eur("10")), key="r")
    order = take(acme, "20", quantity=10, item="bolt", key="o")
    delivery = acme.apply(acme.order_to_cash.deliver("o", on=ON), key="d").value
    acme.apply(acme.supply.ship(delivery.id, on=ON, lines=[]), key="s")
    acme.apply(acme.put(CreditLimit(customer="beta", limit=eur("50"))), key="lower")
    assert acme.apply(acme.order_to_cash.bill(order.id, on=ON), key="b").value.gross == eur("200.00")
    with pytest.raises(OverCreditLimit):
        acme.apply(invoice(acme, "0.01"), key="i")


def test_goods_are_not_sent_beyond_the_limit(acme: Company) -> None:
    acme.apply(acme.supply.receive("bolt", 10, place="main", on=ON, cost=eur("10")), key="r")
    take(acme, "20", quantity=10, item="bolt", key="o")
    delivery = acme.apply(acme.order_to_cash.deliver("o", on=ON), key="d").value
    acme.apply(acme.put(CreditLimit(customer="beta", limit=eur("199"))), key="lower")
    with pytest.raises(OverCreditLimit):
        acme.apply(acme.supply.ship(delivery.id, on=ON), key="s")
    acme.apply(acme.finance.collect(eur("1"), customer="beta", on=ON), key="advance")
    acme.apply(acme.supply.ship(delivery.id, on=ON), key="s")


def test_amending_up_and_opening_again_are_looked_at_and_less_never_is(acme: Company) -> None:
    """frappe/erpnext#33967: closing and opening again is no way round."""
    take(acme, "50", quantity=5, key="o")
    with pytest.raises(OverCreditLimit):
        acme.apply(acme.order_to_cash.amend("o", line=1, quantity=6, on=ON), key="up")
    acme.apply(acme.order_to_cash.short_close("o", on=ON), key="close")
    take(acme, "240", key="other")
    acme.apply(acme.put(CreditLimit(customer="beta", limit=eur("1"))), key="lower")
    acme.apply(acme.order_to_cash.cancel("other", on=ON), key="less")


def test_opening_again_is_looked_at(acme: Company) -> None:
    take(acme, "50", quantity=5, key="o")
    acme.apply(acme.order_to_cash.bill("o", on=ON), key="b")
    acme.apply(acme.order_to_cash.complete("o"), key="c")
    acme.apply(acme.put(CreditLimit(customer="beta", limit=eur("1"))), key="lower")
    with pytest.raises(OverCreditLimit):
        acme.apply(acme.sfa.reopen_order("o"), key="again")


def test_an_order_in_another_currency_counts_at_the_rate_of_its_day(acme: Company) -> None:
    with pytest.raises(RateMissing):
        take(acme, "100", currency="USD", key="o")
    acme.apply(acme.put(ExchangeRate(base="USD", quote="EUR", on=ON, rate="0.9")), key="rate")
    take(acme, "200", currency="USD", key="o")
    assert acme.order_to_cash.exposure("beta").orders == eur("180.00")
    with pytest.raises(OverCreditLimit):
        take(acme, "78", currency="USD", key="more")


def test_others_and_customers_without_a_limit_are_not_looked_at(acme: Company) -> None:
    line = OrderLine("x", 1, "9999", tax="Z")
    acme.apply(acme.sfa.take_order(Order(customer="gamma", on=ON, currency="EUR", lines=[line])), key="o")
    assert acme.order_to_cash.exposure("gamma").limit is None


@pytest.mark.parametrize("limit", [eur("-1"), "250", 250])
def test_a_limit_is_an_amount_that_is_not_negative(limit: Any) -> None:
    with pytest.raises(BadLimit):
        CreditLimit(customer="beta", limit=limit)


def test_a_plan_in_hand_is_stale_once_somebody_else_used_the_limit(acme: Company) -> None:
    plan = acme.plan(invoice(acme, "200"))
    acme.apply(invoice(acme, "100"), key="first")
    with pytest.raises(Exception, match="plan again"):
        acme.apply(plan, key="second")


def test_two_clients_for_the_last_of_a_limit(tmp_path: Path) -> None:
    acme = Company.create("acme", currency="EUR", store=f"sqlite:///{tmp_path}/books.db", actor="ann")
    acme.apply(acme.put(CreditLimit(customer="beta", limit=eur("100"))), key="limit")
    raised = race(
        [
            lambda: acme.apply(invoice(acme, "60"), key="a"),
            lambda: acme.apply(invoice(acme, "60"), key="b"),
            lambda: take(acme, "60", key="c"),
        ]
    )
    assert sorted(type(one).__name__ for one in raised) == ["NoneType", "OverCreditLimit", "OverCreditLimit"]
    assert acme.order_to_cash.exposure("beta").total == eur("60.00")
    acme.close()


def test_a_limit_in_another_currency_is_refused_when_it_is_put(acme: Company) -> None:
    with pytest.raises(BadLimit, match="EUR"):
        acme.apply(acme.put(CreditLimit(customer="gamma", limit=Money("1", "USD"))), key="usd")
