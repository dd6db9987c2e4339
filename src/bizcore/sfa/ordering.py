"""The course of an order: taken or made from a quote, completed, opened again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import evolve

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.flow.beginning import NotNew, fresh
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Refused
from bizcore.kernel.sequence import check_sequence
from bizcore.sfa.customers import ensured
from bizcore.sfa.orders import Figures, Order, OrderLine, deals_after, progress
from bizcore.sfa.quotes import ORDERED, Quote, QuoteLine


class NotDone(Refused):
    """An order is complete when all of it is delivered and billed; with less it is closed short."""

    code = "not_done"
    allowed: tuple[str, ...] = ("short_close",)

    def __init__(self, *, order: str, status: str) -> None:
        super().__init__(f"{order} is still {status.replace('_', ' ')}; close it short", order=order, status=status)


class FromQuote(Refused):
    """The order of a quote is made from the quote, so that it is accepted first and ordered once."""

    code = "from_quote"
    allowed: tuple[str, ...] = ("order",)

    def __init__(self, *, quote: str) -> None:
        super().__init__(f"the order of {quote} is made from it, once it is accepted", quote=quote)


def take_order(view: View, order: Order) -> Changes[Order]:
    """Take an order that a customer placed without a quote; a deal among its origins is won with it.

    Raises: FromQuote (a quote is among its origins), NotNew (also when something is called off already), AlreadyThere.
    """
    offered = next((one.id for one in order.origins if one.kind == Quote.kind), None)
    if offered is not None:
        raise FromQuote(quote=offered)
    called_off = next((line.cancelled for line in order.lines if line.cancelled), None)
    if called_off is not None:
        raise NotNew(kind=order.kind, field="cancelled", value=called_off)
    minted = view.mint(fresh(order, later=("revision",)))
    return Changes(
        minted, documents=[*ensured(view, minted.customer, on=minted.on), *deals_after(view, minted, on=minted.on)]
    )


def order(view: View, quote: str, *, on: Day, id: str = "", reference: str = "") -> Changes[Order]:
    """Make the order of an accepted quote: its lines as they were accepted, once. The quote's deal is won with it.

    Raises: DocumentNotFound, DatedBefore, IllegalStep (not accepted, ordered already).
    """
    found = view.get(Quote, quote)
    after = found.to(ORDERED)
    if found.accepted_on is not None:
        check_sequence("an order", day(on), cause=f"acceptance of {quote}", since=found.accepted_on)
    made = view.mint(
        Order(
            id=id,
            customer=found.customer,
            on=on,
            currency=found.currency,
            lines=tuple(_ordered(line) for line in found.lines),
            reference=reference,
            origins=(found.ref,),
        )
    )
    deals = deals_after(view, made, on=made.on)
    return Changes(made, documents=[after, *ensured(view, made.customer, on=made.on), *deals])


def _ordered(line: QuoteLine) -> OrderLine:
    return OrderLine(
        line.text,
        line.quantity,
        line.price,
        tax=line.tax,
        item=line.item,
        discount_percent=line.discount_percent,
        extra=line.extra,
    )


def complete(view: View, order: str, *, figures: Mapping[str, Figures]) -> Changes[Order]:
    """Close an order of which all was delivered and billed, by the figures of its lines. Raises: NotDone, IllegalStep."""
    found = view.get(Order, order)
    after = found.to("complete")
    reached = progress(found, figures)
    if not reached.done:
        raise NotDone(order=order, status=reached.headline.value)
    return Changes(after)


def reopen_order(view: View, order: str) -> Changes[Order]:
    """Open a closed order again: what was called off when it was closed is agreed once more. Raises: IllegalStep."""
    found = view.get(Order, order).to("reopen")
    return Changes(evolve(found, lines=tuple(evolve(line, cancelled=Decimal(0)) for line in found.lines)))
