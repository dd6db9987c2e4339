"""What an approval must withstand: what changed between asking and release, and who comes by another door."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from bizcore.book.entry import Entry, credit, debit
from bizcore.change.changes import Changes
from bizcore.change.desk import Desk, verb
from bizcore.change.view import View
from bizcore.company import Company
from bizcore.company.approvals import ApprovalRequired, ApprovalsOnly, FourEyes, NotApprover, SignatureVoid
from bizcore.finance.rates import ExchangeRate
from bizcore.flow.approval import (
    Approval,
    ApprovalRequest,
    ApprovalRule,
    ApprovalRules,
    Approver,
    BadApprovalRules,
    Identity,
)
from bizcore.flow.document import Document, Ref
from bizcore.kernel.codec import WrongType
from bizcore.kernel.errors import Invalid
from bizcore.kernel.money import Money
from bizcore.sfa.customers import Customer
from bizcore.sfa.quotes import Quote, QuoteLine

PAY = ApprovalRule("finance.pay")


def eur(amount: str) -> Money:
    return Money(amount, "EUR")


@frozen(kw_only=True)
class Lease(Document):
    """A kind of one's own that says no amount."""

    kind = "lease"

    rent: Money
    deposit: Money | None = None


def company(*rules: ApprovalRule, approvers: tuple[str, ...] = ("owner", "boss"), **given: Any) -> Company:
    acme = Company.create("acme", currency="EUR", actor="ann", **given)
    acme.apply(acme.put(ApprovalRules(rules=rules or (PAY,), approvers=[Approver(one) for one in approvers])))
    return acme


def wages(acme: Company) -> Any:
    return acme.finance.post(Entry("2026-03-05", [debit("6000", eur("5000")), credit("1000", eur("5000"))]))


# -- what was released -----------------------------------------------------------------------------------------------


def test_what_was_released_is_reversed_like_what_was_posted_at_once() -> None:
    acme = company(ApprovalRule("finance.post"), PAY)
    pay = acme.finance.pay(eur("70"), vendor="mill", on="2026-03-05")
    for act in (wages(acme), pay):
        waiting = acme.submit(act).value.id
        [entry] = acme.release(waiting, actor="boss").entries
        acme.apply(acme.finance.reverse(entry.id, on="2026-03-06"))
    assert not any(row["balance"] for row in acme.finance.trial_balance(at="2026-03-31"))


# -- whoever is erased -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decide", ["wait", "reject", "withdraw", "erase the request"])
def test_erasing_somebody_blanks_also_what_was_asked_for_and_never_recorded(decide: str, tmp_path: Path) -> None:
    acme = company(ApprovalRule("put.customer"), store=f"sqlite:///{tmp_path}/a.db")
    first = acme.submit(acme.put(Customer(id="k", name="Karl"))).value.id
    acme.release(first, actor="boss")
    name = "Adalbertine Nobody"
    waiting = acme.submit(acme.put(Customer(id="k", name=name)), key="ask").value.id
    if decide == "reject":
        acme.reject(waiting, actor="boss")
    if decide == "withdraw":
        acme.withdraw(waiting)
    if decide == "erase the request":
        acme.apply(acme.erase(Ref("approval_request", waiting)))
    acme.apply(acme.erase(Ref("customer", "k")))
    assert not list(acme.documents(ApprovalRequest))
    assert acme.verify().ok
    acme.close()
    assert all(name.encode() not in path.read_bytes() for path in tmp_path.iterdir())


# -- what changed between asking and release -------------------------------------------------------------------------


def settled(acme: Company, document: Any, by: str = "owner") -> None:
    acme.release(acme.submit(acme.put(document)).value.id, actor=by)


def two(*approvers: Approver) -> tuple[Company, str]:
    """A company where one of two has signed."""
    acme = Company.create("acme", currency="EUR", actor="ann")
    rules = ApprovalRules(
        rules=[evolve(PAY, approvals=2)], approvers=[Approver("owner"), *approvers], tolerance_percent="10"
    )
    acme.apply(acme.put(rules))
    waiting = acme.submit(acme.finance.pay(eur("5000"), vendor="mill", on="2026-03-05")).value.id
    acme.release(waiting, actor=approvers[0].actor)
    return acme, waiting


def test_who_signed_and_turns_out_to_be_who_asked_has_not_signed() -> None:
    acme, waiting = two(Approver("x"), Approver("y"))
    settled(acme, Identity(id="x", person="ann"))
    with pytest.raises(SignatureVoid) as caught:
        acme.release(waiting, actor="y")
    assert (caught.value.facts["by"], caught.value.allowed) == ("x", ("withdraw", "reject", "submit"))
    assert acme.get(Approval, waiting).state == "waiting"


def test_two_who_signed_and_turn_out_to_be_one_are_one() -> None:
    acme, waiting = two(Approver("x"), Approver("y"))
    settled(acme, Identity(id="x", person="zoe"))
    settled(acme, Identity(id="y", person="zoe"))
    with pytest.raises(FourEyes):
        acme.release(waiting, actor="y")
    assert acme.release(waiting, actor="owner").value.state == "released"


def test_who_signed_and_may_not_any_more_has_not_signed() -> None:
    acme, waiting = two(Approver("x"), Approver("y"))
    settled(acme, ApprovalRules(rules=[evolve(PAY, approvals=2)], approvers=[Approver("owner"), Approver("y")]))
    with pytest.raises(SignatureVoid) as caught:
        acme.release(waiting, actor="y")
    assert caught.value.facts["by"] == "x"


def test_a_signature_does_not_cover_more_than_its_limit_at_release() -> None:
    acme = Company.create("acme", currency="EUR", actor="ann")
    acme.apply(acme.put(ExchangeRate(base="USD", quote="EUR", rate="0.5", on="2026-03-05")))
    rules = ApprovalRules(
        rules=[ApprovalRule("sfa.quote", approvals=2)],
        approvers=[Approver("owner"), Approver("x", up_to=eur("500"))],
        tolerance_percent="10",
    )
    acme.apply(acme.put(rules))
    quote = Quote(customer="beta", on="2026-03-05", currency="USD", lines=[QuoteLine("Bolt", 1, "1000")])
    waiting = acme.submit(acme.sfa.quote(quote)).value.id
    acme.release(waiting, actor="x")
    acme.apply(acme.put(ExchangeRate(base="USD", quote="EUR", rate="0.51", on="2026-03-05")))
    with pytest.raises(SignatureVoid) as caught:
        acme.release(waiting, actor="owner")
    assert caught.value.facts["by"] == "x"


def rename(view: View, actor: str, person: str) -> Changes[Identity]:
    return Changes(Identity(id=actor, person=person))


class Staff(Desk):
    """Who works here."""

    name = "staff"
    rename = verb(rename)


def test_nobody_with_a_limit_signs_what_changes_who_is_who() -> None:
    acme = Company.create("acme", currency="EUR", actor="ann", desks=[Staff])
    approvers = [Approver("owner"), Approver("boss"), Approver("x", up_to=eur("500"))]
    acme.apply(acme.put(ApprovalRules(rules=[ApprovalRule("*", approvals=2)], approvers=approvers)))
    waiting = acme.submit(acme.put(Identity(id="z", person="y"))).value.id
    with pytest.raises(NotApprover):
        acme.release(waiting, actor="x")
    waiting = acme.submit(acme.desk(Staff).rename("z", "y")).value.id
    acme.release(waiting, actor="x")
    with pytest.raises(SignatureVoid):
        acme.release(waiting, actor="owner")


def test_identities_in_a_circle_are_one_person() -> None:
    acme = Company.create("acme", currency="EUR", actor="ann")
    for one, other in (("ann", "bob"), ("bob", "cy"), ("cy", "ann")):
        acme.apply(acme.put(Identity(id=one, person=other)))
    acme.apply(acme.put(ApprovalRules(rules=[PAY], approvers=[Approver("owner"), Approver("bob"), Approver("cy")])))
    waiting = acme.submit(acme.finance.pay(eur("5000"), vendor="mill", on="2026-03-05")).value.id
    for who in ("bob", "cy"):
        with pytest.raises(FourEyes):
            acme.release(waiting, actor=who)
    assert acme.release(waiting, actor="owner").value.state == "released"


# -- other doors -----------------------------------------------------------------------------------------------------


def forge(view: View, asked_by: str, request: str) -> Changes[Approval]:
    made = view.mint(Approval(act="finance.pay", asked_by=asked_by))
    return Changes(made, documents=[ApprovalRequest(id=made.id, request=request)])


class Forging(Desk):
    """A desk that writes approvals."""

    name = "forging"
    forge = verb(forge)


def test_nobody_prepares_an_approval_before_there_are_rules_nor_has_one_released() -> None:
    acme = Company.create("acme", currency="EUR", actor="ann", desks=[Forging])
    act = acme.desk(Forging).forge("zoe", acme.finance.pay(eur("5000"), vendor="mill", on="2026-03-05").to_json())
    with pytest.raises(ApprovalsOnly):
        acme.apply(act)
    acme.apply(acme.put(ApprovalRules(rules=[ApprovalRule("*")], approvers=[Approver("owner")])))
    for do in (acme.apply, acme.submit):
        with pytest.raises(ApprovalsOnly):
            do(act)
    assert not list(acme.documents(Approval))


def test_master_data_goes_by_the_kind_it_is_whatever_the_act_says() -> None:
    acme = company(ApprovalRule("put.customer"))
    act = acme.put(Customer(id="k", name="Karl"))
    with pytest.raises(ApprovalRequired):
        acme.apply(evolve(act, arguments=act.arguments.set("kind", "item")))


def test_a_kind_of_one_s_own_amounts_to_the_most_that_it_holds() -> None:
    acme = company(ApprovalRule("put.*", above=eur("1000")), kinds=[Lease])
    acme.apply(acme.put(Lease(id="small", rent=eur("10"), deposit=eur("1000"))))
    with pytest.raises(ApprovalRequired) as caught:
        acme.apply(acme.put(Lease(id="large", rent=eur("10"), deposit=eur("-1000.01"))))
    assert caught.value.facts["amount"] == eur("1000.01")
    with pytest.raises(ApprovalRequired):
        acme.apply(acme.put(Lease(id="dollars", rent=Money("1", "USD"))))


# -- rules that would hold nothing -----------------------------------------------------------------------------------

ALL = ApprovalRule("*", approvals=2)


@pytest.mark.parametrize(
    "acts", ["fin*", "finance*", "finance.", ".pay", " finance.pay", "finance.pay ", "*.*", "**", ".*", "a\nb"]
)
def test_a_pattern_that_fits_no_act_cannot_be_built(acts: str) -> None:
    for build in (ApprovalRule, lambda one: ApprovalRule(writes=one), lambda one: Approver("bob", acts=one)):
        with pytest.raises(Invalid):
            build(acts)


@pytest.mark.parametrize(
    "build",
    [
        lambda: ApprovalRule(5),
        lambda: ApprovalRule("*", approvals=1.5),
        lambda: ApprovalRule("*", approvals=True),
        lambda: ApprovalRule("*", approvals="2"),
        lambda: ApprovalRules(rules=[5], approvers=[Approver("owner")]),
        lambda: ApprovalRules(rules=[PAY], approvers=["owner"]),
        lambda: ApprovalRules(rules=None),
        lambda: Identity(id="a", person="b", deputy_for="owner"),
    ],
)
def test_rules_of_other_types_cannot_be_built(build: Any) -> None:
    with pytest.raises(Invalid):
        build()


@pytest.mark.parametrize(
    "rule",
    [ApprovalRule("finance.payy"), ApprovalRule("finanze.*"), ApprovalRule(writes="paymnet"), ApprovalRule("put.itm")],
)
def test_a_rule_that_names_nothing_here_is_refused_when_it_is_put(rule: ApprovalRule) -> None:
    acme = company()
    for rules in (
        ApprovalRules(rules=[rule], approvers=[Approver("owner")]),
        ApprovalRules(rules=[PAY], approvers=[Approver("owner"), Approver("bob", acts=rule.acts or "none.*")]),
    ):
        with pytest.raises(BadApprovalRules):
            acme.submit(acme.put(rules))
        with pytest.raises(BadApprovalRules):
            Company.create("new", currency="EUR").apply(acme.put(rules))


@pytest.mark.parametrize(
    "rule", ["put.policies.finance", "put.*", "put", "erase", "sfa.*", "finance.pay", "*", "forging.forge"]
)
def test_a_rule_may_name_all_that_there_is(rule: str) -> None:
    assert company(ApprovalRule(rule), ApprovalRule(writes="lease"), kinds=[Lease], desks=[Forging]).head == 1


def test_rules_that_too_few_could_change_again_are_refused() -> None:
    for rule in (ALL, ApprovalRule("put.*", approvals=2), ApprovalRule(writes="approval_rules", approvals=2)):
        for approvers in (
            [Approver("owner")],
            [Approver("owner"), Approver("owner"), Approver("bob", acts="finance.*")],
        ):
            with pytest.raises(BadApprovalRules):
                ApprovalRules(rules=[rule], approvers=approvers)
        assert ApprovalRules(rules=[rule], approvers=[Approver("owner"), Approver("boss")])
    with pytest.raises(BadApprovalRules):
        ApprovalRules(rules=[ApprovalRule("finance.pay", approvals=3)], approvers=[Approver("owner"), Approver("boss")])
    acme = Company.create("acme", currency="EUR", actor="ann")
    acme.apply(acme.put(Identity(id="boss", person="owner")))
    with pytest.raises(BadApprovalRules):
        acme.apply(acme.put(ApprovalRules(rules=[ALL], approvers=[Approver("owner"), Approver("boss")])))


# -- who is asked ----------------------------------------------------------------------------------------------------


async def later(actor: str, act: Any) -> bool:
    """A hook that nobody waits for."""
    return False


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize("hook", [lambda *_: 0, lambda *_: "", lambda *_: 1, later])
def test_a_hook_that_answers_neither_yes_nor_no_permits_nothing(hook: Any) -> None:
    acme = Company.create("acme", currency="EUR", actor="ann", authorize=hook)
    for do in (acme.apply, acme.plan, acme.submit, acme.fork().apply):
        with pytest.raises(WrongType):
            do(wages(acme))
    assert acme.head == 0


def test_in_a_hosts_transaction_approvals_are_asked_for_and_go_with_it(tmp_path: Path) -> None:
    acme = company(store=f"sqlite:///{tmp_path}/a.db")
    pay = acme.finance.pay(eur("70"), vendor="mill", on="2026-03-05")
    host = sqlite3.connect(tmp_path / "a.db")
    host.execute("begin")
    with pytest.raises(ApprovalRequired):
        acme.bind(host).apply(pay)
    waiting = acme.bind(host).submit(pay, key="ask").value.id
    with pytest.raises(FourEyes):
        acme.bind(host).release(waiting)
    assert acme.bind(host).release(waiting, actor="boss").value.state == "released"
    host.rollback()
    host.close()
    assert acme.head == 1
    acme.close()


def test_an_identity_that_leaves_too_few_to_change_the_rules_is_refused() -> None:
    acme = company(ApprovalRule("*", approvals=2), approvers=("owner", "boss"))
    with pytest.raises(BadApprovalRules):
        acme.submit(acme.put(Identity(id="boss", person="owner")))
    assert acme.submit(acme.put(Identity(id="boss", person="mia"))).value.state == "waiting"
