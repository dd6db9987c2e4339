"""Acts that wait for somebody else: asked for, then planned anew and recorded when they are released.

`check` is the one place where a change that may not be recorded without approval is stopped: every act, of a batch, a fork, work
or changes in hand, is planned through it before it is recorded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from attrs import evolve, frozen

from bizcore.change.act import Act, BadArguments
from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.company import master, wiring
from bizcore.flow.approval import (
    RULES,
    Approval,
    ApprovalRequest,
    ApprovalRules,
    Approver,
    BadApprovalRules,
    Identity,
    fits,
)
from bizcore.flow.document import Document
from bizcore.kernel.codec import encode
from bizcore.kernel.errors import Refused
from bizcore.kernel.exact import Exact
from bizcore.kernel.ids import checked_id
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money

if TYPE_CHECKING:
    from bizcore.company.facade import Company

_PROTECTED = frozenset({ApprovalRules.kind, Identity.kind})
_OWN = frozenset({Approval.kind, ApprovalRequest.kind})


class ApprovalRequired(Refused):
    """The act waits for somebody else: it is submitted, not applied."""

    code = "approval_required"
    allowed: tuple[str, ...] = ("submit",)

    def __init__(self, *, act: str, amount: Money | None, above: Money | None, approvals: int) -> None:
        what = "an amount unknown for want of a rate" if amount is None else str(amount)
        limit = "" if above is None else f", above {above}"
        super().__init__(
            f"{act} ({what}{limit}) waits for {approvals} to approve: submit it",
            act=act,
            amount=amount,
            above=above,
            approvals=approvals,
        )


class ApprovalNotNeeded(Refused):
    """No rule asks for an approval of the act: it is applied."""

    code = "approval_not_needed"
    allowed: tuple[str, ...] = ("apply",)

    def __init__(self, *, act: str) -> None:
        super().__init__(f"{act} waits for nobody: apply it", act=act)


class FourEyes(Refused):
    """Who approves is another person than who asked and who signed, through deputies and further identities too."""

    code = "four_eyes"
    allowed: tuple[str, ...] = ("release by somebody else", "withdraw")

    def __init__(self, *, approval: str, by: str, asked_by: str) -> None:
        super().__init__(
            f"{by} may not decide {approval} after {asked_by}", approval=approval, by=by, asked_by=asked_by
        )


class NotRequester(Refused):
    """Only who asked for it withdraws it; others reject it."""

    code = "not_requester"
    allowed: tuple[str, ...] = ("reject",)

    def __init__(self, *, approval: str, by: str, asked_by: str) -> None:
        super().__init__(f"{asked_by} asked for {approval}, not {by}", approval=approval, by=by, asked_by=asked_by)


class NotApprover(Refused):
    """The rules name him for no such act, or not up to such an amount."""

    code = "not_approver"
    allowed: tuple[str, ...] = ("release by an approver with a higher limit",)

    def __init__(self, *, by: str, act: str, amount: Money | None, up_to: Money | None) -> None:
        most = "" if up_to is None else f"; his limit is {up_to}"
        what = "an amount without limit" if amount is None else str(amount)
        super().__init__(f"{by} may not approve {act} of {what}{most}", by=by, act=act, amount=amount, up_to=up_to)


class AmountGrew(Refused):
    """Planned anew, the act amounts to more than what was asked for: it is withdrawn and asked for again."""

    code = "amount_grew"
    allowed: tuple[str, ...] = ("withdraw", "reject", "submit")

    def __init__(self, *, approval: str, asked: Money, now: Money | None) -> None:
        what = "unknown for want of a rate" if now is None else str(now)
        super().__init__(f"{approval} was asked for {asked} and is now {what}", approval=approval, asked=asked, now=now)


class MoreApprovals(Refused):
    """By the rules of now more persons must approve than when it was asked for."""

    code = "more_approvals"
    allowed: tuple[str, ...] = ("withdraw", "reject", "submit")

    def __init__(self, *, approval: str, signed: int, needed: int) -> None:
        super().__init__(f"{approval} has {signed} of {needed}", approval=approval, signed=signed, needed=needed)


class OtherActor(Refused):
    """What is decided in one's name is applied by oneself."""

    code = "other_actor"

    def __init__(self, *, by: str, actor: str) -> None:
        super().__init__(f"{actor or 'nobody'} cannot apply what {by} decides", by=by, actor=actor)


class ApprovalsOnly(Refused):
    """Approvals are written by submit, release, reject and withdraw alone."""

    code = "approvals_only"
    allowed: tuple[str, ...] = ("submit", "release", "reject", "withdraw")

    def __init__(self, *, act: str) -> None:
        super().__init__(f"{act} writes an approval; only submitting and deciding do", act=act)


# -- what waits ------------------------------------------------------------------------------------------------------


class _Asked(NamedTuple):
    """A change as the rules see it."""

    names: frozenset[str]
    kinds: frozenset[str]
    amount: Money | None

    @property
    def protected(self) -> bool:
        return bool(self.kinds & _PROTECTED)


def _asked(company: Company, view: View, act: Act[Any], changes: Changes[Any]) -> _Asked:
    """Every name an act goes by, so that a former name or another desk's is no way round; what it writes and amounts to."""
    names = {act.name} | {name for name, planner in company._verbs.items() if planner is act.planner}
    names.add(_named(act))
    kinds = frozenset(one.kind for one in changes.documents) - _OWN
    return _Asked(frozenset(names), kinds, amount_of(view, changes))


def _named(act: Act[Any]) -> str:
    """An act by its name; master data by its kind too."""
    return f"put.{act.arguments['kind']}" if act.planner is master.put else act.name


def amount_of(view: View, changes: Changes[Any]) -> Money | None:
    """What a change amounts to in the company's currency: what it moves between accounts, else the largest document it writes.

    Documents in another currency count at the rate of their own day; None where there is none. Raises: BadRate.
    """
    moved: dict[tuple[str, str, str | None], int] = {}
    for entry in changes.entries:
        for posting in entry.postings if entry.book == "journal" else ():
            key = (entry.ledger, posting.account, posting.party)
            moved[key] = moved.get(key, 0) + posting.worth
    total = sum(worth for worth in moved.values() if worth > 0)
    if total:
        return Money.of_minor(total, view.currency)
    from bizcore.finance.rates import converted, spot
    from bizcore.kernel.rates import RateMissing

    most = Money.of_minor(0, view.currency)
    for document in changes.documents:
        said = _said(document)
        if said is None:
            continue
        if said.currency != view.currency:
            if document.dated is None:
                return None
            try:
                said = converted(said, spot(view, said.currency, on=document.dated), view.currency)
            except RateMissing:
                return None
        most = max(most, abs(said))
    return most


def _said(document: Document) -> Money | None:
    """What a document says that it amounts to: with tax, else without."""
    if document.kind in _OWN:
        return None
    for name in ("gross", "net", "amount"):
        said = getattr(document, name, None)
        if isinstance(said, (Money, Exact)):
            return said if isinstance(said, Money) else said.round()
    return None


def _demanded(rules: ApprovalRules, asked: _Asked) -> tuple[int, Money | None]:
    """How many must approve, and above which amount; 0 for nobody."""
    found = [(1, None)] if asked.protected else []
    return max(
        (
            *found,
            *(
                (one.approvals, one.above)
                for one in rules.rules
                if one.concerns(asked.names, asked.kinds)
                and (one.above is None or asked.amount is None or asked.amount > one.above)
            ),
        ),
        key=lambda one: one[0],
        default=(0, None),
    )


def check(company: Company, actor: str, view: View, changes: Changes[Any]) -> None:
    """Stop a change that waits for somebody else, and a decision that is not the actor's to make.

    Raises: ApprovalRequired, ApprovalsOnly, OtherActor, and at release NotApprover, AmountGrew, MoreApprovals.
    """
    act = changes.act
    if act is None:
        return
    planner: object = act.planner
    if isinstance(planner, Deciding):
        if act.arguments["by"] != actor:
            raise OtherActor(by=act.arguments["by"], actor=actor)
        if isinstance(planner, Releasing):
            _check_release(company, actor, view, changes)
        return
    rules = view.seek(ApprovalRules, RULES)
    if rules is None or not rules.rules:
        return
    if any(one.kind in _OWN for one in changes.documents):
        raise ApprovalsOnly(act=act.name)
    asked = _asked(company, view, act, changes)
    approvals, above = _demanded(rules, asked)
    if approvals:
        raise ApprovalRequired(act=act.name, amount=asked.amount, above=above, approvals=approvals)


def _check_release(company: Company, by: str, view: View, changes: Changes[Any]) -> None:
    """What a release is allowed, looked at when everything that follows from the act is there."""
    found: Approval = changes.value
    inner = company.act(view.get(ApprovalRequest, found.id).request)
    asked = _asked(company, view, inner, changes)
    rules = view.seek(ApprovalRules, RULES) or ApprovalRules()
    amount = found.amount if found.state == "waiting" else asked.amount
    protected = asked.protected or _puts_rules(inner)
    _check_limit(view, rules, by, asked.names, None if protected else amount, found.act)
    if found.state == "waiting":
        return
    if found.amount is not None:
        most = found.amount.minor * (100 + rules.tolerance_percent)
        if amount is None or amount.minor * 100 > most:
            raise AmountGrew(approval=found.id, asked=found.amount, now=amount)
    needed, _ = _demanded(rules, asked)
    if needed > len(found.signed):
        raise MoreApprovals(approval=found.id, signed=len(found.signed), needed=needed)


def _puts_rules(act: Act[Any]) -> bool:
    return act.planner is master.put and act.arguments["kind"] in _PROTECTED


def _check_limit(
    view: View, rules: ApprovalRules, by: str, names: frozenset[str], amount: Money | None, act: str
) -> None:
    mine = _granted(view, rules, by, names)
    limits = [one.up_to for one in mine if one.up_to is not None]
    if len(limits) < len(mine):
        return
    best = max(limits, default=None)
    if best is None or amount is None or amount > best:
        raise NotApprover(by=by, act=act, amount=amount, up_to=best)


def _granted(view: View, rules: ApprovalRules, by: str, names: frozenset[str]) -> list[Approver]:
    """What he may approve himself, and as a deputy of somebody who may."""
    circle = _circle(view, by)
    granted = [one for one in rules.approvers if any(fits(one.acts, name) for name in names)]
    return [one for one in granted if _person(view, one.actor) in circle]


# -- persons ---------------------------------------------------------------------------------------------------------


def _person(view: View, actor: str) -> str:
    """The person behind an actor, also through another actor."""
    seen: list[str] = []
    while actor not in seen:
        seen.append(actor)
        identity = view.seek(Identity, actor)
        actor = actor if identity is None else identity.person
    return actor


def _circle(view: View, actor: str) -> set[str]:
    """The person behind an actor, and everybody he stands in for, with whichever of his identities."""
    person = _person(view, actor)
    found = {person}
    queue = [actor, person]
    seen: set[str] = set()
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        identity = view.seek(Identity, name)
        queue += [one.id for one in view.find(Identity, "person", name)]
        for other in identity.deputy_for if identity is not None else ():
            found.add(_person(view, other))
            queue.append(other)
    return found


def _check_eyes(view: View, found: Approval, by: str) -> None:
    for other in (found.asked_by, *found.signed):
        if _person(view, by) in _circle(view, other) or _person(view, other) in _circle(view, by):
            raise FourEyes(approval=found.id, by=by, asked_by=other)


# -- the acts --------------------------------------------------------------------------------------------------------


@frozen(eq=False)
class Deciding:
    """A planner of an act on approvals, bound to the company whose verbs read what waits."""

    company: Company


class Submitting(Deciding):
    """Plan an act to see whether it may be recorded and what it amounts to, and let it wait."""

    def __call__(self, view: View, by: str, request: Any) -> Changes[Approval]:
        """Raises: ApprovalNotNeeded, and what the act's own rules refuse."""
        act = self.company.act(encode(request))
        planner: object = act.planner
        if isinstance(planner, Deciding):
            raise ApprovalNotNeeded(act=act.name)
        self.company._allow(by, act)
        made = view.mint(Approval(act=_named(act), asked_by=by))
        shown = wiring.followed(view, act.planner(view, **act.arguments))
        wiring.guarded(view, shown)
        asked = _asked(self.company, view, act, shown)
        rules = view.seek(ApprovalRules, RULES) or ApprovalRules()
        needed, _ = _demanded(rules, asked) if rules.rules else (0, None)
        if not needed:
            raise ApprovalNotNeeded(act=act.name)
        waiting = evolve(made, amount=asked.amount, needed=needed)
        return Changes(waiting, documents=[waiting, ApprovalRequest(id=made.id, request=act.to_json())])


class Releasing(Deciding):
    """Plan what waits anew, on the company as it is now, and let it be recorded with its approval."""

    def __call__(self, view: View, approval: str, by: str) -> Changes[Approval]:
        """Raises: FourEyes, IllegalStep, Erased, NotAuthorized, and what the act's own rules refuse."""
        found = view.get(Approval, approval)
        signed = evolve(found.to("sign"), signed=(*found.signed, by))
        _check_eyes(view, found, by)
        act = self.company.act(view.get(ApprovalRequest, approval).request)
        self.company._allow(found.asked_by, act)
        if len(signed.signed) < found.needed:
            return Changes(signed)
        made = act.planner(view, **act.arguments)
        after = evolve(signed.to("release"), decided_by=by)
        if isinstance(made.value, Document):
            after = evolve(after, origins=(*after.origins, made.value.ref))
        return Changes(
            after,
            documents=(after, *made.documents),
            entries=made.entries,
            floors=made.floors,
            derived=made.derived,
            erases=made.erases,
        )


class Rejecting(Deciding):
    """Say no to what waits."""

    def __call__(self, view: View, approval: str, by: str) -> Changes[Approval]:
        """Raises: FourEyes, NotApprover, IllegalStep."""
        found = view.get(Approval, approval)
        after = evolve(found.to("reject"), decided_by=by)
        _check_eyes(view, found, by)
        rules = view.seek(ApprovalRules, RULES) or ApprovalRules()
        if not _granted(view, rules, by, frozenset({found.act})):
            raise NotApprover(by=by, act=found.act, amount=found.amount, up_to=None)
        return Changes(after)


class Withdrawing(Deciding):
    """Take back what one asked for."""

    def __call__(self, view: View, approval: str, by: str) -> Changes[Approval]:
        """Raises: NotRequester, IllegalStep."""
        found = view.get(Approval, approval)
        after = evolve(found.to("withdraw"), decided_by=by)
        if _person(view, found.asked_by) not in _circle(view, by):
            raise NotRequester(approval=found.id, by=by, asked_by=found.asked_by)
        return Changes(after)


_DECIDING: Final[Mapping[str, Callable[[Company], Callable[..., Changes[Approval]]]]] = {
    "release": Releasing,
    "reject": Rejecting,
    "withdraw": Withdrawing,
}


def submit_act(company: Company, act: Act[Any], by: str) -> Act[Approval]:
    """The act of asking for an act."""
    arguments: Map[Any] = Map({"by": by, "request": json.loads(act.to_json())})
    return Act("approval.submit", arguments, Submitting(company))


def deciding_act(company: Company, verb: str, approval: str, by: str) -> Act[Approval]:
    """The act of deciding about one that waits."""
    arguments: Map[Any] = Map({"approval": approval, "by": by})
    return Act(f"approval.{verb}", arguments, _DECIDING[verb](company))


def here(company: Company, act: Act[Any]) -> Act[Any]:
    """An act as this company plans it: one on approvals asks the company it is recorded in, not the one it was made on."""
    planner: object = act.planner
    if isinstance(planner, Deciding) and planner.company is not company:
        bound: Any = type(planner)(company)
        return evolve(act, planner=bound)
    return act


def readers(company: Company) -> dict[str, Callable[[Mapping[str, Any]], Act[Any]]]:
    """How the acts on approvals are read from JSON, by name."""

    def submitted(data: Mapping[str, Any]) -> Act[Any]:
        by, request = _texts("submit", data, "by", "request")
        return submit_act(company, company.act(encode(request)), checked_id(by, "actor"))

    def decided(verb: str) -> Callable[[Mapping[str, Any]], Act[Any]]:
        def read(data: Mapping[str, Any]) -> Act[Any]:
            approval, by = _texts(verb, data, "approval", "by")
            return deciding_act(company, verb, approval, checked_id(by, "actor"))

        return read

    return {"approval.submit": submitted} | {f"approval.{verb}": decided(verb) for verb in _DECIDING}


def _texts(verb: str, data: Mapping[str, Any], *names: str) -> tuple[Any, ...]:
    if set(data) != set(names):
        raise BadArguments(act=f"approval.{verb}", why=f"takes {' and '.join(names)}")
    return tuple(data[name] for name in names)


def watch(view: View, document: Document) -> None:
    """Refuse rules whose amounts are not in the company's currency. Raises: BadApprovalRules."""
    if isinstance(document, ApprovalRules):
        amounts = [one.above for one in document.rules] + [one.up_to for one in document.approvers]
        if any(one is not None and one.currency != view.currency for one in amounts):
            raise BadApprovalRules(why=f"amounts are in {view.currency}")
