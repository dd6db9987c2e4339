"""What is planned to be delivered of an order stays within what was promised, however the delivery was planned."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from bizcore.change.view import View
from bizcore.kernel.errors import Refused
from bizcore.kernel.exact import plain_number
from bizcore.sfa.orders import Figures, LineProgress, Order
from bizcore.sfa.policies import SfaPolicies
from bizcore.supply.fulfilment import Delivery

_ZERO = Decimal(0)


class BeyondOrder(Refused):
    """More of an order line would be delivered than was ordered and the policy `over_delivery` allows."""

    code = "beyond_order"
    allowed: tuple[str, ...] = ("amend the order", "SfaPolicies(over_delivery=...)")

    def __init__(self, *, order: str, line: int, planned: Decimal, most: Fraction) -> None:
        super().__init__(
            f"{planned} of line {line} of {order} would be delivered, at most {plain_number(most)}",
            order=order,
            line=line,
            planned=planned,
            most=most,
        )


class NotItsOrder(Refused):
    """A delivery names lines of an order that is another customer's, or that it does not name as its origin."""

    code = "not_its_order"

    def __init__(self, *, order: str, customer: str, given: str) -> None:
        super().__init__(
            f"{order} is an order of {customer}; a delivery to {given} names its lines: deliver to {customer},"
            " with the order as its origin",
            order=order,
            customer=customer,
            given=given,
        )


class NotItsLine(Refused):
    """A delivery line names an order line in another way than the order does, or delivers another item for it."""

    code = "not_its_line"

    def __init__(self, *, line: str, item: str, given: str) -> None:
        super().__init__(f"{line} is a line of {item or 'no goods'}, not {given}", line=line, item=item, given=given)


def watch(view: View, delivery: Delivery) -> None:
    """Look at a delivery before it is written: of each order line it names, all deliveries together are within the promise.

    Only what a change adds is looked at: what was planned under another policy may still be shipped.
    Raises: BeyondOrder, NotItsOrder, NotItsLine, IllegalStep (an order that is closed or cancelled).
    """
    before = view.seek(Delivery, delivery.id)
    had = _planned([] if before is None else [before])
    for ref, quantity in _planned([delivery]).items():
        name, _, at = ref.rpartition("/")
        if quantity <= had.get(ref, _ZERO) or not name or not at.isdecimal():
            continue
        order = view.seek(Order, name)
        if order is None:
            continue
        order.to("deliver")
        line = order.line(int(at))
        strays = [one for one in delivery.lines if one.source == ref and one.item != line.item]
        if strays or str(int(at)) != at:
            raise NotItsLine(line=ref, item=line.item or "", given=strays[0].item if strays else at)
        if order.customer != delivery.customer or order.ref not in delivery.origins:
            raise NotItsOrder(order=name, customer=order.customer, given=delivery.customer)
        others = [one for one in view.find(Delivery, "origin", order.ref.kind, name) if one.id != delivery.id]
        planned = quantity + _planned(others).get(ref, _ZERO)
        promised = LineProgress(line=int(at), ordered=line.quantity, figures=Figures(cancelled=line.cancelled))
        over = view.policies(SfaPolicies, on=delivery.on, scope=order.customer).over_delivery
        most = promised.may_deliver(over_percent=over)
        if planned > most:
            raise BeyondOrder(order=name, line=int(at), planned=planned, most=most)


def _planned(deliveries: list[Delivery]) -> dict[str, Decimal]:
    """What deliveries hold of each order line: planned, shipped and kept."""
    planned: dict[str, Decimal] = {}
    for one in deliveries:
        for line in one.lines:
            left = line.quantity - line.cancelled - line.returned
            planned[line.source] = planned.get(line.source, _ZERO) + left
    return planned
