"""Figures about the orders of a company, and the day its statements are as at."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from bizcore.change.reading import PostingQuery, bucket_span
from bizcore.change.view import View
from bizcore.cli.checks import BOOKS
from bizcore.company import Company
from bizcore.finance.documents import Invoice
from bizcore.finance.lines import Line
from bizcore.finance.rates import spot
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.exact import Exact, plain_number
from bizcore.sfa.orders import Order
from bizcore.supply.fulfilment import Delivery


def quarter_end(company: Company) -> date | None:
    """The last day of the last fiscal quarter that anything is posted in, None for empty books; no clock is read."""
    view = company.view()
    periods = {int(row.key[0]) for book in BOOKS for row in view.totals(PostingQuery(book=book), by=("period",))}
    if not periods:
        return None
    newest = bucket_span(max(periods), company.settings.bucket).start
    if newest is None:
        return None
    return view.calendar.quarter(newest).end - timedelta(days=1)


def figures(company: Company) -> dict[str, object]:
    """Orders and what they come to in the company's currency, how far the log is, and the hash of the state.

    Totals are exact decimal text. A foreign order counts at the rate of its date; where that rate is no finite decimal (quoted
    the other way round), the order is rounded to the currency's cents. An order that cannot be valued, for want of a rate or
    because a line has no valid tax, is listed in `orders_not_valued` and in no total.
    """
    view = company.view()
    shipped: set[str] = set()
    for delivery in company.documents(Delivery):
        if any(line.shipped for line in delivery.lines):
            shipped.update(one.id for one in delivery.origins if one.kind == Order.kind)
    orders = list(company.documents(Order))
    subtotal = total = Fraction(0)
    left_out: list[str] = []
    for order in orders:
        try:
            net, gross = _worth(view, order)
        except BizcoreError:
            left_out.append(order.id)
            continue
        subtotal += net
        total += gross
    return {
        "company": company.name,
        "currency": company.currency,
        "orders": len(orders),
        "orders_shipped": len(shipped),
        "orders_not_valued": left_out,
        "order_subtotal": plain_number(subtotal),
        "order_total": plain_number(total),
        "positions": company.head,
        "state_hash": company.state_hash(),
    }


def _worth(view: View, order: Order) -> tuple[Fraction, Fraction]:
    """Net and gross of an order in the company's currency. Raises: RateMissing, and what an invoice of it would refuse."""
    rate = Fraction(1) if order.currency == view.currency else spot(view, order.currency, on=order.on)
    net = sum((line.net(order.currency).amount for line in order.lines), Fraction(0)) * rate
    gross = _billed_whole(order).gross.exact.amount * rate
    return _decimal(net, view.currency), _decimal(gross, view.currency)


def _decimal(amount: Fraction, currency: str) -> Fraction:
    """The amount itself where it is a finite decimal, else rounded to cents."""
    if "/" in plain_number(amount):
        return Exact(amount, currency).round().exact.amount
    return amount


def _billed_whole(order: Order) -> Invoice:
    """The invoice of all of an order: what its total with tax would be."""
    lines = [
        Line(one.text, one.quantity, one.price, tax=one.tax, discount_percent=one.discount_percent)
        for one in order.lines
    ]
    return Invoice(customer=order.customer, on=order.on, currency=order.currency, lines=lines)
