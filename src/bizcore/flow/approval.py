"""Approvals: which acts wait for somebody else, who that may be, and who counts as somebody else.

What is decided here follows from documents alone. They are in force from the change that puts them to the one that replaces them,
whatever business date an act names: a date is the choice of whoever asks, and a control must not depend on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar, Final

from attrs import field, frozen

from bizcore.flow.document import Document, Indexes
from bizcore.flow.lifecycle import Lifecycle
from bizcore.kernel.codec import WrongType
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import number
from bizcore.kernel.ids import checked_id
from bizcore.kernel.money import Money
from bizcore.kernel.value import Value

RULES: Final = "company"
"""The id of the one document of rules."""


class BadApprovalRules(Invalid):
    """Rules by which nothing could be approved, or that say nothing."""

    code = "bad_approval_rules"

    def __init__(self, *, why: str) -> None:
        super().__init__(f"approval rules: {why}", why=why)


def fits(pattern: str, name: str) -> bool:
    """Whether a pattern names an act: `finance.pay` itself, `finance.*` every verb of a desk, `*` every act.

    >>> fits("finance.pay", "finance.pay"), fits("finance.*", "finance.pay"), fits("*", "put.item"), fits("fin*", "finance.pay")
    (True, True, True, False)
    """
    return pattern in ("*", name) or (pattern.endswith(".*") and name.startswith(pattern[:-1]))


def _money(value: Money | None) -> Money | None:
    given: object = value
    if given is not None and not isinstance(given, Money):
        raise WrongType(value=given, expected="money")
    return value


@frozen
class ApprovalRule(Value):
    """Acts that wait for approval: by the name of the act, or by the kind of document that a change writes.

    `above` is an amount in the company's currency; without it every such act waits. `approvals` is how many persons approve, each
    another one. Master data is put under `put.KIND`, and erased under `erase`.

    >>> ApprovalRule("finance.pay", above=Money("1000", "EUR")).approvals
    1
    """

    acts: str = ""
    writes: str = field(default="", kw_only=True)
    above: Money | None = field(default=None, kw_only=True, converter=_money)
    approvals: int = field(default=1, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """It names something, and someone approves it."""
        if bool(self.acts) == bool(self.writes):
            raise BadApprovalRules(why="a rule names acts, or the kind of document they write")
        if self.approvals < 1 or (self.above is not None and self.above.sign < 0):
            raise BadApprovalRules(why="at least one person approves, above an amount that is not negative")

    def concerns(self, names: Iterable[str], kinds: Iterable[str]) -> bool:
        """Whether it is about an act of these names that writes documents of these kinds."""
        return any(fits(self.acts, one) for one in names) if self.acts else self.writes in kinds


def _actor(value: object) -> str:
    return checked_id(value, "actor")


@frozen
class Approver(Value):
    """Who may approve: acts by pattern, up to an amount in the company's currency (None: any)."""

    actor: str = field(converter=_actor)
    up_to: Money | None = field(default=None, kw_only=True, converter=_money)
    acts: str = field(default="*", kw_only=True)


def _rules(value: Iterable[ApprovalRule]) -> tuple[ApprovalRule, ...]:
    return tuple(value)


def _approvers(value: Iterable[Approver]) -> tuple[Approver, ...]:
    return tuple(value)


@frozen(kw_only=True)
class ApprovalRules(Document):
    """The company's rules: which acts wait, and who may approve them. One document; putting another replaces it.

    `tolerance_percent` is by how much the amount may have grown between asking and release.

    Guarantees: as long as there are rules, changing them or an identity is itself an act that waits, for an approver without
    limit; there is one. Raises: BadApprovalRules.
    """

    kind = "approval_rules"

    rules: tuple[ApprovalRule, ...] = field(default=(), converter=_rules)
    approvers: tuple[Approver, ...] = field(default=(), converter=_approvers)
    tolerance_percent: Decimal = field(default=Decimal(0), converter=number)

    def __attrs_post_init__(self) -> None:
        """One identity, and rules that can be changed again."""
        Document.__attrs_post_init__(self)
        if self.rules and not any(one.up_to is None and one.acts == "*" for one in self.approvers):
            raise BadApprovalRules(
                why="one approver has no limit and no pattern, else nobody could change the rules again"
            )
        if self.tolerance_percent < 0:
            raise BadApprovalRules(why="a tolerance is not negative")
        object.__setattr__(self, "id", RULES)


def _actors(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(_actor(one) for one in value)


@frozen(kw_only=True)
class Identity(Document):
    """Who is behind an actor: several actors may be one person, and a job acts for one; `deputy_for` are those he stands in for.

    The id is the actor. An actor without an identity is a person of his own name.
    """

    kind = "identity"
    indexes: ClassVar[Indexes] = {"person": lambda one: [(one.person,)]}

    person: str = field(converter=_actor)
    deputy_for: tuple[str, ...] = field(default=(), converter=_actors)


@frozen(kw_only=True)
class Approval(Document):
    """An act that waits: who asked for it, what it amounts to in the company's currency, who signed and who decided.

    `amount` is None where no rate of its day tells. What is asked lies beside it in an `ApprovalRequest` of the same id, which no
    verb changes.
    """

    kind = "approval"
    lifecycle: ClassVar[Lifecycle | None] = Lifecycle(
        "approval",
        "waiting",
        {
            ("waiting", "sign"): "waiting",
            ("waiting", "release"): "released",
            ("waiting", "reject"): "rejected",
            ("waiting", "withdraw"): "withdrawn",
        },
    )
    indexes: ClassVar[Indexes] = {"asked_by": lambda one: [(one.asked_by,)], "act": lambda one: [(one.act,)]}

    act: str
    asked_by: str = field(converter=_actor)
    amount: Money | None = field(default=None, converter=_money)
    needed: int = 1
    signed: tuple[str, ...] = field(default=(), converter=_actors)
    decided_by: str = ""


@frozen(kw_only=True)
class ApprovalRequest(Document):
    """What waits: the act as JSON. Its body lies beside the log like all personal data, because an act may hold some."""

    kind = "approval_request"
    personal: ClassVar[bool] = True
    by_verb: ClassVar[bool] = True

    request: str
