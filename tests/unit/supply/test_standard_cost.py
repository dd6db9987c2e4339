"""Standard cost: what goods are worth, and where the difference to what they were bought for goes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bizcore.change.locks import LockKind
from bizcore.cli.checks import checks
from bizcore.company import Company
from bizcore.kernel.exact import NotPositive
from bizcore.kernel.money import Money
from bizcore.supply.costmoves import BackDating, CostMethod, NeedsStandards
from bizcore.supply.movements import NegativeCost
from bizcore.supply.places import Place, ReservedName
from bizcore.supply.policies import NegativeStock, SupplyPolicies
from bizcore.supply.purchasing import OrderLine, PurchaseOrder, ReceivedLine
from bizcore.supply.standards import NoStandard
from bizcore.supply.stock import ForeignCost
from bizcore.supply.timeline import Timeline

INVENTORY, GRNI, SALES, VARIANCE, REVALUED, FOUND = "1400", "2050", "5000", "5100", "5150", "5200"


def eur(text: str) -> Money:
    return Money(text, "EUR")


def company(**policies: Any) -> Company:
    """A bolt is to cost 12.00 from the first of January on."""
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(SupplyPolicies(cost_method=CostMethod.STANDARD, **policies)))
    acme.apply(acme.supply.set_standard("bolt", eur("12"), since="2026-01-01"))
    return acme


def held(acme: Company, *accounts: str, at: str | None = None) -> list[str]:
    """What accounts hold at the end of a day; all checks are green."""
    assert [one.name for one in checks(acme) if not one.ok] == []
    table = acme.finance.trial_balance(at=at)
    known = table.column("account")
    return [str(table[one, "balance"].value.amount) if one in known else "0.00" for one in accounts]


def test_what_is_bought_at_another_price_leaves_a_purchase_variance() -> None:
    acme = company()
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("130")))
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-06", cost=eur("115")))
    acme.apply(acme.supply.issue("bolt", 5, place="wh", on="2026-01-07"))
    assert held(acme, INVENTORY, GRNI, SALES, VARIANCE) == ["180.00", "-245.00", "60.00", "5.00"]


def test_a_new_standard_revalues_what_is_held_on_its_day_and_what_left_later() -> None:
    acme = company()
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("120")))
    acme.apply(acme.supply.issue("bolt", 4, place="wh", on="2026-01-20"))
    changes = acme.plan(acme.supply.set_standard("bolt", eur("13"), since="2026-01-10"))
    assert [(one.book, one.on.day) for one in changes.entries] == [
        ("cost", 10), ("cost", 20), ("journal", 10), ("journal", 20)
    ]  # fmt: skip
    acme.apply(changes)
    assert held(acme, INVENTORY, SALES, REVALUED, VARIANCE) == ["78.00", "52.00", "-10.00", "0.00"]
    assert held(acme, INVENTORY, REVALUED, at="2026-01-09") == ["120.00", "0.00"]


def test_a_standard_of_a_day_to_come_follows_what_is_held_by_then() -> None:
    acme = company()
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("120")))
    acme.apply(acme.supply.set_standard("bolt", eur("13"), since="2026-03-01"))
    acme.apply(acme.supply.issue("bolt", 4, place="wh", on="2026-01-06"))
    assert held(acme, INVENTORY, REVALUED, at="2026-02-28") == ["72.00", "0.00"]
    assert held(acme, INVENTORY, REVALUED, at="2026-03-01") == ["78.00", "-6.00"]


def test_a_standard_finer_than_a_cent_and_in_a_currency_without_cents() -> None:
    """odoo/odoo, case SUP-045: what a receipt put in leaves with the issue."""
    acme = company()
    acme.apply(acme.supply.set_standard("screw", eur("12.50"), since="2026-01-01", per=1000))
    acme.apply(acme.supply.receive("screw", 3, place="wh", on="2026-01-05", cost=eur("0.04")))
    assert held(acme, INVENTORY, VARIANCE) == ["0.04", "0.00"]
    yen = Company.create("yen", currency="JPY")
    yen.apply(yen.put(SupplyPolicies(cost_method=CostMethod.STANDARD)))
    yen.apply(yen.supply.set_standard("rice", Money(3, "JPY"), since="2026-01-01"))
    yen.apply(yen.supply.receive("rice", "0.5", place="wh", on="2026-01-05", cost=Money(2, "JPY")))
    yen.apply(yen.supply.issue("rice", "0.5", place="wh", on="2026-01-06"))
    assert held(yen, INVENTORY, SALES) == ["0", "2"]


def test_goods_sent_back_take_their_purchase_variance_along() -> None:
    acme = company()
    bought = acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("130"))).value
    acme.apply(acme.supply.set_standard("bolt", eur("14"), since="2026-01-06"))
    for day in ("2026-01-07", "2026-01-08"):
        acme.apply(acme.supply.issue("bolt", 5, place="wh", on=day, target="supplier", of=f"{bought.id}/1"))
    # Bought and sent back at 130; in at 120 and out at 140.
    assert held(acme, INVENTORY, GRNI, VARIANCE, REVALUED) == ["0.00", "0.00", "20.00", "-20.00"]


def test_goods_a_customer_sends_back_cost_him_what_they_left_at() -> None:
    acme = company()
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("120")))
    sold = acme.apply(acme.supply.issue("bolt", 10, place="wh", on="2026-01-06")).value
    acme.apply(acme.supply.set_standard("bolt", eur("13"), since="2026-01-07"))
    back = acme.supply.receive("bolt", 4, place="wh", on="2026-01-08", source="customer", of=f"{sold.id}/1")
    acme.apply(back)
    assert held(acme, INVENTORY, SALES, REVALUED) == ["52.00", "72.00", "-4.00"]


def test_between_pools_of_other_methods_nothing_is_lost() -> None:
    acme = company()
    acme.apply(acme.put(Place(id="shop", pool="retail")))
    acme.apply(acme.put(SupplyPolicies(scope="retail", cost_method=CostMethod.FIFO)))
    acme.apply(acme.supply.receive("bolt", 10, place="shop", on="2026-01-05", cost=eur("100")))
    acme.apply(acme.supply.transfer("bolt", 5, source="shop", target="wh", on="2026-01-06"))
    assert held(acme, INVENTORY, REVALUED) == ["110.00", "-10.00"]
    acme.apply(acme.supply.transfer("bolt", 5, source="wh", target="shop", on="2026-01-07"))
    assert held(acme, INVENTORY, REVALUED) == ["110.00", "-10.00"]
    # A dearer purchase of an earlier day: what passed through the other pool follows, and ends in the revaluation.
    acme.apply(acme.supply.receive("bolt", 5, place="shop", on="2026-01-04", cost=eur("75")))
    assert held(acme, INVENTORY, REVALUED) == ["160.00", "15.00"]


def test_below_zero_goods_are_short_at_standard_and_a_cover_leaves_a_purchase_variance() -> None:
    acme = company(negative_stock=NegativeStock.PROVISIONAL)
    acme.apply(acme.supply.issue("bolt", 5, place="wh", on="2026-01-05"))
    assert held(acme, INVENTORY, SALES) == ["-60.00", "60.00"]
    acme.apply(acme.supply.set_standard("bolt", eur("13"), since="2026-01-06"))
    acme.apply(acme.supply.receive("bolt", 8, place="wh", on="2026-01-07", cost=eur("80")))
    assert held(acme, INVENTORY, SALES, REVALUED, VARIANCE) == ["39.00", "60.00", "5.00", "-24.00"]


def test_a_method_that_changes_to_standard_revalues_and_one_that_leaves_it_does_not() -> None:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(SupplyPolicies(since="2026-02-01", cost_method=CostMethod.STANDARD)))
    acme.apply(acme.put(SupplyPolicies(since="2026-03-01", cost_method=CostMethod.FIFO)))
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("100")))
    acme.apply(acme.supply.set_standard("bolt", eur("12"), since="2026-01-01"))
    assert held(acme, INVENTORY, REVALUED, at="2026-01-31") == ["100.00", "0.00"]
    assert held(acme, INVENTORY, REVALUED, at="2026-02-01") == ["120.00", "-20.00"]
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-03-05", cost=eur("200")))
    acme.apply(acme.supply.issue("bolt", 15, place="wh", on="2026-03-06"))
    assert held(acme, INVENTORY, SALES, VARIANCE) == ["100.00", "220.00", "0.00"]


def test_a_method_that_is_put_revalues_with_the_next_move_or_when_the_standard_is_set_again() -> None:
    for again in (True, False):
        acme = Company.create("acme", currency="EUR")
        acme.apply(acme.supply.set_standard("bolt", eur("12"), since="2026-01-01"))
        acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("100")))
        for since in ("2026-02-01", None):
            acme.apply(acme.put(SupplyPolicies(since=since, cost_method=CostMethod.STANDARD)))
            assert held(acme, INVENTORY) == ["100.00"]
        if again:
            acme.apply(acme.supply.set_standard("bolt", eur("12"), since="2026-01-01"))
        else:
            acme.apply(acme.supply.receive("bolt", 1, place="wh", on="2026-03-05", cost=eur("12")))
        assert held(acme, INVENTORY, VARIANCE, at="2026-01-05") == ["120.00", "-20.00"]


def test_a_method_put_after_the_last_move_for_a_later_day_is_booked_on_that_day() -> None:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.supply.set_standard("bolt", eur("12"), since="2026-01-20"))
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("100")))
    acme.apply(acme.put(SupplyPolicies(since="2026-02-01", cost_method=CostMethod.STANDARD)))
    assert held(acme, INVENTORY) == ["100.00"]
    acme.apply(acme.supply.set_standard("bolt", eur("12"), since="2026-01-20"))
    assert [held(acme, INVENTORY, at=on) for on in ("2026-01-31", "2026-02-01")] == [["100.00"], ["120.00"]]


def test_where_late_moves_are_valued_as_they_become_known_the_standard_is_that_of_today() -> None:
    acme = company(back_dating=BackDating.CORRECT_TODAY)
    acme.apply(acme.supply.set_standard("bolt", eur("13"), since="2026-02-01"))
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-02-05", cost=eur("130")))
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("120")))
    assert held(acme, INVENTORY, VARIANCE, REVALUED) == ["260.00", "-10.00", "0.00"]


def test_what_was_known_then_stays_as_it_was_known() -> None:
    acme = company()
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("120")))
    before = acme.view().head.position
    acme.apply(acme.supply.set_standard("bolt", eur("13"), since="2026-01-02"))
    then = acme.as_known(before)
    assert [str(one.supply.stock_valuation()[0, "value"].value) for one in (then, acme)] == ["120.00 EUR", "130.00 EUR"]
    assert "12.00 EUR" in str(then.supply.stock_valuation()[0, "value"].explain())


def test_a_pool_with_a_standard_of_its_own_keeps_it() -> None:
    acme = company()
    acme.apply(acme.put(Place(id="shop", pool="retail")))
    acme.apply(acme.supply.set_standard("bolt", eur("15"), since="2026-01-01", pool="retail"))
    acme.apply(acme.supply.receive("bolt", 1, place="shop", on="2026-01-05", cost=eur("12")))
    acme.apply(acme.supply.receive("bolt", 1, place="wh", on="2026-01-05", cost=eur("12")))
    acme.apply(acme.supply.set_standard("bolt", eur("11"), since="2026-01-06"))
    table = acme.supply.stock_valuation()
    assert [str(one) for one in table.column("value")] == ["11.00 EUR", "15.00 EUR"]
    assert held(acme, INVENTORY, VARIANCE, REVALUED) == ["26.00", "-3.00", "1.00"]


def test_a_standard_of_a_locked_day_revalues_on_the_first_open_one() -> None:
    acme = company()
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("120")))
    acme.apply(acme.finance.lock(kind=LockKind.STOCK, upto="2026-01-31"))
    done = acme.apply(acme.supply.set_standard("bolt", eur("13"), since="2026-01-10"))
    assert {(one.on, one.about) for one in done.entries} == {(date(2026, 2, 1), date(2026, 1, 10))}
    assert held(acme, INVENTORY, at="2026-01-31") == ["120.00"]


def test_what_is_restated_of_a_locked_day_agrees_with_the_standard_of_that_day() -> None:
    acme = company()
    acme.apply(acme.supply.receive("bolt", 3, place="wh", on="2026-01-16"))
    acme.apply(acme.finance.close_month("2026-02"))
    acme.apply(acme.supply.set_standard("bolt", eur("13"), since="2026-01-20"))
    acme.apply(acme.supply.set_standard("bolt", eur("11"), since="2026-02-27"))
    assert held(acme, INVENTORY, at="2026-02-28") == ["36.00"]
    assert held(acme, INVENTORY, REVALUED) == ["33.00", "3.00"]


def test_goods_without_a_standard_are_refused() -> None:
    acme = company()
    with pytest.raises(NoStandard) as refused:
        acme.apply(acme.supply.receive("bolt", 1, place="wh", on="2025-12-31", cost=eur("1")))
    assert refused.value.facts == {"item": "bolt", "pool": "main", "on": "2025-12-31"}
    with pytest.raises(NoStandard):
        acme.apply(acme.supply.receive("nut", 1, place="wh", on="2026-01-31", cost=eur("1")))


def test_goods_held_when_the_method_comes_into_force_without_a_standard_are_refused_with_their_next_move() -> None:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.supply.receive("bolt", 5, place="wh", on="2026-01-05", cost=eur("50")))
    acme.apply(acme.put(SupplyPolicies(cost_method=CostMethod.STANDARD, since="2026-02-01")))
    with pytest.raises(NoStandard) as refused:
        acme.plan(acme.supply.issue("bolt", 1, place="wh", on="2026-02-10"))
    assert refused.value.facts["on"] == "2026-02-10"
    acme.apply(acme.supply.set_standard("bolt", eur("12"), since="2026-02-05"))
    acme.apply(acme.supply.issue("bolt", 1, place="wh", on="2026-02-10"))
    assert held(acme, INVENTORY, SALES, REVALUED) == ["48.00", "12.00", "-10.00"]


def test_what_no_standard_can_be() -> None:
    acme = company()
    for cost, per, error in (
        (Money("1", "USD"), 1, ForeignCost),
        (eur("-1"), 1, NegativeCost),
        (eur("1"), 0, NotPositive),
    ):
        with pytest.raises(error):
            acme.plan(acme.supply.set_standard("bolt", cost, since="2026-01-01", per=per))
    with pytest.raises(ReservedName):
        acme.plan(acme.supply.set_standard("bolt", eur("1"), since="2026-01-01", pool="supplier"))
    with pytest.raises(NeedsStandards):
        Timeline([], method=CostMethod.STANDARD)


def test_what_an_order_brings_is_billed_as_agreed_and_held_at_standard() -> None:
    """Ten come at 13.00, two of them are rejected at once; what is billed is what came and stayed."""
    acme = company()
    order = PurchaseOrder(supplier="ace", on="2026-01-02", currency="EUR", lines=[OrderLine("bolt", 10, "13")])
    sent = acme.apply(acme.supply.order(order)).value
    acme.apply(acme.supply.receive_order(sent.id, [ReceivedLine(1, 10, 2)], on="2026-01-05", place="wh"))
    assert held(acme, INVENTORY, GRNI, VARIANCE) == ["96.00", "-104.00", "8.00"]
    bill = acme.apply(acme.procure_to_pay.bill(sent.id, on="2026-01-09", reference="B1")).value
    assert (str(bill.net), held(acme, INVENTORY, GRNI, VARIANCE)) == ("104.00 EUR", ["96.00", "0.00", "8.00"])


def test_a_cost_and_a_valuation_name_the_standard_its_day_and_the_variances() -> None:
    acme = company()
    bought = acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("130"))).value
    acme.apply(acme.supply.set_standard("bolt", eur("13"), since="2026-02-01"))
    said = str(acme.supply.cost_of(f"{bought.id}/1"))
    assert "standard cost of bolt from 2026-01-01 = 12.00 EUR for 1" in said
    assert "purchase variance = 10.00 EUR" in said
    cell = str(acme.supply.stock_valuation()[0, "unit_cost"].explain())
    assert cell.splitlines()[0] == "unit_cost of bolt in main at standard = 13.00 EUR (quantity: 10 bolt)"
    assert "standard cost of bolt from 2026-02-01 = 13.00 EUR for 1" in cell
    assert "revaluation = 10.00 EUR" in cell
    then = str(acme.supply.stock_valuation(at="2026-01-31")[0, "value"].explain())
    assert "from 2026-01-01" in then
    assert "revaluation" not in then
    assert "purchase variance = 10.00 EUR" in then


def test_a_cost_after_a_new_standard_says_what_was_held_by_then_was_worth() -> None:
    acme = company()
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05"))
    acme.apply(acme.supply.set_standard("bolt", eur("13"), since="2026-02-01"))
    acme.apply(acme.supply.set_standard("bolt", eur("14"), since="2026-03-01"))
    gone = acme.apply(acme.supply.issue("bolt", 4, place="wh", on="2026-02-05")).value
    inputs = dict(acme.supply.cost_of(f"{gone.id}/1").inputs)
    assert (inputs["held before"], inputs["worth before"], inputs["booked then"]) == ("10", "130.00 EUR", "52.00 EUR")
