"""A new document says nothing that only recording it, or a later verb, may say."""

from __future__ import annotations

import pytest

from bizcore.company import Company
from bizcore.finance.documents import Invoice
from bizcore.finance.lines import Line
from bizcore.flow.beginning import NotNew
from bizcore.supply.fulfilment import DeliveryLine
from bizcore.supply.purchasing import OrderLine, PurchaseOrder


def invoice(number: str = "") -> Invoice:
    lines = [Line("x", 1, "10", tax="S20")]
    return Invoice(number=number, customer="b", on="2026-03-01", currency="EUR", lines=lines)


def test_a_number_is_drawn_never_given_so_that_no_two_documents_share_one() -> None:
    acme = Company.create("acme", currency="EUR")
    with pytest.raises(NotNew) as refused:
        acme.apply(acme.finance.issue(invoice("INV-2026-000002")))
    assert refused.value.facts["field"] == "number"
    issued = [acme.apply(acme.finance.issue(invoice()), key=f"{n}").value.number for n in (1, 2)]
    assert issued == ["INV-2026-000001", "INV-2026-000002"]


def purchase(*lines: OrderLine, state: str = "") -> PurchaseOrder:
    return PurchaseOrder(supplier="ace", on="2026-01-05", currency="EUR", lines=lines, state=state)


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (purchase(OrderLine("bolt", 1), state="received"), "state"),
        (purchase(OrderLine("bolt", 1, received=1)), "received"),
        (purchase(OrderLine("bolt", 1, billed=1)), "billed"),
    ],
)
def test_a_purchase_order_begins_as_a_draft_of_which_nothing_came(order: PurchaseOrder, field: str) -> None:
    acme = Company.create("acme", currency="EUR")
    with pytest.raises(NotNew) as refused:
        acme.apply(acme.supply.draft_order(order))
    assert refused.value.facts["field"] == field
    assert not list(acme.supply.purchase_orders)


@pytest.mark.parametrize("field", ["reserved", "picked", "shipped", "cancelled", "returned"])
def test_nothing_of_a_planned_delivery_was_done(field: str) -> None:
    acme = Company.create("acme", currency="EUR")
    with pytest.raises(NotNew) as refused:
        acme.apply(
            acme.supply.plan_delivery([DeliveryLine("x", 2, "main", **{field: 1})], customer="b", on="2026-01-05")
        )
    assert refused.value.facts["field"] == field
