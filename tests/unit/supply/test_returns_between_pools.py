"""A customer's return to another cost pool than the one the goods left: it costs what they left at, part by part."""

from __future__ import annotations

import pytest

from bizcore.cli.checks import checks
from bizcore.company import Company
from bizcore.finance import chart
from bizcore.kernel.money import Money
from bizcore.supply import costbook
from bizcore.supply.cost import folded
from bizcore.supply.costmoves import CostMethod
from bizcore.supply.fulfilment import LineQuantity
from bizcore.supply.movements import Issue
from bizcore.supply.places import Place, pools
from bizcore.supply.policies import NegativeStock, SupplyPolicies
from bizcore.supply.reports import conserved, layers_as_folded, stock_equals_cost, worthless_or_held

METHODS = [CostMethod.FIFO, CostMethod.MOVING_AVERAGE, CostMethod.LIFO]


def eur(text: str) -> Money:
    return Money(text, "EUR")


def company(method: CostMethod = CostMethod.FIFO, negative: NegativeStock = NegativeStock.REFUSE) -> Company:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(SupplyPolicies(cost_method=method, negative_stock=negative)))
    for pool in ("back", "shop"):
        acme.apply(acme.put(Place(id=pool, pool=pool)))
    acme.apply(acme.supply.receive("bolt", 1, place="back", on="2026-01-01", source="opening", cost=eur("9")))
    return acme


def sold(acme: Company, quantity: int, *, on: str) -> Issue:
    made: Issue = acme.apply(acme.supply.issue("bolt", quantity, place="wh", on=on)).value
    return made


def value(acme: Company, pool: str) -> Money:
    return acme.view().balance("cost", pool, "bolt").value


def account(acme: Company, role: str) -> Money:
    found = acme.view().balance("journal", chart.of(acme.view(), on="2026-06-01").role(role), "EUR").amount
    assert isinstance(found, Money)
    return found


def check(acme: Company) -> None:
    view = acme.view()
    for one in (stock_equals_cost, conserved, worthless_or_held, layers_as_folded):
        assert not one(view)
    total = Money.sum((value(acme, pool) for pool in pools(view)), "EUR")
    assert total == account(acme, "inventory")
    for pool in pools(view):
        known = costbook.read(view, pool, "bolt")
        if known.moves:
            wanted = costbook.targets(folded(view, pool, "bolt", on="2026-06-01"))
            assert {key: one for key, one in known.booked.items() if one} == {
                key: one for key, one in wanted.items() if one
            }


@pytest.mark.parametrize("method", METHODS)
def test_goods_come_back_to_another_pool_at_what_they_left(method: CostMethod) -> None:
    acme = company(method)
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-01", cost=eur("10")))
    issue = sold(acme, 5, on="2026-01-02")
    acme.apply(acme.supply.take_back(issue.id, on="2026-01-03", place="back"))
    assert (value(acme, "back"), value(acme, "main")) == (eur("14.00"), eur("5.00"))
    assert account(acme, "cost_of_sales") == eur("0.00")
    check(acme)


@pytest.mark.parametrize("method", METHODS)
def test_parts_to_several_pools_sum_to_the_whole(method: CostMethod) -> None:
    """10.00 for three: 3.33, 3.34 and 3.33, wherever each goes."""
    acme = company(method)
    acme.apply(acme.supply.receive("bolt", 3, place="wh", on="2026-01-01", cost=eur("10")))
    issue = sold(acme, 3, on="2026-01-02")
    for place in ("back", "wh", "shop"):
        acme.apply(acme.supply.take_back(issue.id, [LineQuantity(1, 1)], on="2026-01-03", place=place))
        check(acme)
    assert [str(value(acme, pool).amount) for pool in ("back", "main", "shop")] == ["12.33", "3.34", "3.33"]
    assert account(acme, "cost_of_sales") == eur("0.00")


@pytest.mark.parametrize("method", METHODS)
def test_a_return_to_another_pool_is_restated_with_its_issue(method: CostMethod) -> None:
    """A receipt recorded late changes what the issue cost, and what came back of it, and what then left there."""
    acme = company(method)
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("10")))
    issue = sold(acme, 10, on="2026-01-06")
    acme.apply(acme.supply.take_back(issue.id, [LineQuantity(1, 4)], on="2026-01-07", place="back"))
    acme.apply(acme.supply.issue("bolt", 5, place="back", on="2026-01-08", target="scrap"))
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-02", cost=eur("50")))
    check(acme)
    cost = {CostMethod.FIFO: "50", CostMethod.MOVING_AVERAGE: "30", CostMethod.LIFO: "10"}[method]
    back = eur(cost).minor * 4 // 10
    assert account(acme, "inventory_adjustment").minor == 9_00 + back
    assert account(acme, "cost_of_sales").minor == eur(cost).minor - back


def test_what_an_issue_cost_more_later_goes_with_the_parts_that_come_back_later() -> None:
    """Sold short at 1.00 each; one comes back, then goods at 3.00 cover the rest; the second brings that with it."""
    acme = company(negative=NegativeStock.PROVISIONAL)
    acme.apply(acme.supply.receive("bolt", 1, place="wh", on="2026-01-01", cost=eur("1")))
    issue = sold(acme, 3, on="2026-01-02")
    acme.apply(acme.supply.take_back(issue.id, [LineQuantity(1, 1)], on="2026-01-03", place="back"))
    acme.apply(acme.supply.receive("bolt", 5, place="wh", on="2026-01-04", cost=eur("15")))
    check(acme)
    acme.apply(acme.supply.take_back(issue.id, on="2026-01-05", place="shop"))
    check(acme)
    assert [str(value(acme, pool).amount) for pool in ("back", "shop")] == ["10.00", "6.00"]
    assert account(acme, "cost_of_sales") == eur("0.00")


def test_a_pool_that_got_a_return_back_dated_before_others_shares_anew() -> None:
    acme = company()
    acme.apply(acme.supply.receive("bolt", 3, place="wh", on="2026-01-01", cost=eur("10")))
    issue = sold(acme, 3, on="2026-01-02")
    acme.apply(acme.supply.take_back(issue.id, [LineQuantity(1, 1)], on="2026-01-09", place="wh"))
    acme.apply(acme.supply.take_back(issue.id, [LineQuantity(1, 1)], on="2026-01-04", place="shop"))
    acme.apply(acme.supply.take_back(issue.id, [LineQuantity(1, 1)], on="2026-01-03", place="back"))
    check(acme)
    assert [str(value(acme, pool).amount) for pool in ("back", "shop", "main")] == ["12.33", "3.34", "3.33"]
    acme.apply(acme.supply.transfer("bolt", 2, source="back", target="wh", on="2026-01-10"))
    acme.apply(acme.supply.receive("bolt", 3, place="wh", on="2025-12-31", cost=eur("20")))
    check(acme)
    assert account(acme, "cost_of_sales") == eur("0.00")


def test_a_month_that_only_a_posting_of_nothing_went_to_has_no_total_to_check() -> None:
    """The pool the goods had left gets a posting of nothing, in a month with no other."""
    acme = company()
    acme.apply(acme.supply.receive("bolt", 5, place="wh", on="2026-01-01", cost=eur("5")))
    issue = sold(acme, 5, on="2026-01-10")
    acme.apply(acme.supply.take_back(issue.id, [LineQuantity(1, 2)], on="2026-02-05", place="back"))
    assert [one.name for one in checks(acme) if not one.ok] == []
    check(acme)
