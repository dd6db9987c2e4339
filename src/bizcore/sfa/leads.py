"""Leads: somebody who might buy, until they are a party with a deal, or not."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from attrs import evolve, field, frozen

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.flow.beginning import fresh
from bizcore.flow.document import Document, Indexes
from bizcore.flow.lifecycle import Lifecycle
from bizcore.kernel.days import Day, day, optional_day
from bizcore.kernel.errors import Invalid, Refused
from bizcore.kernel.ids import checked_id
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.value import Value
from bizcore.sfa.customers import PROFILE, Customer
from bizcore.sfa.opportunities import DEFAULT, Opportunity, StageKind, pipeline_of


class AlreadyConverted(Refused):
    """A lead is converted once."""

    code = "already_converted"

    def __init__(self, *, lead: str, customer: str) -> None:
        super().__init__(f"{lead} was converted to {customer} already", lead=lead, customer=customer)


class NoDeal(Invalid):
    """Facts of a deal are given, but no deal is named that they could belong to."""

    code = "no_deal"

    def __init__(self, *, given: str) -> None:
        super().__init__(f"{given} belongs to a deal: name it with opportunity=", given=given)


@frozen(kw_only=True)
class Lead(Document):
    """Somebody who might buy. Personal data: it can be erased, what came of it stays.

    >>> Lead(name="Ada", email="ada@example.org", on="2026-01-05").state
    'new'
    """

    kind = "lead"
    personal = True
    lifecycle: ClassVar[Lifecycle | None] = Lifecycle(
        "lead",
        "new",
        {
            ("new", "work"): "working",
            ("new", "qualify"): "qualified",
            ("working", "qualify"): "qualified",
            ("new", "disqualify"): "disqualified",
            ("working", "disqualify"): "disqualified",
            ("qualified", "disqualify"): "disqualified",
            ("qualified", "convert"): "converted",
            ("new", "archive"): "archived",
            ("working", "archive"): "archived",
            ("disqualified", "archive"): "archived",
        },
    )
    indexes: ClassVar[Indexes] = {
        "on": lambda one: [(one.on.isoformat(),)],
        "email": lambda one: [(one.email,)] if one.email else [],
    }

    name: str
    on: date = field(converter=day)
    company: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    city: str = ""
    country: str = ""
    tax_id: str = ""
    source: str = ""
    qualified_on: date | None = field(default=None, converter=optional_day)
    reason: str = ""
    customer: str = ""
    opportunity: str = ""

    @property
    def facts(self) -> Map[str]:
        """What it says of the party, by the names of a customer's profile."""
        known = {name: getattr(self, name) for name in PROFILE if name != "name"}
        return Map({"name": self.company or self.name, **{name: text for name, text in known.items() if text}})


@frozen(kw_only=True)
class Conversion(Document, Value):
    """That a lead became a customer, and maybe a deal: made once, all of it or nothing.

    `differs` lists by name the facts of the lead that contradict the established record, which was left as it was; the texts
    themselves stay with the lead, so that they are erased with it.
    """

    kind = "conversion"
    lifecycle: ClassVar[Lifecycle | None] = Lifecycle("conversion", "made", {})

    lead: str
    on: date = field(converter=day)
    customer: str
    opportunity: str = ""
    created: bool = False
    differs: tuple[str, ...] = ()


def capture(view: View, lead: Lead) -> Changes[Lead]:
    """Record a lead. Raises: NotNew, AlreadyThere."""
    return Changes(view.mint(fresh(lead, later=("qualified_on", "reason", "customer", "opportunity"))))


def work(view: View, lead: str) -> Changes[Lead]:
    """Begin working on a lead. Raises: IllegalStep."""
    return Changes(view.get(Lead, lead).to("work"))


def qualify(view: View, lead: str, *, on: Day) -> Changes[Lead]:
    """Note that a lead is worth a deal. Raises: IllegalStep."""
    return Changes(evolve(view.get(Lead, lead).to("qualify"), qualified_on=on))


def disqualify(view: View, lead: str, *, reason: str) -> Changes[Lead]:
    """Give a lead up, for a reason. Raises: IllegalStep."""
    return Changes(evolve(view.get(Lead, lead).to("disqualify"), reason=reason))


def archive(view: View, lead: str) -> Changes[Lead]:
    """Put a lead away. Raises: IllegalStep."""
    return Changes(view.get(Lead, lead).to("archive"))


def convert(
    view: View,
    lead: str,
    *,
    on: Day,
    customer: str | None = None,
    opportunity: str | None = None,
    opportunity_id: str = "",
    amount: Money | None = None,
    close: Day | None = None,
) -> Changes[Conversion]:
    """Turn a qualified lead into a customer, and into a deal when `opportunity` names one; once, all of it or nothing.

    `customer` is the id of the party, found or created; without it a new one is made under the lead's id, so that nobody is
    taken for somebody else. Blanks of an existing customer are filled, nothing known is overwritten: what differs is reported.

    Guarantees: a lead converts once; the links lead -> customer and lead -> deal are recorded with it.
    Raises: AlreadyConverted, IllegalStep (not qualified, archived, given up), DocumentNotFound, NoDeal, AlreadyThere (the lead's
    id is a customer already: name the customer).
    """
    found = view.get(Lead, lead)
    if found.state == "converted":
        raise AlreadyConverted(lead=lead, customer=found.customer)
    after = found.to("convert")
    party = checked_id(customer, "customer") if customer is not None else _own_id(found)
    known = None if customer is None else view.seek(Customer, party)
    filled, differs = (known or view.mint(Customer(id=party))).filled(found.facts)
    if known is None:
        filled = evolve(filled, origins=(found.ref,))
    documents: list[Document] = [filled] if filled is not known else []
    deal = _deal(view, found, opportunity, opportunity_id, party, on, amount, close)
    if deal is not None:
        documents.append(deal)
    after = evolve(after, customer=party, opportunity=deal.id if deal is not None else "")
    conversion = view.mint(
        Conversion(
            lead=found.id,
            on=on,
            customer=party,
            opportunity=after.opportunity,
            created=known is None,
            differs=tuple(differs),
            origins=(found.ref,),
        )
    )
    return Changes(conversion, documents=[after, *documents])


def _own_id(lead: Lead) -> str:
    """A minted id cannot be given, so its counter is written with a dash."""
    return lead.id.replace("#", "-")


def _deal(
    view: View,
    lead: Lead,
    name: str | None,
    id: str,
    customer: str,
    on: Day,
    amount: Money | None,
    close: Day | None,
) -> Opportunity | None:
    if name is None:
        for given, value in (("opportunity_id", id or None), ("amount", amount), ("close", close)):
            if value is not None:
                raise NoDeal(given=given)
        return None
    first = pipeline_of(view, DEFAULT).of_kind(StageKind.OPEN)
    return view.mint(
        Opportunity(
            id=id,
            customer=customer,
            name=name,
            on=on,
            amount=amount,
            close=close,
            stage=first,
            open_stage=first,
            origins=(lead.ref,),
        )
    )
