"""Order to cash: what a customer ordered is delivered, billed and credited; progress is derived, never stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from bizcore.bridges.order_to_cash.credit_limits import exposure
from bizcore.bridges.order_to_cash.figures import (
    ORDER_LINE,
    credits_of,
    figures_of,
    lines_of,
    origin_of,
    planned_of,
    refs_of,
    shipments_of,
    taken_back_of,
)  # fmt: skip
from bizcore.change.changes import Changes
from bizcore.change.desk import Desk, report, verb
from bizcore.change.view import View
from bizcore.finance import invoices
from bizcore.finance.crediting import in_part, taken_back
from bizcore.finance.documents import CreditNote, Invoice
from bizcore.finance.lines import Line
from bizcore.finance.policies import FinancePolicies
from bizcore.finance.terms import Terms
from bizcore.flow.document import Ref
from bizcore.flow.lifecycle import IllegalStep
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Refused
from bizcore.kernel.exact import Number, fraction, number
from bizcore.kernel.sequence import check_sequence
from bizcore.sfa import ordering, orders
from bizcore.sfa.orders import Order, OrderLine, Progress
from bizcore.sfa.orders import progress as derived
from bizcore.sfa.policies import SfaPolicies
from bizcore.supply.fulfilment import Delivery, DeliveryLine, call_off, cancel_delivery, plan_delivery
from bizcore.supply.movements import CustomerReturn

_ZERO = Decimal(0)


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


class NothingToCredit(Refused):
    """Nothing of the order is billed beyond what is agreed."""

    code = "nothing_to_credit"

    def __init__(self, *, order: str) -> None:
        super().__init__(f"{order} is not billed for more than is agreed", order=order)


class NotBilled(Refused):
    """The customer is not billed for what came back: it was not billed, is credited already, or was replaced."""

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
    planned = planned_of(view, found)
    lines = [
        DeliveryLine(line.item, line.quantity - line.cancelled - planned.get(ref, _ZERO), place, source=ref)
        for ref, line in lines_of(found)
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
    Raises: NothingToBill, RateMissing, AlreadyThere, IllegalStep (a cancelled order).
    """
    found = view.get(Order, order)
    if found.state == "cancelled":
        raise IllegalStep(lifecycle=found.kind, state=found.state, verb="bill", allowed=())
    figures = figures_of(view, found)
    policies = view.policies(FinancePolicies, on=on, scope=found.customer)
    billing = view.policies(SfaPolicies, on=on, scope=found.customer).billing
    lines = []
    for one, (ref, line) in zip(derived(found, figures).lines, lines_of(found), strict=True):
        quantity = one.to_bill(billing)
        if quantity > 0:
            lines.append(_line(line, quantity, ref))
    if not lines:
        raise NothingToBill(order=order)
    invoice = Invoice(
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
        origins=(found.ref, *refs_of(shipments_of(view, found))),
    )
    if invoice.owed.minor < 0:  # a discount that was taken back waits for the goods it is off
        raise NothingToBill(order=order)
    return invoices.issue(view, invoice)


def credit(view: View, customer_return: str, *, on: Day, id: str = "") -> Changes[CreditNote]:
    """Credit goods that came back, as far as the customer is billed for more than was kept; as they were billed.

    Each invoice that billed them gets a credit note that clears it, see `in_part`; the answer is the first. Goods that are
    replaced instead are not credited.

    Guarantees: credited <= billed, line by line, and <= what came back, return by return. Raises: NotBilled, DatedBefore, AlreadyThere.
    """
    back = view.get(CustomerReturn, customer_return)
    check_sequence("a credit note", day(on), cause=f"the return {back.number or back.id}", since=back.on)
    earlier = taken_back_of(view, view.find(CreditNote, "origin", back.ref.kind, back.ref.id))
    wanted: dict[str, dict[str, Decimal]] = {}
    for one in back.lines:
        delivery, _, at = (one.order or "").rpartition("/")
        planned = view.seek(Delivery, delivery)
        if planned is None or not at.isdecimal():
            continue
        ref = planned.line(int(at)).source
        of = wanted.setdefault(ref.rpartition("/")[0], {})
        of[ref] = of.get(ref, -earlier.get(ref, _ZERO)) + one.quantity
    changes: Changes[CreditNote] | None = None
    for name, back_of in wanted.items():
        order = view.get(Order, name)
        over = {ref: one.billed_net - one.delivered for ref, one in figures_of(view, order).items()}
        asked = {ref: min(quantity, over[ref]) for ref, quantity in back_of.items()}
        changes = _credited(view, order, asked, changes, on=on, id=id, of=(back.ref,), first=back.origins)
    if changes is None:
        raise NotBilled(customer_return=customer_return)
    return changes


def credit_excess(view: View, order: str, *, on: Day, id: str = "") -> Changes[CreditNote]:
    """Credit what an order is billed for beyond what is agreed: of one that was closed short or amended after it was billed.

    Guarantees: as `credit`; afterwards nothing is billed beyond what is agreed. Raises: NothingToCredit, AlreadyThere.
    """
    found = view.get(Order, order)
    over = {found.line_ref(one.line): one.over_billed for one in progress(view, order).lines}
    changes = _credited(view, found, over, None, on=on, id=id, of=(), first=())
    if changes is None:
        raise NothingToCredit(order=order)
    return changes


def progress(view: View, order: str) -> Progress:
    """How far an order is, on both axes: what was delivered, what was billed; line by line."""
    found = view.get(Order, order)
    return derived(found, figures_of(view, found))


def amend(view: View, order: str, *, line: int, quantity: Number, on: Day) -> Changes[Order]:
    """Change the quantity of a line, not below what was delivered or billed of it.

    What was planned to be delivered beyond it is called off, from the latest delivery first.

    Guarantees: as `deliver`. Raises: BelowDone, NoOrderLine, IllegalStep.
    """
    found = view.get(Order, order)
    found.line(line)
    ref = found.line_ref(line)
    figures = figures_of(view, found)[ref]
    changes = orders.amend(
        view, order, line=line, quantity=quantity, delivered=figures.delivered, billed=figures.billed_net
    )
    beyond = planned_of(view, found).get(ref, _ZERO) - number(quantity)
    for delivery in sorted(origin_of(view, Delivery, found), key=lambda one: (one.on, one.number), reverse=True):
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
    figures = figures_of(view, found).values()
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
    figures = list(enumerate(figures_of(view, found).values(), 1))
    changes = orders.short_close(
        view,
        order,
        delivered={str(at): one.delivered for at, one in figures},
        billed={str(at): one.billed_net for at, one in figures},
    )
    return _without_deliveries(view, found, changes, on)


def complete(view: View, order: str) -> Changes[Order]:
    """Close an order of which everything was delivered and billed. Raises: NotDone, IllegalStep."""
    return ordering.complete(view, order, figures=figures_of(view, view.get(Order, order)))


def _without_deliveries(view: View, order: Order, changes: Changes[Order], on: Day) -> Changes[Order]:
    for delivery in origin_of(view, Delivery, order):
        if delivery.state == "open":
            changes += cancel_delivery(view, delivery.id, on=on)
    return changes


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


def _credited(
    view: View,
    order: Order,
    asked: Mapping[str, Decimal],
    changes: Changes[CreditNote] | None,
    *,
    on: Day,
    id: str,
    of: tuple[Ref, ...],
    first: Sequence[Ref],
) -> Changes[CreditNote] | None:
    """Add to changes a credit note for each invoice that billed what is asked: those of shipments named first, then the oldest."""
    bills = sorted(
        origin_of(view, Invoice, order), key=lambda one: (not set(first) & set(one.origins), one.on, one.number, one.id)
    )
    loose = taken_back_of(view, [one for one in credits_of(view, order, bills) if one.credits is None])
    left = dict(asked)
    for bill in bills:
        earlier = list(view.find(CreditNote, "credits", bill.id))
        credited = taken_back(bill, earlier)
        pieces: dict[int, Decimal] = {}
        for at, line in enumerate(bill.lines, 1):
            ref = line.extra.get(ORDER_LINE, "")
            billed = line.quantity - credited.get(at, _ZERO)
            gone = min(billed, loose.get(ref, _ZERO))
            loose[ref] = loose.get(ref, _ZERO) - gone
            pieces[at] = max(min(billed - gone, left.get(ref, _ZERO)), _ZERO)
            left[ref] = left.get(ref, _ZERO) - pieces[at]
        if any(pieces.values()):
            pieces |= _discounts(bill, credited, pieces)
            name = id if changes is None else ""
            note = in_part(bill, pieces, earlier, on=on, id=name, origins=(*of, order.ref))
            made = invoices.credit(view, note)
            changes = made if changes is None else changes + made
    return changes


def _discounts(bill: Invoice, credited: Mapping[int, Decimal], pieces: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """The lines that took something off an invoice, taken back with the last of its goods."""
    for at, line in enumerate(bill.lines, 1):
        if line.item is not None and credited.get(at, _ZERO) + pieces.get(at, _ZERO) < line.quantity:
            return {}
    return {
        at: line.quantity - credited.get(at, _ZERO)
        for at, line in enumerate(bill.lines, 1)
        if line.item is None and line.extended < 0
    }


class OrderToCashDesk(Desk):
    """From a customer's order to delivery, invoice and progress."""

    name = "order_to_cash"

    deliver: Final = verb(deliver)
    bill: Final = verb(bill)
    credit: Final = verb(credit)
    credit_excess: Final = verb(credit_excess)
    amend: Final = verb(amend)
    cancel: Final = verb(cancel)
    short_close: Final = verb(short_close)
    complete: Final = verb(complete)
    progress: Final = report(progress)
    exposure: Final = report(exposure)
