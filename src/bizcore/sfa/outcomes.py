"""Outcomes: deals won, lost and reopened by people, as far as no order has decided."""

from __future__ import annotations

from attrs import evolve

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.kernel.days import Day
from bizcore.kernel.errors import Refused
from bizcore.sfa.opportunities import Opportunity, StageKind, open_deal, outcome_of_orders, pipeline_of
from bizcore.sfa.orders import orders_of


class ReasonNeeded(Refused):
    """A lost deal needs a reason, and the reason Other a note."""

    code = "reason_needed"

    def __init__(self, *, why: str) -> None:
        super().__init__(f"a lost deal {why}", why=why)


class DealOpen(Refused):
    """Only a closed deal is reopened."""

    code = "deal_open"
    allowed: tuple[str, ...] = ("advance", "win", "lose")

    def __init__(self, *, opportunity: str) -> None:
        super().__init__(f"{opportunity} is open", opportunity=opportunity)


class OrdersDecide(Refused):
    """The deal has orders, and they say otherwise."""

    code = "orders_decide"

    def __init__(self, *, opportunity: str, outcome: str) -> None:
        super().__init__(f"by its orders, {opportunity} is {outcome}", opportunity=opportunity, outcome=outcome)


def win(view: View, opportunity: str, *, on: Day) -> Changes[Opportunity]:
    """Win a deal by hand. Raises: DealClosed, OrdersDecide (its orders are all cancelled)."""
    found = open_deal(view, opportunity)
    _agreeing(view, found, won=True)
    won = pipeline_of(view, found.pipeline).of_kind(StageKind.WON)
    return Changes(evolve(found.to("win"), stage=won, closed_on=on))


def lose(view: View, opportunity: str, *, on: Day, reason: str, note: str = "") -> Changes[Opportunity]:
    """Lose a deal, for a reason; the reason `Other` needs a note. Raises: ReasonNeeded, DealClosed, OrdersDecide."""
    if not reason.strip():
        raise ReasonNeeded(why="needs a reason")
    if reason.strip().lower() == "other" and not note.strip():
        raise ReasonNeeded(why="for the reason Other needs a note")
    found = open_deal(view, opportunity)
    _agreeing(view, found, won=False)
    lost = pipeline_of(view, found.pipeline).of_kind(StageKind.LOST)
    return Changes(evolve(found.to("lose"), stage=lost, closed_on=on, reason=reason, note=note))


def reopen(view: View, opportunity: str) -> Changes[Opportunity]:
    """Open a closed deal again in its last open stage, as it was then; its history stays in the log.

    Raises: DealOpen, OrdersDecide (an order stands, so it is won).
    """
    found = view.get(Opportunity, opportunity)
    if found.outcome is StageKind.OPEN:
        raise DealOpen(opportunity=opportunity)
    _agreeing(view, found, won=False)
    back = found.open_stage or pipeline_of(view, found.pipeline).of_kind(StageKind.OPEN)
    return Changes(evolve(found.to("reopen"), stage=back, closed_on=None, reason="", note=""))


def _agreeing(view: View, deal: Opportunity, *, won: bool) -> None:
    """A deal that has orders is won exactly when they say so."""
    said = outcome_of_orders(one.state for one in orders_of(view, deal))
    if said is not None and (said is StageKind.WON) != won:
        raise OrdersDecide(opportunity=deal.id, outcome=said.value)
