"""Acts that wait for somebody else: asked for, then planned anew and recorded when they are released.

`check` is the one place where a change that may not be recorded without approval is stopped: every act, of a batch, a fork, work
or changes in hand, is planned through it before it is recorded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from attrs import evolve, frozen

from bizcore.change.act import Act, BadArguments
from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.company import master, persons, wiring
from bizcore.company.amounts import amount_of
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
from bizcore.kernel.codec import WrongType, at_path, encode
from bizcore.kernel.errors import Invalid, Refused
from bizcore.kernel.ids import checked_id, checked_ref
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


class SignatureVoid(Refused):
    """Who signed may not have by now: he is the same person as another of them, no approver any more, or not for such an amount."""

    code = "signature_void"
    allowed: tuple[str, ...] = ("withdraw", "reject", "submit")

    def __init__(self, *, approval: str, by: str, why: str) -> None:
        super().__init__(f"{by} signed {approval} and could not now: {why}", approval=approval, by=by, why=why)


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
    """An act by its name; master data by the kind it is."""
    return f"put.{act.arguments['document'].kind}" if act.planner is master.put else act.name


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

    Raises: ApprovalRequired, ApprovalsOnly, OtherActor, and at release NotApprover, AmountGrew, MoreApprovals, SignatureVoid.
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
    _check_writes(company, act, changes)
    rules = view.seek(ApprovalRules, RULES)
    if rules is None or not rules.rules:
        return
    asked = _asked(company, view, act, changes)
    approvals, above = _demanded(rules, asked)
    if approvals:
        raise ApprovalRequired(act=act.name, amount=asked.amount, above=above, approvals=approvals)


def _check_writes(company: Company, act: Act[Any], changes: Changes[Any], *, but: Document | None = None) -> None:
    """Refuse approvals by another door, and rules that name what is not here. Raises: ApprovalsOnly, BadApprovalRules."""
    for one in changes.documents:
        if one.kind in _OWN and one is not but:
            raise ApprovalsOnly(act=act.name)
        if isinstance(one, ApprovalRules):
            _check_names(company, one)


def _check_names(company: Company, rules: ApprovalRules) -> None:
    """A misspelt rule would hold nothing, and say so nowhere."""
    acts = {*company._verbs, "put", "erase", *(f"put.{kind}" for kind in company.kinds)}
    for pattern in (*(one.acts for one in rules.rules), *(one.acts for one in rules.approvers)):
        if pattern and not any(fits(pattern, one) for one in acts):
            raise BadApprovalRules(why=f"no act is called {pattern!r} here; open the company with the desk that has it")
    for kind in (one.writes for one in rules.rules):
        if kind and kind not in company.kinds:
            raise BadApprovalRules(why=f"no kind of document is called {kind!r} here; open the company with it")


def _check_release(company: Company, by: str, view: View, changes: Changes[Any]) -> None:
    """What a release is allowed, looked at when everything that follows from the act is there."""
    found: Approval = changes.value
    inner = company.act(view.get(ApprovalRequest, found.id).request)
    _check_writes(company, inner, changes, but=found)
    asked = _asked(company, view, inner, changes)
    rules = view.seek(ApprovalRules, RULES) or ApprovalRules()
    amount = found.amount if found.state == "waiting" else asked.amount
    covered = None if asked.protected or _puts_rules(inner) else amount
    _check_limit(view, rules, by, asked.names, covered, found.act)
    if found.state == "waiting":
        return
    if found.amount is not None:
        most = found.amount.minor * (100 + rules.tolerance_percent)
        if amount is None or amount.minor * 100 > most:
            raise AmountGrew(approval=found.id, asked=found.amount, now=amount)
    needed, _ = _demanded(rules, asked)
    if needed > len(found.signed):
        raise MoreApprovals(approval=found.id, signed=len(found.signed), needed=needed)
    for at, signer in enumerate(found.signed[:-1]):
        try:
            _check_eyes(view, found.id, signer, (found.asked_by, *found.signed[:at]))
            _check_limit(view, rules, signer, asked.names, covered, found.act)
        except (FourEyes, NotApprover) as error:
            raise SignatureVoid(approval=found.id, by=signer, why=error.message) from None


def _puts_rules(act: Act[Any]) -> bool:
    return act.planner is master.put and act.arguments["document"].kind in _PROTECTED


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
    mine = persons.circle(view, by)
    granted = [one for one in rules.approvers if any(fits(one.acts, name) for name in names)]
    return [one for one in granted if persons.person(view, one.actor) in mine]


def _check_eyes(view: View, approval: str, by: str, others: Iterable[str]) -> None:
    for other in others:
        if persons.same(view, by, other):
            raise FourEyes(approval=approval, by=by, asked_by=other)


# -- the acts --------------------------------------------------------------------------------------------------------


@frozen(eq=False)
class Deciding:
    """A planner of an act on approvals, bound to the company whose verbs read what waits."""

    company: Company


class Submitting(Deciding):
    """Plan an act to see whether it may be recorded and what it amounts to, and let it wait."""

    def __call__(self, view: View, by: str, request: Any) -> Changes[Approval]:
        """Raises: ApprovalNotNeeded, ApprovalsOnly, and what the act's own rules refuse."""
        act = self.company.act(encode(request))
        planner: object = act.planner
        if isinstance(planner, Deciding):
            raise ApprovalNotNeeded(act=act.name)
        self.company._allow(by, act)
        made = view.mint(Approval(act=_named(act), asked_by=by))
        shown = wiring.followed(view, act.planner(view, **act.arguments))
        wiring.guarded(view, shown)
        _check_writes(self.company, act, shown)
        asked = _asked(self.company, view, act, shown)
        rules = view.seek(ApprovalRules, RULES) or ApprovalRules()
        needed, _ = _demanded(rules, asked) if rules.rules else (0, None)
        if not needed:
            raise ApprovalNotNeeded(act=act.name)
        waiting = evolve(made, amount=asked.amount, needed=needed)
        about = [one.ref for one in shown.documents if one.personal and one.id]
        return Changes(waiting, documents=[waiting, ApprovalRequest(id=made.id, request=act.to_json(), origins=about)])


class Releasing(Deciding):
    """Plan what waits anew, on the company as it is now, and let it be recorded with its approval."""

    def __call__(self, view: View, approval: str, by: str) -> Changes[Approval]:
        """Raises: FourEyes, IllegalStep, Erased, NotAuthorized, and what the act's own rules refuse."""
        found = view.get(Approval, approval)
        signed = evolve(found.to("sign"), signed=(*found.signed, by))
        _check_eyes(view, approval, by, (found.asked_by, *found.signed))
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
        _check_eyes(view, approval, by, (found.asked_by, *found.signed))
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
        if persons.person(view, found.asked_by) not in persons.circle(view, by):
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

    def asked(request: object) -> Act[Any]:
        if not isinstance(request, Mapping):
            raise WrongType(value=request, expected="an act")
        if request.get("act") == "approval.submit":  # is not even read: it could hold another, and so on
            raise BadArguments(act="approval.submit", why="what is asked for is not asked for itself")
        try:
            return company.act(request)
        except Invalid as error:
            error.path = f"arguments.{error.path}" if error.path else ""
            raise

    def submitted(data: Mapping[str, Any]) -> Act[Any]:
        by, request = _texts("submit", data, "by", "request")
        return submit_act(company, at_path("request", asked, request), at_path("by", _actor, by))

    def decided(verb: str) -> Callable[[Mapping[str, Any]], Act[Any]]:
        def read(data: Mapping[str, Any]) -> Act[Any]:
            approval, by = _texts(verb, data, "approval", "by")
            return deciding_act(company, verb, at_path("approval", _approval, approval), at_path("by", _actor, by))

        return read

    return {"approval.submit": submitted} | {f"approval.{verb}": decided(verb) for verb in _DECIDING}


def _actor(value: object) -> str:
    return checked_id(value, "actor")


def _approval(value: object) -> str:
    return checked_ref(value, "approval")


def _texts(verb: str, data: Mapping[str, Any], *names: str) -> tuple[Any, ...]:
    if set(data) != set(names):
        raise BadArguments(act=f"approval.{verb}", why=f"takes {' and '.join(names)}")
    return tuple(data[name] for name in names)


def watch(view: View, document: Document) -> None:
    """Refuse rules with too few persons, an identity that leaves too few, and amounts that are not in the company's currency.

    Raises: BadApprovalRules.
    """
    if isinstance(document, Identity) and (rules := view.seek(ApprovalRules, RULES)) is not None:
        rules.check_enough(partial(persons.person, view, told=document))
    if isinstance(document, ApprovalRules):
        document.check_enough(partial(persons.person, view))
        amounts = [one.above for one in document.rules] + [one.up_to for one in document.approvers]
        if any(one is not None and one.currency != view.currency for one in amounts):
            raise BadApprovalRules(why=f"amounts are in {view.currency}")
