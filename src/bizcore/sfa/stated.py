"""Orders changed by figures that somebody states: for who delivers and bills outside of these books.

Sales keeps no deliveries and no invoices. Where the books have any of an order, they know its figures better than a caller
does, and the order is changed through the bridge that asks them.
"""

from __future__ import annotations

from collections.abc import Mapping

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.flow.document import Ref
from bizcore.kernel.days import Day
from bizcore.kernel.errors import Refused
from bizcore.kernel.exact import Number
from bizcore.sfa import ordering, orders
from bizcore.sfa.orders import Figures, Order


class FiguresKnown(Refused):
    """Figures are stated of an order that the books hold deliveries or invoices of."""

    code = "figures_known"
    allowed: tuple[str, ...] = (
        "order_to_cash.amend",
        "order_to_cash.cancel",
        "order_to_cash.short_close",
        "order_to_cash.complete",
    )

    def __init__(self, *, order: str, by: tuple[Ref, ...]) -> None:
        super().__init__(
            f"{order} has {', '.join(str(one) for one in by[:3])} in these books, which say what was delivered and billed; "
            "change it with order_to_cash",
            order=order,
            by=by,
        )


def amend(view: View, order: str, *, line: int, quantity: Number, delivered: Number, billed: Number) -> Changes[Order]:
    """Change the quantity of a line, of which `delivered` and `billed` are stated: they are the floor.

    Raises: FiguresKnown, BelowDone, NotPositive (0; close the order short instead), NoOrderLine, IllegalStep.
    """
    _check_stated(view, order)
    return orders.amend(view, order, line=line, quantity=quantity, delivered=delivered, billed=billed)


def cancel(view: View, order: str, *, delivered: Number, billed: Number, on: Day | None = None) -> Changes[Order]:
    """Cancel an order of which nothing was delivered or billed, as stated; a deal is lost with its last order, on the day given.

    Raises: FiguresKnown, Underway, IllegalStep.
    """
    _check_stated(view, order)
    return orders.cancel(view, order, delivered=delivered, billed=billed, on=on)


def short_close(
    view: View, order: str, *, delivered: Mapping[str, Number], billed: Mapping[str, Number] | None = None
) -> Changes[Order]:
    """Close an order with less than was agreed, by what is stated of each line: `delivered` of goods, `billed` of services.

    Raises: FiguresKnown, NoOrderLine, IllegalStep.
    """
    _check_stated(view, order)
    return orders.short_close(view, order, delivered=delivered, billed=billed)


def complete(view: View, order: str, *, figures: Mapping[str, Figures]) -> Changes[Order]:
    """Close an order of which all was delivered and billed, by the figures stated. Raises: FiguresKnown, NotDone, IllegalStep."""
    _check_stated(view, order)
    return ordering.complete(view, order, figures=figures)


def _check_stated(view: View, order: str) -> None:
    found = view.get(Order, order)
    if by := view.origin_of(found.ref):
        raise FiguresKnown(order=order, by=by)
