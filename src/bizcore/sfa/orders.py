"""Orders: what a customer and we agreed on. How far one is follows from deliveries and bills; nothing of it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import ClassVar, Final

from attrs import evolve, field, frozen

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.flow.document import Document, Indexes, NoLines
from bizcore.flow.lifecycle import Lifecycle
from bizcore.flow.numbering import Numbering
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Invalid, NotFound, Refused
from bizcore.kernel.exact import Exact, Number, number, positive
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.value import Value
from bizcore.sfa import fields
from bizcore.sfa.opportunities import Opportunity, pipeline_of, settled
from bizcore.sfa.policies import BillingPolicy
from bizcore.sfa.quotes import Quote

_ZERO: Final = Decimal(0)


class NoOrderLine(NotFound):
    """The order has no such line."""

    code = "no_order_line"

    def __init__(self, *, order: str, line: int | str, lines: int) -> None:
        super().__init__(f"{order} has lines 1 to {lines}, not {line}", order=order, line=line, lines=lines)


class BelowDone(Refused):
    """A line cannot be amended below what was delivered or billed."""

    code = "below_done"

    def __init__(self, *, order: str, line: int, asked: Decimal, floor: Decimal) -> None:
        super().__init__(
            f"line {line} of {order} cannot be {asked}: {floor} was delivered or billed",
            order=order,
            line=line,
            asked=asked,
            floor=floor,
        )


class Underway(Refused):
    """An order of which something was delivered or billed is closed short, not cancelled."""

    code = "underway"
    allowed: tuple[str, ...] = ("short_close",)

    def __init__(self, *, order: str) -> None:
        super().__init__(f"{order} was delivered or billed in part; close it short", order=order)


def _positive(value: object) -> Decimal:
    return positive("an ordered quantity", number(value))


def _percent(value: object) -> Decimal:
    found = number(value)
    if not 0 <= found <= 100:
        raise BadDiscount(value=found)
    return found


class BadDiscount(Invalid):
    """A discount is between 0 and 100 percent."""

    code = "bad_discount"

    def __init__(self, *, value: Decimal) -> None:
        super().__init__(f"a discount is between 0 and 100 percent, not {value}", value=value)


class BadCancelled(Invalid):
    """What is called off of a line is between nothing and all of it."""

    code = "bad_cancelled"

    def __init__(self, *, quantity: Decimal, cancelled: Decimal) -> None:
        super().__init__(
            f"of {quantity} ordered, {cancelled} cannot be called off", quantity=quantity, cancelled=cancelled
        )


@frozen
class OrderLine(Value):
    """A line of an order: a text, a quantity at a price in the order's currency; `item` for goods, none for services.

    `cancelled` is what of the quantity was called off again.

    >>> OrderLine("Bolt M8", 100, "0.30", item="bolt").net("EUR")
    Exact('30', 'EUR')
    """

    text: str
    quantity: Decimal = field(default=Decimal(1), converter=_positive)
    price: Decimal = field(default=_ZERO, converter=number)
    tax: str | None = field(default=None, kw_only=True)
    item: str | None = field(default=None, kw_only=True, converter=fields.item)
    discount_percent: Decimal = field(default=_ZERO, kw_only=True, converter=_percent)
    cancelled: Decimal = field(default=_ZERO, kw_only=True, converter=number)
    extra: Map[str] = field(default=Map({}), kw_only=True, converter=fields.extra)

    def __attrs_post_init__(self) -> None:
        """Nothing is called off that was not ordered."""
        if not 0 <= self.cancelled <= self.quantity:
            raise BadCancelled(quantity=self.quantity, cancelled=self.cancelled)

    def net(self, currency: str) -> Exact:
        """Quantity times price less the discount, unrounded."""
        return fields.extended(self.quantity, self.price, self.discount_percent, currency)


def _lines(value: Iterable[OrderLine]) -> tuple[OrderLine, ...]:
    return tuple(value)


@frozen(kw_only=True)
class Order(Document):
    """A customer's order. It says what was agreed; deliveries, invoices and payments name it as their origin.

    >>> order = Order(customer="beta", on="2026-01-10", currency="EUR", lines=[OrderLine("Bolt M8", 100, "0.30", item="bolt")])
    >>> order.state, order.net
    ('open', Money('30.00', 'EUR'))
    """

    kind = "order"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="SO")
    lifecycle: ClassVar[Lifecycle | None] = Lifecycle(
        "order",
        "open",
        {
            ("open", "deliver"): "open",
            ("open", "amend"): "open",
            ("open", "short_close"): "closed",
            ("open", "complete"): "closed",
            ("open", "cancel"): "cancelled",
            ("closed", "reopen"): "open",
        },
    )
    indexes: ClassVar[Indexes] = {
        "party": lambda one: [(one.customer,)],
        "on": lambda one: [(one.on.isoformat(),)],
        "reference": lambda one: [(one.reference,)] if one.reference else [],
        "open": lambda one: [(one.customer,)] if one.state == "open" else [],
    }

    customer: str = field(converter=fields.customer)
    on: date = field(converter=day)
    currency: str = field(converter=fields.currency)
    lines: tuple[OrderLine, ...] = field(converter=_lines)
    reference: str = ""
    revision: int = 1

    def __attrs_post_init__(self) -> None:
        """Something is ordered."""
        if not self.lines:
            raise NoLines(kind=type(self).kind)
        Document.__attrs_post_init__(self)

    @property
    def net(self) -> Money:
        """The sum of the lines, each rounded once: an invoice's net of all of it, or its gross where prices contain tax."""
        return Money.sum((line.net(self.currency).round() for line in self.lines), self.currency)

    def line(self, line: int) -> OrderLine:
        """A line, counted from 1. Raises: NoOrderLine."""
        if not 1 <= line <= len(self.lines):
            raise NoOrderLine(order=self.id or self.kind, line=line, lines=len(self.lines))
        return self.lines[line - 1]

    def line_ref(self, line: int) -> str:
        """The name of a line: what deliveries and invoices point at."""
        return f"{self.id}/{line}"

    def with_line(self, line: int, new: OrderLine) -> Order:
        """The order with one line replaced."""
        return evolve(self, lines=(*self.lines[: line - 1], new, *self.lines[line:]))


# -- progress --------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Figures(Value):
    """What was done about a line, as supply and finance say."""

    shipped: Decimal = field(default=_ZERO, converter=number)
    returned: Decimal = field(default=_ZERO, converter=number)
    reserved: Decimal = field(default=_ZERO, converter=number)
    billed: Decimal = field(default=_ZERO, converter=number)
    credited: Decimal = field(default=_ZERO, converter=number)
    cancelled: Decimal = field(default=_ZERO, converter=number)

    @property
    def delivered(self) -> Decimal:
        """Shipped and kept."""
        return self.shipped - self.returned

    @property
    def billed_net(self) -> Decimal:
        """Billed and not credited."""
        return self.billed - self.credited


class Status(Enum):
    """How far an axis is."""

    NONE = "none"
    PART = "part"
    ALL = "all"


class Headline(Enum):
    """What is still to do about an order, in one word."""

    TO_DELIVER_AND_BILL = "to_deliver_and_bill"
    TO_DELIVER = "to_deliver"
    TO_BILL = "to_bill"
    TO_CREDIT = "to_credit"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


@frozen(kw_only=True)
class LineProgress(Value):
    """A line's figures and what follows from them. Goods are done when delivered, services when billed.

    Guarantees: ordered + over_delivered = open + done + cancelled.
    """

    line: int
    ordered: Decimal
    figures: Figures
    goods: bool = True
    closed: bool = False

    @property
    def target(self) -> Decimal:
        """What is still agreed: ordered less cancelled."""
        return self.ordered - self.figures.cancelled

    @property
    def done(self) -> Decimal:
        """What was delivered, net of returns; of a service, what was billed."""
        return self.figures.delivered if self.goods else self.figures.billed_net

    @property
    def open(self) -> Decimal:
        """What is still to be done."""
        return max(self.target - self.done, _ZERO)

    @property
    def over_delivered(self) -> Decimal:
        """What was done beyond what was agreed."""
        return max(self.done - self.target, _ZERO)

    @property
    def over_billed(self) -> Decimal:
        """What is billed beyond what is agreed; of goods of a closed order, beyond what was kept: nothing more will come."""
        kept = self.figures.delivered if self.goods else _ZERO
        agreed = kept if self.goods and self.closed else max(self.target, kept)
        return max(self.figures.billed_net - agreed, _ZERO)

    def to_bill(self, policy: BillingPolicy) -> Decimal:
        """What is to be billed now; negative means to be credited. Services are billed as ordered under both policies.

        Goods that came back and were not replaced are not billed under ORDERED either.
        """
        if self.goods and policy is BillingPolicy.DELIVERED:
            return self.figures.delivered - self.figures.billed_net
        missing = min(self.figures.returned, self.open) if self.goods else _ZERO
        return self.target - missing - self.figures.billed_net

    def may_deliver(self, *, over_percent: Number = 0) -> Fraction:
        """What may still be delivered when an excess of so many percent is accepted; exact, never below zero.

        >>> LineProgress(line=1, ordered=Decimal(100), figures=Figures(shipped=40)).may_deliver(over_percent=10)
        Fraction(70, 1)
        """
        most = Fraction(self.target) * (100 + Fraction(number(over_percent))) / 100
        return max(most - Fraction(self.figures.delivered), Fraction(0))


@frozen
class Progress(Value):
    """An order on its two axes: delivered and billed, as shares of what is agreed, and the status that follows.

    An axis is sum(min(done, target)) / sum(target): over-delivery of one line never pays for another. Lines weigh by their
    price, those without one by quantity, so that an axis is complete only when every line is. Services are not delivered:
    they are on the second axis alone.
    """

    order: str
    lines: tuple[LineProgress, ...]
    delivered: Fraction
    billed: Fraction
    state: str = "open"

    @property
    def delivery_status(self) -> Status:
        """None, part or all of it delivered."""
        return _status(self.delivered, any(one.figures.delivered for one in self.lines))

    @property
    def billing_status(self) -> Status:
        """None, part or all of it billed."""
        return _status(self.billed, any(one.figures.billed_net for one in self.lines))

    @property
    def done(self) -> bool:
        """Whether both axes are complete."""
        return self.delivery_status is Status.ALL and self.billing_status is Status.ALL

    @property
    def headline(self) -> Headline:
        """The status in one word, from both axes; of a closed order only a credit can be left to do."""
        if any(one.over_billed for one in self.lines):
            return Headline.TO_CREDIT
        if self.state == "cancelled":
            return Headline.CANCELLED
        if self.done or self.state == "closed":
            return Headline.COMPLETED
        if self.delivery_status is Status.ALL:
            return Headline.TO_BILL
        return Headline.TO_DELIVER if self.billing_status is Status.ALL else Headline.TO_DELIVER_AND_BILL


def _status(share: Fraction, begun: bool) -> Status:
    if share >= 1:
        return Status.ALL
    return Status.PART if share > 0 or begun else Status.NONE


def progress(order: Order, figures: Mapping[str, Figures]) -> Progress:
    """How far an order is, from the figures of its lines by line name; a line without figures is untouched.

    Guarantees: both axes lie between 0 and 1; nothing agreed counts as complete. Raises: NoOrderLine (a name of no line).

    >>> order = Order(id="o", customer="b", on="2026-01-10", currency="EUR", lines=[OrderLine("x", 4, "10", item="x")])
    >>> found = progress(order, {"o/1": Figures(shipped=3, returned=1, billed=2)})
    >>> found.delivered, found.lines[0].open, found.billing_status.value, found.headline.value
    (Fraction(1, 2), Decimal('2'), 'part', 'to_deliver_and_bill')
    """
    names = {order.line_ref(at) for at in range(1, len(order.lines) + 1)}
    for name in figures:
        if name not in names:
            raise NoOrderLine(order=order.id or order.kind, line=name, lines=len(order.lines))
    lines = tuple(
        LineProgress(
            line=at,
            ordered=line.quantity,
            figures=figures.get(order.line_ref(at), Figures(cancelled=line.cancelled)),
            goods=line.item is not None,
            closed=order.state == "closed",
        )
        for at, line in enumerate(order.lines, 1)
    )
    weights = [abs(Fraction(line.price)) or Fraction(1) for line in order.lines]
    delivered = [(one, one.figures.delivered, weight) for one, weight in zip(lines, weights, strict=True) if one.goods]
    billed = [(one, one.figures.billed_net, weight) for one, weight in zip(lines, weights, strict=True)]
    return Progress(order.id, lines, _axis(delivered), _axis(billed), order.state)


def _axis(lines: Iterable[tuple[LineProgress, Decimal, Fraction]]) -> Fraction:
    above = below = Fraction(0)
    for line, done, weight in lines:
        above += Fraction(max(min(done, line.target), _ZERO)) * weight
        below += Fraction(line.target) * weight
    return above / below if below else Fraction(1)


# -- deals -----------------------------------------------------------------------------------------------------------


def orders_of(view: View, deal: Opportunity) -> tuple[Order, ...]:
    """The orders that came of a deal, through its quotes or straight from it."""
    quotes = view.find(Quote, "origin", deal.ref.kind, deal.ref.id)
    sources = [deal.ref, *(one.ref for one in quotes)]
    found = {one.id: one for ref in sources for one in view.find(Order, "origin", ref.kind, ref.id)}
    return tuple(found.values())


def deals_after(view: View, after: Order, *, on: date | None) -> tuple[Opportunity, ...]:
    """What an order's change makes of the deals it came from: what must hold after every act is recorded with it."""
    named = {ref.id for ref in after.origins if ref.kind == Opportunity.kind}
    for ref in after.origins:
        quote = view.seek(Quote, ref.id) if ref.kind == Quote.kind else None
        if quote is not None:
            named |= {one.id for one in quote.origins if one.kind == Opportunity.kind}
    changed = []
    for name in sorted(named):
        deal = view.seek(Opportunity, name)
        if deal is None:
            continue
        others = [one for one in orders_of(view, deal) if one.id != after.id]
        told = [(one.state, one.net) for one in (*others, after)]
        new = settled(deal, told, pipeline=pipeline_of(view, deal.pipeline), on=on)
        if new != deal:
            changed.append(new)
    return tuple(changed)


# -- verbs -----------------------------------------------------------------------------------------------------------


def amend(view: View, order: str, *, line: int, quantity: Number, delivered: Number, billed: Number) -> Changes[Order]:
    """Change the quantity of a line; the order gets a new revision.

    `delivered` and `billed` are the line's net figures, which sales does not keep: they are the floor.

    Raises: BelowDone, NotPositive (0; close the order short instead), NoOrderLine, IllegalStep.
    """
    found = view.get(Order, order).to("amend")
    floor = max(number(delivered), number(billed))
    asked = number(quantity)
    if asked < floor:
        raise BelowDone(order=order, line=line, asked=asked, floor=floor)
    amended = found.with_line(line, evolve(found.line(line), quantity=asked))
    amended = evolve(amended, revision=found.revision + 1)
    return Changes(amended, documents=deals_after(view, amended, on=None))


def cancel(view: View, order: str, *, delivered: Number, billed: Number, on: Day | None = None) -> Changes[Order]:
    """Cancel an order of which nothing was delivered or billed; both figures are what supply and finance say.

    A deal whose orders are all cancelled is lost with the last one, on the day given.

    Raises: Underway, IllegalStep.
    """
    found = view.get(Order, order).to("cancel")
    if number(delivered) or number(billed):
        raise Underway(order=order)
    after = evolve(found, lines=tuple(evolve(line, cancelled=line.quantity) for line in found.lines))
    return Changes(after, documents=deals_after(view, after, on=None if on is None else day(on)))


def short_close(
    view: View, order: str, *, delivered: Mapping[str, Number], billed: Mapping[str, Number] | None = None
) -> Changes[Order]:
    """Close an order with less than was agreed: what is still open of each line is cancelled.

    `delivered` is the net delivered quantity of goods by line number; goods that are not named were not delivered at all.
    `billed` says the same of services; without it they stay as agreed, for nobody said how far they are.

    Guarantees: ordered + over-delivered = delivered + cancelled afterwards, for goods. Raises: NoOrderLine, IllegalStep.
    """
    found = view.get(Order, order).to("short_close")
    shipped, paid = _by_line(found, delivered), None if billed is None else _by_line(found, billed)
    lines = []
    for at, line in enumerate(found.lines, 1):
        done = shipped if line.item is not None else paid
        rest = _ZERO if done is None else max(line.quantity - done.get(at, _ZERO), _ZERO)
        lines.append(evolve(line, cancelled=rest))
    return Changes(evolve(found, lines=tuple(lines)))


def _by_line(order: Order, figures: Mapping[str, Number]) -> dict[int, Decimal]:
    known = {f"{at}": at for at in range(1, len(order.lines) + 1)}
    for name in figures:
        if name not in known:
            raise NoOrderLine(order=order.id, line=name, lines=len(order.lines))
    return {known[name]: number(quantity) for name, quantity in figures.items()}
