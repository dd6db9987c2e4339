"""Counts: an assertion in time, which what becomes known later does not change."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest

from bizcore.change.changes import FloorBroken
from bizcore.change.locks import LockKind
from bizcore.cli.checks import checks
from bizcore.company import Company
from bizcore.flow.document import Ref
from bizcore.kernel.money import Money
from bizcore.supply.costbook import NotCovered
from bizcore.supply.costmoves import BackDating, CostMethod
from bizcore.supply.counting import LotsToCount
from bizcore.supply.counts import CountedTwice, CountLine, NegativeCount
from bizcore.supply.items import Item
from bizcore.supply.movements import EmptyMovement
from bizcore.supply.places import OutsidePlace, Place
from bizcore.supply.policies import NegativeStock, SupplyPolicies
from bizcore.supply.stock import NotEnough

INVENTORY, FOUND = "1400", "5200"


def eur(text: str) -> Money:
    return Money(text, "EUR")


def company() -> Company:
    """Ten bolts came in at 1.00 each."""
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("10")))
    return acme


def on_hand(acme: Company, at: str | None = None, place: str = "wh") -> str:
    """What lies at a place; all checks are green."""
    assert [one.name for one in checks(acme) if not one.ok] == []
    rows = [one for one in acme.supply.stock_on_hand(at=at).to_dicts() if one["place"] == place]
    return str(rows[0]["on_hand"].amount) if rows else "0"


def held(acme: Company, *accounts: str) -> list[str]:
    table = acme.finance.trial_balance()
    known = table.column("account")
    return [str(table[one, "balance"].value.amount) if one in known else "0.00" for one in accounts]


def test_what_is_missing_and_what_is_found_is_booked_at_the_cost_of_the_pool() -> None:
    acme = company()
    counted = acme.apply(acme.supply.count("bolt", 7, place="wh", on="2026-01-10")).value
    assert counted.number == "CT-2026-000001"
    assert (on_hand(acme), held(acme, INVENTORY, FOUND)) == ("7", ["7.00", "3.00"])
    acme.apply(acme.supply.count("bolt", 9, place="wh", on="2026-01-11"))
    assert (on_hand(acme), held(acme, INVENTORY, FOUND)) == ("9", ["9.00", "1.00"])


def test_a_count_that_agrees_books_nothing_and_is_kept() -> None:
    acme = company()
    done = acme.apply(acme.supply.count("bolt", 10, place="wh", on="2026-01-10"))
    assert done.entries == ()
    assert [one.lines for one in acme.supply.counts] == [(CountLine("bolt", 10),)]


def test_a_receipt_that_becomes_known_late_does_not_change_what_was_counted() -> None:
    """frappe/erpnext#54295: the count stopped being a target, and 42 were left instead of 1."""
    acme = company()
    acme.apply(acme.supply.count("bolt", 1, place="wh", on="2026-01-10"))
    acme.apply(acme.supply.receive("bolt", 41, place="wh", on="2026-01-07", cost=eur("82")))
    assert (on_hand(acme), on_hand(acme, "2026-01-09")) == ("1", "51")
    # Ten at 1.00 and forty of those at 2.00 are missing.
    assert held(acme, INVENTORY, FOUND) == ["2.00", "90.00"]


def test_what_is_dated_later_or_of_the_same_day_comes_on_top() -> None:
    acme = company()
    acme.apply(acme.supply.receive("bolt", 1, place="wh", on="2026-01-10", cost=eur("1")))
    acme.apply(acme.supply.count("bolt", 20, place="wh", on="2026-01-10"))
    acme.apply(acme.supply.receive("bolt", 2, place="wh", on="2026-01-10", cost=eur("2")))
    acme.apply(acme.supply.issue("bolt", 5, place="wh", on="2026-01-12"))
    assert (on_hand(acme), on_hand(acme, "2026-01-10")) == ("17", "22")


def test_only_the_first_count_after_a_move_changes_what_it_books() -> None:
    acme = company()
    first = acme.apply(acme.supply.count("bolt", 8, place="wh", on="2026-01-10")).value
    acme.apply(acme.supply.count("bolt", 6, place="wh", on="2026-01-20"))
    done = acme.apply(acme.supply.receive("bolt", 3, place="wh", on="2026-01-07", cost=eur("3")))
    booked = [one for one in done.entries if one.book == "stock"][1:]
    assert [(one.on, one.postings[0].dims["count"]) for one in booked] == [(date(2026, 1, 10), first.line_ref(1))]
    done = acme.apply(acme.supply.issue("bolt", 1, place="wh", on="2026-01-15"))
    assert [one.on.day for one in done.entries if one.book == "stock"] == [15, 20]
    assert (on_hand(acme, "2026-01-10"), on_hand(acme)) == ("8", "6")


def test_a_count_that_becomes_known_late_changes_what_a_later_one_books() -> None:
    acme = company()
    acme.apply(acme.supply.count("bolt", 8, place="wh", on="2026-01-20"))
    acme.apply(acme.supply.count("bolt", 5, place="wh", on="2026-01-10"))
    assert (on_hand(acme, "2026-01-15"), on_hand(acme)) == ("5", "8")
    found = acme.supply.count_differences().to_dicts()
    assert [(str(one["expected"].amount), str(one["difference"].amount)) for one in found] == [("10", "-5"), ("5", "3")]


def test_counts_of_one_day_stand_in_the_order_they_were_recorded_in() -> None:
    acme = company()
    first = acme.apply(acme.supply.count("bolt", 8, place="wh", on="2026-01-10")).value
    acme.apply(acme.supply.issue("bolt", 1, place="wh", on="2026-01-10"))
    acme.apply(acme.supply.count("bolt", 9, place="wh", on="2026-01-10"))
    done = acme.apply(acme.supply.receive("bolt", 3, place="wh", on="2026-01-07", cost=eur("3")))
    assert done.entries[1].postings[0].dims["count"] == first.line_ref(1)
    assert on_hand(acme) == "9"


def test_a_late_issue_before_a_count_needs_no_goods_that_left_after_it() -> None:
    """What left on the day of the count leaves after it, though the count books more only now."""
    acme = company()
    acme.apply(acme.supply.count("bolt", 10, place="wh", on="2026-01-10"))
    acme.apply(acme.supply.issue("bolt", 10, place="wh", on="2026-01-10"))
    acme.apply(acme.supply.issue("bolt", 4, place="wh", on="2026-01-07"))
    assert on_hand(acme, "2026-01-09") == "6"
    assert (on_hand(acme), held(acme, INVENTORY, FOUND)) == ("0", ["0.00", "-4.00"])


@pytest.mark.parametrize("method", list(CostMethod))
def test_the_order_of_recording_changes_no_value(method: CostMethod) -> None:
    found = set()
    for order in permutations(range(4)):
        acme = Company.create("acme", currency="EUR")
        acme.apply(acme.put(SupplyPolicies(cost_method=method, negative_stock=NegativeStock.PROVISIONAL)))
        desk = acme.supply
        acme.apply(desk.set_standard("bolt", eur("1.70"), since="2026-01-01"))
        acts = [
            desk.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("10")),
            desk.receive("bolt", 10, place="wh", on="2026-01-07", cost=eur("20")),
            desk.count("bolt", 12, place="wh", on="2026-01-10"),
            desk.issue("bolt", 5, place="wh", on="2026-01-12"),
        ]
        for number in order:
            acme.apply(acts[number])
        found.add((on_hand(acme), *held(acme, INVENTORY, FOUND, "5000")))
    assert len(found) == 1, found


def test_where_late_moves_are_valued_as_they_become_known_so_is_the_difference() -> None:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(SupplyPolicies(back_dating=BackDating.CORRECT_TODAY)))
    acme.apply(acme.supply.receive("bolt", 10, place="wh", on="2026-01-05", cost=eur("10")))
    acme.apply(acme.supply.count("bolt", 8, place="wh", on="2026-01-10"))
    acme.apply(acme.supply.receive("bolt", 4, place="wh", on="2026-01-07", cost=eur("8")))
    assert (on_hand(acme), held(acme, INVENTORY, FOUND)) == ("8", ["12.00", "6.00"])


def test_lots_are_counted_each_and_an_unknown_one_is_found() -> None:
    acme = Company.create("acme", currency="EUR")
    for lot in ("L1", "L2"):
        acme.apply(
            acme.supply.receive("milk", 5, place="wh", on="2026-01-05", cost=eur("5"), lot=lot, expiry="2026-02-01")
        )
    with pytest.raises(LotsToCount) as refused:
        acme.plan(acme.supply.count("milk", 9, place="wh", on="2026-01-10"))
    assert refused.value.facts["lots"] == ("L1", "L2")
    lines = [CountLine("milk", 4, lot="L1"), CountLine("milk", 2, lot="L3", expiry="2026-03-01")]
    acme.apply(acme.supply.count_lines(lines, place="wh", on="2026-01-10"))
    left = {one.id: (str(one.amount.amount), str(one.due)) for one in acme.view().lots("stock", "wh")}
    assert left == {"L1": ("4", "2026-02-01"), "L2": ("5", "2026-02-01"), "L3": ("2", "2026-03-01")}
    # Of L1 it was counted what there is, of L2 nothing was said.
    for lot in ("L1", "L2"):
        acme.apply(acme.supply.receive("milk", 1, place="wh", on="2026-01-06", cost=eur("1"), lot=lot))
    left = {one.id: str(one.amount.amount) for one in acme.view().lots("stock", "wh")}
    assert left == {"L1": "4", "L2": "6", "L3": "2"}
    assert on_hand(acme) == "12"


def test_a_count_of_all_of_an_item_speaks_of_lots_that_become_known_later() -> None:
    acme = company()
    acme.apply(acme.supply.count("bolt", 10, place="wh", on="2026-01-10"))
    acme.apply(acme.supply.receive("bolt", 3, place="wh", on="2026-01-06", cost=eur("3"), lot="L1"))
    assert (on_hand(acme), list(acme.view().lots("stock", "wh"))) == ("10", [])


def test_several_lines_are_all_recorded_or_none() -> None:
    acme = company()
    acme.apply(acme.supply.reserve("bolt", 5, place="wh", on="2026-01-06", for_="order"))
    lines = [CountLine("nut", 3), CountLine("bolt", 4)]
    with pytest.raises(FloorBroken):
        acme.apply(acme.supply.count_lines(lines, place="wh", on="2026-01-10"))
    assert list(acme.supply.counts) == []
    acme.apply(acme.supply.count_lines([CountLine("nut", 3), CountLine("bolt", 5)], place="wh", on="2026-01-10"))
    assert on_hand(acme) == "5"


def test_nothing_is_counted_as_0_and_in_packages_exactly() -> None:
    acme = company()
    acme.apply(acme.put(Item(id="bolt", packaging={"box": 12})))
    acme.apply(acme.supply.count("bolt", "0.5", place="wh", on="2026-01-10", unit="box"))
    assert on_hand(acme) == "6"
    acme.apply(acme.supply.count("bolt", 0, place="wh", on="2026-01-11"))
    assert (on_hand(acme), held(acme, INVENTORY)) == ("0", ["0.00"])


def test_what_no_count_can_say() -> None:
    acme = company()
    with pytest.raises(NegativeCount):
        acme.plan(acme.supply.count("bolt", -1, place="wh", on="2026-01-10"))
    with pytest.raises(NegativeCount):
        CountLine("bolt", -1)
    with pytest.raises(EmptyMovement):
        acme.plan(acme.supply.count_lines([], place="wh", on="2026-01-10"))
    with pytest.raises(OutsidePlace):
        acme.plan(acme.supply.count("bolt", 1, place="customer", on="2026-01-10"))
    for second in (CountLine("bolt", 2), CountLine("bolt", 2, lot="L1")):
        with pytest.raises(CountedTwice):
            acme.plan(acme.supply.count_lines([CountLine("bolt", 1), second], place="wh", on="2026-01-10"))


def test_less_than_has_left_since_is_refused() -> None:
    acme = company()
    acme.apply(acme.supply.issue("bolt", 8, place="wh", on="2026-01-12"))
    with pytest.raises(NotCovered):
        acme.apply(acme.supply.count("bolt", 7, place="wh", on="2026-01-10"))
    acme.apply(acme.supply.receive("bolt", 8, place="there", on="2026-01-05", cost=eur("8")))
    with pytest.raises(FloorBroken):
        acme.apply(acme.supply.count("bolt", 7, place="wh", on="2026-01-10"))
    lots = Company.create("lots", currency="EUR")
    for lot in ("L1", "L2"):
        lots.apply(lots.supply.receive("bolt", 5, place="wh", on="2026-01-05", cost=eur("5"), lot=lot))
    lots.apply(lots.supply.issue("bolt", 4, place="wh", on="2026-01-12", lot="L1"))
    with pytest.raises(NotEnough):
        lots.apply(lots.supply.count("bolt", 3, place="wh", on="2026-01-10", lot="L1"))


def test_a_locked_day_was_counted_then_and_is_booked_on_the_first_open_one() -> None:
    acme = company()
    acme.apply(acme.finance.lock(kind=LockKind.STOCK, upto="2026-01-31"))
    done = acme.apply(acme.supply.count("bolt", 7, place="wh", on="2026-01-10"))
    assert {(one.book, one.on, one.about) for one in done.entries} == {
        (book, date(2026, 2, 1), date(2026, 1, 10)) for book in ("stock", "cost", "journal")
    }
    assert (on_hand(acme, "2026-01-31"), on_hand(acme)) == ("10", "7")


def test_counts_of_locked_days_rest_on_each_other_whatever_is_booked_when() -> None:
    for first, second in (("2026-01-10", "2026-01-20"), ("2026-01-20", "2026-01-10")):
        acme = company()
        acme.apply(acme.finance.lock(kind=LockKind.STOCK, upto="2026-01-31"))
        acme.apply(acme.supply.count("bolt", 7, place="wh", on="2026-02-01"))
        for on in (first, second):
            acme.apply(acme.supply.count("bolt", 7 if on.endswith("10") else 8, place="wh", on=on))
        found = acme.supply.count_differences().to_dicts()
        assert [str(one["difference"].amount) for one in found] == ["-3", "1", "-1"]
        assert (on_hand(acme), held(acme, INVENTORY, FOUND)) == ("7", ["7.00", "3.00"])


def test_goods_of_others_are_counted_without_value() -> None:
    acme = company()
    acme.apply(acme.put(Place(id="yard", owned=False)))
    acme.apply(acme.supply.count("bolt", 7, place="yard", on="2026-01-10"))
    assert (on_hand(acme, place="yard"), held(acme, FOUND)) == ("7", ["0.00"])


def test_a_count_in_a_fork_lands_as_it_was() -> None:
    acme = company()
    fork = acme.fork()
    fork.apply(fork.supply.count("bolt", 7, place="wh", on="2026-01-10"))
    fork.apply(fork.supply.receive("bolt", 2, place="wh", on="2026-01-07", cost=eur("2")))
    acme.apply(fork)
    assert on_hand(acme) == "7"
    acme.apply(acme.supply.receive("bolt", 2, place="wh", on="2026-01-08", cost=eur("2")))
    (counted,) = acme.supply.counts
    assert (on_hand(acme), acme.view().origin_of(Ref("count", counted.id))) == ("7", ())


def test_a_sheet_is_blind_and_names_every_lot() -> None:
    acme = company()
    for lot in ("L2", "L1"):
        acme.apply(acme.supply.receive("milk", 5, place="wh", on="2026-01-05", cost=eur("5"), lot=lot))
    acme.apply(acme.supply.receive("nut", 5, place="shop", on="2026-01-05", cost=eur("5")))
    assert [tuple(one.values()) for one in acme.supply.count_sheet(place="wh").to_dicts()] == [
        ("bolt", "", None),
        ("milk", "L1", None),
        ("milk", "L2", None),
    ]


def test_differences_are_those_of_a_period_with_their_value_in_the_pool() -> None:
    acme = company()
    acme.apply(acme.put(Place(id="yard", owned=False)))
    acme.apply(acme.supply.count("bolt", 7, place="wh", on="2026-01-31"))
    acme.apply(acme.supply.count("bolt", 9, place="wh", on="2026-02-01"))
    acme.apply(acme.supply.count("bolt", 4, place="yard", on="2026-02-02"))
    acme.apply(acme.supply.count("nut", 0, place="wh", on="2026-02-03"))
    table = acme.supply.count_differences(period="2026-02")
    assert [str(one) for one in table.column("value")] == ["2.00 EUR", "None", "0.00 EUR"]
    assert [str(one) for one in table.column("expected")] == ["7 bolt", "0 bolt", "0 nut"]


def test_an_act_of_counting_reads_back_from_its_text_and_is_applied_once() -> None:
    acme = company()
    lines = [CountLine("bolt", "8.50"), CountLine("milk", 2, lot="L1", expiry="2026-03-01")]
    act = acme.supply.count_lines(lines, place="wh", on="2026-01-10")
    assert acme.act(act.to_json()) == act
    first = acme.apply(act, key="count of January")
    assert acme.apply(acme.act(act.to_json()), key="count of January").position == first.position
    assert [str(one.quantity) for one in first.value.lines] == ["8.5", "2"]
    assert on_hand(acme) == "17/2"
