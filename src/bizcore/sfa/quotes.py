"""Quotes: what we offer, until when, and the customer's answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar, Final

from attrs import evolve, field, frozen

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.flow.beginning import fresh
from bizcore.flow.document import Document, Indexes, Ref
from bizcore.flow.lifecycle import Lifecycle
from bizcore.flow.numbering import Numbering
from bizcore.kernel.days import Day, day, optional_day
from bizcore.kernel.errors import Invalid, Refused
from bizcore.kernel.exact import Exact, number
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.value import Value
from bizcore.sfa import fields
from bizcore.sfa.opportunities import Opportunity
from bizcore.sfa.policies import SfaPolicies

ORDERED: Final = "order"
"""The verb by which an accepted quote becomes an order."""


class QuoteExpired(Refused):
    """The quote's last day is over; a late acceptance needs a new quote."""

    code = "quote_expired"
    allowed: tuple[str, ...] = ("quote",)

    def __init__(self, *, quote: str, valid_until: date, on: date) -> None:
        super().__init__(
            f"{quote} was open until {valid_until.isoformat()}; {on.isoformat()} is later: make a new quote",
            quote=quote,
            valid_until=valid_until,
            on=on,
        )


class StillOpen(Refused):
    """The quote has not expired yet."""

    code = "still_open"

    def __init__(self, *, quote: str, valid_until: date | None) -> None:
        until = "without end" if valid_until is None else f"until {valid_until.isoformat()}"
        super().__init__(f"{quote} is open {until}", quote=quote, valid_until=valid_until)


class BadQuote(Invalid):
    """A quote has lines, a positive quantity on each, a discount within 0 and 100 percent, and a last day that is not past."""

    code = "bad_quote"

    def __init__(self, *, why: str) -> None:
        super().__init__(f"a quote {why}", why=why)


@frozen
class QuoteLine(Value):
    """A line of a quote; `discount_percent` lowers the price before anything is rounded.

    >>> QuoteLine("Bolt M8", 100, "0.30", discount_percent=10).net("EUR")
    Exact('27', 'EUR')
    """

    text: str
    quantity: Decimal = field(default=Decimal(1), converter=number)
    price: Decimal = field(default=Decimal(0), converter=number)
    tax: str | None = field(default=None, kw_only=True)
    item: str | None = field(default=None, kw_only=True, converter=fields.item)
    discount_percent: Decimal = field(default=Decimal(0), kw_only=True, converter=number)
    extra: Map[str] = field(default=Map({}), kw_only=True, converter=fields.extra)

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be offered."""
        if self.quantity <= 0:
            raise BadQuote(why=f"offers a positive quantity, not {self.quantity}")
        if not 0 <= self.discount_percent <= 100:
            raise BadQuote(why=f"gives a discount between 0 and 100 percent, not {self.discount_percent}")

    def net(self, currency: str) -> Exact:
        """Quantity times price less the discount, unrounded."""
        return fields.extended(self.quantity, self.price, self.discount_percent, currency)


def _lines(value: Iterable[QuoteLine]) -> tuple[QuoteLine, ...]:
    return tuple(value)


@frozen(kw_only=True)
class Quote(Document):
    """An offer to a customer, open through the end of its last day.

    >>> offer = Quote(customer="beta", on="2026-01-10", currency="EUR", lines=[QuoteLine("Bolt M8", 100, "0.30")])
    >>> offer.net, offer.state
    (Money('30.00', 'EUR'), 'draft')
    """

    kind = "quote"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="QUO")
    lifecycle: ClassVar[Lifecycle | None] = Lifecycle(
        "quote",
        "draft",
        {
            ("draft", "send"): "sent",
            ("sent", "accept"): "accepted",
            ("sent", "decline"): "declined",
            ("sent", "expire"): "expired",
            ("accepted", ORDERED): "ordered",
        },
    )
    indexes: ClassVar[Indexes] = {
        "party": lambda one: [(one.customer,)],
        "on": lambda one: [(one.on.isoformat(),)],
    }

    customer: str = field(converter=fields.customer)
    on: date = field(converter=day)
    currency: str = field(converter=fields.currency)
    lines: tuple[QuoteLine, ...] = field(converter=_lines)
    valid_until: date | None = field(default=None, converter=optional_day)
    revision: int = 1
    accepted_on: date | None = field(default=None, converter=optional_day)

    def __attrs_post_init__(self) -> None:
        """Something is offered, and there is a day to accept it."""
        if not self.lines:
            raise BadQuote(why="needs at least one line")
        if self.valid_until is not None and self.valid_until < self.on:
            raise BadQuote(why=f"of {self.on.isoformat()} cannot be open until {self.valid_until.isoformat()}")
        Document.__attrs_post_init__(self)

    @property
    def net(self) -> Money:
        """The sum of the lines, each rounded once."""
        return Money.sum((line.net(self.currency).round() for line in self.lines), self.currency)

    def is_open_on(self, on: Day) -> bool:
        """Whether it can be accepted on a day: through its last day; without one, always."""
        return self.valid_until is None or day(on) <= self.valid_until


def quote(view: View, quote: Quote, *, opportunity: str | None = None) -> Changes[Quote]:
    """Record a quote as a draft; `opportunity` names the deal it is for.

    Raises: NotNew, AlreadyThere, DocumentNotFound (the opportunity).
    """
    origins = quote.origins
    if opportunity is not None:
        found = view.get(Opportunity, opportunity)
        origins = tuple(dict.fromkeys((*origins, Ref(found.kind, found.id))))
    valid_until = quote.valid_until
    days = view.policies(SfaPolicies, on=quote.on, scope=quote.customer).quote_days
    if valid_until is None and days:
        valid_until = quote.on + timedelta(days=days)
    return Changes(
        view.mint(fresh(evolve(quote, origins=origins, valid_until=valid_until), later=("accepted_on", "revision")))
    )


def send(view: View, quote: str) -> Changes[Quote]:
    """Send a quote: it gets its number and can be accepted. Raises: IllegalStep."""
    return Changes(view.get(Quote, quote).to("send"))


def accept(view: View, quote: str, *, on: Day) -> Changes[Quote]:
    """Note that the customer accepted. Raises: QuoteExpired, IllegalStep."""
    found = view.get(Quote, quote)
    after = found.to("accept")
    if not found.is_open_on(on) and found.valid_until is not None:
        raise QuoteExpired(quote=quote, valid_until=found.valid_until, on=day(on))
    return Changes(evolve(after, accepted_on=on))


def decline(view: View, quote: str) -> Changes[Quote]:
    """Note that the customer declined. Raises: IllegalStep."""
    return Changes(view.get(Quote, quote).to("decline"))


def expire(view: View, quote: str, *, on: Day) -> Changes[Quote]:
    """Close a quote whose last day is over. Raises: StillOpen, IllegalStep."""
    found = view.get(Quote, quote)
    after = found.to("expire")
    if found.is_open_on(on):
        raise StillOpen(quote=quote, valid_until=found.valid_until)
    return Changes(after)
