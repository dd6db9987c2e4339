"""A cost method that is in force from a date on values what moves from then on, and nothing before."""

from __future__ import annotations

from itertools import permutations

import pytest

from bizcore.change.view import View
from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.supply import costbook
from bizcore.supply.costmoves import BackDating, CostMethod
from bizcore.supply.policies import SupplyPolicies
from bizcore.supply.reports import layers_as_folded, worthless_or_held

FIFO, AVERAGE, LIFO, SPECIFIC = (
    CostMethod.FIFO,
    CostMethod.MOVING_AVERAGE,
    CostMethod.LIFO,
    CostMethod.SPECIFIC,
)


def eur(text: str) -> Money:
    return Money(text, "EUR")


def company(first: CostMethod, later: CostMethod) -> Company:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(SupplyPolicies(cost_method=first)))
    acme.apply(acme.put(SupplyPolicies(since="2026-02-01", cost_method=later)))
    return acme


def costs(acme: Company, *issues: str) -> list[str]:
    assert not layers_as_folded(acme.view())
    assert not worthless_or_held(acme.view())
    return [str(acme.supply.cost_of(f"{one}#1/1").result).removesuffix(" EUR") for one in issues]


def apply(acme: Company, key: str) -> None:
    """Ten at 1.00, ten at 3.00, five out in January; five out, ten in at 5.00 and ten out in February."""
    desk = acme.supply
    acts = {
        "a": lambda: desk.receive("bolt", 10, place="wh", on="2026-01-01", cost=eur("10")),
        "b": lambda: desk.receive("bolt", 10, place="wh", on="2026-01-02", cost=eur("30")),
        "c": lambda: desk.issue("bolt", 5, place="wh", on="2026-01-03"),
        "d": lambda: desk.issue("bolt", 5, place="wh", on="2026-02-03"),
        "e": lambda: desk.receive("bolt", 10, place="wh", on="2026-02-04", cost=eur("50")),
        "f": lambda: desk.issue("bolt", 10, place="wh", on="2026-02-05"),
    }
    acme.apply(acts[key](), key=key)


@pytest.mark.parametrize(
    ("first", "later", "expected"),
    [
        (FIFO, AVERAGE, ["5.00", "11.67", "36.67"]),
        (AVERAGE, FIFO, ["10.00", "10.00", "20.00"]),
        (AVERAGE, LIFO, ["10.00", "10.00", "50.00"]),
        (LIFO, FIFO, ["15.00", "5.00", "20.00"]),
        (FIFO, FIFO, ["5.00", "5.00", "30.00"]),
    ],
)
def test_each_move_is_valued_by_the_method_of_its_own_date(
    first: CostMethod, later: CostMethod, expected: list[str]
) -> None:
    for order in ("abcdef", "abecdf", "aebcdf", "abdecf"):
        acme = company(first, later)
        for key in order:
            apply(acme, key)
        assert (order, costs(acme, "c", "d", "f")) == (order, expected)


def test_the_value_is_the_same_in_every_order_of_entry() -> None:
    """A move of January entered after one of February does not bring back January's method for all."""
    found = set()
    for order in permutations("cde"):
        acme = company(FIFO, AVERAGE)
        for key in ("a", "b", *order):
            apply(acme, key)
        found.add((*costs(acme, "c", "d"), str(acme.view().balance("cost", "main", "bolt").value)))
    assert found == {("5.00", "11.67", "73.33 EUR")}


def test_under_specific_identification_each_lot_begins_with_its_share() -> None:
    acme = company(AVERAGE, SPECIFIC)
    desk = acme.supply
    for lot, quantity, cost in (("L1", 10, "10"), ("L2", 5, "20")):
        acme.apply(desk.receive("bolt", quantity, place="wh", on="2026-01-01", cost=eur(cost), lot=lot))
    acme.apply(desk.issue("bolt", 4, place="wh", on="2026-01-02", lot="L1"))
    acme.apply(desk.receive("bolt", 5, place="wh", on="2026-02-01", cost=eur("50"), lot="L2"))
    acme.apply(desk.issue("bolt", 6, place="wh", on="2026-02-02", lot="L1"), key="x")
    acme.apply(desk.issue("bolt", 10, place="wh", on="2026-02-03", lot="L2"), key="y")
    assert costs(acme, "x", "y") == ["12.00", "60.00"]


def test_a_method_put_for_a_past_date_restates_from_there_with_the_next_move() -> None:
    acme = Company.create("acme", currency="EUR")
    for key in "abcd":
        apply(acme, key)
    assert costs(acme, "c", "d") == ["5.00", "5.00"]
    for since, method in (("2026-02-01", AVERAGE), ("2026-02-04", FIFO)):
        acme.apply(acme.put(SupplyPolicies(since=since, cost_method=method)))
    apply(acme, "e")
    assert costs(acme, "c", "d") == ["5.00", "11.67"]
    assert acme.view().balance("cost", "main", "bolt").value == eur("73.33")


def test_where_moves_are_valued_as_they_become_known_a_late_one_does_not_bring_the_old_method_back() -> None:
    acme = Company.create("acme", currency="EUR")
    late = BackDating.CORRECT_TODAY
    acme.apply(acme.put(SupplyPolicies(cost_method=FIFO, back_dating=late)))
    acme.apply(acme.put(SupplyPolicies(since="2026-02-01", cost_method=AVERAGE, back_dating=late)))
    for key in "abec":
        apply(acme, key)
    assert costs(acme, "c") == ["15.00"]


def test_layers_kept_by_an_earlier_release_are_folded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    acme = company(FIFO, AVERAGE)
    apply(acme, "a")
    view = acme.view()
    position = view.balance("cost", "main", "bolt").position
    body = '{"last":[0,0],"layers":[[1,1,"",""]],"method":"fifo","on":"2026-01-01","shorts":[]}'
    monkeypatch.setattr(View, "derived", lambda *_: (body, position))
    assert costbook.kept(view, "main", "bolt") is None
