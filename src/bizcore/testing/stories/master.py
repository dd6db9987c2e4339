"""Scenes of the two acts that belong to no desk: putting master data, erasing a person."""

from __future__ import annotations

from typing import Any, Final

from bizcore.change.act import Act
from bizcore.finance.chart import Account, Nature
from bizcore.finance.rates import ExchangeRate
from bizcore.flow.document import Ref
from bizcore.sfa.customers import Customer
from bizcore.supply.items import Item
from bizcore.supply.places import Place
from bizcore.testing.stories.finance import invoice
from bizcore.testing.stories.sfa import capture
from bizcore.testing.stories.teller import CURRENCY, Scenes, Teller, Wrongs


def put(t: Teller) -> None:
    """An account, an item, a place, a rate or a customer is set up or corrected."""
    made = t.choose((
        Item(id="screw"),
        Place(id="shop"),
        Account(code="6150", name="Postage", nature=Nature.EXPENSE, line="operating_expenses"),
        ExchangeRate(base="USD", quote=CURRENCY, on=t.day(), rate=f"0.{t.number(80, 99)}"),
        Customer(id="delta", name="Delta"),
    ))  # fmt: skip
    t.tell(t.company.put(made))


def erase(t: Teller) -> None:
    """Somebody is forgotten."""
    t.tell(t.company.erase(capture(t)))


def _put_by_verb(t: Teller) -> Act[Any]:
    return t.company.put(invoice(t))


def _erased_twice(t: Teller) -> Act[Any]:
    lead = capture(t)
    t.tell(t.company.erase(lead))
    return t.company.erase(lead)


SCENES: Final[Scenes] = {"put": (put,), "erase": (erase,)}

WRONG: Final[Wrongs] = {
    "put": (_put_by_verb,),
    "erase": (
        _erased_twice,
        lambda t: t.company.erase(invoice(t)),
        lambda t: t.company.erase(Ref("lead", "nobody")),
    ),
}
