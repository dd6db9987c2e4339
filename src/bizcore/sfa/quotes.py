"""Quotes: what we offer, until when, and the customer's answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Final

from attrs import evolve, field, frozen

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.flow.beginning import fresh
from bizcore.flow.document import Document, Indexes, Ref
from bizcore.flow.lifecycle import Lifecycle
from bizcore.flow.numbering import Numbering
from bizcore.kernel.codec import WrongType
from bizcore.kernel.days import Day, day, days_after, local_day, optional_day
from bizcore.kernel.errors import Invalid, Refused
from bizcore.kernel.exact import Exact, number
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.sequence import check_sequence
from bizcore.kernel.value import Value
from bizcore.sfa import fields
from bizcore.sfa.opportunities import Opportunity
from bizcore.sfa.policies import SfaPolicies

ORDERED: Final = "order"
"""The verb by which an accepted quote becomes an order."""

PAST: Final = frozenset({"superseded", "withdrawn"})
"""The states of revisions that another one has taken the place of, or that never went out."""


class QuoteExpired(Refused):
    """The quote's last day is over; a late acceptance needs a new revision."""

    code = "quote_expired"
    allowed: tuple[str, ...] = ("revise",)

    def __init__(self, *, quote: str, valid_until: date, on: date) -> None:
        super().__init__(
            f"{quote} was open until {valid_until.isoformat()}; {on.isoformat()} is later: revise it",
            quote=quote,
            valid_until=valid_until,
            on=on,
        )


class DayOrInstant(Invalid):
    """When something happened is told once: as a day, or as an instant, which has its day in the company's zone."""

    code = "day_or_instant"

    def __init__(self, *, on: date | None, at: datetime | None) -> None:
        super().__init__("give either on, a day, or at, an instant", on=on, at=at)


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
    given: object = value
    lines = tuple(given) if isinstance(given, Iterable) else (given,)
    for one in lines:
        if not isinstance(one, QuoteLine):
            raise WrongType(value=one, expected="a QuoteLine")
    return lines


@frozen(kw_only=True)
class Quote(Document):
    """An offer to a customer, open through the end of its last day where the seller is.

    An offer that changes once it is out is revised: `first` is the id of its first revision, empty on that itself, and all
    revisions share its number. Of the revisions of an offer exactly one is current.

    >>> offer = Quote(customer="beta", on="2026-01-10", currency="EUR", lines=[QuoteLine("Bolt M8", 100, "0.30")])
    >>> offer.net, offer.state
    (Money('30.00', 'EUR'), 'draft')
    """

    kind = "quote"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="QUO", unnumbered=frozenset({"draft", "withdrawn"}))
    lifecycle: ClassVar[Lifecycle | None] = Lifecycle(
        "quote",
        "draft",
        {
            ("draft", "redraft"): "draft",
            ("draft", "withdraw"): "withdrawn",
            ("draft", "send"): "sent",
            ("sent", "accept"): "accepted",
            ("sent", "decline"): "declined",
            ("sent", "expire"): "expired",
            # What was agreed is not revised: it is ordered, and the order is amended.
            ("sent", "revise"): "sent",
            ("declined", "revise"): "declined",
            ("expired", "revise"): "expired",
            # What sending a later revision does to the one before.
            ("sent", "supersede"): "superseded",
            ("declined", "supersede"): "superseded",
            ("expired", "supersede"): "superseded",
            ("accepted", ORDERED): "ordered",
        },
    )
    indexes: ClassVar[Indexes] = {
        "party": lambda one: [(one.customer,)],
        "on": lambda one: [(one.on.isoformat(),)],
        "revision": lambda one: [(one.first, f"{one.revision:06d}")] if one.first else [],
        "until": lambda one: [(one.valid_until.isoformat(),)] if one.valid_until and one.state == "sent" else [],
    }

    customer: str = field(converter=fields.customer)
    on: date = field(converter=day)
    currency: str = field(converter=fields.currency)
    lines: tuple[QuoteLine, ...] = field(converter=_lines)
    valid_until: date | None = field(default=None, converter=optional_day)
    revision: int = 1
    first: str = ""
    accepted_on: date | None = field(default=None, converter=optional_day)

    def __attrs_post_init__(self) -> None:
        """Something is offered, and there is a day to accept it."""
        if not self.lines:
            raise BadQuote(why="needs at least one line")
        if self.valid_until is not None and self.valid_until < self.on:
            raise BadQuote(why=f"of {self.on.isoformat()} cannot be open until {self.valid_until.isoformat()}")
        if type(self.revision) is not int or self.revision < 1 or (self.revision == 1) == bool(self.first):
            raise BadQuote(why=f"that is revision {self.revision} names its first one exactly when it is a later one")
        Document.__attrs_post_init__(self)

    @property
    def net(self) -> Money:
        """The sum of the lines, each rounded once."""
        return Money.sum((line.net(self.currency).round() for line in self.lines), self.currency)

    def is_open_on(self, on: Day) -> bool:
        """Whether a day is within its time: through its last day; without one, always."""
        return self.valid_until is None or day(on) <= self.valid_until

    def state_on(self, on: Day) -> str:
        """The state as it is on a day: an offer that is out has expired when its last day is over, closed already or not.

        >>> offer = Quote(
        ...     customer="beta", on="2026-01-10", currency="EUR", lines=[QuoteLine("x")], valid_until="2026-01-31", state="sent"
        ... )
        >>> offer.state_on("2026-01-31"), offer.state_on("2026-02-01")
        ('sent', 'expired')
        """
        return "expired" if self.state == "sent" and not self.is_open_on(on) else self.state


def day_told(view: View, *, on: Day | None, at: datetime | None) -> date:
    """The day of something that is told as a day or as an instant; an instant has its day in the company's zone.

    Raises: DayOrInstant, NotADate.
    """
    if on is not None and at is None:
        return day(on)
    if at is not None and on is None:
        return local_day(at, view.settings.zone)
    raise DayOrInstant(on=optional_day(on), at=at)


def revisions_of(view: View, quote: Quote) -> tuple[Quote, ...]:
    """Every revision of an offer, the first one first."""
    root = quote.first or quote.id
    return (view.get(Quote, root), *view.find(Quote, "revision", root))


# -- verbs -----------------------------------------------------------------------------------------------------------


def quote(view: View, quote: Quote, *, opportunity: str | None = None) -> Changes[Quote]:
    """Record a quote as a draft; `opportunity` names the deal it is for.

    Raises: NotNew, AlreadyThere, DocumentNotFound (the opportunity), NotADate (a last day beyond the calendar).
    """
    origins = quote.origins
    if opportunity is not None:
        found = view.get(Opportunity, opportunity)
        origins = tuple(dict.fromkeys((*origins, Ref(found.kind, found.id))))
    valid_until = quote.valid_until
    days = view.policies(SfaPolicies, on=quote.on, scope=quote.customer).quote_days
    if valid_until is None and days:
        valid_until = days_after(quote.on, days)
    new = fresh(quote, later=("accepted_on", "revision", "first"))
    return Changes(view.mint(evolve(new, origins=origins, valid_until=valid_until)))


def send(view: View, quote: str) -> Changes[Quote]:
    """Send a quote: it gets its number and can be accepted; a later revision takes the place of the one before.

    Guarantees: afterwards it is the current revision of its offer, and every other one is superseded or withdrawn.
    Raises: IllegalStep.
    """
    sent = view.get(Quote, quote).to("send")
    if not sent.first:
        return Changes(sent)
    first, *later = revisions_of(view, sent)
    known = [one for one in (first, *later) if one.id != sent.id and one.state not in PAST]
    return Changes(
        evolve(sent, number=f"{first.number}-{sent.revision}"), documents=[one.to("supersede") for one in known]
    )


def accept(view: View, quote: str, *, on: Day | None = None, at: datetime | None = None) -> Changes[Quote]:
    """Note that the customer accepted: on a day, or at an instant, which has its day in the company's zone.

    Guarantees: the revision accepted is the current one and stays as it is; the draft of a later one is withdrawn.
    Raises: QuoteExpired, DatedBefore, IllegalStep (superseded, not sent), DayOrInstant.
    """
    found = view.get(Quote, quote)
    after = found.to("accept")
    told = day_told(view, on=on, at=at)
    check_sequence("an acceptance", told, cause=f"quote {quote}", since=found.on)
    if not found.is_open_on(told) and found.valid_until is not None:
        raise QuoteExpired(quote=quote, valid_until=found.valid_until, on=told)
    drafts = [one.to("withdraw") for one in revisions_of(view, found) if one.state == "draft"]
    return Changes(evolve(after, accepted_on=told), documents=drafts)


def decline(view: View, quote: str) -> Changes[Quote]:
    """Note that the customer declined. Raises: IllegalStep."""
    return Changes(view.get(Quote, quote).to("decline"))


def withdraw(view: View, quote: str) -> Changes[Quote]:
    """Give up a draft; a revision that is out already stays. Raises: IllegalStep."""
    return Changes(view.get(Quote, quote).to("withdraw"))
