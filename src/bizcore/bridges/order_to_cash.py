"""Order to cash: what a customer ordered is delivered, billed and credited; progress is derived, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple, TypeVar

from attrs import evolve

from bizcore.change.changes import Changes
from bizcore.change.desk import Desk, report, verb
from bizcore.change.view import View
from bizcore.finance import invoices
from bizcore.finance.documents import CreditNote, Invoice
from bizcore.finance.lines import Line
from bizcore.finance.policies import FinancePolicies
from bizcore.finance.tax import Prices
from bizcore.finance.terms import Terms
from bizcore.flow.document import Document, Ref
from bizcore.flow.lifecycle import IllegalStep
from bizcore.kernel.days import Day
from bizcore.kernel.errors import Refused
from bizcore.kernel.exact import Number, fraction, number
from bizcore.kernel.money import Money
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

PIECES: Final = "pieces"
"""The key in a credit line's `extra` that says that it takes pieces back, at whatever price."""


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
    Raises: NothingToBill, RateMissing, AlreadyThere, IllegalStep (a cancelled order).
    """
    found = view.get(Order, order)
    if found.state == "cancelled":
        raise IllegalStep(lifecycle=found.kind, state=found.state, verb="bill", allowed=())
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
    """Credit goods that came back, as far as the customer is billed for more than was kept; as they were billed.

    When one invoice billed them, the credit note clears it, at its prices, tax policies and rate, and with its last pieces takes
    what is left of it, to the cent. Goods that are replaced instead are not credited.

    Guarantees: credited <= billed, line by line, and <= what came back, return by return. Raises: NotBilled, AlreadyThere.
    """
    back = view.get(CustomerReturn, customer_return)
    earlier = _counted(view, view.find(CreditNote, "origin", back.ref.kind, back.ref.id))
    wanted: dict[str, dict[str, Decimal]] = {}
    for one in back.lines:
        delivery, _, at = (one.order or "").rpartition("/")
        planned = view.seek(Delivery, delivery)
        if planned is None or not at.isdecimal():
            continue
        ref = planned.line(int(at)).source
        of = wanted.setdefault(ref.rpartition("/")[0], {})
        of[ref] = of.get(ref, -earlier.get(ref, _ZERO)) + one.quantity
    shares: list[_Share] = []
    orders: list[Order] = []
    for name, back_of in wanted.items():
        order = view.get(Order, name)
        orders.append(order)
        over = {ref: one.billed_net - one.delivered for ref, one in _figures(view, order).items()}
        asked = {ref: min(quantity, over[ref]) for ref, quantity in back_of.items()}
        shares += _billed_shares(view, order, asked, first=back.origins)
    if not shares:
        raise NotBilled(customer_return=customer_return)
    return _credited(view, shares, on=on, id=id, origins=(back.ref, *_refs(orders)))


def credit_excess(view: View, order: str, *, on: Day, id: str = "") -> Changes[CreditNote]:
    """Credit what an order is billed for beyond what is agreed: of one that was closed short or amended after it was billed.

    Guarantees: as `credit`; afterwards nothing is billed beyond what is agreed. Raises: NothingToCredit, AlreadyThere.
    """
    found = view.get(Order, order)
    over = {found.line_ref(one.line): one.over_billed for one in progress(view, order).lines}
    shares = _billed_shares(view, found, over, first=())
    if not shares:
        raise NothingToCredit(order=order)
    return _credited(view, shares, on=on, id=id, origins=(found.ref,))


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


def _counted(view: View, documents: Iterable[Invoice | CreditNote]) -> dict[str, Decimal]:
    """The quantities that documents bill or credit by order line; a credit at another price than billed takes back no pieces."""
    counted: dict[str, Decimal] = {}
    for document in documents:
        for line in document.lines:
            ref = line.extra.get(ORDER_LINE)
            if ref is None or (isinstance(document, CreditNote) and not _takes_back(view, document, line)):
                continue
            counted[ref] = counted.get(ref, _ZERO) + line.quantity
    return counted


def _takes_back(view: View, note: CreditNote, line: Line) -> bool:
    """Whether a credit line takes pieces back, and not only something off their price."""
    billed = view.seek(Invoice, note.credits) if note.credits is not None else None
    if billed is None or PIECES in line.extra:
        return True
    ref = line.extra[ORDER_LINE]
    return any(_unit(one) == _unit(line) for one in billed.lines if one.extra.get(ORDER_LINE) == ref)


def _unit(line: Line) -> Fraction:
    return line.extended / Fraction(line.quantity) if line.quantity else Fraction(0)


def _figures(view: View, order: Order) -> Mapping[str, Figures]:
    """What supply and finance say of each line: nothing of it is kept in the order."""
    deliveries = [line for delivery in _of(view, Delivery, order) for line in delivery.lines]
    bills = _of(view, Invoice, order)
    billed = _counted(view, bills)
    credited = _counted(view, _credits(view, order, bills))
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


# -- credits ---------------------------------------------------------------------------------------------------------


class _Share(NamedTuple):
    """Pieces of an invoice's line that a credit note takes back."""

    invoice: Invoice
    line: Line
    quantity: Decimal


def _billed_shares(view: View, order: Order, asked: Mapping[str, Decimal], *, first: Sequence[Ref]) -> list[_Share]:
    """Which invoices billed what is asked of an order: those of the shipments named first, then the oldest."""
    bills = sorted(
        _of(view, Invoice, order), key=lambda one: (not set(first) & set(one.origins), one.on, one.number, one.id)
    )
    loose = _counted(view, [one for one in _credits(view, order, bills) if one.credits is None])
    shares: list[_Share] = []
    for bill in bills:
        credited = _counted(view, view.find(CreditNote, "credits", bill.id))
        for line in bill.lines:
            ref = line.extra.get(ORDER_LINE, "")
            left = line.quantity
            for taken in (credited, loose):
                gone = min(left, taken.get(ref, _ZERO))
                left -= gone
                taken[ref] = taken.get(ref, _ZERO) - gone
            already = sum((one.quantity for one in shares if one.line.extra.get(ORDER_LINE) == ref), _ZERO)
            quantity = min(left, asked.get(ref, _ZERO) - already)
            if quantity > 0:
                shares.append(_Share(bill, line, quantity))
    return shares


def _credited(
    view: View, shares: Sequence[_Share], *, on: Day, id: str, origins: tuple[Ref, ...]
) -> Changes[CreditNote]:
    first = shares[0].invoice
    alone = all(one.invoice.id == first.id for one in shares)
    earlier = list(view.find(CreditNote, "credits", first.id)) if alone else []
    note = CreditNote(
        id=id,
        customer=first.customer,
        on=on,
        currency=first.currency,
        lines=[_taken_back(one, earlier) for one in shares],
        rate=first.rate if alone else None,
        tax_rounding=first.tax_rounding,
        rounding_mode=first.rounding_mode,
        prices=first.prices,
        credits=first.id if alone else None,
        origins=origins,
    )
    return invoices.credit(view, _to_the_cent(view, note, first, earlier) if alone else note)


def _taken_back(share: _Share, earlier: Sequence[CreditNote]) -> Line:
    """The credit line of a share; the last pieces take what is left of the billed line's amount."""
    ref = share.line.extra[ORDER_LINE]
    line = evolve(share.line, quantity=share.quantity, value=None, extra=share.line.extra.set(PIECES, ref))
    before = [(note, at) for note in earlier for at, one in enumerate(note.lines) if one.extra.get(ORDER_LINE) == ref]
    pieces = sum((note.lines[at].quantity for note, at in before), _ZERO)
    if not before or pieces + share.quantity != share.line.quantity:
        return line
    of = share.invoice.lines.index(share.line)
    left = _agreed(share.invoice, of) - Money.sum((_agreed(*one) for one in before), share.invoice.currency)
    # Priced for all the pieces at once: an amount of cents need not be divisible by them.
    return evolve(line, price=left.amount, per=share.quantity, discount_percent=_ZERO)


def _agreed(document: Invoice | CreditNote, at: int) -> Money:
    """A line's amount as its price is meant: with tax under gross prices."""
    share = document.totals.shares[at]
    return share.gross if document.prices is Prices.GROSS else share.net


def _to_the_cent(view: View, note: CreditNote, invoice: Invoice, earlier: Sequence[CreditNote]) -> CreditNote:
    """The note that takes the last pieces of an invoice clears it: what its tax was rounded otherwise in parts is rounding."""
    after = _counted(view, [*earlier, note])
    whole = _counted(view, [invoice])
    other = invoice.allowances or invoice.charges or any(ORDER_LINE not in one.extra for one in invoice.lines)
    if other or after != whole:
        return note
    left = invoice.owed - Money.sum((one.owed for one in earlier), invoice.currency) - note.owed
    # Beyond a cent for each rounding it is no rounding: something was taken off the price before.
    cents = len(earlier) * len(invoice.tax_lines) + 1
    return evolve(note, rounding=left) if left and abs(left.minor) <= cents else note


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
