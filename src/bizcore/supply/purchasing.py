"""Buying: the order to a supplier from draft to closed, what came of it, what was rejected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from attrs import evolve, field, frozen

from bizcore.book.lots import release_int
from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.flow.beginning import fresh
from bizcore.flow.document import Document, Indexes
from bizcore.flow.lifecycle import Lifecycle
from bizcore.flow.numbering import Numbering
from bizcore.kernel.days import Day, day, optional_day
from bizcore.kernel.errors import Invalid, LawBroken, NotFound, Refused
from bizcore.kernel.exact import Exact, NotPositive, Number, fraction, number, plain_number, positive
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.value import Value
from bizcore.supply import fields
from bizcore.supply.movements import MoveLine, Receipt, VendorReturn
from bizcore.supply.places import OUTSIDE, ChangesOwner, pool_of
from bizcore.supply.policies import policies_for
from bizcore.supply.stock import record


class NothingToReceive(Refused):
    """Everything ordered has come; what is more is named by its line."""

    code = "nothing_to_receive"

    def __init__(self, *, order: str) -> None:
        super().__init__(f"every line of {order} has come; name the line of which more comes", order=order)


class OverReceived(Refused):
    """More came than was ordered and the policy `over_receipt` allows."""

    code = "over_received"

    def __init__(self, *, order: str, line: int, ordered: Decimal, received: Decimal) -> None:
        super().__init__(
            f"line {line} of {order}: {received} received of {ordered} ordered",
            order=order,
            line=line,
            ordered=ordered,
            received=received,
        )


class NoSuchLine(NotFound):
    """The document has no such line."""

    code = "no_such_line"

    def __init__(self, *, document: str, line: int, lines: int) -> None:
        super().__init__(f"{document} has lines 1 to {lines}, not {line}", document=document, line=line, lines=lines)


class RateNeeded(Invalid):
    """The order is in a foreign currency: the receipt needs a rate, or its cost stated."""

    code = "rate_needed"

    def __init__(self, *, currency: str, company: str) -> None:
        super().__init__(
            f"the order is in {currency}: give rate= (1 {currency} in {company}) or the cost of each line",
            currency=currency,
            company=company,
        )


class RejectedMore(Invalid):
    """More was rejected than came."""

    code = "rejected_more"

    def __init__(self, *, line: int, quantity: Decimal, rejected: Decimal) -> None:
        super().__init__(
            f"line {line}: {rejected} rejected of {quantity}", line=line, quantity=quantity, rejected=rejected
        )


class GoodsCame(Refused):
    """An order of which goods came is closed, not cancelled."""

    code = "goods_came"
    allowed: tuple[str, ...] = ("close",)

    def __init__(self, *, order: str) -> None:
        super().__init__(f"goods of {order} came already; close it", order=order)


class OrderBilled(Refused):
    """An order of which something is billed is not cancelled: what the supplier is owed for it would match nothing."""

    code = "order_billed"
    allowed: tuple[str, ...] = ("take_back_bill",)

    def __init__(self, *, order: str, lines: tuple[int, ...]) -> None:
        shown = ", ".join(map(str, lines))
        super().__init__(f"line {shown} of {order} is billed; take_back_bill first", order=order, lines=lines)


def _positive(value: object) -> Decimal:
    return positive("an ordered quantity", number(value))


def _not_negative(value: object) -> Decimal:
    found = number(value)
    if found < 0:
        raise BelowZero(value=found)
    return found


class BelowZero(Invalid):
    """The figure may be zero, not less."""

    code = "below_zero"

    def __init__(self, *, value: Decimal) -> None:
        super().__init__(f"{value} is below zero", value=value)


_ZERO = Decimal(0)
_LATER = ("received", "rejected", "returned", "billed")


@frozen
class OrderLine(Value):
    """A line of an order: how much of what at which unit price, in the order's currency, and what came of it.

    `received` counts what came, `rejected` what of it went back the same day, `returned` what went back later, `billed`
    what the supplier billed; the verbs keep them.
    """

    item: str = field(converter=fields.item)
    quantity: Decimal = field(converter=_positive)
    price: Decimal = field(default=_ZERO, converter=_not_negative)
    received: Decimal = field(default=_ZERO, kw_only=True, converter=_not_negative)
    rejected: Decimal = field(default=_ZERO, kw_only=True, converter=_not_negative)
    returned: Decimal = field(default=_ZERO, kw_only=True, converter=_not_negative)
    billed: Decimal = field(default=_ZERO, kw_only=True, converter=_not_negative)

    @property
    def accepted(self) -> Decimal:
        """What came and stayed."""
        return self.received - self.rejected - self.returned

    @property
    def open(self) -> Decimal:
        """What is still to come; goods rejected are to come again."""
        return max(self.quantity - self.received + self.rejected, _ZERO)

    @property
    def unbilled(self) -> Decimal:
        """What stayed and was not billed yet; negative when more was billed."""
        return self.accepted - self.billed


def _lines(value: Iterable[OrderLine]) -> tuple[OrderLine, ...]:
    return tuple(value)


@frozen(kw_only=True)
class PurchaseOrder(Document):
    """An order to a supplier, in the supplier's currency.

    >>> order = PurchaseOrder(supplier="ace", on="2026-01-05", currency="EUR", lines=[OrderLine("bolt", 100, "0.12")])
    >>> order.state, order.net
    ('draft', Exact('12', 'EUR'))
    """

    kind = "purchase_order"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="PO")
    lifecycle: ClassVar[Lifecycle | None] = Lifecycle(
        "purchase order",
        "draft",
        {
            ("draft", "order"): "ordered",
            ("draft", "cancel"): "cancelled",
            ("ordered", "receive"): "ordered",
            ("ordered", "complete"): "received",
            ("ordered", "bill"): "ordered",
            ("ordered", "close"): "closed",
            ("ordered", "cancel"): "cancelled",
            ("received", "receive"): "received",
            ("received", "complete"): "received",
            ("received", "bill"): "received",
            ("received", "close"): "closed",
            ("closed", "bill"): "closed",
        },
    )
    indexes: ClassVar[Indexes] = {
        "party": lambda one: [(one.supplier,)],
        "on": lambda one: [(one.on.isoformat(),)],
        "item": lambda one: [(line.item,) for line in one.lines],
    }

    supplier: str = field(converter=fields.supplier)
    on: date = field(converter=day)
    currency: str
    lines: tuple[OrderLine, ...] = field(converter=_lines)
    due: date | None = field(default=None, converter=optional_day)

    @property
    def net(self) -> Exact:
        """What the lines come to, unrounded."""
        return Exact.sum((self.line_net(at) for at in range(1, len(self.lines) + 1)), self.currency)

    def line_net(self, line: int, quantity: Decimal | None = None) -> Exact:
        """Quantity times price of a line, unrounded."""
        one = self.line(line)
        return Exact(fraction(one.price) * fraction(one.quantity if quantity is None else quantity), self.currency)

    def line(self, line: int) -> OrderLine:
        """A line, counted from 1. Raises: NoSuchLine."""
        if not 1 <= line <= len(self.lines):
            raise NoSuchLine(document=self.id or self.kind, line=line, lines=len(self.lines))
        return self.lines[line - 1]

    def line_ref(self, line: int) -> str:
        """The name of a line: what receipts and bills point at."""
        return f"{self.id}/{line}"

    def with_line(self, line: int, new: OrderLine) -> PurchaseOrder:
        """The order with one line replaced."""
        return evolve(self, lines=(*self.lines[: line - 1], new, *self.lines[line:]))


@frozen
class ReceivedLine(Value):
    """What came of a line, counted from 1, and what of it was rejected.

    `cost` states the value of the whole line in the company's currency, instead of quantity times price.
    """

    line: int
    quantity: Decimal = field(converter=_positive)
    rejected: Decimal = field(default=_ZERO, converter=_not_negative)
    cost: Money | None = field(default=None, kw_only=True)
    lot: str | None = field(default=None, kw_only=True)
    expiry: date | None = field(default=None, kw_only=True, converter=optional_day)

    def __attrs_post_init__(self) -> None:
        """Refuse to reject more than came."""
        if self.rejected > self.quantity:
            raise RejectedMore(line=self.line, quantity=self.quantity, rejected=self.rejected)


# -- verbs -----------------------------------------------------------------------------------------------------------


def draft(view: View, order: PurchaseOrder) -> Changes[PurchaseOrder]:
    """Record an order that is not sent yet. Raises: NotNew, AlreadyThere."""
    return Changes(view.mint(fresh(order, lines=_LATER)))


def order(view: View, order: PurchaseOrder) -> Changes[PurchaseOrder]:
    """Order from a supplier: a new order at once. Raises: NotNew, AlreadyThere."""
    return Changes(view.mint(fresh(order, lines=_LATER)).to("order"))


def confirm(view: View, order: str) -> Changes[PurchaseOrder]:
    """Order what was drafted. Raises: NotFound, IllegalStep."""
    return Changes(view.get(PurchaseOrder, order).to("order"))


def close(view: View, order: str) -> Changes[PurchaseOrder]:
    """Expect nothing more of an order; what is billed for it still matches. Raises: IllegalStep."""
    return Changes(view.get(PurchaseOrder, order).to("close"))


def cancel(view: View, order: str) -> Changes[PurchaseOrder]:
    """Cancel an order of which nothing came and nothing is billed. Raises: GoodsCame, OrderBilled, IllegalStep."""
    found = view.get(PurchaseOrder, order)
    if any(line.received for line in found.lines):
        raise GoodsCame(order=found.id)
    if ahead := tuple(at for at, line in enumerate(found.lines, 1) if line.billed):
        raise OrderBilled(order=found.id, lines=ahead)
    return Changes(found.to("cancel"))


def receive_order(
    view: View,
    order: str,
    lines: Sequence[ReceivedLine] = (),
    *,
    on: Day,
    place: str,
    rate: Number | Fraction | None = None,
) -> Changes[Receipt]:
    """Take in goods of an order, all that is open when no lines are given; what is rejected goes back the same day.

    Each line costs quantity times price, rounded once, in the company's currency; a foreign order needs `rate` (1 unit of
    its currency in the company's) or stated costs. What is rejected is claimed so that what stays costs exactly its own
    quantity times price, or its share of the cost stated.

    Guarantees: the answer is the receipt; the order's lines count what came and went, and it is `received` when nothing is
    open. Raises: OverReceived, NoSuchLine, NothingToReceive, RateNeeded, NotPositive (the rate), ForeignCost,
    ChangesOwner (the place is not ours), IllegalStep (a draft, a cancelled or closed order).
    """
    if rate is not None and fraction(rate) <= 0:
        raise NotPositive(what="a rate", value=plain_number(fraction(rate)))
    found = view.get(PurchaseOrder, order).to("receive")
    came = lines or tuple(ReceivedLine(at, one.open) for at, one in enumerate(found.lines, 1) if one.open)
    if not came:
        raise NothingToReceive(order=order)
    after = found
    goods: list[MoveLine] = []
    for one in came:
        line = after.line(one.line)
        after = after.with_line(
            one.line, evolve(line, received=line.received + one.quantity, rejected=line.rejected + one.rejected)
        )
        _check_over(view, after, one.line, on)
        # What is ordered becomes ours: it lies where our goods lie.
        if place not in OUTSIDE and pool_of(view, place) is None:
            raise ChangesOwner(item=line.item, source="supplier", target=place)
        worth = one.cost if one.cost is not None else _worth(view, found, one.line, one.quantity, rate)
        ref = found.line_ref(one.line)
        goods.append(MoveLine(line.item, one.quantity, cost=worth, lot=one.lot, expiry=one.expiry, order=ref))
    if all(not line.open for line in after.lines):
        after = after.to("complete")
    changes = record(
        view,
        Receipt(on=on, source="supplier", target=place, lines=goods, party=found.supplier, origins=(found.ref,)),
    )
    rejected = _rejected(view, found, changes.value, came, rate)
    changes = changes.adding(documents=[after])
    return changes if rejected is None else changes.adding(documents=[rejected], entries=[view.mint(rejected.entry())])


def _rejected(
    view: View, order: PurchaseOrder, receipt: Receipt, came: Sequence[ReceivedLine], rate: Number | Fraction | None
) -> VendorReturn | None:
    """What goes back on the day it came, claimed at what the receipt cost less what stays."""
    back: list[MoveLine] = []
    for at, (one, goods) in enumerate(zip(came, receipt.lines, strict=True), 1):
        if not one.rejected:
            continue
        whole = goods.cost
        if whole is None:
            raise LawBroken(f"line {at} of {receipt.id} came without a cost")
        if one.cost is None:
            claim = whole - _worth(view, order, one.line, one.quantity - one.rejected, rate)
        else:
            scaled = (Quantity(part, goods.item).scaled for part in (one.quantity, one.rejected))
            claim = Money.of_minor(release_int(next(scaled), whole.minor, next(scaled)), whole.currency)
        back.append(
            MoveLine(goods.item, one.rejected, cost=claim, lot=one.lot, of=receipt.move_ref(at), order=goods.order)
        )
    if not back:
        return None
    return view.mint(
        VendorReturn(
            on=receipt.on,
            source=receipt.target,
            target="supplier",
            lines=back,
            party=order.supplier,
            origins=(order.ref, receipt.ref),
        )
    )


def _worth(view: View, order: PurchaseOrder, line: int, quantity: Decimal, rate: Number | Fraction | None) -> Money:
    price = order.line_net(line, quantity)
    if order.currency == view.currency:
        return price.round()
    if rate is None:
        raise RateNeeded(currency=order.currency, company=view.currency)
    return Exact(price.amount * Fraction(fraction(rate)), view.currency).round()


def _check_over(view: View, order: PurchaseOrder, line: int, on: Day) -> None:
    one = order.line(line)
    # What went back is to be replaced: it may come once more.
    net = one.accepted
    if net <= one.quantity:
        return
    over = policies_for(view, one.item, on=on).over_receipt
    if net > one.quantity * (100 + over) / 100:
        raise OverReceived(order=order.id, line=line, ordered=one.quantity, received=net)


def billed(order: PurchaseOrder, line: int, quantity: Number) -> PurchaseOrder:
    """The order with more of a line billed; what a bill's planner records with it. Raises: IllegalStep."""
    one = order.line(line)
    return order.to("bill").with_line(line, evolve(one, billed=one.billed + number(quantity)))
