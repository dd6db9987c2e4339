"""The supply desk: what one does with goods, as bindings."""

from __future__ import annotations

from bizcore.change.desk import Desk, documents, report, verb
from bizcore.supply import fulfilment, purchasing, reports, reservations, returns, stock
from bizcore.supply.fulfilment import Delivery
from bizcore.supply.items import Item
from bizcore.supply.movements import (
    Adjustment,
    CustomerReturn,
    Issue,
    Receipt,
    Shipment,
    Transfer,
    VendorReturn,
)
from bizcore.supply.places import Place
from bizcore.supply.policies import SupplyPolicies
from bizcore.supply.purchasing import PurchaseOrder
from bizcore.supply.reservations import Reservation


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

    reserve = verb(reservations.reserve)
    release = verb(reservations.release)
    expire = verb(reservations.expire)

    draft_order = verb(purchasing.draft)
    order = verb(purchasing.order)
    confirm_order = verb(purchasing.confirm)
    receive_order = verb(purchasing.receive_order)
    close_order = verb(purchasing.close)
    cancel_order = verb(purchasing.cancel)

    plan_delivery = verb(fulfilment.plan_delivery)
    reserve_delivery = verb(fulfilment.reserve_delivery)
    pick = verb(fulfilment.pick)
    ship = verb(fulfilment.ship)
    cancel_delivery = verb(fulfilment.cancel_delivery)

    take_back = verb(returns.take_back)
    return_to_vendor = verb(returns.return_to_vendor)

    stock_on_hand = report(reports.stock_on_hand)
    stock_valuation = report(reports.stock_valuation)
    cost_of = report(reports.cost_of)

    items = documents(Item)
    places = documents(Place)
    policies = documents(SupplyPolicies)
    receipts = documents(Receipt)
    issues = documents(Issue)
    transfers = documents(Transfer)
    adjustments = documents(Adjustment)
    reservations = documents(Reservation)
    purchase_orders = documents(PurchaseOrder)
    deliveries = documents(Delivery)
    shipments = documents(Shipment)
    customer_returns = documents(CustomerReturn)
    vendor_returns = documents(VendorReturn)
