"""The layers kept between changes are those that all moves folded anew come to, however they became so."""

from __future__ import annotations

import pytest

from bizcore.cli.checks import checks
from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.supply.costbook import kept
from bizcore.supply.costmoves import BackDating, CostMethod, State
from bizcore.supply.places import Place
from bizcore.supply.policies import NegativeStock, SupplyPolicies


def eur(text: str) -> Money:
    return Money(text, "EUR")


def red(company: Company) -> list[str]:
    return [f"{one.name}: {one.detail}" for one in checks(company) if not one.ok]


def carried() -> Company:
    """Two bolts of another cost each, carried one by one on a day from the shop's pool to the warehouse."""
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(Place(id="r", pool="retail")))
    acme.apply(acme.supply.receive("bolt", 1, place="r", on="2026-01-02", cost=eur("1")))
    acme.apply(acme.supply.receive("bolt", 1, place="r", on="2026-01-03", cost=eur("3")))
    for _ in range(2):
        acme.apply(acme.supply.transfer("bolt", 1, source="r", target="w", on="2026-01-10"))
    return acme


def test_layers_that_change_places_at_the_same_total_are_kept_anew() -> None:
    """What two transfers of one day carry is exchanged by a receipt entered late: the day's line of the cost book stands."""
    acme = carried()
    supply = acme.supply

    acme.apply(supply.receive("bolt", 1, place="r", on="2026-01-01", cost=eur("3")))
    assert red(acme) == []
    assert str(acme.view().balance("cost", "main", "bolt").value) == "4.00 EUR"

    acme.apply(supply.issue("bolt", 1, place="w", on="2026-01-11"))
    assert str(acme.view().balance("cost", "customer", "bolt").value) == "3.00 EUR"
    assert red(acme) == []


def test_who_goes_on_from_layers_that_change_meanwhile_is_told_to_plan_again() -> None:
    """The change of the layers moves the balance, so an act planned on the old ones is not written as it is."""
    acme = carried()
    supply = acme.supply
    before = acme.view().balance("cost", "main", "bolt").position

    acme.apply(supply.receive("bolt", 1, place="r", on="2026-01-01", cost=eur("3")))
    assert acme.view().balance("cost", "main", "bolt").position > before


@pytest.mark.parametrize("since", [None, "2026-01-02"])
def test_a_change_of_what_late_moves_do_folds_anew(since: str | None) -> None:
    acme = Company.create("acme", currency="EUR")
    supply = acme.supply
    acme.apply(acme.put(SupplyPolicies(back_dating=BackDating.CORRECT_TODAY)))
    acme.apply(supply.receive("bolt", 10, place="w", on="2026-01-05", cost=eur("10")))
    acme.apply(supply.receive("bolt", 10, place="w", on="2026-01-03", cost=eur("30")))
    acme.apply(acme.put(SupplyPolicies(back_dating=BackDating.RESTATE, since=since)))
    # What was received late on 3 January comes first now.
    acme.apply(supply.issue("bolt", 10, place="w", on="2026-01-20"))
    assert str(acme.view().balance("cost", "customer", "bolt").value) == "30.00 EUR"
    assert red(acme) == []


def test_what_a_late_move_does_is_said_by_its_own_date() -> None:
    acme = Company.create("acme", currency="EUR")
    supply = acme.supply
    acme.apply(acme.put(SupplyPolicies()))
    acme.apply(acme.put(SupplyPolicies(since="2026-02-01", back_dating=BackDating.CORRECT_TODAY)))
    acme.apply(supply.receive("bolt", 10, place="w", on="2026-02-10", cost=eur("20")))
    acme.apply(supply.receive("bolt", 10, place="w", on="2026-02-05", cost=eur("30")))
    acme.apply(supply.issue("bolt", 10, place="w", on="2026-02-11"))
    assert str(acme.view().balance("cost", "customer", "bolt").value) == "20.00 EUR"
    assert red(acme) == []
    # January's late receipt comes before them all.
    acme.apply(supply.receive("bolt", 10, place="w", on="2026-01-31", cost=eur("10")))
    assert str(acme.view().balance("cost", "customer", "bolt").value) == "10.00 EUR"
    assert red(acme) == []


@pytest.mark.parametrize("method", [CostMethod.LIFO, CostMethod.STANDARD])
def test_a_method_put_for_the_pool_that_feeds_another_changes_both_with_the_next_move(method: CostMethod) -> None:
    """Until then what is kept is what was valued by the old method, and no check says otherwise."""
    acme = carried()
    acme.apply(acme.put(SupplyPolicies(cost_method=method, scope="retail")))
    assert red(acme) == []
    acme.apply(acme.supply.set_standard("bolt", eur("5"), since="2026-01-01", pool="retail"))
    acme.apply(acme.supply.receive("bolt", 1, place="r", on="2026-01-20", cost=eur("3")))
    assert red(acme) == []


def test_where_lots_have_costs_of_their_own_one_may_be_short_while_another_is_there() -> None:
    acme = Company.create("acme", currency="EUR")
    answers = SupplyPolicies(cost_method=CostMethod.SPECIFIC, negative_stock=NegativeStock.PROVISIONAL)
    acme.apply(acme.put(answers))
    acme.apply(acme.supply.receive("bolt", 1, place="w", on="2026-01-02", cost=eur("3")))
    acme.apply(acme.supply.issue("bolt", 7, place="w", on="2026-01-10"))
    acme.apply(acme.supply.receive("bolt", 2, place="w", on="2026-01-20", cost=eur("29"), lot="A"))
    assert red(acme) == []
    assert [(one.quantity, one.value) for one in state_of(acme).layers] == [(2_000_000, 2900)]
    assert [one.quantity for one in state_of(acme).shorts] == [6_000_000]


def state_of(acme: Company) -> State:
    found = kept(acme.view(), "main", "bolt")
    assert found is not None
    return found.state
