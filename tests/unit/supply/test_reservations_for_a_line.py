"""A reservation made by hand for a delivery's line is that line's: counted on it, of its goods, within what is open."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bizcore.company import Company
from bizcore.flow.lifecycle import IllegalStep
from bizcore.kernel.money import Money
from bizcore.supply.fulfilment import Delivery, DeliveryLine, NoDeliveryLine, TooMuch
from bizcore.supply.keeping import OtherGoods
from bizcore.supply.movements import MoveLine
from bizcore.supply.reservations import Reservation


@pytest.fixture
def acme() -> Company:
    made = Company.create("acme", currency="EUR")
    goods = [MoveLine(item, 10, cost=Money("10", "EUR")) for item in ("bolt", "nut")]
    made.apply(made.supply.receive_lines(goods, place="w", on="2026-01-01"))
    made.apply(made.supply.receive("bolt", 10, place="x", on="2026-01-01", cost=Money("10", "EUR")))
    lines = [DeliveryLine("bolt", 5, "w"), DeliveryLine("nut", 2, "w")]
    made.apply(made.supply.plan_delivery(lines, customer="beta", on="2026-01-02", id="D"))
    return made


def reserve(acme: Company, item: str, quantity: int, for_: str, place: str = "w") -> Reservation:
    made: Reservation = acme.apply(acme.supply.reserve(item, quantity, place=place, on="2026-01-03", for_=for_)).value
    return made


def delivery(acme: Company) -> Delivery:
    found: Delivery = acme.supply.deliveries["D"]
    return found


def test_it_is_counted_on_the_line_and_used_by_its_shipment(acme: Company) -> None:
    held = reserve(acme, "bolt", 3, "D/01")
    assert (held.for_, held.origins) == ("D/1", (delivery(acme).ref,))
    assert [one.reserved for one in delivery(acme).lines] == [3, 0]
    acme.apply(acme.supply.reserve_delivery("D", on="2026-01-04"))
    assert [one.reserved for one in delivery(acme).lines] == [5, 2]
    acme.apply(acme.supply.release(held.id, on="2026-01-04"))
    assert [one.reserved for one in delivery(acme).lines] == [2, 2]
    acme.apply(acme.supply.ship("D", on="2026-01-05"))
    assert acme.view().balance("reserved", "w", "bolt").amount.amount == 0


def test_no_more_than_is_open_and_not_kept_yet(acme: Company) -> None:
    reserve(acme, "bolt", 3, "D/1")
    with pytest.raises(TooMuch) as refused:
        reserve(acme, "bolt", 3, "D/1")
    assert (refused.value.facts["step"], refused.value.facts["left"]) == ("reserve", Decimal(2))


@pytest.mark.parametrize(("item", "place"), [("nut", "w"), ("bolt", "x")])
def test_other_goods_are_not_kept_for_it(acme: Company, item: str, place: str) -> None:
    with pytest.raises(OtherGoods) as refused:
        reserve(acme, item, 1, "D/1", place)
    assert (refused.value.facts["item"], refused.value.facts["place"]) == ("bolt", "w")


def test_a_line_that_is_not_there_or_done_keeps_nothing(acme: Company) -> None:
    with pytest.raises(NoDeliveryLine):
        reserve(acme, "bolt", 1, "D/3")
    acme.apply(acme.supply.ship("D", on="2026-01-05"))
    with pytest.raises(IllegalStep):
        reserve(acme, "bolt", 1, "D/1")
    assert reserve(acme, "bolt", 1, "another/1").for_ == "another/1"
