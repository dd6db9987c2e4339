"""Credit limits: what is agreed with a customer and not paid stays within what he may owe.

Exposure = open receivables + what open orders have still to bill, in the company's currency. It is looked at when something is
taken on: an order, more of one, one that is opened again, goods that are sent, an invoice of no order; never when goods that left
are billed.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Final

from attrs import frozen

from bizcore.bridges.order_to_cash.figures import ORDER_LINE, figures_of, lines_of
from bizcore.change.view import View
from bizcore.finance import chart
from bizcore.finance.documents import Invoice
from bizcore.finance.limits import BadLimit, CreditLimit
from bizcore.finance.lines import Line
from bizcore.finance.policies import FinancePolicies
from bizcore.finance.rates import converted, spot
from bizcore.kernel.errors import Refused
from bizcore.kernel.exact import Exact
from bizcore.kernel.explain import Explanation
from bizcore.kernel.money import Money
from bizcore.kernel.value import Value
from bizcore.sfa.orders import Order
from bizcore.supply.movements import Shipment

_ZERO: Final = Decimal(0)


class OverCreditLimit(Refused):
    """The customer would owe more than he may."""

    code = "over_credit_limit"
    allowed: tuple[str, ...] = ("collect what is open, or an advance", "put a higher CreditLimit")

    def __init__(self, *, customer: str, exposure: Money, limit: Money) -> None:
        super().__init__(
            f"{customer} would stand at {exposure}, at most {limit} is allowed",
            customer=customer,
            exposure=exposure,
            limit=limit,
        )


@frozen(kw_only=True)
class Exposure(Value):
    """What a customer stands at, in the company's currency; `limit` is None where there is none.

    An advance makes `receivables` smaller, also below nothing.
    """

    customer: str
    receivables: Money
    orders: Money
    limit: Money | None = None

    @property
    def total(self) -> Money:
        """Receivables and orders."""
        return self.receivables + self.orders

    def explain(self) -> Explanation:
        """What it is made of."""
        inputs: dict[str, object] = {"open receivables": self.receivables, "still to bill of open orders": self.orders}
        if self.limit is not None:
            inputs["limit"] = self.limit
        return Explanation("exposure = receivables + orders", str(self.total), inputs)


def exposure(view: View, customer: str) -> Exposure:
    """What a customer stands at now. Raises: RateMissing (an order in a currency without a rate on its day).

    Guarantees: each amount counts once: what is billed of an order left the orders and is in the receivables until it is paid.

    >>> from bizcore import Company
    >>> from bizcore.sfa.orders import Order, OrderLine
    >>> acme = Company.create("acme", currency="EUR")
    >>> order = Order(customer="beta", on="2026-01-10", currency="EUR", lines=[OrderLine("Work", 2, "50", tax="S20")])
    >>> _ = acme.apply(acme.sfa.take_order(order))
    >>> acme.order_to_cash.exposure("beta").total
    Money('120.00', 'EUR')
    """
    limit = view.seek(CreditLimit, customer)
    return Exposure(
        customer=customer,
        receivables=_receivables(view, customer),
        orders=_to_bill(view, _open_orders(view, customer)),
        limit=None if limit is None else limit.limit,
    )


def watch_limit(view: View, limit: CreditLimit) -> None:
    """Look at a limit before it is written: it is compared with what is in the company's currency. Raises: BadLimit."""
    if limit.limit.currency != view.currency:
        raise BadLimit(value=f"{limit.limit}; the company's currency is {view.currency}")


def watch_order(view: View, order: Order) -> None:
    """Look at an order before it is written, when more is taken on by it. Raises: OverCreditLimit."""
    limit = view.seek(CreditLimit, order.customer)
    if limit is None or order.state != "open":
        return
    before = view.seek(Order, order.id)
    if before is None or before.state != "open" or _agreed(order) > _agreed(before):
        others = [one for one in _open_orders(view, order.customer) if one.id != order.id]
        _check(limit, _receivables(view, order.customer) + _to_bill(view, [*others, order]))


def watch_shipment(view: View, shipment: Shipment) -> None:
    """Look at goods before they are sent: they go only to whom stands within his limit. Raises: OverCreditLimit."""
    limit = view.seek(CreditLimit, shipment.party) if shipment.party is not None else None
    if limit is not None:
        _check(limit, exposure(view, limit.customer).total)


def watch_invoice(view: View, invoice: Invoice) -> None:
    """Look at an invoice before it is written, unless it bills an order: that was looked at when it was taken. Raises: OverCreditLimit."""
    limit = view.seek(CreditLimit, invoice.customer)
    if limit is None or any(ORDER_LINE in line.extra for line in invoice.lines):
        return
    owed = invoice.owed
    if invoice.currency != view.currency:
        rate = invoice.rate if invoice.rate is not None else spot(view, invoice.currency, on=invoice.on)
        owed = converted(owed, rate, view.currency)
    if owed.sign > 0:
        _check(limit, exposure(view, invoice.customer).total + owed)


def _check(limit: CreditLimit, total: Money) -> None:
    if total > limit.limit:
        raise OverCreditLimit(customer=limit.customer, exposure=total, limit=limit.limit)


def _receivables(view: View, customer: str) -> Money:
    items = view.lots("journal", chart.of(view).role("receivable"), customer)
    return Money.sum((one.value for one in items), view.currency)


def _open_orders(view: View, customer: str) -> list[Order]:
    return list(view.find(Order, "open", customer))


def _agreed(order: Order) -> Exact:
    """What an order comes to, without what was called off."""
    worth = (
        line.net(order.currency).amount * (1 - Fraction(line.cancelled) / Fraction(line.quantity))
        for line in order.lines
    )
    return Exact(sum(worth, Fraction(0)), order.currency)


def _to_bill(view: View, orders: Iterable[Order]) -> Money:
    """What is still to be billed of orders, tax and all, each at the rate of its day."""
    return Money.sum((_left(view, one) for one in orders), view.currency)


def _left(view: View, order: Order) -> Money:
    figures = figures_of(view, order)
    lines = [
        Line(line.text, left, line.price, tax=line.tax, item=line.item, discount_percent=line.discount_percent)
        for ref, line in lines_of(order)
        if (left := max(line.quantity - line.cancelled - figures[ref].billed_net, _ZERO))
    ]
    if not lines:
        return Money("0", view.currency)
    policies = view.policies(FinancePolicies, on=order.on, scope=order.customer)
    bill = Invoice(
        customer=order.customer,
        on=order.on,
        currency=order.currency,
        lines=lines,
        tax_rounding=policies.tax_rounding,
        rounding_mode=policies.rounding_mode,
        prices=policies.prices,
    )
    if order.currency == view.currency:
        return bill.gross
    return converted(bill.gross, spot(view, order.currency, on=order.on), view.currency)
