"""Whose goods were when they went decides whose they are when they come back, whatever their place is today."""

from __future__ import annotations

import pytest

from bizcore.cli.checks import checks
from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.supply.fulfilment import LineQuantity
from bizcore.supply.places import ChangesOwner, Place


def eur(text: str) -> Money:
    return Money(text, "EUR")


def red(company: Company) -> list[str]:
    return [f"{one.name}: {one.detail}" for one in checks(company) if not one.ok]


def test_goods_that_were_not_ours_do_not_become_ours_by_coming_back() -> None:
    acme = Company.create("acme", currency="EUR")
    supply = acme.supply
    acme.apply(acme.put(Place(id="w", owned=False)))
    acme.apply(supply.receive("bolt", 10, place="w", on="2026-01-01"))
    issue = acme.apply(supply.issue("bolt", 10, place="w", on="2026-01-02")).value
    acme.apply(acme.put(Place(id="w")))
    acme.apply(supply.receive("bolt", 1, place="x", on="2026-01-03", cost=eur("7")))
    with pytest.raises(ChangesOwner) as refused:
        acme.apply(supply.take_back(issue.id, on="2026-01-04"))
    assert (refused.value.facts["source"], refused.value.facts["target"]) == ("customer", "w")
    acme.apply(acme.put(Place(id="y", owned=False)))
    acme.apply(supply.take_back(issue.id, on="2026-01-04", place="y"))
    assert red(acme) == []


def test_goods_of_ours_come_back_to_a_place_of_ours_only() -> None:
    acme = Company.create("acme", currency="EUR")
    supply = acme.supply
    acme.apply(supply.receive("bolt", 10, place="w", on="2026-01-01", cost=eur("10")))
    issue = acme.apply(supply.issue("bolt", 10, place="w", on="2026-01-02")).value
    acme.apply(acme.put(Place(id="w", owned=False)))
    with pytest.raises(ChangesOwner):
        acme.apply(supply.take_back(issue.id, [LineQuantity(1, 2)], on="2026-01-04"))
    acme.apply(supply.take_back(issue.id, [LineQuantity(1, 2)], on="2026-01-04", place="x"))
    assert str(acme.view().balance("cost", "main", "bolt").value) == "2.00 EUR"
    assert red(acme) == []


def test_goods_that_lie_elsewhere_go_back_to_the_supplier_though_the_dock_is_not_ours_any_more() -> None:
    acme = Company.create("acme", currency="EUR")
    supply = acme.supply
    receipt = acme.apply(supply.receive("bolt", 10, place="dock", on="2026-01-01", cost=eur("10"))).value
    acme.apply(supply.transfer("bolt", 10, source="dock", target="w", on="2026-01-02"))
    acme.apply(acme.put(Place(id="dock", owned=False)))
    with pytest.raises(ChangesOwner):
        acme.apply(supply.return_to_vendor(receipt.id, on="2026-01-03"))
    acme.apply(supply.return_to_vendor(receipt.id, on="2026-01-03", place="w"))
    assert str(acme.view().balance("cost", "main", "bolt").value) == "0.00 EUR"
    assert red(acme) == []
