"""Goods, told as a storekeeper would: what came, what went, what it cost, what came back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bizcore.change.locks import LockKind
from bizcore.company import Company
from bizcore.kernel.errors import Refused
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.supply.costmoves import BackDating, CostMethod
from bizcore.supply.fulfilment import Delivery, DeliveryLine, LineQuantity
from bizcore.supply.items import Item
from bizcore.supply.places import Place
from bizcore.supply.policies import NegativeStock, SupplyPolicies
from bizcore.supply.purchasing import OrderLine, PurchaseOrder, ReceivedLine
from bizcore.supply.reports import conserved, stock_equals_cost, worthless_or_held
from bizcore.supply.reservations import Partial


def eur(text: str) -> Money:
    return Money(text, "EUR")


@pytest.fixture
def acme() -> Company:
    return Company.create("acme", currency="EUR")


def value(company: Company, pool: str = "main", item: str = "bolt") -> Money:
    return company.view().balance("cost", pool, item).value


def cost_postings(company: Company, account: str) -> list[tuple[str, int]]:
    from bizcore.change.reading import PostingQuery

    rows = company.view().postings(PostingQuery(book="cost", account=account))
    return sorted((row.on, row.value) for row in rows if row.value)


def check(company: Company) -> None:
    view = company.view()
    assert (stock_equals_cost(view), conserved(view), worthless_or_held(view)) == ((), (), ())


def test_goods_are_ordered_come_in_part_and_in_part_go_back_the_same_day(acme: Company) -> None:
    """100 bolts ordered at 0.123: 60 come, 5 are rejected; the 55 that stay cost 55 x 0.123 = 6.77 exactly."""
    order = PurchaseOrder(supplier="ace", on="2026-01-02", currency="EUR", lines=[OrderLine("bolt", 100, "0.123")])
    sent = acme.apply(acme.supply.order(order)).value
    acme.apply(acme.supply.receive_order(sent.id, [ReceivedLine(1, 60, 5)], on="2026-01-05", place="wh"))
    assert (acme.view().balance("stock", "wh", "bolt").amount, value(acme)) == (Quantity(55, "bolt"), eur("6.77"))
    partly = acme.supply.purchase_orders[sent.id]
    assert (partly.state, partly.lines[0].open, partly.lines[0].accepted) == ("ordered", Decimal(45), Decimal(55))
    acme.apply(acme.supply.receive_order(sent.id, on="2026-01-09", place="wh"))
    assert acme.supply.purchase_orders[sent.id].state == "received"
    assert acme.apply(acme.supply.close_order(sent.id)).value.state == "closed"
    check(acme)


def test_an_order_in_dollars_needs_a_rate_or_a_stated_cost(acme: Company) -> None:
    order = PurchaseOrder(
        id="po", supplier="ace", on="2026-01-02", currency="USD", lines=[OrderLine("bolt", 10, "1.11")]
    )
    acme.apply(acme.supply.order(order))
    with pytest.raises(ValueError, match="give rate"):
        acme.apply(acme.supply.receive_order("po", on="2026-01-05", place="wh"))
    acme.apply(acme.supply.receive_order("po", [ReceivedLine(1, 4)], on="2026-01-05", place="wh", rate="0.9"))
    assert value(acme) == eur("4.00")
    line = ReceivedLine(1, 6, cost=eur("5.50"))
    acme.apply(acme.supply.receive_order("po", [line], on="2026-01-06", place="wh"))
    assert value(acme) == eur("9.50")


def test_an_order_goods_came_of_is_closed_not_cancelled(acme: Company) -> None:
    order = PurchaseOrder(id="po", supplier="ace", on="2026-01-02", currency="EUR", lines=[OrderLine("bolt", 10, 1)])
    acme.apply(acme.supply.draft_order(order))
    assert acme.supply.purchase_orders["po"].number == ""
    assert acme.apply(acme.supply.confirm_order("po")).value.number == "PO-2026-000001"
    acme.apply(acme.supply.receive_order("po", [ReceivedLine(1, 4)], on="2026-01-05", place="wh"))
    with pytest.raises(Refused) as refused:
        acme.apply(acme.supply.cancel_order("po"))
    assert (refused.value.code, refused.value.allowed) == ("goods_came", ("close",))


def test_a_delivery_is_reserved_picked_shipped_in_parts_and_the_rest_cancelled(acme: Company) -> None:
    """70 wanted, 50 there: 50 kept and shipped, 20 on backorder; 8 more come and go, 12 are cancelled."""
    acme.apply(acme.supply.receive("bolt", 50, place="wh", on="2026-01-05", cost=eur("50.00")))
    lines = [DeliveryLine("bolt", 70, "wh", source="order/1")]
    plan = acme.apply(acme.supply.plan_delivery(lines, customer="beta", on="2026-01-06", due="2026-01-20")).value
    acme.apply(acme.supply.reserve_delivery(plan.id, on="2026-01-06", partial=Partial.TAKE))
    assert acme.supply.stock_on_hand()[0, "available"].value == Quantity(0, "bolt")
    with pytest.raises(Refused) as refused:  # reserved goods do not leave for somebody else
        acme.apply(acme.supply.issue("bolt", 1, place="wh", on="2026-01-07"))
    assert refused.value.code == "floor_broken"
    acme.apply(acme.supply.pick(plan.id, [LineQuantity(1, 50)], on="2026-01-07"))
    first = acme.apply(acme.supply.ship(plan.id, on="2026-01-07", partial=Partial.TAKE)).value
    assert (first.number, first.party, first.lines[0].quantity) == ("SH-2026-000001", "beta", Decimal(50))
    assert acme.supply.deliveries[plan.id].backorder == ((1, Decimal(20)),)
    acme.apply(acme.supply.receive("bolt", 8, place="wh", on="2026-01-10", cost=eur("16.00")))
    acme.apply(acme.supply.ship(plan.id, [LineQuantity(1, 8)], on="2026-01-11"))
    done = acme.apply(acme.supply.cancel_delivery(plan.id, on="2026-01-12")).value
    line = done.lines[0]
    assert (done.state, line.quantity) == ("cancelled", line.open + line.shipped + line.cancelled)
    assert (line.shipped, line.cancelled, line.reserved) == (Decimal(58), Decimal(12), Decimal(0))
    check(acme)


def test_a_delivery_shipped_whole_is_done(acme: Company) -> None:
    acme.apply(acme.supply.receive("bolt", 5, place="wh", on="2026-01-05", cost=eur("5.00")))
    plan = acme.apply(
        acme.supply.plan_delivery([DeliveryLine("bolt", 5, "wh")], customer="beta", on="2026-01-06", id="D1")
    ).value
    acme.apply(acme.supply.reserve_delivery(plan.id, on="2026-01-06"))
    acme.apply(acme.supply.ship("D1", on="2026-01-07"))
    assert acme.get(Delivery, "D1").state == "done"
    assert [one.state for one in acme.supply.reservations] == ["consumed"]
    with pytest.raises(Refused) as refused:
        acme.apply(acme.supply.ship("D1", on="2026-01-08"))
    assert refused.value.code == "illegal_step"


def test_a_customer_sends_back_no_more_than_was_shipped_at_the_cost_it_left(acme: Company) -> None:
    acme.apply(acme.supply.receive("bolt", 3, place="wh", on="2026-01-05", cost=eur("1.00")))
    acme.apply(acme.supply.plan_delivery([DeliveryLine("bolt", 2, "wh")], customer="beta", on="2026-01-06", id="D1"))
    sent = acme.apply(acme.supply.ship("D1", on="2026-01-07")).value
    acme.apply(acme.supply.receive("bolt", 3, place="wh", on="2026-01-08", cost=eur("90.00")))
    acme.apply(acme.supply.take_back(sent.id, [LineQuantity(1, 1)], on="2026-01-09"))
    # 2 left for 0.67; the first comes back for 0.34 (half, away from zero), the second for the 0.33 that is left.
    assert value(acme) == eur("90.67")
    assert acme.get(Delivery, "D1").lines[0].returned == Decimal(1)
    acme.apply(acme.supply.take_back(sent.id, on="2026-01-10"))
    assert value(acme) == eur("91.00")
    with pytest.raises(Refused) as refused:
        acme.apply(acme.supply.take_back(sent.id, [LineQuantity(1, 1)], on="2026-01-11"))
    assert refused.value.code == "returned_more"
    check(acme)


def test_goods_sent_back_under_an_average_leave_a_purchase_variance(acme: Company) -> None:
    """1 at 10 and 1 at 20: the first goes back at the average of 15, the supplier owes 10, 5 is a variance."""
    acme.apply(acme.put(SupplyPolicies(cost_method=CostMethod.MOVING_AVERAGE)))
    first = acme.apply(acme.supply.receive("bolt", 1, place="wh", on="2026-01-05", cost=eur("10"))).value
    acme.apply(acme.supply.receive("bolt", 1, place="wh", on="2026-01-06", cost=eur("20")))
    acme.apply(acme.supply.return_to_vendor(first.id, on="2026-01-07"))
    assert value(acme) == eur("15.00")
    assert value(acme, "supplier") == eur("-20.00")
    assert value(acme, "variance") == eur("5.00")
    check(acme)


def test_a_back_dated_receipt_restates_what_left_later(acme: Company) -> None:
    """10 at 20 on the 6th, 5 leave on the 9th for 100; then 10 at 5 turn up dated the 2nd: they left, for 25."""
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-06", cost=eur("200")))
    sent = acme.apply(acme.supply.issue("bolt", 5, place="wh", on="2026-01-09")).value
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-02", cost=eur("50")))
    assert cost_postings(acme, "customer") == [("2026-01-09", -7500), ("2026-01-09", 10000)]
    assert value(acme) == eur("225.00")
    assert acme.supply.cost_of(sent.move_ref(1)).result == "25.00 EUR"
    assert acme.as_known(2).supply.stock_valuation()[0, "value"].value == eur("100.00")
    check(acme)


def test_correct_today_leaves_what_left_as_it_was(acme: Company) -> None:
    acme.apply(acme.put(SupplyPolicies(back_dating=BackDating.CORRECT_TODAY)))
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-06", cost=eur("200")))
    acme.apply(acme.supply.issue("bolt", 5, place="wh", on="2026-01-09"))
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-02", cost=eur("50")))
    assert cost_postings(acme, "customer") == [("2026-01-09", 10000)]
    assert value(acme) == eur("150.00")


def test_another_cost_method_restates_locked_dates_at_the_first_open_one(acme: Company) -> None:
    """FIFO took 10 of 30 for the first issue; the average takes 15. January is locked: the 5 are booked on 1 February."""
    acme.apply(acme.supply.receive("bolt", 1, place="wh", on="2026-01-05", cost=eur("10")))
    acme.apply(acme.supply.receive("bolt", 1, place="wh", on="2026-01-06", cost=eur("20")))
    acme.apply(acme.supply.issue("bolt", 1, place="wh", on="2026-01-09"))
    acme.apply(acme.finance.lock(kind=LockKind.STOCK, upto="2026-01-31"))
    acme.apply(acme.put(SupplyPolicies(cost_method=CostMethod.MOVING_AVERAGE)))
    late = acme.supply.receive("bolt", 1, place="wh", on="2026-02-10", cost=eur("30"))
    restated = [one for one in acme.plan(late).entries if one.about is not None and one.book == "cost"]
    assert [(str(one.on), str(one.about), one.value) for one in restated] == [("2026-02-01", "2026-01-09", eur("5.00"))]
    acme.apply(late)
    assert value(acme) == eur("45.00")
    again = acme.plan(acme.supply.receive("bolt", 1, place="wh", on="2026-02-11", cost=eur("30")))
    assert not [one for one in again.entries if one.about is not None]
    check(acme)


def test_goods_issued_before_they_came_are_settled_by_the_receipt(acme: Company) -> None:
    """10 at 10, 15 leave (5 of them at a provisional 10); 15 come at 15: 25 more for the 5, in the month they came."""
    acme.apply(acme.put(SupplyPolicies(negative_stock=NegativeStock.PROVISIONAL)))
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("100")))
    acme.apply(acme.supply.issue("bolt", 15, place="wh", on="2026-01-06"))
    assert value(acme) == eur("-50.00")
    acme.apply(acme.supply.receive("bolt", 15, place="wh", on="2026-02-03", cost=eur("225")))
    assert value(acme) == eur("150.00")
    assert cost_postings(acme, "customer") == [("2026-01-06", 15000), ("2026-02-03", 2500)]
    check(acme)


def test_boxes_are_counted_in_pieces_and_expired_lots_stay(acme: Company) -> None:
    acme.apply(acme.put(Item(id="milk", unit="PCE", packaging={"box": 12})))
    desk = acme.supply
    acme.apply(
        desk.receive("milk", 1, unit="box", place="wh", on="2026-01-05", cost=eur("12"), lot="A", expiry="2026-01-20")
    )
    acme.apply(
        desk.receive("milk", 1, unit="box", place="wh", on="2026-01-06", cost=eur("24"), lot="B", expiry="2026-01-10")
    )
    issued = acme.apply(desk.issue("milk", 15, place="wh", on="2026-01-10")).value
    assert [(one.lot, one.quantity) for one in issued.lines] == [("B", Decimal(12)), ("A", Decimal(3))]
    with pytest.raises(Refused) as refused:
        acme.apply(desk.issue("milk", 5, place="wh", on="2026-01-21"))
    assert (refused.value.code, refused.value.facts["available"]) == ("not_enough", Quantity(0, "milk"))
    scrapped = acme.apply(desk.issue("milk", 9, place="wh", on="2026-01-21", target="scrap", lot="A")).value
    assert scrapped.lines[0].lot == "A"
    check(acme)


def test_goods_carried_to_a_shop_of_its_own_pool_take_their_cost_along(acme: Company) -> None:
    acme.apply(acme.put(Place(id="shop", pool="retail")))
    acme.apply(acme.supply.receive("bolt", 3, place="wh", on="2026-01-05", cost=eur("1.00")))
    acme.apply(acme.supply.transfer("bolt", 1, source="wh", target="shop", on="2026-01-06"))
    acme.apply(acme.supply.transfer("bolt", 1, source="wh", target="backroom", on="2026-01-06"))
    assert (value(acme), value(acme, "retail")) == (eur("0.67"), eur("0.33"))
    rows = {(row["pool"], row["item"]): row["value"] for row in acme.supply.stock_valuation()}
    assert rows == {("main", "bolt"): eur("0.67"), ("retail", "bolt"): eur("0.33")}
    check(acme)


def test_what_is_found_comes_in_at_the_current_cost(acme: Company) -> None:
    acme.apply(acme.supply.receive("bolt", 4, place="wh", on="2026-01-05", cost=eur("10.00")))
    acme.apply(acme.supply.adjust("bolt", 2, place="wh", on="2026-01-06"))
    assert value(acme) == eur("15.00")
    acme.apply(acme.supply.adjust("bolt", -6, place="wh", on="2026-01-07"))
    assert value(acme) == eur("0.00")


def test_the_postings_behind_each_value_sum_to_it(acme: Company) -> None:
    acme.apply(acme.supply.receive("bolt", 3, place="wh", on="2026-01-05", cost=eur("1.00")))
    acme.apply(acme.supply.issue("bolt", 1, place="wh", on="2026-01-06"))
    table = acme.supply.stock_valuation()
    behind = table[0, "value"].postings
    assert Money.sum((row["value"] for row in behind), "EUR") == table[0, "value"].value
    assert acme.supply.stock_on_hand(at="2026-01-05")[0, "on_hand"].value == Quantity(3, "bolt")
    assert acme.supply.stock_valuation(at="2026-01-05")[0, "value"].value == eur("1.00")
