"""A transfer that covers what another pool issued before it had it: the variance is booked with the transfer."""

from __future__ import annotations

from bizcore.cli.checks import checks
from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.supply.places import Place
from bizcore.supply.policies import NegativeStock, SupplyPolicies


def _shown(company: Company, account: str) -> tuple[str, str]:
    balance = company.view().balance("cost", account, "bolt")
    return str(balance.amount), str(balance.value)


def test_a_transfer_that_covers_a_short_books_the_variance_it_settles() -> None:
    company = Company.create("acme", currency="EUR")
    company.apply(company.put(SupplyPolicies(negative_stock=NegativeStock.PROVISIONAL)))
    company.apply(company.put(Place(id="r", pool="retail")))
    supply = company.supply
    company.apply(supply.issue("bolt", 1, place="w", on="2026-01-01"))
    company.apply(supply.receive("bolt", 6, place="r", on="2026-01-02", cost=Money("12", "EUR")))

    company.apply(supply.transfer("bolt", 6, source="r", target="w", on="2026-01-03"))

    assert _shown(company, "main") == ("5 bolt", "10.00 EUR")
    assert _shown(company, "retail") == ("0 bolt", "0.00 EUR")
    assert _shown(company, "customer") == ("1 bolt", "2.00 EUR")
    assert [one.name for one in checks(company) if not one.ok] == []

    company.apply(supply.issue("bolt", 5, place="w", on="2026-01-04"))
    assert _shown(company, "main") == ("0 bolt", "0.00 EUR")
    assert _shown(company, "customer") == ("6 bolt", "12.00 EUR")
    assert [one.name for one in checks(company) if not one.ok] == []
