"""Goods go back to the supplier out of another cost pool than the one they were received in: claimed at what they came for."""

from __future__ import annotations

from bizcore.cli.checks import checks
from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.supply.fulfilment import LineQuantity
from bizcore.supply.places import Place


def eur(text: str) -> Money:
    return Money(text, "EUR")


def company() -> Company:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(Place(id="r", pool="retail")))
    return acme


def value(acme: Company, account: str) -> str:
    return str(acme.view().balance("cost", account, "bolt").value)


def red(acme: Company) -> list[str]:
    return [f"{one.name}: {one.detail}" for one in checks(acme) if not one.ok]


def test_the_claim_is_the_receipts_cost_and_the_rest_is_a_variance() -> None:
    acme = company()
    supply = acme.supply
    acme.apply(supply.receive("bolt", 10, place="r", on="2026-01-01", cost=eur("30")))
    receipt = acme.apply(supply.receive("bolt", 10, place="w", on="2026-01-01", cost=eur("10"))).value
    acme.apply(supply.transfer("bolt", 5, source="w", target="r", on="2026-01-02"))
    acme.apply(supply.return_to_vendor(receipt.id, [LineQuantity(1, 5)], on="2026-01-03", place="r"))
    # The five that leave cost 3.00 each in retail; the supplier owes 1.00 each.
    assert (value(acme, "retail"), value(acme, "supplier"), value(acme, "variance")) == (
        "20.00 EUR",
        "-35.00 EUR",
        "10.00 EUR",
    )
    assert red(acme) == []


def test_claims_in_parts_come_to_the_whole() -> None:
    acme = company()
    supply = acme.supply
    receipt = acme.apply(supply.receive("bolt", 3, place="w", on="2026-01-01", cost=eur("1"))).value
    acme.apply(supply.transfer("bolt", 3, source="w", target="r", on="2026-01-02"))
    for _ in range(3):
        acme.apply(supply.return_to_vendor(receipt.id, [LineQuantity(1, 1)], on="2026-01-03", place="r"))
    assert (value(acme, "supplier"), value(acme, "variance")) == ("0.00 EUR", "0.00 EUR")
    assert red(acme) == []


def test_a_receipt_without_a_price_is_claimed_at_what_it_came_in_at() -> None:
    acme = company()
    supply = acme.supply
    acme.apply(supply.receive("bolt", 2, place="w", on="2026-01-01", cost=eur("4")))
    receipt = acme.apply(supply.receive("bolt", 2, place="w", on="2026-01-02")).value
    acme.apply(supply.receive("bolt", 2, place="r", on="2026-01-02", cost=eur("20")))
    acme.apply(supply.return_to_vendor(receipt.id, on="2026-01-03", place="r"))
    assert (value(acme, "supplier"), value(acme, "variance")) == ("-24.00 EUR", "16.00 EUR")
    assert red(acme) == []
