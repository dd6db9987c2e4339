"""Whatever points back at a move obeys the limits of a return: no more than went, no earlier than it went."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.supply.fulfilment import LineQuantity
from bizcore.supply.limits import NoSuchMove, ReturnedBefore, ReturnedMore
from bizcore.supply.movements import Issue, MoveLine, Receipt


@pytest.fixture
def acme() -> Company:
    made = Company.create("acme", currency="EUR")
    made.apply(made.supply.receive("bolt", 10, place="w", on="2026-01-01", cost=Money("10", "EUR")))
    return made


@pytest.fixture
def issue(acme: Company) -> Issue:
    made: Issue = acme.apply(acme.supply.issue("bolt", 4, place="w", on="2026-01-10")).value
    return made


def back(acme: Company, quantity: int, of: str, *, on: str = "2026-01-11", item: str = "bolt") -> Receipt:
    made: Receipt = acme.apply(acme.supply.receive(item, quantity, place="w", on=on, source="customer", of=of)).value
    return made


def test_no_more_is_received_back_than_went(acme: Company, issue: Issue) -> None:
    back(acme, 3, issue.move_ref(1))
    with pytest.raises(ReturnedMore) as refused:
        back(acme, 2, issue.move_ref(1))
    assert (refused.value.facts["moved"], refused.value.facts["returned"]) == (Decimal(4), Decimal(5))
    with pytest.raises(ReturnedMore):
        acme.apply(acme.supply.take_back(issue.id, [LineQuantity(1, 2)], on="2026-01-12"))
    acme.apply(acme.supply.take_back(issue.id, on="2026-01-12"))
    with pytest.raises(ReturnedMore):
        back(acme, 1, issue.move_ref(1), on="2026-01-12")
    assert str(acme.view().balance("cost", "main", "bolt").value) == "10.00 EUR"


def test_the_lines_of_one_receipt_count_together(acme: Company, issue: Issue) -> None:
    lines = [MoveLine("bolt", 3, of=issue.move_ref(1)), MoveLine("bolt", 2, of=issue.move_ref(1))]
    with pytest.raises(ReturnedMore):
        acme.apply(acme.supply.receive_lines(lines, place="w", on="2026-01-11", source="customer"))


def test_nothing_comes_back_before_it_went_nor_as_another_item(acme: Company, issue: Issue) -> None:
    with pytest.raises(ReturnedBefore):
        back(acme, 1, issue.move_ref(1), on="2026-01-09")
    with pytest.raises(ReturnedMore):
        back(acme, 1, issue.move_ref(1), item="nut")


@pytest.mark.parametrize("of", ["nothing", "nothing/1", "{issue}/2", "{issue}/0", "{issue}/x"])
def test_what_points_back_points_at_a_move(acme: Company, issue: Issue, of: str) -> None:
    with pytest.raises(NoSuchMove):
        back(acme, 1, of.format(issue=issue.id))


def test_an_issue_that_points_at_a_receipt_counts_with_what_went_back_to_the_supplier(acme: Company) -> None:
    receipt = next(iter(acme.documents(Receipt)))
    acme.apply(acme.supply.issue("bolt", 8, place="w", on="2026-01-02", target="supplier", of=receipt.move_ref(1)))
    with pytest.raises(ReturnedMore):
        acme.apply(acme.supply.return_to_vendor(receipt.id, [LineQuantity(1, 3)], on="2026-01-03"))
    acme.apply(acme.supply.return_to_vendor(receipt.id, on="2026-01-03"))
