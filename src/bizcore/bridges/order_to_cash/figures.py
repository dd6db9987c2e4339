"""What supply and finance say of an order: deliveries, invoices and credits, found by their origin; nothing is kept in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, TypeVar

from bizcore.change.view import View
from bizcore.finance.crediting import taken_back
from bizcore.finance.documents import CreditNote, Invoice
from bizcore.flow.document import Document, Ref
from bizcore.sfa.orders import Figures, Order, OrderLine
from bizcore.supply.fulfilment import Delivery
from bizcore.supply.movements import Shipment

K = TypeVar("K", bound=Document)

_ZERO: Final = Decimal(0)

ORDER_LINE: Final = "order_line"
"""The key in an invoice line's `extra` that names the order line it bills."""


def lines_of(order: Order) -> list[tuple[str, OrderLine]]:
    """The lines of an order, each with its name."""
    return [(order.line_ref(at), line) for at, line in enumerate(order.lines, 1)]


def origin_of(view: View, cls: type[K], order: Order) -> list[K]:
    """The documents of a kind that name an order as their origin."""
    return list(view.find(cls, "origin", order.ref.kind, order.ref.id))


def shipments_of(view: View, order: Order) -> list[Shipment]:
    """What was sent for an order."""
    found: dict[str, Shipment] = {}
    for delivery in origin_of(view, Delivery, order):
        found.update((one.id, one) for one in view.find(Shipment, "origin", delivery.ref.kind, delivery.ref.id))
    return list(found.values())


def credits_of(view: View, order: Order, bills: Iterable[Invoice]) -> list[CreditNote]:
    """The credit notes of an order: for goods that came back, or straight against one of its invoices."""
    found = {one.id: one for one in origin_of(view, CreditNote, order)}
    for bill in bills:
        found.update((one.id, one) for one in view.find(CreditNote, "origin", bill.ref.kind, bill.ref.id))
    return list(found.values())


def refs_of(documents: Iterable[Document]) -> tuple[Ref, ...]:
    """The references of documents."""
    return tuple(one.ref for one in documents)


def planned_of(view: View, order: Order) -> dict[str, Decimal]:
    """What deliveries hold of each line: planned, shipped and kept."""
    planned: dict[str, Decimal] = {}
    for delivery in origin_of(view, Delivery, order):
        for line in delivery.lines:
            planned[line.source] = planned.get(line.source, _ZERO) + line.quantity - line.cancelled - line.returned
    return planned


def billed_of(bills: Iterable[Invoice]) -> dict[str, Decimal]:
    """The pieces that invoices bill of each line."""
    billed: dict[str, Decimal] = {}
    for bill in bills:
        for line in bill.lines:
            ref = line.extra.get(ORDER_LINE, "")
            billed[ref] = billed.get(ref, _ZERO) + line.quantity
    return billed


def taken_back_of(view: View, notes: Iterable[CreditNote]) -> dict[str, Decimal]:
    """The pieces that credit notes take back by order line: of the invoice they credit, or as they say themselves."""
    found: dict[str, Decimal] = {}
    for note in notes:
        bill = view.seek(Invoice, note.credits) if note.credits is not None else None
        if bill is not None:
            told = [(bill.lines[at - 1], quantity) for at, quantity in taken_back(bill, [note]).items()]
        else:
            told = [(line, line.quantity) for line in note.lines]
        for line, quantity in told:
            ref = line.extra.get(ORDER_LINE, "")
            found[ref] = found.get(ref, _ZERO) + quantity
    return found


def figures_of(view: View, order: Order) -> Mapping[str, Figures]:
    """What supply and finance say of each line: nothing of it is kept in the order."""
    deliveries = [line for delivery in origin_of(view, Delivery, order) for line in delivery.lines]
    bills = origin_of(view, Invoice, order)
    billed, credited = billed_of(bills), taken_back_of(view, credits_of(view, order, bills))
    figures: dict[str, Figures] = {}
    for ref, line in lines_of(order):
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
