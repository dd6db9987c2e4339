"""The supply desk: what one does with goods, as bindings."""

from __future__ import annotations

from bizcore.change.desk import Desk, documents, report, verb
from bizcore.supply import stock
from bizcore.supply.items import Item
from bizcore.supply.movements import Adjustment, Issue, Receipt, Transfer
from bizcore.supply.places import Place
from bizcore.supply.policies import SupplyPolicies


class SupplyDesk(Desk):
    """Goods: receipts, issues, orders to suppliers, deliveries, valuation."""

    name = "supply"

    receive = verb(stock.receive)
    receive_lines = verb(stock.receive_lines)
    issue = verb(stock.issue)
    issue_lines = verb(stock.issue_lines)
    transfer = verb(stock.transfer)
    adjust = verb(stock.adjust)
    move = verb(stock.move)

    items = documents(Item)
    places = documents(Place)
    policies = documents(SupplyPolicies)
    receipts = documents(Receipt)
    issues = documents(Issue)
    transfers = documents(Transfer)
    adjustments = documents(Adjustment)
