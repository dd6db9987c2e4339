"""Opportunities: deals in progress, their stages, and what orders say about their outcome."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import ClassVar, Final

from attrs import evolve, field, frozen

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.flow.beginning import fresh
from bizcore.flow.document import Document, Indexes
from bizcore.flow.lifecycle import Lifecycle
from bizcore.kernel.days import Day, day, optional_day
from bizcore.kernel.errors import Invalid, NotFound, Refused
from bizcore.kernel.exact import Exact, Number, number
from bizcore.kernel.money import Money
from bizcore.kernel.table import Column, Table
from bizcore.kernel.value import Value
from bizcore.sfa import fields


class StageKind(Enum):
    """What a stage means for the deal."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class ForecastCategory(Enum):
    """How a deal counts in a forecast."""

    PIPELINE = "pipeline"
    BEST_CASE = "best_case"
    COMMIT = "commit"
    CLOSED = "closed"
    OMITTED = "omitted"


class BadStage(Invalid):
    """A stage that cannot be meant."""

    code = "bad_stage"

    def __init__(self, *, stage: str, why: str) -> None:
        super().__init__(f"stage {stage!r}: {why}", stage=stage, why=why)


class NoSuchStage(NotFound):
    """The pipeline has no such stage."""

    code = "no_such_stage"

    def __init__(self, *, stage: str, stages: tuple[str, ...]) -> None:
        super().__init__(
            f"there is no stage {stage[:60]!r}; there are {', '.join(stages)}", stage=stage[:60], stages=stages
        )


class DealClosed(Refused):
    """A deal that is won or lost is reopened before it moves again."""

    code = "deal_closed"
    allowed: tuple[str, ...] = ("reopen",)

    def __init__(self, *, opportunity: str, outcome: str) -> None:
        super().__init__(f"{opportunity} is {outcome}; reopen it first", opportunity=opportunity, outcome=outcome)


def _probability(value: object) -> Decimal:
    found = number(value)
    if not 0 <= found <= 100:
        raise BadStage(stage="", why=f"a probability is between 0 and 100, not {found}")
    return found


@frozen
class Stage(Value):
    """A stage of a pipeline: its kind, the default probability in percent, the forecast category.

    Guarantees: won is 100 and counts as closed, lost is 0 and is omitted, whatever category is given; an open stage is never
    closed. Raises: BadStage.

    >>> Stage("signed", 100, StageKind.WON).category
    <ForecastCategory.CLOSED: 'closed'>
    """

    name: str
    probability: Decimal = field(converter=_probability)
    kind: StageKind = StageKind.OPEN
    category: ForecastCategory = ForecastCategory.PIPELINE

    def __attrs_post_init__(self) -> None:
        """Won and lost have one probability and one category each."""
        if self.kind is StageKind.OPEN:
            if self.category is ForecastCategory.CLOSED:
                raise BadStage(stage=self.name, why="only won counts as closed")
            return
        fixed = 100 if self.kind is StageKind.WON else 0
        if self.probability != fixed:
            raise BadStage(stage=self.name, why=f"{self.kind.value} has probability {fixed}")
        category = ForecastCategory.CLOSED if self.kind is StageKind.WON else ForecastCategory.OMITTED
        object.__setattr__(self, "category", category)


def _stages(value: Iterable[Stage]) -> tuple[Stage, ...]:
    return tuple(value)


DEFAULT_STAGES: Final = (
    Stage("qualification", 10),
    Stage("proposal", 40, StageKind.OPEN, ForecastCategory.BEST_CASE),
    Stage("negotiation", 75, StageKind.OPEN, ForecastCategory.COMMIT),
    Stage("won", 100, StageKind.WON, ForecastCategory.CLOSED),
    Stage("lost", 0, StageKind.LOST, ForecastCategory.OMITTED),
)


@frozen(kw_only=True)
class Pipeline(Document):
    """The stages a deal goes through; without one of your own the default has five.

    Guarantees: exactly one stage is won and one is lost; the first open one is where deals begin.
    """

    kind = "pipeline"

    stages: tuple[Stage, ...] = field(default=DEFAULT_STAGES, converter=_stages)

    def __attrs_post_init__(self) -> None:
        """One end of each kind, one name each."""
        Document.__attrs_post_init__(self)
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise BadStage(stage=", ".join(names), why="two stages have one name")
        for kind in (StageKind.WON, StageKind.LOST):
            if sum(stage.kind is kind for stage in self.stages) != 1:
                raise BadStage(stage=", ".join(names), why=f"exactly one stage is {kind.value}")
        if not any(stage.kind is StageKind.OPEN for stage in self.stages):
            raise BadStage(stage=", ".join(names), why="at least one stage is open")

    def stage(self, name: str) -> Stage:
        """A stage by name. Raises: NoSuchStage."""
        for one in self.stages:
            if one.name == name:
                return one
        raise NoSuchStage(stage=name, stages=tuple(one.name for one in self.stages))

    def of_kind(self, kind: StageKind) -> Stage:
        """The first stage of a kind."""
        return next(one for one in self.stages if one.kind is kind)


DEFAULT: Final = "default"


def pipeline_of(view: View, name: str) -> Pipeline:
    """A pipeline by id; the default one needs no setting up."""
    return (view.seek(Pipeline, name) or Pipeline(id=name)) if name == DEFAULT else view.get(Pipeline, name)


def _pinned(value: object) -> Decimal | None:
    return None if value is None else _probability(value)


def _counted(value: ForecastCategory | None) -> ForecastCategory | None:
    if value is ForecastCategory.CLOSED:
        raise BadStage(stage="", why="only won counts as closed")
    return value


@frozen(kw_only=True)
class Opportunity(Document):
    """A deal in progress. The stage is its own snapshot: changing a pipeline's defaults later rewrites no deal.

    Guarantees: the state is always what the stage means: open, won or lost. Only verbs and orders change it.

    `probability` is the stage's unless `pinned`, `category` the stage's unless it is counted as another (`counted_as`); won is
    100 and closed, lost is 0 and omitted, whatever was set by hand. `open_stage` is the last open one, which reopening restores.
    """

    kind = "opportunity"
    lifecycle: ClassVar[Lifecycle | None] = Lifecycle(
        "deal",
        "open",
        {
            ("open", "advance"): "open",
            ("open", "revise"): "open",
            ("open", "win"): "won",
            ("open", "lose"): "lost",
            ("won", "reopen"): "open",
            ("lost", "reopen"): "open",
            # What orders make of a deal: one stands, or all were called off.
            ("open", "order"): "won",
            ("lost", "order"): "won",
            ("open", "call_off"): "lost",
            ("won", "call_off"): "lost",
        },
    )
    indexes: ClassVar[Indexes] = {
        "party": lambda one: [(one.customer,)],
        "on": lambda one: [(one.on.isoformat(),)],
        "stage": lambda one: [(one.stage.name,)],
        "close": lambda one: [(one.close.isoformat(),)] if one.close else [],
    }

    customer: str = field(converter=fields.customer)
    name: str
    on: date = field(converter=day)
    amount: Money | None = None
    close: date | None = field(default=None, converter=optional_day)
    owner: str = ""
    pipeline: str = DEFAULT
    stage: Stage = DEFAULT_STAGES[0]
    open_stage: Stage | None = None
    pinned: Decimal | None = field(default=None, converter=_pinned)
    counted_as: ForecastCategory | None = field(default=None, converter=_counted)
    closed_on: date | None = field(default=None, converter=optional_day)
    reason: str = ""
    note: str = ""

    def __attrs_post_init__(self) -> None:
        """The stage decides the state, so that they never disagree."""
        object.__setattr__(self, "state", self.stage.kind.value)

    @property
    def probability(self) -> Decimal:
        """In percent."""
        if self.stage.kind is not StageKind.OPEN or self.pinned is None:
            return self.stage.probability
        return self.pinned

    @property
    def category(self) -> ForecastCategory:
        """How it counts in a forecast."""
        if self.stage.kind is not StageKind.OPEN or self.counted_as is None:
            return self.stage.category
        return self.counted_as

    @property
    def weighted(self) -> Exact | None:
        """Amount times probability, unrounded: each deal is weighted by itself."""
        return None if self.amount is None else self.amount.exact * (Fraction(self.probability) / 100)

    @property
    def outcome(self) -> StageKind:
        """Open, won or lost."""
        return self.stage.kind


def outcome_of_orders(states: Iterable[str]) -> StageKind | None:
    """What linked orders say about a deal, from their states; None when there are none and people decide.

    An order exists once it is agreed, so a deal is won when one stands, open or closed, and lost when all are cancelled.
    Source: tryton/sale_opportunity, where the end states are confirmed, processing, done and cancelled.

    >>> outcome_of_orders(["open", "cancelled"]), outcome_of_orders(["cancelled"]), outcome_of_orders([])
    (<StageKind.WON: 'won'>, <StageKind.LOST: 'lost'>, None)
    """
    known = list(states)
    if not known:
        return None
    return StageKind.LOST if all(state == "cancelled" for state in known) else StageKind.WON


def settled(
    deal: Opportunity, orders: Iterable[tuple[str, Money]], *, pipeline: Pipeline, on: date | None
) -> Opportunity:
    """A deal as its orders, each by state and net, say it is: its outcome, and its amount when all are in one currency with it.

    Guarantees: won exactly when an order stands; a deal without orders is left as it is; settling twice is settling once.
    """
    known = list(orders)
    outcome = outcome_of_orders(state for state, _ in known)
    if outcome is None:
        return deal
    if outcome is not deal.outcome:
        reason = "orders cancelled" if outcome is StageKind.LOST else ""
        deal = deal.to("call_off" if outcome is StageKind.LOST else "order")
        deal = evolve(deal, stage=pipeline.of_kind(outcome), closed_on=on, reason=reason, note="")
    standing = [net for state, net in known if state != "cancelled"]
    currency = deal.amount.currency if deal.amount is not None else known[0][1].currency
    if standing and all(net.currency == currency for net in standing):
        deal = evolve(deal, amount=Money.sum(standing, currency))
    return deal


# -- verbs -----------------------------------------------------------------------------------------------------------


def open_opportunity(view: View, opportunity: Opportunity) -> Changes[Opportunity]:
    """Open a deal in the first open stage of its pipeline. Raises: NotNew, AlreadyThere, DocumentNotFound (the pipeline)."""
    first = pipeline_of(view, opportunity.pipeline).of_kind(StageKind.OPEN)
    minted = view.mint(fresh(opportunity, later=("closed_on", "reason", "note")))
    return Changes(evolve(minted, stage=first, open_stage=first))


def revise_opportunity(
    view: View,
    opportunity: str,
    *,
    name: str | None = None,
    amount: Money | None = None,
    close: Day | None = None,
    owner: str | None = None,
) -> Changes[Opportunity]:
    """Correct what is known of an open deal; what is left out stays. A won deal is worth what its orders say.

    Raises: DealClosed.
    """
    found = open_deal(view, opportunity).to("revise")
    return Changes(
        evolve(
            found,
            name=found.name if name is None else name,
            amount=found.amount if amount is None else amount,
            close=found.close if close is None else close,
            owner=found.owner if owner is None else owner,
        )
    )


def advance(view: View, opportunity: str, *, stage: str, on: Day) -> Changes[Opportunity]:
    """Move an open deal to another open stage. Raises: NoSuchStage, DealClosed, BadStage (won and lost have their own verbs)."""
    found = open_deal(view, opportunity)
    day(on)
    target = pipeline_of(view, found.pipeline).stage(stage)
    if target.kind is not StageKind.OPEN:
        raise BadStage(stage=stage, why="win or lose the deal instead")
    return Changes(evolve(found.to("advance"), stage=target, open_stage=target))


def pin(view: View, opportunity: str, *, probability: Number | None) -> Changes[Opportunity]:
    """Set a deal's probability by hand; None lets it follow the stage again. Neither makes it won or lost.

    Raises: DealClosed, BadStage (not within 0 and 100).
    """
    return Changes(evolve(open_deal(view, opportunity), pinned=probability))


def count_as(view: View, opportunity: str, *, category: ForecastCategory | None) -> Changes[Opportunity]:
    """Count an open deal as another category than its stage's; None lets it follow the stage again.

    Raises: DealClosed, BadStage (only won counts as closed).
    """
    return Changes(evolve(open_deal(view, opportunity), counted_as=category))


def open_deal(view: View, opportunity: str) -> Opportunity:
    """A deal that is still open. Raises: DocumentNotFound, DealClosed."""
    found = view.get(Opportunity, opportunity)
    if found.outcome is not StageKind.OPEN:
        raise DealClosed(opportunity=opportunity, outcome=found.outcome.value)
    return found


# -- reports ---------------------------------------------------------------------------------------------------------


def deals(view: View) -> Table:
    """The deals there are, each weighted by itself; lost ones count nothing."""
    columns = [Column(name) for name in ("opportunity", "customer", "stage", "category", "close")]
    columns += [Column("probability", kind="number"), Column("amount", kind="money"), Column("weighted", kind="money")]
    rows = []
    for one in view.all(Opportunity):
        weighted = one.weighted
        rows.append(
            [
                one.id,
                one.customer,
                one.stage.name,
                one.category.value,
                one.close,
                one.probability,
                one.amount,
                None if weighted is None else weighted.round(),
            ]
        )
    return Table(columns, rows, title="Deals", key="opportunity")
