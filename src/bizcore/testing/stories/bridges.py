"""Scenes of the bridges: orders delivered and billed, purchases received and billed, and what comes back of both."""

from __future__ import annotations

from typing import Final

from bizcore.finance.documents import Bill, Invoice
from bizcore.sfa.orders import Order
from bizcore.supply.fulfilment import Delivery, LineQuantity
from bizcore.supply.movements import CustomerReturn, Receipt, Shipment, VendorReturn
from bizcore.supply.purchasing import PurchaseOrder
from bizcore.testing.stories.sfa import taken
from bizcore.testing.stories.supply import ITEM, MAIN, last_move, leaving, ordered
from bizcore.testing.stories.teller import Scenes, Teller, Wrongs

# -- order to cash ---------------------------------------------------------------------------------------------------


def goods_ordered(t: Teller) -> Order:
    """A customer orders goods that are there."""
    quantity, _ = leaving(t)
    return taken(t, item=ITEM, quantity=quantity)


def delivery(t: Teller) -> tuple[Order, Delivery]:
    """The delivery of an order is planned."""
    order = goods_ordered(t)
    made: Delivery = t.tell(t.order_to_cash.deliver(order.id, on=t.day(order.on)))
    return order, made


def shipped(t: Teller) -> tuple[Order, Shipment]:
    """The goods of an order are sent."""
    order, planned = delivery(t)
    made: Shipment = t.tell(t.supply.ship(planned.id, on=t.day(max(planned.on.isoformat(), last_move(t)))))
    return order, made


def billed(t: Teller) -> tuple[Order, Invoice]:
    """An order of a service is billed."""
    order = taken(t)
    made: Invoice = t.tell(t.order_to_cash.bill(order.id, on=t.day(order.on)))
    return order, made


def billed_goods(t: Teller) -> tuple[Order, Shipment]:
    """An order of goods is delivered and billed."""
    order, sent = shipped(t)
    t.tell(t.order_to_cash.bill(order.id, on=t.day(sent.on)))
    return order, sent


def came_back(t: Teller, sent: Shipment) -> CustomerReturn:
    """Some of what was sent comes back."""
    line = LineQuantity(1, t.number(1, int(sent.lines[0].quantity)))
    made: CustomerReturn = t.tell(t.supply.take_back(sent.id, [line], on=t.day(last_move(t))))
    return made


def credit(t: Teller) -> CustomerReturn:
    """What came back is credited as it was billed."""
    _, sent = billed_goods(t)
    back = came_back(t, sent)
    last = max(one.on for one in t.all(Invoice))
    t.tell(t.order_to_cash.credit(back.id, on=t.day(max(back.on, last))))
    return back


def short_closed(t: Teller) -> Order:
    """An order of goods that was billed ahead, or not at all, ends early."""
    order = goods_ordered(t)
    made: Order = t.tell(t.order_to_cash.short_close(order.id, on=t.day(order.on)))
    return made


def credit_excess(t: Teller) -> None:
    """A service is billed and delivered less of: reopened and closed short, the rest is credited."""
    order, invoice = billed_over(t)
    t.tell(t.order_to_cash.credit_excess(order.id, on=t.day(invoice.on)))


def billed_over(t: Teller) -> tuple[Order, Invoice]:
    """Goods billed as ordered, by policy, of an order that then ends with nothing delivered."""
    from bizcore.sfa.policies import BillingPolicy, SfaPolicies

    t.tell(t.company.put(SfaPolicies(billing=BillingPolicy.ORDERED, since="2024-01-01")))
    order = goods_ordered(t)
    invoice: Invoice = t.tell(t.order_to_cash.bill(order.id, on=t.day(order.on)))
    t.tell(t.company.put(SfaPolicies(billing=BillingPolicy.DELIVERED, since="2024-01-01")))
    t.tell(t.order_to_cash.short_close(order.id, on=t.day(invoice.on)))
    return order, invoice


def amend(t: Teller) -> None:
    """Another quantity is agreed, before anything was delivered."""
    order = goods_ordered(t)
    t.tell(t.order_to_cash.amend(order.id, line=1, quantity=t.number(1, 9), on=t.day(order.on)))


def cancelled(t: Teller) -> Order:
    """An order is called off, and its delivery with it."""
    order, planned = delivery(t) if t.coin() else (goods_ordered(t), None)
    made: Order = t.tell(t.order_to_cash.cancel(order.id, on=t.day(order.on if planned is None else planned.on)))
    return made


def complete(t: Teller) -> None:
    """An order of which all was done ends."""
    order, _ = billed(t)
    t.tell(t.order_to_cash.complete(order.id))


# -- procure to pay --------------------------------------------------------------------------------------------------


def received(t: Teller) -> tuple[PurchaseOrder, Receipt]:
    """Goods of an order come."""
    order = ordered(t)
    made: Receipt = t.tell(t.procure_to_pay.receive(order.id, on=t.day(order.on), place=MAIN))
    return order, made


def invoiced(t: Teller) -> tuple[Bill, Receipt]:
    """The vendor bills what came."""
    order, receipt = received(t)
    made: Bill = t.tell(t.procure_to_pay.bill(order.id, on=t.day(receipt.on), tax=t.choose(("S20", "Z"))))
    return made, receipt


def sent_back(t: Teller, receipt: Receipt) -> VendorReturn:
    """Some of what came goes back."""
    line = LineQuantity(1, t.number(1, int(receipt.lines[0].quantity)))
    made: VendorReturn = t.tell(t.supply.return_to_vendor(receipt.id, [line], on=t.day(last_move(t))))
    return made


def credited(t: Teller) -> VendorReturn:
    """The vendor credits what went back."""
    bill, receipt = invoiced(t)
    back = sent_back(t, receipt)
    t.tell(t.procure_to_pay.credit(back.id, on=t.day(max(back.on, bill.on))))
    return back


def take_back_bill(t: Teller) -> Bill:
    """A wrong bill is taken back whole."""
    bill, _ = invoiced(t)
    t.tell(t.procure_to_pay.take_back_bill(bill.id, on=t.day(bill.on)))
    return bill


SCENES: Final[Scenes] = {
    "order_to_cash.bill": (billed, billed_goods),
    "order_to_cash.deliver": (delivery,),
    "order_to_cash.credit": (credit,),
    "order_to_cash.credit_excess": (credit_excess,),
    "order_to_cash.amend": (amend,),
    "order_to_cash.cancel": (cancelled,),
    "order_to_cash.short_close": (short_closed,),
    "order_to_cash.complete": (complete,),
    "procure_to_pay.bill": (invoiced,),
    "procure_to_pay.receive": (received,),
    "procure_to_pay.credit": (credited,),
    "procure_to_pay.take_back_bill": (take_back_bill,),
}

WRONG: Final[Wrongs] = {
    "order_to_cash.bill": (lambda t: t.order_to_cash.bill((one := billed(t))[0].id, on=t.day(one[1].on)),),
    "order_to_cash.deliver": (lambda t: t.order_to_cash.deliver(delivery(t)[0].id, on=t.day()),),
    "order_to_cash.credit": (lambda t: t.order_to_cash.credit((one := credit(t)).id, on=t.day(one.on)),),
    "order_to_cash.credit_excess": (lambda t: t.order_to_cash.credit_excess(billed(t)[0].id, on=t.day()),),
    "order_to_cash.amend": (lambda t: t.order_to_cash.amend(taken(t).id, line=9, quantity=1, on=t.day()),),
    "order_to_cash.cancel": (lambda t: t.order_to_cash.cancel((one := billed(t))[0].id, on=t.day(one[1].on)),),
    "order_to_cash.short_close": (lambda t: t.order_to_cash.short_close(short_closed(t).id, on=t.day()),),
    "order_to_cash.complete": (lambda t: t.order_to_cash.complete(taken(t).id),),
    "procure_to_pay.bill": (lambda t: t.procure_to_pay.bill(ordered(t).id, on=t.day()),),
    "procure_to_pay.receive": (lambda t: t.procure_to_pay.receive(received(t)[0].id, on=t.day(), place=MAIN),),
    "procure_to_pay.credit": (lambda t: t.procure_to_pay.credit((one := credited(t)).id, on=t.day(one.on)),),
    "procure_to_pay.take_back_bill": (
        lambda t: t.procure_to_pay.take_back_bill((one := take_back_bill(t)).id, on=t.day(one.on)),
    ),
}
