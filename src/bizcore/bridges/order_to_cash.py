"""Order to cash: what a customer ordered is delivered, billed and credited; progress is derived, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, TypeVar

from bizcore.change.changes import Changes
from bizcore.change.desk import Desk, report, verb
from bizcore.change.view import View
from bizcore.finance import invoices
from bizcore.finance.documents import CreditNote, Invoice
from bizcore.finance.lines import Line
from bizcore.finance.policies import FinancePolicies
from bizcore.finance.terms import Terms
from bizcore.flow.document import Document, Ref
from bizcore.kernel.days import Day
from bizcore.kernel.errors import Refused
from bizcore.kernel.exact import Number, fraction, number
from bizcore.sfa import ordering, orders
from bizcore.sfa.orders import Figures, Order, OrderLine, Progress
from bizcore.sfa.orders import progress as derived
from bizcore.sfa.policies import SfaPolicies
from bizcore.supply.fulfilment import Delivery, DeliveryLine, call_off, cancel_delivery, plan_delivery
from bizcore.supply.movements import CustomerReturn, Shipment

K = TypeVar("K", bound=Document)

_ZERO = Decimal(0)

ORDER_LINE = "order_line"
"""The key in an invoice line's `extra` that names the order line it bills."""


class NothingToBill(Refused):
    """By the billing policy, nothing of the order is to be billed now."""

    code = "nothing_to_bill"

    def __init__(self, *, order: str) -> None:
        super().__init__(f"{order} has nothing to bill now", order=order)


class NothingToDeliver(Refused):
    """Every line of goods is on a delivery already."""

    code = "nothing_to_deliver"

    def __init__(self, *, order: str) -> None:
        super().__init__(f"{order} has no goods that are not on a delivery", order=order)


class NotBilled(Refused):
    """What came back was not billed, or is credited already."""

    code = "not_billed"

    def __init__(self, *, customer_return: str) -> None:
        super().__init__(
            f"nothing of {customer_return} was billed and is not credited yet", customer_return=customer_return
        )


def deliver(view: View, order: str, *, on: Day, place: str = "main", id: str = "") -> Changes[Delivery]:
    """Plan the delivery of an order's goods: every line that names an item, as far as it is on no delivery yet;
    goods that came back are delivered again.

    Guarantees: what is planned, and shipped and kept, is never more than ordered. Raises: NothingToDeliver, IllegalStep (a closed or
    cancelled order), AlreadyThere.
    """
    found = view.get(Order, order).to("deliver")
    planned = _planned(view, found)
    lines = [
        DeliveryLine(line.item, line.quantity - line.cancelled - planned.get(ref, _ZERO), place, source=ref)
        for ref, line in _lines(found)
        if line.item is not None and line.quantity - line.cancelled > planned.get(ref, _ZERO)
    ]
    if not lines:
        raise NothingToDeliver(order=order)
    return plan_delivery(view, lines, customer=found.customer, on=on, id=id, origins=(found.ref,))


def bill(
    view: View,
    order: str,
    *,
    on: Day,
    id: str = "",
    terms: Terms | None = None,
    rate: Number | None = None,
) -> Changes[Invoice]:
    """Invoice what is to be billed of an order now, by the billing policy: what was delivered, or what was ordered.

    `rate` is the company's currency per unit of a foreign order's; the rate of the day when left out.

    Guarantees: net billed <= what the policy allows, line by line; the invoice names the order and the shipments as its origins.
    Raises: NothingToBill, RateMissing, AlreadyThere.
    """
    found = view.get(Order, order)
    figures = _figures(view, found)
    policies = view.policies(FinancePolicies, on=on, scope=found.customer)
    billing = view.policies(SfaPolicies, on=on, scope=found.customer).billing
    lines = []
    for one, (ref, line) in zip(derived(found, figures).lines, _lines(found), strict=True):
        quantity = one.to_bill(billing)
        if quantity > 0:
            lines.append(_line(line, quantity, ref))
    if not lines:
        raise NothingToBill(order=order)
    return invoices.issue(
        view,
        Invoice(
            id=id,
            customer=found.customer,
            on=on,
            currency=found.currency,
            lines=lines,
            terms=terms if terms is not None else policies.terms,
            rate=None if rate is None else fraction(rate),
            tax_rounding=policies.tax_rounding,
            rounding_mode=policies.rounding_mode,
            prices=policies.prices,
            origins=(found.ref, *_refs(_shipments(view, found))),
        ),
    )


def credit(view: View, customer_return: str, *, on: Day, id: str = "") -> Changes[CreditNote]:
    """Credit goods that came back, as far as they were billed and are not credited yet; at the price of the order.

    When one invoice billed them, the credit note clears it.

    Guarantees: credited <= billed, line by line. Raises: NotBilled, AlreadyThere.
    """
    back = view.get(CustomerReturn, customer_return)
    lines: list[Line] = []
    orders: dict[str, Order] = {}
    billed_by: set[str] = set()
    for one in back.lines:
        delivery, _, number = (one.order or "").rpartition("/")
        planned = view.seek(Delivery, delivery)
        if planned is None or not number.isdecimal():
            continue
        ref = planned.line(int(number)).source
        order, _, _ = ref.rpartition("/")
        found = orders.setdefault(order, view.get(Order, order))
        figures = _figures(view, found)[ref]
        again = sum((line.quantity for line in lines if line.extra.get(ORDER_LINE) == ref), _ZERO)
        quantity = min(one.quantity, figures.billed - figures.credited - again)
        if quantity > 0:
            lines.append(_line(dict(_lines(found))[ref], quantity, ref))
            billed_by |= {bill.id for bill in _of(view, Invoice, found) if _counted([bill]).get(ref)}
    if not lines:
        raise NotBilled(customer_return=customer_return)
    first = next(iter(orders.values()))
    billed = view.get(Invoice, next(iter(billed_by))) if len(billed_by) == 1 else None
    note = CreditNote(
        id=id,
        customer=first.customer,
        on=on,
        currency=first.currency,
        lines=lines,
        rate=billed.rate if billed is not None else None,
        credits=billed.id if billed is not None else None,
        origins=(back.ref, *(one.ref for one in orders.values())),
    )
    return invoices.credit(view, note)


def progress(view: View, order: str) -> Progress:
    """How far an order is, on both axes: what was delivered, what was billed; line by line."""
    found = view.get(Order, order)
    return derived(found, _figures(view, found))


def amend(view: View, order: str, *, line: int, quantity: Number, on: Day) -> Changes[Order]:
    """Change the quantity of a line, not below what was delivered or billed of it.

    What was planned to be delivered beyond it is called off, from the latest delivery first.

    Guarantees: as `deliver`. Raises: BelowDone, NoOrderLine, IllegalStep.
    """
    found = view.get(Order, order)
    found.line(line)
    ref = found.line_ref(line)
    figures = _figures(view, found)[ref]
    changes = orders.amend(
        view, order, line=line, quantity=quantity, delivered=figures.delivered, billed=figures.billed_net
    )
    beyond = _planned(view, found).get(ref, _ZERO) - number(quantity)
    for delivery in sorted(_of(view, Delivery, found), key=lambda one: (one.on, one.number), reverse=True):
        for at, one in enumerate(delivery.lines, 1):
            less = min(beyond, one.open)
            if one.source == ref and less > 0:
                changes += call_off(view, delivery.id, line=at, quantity=less, on=on)
                beyond -= less
    return changes


def cancel(view: View, order: str, *, on: Day) -> Changes[Order]:
    """Cancel an order of which nothing was delivered or billed, and what was planned to be delivered of it.

    Raises: Underway, IllegalStep.
    """
    found = view.get(Order, order)
    figures = _figures(view, found).values()
    delivered = sum((one.delivered for one in figures), _ZERO)
    billed = sum((one.billed_net for one in figures), _ZERO)
    changes = orders.cancel(view, order, delivered=delivered, billed=billed, on=on)
    return _without_deliveries(view, found, changes, on)


def short_close(view: View, order: str, *, on: Day) -> Changes[Order]:
    """Close an order with what was delivered; what is still open is cancelled, its reservations are let go;
    of services, what was not billed.

    Guarantees: ordered + over-delivered = done + cancelled afterwards, line by line. Raises: IllegalStep.
    """
    found = view.get(Order, order)
    figures = list(enumerate(_figures(view, found).values(), 1))
    changes = orders.short_close(
        view,
        order,
        delivered={str(at): one.delivered for at, one in figures},
        billed={str(at): one.billed_net for at, one in figures},
    )
    return _without_deliveries(view, found, changes, on)


def complete(view: View, order: str) -> Changes[Order]:
    """Close an order of which everything was delivered and billed. Raises: NotDone, IllegalStep."""
    return ordering.complete(view, order, figures=_figures(view, view.get(Order, order)))


def _without_deliveries(view: View, order: Order, changes: Changes[Order], on: Day) -> Changes[Order]:
    for delivery in _of(view, Delivery, order):
        if delivery.state == "open":
            changes += cancel_delivery(view, delivery.id, on=on)
    return changes


# -- figures ---------------------------------------------------------------------------------------------------------


def _lines(order: Order) -> list[tuple[str, OrderLine]]:
    return [(order.line_ref(at), line) for at, line in enumerate(order.lines, 1)]


def _line(line: OrderLine, quantity: Decimal, ref: str) -> Line:
    return Line(
        line.text,
        quantity,
        line.price,
        tax=line.tax,
        item=line.item,
        discount_percent=line.discount_percent,
        extra={ORDER_LINE: ref},
    )


def _of(view: View, cls: type[K], order: Order) -> list[K]:
    return list(view.find(cls, "origin", order.ref.kind, order.ref.id))


def _shipments(view: View, order: Order) -> list[Shipment]:
    found: dict[str, Shipment] = {}
    for delivery in _of(view, Delivery, order):
        found.update((one.id, one) for one in view.find(Shipment, "origin", delivery.ref.kind, delivery.ref.id))
    return list(found.values())


def _credits(view: View, order: Order, bills: Iterable[Invoice]) -> list[CreditNote]:
    """The credit notes of an order: for goods that came back, or straight against one of its invoices."""
    found = {one.id: one for one in _of(view, CreditNote, order)}
    for bill in bills:
        found.update((one.id, one) for one in view.find(CreditNote, "origin", bill.ref.kind, bill.ref.id))
    return list(found.values())


def _refs(documents: Iterable[Document]) -> tuple[Ref, ...]:
    return tuple(one.ref for one in documents)


def _planned(view: View, order: Order) -> dict[str, Decimal]:
    planned: dict[str, Decimal] = {}
    for delivery in _of(view, Delivery, order):
        for line in delivery.lines:
            planned[line.source] = planned.get(line.source, _ZERO) + line.quantity - line.cancelled - line.returned
    return planned


def _counted(documents: Iterable[Invoice | CreditNote]) -> dict[str, Decimal]:
    counted: dict[str, Decimal] = {}
    for document in documents:
        for line in document.lines:
            ref = line.extra.get(ORDER_LINE)
            if ref is not None:
                counted[ref] = counted.get(ref, _ZERO) + line.quantity
    return counted


def _figures(view: View, order: Order) -> Mapping[str, Figures]:
    """What supply and finance say of each line: nothing of it is kept in the order."""
    deliveries = [line for delivery in _of(view, Delivery, order) for line in delivery.lines]
    bills = _of(view, Invoice, order)
    billed = _counted(bills)
    credited = _counted(_credits(view, order, bills))
    figures: dict[str, Figures] = {}
    for ref, line in _lines(order):
        mine = [one for one in deliveries if one.source == ref]
        figures[ref] = Figures(
            shipped=sum((one.shipped for one in mine), _ZERO),
            returned=sum((one.returned for one in mine), _ZERO),
            reserved=sum((one.reserved for one in mine), _ZERO),
            billed=billed.get(ref, _ZERO),
            credited=credited.get(ref, _ZERO),
            cancelled=line.cancelled,
        )
    return figures


class OrderToCashDesk(Desk):
    """From a customer's order to delivery, invoice and progress."""

    name = "order_to_cash"

    deliver: Final = verb(deliver)
    bill: Final = verb(bill)
    credit: Final = verb(credit)
    amend: Final = verb(amend)
    cancel: Final = verb(cancel)
    short_close: Final = verb(short_close)
    complete: Final = verb(complete)
    progress: Final = report(progress)
