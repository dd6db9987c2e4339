"""What goods refuse: foreign cost, rates, places and items that contradict the books, returns out of time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from bizcore.change.act import Act
from bizcore.company import Company
from bizcore.finance import chart
from bizcore.kernel.errors import BizcoreError, Refused
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.supply.desk import SupplyDesk
from bizcore.supply.fulfilment import DeliveryLine, LineQuantity
from bizcore.supply.items import Item
from bizcore.supply.movements import MoveLine
from bizcore.supply.places import Place
from bizcore.supply.purchasing import OrderLine, PurchaseOrder, ReceivedLine
from bizcore.supply.reports import stock_equals_cost

USD = Money("10", "USD")


def eur(text: str) -> Money:
    return Money(text, "EUR")


@pytest.fixture
def acme() -> Company:
    made = Company.create("acme", currency="EUR")
    made.apply(made.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("100")), key="r")
    for name, currency in (("PO", "EUR"), ("US", "USD")):
        order = PurchaseOrder(
            id=name, supplier="ace", on="2026-01-02", currency=currency, lines=[OrderLine("nut", 10, "2")]
        )
        made.apply(made.supply.order(order))
    return made


def refused(company: Company, act: Act[Any]) -> BizcoreError:
    """The refusal of an act that writes nothing."""
    before = company.state_hash()
    with pytest.raises(BizcoreError) as found:
        company.apply(act)
    assert company.state_hash() == before
    return found.value


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.receive("bolt", 1, place="wh", on="2026-01-06", cost=USD),
        lambda desk: desk.receive_lines([MoveLine("bolt", 1, cost=USD)], place="wh", on="2026-01-06"),
        lambda desk: desk.issue_lines([MoveLine("bolt", 1, cost=USD)], place="wh", on="2026-01-06", target="supplier"),
        lambda desk: desk.adjust("bolt", 1, place="wh", on="2026-01-06", cost=USD),
        lambda desk: desk.receive_order("PO", [ReceivedLine(1, 1, cost=USD)], on="2026-01-06", place="wh"),
        lambda desk: desk.receive_order("US", [ReceivedLine(1, 2, 1, cost=USD)], on="2026-01-06", place="wh"),
        lambda desk: desk.return_to_vendor("r#1", on="2026-01-06", claims=[USD]),
    ],
)
def test_a_cost_in_foreign_money_is_refused(acme: Company, act: Callable[[SupplyDesk], Act[Any]]) -> None:
    error = refused(acme, act(acme.supply))
    assert (error.code, error.facts["cost"], error.facts["company"]) == ("foreign_cost", USD, "EUR")


@pytest.mark.parametrize(("order", "rate"), [("US", "0"), ("US", "-0.9"), ("PO", "0")])
def test_a_rate_is_above_zero(acme: Company, order: str, rate: str) -> None:
    assert (
        refused(acme, acme.supply.receive_order(order, on="2026-01-06", place="wh", rate=rate)).code == "not_positive"
    )


def test_a_place_keeps_its_pool_while_goods_lie_there(acme: Company) -> None:
    for place in (Place(id="wh", pool="retail"), Place(id="wh", owned=False)):
        error = refused(acme, acme.put(place))
        assert (error.code, error.facts["place"], error.facts["item"]) == ("goods_lie_there", "wh", "bolt")
    acme.apply(acme.put(Place(id="wh", name="the warehouse")))
    acme.apply(acme.put(Place(id="empty", pool="retail")))
    acme.apply(acme.supply.issue("bolt", 10, place="wh", on="2026-01-06"))
    acme.apply(acme.put(Place(id="wh", pool="retail")))
    acme.apply(acme.supply.receive("bolt", 1, place="wh", on="2026-01-07", cost=eur("1")))
    assert refused(acme, acme.put(Place(id="wh"))).facts["pool"] == "retail"
    assert not stock_equals_cost(acme.view())


def test_an_item_that_moved_keeps_its_base_unit(acme: Company) -> None:
    acme.apply(acme.put(Item(id="bolt", unit="PCE")))
    acme.apply(acme.put(Item(id="bolt", unit="PCE", packaging={"box": 12})))
    acme.apply(acme.supply.issue("bolt", 10, place="wh", on="2026-01-06"))
    error = refused(acme, acme.put(Item(id="bolt", unit="KGM")))
    assert (error.code, error.facts["unit"], error.facts["asked"]) == ("item_moved", "PCE", "KGM")
    acme.apply(acme.put(Item(id="nail", unit="PCE")))
    acme.apply(acme.put(Item(id="nail", unit="KGM")))


def test_the_base_unit_is_no_package() -> None:
    with pytest.raises(BizcoreError) as found:
        Item(id="bolt", unit="PCE", packaging={"PCE": 2})
    assert (found.value.code, found.value.facts["unit"]) == ("base_unit_packaged", "PCE")


@pytest.fixture
def consigned(acme: Company) -> Company:
    """Goods that lie at `cons` are not ours: five of them do, of the same item, and one went to a customer."""
    acme.apply(acme.put(Place(id="cons", owned=False)))
    acme.apply(acme.supply.receive("bolt", 5, place="cons", on="2026-01-05"))
    acme.apply(acme.supply.issue("bolt", 1, place="cons", on="2026-01-05"), key="i")
    acme.apply(acme.supply.issue("bolt", 1, place="wh", on="2026-01-06"), key="own")
    return acme


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.transfer("bolt", 4, source="wh", target="cons", on="2026-01-06"),
        lambda desk: desk.move("bolt", 4, source="cons", target="wh", on="2026-01-06"),
        lambda desk: desk.receive_order("PO", on="2026-01-06", place="cons"),
        lambda desk: desk.take_back("i#1", on="2026-01-06", place="wh"),
        lambda desk: desk.take_back("own#1", on="2026-01-06", place="cons"),
    ],
)
def test_goods_do_not_change_their_owner_by_being_carried(
    consigned: Company, act: Callable[[SupplyDesk], Act[Any]]
) -> None:
    error = refused(consigned, act(consigned.supply))
    assert (error.code, error.facts["item"] in {"bolt", "nut"}) == ("changes_owner", True)
    assert isinstance(error, Refused)
    assert error.allowed == ("issue", "receive")


def test_what_is_not_ours_stays_out_of_cost_and_inventory(consigned: Company) -> None:
    """Giving goods away and taking in others are two acts, each with its entry in the journal."""
    desk = consigned.supply
    consigned.apply(desk.take_back("i#1", on="2026-01-06"))
    consigned.apply(desk.issue("bolt", 4, place="wh", on="2026-01-07"))
    consigned.apply(desk.receive("bolt", 4, place="cons", source="customer", on="2026-01-07"))
    assert consigned.view().balance("stock", "cons", "bolt").amount == Quantity(9, "bolt")
    assert consigned.view().balance("cost", "main", "bolt").value == eur("50.00")
    assert consigned.view().balance("journal", "1400", "EUR").amount == eur("50.00")


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.take_back("i#1", on="2026-01-06"),
        lambda desk: desk.return_to_vendor("r#1", on="2026-01-04"),
    ],
)
def test_goods_do_not_come_back_before_they_went(acme: Company, act: Callable[[SupplyDesk], Act[Any]]) -> None:
    acme.apply(acme.supply.issue("bolt", 2, place="wh", on="2026-01-07"), key="i")
    error = refused(acme, act(acme.supply))
    assert error.code == "returned_before"
    assert error.facts["first"] in {date(2026, 1, 7), date(2026, 1, 5)}
    acme.apply(acme.supply.take_back("i#1", on="2026-01-07"))
    acme.apply(acme.supply.return_to_vendor("r#1", on="2026-01-07"))


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.issue_lines([MoveLine("bolt", 1, place="supplier")], place="wh", on="2026-01-06"),
        lambda desk: desk.plan_delivery([DeliveryLine("bolt", 1, "customer")], customer="beta", on="2026-01-06"),
        lambda desk: desk.reserve("bolt", 1, place="scrap", on="2026-01-06", for_="x"),
        lambda desk: desk.receive("bolt", 1, place="customer", on="2026-01-06"),
        lambda desk: desk.issue("bolt", 1, place="supplier", on="2026-01-06"),
        lambda desk: desk.receive_order("PO", on="2026-01-06", place="scrap"),
        lambda desk: desk.adjust("bolt", 1, place="customer", on="2026-01-06"),
        lambda desk: desk.return_to_vendor("r#1", on="2026-01-06", place="customer"),
    ],
)
def test_goods_of_ours_lie_at_no_outside_place(acme: Company, act: Callable[[SupplyDesk], Act[Any]]) -> None:
    before = acme.state_hash()
    with pytest.raises(BizcoreError) as found:
        acme.apply(act(acme.supply))
    assert (found.value.code, acme.state_hash()) == ("outside_place", before)


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.receive("bolt", 10**30, place="wh", on="2026-01-06", cost=eur("1")),
        lambda desk: desk.receive("bolt", 10**30, place="wh", on="2026-01-06"),
        lambda desk: desk.receive("nut", 10**30, place="wh", on="2026-01-06", cost=eur("1")),
        lambda desk: desk.receive("bolt", 9 * 10**12, place="wh", on="2026-01-06"),
        lambda desk: desk.receive("bolt", 1, place="wh", on="2026-01-04", cost=Money.of_minor(2**63, "EUR")),
        lambda desk: desk.adjust("bolt", -(2**63), place="wh", on="2026-01-06"),
    ],
)
def test_what_no_book_holds_is_out_of_range(acme: Company, act: Callable[[SupplyDesk], Act[Any]]) -> None:
    assert refused(acme, act(acme.supply)).code == "out_of_range"


def test_a_claim_is_not_negative_and_has_its_line(acme: Company) -> None:
    """The supplier may owe more than goods cost, as where the bill was dearer: the difference is a purchase variance."""
    desk = acme.supply
    half = [LineQuantity(1, 5)]
    assert (
        refused(acme, desk.return_to_vendor("r#1", half, on="2026-01-06", claims=[eur("-1")])).code == "negative_cost"
    )
    error = refused(acme, desk.return_to_vendor("r#1", half, on="2026-01-06", claims=[eur("1"), eur("2")]))
    assert (error.code, error.facts["claims"], error.facts["lines"]) == ("claims_without_lines", 2, 1)
    acme.apply(desk.return_to_vendor("r#1", half, on="2026-01-06", claims=[eur("60")]))
    journal = {role: chart.of(acme.view(), on="2026-01-06").role(role) for role in ("grni", "purchase_variance")}
    found = {role: str(acme.view().balance("journal", code, "EUR").amount.amount) for role, code in journal.items()}
    assert found == {"grni": "-40.00", "purchase_variance": "-10.00"}
