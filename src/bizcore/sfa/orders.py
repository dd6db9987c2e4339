"""Orders: what a customer and we agreed on. How far one is follows from deliveries and bills; nothing of it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import ClassVar

from attrs import evolve, field, frozen

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.flow.document import Document, Indexes
from bizcore.flow.lifecycle import Lifecycle
from bizcore.flow.numbering import Numbering
from bizcore.kernel.currencies import digits
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Invalid, NotFound, Refused
from bizcore.kernel.exact import Exact, Number, number
from bizcore.kernel.ids import checked_id
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.sfa.customers import ensured
from bizcore.sfa.policies import BillingPolicy
from bizcore.sfa.quotes import ORDERED, Quote, QuoteLine

_ZERO = Decimal(0)


class NotPositive(Invalid):
    """An ordered quantity is positive."""

    code = "not_positive"

    def __init__(self, *, value: Decimal) -> None:
        super().__init__(f"an ordered quantity is positive, not {value}", value=value)


class NoOrderLines(Invalid):
    """An order has at least one line."""

    code = "no_order_lines"

    def __init__(self) -> None:
        super().__init__("an order needs at least one line")


class NoOrderLine(NotFound):
    """The order has no such line."""

    code = "no_order_line"

    def __init__(self, *, order: str, line: int, lines: int) -> None:
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
    found = number(value)
    if found <= 0:
        raise NotPositive(value=found)
    return found


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


def _item(value: object) -> str | None:
    return None if value is None else checked_id(value, "item")


@frozen
class OrderLine:
    """A line of an order: a text, a quantity at a price in the order's currency; `item` for goods, none for services.

    `cancelled` is what of the quantity was called off again.

    >>> OrderLine("Bolt M8", 100, "0.30", item="bolt").net("EUR")
    Exact('30', 'EUR')
    """

    text: str
    quantity: Decimal = field(default=Decimal(1), converter=_positive)
    price: Decimal = field(default=_ZERO, converter=number)
    tax: str | None = field(default=None, kw_only=True)
    item: str | None = field(default=None, kw_only=True, converter=_item)
    discount_percent: Decimal = field(default=_ZERO, kw_only=True, converter=_percent)
    cancelled: Decimal = field(default=_ZERO, kw_only=True, converter=number)
    extra: Map[str] = field(default=Map({}), kw_only=True)

    def net(self, currency: str) -> Exact:
        """Quantity times price less the discount, unrounded."""
        share = 1 - Fraction(self.discount_percent) / 100
        return Exact(Fraction(self.quantity) * Fraction(self.price) * share, currency)


def _lines(value: Iterable[OrderLine]) -> tuple[OrderLine, ...]:
    return tuple(value)


def _customer(value: object) -> str:
    return checked_id(value, "customer")


def _currency(value: str) -> str:
    digits(value)
    return value


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
    }

    customer: str = field(converter=_customer)
    on: date = field(converter=day)
    currency: str = field(converter=_currency)
    lines: tuple[OrderLine, ...] = field(converter=_lines)
    reference: str = ""
    revision: int = 1

    def __attrs_post_init__(self) -> None:
        """Something is ordered."""
        if not self.lines:
            raise NoOrderLines
        Document.__attrs_post_init__(self)

    @property
    def net(self) -> Money:
        """The sum of the lines, each rounded once: what an invoice of all of it would have as net."""
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
class Figures:
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


@frozen(kw_only=True)
class LineProgress:
    """A line's figures and what follows from them.

    Guarantees: ordered + over_delivered = open + delivered + cancelled.
    """

    line: int
    ordered: Decimal
    figures: Figures

    @property
    def target(self) -> Decimal:
        """What is still agreed: ordered less cancelled."""
        return self.ordered - self.figures.cancelled

    @property
    def open(self) -> Decimal:
        """What is still to be shipped."""
        return max(self.target - self.figures.delivered, _ZERO)

    @property
    def over_delivered(self) -> Decimal:
        """What was delivered beyond what was agreed."""
        return max(self.figures.delivered - self.target, _ZERO)

    def to_bill(self, policy: BillingPolicy) -> Decimal:
        """What is to be billed now; negative means to be credited."""
        target = self.figures.delivered if policy is BillingPolicy.DELIVERED else self.target
        return target - self.figures.billed_net


@frozen
class Progress:
    """An order on its two axes: delivered and billed, in percent of what is agreed, and the status that follows.

    An axis is sum(min(done, target)) / sum(target): over-delivery of one line never pays for another. Lines weigh by their
    amount, an order of zero-priced lines by quantity.
    """

    order: str
    lines: tuple[LineProgress, ...]
    delivered: Fraction
    billed: Fraction

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


def _status(share: Fraction, begun: bool) -> Status:
    if share >= 1:
        return Status.ALL
    return Status.PART if share > 0 or begun else Status.NONE


def progress(order: Order, figures: Mapping[str, Figures]) -> Progress:
    """How far an order is, from the figures of its lines by line name; a line without figures is untouched.

    Guarantees: both axes lie between 0 and 1; nothing agreed counts as complete.

    >>> order = Order(id="o", customer="b", on="2026-01-10", currency="EUR", lines=[OrderLine("x", 4, "10", item="x")])
    >>> found = progress(order, {"o/1": Figures(shipped=3, returned=1, billed=2)})
    >>> found.delivered, found.lines[0].open, found.billing_status.value
    (Fraction(1, 2), Decimal('2'), 'part')
    """
    lines = tuple(
        LineProgress(line=at, ordered=line.quantity, figures=figures.get(order.line_ref(at), Figures()))
        for at, line in enumerate(order.lines, 1)
    )
    weights = [Fraction(line.price) for line in order.lines]
    if not any(weights):
        weights = [Fraction(1)] * len(lines)
    delivered = [one.figures.delivered for one in lines]
    billed = [one.figures.billed_net for one in lines]
    return Progress(order.id, lines, _axis(lines, delivered, weights), _axis(lines, billed, weights))


def _axis(lines: Iterable[LineProgress], done: Iterable[Decimal], weights: Iterable[Fraction]) -> Fraction:
    above = below = Fraction(0)
    for line, one, weight in zip(lines, done, weights, strict=True):
        above += Fraction(max(min(one, line.target), _ZERO)) * weight
        below += Fraction(line.target) * weight
    return above / below if below else Fraction(1)


# -- verbs -----------------------------------------------------------------------------------------------------------


def take_order(view: View, order: Order) -> Changes[Order]:
    """Take an order that a customer placed without a quote. Raises: AlreadyThere, NoOrderLines."""
    minted = view.mint(order)
    return Changes(minted, documents=ensured(view, minted.customer, on=minted.on))


def order(view: View, quote: str, *, on: Day, id: str = "", reference: str = "") -> Changes[Order]:
    """Make the order of an accepted quote: its lines as they were accepted, once.

    Raises: DocumentNotFound, IllegalStep (not accepted, ordered already).
    """
    found = view.get(Quote, quote)
    after = found.to(ORDERED)
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
    return Changes(made, documents=[after, *ensured(view, made.customer, on=made.on)])


def _ordered(line: QuoteLine) -> OrderLine:
    return OrderLine(
        line.text, line.quantity, line.price, tax=line.tax, item=line.item, discount_percent=line.discount_percent
    )


def amend(view: View, order: str, *, line: int, quantity: Number, delivered: Number, billed: Number) -> Changes[Order]:
    """Change the quantity of a line; the order gets a new revision.

    `delivered` and `billed` are the line's net figures, which sales does not keep: they are the floor.

    Raises: BelowDone, NoOrderLine, IllegalStep.
    """
    found = view.get(Order, order).to("amend")
    floor = max(number(delivered), number(billed))
    asked = number(quantity)
    if asked < floor:
        raise BelowDone(order=order, line=line, asked=asked, floor=floor)
    amended = found.with_line(line, evolve(found.line(line), quantity=asked))
    return Changes(evolve(amended, revision=found.revision + 1))


def cancel(view: View, order: str, *, delivered: Number, billed: Number) -> Changes[Order]:
    """Cancel an order of which nothing was delivered or billed; both figures are what supply and finance say.

    Raises: Underway, IllegalStep.
    """
    found = view.get(Order, order).to("cancel")
    if number(delivered) or number(billed):
        raise Underway(order=order)
    lines = tuple(evolve(line, cancelled=line.quantity) for line in found.lines)
    return Changes(evolve(found, lines=lines))


def short_close(view: View, order: str, *, delivered: Mapping[str, Number]) -> Changes[Order]:
    """Close an order with less than was agreed: what is still open of each line is cancelled.

    `delivered` is the net delivered quantity by line number; a line that is not named was not delivered at all.

    Guarantees: ordered = delivered + cancelled afterwards. Raises: NoOrderLine, IllegalStep.
    """
    found = view.get(Order, order).to("short_close")
    done = {int(key): number(value) for key, value in delivered.items()}
    for at in done:
        found.line(at)
    lines = tuple(
        evolve(line, cancelled=max(line.quantity - done.get(at, _ZERO), _ZERO))
        for at, line in enumerate(found.lines, 1)
    )
    return Changes(evolve(found, lines=lines))
