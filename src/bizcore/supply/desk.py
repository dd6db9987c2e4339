"""The supply desk: what one does with goods, as bindings."""

from __future__ import annotations

from typing import Final

from bizcore.change.desk import Desk, documents, report, verb
from bizcore.supply import costing, counting, fulfilment, keeping, purchasing, reports, returns, stock, stocktaking
from bizcore.supply.counts import Count
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
from bizcore.supply.standards import StandardCost


class SupplyDesk(Desk):
    """Goods: receipts, issues, orders to suppliers, deliveries, valuation."""

    name = "supply"

    receive: Final = verb(stock.receive)
    receive_lines: Final = verb(stock.receive_lines)
    issue: Final = verb(stock.issue)
    issue_lines: Final = verb(stock.issue_lines)
    transfer: Final = verb(stock.transfer)
    adjust: Final = verb(stock.adjust)
    move: Final = verb(stock.move)

    count: Final = verb(counting.count)
    count_lines: Final = verb(counting.count_lines)

    set_standard: Final = verb(costing.set_standard)

    reserve: Final = verb(keeping.reserve)
    release: Final = verb(keeping.release)
    expire: Final = verb(keeping.expire)

    draft_order: Final = verb(purchasing.draft)
    order: Final = verb(purchasing.order)
    confirm_order: Final = verb(purchasing.confirm)
    receive_order: Final = verb(purchasing.receive_order)
    close_order: Final = verb(purchasing.close)
    cancel_order: Final = verb(purchasing.cancel)

    plan_delivery: Final = verb(fulfilment.plan_delivery)
    reserve_delivery: Final = verb(fulfilment.reserve_delivery)
    pick: Final = verb(fulfilment.pick)
    ship: Final = verb(fulfilment.ship)
    call_off: Final = verb(fulfilment.call_off)
    cancel_delivery: Final = verb(fulfilment.cancel_delivery)

    take_back: Final = verb(returns.take_back)
    return_to_vendor: Final = verb(returns.return_to_vendor)

    stock_on_hand: Final = report(reports.stock_on_hand)
    stock_valuation: Final = report(reports.stock_valuation)
    cost_of: Final = report(reports.cost_of)
    count_sheet: Final = report(stocktaking.count_sheet)
    count_differences: Final = report(stocktaking.count_differences)

    items: Final = documents(Item)
    standard_costs: Final = documents(StandardCost)
    places: Final = documents(Place)
    policies: Final = documents(SupplyPolicies)
    receipts: Final = documents(Receipt)
    issues: Final = documents(Issue)
    transfers: Final = documents(Transfer)
    adjustments: Final = documents(Adjustment)
    counts: Final = documents(Count)
    reservations: Final = documents(Reservation)
    purchase_orders: Final = documents(PurchaseOrder)
    deliveries: Final = documents(Delivery)
    shipments: Final = documents(Shipment)
    customer_returns: Final = documents(CustomerReturn)
    vendor_returns: Final = documents(VendorReturn)
