"""Customers: parties in a role that begins with the first order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Final

from attrs import evolve, field, frozen

from bizcore.change.view import View
from bizcore.flow.document import Document, Indexes
from bizcore.kernel.days import optional_day
from bizcore.kernel.maps import Map

PROFILE: Final = ("name", "email", "phone", "address", "city", "country", "tax_id")
"""What is known of somebody; blank where it is not."""


@frozen(kw_only=True)
class Customer(Document):
    """Somebody we sell to, or may sell to. A customer need not be registered to be invoiced.

    `since` is the day of the first order: until then the party is a prospect. Personal data: it can be erased, books stay.
    """

    kind = "customer"
    personal = True
    indexes: ClassVar[Indexes] = {"name": lambda one: [(one.name,)] if one.name else []}

    name: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    city: str = ""
    country: str = ""
    tax_id: str = ""
    since: date | None = field(default=None, converter=optional_day)

    def filled(self, facts: Mapping[str, str]) -> tuple[Customer, Map[str]]:
        """The customer with blanks filled in, and the facts that contradict what is known: the established record wins.

        >>> customer, differs = Customer(id="b", name="Beta").filled({"name": "Beta Ltd", "city": "Bonn"})
        >>> customer.name, customer.city, dict(differs)
        ('Beta', 'Bonn', {'name': 'Beta Ltd'})
        """
        known = {name: getattr(self, name) for name in PROFILE}
        fill: dict[str, Any] = {
            name: text for name, text in facts.items() if name in known and text and not known[name]
        }
        differs = {name: text for name, text in facts.items() if known.get(name) and text and text != known[name]}
        return (evolve(self, **fill) if fill else self), Map(differs)


def ensured(view: View, customer: str, *, on: date) -> tuple[Customer, ...]:
    """What to record so that a registered prospect is a customer from its first order on; nothing for others.

    The first order is the one with the earliest date, however late it is recorded.
    """
    known = view.seek(Customer, customer)
    if known is None or (known.since is not None and known.since <= on):
        return ()
    return (evolve(known, since=on),)
