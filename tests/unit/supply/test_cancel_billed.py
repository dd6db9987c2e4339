"""An order of which something is billed is not cancelled: the bill goes first."""

from __future__ import annotations

import pytest

from bizcore.bridges.procure_to_pay import MatchPolicies
from bizcore.company import Company
from bizcore.supply.purchasing import OrderBilled, OrderLine, PurchaseOrder


def test_an_order_is_not_cancelled_while_something_of_it_is_billed() -> None:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(MatchPolicies(quantity_amount=100)))
    order = PurchaseOrder(
        id="PO",
        supplier="ace",
        on="2026-01-01",
        currency="EUR",
        lines=[OrderLine("bolt", 10, 1), OrderLine("nut", 2, 1)],
    )
    acme.apply(acme.supply.order(order))
    bill = acme.apply(acme.procure_to_pay.bill("PO", on="2026-01-02", lines={"2": 2})).value
    with pytest.raises(OrderBilled) as refused:
        acme.apply(acme.supply.cancel_order("PO"))
    assert (refused.value.facts["order"], refused.value.facts["lines"]) == ("PO", (2,))
    assert refused.value.allowed == ("take_back_bill",)
    acme.apply(acme.procure_to_pay.take_back_bill(bill.id, on="2026-01-03"))
    assert acme.apply(acme.supply.cancel_order("PO")).value.state == "cancelled"
