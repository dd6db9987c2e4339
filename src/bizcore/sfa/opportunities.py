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
from bizcore.flow.document import Document, Indexes
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Invalid, NotFound, Refused
from bizcore.kernel.exact import Exact, Number, number
from bizcore.kernel.ids import checked_id
from bizcore.kernel.money import Money
from bizcore.kernel.table import Column, Table


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


class ReasonNeeded(Refused):
    """A lost deal needs a reason, and the reason Other a note."""

    code = "reason_needed"

    def __init__(self, *, why: str) -> None:
        super().__init__(f"a lost deal {why}", why=why)


def _probability(value: object) -> Decimal:
    found = number(value)
    if not 0 <= found <= 100:
        raise BadStage(stage="", why=f"a probability is between 0 and 100, not {found}")
    return found


@frozen
class Stage:
    """A stage of a pipeline: its kind, the default probability in percent, the forecast category.

    Won is 100 and counts as closed, lost is 0 and is omitted.
    """

    name: str
    probability: Decimal = field(converter=_probability)
    kind: StageKind = StageKind.OPEN
    category: ForecastCategory = ForecastCategory.PIPELINE

    def __attrs_post_init__(self) -> None:
        """Won and lost have no other probability than 100 and 0."""
        fixed = {StageKind.WON: 100, StageKind.LOST: 0}.get(self.kind)
        if fixed is not None and self.probability != fixed:
            raise BadStage(stage=self.name, why=f"{self.kind.value} has probability {fixed}")


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


def _customer(value: object) -> str:
    return checked_id(value, "customer")


def _close(value: Day | None) -> date | None:
    return None if value is None else day(value)


def _pinned(value: object) -> Decimal | None:
    return None if value is None else _probability(value)


@frozen(kw_only=True)
class Opportunity(Document):
    """A deal in progress. The stage is its own snapshot: changing a pipeline's defaults later rewrites no deal.

    `probability` is the stage's unless `pinned`; won is 100 and lost 0 whatever is pinned. `open_stage` is the last open one,
    which reopening restores.
    """

    kind = "opportunity"
    indexes: ClassVar[Indexes] = {
        "party": lambda one: [(one.customer,)],
        "on": lambda one: [(one.on.isoformat(),)],
        "stage": lambda one: [(one.stage.name,)],
        "close": lambda one: [(one.close.isoformat(),)] if one.close else [],
    }

    customer: str = field(converter=_customer)
    name: str
    on: date = field(converter=day)
    amount: Money | None = None
    close: date | None = field(default=None, converter=_close)
    owner: str = ""
    pipeline: str = DEFAULT
    stage: Stage = DEFAULT_STAGES[0]
    open_stage: str = ""
    pinned: Decimal | None = field(default=None, converter=_pinned)
    closed_on: date | None = field(default=None, converter=_close)
    reason: str = ""
    note: str = ""

    @property
    def probability(self) -> Decimal:
        """In percent."""
        if self.stage.kind is not StageKind.OPEN or self.pinned is None:
            return self.stage.probability
        return self.pinned

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

    Won when every order has ended and one was fulfilled; lost when all are cancelled; open otherwise.

    >>> outcome_of_orders(["closed", "cancelled"]), outcome_of_orders(["open", "closed"]), outcome_of_orders([])
    (<StageKind.WON: 'won'>, <StageKind.OPEN: 'open'>, None)
    """
    known = list(states)
    if not known:
        return None
    if any(state not in ("closed", "cancelled") for state in known):
        return StageKind.OPEN
    return StageKind.WON if "closed" in known else StageKind.LOST


# -- verbs -----------------------------------------------------------------------------------------------------------


def open_opportunity(view: View, opportunity: Opportunity) -> Changes[Opportunity]:
    """Open a deal in the first open stage of its pipeline. Raises: AlreadyThere, DocumentNotFound (the pipeline)."""
    first = pipeline_of(view, opportunity.pipeline).of_kind(StageKind.OPEN)
    return Changes(view.mint(evolve(opportunity, stage=first, open_stage=first.name)))


def advance(view: View, opportunity: str, *, stage: str, on: Day) -> Changes[Opportunity]:
    """Move an open deal to another open stage. Raises: NoSuchStage, DealClosed, BadStage (won and lost have their own verbs)."""
    found = _open(view, opportunity)
    day(on)
    target = pipeline_of(view, found.pipeline).stage(stage)
    if target.kind is not StageKind.OPEN:
        raise BadStage(stage=stage, why="win or lose the deal instead")
    return Changes(evolve(found, stage=target, open_stage=target.name))


def pin(view: View, opportunity: str, *, probability: Number | None) -> Changes[Opportunity]:
    """Set a deal's probability by hand; None lets it follow the stage again. Neither makes it won or lost."""
    found = _open(view, opportunity)
    return Changes(evolve(found, pinned=probability))


def win(view: View, opportunity: str, *, on: Day) -> Changes[Opportunity]:
    """Win a deal. Raises: DealClosed."""
    found = _open(view, opportunity)
    won = pipeline_of(view, found.pipeline).of_kind(StageKind.WON)
    return Changes(evolve(found, stage=won, closed_on=on))


def lose(view: View, opportunity: str, *, on: Day, reason: str, note: str = "") -> Changes[Opportunity]:
    """Lose a deal, for a reason; the reason `Other` needs a note. Raises: ReasonNeeded, DealClosed."""
    if not reason.strip():
        raise ReasonNeeded(why="needs a reason")
    if reason.strip().lower() == "other" and not note.strip():
        raise ReasonNeeded(why="for the reason Other needs a note")
    found = _open(view, opportunity)
    lost = pipeline_of(view, found.pipeline).of_kind(StageKind.LOST)
    return Changes(evolve(found, stage=lost, closed_on=on, reason=reason, note=note))


def reopen(view: View, opportunity: str) -> Changes[Opportunity]:
    """Open a closed deal again in its last open stage; its history stays. Raises: DealOpen."""
    found = view.get(Opportunity, opportunity)
    if found.outcome is StageKind.OPEN:
        raise DealOpen(opportunity=opportunity)
    back = pipeline_of(view, found.pipeline).stage(found.open_stage)
    return Changes(evolve(found, stage=back, closed_on=None, reason="", note=""))


class DealOpen(Refused):
    """Only a closed deal is reopened."""

    code = "deal_open"
    allowed: tuple[str, ...] = ("advance", "win", "lose")

    def __init__(self, *, opportunity: str) -> None:
        super().__init__(f"{opportunity} is open", opportunity=opportunity)


def _open(view: View, opportunity: str) -> Opportunity:
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
                one.stage.category.value,
                one.close,
                one.probability,
                one.amount,
                None if weighted is None else weighted.round(),
            ]
        )
    return Table(columns, rows, title="Deals", key="opportunity")
