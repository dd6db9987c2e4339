"""Parties: identity only. What a party is to us is a role with dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from attrs import field, frozen

from bizcore.kernel.days import Day
from bizcore.kernel.ids import checked_id
from bizcore.kernel.maps import Map
from bizcore.kernel.spans import Span
from bizcore.kernel.value import Value


class PartyKind(Enum):
    """A person or an organisation."""

    PERSON = "person"
    ORGANISATION = "organisation"


class RoleKind(Enum):
    """What a party can be to a company."""

    PROSPECT = "prospect"
    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    EMPLOYEE = "employee"
    AGENT = "agent"


def _id(value: object) -> str:
    return checked_id(value, "party")


@frozen
class ContactPoint(Value):
    """A way to reach a party: its kind (email, phone, address), kept without loss."""

    kind: str
    value: str


@frozen
class Relationship(Value):
    """How a party stands to another: parent, contact of, bill-to."""

    kind: str
    to: str = field(converter=_id)


def _map(value: Mapping[str, str]) -> Map[str]:
    return value if isinstance(value, Map) else Map(value)


def _points(value: Iterable[ContactPoint]) -> tuple[ContactPoint, ...]:
    return tuple(value)


def _relationships(value: Iterable[Relationship]) -> tuple[Relationship, ...]:
    return tuple(value)


@frozen(kw_only=True)
class Party(Value):
    """A person or an organisation: who it is, nothing of what it does with us.

    Nobody must register a party to invoice it: ids are opaque text everywhere.

    >>> Party(id="beta", name="Beta Ltd", identifiers={"vat": "DE123456789"}).identifiers["vat"]
    'DE123456789'
    """

    id: str = field(converter=_id)
    name: str
    kind: PartyKind = PartyKind.ORGANISATION
    identifiers: Map[str] = field(default=Map({}), converter=_map)
    contact_points: tuple[ContactPoint, ...] = field(default=(), converter=_points)
    relationships: tuple[Relationship, ...] = field(default=(), converter=_relationships)


@frozen
class Role(Value):
    """A party in a role over a span of dates.

    >>> Role("beta", RoleKind.CUSTOMER, Span("2026-01-01", None)).on("2026-03-05")
    True
    """

    party: str = field(converter=_id)
    role: RoleKind
    span: Span = field(factory=lambda: Span(None, None))

    def on(self, date: Day) -> bool:
        """Whether the party is in the role on a date."""
        return self.span.contains(date)
