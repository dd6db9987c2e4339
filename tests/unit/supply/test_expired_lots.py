"""Expired goods are there, but not available: they leave to scrap or back to the supplier, never to a customer."""

from __future__ import annotations

import pytest

from bizcore.change.changes import FloorBroken
from bizcore.company import Company
from bizcore.kernel.errors import BizcoreError, Refused
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.supply.fulfilment import DeliveryLine, LineQuantity
from bizcore.supply.movements import MoveLine
from bizcore.supply.policies import NegativeStock, SupplyPolicies
from bizcore.supply.reservations import Partial
from bizcore.supply.stock import NotEnough


@pytest.fixture
def acme() -> Company:
    """Ten of milk that expire on 10 January, four that keep until March; a delivery of six on 1 February."""
    made = Company.create("acme", currency="EUR")
    for key, lot, quantity, expiry in (("old", "L1", 10, "2026-01-10"), ("new", "L2", 4, "2026-03-10")):
        receipt = made.supply.receive(
            "milk", quantity, place="wh", on="2026-01-01", cost=Money("10", "EUR"), lot=lot, expiry=expiry
        )
        made.apply(receipt, key=key)
    made.apply(made.supply.plan_delivery([DeliveryLine("milk", 6, "wh")], customer="beta", on="2026-02-01", id="D"))
    return made


def shown(acme: Company, at: str) -> list[object]:
    table = acme.supply.stock_on_hand(at=at)
    return [table[0, one].value for one in ("on_hand", "reserved", "available")]


def milk(*amounts: int) -> list[Quantity]:
    return [Quantity(one, "milk") for one in amounts]


def test_what_is_available_on_a_day_has_not_expired_by_then(acme: Company) -> None:
    assert shown(acme, "2026-01-10") == milk(14, 0, 14)
    assert shown(acme, "2026-02-01") == milk(14, 0, 4)
    acme.apply(acme.supply.issue("milk", 10, place="wh", on="2026-02-05", lot="L1", target="scrap"))
    acme.apply(acme.supply.issue("milk", 4, place="wh", on="2026-02-05"))
    acme.apply(acme.supply.receive("milk", 1, place="wh", on="2026-02-06", cost=Money("1", "EUR")))
    assert shown(acme, "2026-02-04") == milk(14, 0, 4)
    assert shown(acme, "2026-02-06") == milk(1, 0, 1)


def test_what_came_later_does_not_leave_on_an_earlier_day() -> None:
    """First expiry first, of what was there: a lot that came on the 20th leaves nobody short on the 10th."""
    acme = Company.create("acme", currency="EUR")
    desk = acme.supply
    acme.apply(desk.receive("milk", 5, place="wh", on="2026-01-20", lot="L2", expiry="2026-02-01"))
    acme.apply(desk.receive("milk", 5, place="wh", on="2026-01-05", lot="L1", expiry="2026-03-01"))
    left = acme.apply(desk.issue("milk", 3, place="wh", on="2026-01-10")).value
    assert [(line.lot, line.quantity) for line in left.lines] == [("L1", 3)]
    with pytest.raises(NotEnough) as refused:
        acme.plan(desk.issue("milk", 3, place="wh", on="2026-01-10"))
    assert refused.value.facts["available"] == Quantity(2, "milk")
    with pytest.raises(NotEnough):
        acme.plan(desk.issue("milk", 1, place="wh", on="2026-01-10", lot="L2"))
    assert [line.lot for line in acme.plan(desk.issue("milk", 6, place="wh", on="2026-01-20")).value.lines] == [
        "L2",
        "L1",
    ]
    # Of L2 some was there before, as became known later; and some of that has left since.
    acme.apply(desk.receive("milk", 4, place="wh", on="2026-01-02", lot="L2", expiry="2026-02-01"))
    acme.apply(desk.issue("milk", 1, place="wh", on="2026-01-12", lot="L2"))
    left = acme.apply(desk.issue("milk", 4, place="wh", on="2026-01-10")).value
    assert [(line.lot, line.quantity) for line in left.lines] == [("L2", 3), ("L1", 1)]
    acme.apply(acme.put(SupplyPolicies(negative_stock=NegativeStock.PROVISIONAL)))
    assert acme.plan(desk.issue("milk", 2, place="wh", on="2026-01-03")).value.lines[0].lot == "L2"


def test_what_has_expired_is_not_kept_for_anybody(acme: Company) -> None:
    desk = acme.supply
    with pytest.raises(FloorBroken):
        acme.apply(desk.reserve("milk", 5, place="wh", on="2026-02-01", for_="x"))
    with pytest.raises(FloorBroken):
        acme.apply(desk.reserve_delivery("D", on="2026-02-01"))
    held = acme.apply(desk.reserve("milk", 5, place="wh", on="2026-02-01", for_="x", partial=Partial.TAKE)).value
    assert held.quantity == 4
    with pytest.raises(FloorBroken):
        acme.apply(desk.issue("milk", 1, place="wh", on="2026-02-01"))
    acme.apply(desk.issue("milk", 3, place="wh", on="2026-02-01", lot="L1", target="scrap"))
    acme.apply(desk.release(held.id, on="2026-02-02"))
    assert acme.apply(desk.reserve_delivery("D", on="2026-02-02", partial=Partial.TAKE)).value.lines[0].reserved == 4


@pytest.mark.parametrize("reserved_before", [0, 6])
def test_in_part_what_is_usable_is_shipped(acme: Company, reserved_before: int) -> None:
    """Also when what was reserved in time has expired since."""
    desk = acme.supply
    if reserved_before:
        acme.apply(desk.reserve_delivery("D", on="2026-01-05"))
        acme.apply(desk.reserve("milk", 2, place="wh", on="2026-01-05", for_="another"))
    sent = acme.apply(desk.ship("D", on="2026-02-01", partial=Partial.TAKE)).value
    assert [(one.lot, one.quantity) for one in sent.lines] == [("L2", 4)]
    with pytest.raises(Refused) as nothing:
        acme.apply(desk.ship("D", on="2026-02-01", partial=Partial.TAKE))
    assert nothing.value.code == "nothing_to_do"


@pytest.mark.parametrize("negative", NegativeStock)
def test_a_customer_gets_nothing_that_has_expired(acme: Company, negative: NegativeStock) -> None:
    acme.apply(acme.put(SupplyPolicies(negative_stock=negative)))
    desk = acme.supply
    line = MoveLine("milk", 1, lot="L1")
    for act in (
        desk.issue("milk", 1, place="wh", on="2026-01-11", lot="L1"),
        desk.issue_lines([line], place="wh", on="2026-01-11"),
        desk.move("milk", 1, source="wh", target="customer", on="2026-01-11", lot="L1"),
    ):
        with pytest.raises(BizcoreError) as refused:
            acme.apply(act)
        assert (refused.value.code, refused.value.facts["lot"]) == ("expired_lot", "L1")
    acme.apply(desk.issue("milk", 1, place="wh", on="2026-01-10", lot="L1"))
    acme.apply(desk.transfer("milk", 1, source="wh", target="quarantine", on="2026-01-11", lot="L1"))
    acme.apply(desk.issue("milk", 2, place="wh", on="2026-01-11", lot="L1", target="scrap"))
    acme.apply(desk.return_to_vendor("old#1", [LineQuantity(1, 3)], on="2026-01-11"))
    assert shown(acme, "2026-01-11")[2] == Quantity(0, "milk")
