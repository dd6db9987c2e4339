"""What ends or uses a reservation is not dated before it: on no day is less than nothing reserved."""

from __future__ import annotations

from datetime import date

import pytest

from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.kernel.sequence import DatedBefore
from bizcore.supply.fulfilment import DeliveryLine


@pytest.fixture
def acme() -> Company:
    made = Company.create("acme", currency="EUR")
    made.apply(made.supply.receive("bolt", 10, place="w", on="2026-01-01", cost=Money("10", "EUR")))
    made.apply(made.supply.plan_delivery([DeliveryLine("bolt", 5, "w")], customer="beta", on="2026-01-02", id="D"))
    made.apply(made.supply.reserve_delivery("D", on="2026-01-10", until="2026-01-05"))
    return made


@pytest.mark.parametrize("verb", ["release", "expire", "cancel", "call_off", "ship"])
def test_nothing_ends_or_uses_a_reservation_before_it_was_made(acme: Company, verb: str) -> None:
    supply = acme.supply
    reservation = next(iter(supply.reservations)).id
    acts = {
        "release": lambda on: supply.release(reservation, on=on),
        "expire": lambda on: supply.expire(reservation, on=on),
        "cancel": lambda on: supply.cancel_delivery("D", on=on),
        "call_off": lambda on: supply.call_off("D", line=1, quantity=2, on=on),
        "ship": lambda on: supply.ship("D", on=on),
    }
    with pytest.raises(DatedBefore) as refused:
        acme.apply(acts[verb]("2026-01-09"))
    assert (refused.value.facts["on"], refused.value.facts["since"]) == (date(2026, 1, 9), date(2026, 1, 10))
    acme.apply(acts[verb]("2026-01-10"))
