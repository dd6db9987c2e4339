"""Procure to pay: what a vendor bills is matched with what was ordered and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeVar

from attrs import evolve, field, frozen

from bizcore.book.entry import Posting
from bizcore.book.lots import release_int
from bizcore.change.changes import Changes
from bizcore.change.desk import Desk, documents, report, verb
from bizcore.change.view import View
from bizcore.finance import chart as charts
from bizcore.finance.chart import Chart
from bizcore.finance.documents import Bill, TradeDocument, VendorCredit
from bizcore.finance.invoices import recorded
from bizcore.finance.lines import Adjustment, Line
from bizcore.finance.rates import spot
from bizcore.finance.terms import Terms
from bizcore.flow.document import Ref
from bizcore.flow.policies import Policies
from bizcore.kernel.days import Day
from bizcore.kernel.errors import Invalid, Refused
from bizcore.kernel.exact import Exact, Number, fraction, number
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.table import Column, Table
from bizcore.supply.matching import Discrepancy, Tolerance, match_bill
from bizcore.supply.movements import VendorReturn
from bizcore.supply.purchasing import PurchaseOrder, billed

T = TypeVar("T", bound=TradeDocument)

_ZERO = Decimal(0)


class Mismatched(Refused):
    """The bill does not match order and receipt within tolerance."""

    code = "mismatched"
    allowed: tuple[str, ...] = ("receive_order", "bill what came", "MatchPolicies with a tolerance")

    def __init__(self, *, order: str, line: int, discrepancies: tuple[Discrepancy, ...]) -> None:
        what = "; ".join(f"{one.kind.value}: {one.actual} against {one.expected}" for one in discrepancies)
        super().__init__(f"line {line} of {order}: {what}", order=order, line=line, discrepancies=discrepancies)


class NothingToMatch(Refused):
    """Everything that came is billed, or nothing came: a bill has nothing to be matched with."""

    code = "nothing_to_match"

    def __init__(self, *, order: str) -> None:
        super().__init__(f"{order} has nothing that came and is not billed", order=order)


class NotALine(Invalid):
    """A key that is not the number of a line."""

    code = "not_a_line"

    def __init__(self, *, key: str) -> None:
        super().__init__(f"{key[:40]!r} is not the number of a line; lines count from 1", key=key[:40])


@frozen(kw_only=True)
class MatchPolicies(Policies):
    """What a bill may exceed what came, and its price the order's: the greater of a percentage and an amount.

    >>> MatchPolicies(price_percent=2).price.within("100", "102")
    True
    """

    kind = "policies.match"

    quantity_percent: Decimal = field(default=_ZERO, converter=number)
    quantity_amount: Decimal = field(default=_ZERO, converter=number)
    price_percent: Decimal = field(default=_ZERO, converter=number)
    price_amount: Decimal = field(default=_ZERO, converter=number)

    @property
    def quantity(self) -> Tolerance:
        """The tolerance of quantities."""
        return Tolerance(self.quantity_percent, self.quantity_amount)

    @property
    def price(self) -> Tolerance:
        """The tolerance of prices."""
        return Tolerance(self.price_percent, self.price_amount)


def bill(
    view: View,
    order: str,
    *,
    on: Day,
    reference: str = "",
    id: str = "",
    lines: Mapping[str, Number] | None = None,
    prices: Mapping[str, Number] | None = None,
    tax: str | None = None,
    tax_stated: Money | None = None,
    charges: Sequence[Adjustment] = (),
    freight: Money | None = None,
    rate: Number | None = None,
    terms: Terms | None = None,
) -> Changes[Bill]:
    """Record a vendor's bill for what came of an order and is not billed: three-way match, goods received not invoiced cleared.

    `lines` gives the quantity billed by line number (all that is unbilled when left out), `prices` a price other than the
    order's, `tax` a category and rate for every line, or `tax_stated` the tax as it stands on the bill. `freight` and `charges`
    are expenses. `rate` is the company's currency per unit of a foreign order's.

    Guarantees: the open item of each line gives up its share of value, all of it with the last piece; what the bill differs from
    the receipt is purchase variance.
    Raises: NothingToMatch, Mismatched, NotALine, RateMissing, NoSuchLine, BelowZero, AlreadyThere.
    """
    found = view.get(PurchaseOrder, order)
    quantities = _quantities(found, lines)
    if not quantities:
        raise NothingToMatch(order=order)
    policies = view.policies(MatchPolicies, on=on, scope=found.supplier)
    priced = {_line_number(key): number(value) for key, value in (prices or {}).items()}
    after = found
    items: list[Line] = []
    for at, quantity in quantities.items():
        price = priced.get(at, found.line(at).price)
        _check(found, at, quantity, price, policies)
        after = billed(after, at, quantity)
        line = found.line(at)
        items.append(Line(line.item, quantity, price, tax=tax, item=line.item, extra={"order": found.line_ref(at)}))
    chart = charts.of(view, on=on)
    document = Bill(
        id=id,
        vendor=found.supplier,
        on=on,
        currency=found.currency,
        reference=reference,
        lines=items,
        charges=(*charges, *_freight(freight, chart)),
        tax_stated=tax_stated,
        rate=None if rate is None else fraction(rate),
        terms=terms if terms is not None else Terms("30 days"),
        origins=(found.ref, *_receipts(view, found)),
    )
    return _recorded(view, document, after, chart, shares=_shares(view, found, chart, quantities))


def credit(
    view: View, vendor_return: str, *, on: Day, reference: str = "", id: str = "", tax: str | None = None
) -> Changes[VendorCredit]:
    """Record a vendor's credit note for goods that went back after they were billed.

    Guarantees: at most what was billed is credited; the claim that the return opened is cleared.
    Raises: NothingToMatch (what went back was never billed), RateMissing, AlreadyThere.
    """
    back = view.get(VendorReturn, vendor_return)
    order_id = next((one.id for one in back.origins if one.kind == PurchaseOrder.kind), None)
    if order_id is None:
        raise NothingToMatch(order=vendor_return)
    found = after = view.get(PurchaseOrder, order_id)
    quantities: dict[int, Decimal] = {}
    items: list[Line] = []
    for line in back.lines:
        at = _line_number((line.order or "").rpartition("/")[2])
        quantity = min(line.quantity, -after.line(at).unbilled)
        if quantity <= 0:
            continue
        after = billed(after, at, -quantity)
        quantities[at] = quantities.get(at, _ZERO) + quantity
        price = found.line(at).price
        items.append(Line(line.item, quantity, price, tax=tax, item=line.item, extra={"order": found.line_ref(at)}))
    if not items:
        raise NothingToMatch(order=order_id)
    chart = charts.of(view, on=on)
    document = VendorCredit(
        id=id,
        vendor=found.supplier,
        on=on,
        currency=found.currency,
        reference=reference,
        lines=items,
        origins=(found.ref, back.ref),
    )
    return _recorded(view, document, after, chart, shares=_shares(view, found, chart, quantities, back=True))


def match(view: View, order: str) -> Table:
    """Ordered, received, billed and still unbilled of each line of an order, as a table."""
    found = view.get(PurchaseOrder, order)
    columns = [Column("line"), Column("item")]
    columns += [Column(name, kind="quantity") for name in ("ordered", "received", "returned", "billed", "unbilled")]
    rows = [
        [
            str(at),
            one.item,
            *(
                Quantity(figure, one.item)
                for figure in (one.quantity, one.received, one.rejected + one.returned, one.billed, one.unbilled)
            ),
        ]
        for at, one in enumerate(found.lines, 1)
    ]
    return Table(columns, rows, title=f"match of {order}", key="line")


# -- parts -----------------------------------------------------------------------------------------------------------


def _line_number(key: str) -> int:
    if not (key.isascii() and key.isdigit() and len(key) <= 6):
        raise NotALine(key=key)
    return int(key)


def _quantities(order: PurchaseOrder, lines: Mapping[str, Number] | None) -> dict[int, Decimal]:
    if lines is not None:
        stated = {_line_number(key): number(value) for key, value in lines.items()}
        return {at: quantity for at, quantity in stated.items() if quantity}
    return {at: one.unbilled for at, one in enumerate(order.lines, 1) if one.unbilled > 0}


def _check(order: PurchaseOrder, at: int, quantity: Decimal, price: Decimal, policies: MatchPolicies) -> None:
    line = order.line(at)
    found = match_bill(
        ordered=max(line.quantity, line.accepted),  # what may be received is the receipt's question
        received=line.accepted,
        billed=line.billed + quantity,
        price=line.price,
        bill_price=price,
        tolerance=policies.quantity,
        price_tolerance=policies.price,
    )
    if found:
        raise Mismatched(order=order.id, line=at, discrepancies=found)


def _freight(freight: Money | None, chart: Chart) -> tuple[Adjustment, ...]:
    if freight is None or not freight:
        return ()
    return (Adjustment(freight.amount, reason="freight", account=chart.role("freight_expense")),)


def _receipts(view: View, order: PurchaseOrder) -> tuple[Ref, ...]:
    return tuple(Ref("receipt", row.id) for row in view.origin_of(order.ref) if row.kind == "receipt")


def _shares(
    view: View, order: PurchaseOrder, chart: Chart, quantities: Mapping[int, Decimal], *, back: bool = False
) -> dict[str, int]:
    """What each line's open item gives up, in minor units: its value by quantity, all of it with the last piece."""
    account = chart.role("grni")
    lots = {lot.id: lot for lot in view.lots("journal", account, order.supplier)}
    shares: dict[str, int] = {}
    for at, quantity in quantities.items():
        lot = lots.get(order.line_ref(at))
        if lot is None:
            continue
        left = order.line(at).unbilled
        whole = abs(left)
        if (left < 0) is back and whole:
            part = min(quantity, whole)
            shares[lot.id] = release_int(Quantity(whole, "x").scaled, lot.value.minor, Quantity(part, "x").scaled)
    return shares


def _recorded(view: View, document: T, after: PurchaseOrder, chart: Chart, *, shares: Mapping[str, int]) -> Changes[T]:
    """Record the document with its order; its lines clear the goods received, charges are expenses."""
    legs, extra = _legs(view, document, chart, shares)
    changes = recorded(view, document, legs=legs)
    entries = [evolve(one, postings=(*one.postings, *extra)) if extra else one for one in changes.entries]
    return Changes(changes.value, documents=[after], entries=entries)


def _legs(
    view: View, document: TradeDocument, chart: Chart, shares: Mapping[str, int]
) -> tuple[dict[int, list[Posting]], list[Posting]]:
    """The legs of each line in the document's currency, and what else the entry needs when that is not the company's.

    A line clears its share of the open item; what its net differs is a purchase variance. Goods are valued in the company's
    currency, so a foreign line passes through the exchange account.
    """
    side = -document.sign
    company = view.currency
    foreign = document.currency != company
    rate = _rate(view, document) if foreign else Fraction(1)
    legs: dict[int, list[Posting]] = {}
    extra: list[Posting] = []
    for index, line in enumerate(document.lines):
        net = document.totals.shares[index].net
        worth = side * Exact(net.exact.amount * rate, company).round().minor
        own = _cleared(line, worth, shares, chart, company, document.party)
        if not foreign:
            legs[index] = own
            continue
        turn = Money.of_minor(-worth, company)
        exchange = chart.role("exchange")
        legs[index] = [Posting(exchange, net if side > 0 else -net, -turn)]
        extra += [Posting(exchange, turn, turn), *(evolve(one, value=one.amount) for one in own)]
    return legs, extra


def _cleared(
    line: Line, worth: int, shares: Mapping[str, int], chart: Chart, company: str, party: str
) -> list[Posting]:
    lot = line.extra.get("order", "")
    share = -shares.get(lot, 0)
    postings = []
    if share:
        postings.append(Posting(chart.role("grni"), Money.of_minor(share, company), party=party, lot=lot))
    if worth != share or not postings:
        postings.append(Posting(chart.role("purchase_variance"), Money.of_minor(worth - share, company)))
    return postings


def _rate(view: View, document: TradeDocument) -> Fraction:
    return document.rate if document.rate is not None else spot(view, document.currency, on=document.on)


class ProcureToPayDesk(Desk):
    """From an order to a vendor to the matched bill."""

    name = "procure_to_pay"

    bill: Final = verb(bill)
    credit: Final = verb(credit)
    match: Final = report(match)
    policies: Final = documents(MatchPolicies)
