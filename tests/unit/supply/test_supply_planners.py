"""Planners of goods, one by one: scopes of policies, reservations, entries made by hand, refusals."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bizcore.book.entry import Entry, Posting
from bizcore.change.changes import Changes
from bizcore.company import Company
from bizcore.kernel.errors import BizcoreError, Refused
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.supply.cost import cost, folded
from bizcore.supply.costmoves import CostMethod
from bizcore.supply.crossings import Unpaired
from bizcore.supply.fulfilment import DeliveryLine, LineQuantity
from bizcore.supply.items import Item
from bizcore.supply.places import Place, pool_of
from bizcore.supply.policies import NegativeStock, SupplyPolicies, policies_for
from bizcore.supply.purchasing import OrderLine, PurchaseOrder, ReceivedLine
from bizcore.supply.reservations import Partial


def eur(text: str) -> Money:
    return Money(text, "EUR")


@pytest.fixture
def acme() -> Company:
    made = Company.create("acme", currency="EUR")
    made.apply(made.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("100")))
    return made


def test_policies_are_the_items_its_categorys_or_the_companys(acme: Company) -> None:
    acme.apply(acme.put(Item(id="bolt", category="metal")))
    acme.apply(acme.put(Item(id="nut", category="metal")))
    for scope, method in (("", CostMethod.LIFO), ("metal", CostMethod.MOVING_AVERAGE), ("bolt", CostMethod.SPECIFIC)):
        acme.apply(acme.put(SupplyPolicies(scope=scope, cost_method=method)))
    found = [policies_for(acme.view(), item, on="2026-01-05").cost_method for item in ("bolt", "nut", "screw")]
    assert found == [CostMethod.SPECIFIC, CostMethod.MOVING_AVERAGE, CostMethod.LIFO]


def test_places_that_are_not_ours_are_outside_every_pool(acme: Company) -> None:
    acme.apply(acme.put(Place(id="at beta", owned=False)))
    view = acme.view()
    assert [pool_of(view, one) for one in ("wh", "at beta", "customer")] == ["main", None, None]
    acme.apply(acme.supply.move("bolt", 4, source="supplier", target="at beta", on="2026-01-06"))
    assert acme.view().balance("cost", "main", "bolt").value == eur("100.00")


def test_a_reservation_is_let_go_or_runs_out(acme: Company) -> None:
    held = acme.apply(
        acme.supply.reserve("bolt", 4, place="wh", on="2026-01-06", for_="order/1", until="2026-01-10")
    ).value
    with pytest.raises(Refused) as early:
        acme.apply(acme.supply.expire(held.id, on="2026-01-10"))
    assert early.value.code == "not_expired"
    assert acme.apply(acme.supply.expire(held.id, on="2026-01-11")).value.state == "expired"
    with pytest.raises(Refused) as again:
        acme.apply(acme.supply.release(held.id, on="2026-01-11"))
    assert again.value.code == "illegal_step"
    assert acme.supply.stock_on_hand()[0, "reserved"].value == Quantity(0, "bolt")


def test_a_partial_reservation_takes_what_there_is_but_not_nothing(acme: Company) -> None:
    part = acme.apply(
        acme.supply.reserve("bolt", 14, place="wh", on="2026-01-06", for_="a", partial=Partial.TAKE)
    ).value
    assert part.quantity == Decimal(10)
    with pytest.raises(Refused) as refused:
        acme.apply(acme.supply.reserve("bolt", 1, place="wh", on="2026-01-06", for_="b", partial=Partial.TAKE))
    assert (refused.value.code, refused.value.facts["available"]) == ("not_enough", Quantity(0, "bolt"))


def test_an_entry_made_by_hand_is_costed_leg_by_leg(acme: Company) -> None:
    """One entry: 4 come for 3.00 in all, 2 of these straight to the customer's place, 1 to scrap from the shelf."""
    view = acme.view()
    legs = [
        Posting("supplier", Quantity(-4, "nut"), dims=Map({"cost": "3.00"})),
        Posting("wh", Quantity(2, "nut")),
        Posting("back", Quantity(2, "nut")),
        Posting("wh", Quantity(-1, "bolt")),
        Posting("scrap", Quantity(1, "bolt")),
    ]
    entry = view.mint(Entry("2026-01-06", legs, book="stock"))
    made = [one for one in cost(view, Changes(entry)).entries if one.book == "cost"]
    values = [(one.account, one.scaled // 10**6, one.worth) for one in made[0].postings]
    assert values == [
        ("main", 2, 150),
        ("supplier", -2, -150),
        ("main", 2, 150),
        ("supplier", -2, -150),
        ("main", -1, -1000),
        ("scrap", 1, 1000),
    ]


def test_moves_inside_a_pool_cost_nothing(acme: Company) -> None:
    changes = acme.plan(acme.supply.transfer("bolt", 3, source="wh", target="shelf", on="2026-01-06"))
    assert [one.book for one in changes.entries] == ["stock"]


def test_reversing_a_receipt_sends_back_that_receipt(acme: Company) -> None:
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-06", cost=eur("300")))
    view = acme.view()
    first = next(entry for entry in _entries(acme, 1) if entry.book == "stock")
    undone = view.mint(first.reversed("2026-01-08"))
    made = next(one for one in cost(view, Changes(undone)).entries if one.book == "cost")
    assert [(one.account, one.worth) for one in made.postings] == [("main", -10000), ("supplier", 10000)]


def _entries(company: Company, position: int) -> tuple[Entry, ...]:
    from bizcore.change import record

    row = next(iter(company._store.log(after=position - 1)))
    return record.entries(row)


def test_what_leaves_before_it_came_is_refused_with_the_date(acme: Company) -> None:
    """On hand today there is enough; on 4 January there was nothing."""
    with pytest.raises(Refused) as refused:
        acme.apply(acme.supply.issue("bolt", 1, place="wh", on="2026-01-04"))
    assert (refused.value.code, refused.value.facts["on"]) == ("not_covered", "2026-01-04")


def test_what_is_passed_on_to_another_pool_is_never_a_guess(acme: Company) -> None:
    acme.apply(acme.put(SupplyPolicies(negative_stock=NegativeStock.PROVISIONAL)))
    acme.apply(acme.put(Place(id="shop", pool="retail")))
    with pytest.raises(Refused) as refused:
        acme.apply(acme.supply.transfer("bolt", 11, source="wh", target="shop", on="2026-01-06"))
    assert refused.value.code in {"floor_broken", "not_covered"}
    with pytest.raises(Refused) as early:
        acme.apply(acme.supply.transfer("bolt", 1, source="wh", target="shop", on="2026-01-04"))
    assert early.value.code == "not_covered"


def test_legs_that_do_not_pair_up_are_refused() -> None:
    """An entry in balance always pairs up; the guard is for entries that do not come from the constructor."""
    assert Unpaired(item="bolt").code == "unpaired"


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda desk: desk.receive("bolt", 1, place="wh", on="2026-01-05", source="nowhere"), "not_outside"),
        (lambda desk: desk.issue("bolt", 1, place="wh", on="2026-01-05", target="shelf"), "not_outside"),
        (lambda desk: desk.transfer("bolt", 1, source="wh", target="customer", on="2026-01-05"), "not_outside"),
        (lambda desk: desk.move("bolt", 1, source="supplier", target="customer", on="2026-01-05"), "not_outside"),
        (lambda desk: desk.issue("bolt", 0, place="wh", on="2026-01-06"), "not_positive"),
        (lambda desk: desk.issue("bolt", 1, place="wh", on="2026-01-06", lot="L9"), "not_enough"),
        (lambda desk: desk.receive_order("none", on="2026-01-06", place="wh"), "document_not_found"),
        (lambda desk: desk.ship("none", on="2026-01-06"), "document_not_found"),
        (lambda desk: desk.take_back("none", on="2026-01-06"), "document_not_found"),
        (lambda desk: desk.cost_of("none/1"), "move_not_found"),
        (lambda desk: desk.receive("bolt", "1E+1000000", place="wh", on="2026-01-05"), "invalid_amount"),
        (lambda desk: desk.receive("bolt", 1, place="wh", on="2026-1-5"), "not_a_date"),
    ],
)
def test_refusals_have_codes_and_write_nothing(acme: Company, act, code: str) -> None:
    before = acme.state_hash()
    with pytest.raises(BizcoreError) as refused:
        acme.apply(act(acme.supply))
    assert (refused.value.code, acme.state_hash()) == (code, before)


def test_steps_of_a_delivery_refuse_more_than_is_left(acme: Company) -> None:
    acme.apply(acme.supply.plan_delivery([DeliveryLine("bolt", 5, "wh")], customer="beta", on="2026-01-06", id="D"))
    for act in (
        acme.supply.pick("D", [LineQuantity(1, 6)], on="2026-01-06"),
        acme.supply.ship("D", [LineQuantity(1, 6)], on="2026-01-06"),
    ):
        with pytest.raises(Refused) as refused:
            acme.apply(act)
        assert refused.value.code == "too_much"
    with pytest.raises(BizcoreError) as missing:
        acme.apply(acme.supply.ship("D", [LineQuantity(2, 1)], on="2026-01-06"))
    assert missing.value.code == "no_delivery_line"
    acme.apply(acme.supply.reserve_delivery("D", on="2026-01-06"))
    with pytest.raises(Refused) as twice:
        acme.apply(acme.supply.reserve_delivery("D", on="2026-01-06"))
    assert twice.value.code == "nothing_to_do"
    acme.apply(acme.supply.cancel_delivery("D", on="2026-01-07"))
    assert acme.supply.stock_on_hand()[0, "reserved"].value == Quantity(0, "bolt")


def test_a_tolerance_lets_more_be_received(acme: Company) -> None:
    acme.apply(acme.put(SupplyPolicies(over_receipt="5")))
    order = PurchaseOrder(id="po", supplier="ace", on="2026-01-02", currency="EUR", lines=[OrderLine("nut", 100, 1)])
    acme.apply(acme.supply.order(order))
    acme.apply(acme.supply.receive_order("po", [ReceivedLine(1, 105)], on="2026-01-05", place="wh"))
    assert acme.supply.purchase_orders["po"].state == "received"
    with pytest.raises(Refused) as refused:
        acme.apply(acme.supply.receive_order("po", [ReceivedLine(1, 1)], on="2026-01-05", place="wh"))
    assert refused.value.code == "over_received"


def test_a_verb_goes_through_json(acme: Company) -> None:
    act = acme.supply.receive_order("po", [ReceivedLine(1, "2.5", rejected=1)], on="2026-01-05", place="wh", rate="0.9")
    assert acme.act(act.to_json()) == act


def test_layers_kept_give_the_same_as_folding_again(acme: Company) -> None:
    """After a series at the end of time the kept layers answer; a lost one only costs time."""
    for at in range(5):
        acme.apply(acme.supply.receive("bolt", 3, place="wh", on=f"2026-02-0{at + 1}", cost=eur(f"1{at}.01")))
        acme.apply(acme.supply.issue("bolt", 4, place="wh", on=f"2026-02-0{at + 1}"))
    kept = acme.view().derived("cost.layers", "main/bolt")
    assert kept is not None
    assert kept[1] == acme.view().balance("cost", "main", "bolt").position
    fold = folded(acme.view(), "main", "bolt", on="2026-02-05")
    assert fold.value == acme.view().balance("cost", "main", "bolt").value.minor
