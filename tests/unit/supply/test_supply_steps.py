"""Steps of deliveries and orders: reserved, picked, shipped, come back, come again."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bizcore.company import Company
from bizcore.finance import chart
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.supply.costmoves import CostMethod
from bizcore.supply.fulfilment import DeliveryLine, LineQuantity
from bizcore.supply.policies import NegativeStock, SupplyPolicies
from bizcore.supply.purchasing import OrderLine, PurchaseOrder, ReceivedLine


def eur(text: str) -> Money:
    return Money(text, "EUR")


@pytest.fixture
def acme() -> Company:
    """Ten bolts, and a delivery of eight."""
    made = Company.create("acme", currency="EUR")
    made.apply(made.supply.receive("bolt", 10, place="wh", on="2026-01-01", source="opening", cost=eur("10")))
    made.apply(made.supply.plan_delivery([DeliveryLine("bolt", 8, "wh")], customer="beta", on="2026-01-02", id="D"))
    made.apply(
        made.supply.order(
            PurchaseOrder(id="PO", supplier="ace", on="2026-01-01", currency="EUR", lines=[OrderLine("bolt", 10, "2")])
        )
    )
    return made


def reserved(acme: Company) -> tuple[Decimal, Decimal]:
    """What the delivery says is reserved for it, and what the reservations say."""
    kept = sum((one.left for one in acme.supply.reservations if one.for_ == "D/1"), Decimal(0))
    return acme.supply.deliveries["D"].lines[0].reserved, kept


def account(acme: Company, role: str) -> str:
    return str(acme.view().balance("journal", chart.of(acme.view(), on="2026-06-01").role(role), "EUR").amount)


def test_what_is_let_go_of_a_delivery_is_reserved_again(acme: Company) -> None:
    desk = acme.supply
    acme.apply(desk.reserve_delivery("D", on="2026-01-02", until="2026-01-03"))
    assert reserved(acme) == (8, 8)
    acme.apply(desk.expire(next(iter(desk.reservations)).id, on="2026-01-04"))
    assert reserved(acme) == (0, 0)
    acme.apply(desk.reserve_delivery("D", on="2026-01-04"))
    assert reserved(acme) == (8, 8)
    held = next(one for one in desk.reservations if one.left)
    acme.apply(desk.ship("D", [LineQuantity(1, 3)], on="2026-01-05"))
    assert reserved(acme) == (5, 5)
    acme.apply(desk.release(held.id, on="2026-01-05"))
    assert reserved(acme) == (0, 0)
    acme.apply(desk.ship("D", on="2026-01-06"))
    assert (reserved(acme), desk.deliveries["D"].state) == ((0, 0), "done")


def test_what_somebody_kept_for_a_delivery_line_counts(acme: Company) -> None:
    desk = acme.supply
    acme.apply(desk.reserve("bolt", 6, place="wh", on="2026-01-02", for_="D/1"))
    acme.apply(desk.reserve_delivery("D", on="2026-01-02"))
    assert reserved(acme) == (8, 8)
    acme.apply(desk.call_off("D", line=1, quantity=3, on="2026-01-03"))
    assert reserved(acme) == (5, 5)
    acme.apply(desk.ship("D", on="2026-01-06"))
    assert reserved(acme) == (0, 0)


def test_goods_go_back_to_the_supplier_from_where_they_lie_now(acme: Company) -> None:
    desk = acme.supply
    came = acme.apply(desk.receive_order("PO", on="2026-01-02", place="dock")).value
    acme.apply(desk.transfer("bolt", 10, source="dock", target="shelf", on="2026-01-02"))
    back = acme.apply(desk.return_to_vendor(came.id, [LineQuantity(1, 4)], on="2026-01-03", place="shelf")).value
    assert back.ends(back.lines[0]) == ("shelf", "supplier")
    assert acme.view().balance("stock", "shelf", "bolt").amount == Quantity(6, "bolt")
    assert account(acme, "grni") == "-12.00 EUR"


def test_the_replacement_of_what_went_back_is_received_on_the_order(acme: Company) -> None:
    desk = acme.supply
    came = acme.apply(desk.receive_order("PO", on="2026-01-02", place="wh")).value
    acme.apply(desk.return_to_vendor(came.id, [LineQuantity(1, 3)], on="2026-01-03"))
    assert desk.purchase_orders["PO"].lines[0].open == 0
    acme.apply(desk.receive_order("PO", [ReceivedLine(1, 3)], on="2026-01-04", place="wh"))
    line = desk.purchase_orders["PO"].lines[0]
    assert (line.accepted, account(acme, "grni")) == (10, "-20.00 EUR")
    with pytest.raises(BizcoreError) as more:
        acme.apply(desk.receive_order("PO", [ReceivedLine(1, 1)], on="2026-01-04", place="wh"))
    assert (more.value.code, more.value.facts["received"]) == ("over_received", 11)


@pytest.mark.parametrize("method", [CostMethod.FIFO, CostMethod.MOVING_AVERAGE, CostMethod.LIFO, CostMethod.SPECIFIC])
@pytest.mark.parametrize("stated", [None, "20"])
def test_what_is_rejected_leaves_what_stays_at_its_own_price(method: CostMethod, stated: str | None) -> None:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(SupplyPolicies(cost_method=method)))
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-01", source="opening", cost=eur("10")))
    lines = [OrderLine("bolt", 10, "2"), OrderLine("bolt", 3, "3.3333")]
    acme.apply(acme.supply.order(PurchaseOrder(id="PO", supplier="ace", on="2026-01-01", currency="EUR", lines=lines)))
    cost = None if stated is None else eur(stated)
    came = [ReceivedLine(1, 10, 5, cost=cost), ReceivedLine(2, 3, 1), ReceivedLine(1, 4, 4)]
    acme.apply(acme.supply.receive_order("PO", came, on="2026-01-02", place="wh"))
    held = acme.view().balance("cost", "main", "bolt")
    assert (held.amount, held.value) == (Quantity(17, "bolt"), eur("26.67"))
    assert (account(acme, "grni"), account(acme, "purchase_variance")) == ("-16.67 EUR", "0.00 EUR")


def picked(acme: Company) -> tuple[Decimal, Decimal, Decimal]:
    line = acme.supply.deliveries["D"].lines[0]
    return line.picked, line.shipped, line.cancelled


def test_what_is_picked_is_what_is_shipped(acme: Company) -> None:
    desk = acme.supply
    acme.apply(desk.pick("D", [LineQuantity(1, 3)], on="2026-01-03"))
    sent = acme.apply(desk.ship("D", on="2026-01-03")).value
    assert ([one.quantity for one in sent.lines], picked(acme)) == ([3], (3, 3, 0))
    acme.apply(desk.pick("D", [LineQuantity(1, 2)], on="2026-01-04"))
    acme.apply(desk.call_off("D", line=1, quantity=1, on="2026-01-04"))
    assert picked(acme) == (5, 3, 1)
    acme.apply(desk.cancel_delivery("D", on="2026-01-05"))
    assert picked(acme) == (3, 3, 5)


def test_without_a_pick_everything_open_is_shipped(acme: Company) -> None:
    lines = [DeliveryLine("bolt", 2, "wh"), DeliveryLine("bolt", 3, "wh")]
    acme.apply(acme.supply.plan_delivery(lines, customer="beta", on="2026-01-02", id="E"))
    acme.apply(acme.supply.pick("E", [LineQuantity(2, 1)], on="2026-01-03"))
    sent = acme.apply(acme.supply.ship("E", on="2026-01-03")).value
    assert [(one.order, one.quantity) for one in sent.lines] == [("E/2", 1)]
    rest = acme.apply(acme.supply.ship("E", on="2026-01-04")).value
    assert [(one.order, one.quantity) for one in rest.lines] == [("E/1", 2), ("E/2", 2)]


def test_no_more_is_picked_than_lies_there(acme: Company) -> None:
    desk = acme.supply
    lines = [DeliveryLine("bolt", 6, "wh"), DeliveryLine("bolt", 6, "wh")]
    acme.apply(desk.plan_delivery(lines, customer="beta", on="2026-01-02", id="E"))
    with pytest.raises(BizcoreError) as refused:
        acme.apply(desk.pick("E", on="2026-01-03"))
    assert (refused.value.code, refused.value.facts["available"]) == ("not_enough", Quantity(10, "bolt"))
    acme.apply(desk.pick("E", [LineQuantity(1, 6)], on="2026-01-03"))
    with pytest.raises(BizcoreError) as more:
        acme.apply(desk.pick("E", [LineQuantity(2, 5)], on="2026-01-03"))
    assert more.value.code == "not_enough"
    acme.apply(desk.ship("E", on="2026-01-03"))
    acme.apply(desk.pick("E", [LineQuantity(2, 4)], on="2026-01-03"))


def test_where_the_books_may_lag_behind_the_shelf_more_is_picked(acme: Company) -> None:
    acme.apply(acme.put(SupplyPolicies(negative_stock=NegativeStock.PROVISIONAL)))
    acme.apply(acme.supply.issue("bolt", 9, place="wh", on="2026-01-02"))
    acme.apply(acme.supply.pick("D", on="2026-01-03"))
    assert picked(acme)[0] == 8
