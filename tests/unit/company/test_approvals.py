"""Acts that wait for somebody else: who may release what, and that nothing gets past."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from bizcore.book.entry import Entry, credit, debit
from bizcore.change.act import Act, BadArguments
from bizcore.change.desk import Desk, verb
from bizcore.change.view import Erased
from bizcore.company import Company
from bizcore.company.approvals import (
    AmountGrew,
    ApprovalNotNeeded,
    ApprovalRequired,
    ApprovalsOnly,
    FourEyes,
    MoreApprovals,
    NotApprover,
    NotRequester,
    OtherActor,
)
from bizcore.company.master import NotMasterData
from bizcore.company.refusals import NobodyActs, NotAuthorized
from bizcore.finance import settlement
from bizcore.finance.documents import CreditNote, Invoice
from bizcore.finance.invoices import OverCredited
from bizcore.finance.lines import Line
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
from bizcore.flow.document import Ref
from bizcore.flow.lifecycle import IllegalStep
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.money import Money
from bizcore.sfa.leads import Lead

RULE = ApprovalRule("finance.pay", above=Money("1000", "EUR"))
APPROVERS = (Approver("owner"), Approver("bob", up_to=Money("5000", "EUR")))


def company(*rules: ApprovalRule, tolerance: str = "0", **given: Any) -> Company:
    acme = Company.create("acme", currency="EUR", actor="ann", **given)
    put(acme, ApprovalRules(rules=rules or (RULE,), approvers=APPROVERS, tolerance_percent=tolerance))
    return acme


def put(acme: Company, document: Any) -> None:
    """Put it, over the owner where there are rules already."""
    try:
        acme.apply(acme.put(document))
    except ApprovalRequired:
        acme.release(acme.submit(acme.put(document)).value.id, actor="owner")


def pay(acme: Company, amount: str, on: str = "2026-03-05", currency: str = "EUR") -> Act[Any]:
    return acme.finance.pay(Money(amount, currency), vendor="mill", on=on)


def refused(acme: Company, do: Callable[[], Any], error: type[BizcoreError]) -> Any:
    head, state = acme.head, acme.state_hash()
    with pytest.raises(error) as caught:
        do()
    assert (acme.head, acme.state_hash()) == (head, state)
    return caught.value


# -- waiting and releasing -------------------------------------------------------------------------------------------


def test_what_is_above_the_amount_waits_and_is_recorded_when_it_is_released() -> None:
    acme = company()
    acme.apply(pay(acme, "1000"))
    error = refused(acme, lambda: acme.apply(pay(acme, "1000.01")), ApprovalRequired)
    assert (error.facts["amount"], error.allowed) == (Money("1000.01", "EUR"), ("submit",))
    waiting = acme.submit(pay(acme, "2000"), key="ask", reason="rent")
    assert (waiting.value.state, waiting.value.amount, waiting.value.asked_by) == (
        "waiting",
        Money("2000", "EUR"),
        "ann",
    )
    assert [one.id for one in acme.documents(Approval).where(state="waiting")] == [waiting.value.id]
    assert len(acme.finance.payments) == 1
    done = acme.release(waiting.value.id, actor="bob", key="yes")
    assert (done.value.state, done.value.decided_by, done.actor) == ("released", "bob", "bob")
    paid = next(one for one in acme.finance.payments if one.amount == Money("2000", "EUR"))
    assert paid.ref in done.documents
    assert done.entries
    assert done.value.ref in acme.trace(paid)
    assert acme.submit(pay(acme, "2000"), key="ask", reason="rent").replayed
    assert acme.release(waiting.value.id, actor="bob", key="yes").replayed
    refused(acme, lambda: acme.release(waiting.value.id, actor="owner"), IllegalStep)
    refused(acme, lambda: acme.submit(pay(acme, "10")), ApprovalNotNeeded)


def test_what_waits_is_planned_anew_on_the_company_as_it_is_then() -> None:
    acme = company(ApprovalRule("finance.credit"))
    line = Line("x", 1, "100", tax="S20")
    bill = acme.apply(acme.finance.issue(Invoice(customer="beta", on="2026-03-05", currency="EUR", lines=[line]))).value
    notes = [
        CreditNote(customer="beta", on=f"2026-03-0{at}", currency="EUR", lines=[line], credits=bill.id) for at in (6, 7)
    ]
    two = [acme.submit(acme.finance.credit(one)).value.id for one in notes]
    acme.release(two[0], actor="bob")
    refused(acme, lambda: acme.release(two[1], actor="bob"), OverCredited)
    assert len(acme.finance.credit_notes) == 1
    assert acme.reject(two[1], actor="bob", reason="twice").value.state == "rejected"


def test_an_amount_that_grew_is_asked_for_again() -> None:
    for tolerance, taken in (("0", False), ("5", True)):
        acme = company(tolerance=tolerance)
        put(acme, ExchangeRate(base="USD", quote="EUR", on="2026-03-05", rate="0.90"))
        waiting = acme.submit(pay(acme, "2000", currency="USD")).value
        assert waiting.amount == Money("1800", "EUR")
        put(acme, ExchangeRate(base="USD", quote="EUR", on="2026-03-05", rate="0.94"))
        if taken:
            assert acme.release(waiting.id, actor="bob").value.state == "released"
        else:
            error = refused(acme, lambda acme=acme, one=waiting: acme.release(one.id, actor="bob"), AmountGrew)
            assert error.facts["now"] == Money("1880", "EUR")
            put(acme, ExchangeRate(base="USD", quote="EUR", on="2026-03-05", rate="0.80"))
            assert acme.release(waiting.id, actor="bob").value.state == "released"


def test_the_limit_is_of_the_amount_planned_anew() -> None:
    acme = company(tolerance="50")
    put(acme, ExchangeRate(base="USD", quote="EUR", on="2026-03-05", rate="1"))
    waiting = acme.submit(pay(acme, "5000", currency="USD")).value.id
    put(acme, ExchangeRate(base="USD", quote="EUR", on="2026-03-05", rate="1.01"))
    error = refused(acme, lambda: acme.release(waiting, actor="bob"), NotApprover)
    assert (error.facts["amount"], error.facts["up_to"]) == (Money("5050", "EUR"), Money("5000", "EUR"))
    acme.release(waiting, actor="owner")


def test_an_amount_without_a_rate_is_above_every_limit() -> None:
    acme = company(ApprovalRule(writes="purchase_order", above=Money("100", "EUR")))
    from bizcore.supply.purchasing import OrderLine, PurchaseOrder

    order = PurchaseOrder(supplier="mill", on="2026-03-05", currency="USD", lines=[OrderLine("nut", 1, "1")])
    waiting = acme.submit(acme.supply.order(order)).value
    assert waiting.amount is None
    refused(acme, lambda: acme.release(waiting.id, actor="bob"), NotApprover)
    acme.release(waiting.id, actor="owner")
    assert len(acme.supply.purchase_orders) == 1


def test_two_above_an_amount_are_two_other_persons() -> None:
    acme = company(RULE, ApprovalRule("finance.*", above=Money("2000", "EUR"), approvals=2))
    waiting = acme.submit(pay(acme, "3000")).value
    assert waiting.needed == 2
    first = acme.release(waiting.id, actor="bob")
    assert (first.value.state, first.value.signed, first.entries) == ("waiting", ("bob",), ())
    refused(acme, lambda: acme.release(waiting.id, actor="bob"), FourEyes)
    assert acme.release(waiting.id, actor="owner").value.state == "released"
    big = acme.submit(pay(acme, "6000")).value
    refused(acme, lambda: acme.release(big.id, actor="bob"), NotApprover)


def test_rules_made_stricter_meanwhile_count() -> None:
    acme = company()
    waiting = acme.submit(pay(acme, "3000")).value
    put(acme, ApprovalRules(rules=[ApprovalRule("finance.pay", approvals=2)], approvers=APPROVERS))
    refused(acme, lambda: acme.release(waiting.id, actor="owner"), MoreApprovals)
    assert acme.withdraw(waiting.id).value.state == "withdrawn"


# -- four eyes -------------------------------------------------------------------------------------------------------


def test_nobody_releases_what_he_asked_for_under_whichever_name() -> None:
    acme = company()
    put(acme, Identity(id="ann-admin", person="ann"))
    put(acme, Identity(id="import job", person="owner"))  # a system acts for somebody
    put(acme, Identity(id="carl", person="carl", deputy_for=("owner",)))
    own = acme.submit(pay(acme, "2000")).value.id
    for name in ("ann", "ann-admin"):
        refused(acme, lambda name=name: acme.release(own, actor=name), FourEyes)
        refused(acme, lambda name=name: acme.reject(own, actor=name), FourEyes)
    by_job = acme.submit(pay(acme, "2000"), actor="import job").value.id
    refused(acme, lambda: acme.release(by_job, actor="owner"), FourEyes)
    refused(acme, lambda: acme.release(by_job, actor="carl"), FourEyes)  # what his principal asked
    by_deputy = acme.submit(pay(acme, "2000"), actor="carl").value.id
    refused(acme, lambda: acme.release(by_deputy, actor="owner"), FourEyes)  # what was asked in his name
    refused(acme, lambda: acme.release(by_deputy, actor="carl"), FourEyes)
    acme.release(own, actor="carl")  # a deputy has the limit of whom he stands in for
    acme.release(by_job, actor="bob")


def test_a_second_identity_declared_on_either_side_counts() -> None:
    acme = company()
    put(acme, Identity(id="carl-api", person="carl", deputy_for=("ann",)))
    put(acme, Identity(id="bob", person="carl"))
    waiting = acme.submit(pay(acme, "2000")).value.id
    refused(acme, lambda: acme.release(waiting, actor="bob"), FourEyes)


def test_who_is_no_approver_decides_nothing_and_who_asked_withdraws() -> None:
    acme = company()
    waiting = acme.submit(pay(acme, "2000")).value.id
    refused(acme, lambda: acme.release(waiting, actor="eve"), NotApprover)
    refused(acme, lambda: acme.reject(waiting, actor="eve"), NotApprover)
    refused(acme, lambda: acme.withdraw(waiting, actor="bob"), NotRequester)
    acme.withdraw(waiting)
    refused(acme, lambda: acme.release(waiting, actor="bob"), IllegalStep)


def test_authorize_is_asked_for_who_asks_and_who_releases_and_again_for_who_asked() -> None:
    asked: list[tuple[str, str]] = []
    denied: set[tuple[str, str]] = set()

    def authorize(actor: str, act: Act[Any]) -> bool:
        asked.append((actor, act.name))
        return (actor, act.name) not in denied

    acme = company(authorize=authorize)
    asked.clear()
    waiting = acme.submit(pay(acme, "2000")).value.id
    assert {("ann", "finance.pay"), ("ann", "approval.submit")} <= set(asked)
    asked.clear()
    denied.add(("ann", "finance.pay"))
    refused(acme, lambda: acme.submit(pay(acme, "3000")), NotAuthorized)
    refused(acme, lambda: acme.release(waiting, actor="bob"), NotAuthorized)
    denied.clear()
    denied.add(("bob", "approval.release"))
    refused(acme, lambda: acme.release(waiting, actor="bob"), NotAuthorized)
    denied.clear()
    acme.release(waiting, actor="bob")
    assert {("bob", "approval.release"), ("ann", "finance.pay")} <= set(asked)


def test_the_company_that_records_is_asked_not_the_one_that_an_act_was_made_on(tmp_path: Path) -> None:
    def deny(actor: str, act: Act[Any]) -> bool:
        return act.name != "finance.pay"

    store = f"sqlite:///{tmp_path}/a.db"
    lax = company(store=store)
    strict = Company.open("acme", store=store, actor="ann", authorize=deny)
    fork = lax.fork()
    fork.submit(pay(fork, "2000"), key="ask")
    refused(strict, lambda: fork.replay(strict), NotAuthorized)
    lax.submit(pay(lax, "2000"), key="ask")
    strict.close()


def test_somebody_acts() -> None:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(ApprovalRules(rules=(RULE,), approvers=APPROVERS)))
    refused(acme, lambda: acme.submit(pay(acme, "2000")), NobodyActs)


# -- no way round ----------------------------------------------------------------------------------------------------


class OtherDesk(Desk):
    """The same rule of ours under another name, and under one it had before."""

    name = "cash"

    pay: Any = verb(settlement.pay, was=("spend",))


def test_there_is_no_way_round() -> None:
    acme = company(desks=[OtherDesk])
    act = pay(acme, "2000")
    planned = acme.plan(act)
    assert planned.entries  # looking is free
    old = acme.act(act.to_json().replace("finance.pay", "cash.spend"))
    hidden = Act("harmless", act.arguments, act.planner)
    fork = acme.fork()
    ways: tuple[Callable[[], Any], ...] = (
        lambda: acme.apply(act),
        lambda: acme.apply(planned),
        lambda: acme.apply(old),
        lambda: acme.apply(hidden),
        lambda: acme.apply_each([(pay(acme, "1"), None), (act, "k")]),
        lambda: acme.apply(lambda inner: inner.apply(act), key="w", request="x"),
        lambda: acme.apply(
            lambda inner: inner.apply(lambda one: one.apply(act), key="n", request=1), key="w", request="x"
        ),
        lambda: fork.apply(act),
        lambda: fork.apply_each([(act, None)]),
        lambda: acme.fork().fork().apply(act),
        lambda: acme.acting("owner").apply(act),
        lambda: acme.as_known(acme.head).fork().apply(act),
    )
    for way in ways:
        refused(acme, way, ApprovalRequired)
    assert len(fork.steps) == 0


def test_a_fork_of_before_the_rules_is_asked_again_when_it_is_applied() -> None:
    acme = Company.create("acme", currency="EUR", actor="ann")
    early = acme.fork()
    early.apply(pay(early, "2000"))
    shown = acme.plan(pay(acme, "2000"))
    acme.apply(acme.put(ApprovalRules(rules=(RULE,), approvers=APPROVERS)))
    for late in (early, shown):
        refused(acme, lambda late=late: acme.apply(late), BizcoreError)
    assert len(acme.finance.payments) == 0


def test_the_business_date_of_an_act_is_no_way_round() -> None:
    acme = company()
    for on in ("1999-01-01", "2199-01-01"):
        refused(acme, lambda on=on: acme.apply(pay(acme, "2000", on)), ApprovalRequired)


def test_rules_and_identities_wait_themselves_for_an_approver_without_limit() -> None:
    acme = company()
    loose = acme.put(ApprovalRules())
    for act in (loose, acme.put(Identity(id="bob", person="bob", deputy_for=("owner",)))):
        refused(acme, lambda act=act: acme.apply(act), ApprovalRequired)
        waiting = acme.submit(act).value.id
        refused(acme, lambda waiting=waiting: acme.release(waiting, actor="bob"), NotApprover)
    acme.release(acme.submit(loose).value.id, actor="owner")
    acme.apply(pay(acme, "2000"))


def test_approvals_are_written_by_their_own_verbs_alone() -> None:
    forged = Approval(id="f", act="finance.pay", asked_by="eve")

    def forge(view: Any, approval: str) -> Any:
        from bizcore.change.changes import Changes

        return Changes(forged)

    acme = company()
    refused(acme, lambda: acme.apply(Act("forge", {"approval": "f"}, forge)), ApprovalsOnly)
    for document in (forged, ApprovalRequest(id="f", request="{}")):
        refused(acme, lambda document=document: acme.apply(acme.put(document)), NotMasterData)


def test_master_data_waits_by_its_kind() -> None:
    acme = Company.create("acme", currency="EUR", actor="ann")
    approvers = (Approver("owner"), Approver("bob", acts="put.rate"))
    acme.apply(acme.put(ApprovalRules(rules=[ApprovalRule("put.rate")], approvers=approvers)))
    rate = acme.put(ExchangeRate(base="USD", quote="EUR", on="2026-03-05", rate="0.90"))
    refused(acme, lambda: acme.apply(rate), ApprovalRequired)
    first, second = (acme.submit(rate).value for _ in range(2))
    assert first.act == "put.rate"
    acme.reject(first.id, actor="bob")
    acme.release(second.id, actor="bob")
    assert len(acme.finance.rates) == 1


def test_one_vendor_s_debt_moved_to_another_is_an_amount() -> None:
    acme = company(ApprovalRule("finance.post", above=Money("10", "EUR")))
    legs = [debit("2000", Money("500", "EUR"), party="a"), credit("2000", Money("500", "EUR"), party="b")]
    error = refused(acme, lambda: acme.apply(acme.finance.post(Entry("2026-03-05", legs))), ApprovalRequired)
    assert error.facts["amount"] == Money("500", "EUR")


def test_acts_on_approvals_travel_as_json_and_are_applied_by_whom_they_name() -> None:
    acme = company()
    waiting = acme.submit(pay(acme, "2000"), key="a").value.id
    for row in list(acme.log()):
        if row.act.startswith("approval.") and "$" not in row.intent:
            assert acme.act(f'{{"act":"{row.act}","arguments":{row.intent}}}').intent == row.intent
    act = acme.act(f'{{"act":"approval.release","arguments":{{"approval":"{waiting}","by":"bob"}}}}')
    refused(acme, lambda: acme.apply(act), OtherActor)
    assert acme.apply(act, actor="bob").value.state == "released"
    with pytest.raises(BadArguments):
        acme.act('{"act":"approval.release","arguments":{"approval":"x"}}')
    nested = acme.act(f'{{"act":"approval.submit","arguments":{{"by":"ann","request":{act.to_json()}}}}}')
    refused(acme, lambda: acme.apply(nested), ApprovalNotNeeded)


def test_rules_that_decide_nothing_cannot_be_built() -> None:
    for wrong in (
        ApprovalRule,
        lambda: ApprovalRule("a", writes="b"),
        lambda: ApprovalRule("a", approvals=0),
        lambda: ApprovalRule("a", above=Money("-1", "EUR")),
        lambda: ApprovalRules(rules=[RULE], approvers=[Approver("bob", up_to=Money("1", "EUR"))]),
        lambda: ApprovalRules(rules=[RULE], approvers=[Approver("bob", acts="finance.*")]),
        lambda: ApprovalRules(tolerance_percent="-1"),
    ):
        with pytest.raises(BadApprovalRules):
            wrong()
    acme = Company.create("acme", currency="EUR", actor="ann")
    dollars = ApprovalRules(rules=[ApprovalRule("*", above=Money("1", "USD"))], approvers=APPROVERS)
    refused(acme, lambda: acme.apply(acme.put(dollars)), BadApprovalRules)


# -- forks, two at once, somebody's data -----------------------------------------------------------------------------


def test_asking_and_releasing_in_a_fork_and_applying_the_fork() -> None:
    acme = company()
    fork = acme.fork()
    waiting = fork.submit(pay(fork, "2000"), key="ask").value.id
    fork.release(waiting, actor="bob", key="yes")
    assert (len(fork.finance.payments), len(acme.finance.payments)) == (1, 0)
    acme.apply(fork, key="fork")
    assert [row.actor for row in acme.log()][-3:] == ["ann", "bob", "ann"]
    assert len(acme.finance.payments) == 1


def test_work_asks_and_releases_all_or_nothing() -> None:
    acme = company()

    def work(inner: Company) -> Any:
        waiting = inner.submit(pay(inner, "2000")).value.id
        return inner.release(waiting, actor="bob")

    done = acme.apply(work, key="w", request="rent")
    assert (done.value.state, len(acme.finance.payments)) == ("released", 1)
    assert acme.apply(work, key="w", request="rent").replayed

    def alone(inner: Company) -> Any:
        return inner.release(inner.submit(pay(inner, "2000")).value.id)

    refused(acme, lambda: acme.apply(alone, key="x", request="rent"), FourEyes)


def test_of_two_who_release_at_once_exactly_one_does(tmp_path: Path) -> None:
    acme = company(store=f"sqlite:///{tmp_path}/a.db")
    for _ in range(5):
        waiting = acme.submit(pay(acme, "2000")).value.id
        done: list[str] = []
        barrier = Barrier(2)

        def release(who: str, waiting: str = waiting, barrier: Barrier = barrier, done: list[str] = done) -> None:
            barrier.wait()
            with suppress(IllegalStep):
                acme.release(waiting, actor=who)
                done.append(who)

        threads = [Thread(target=release, args=(who,)) for who in ("bob", "owner")]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len(done) == 1
        assert acme.get(Approval, waiting).decided_by == done[0]
    assert len(acme.finance.payments) == 5
    assert acme.verify().ok
    acme.close()


@pytest.mark.parametrize("decide", ["released", "waiting"])
def test_whoever_is_erased_is_in_nothing_that_waited(decide: str, tmp_path: Path) -> None:
    acme = company(ApprovalRule("sfa.capture"), store=f"sqlite:///{tmp_path}/a.db")
    name = "Adalbertine Nobody"
    waiting = acme.submit(acme.sfa.capture(Lead(id="l", name=name, on="2026-03-05")), key="ask").value.id
    assert all(name not in row.intent for row in acme.log())
    if decide == "released":
        acme.release(waiting, actor="bob", key="yes")
        assert acme.sfa.leads["l"].name == name
        acme.apply(acme.erase(Ref("lead", "l")))
    else:
        acme.apply(acme.erase(Ref("approval_request", waiting)))
        refused(acme, lambda: acme.release(waiting, actor="bob"), Erased)
        acme.reject(waiting, actor="bob")
    acme.close()
    assert all(name.encode() not in path.read_bytes() for path in tmp_path.iterdir())
    again = Company.open("acme", store=f"sqlite:///{tmp_path}/a.db", actor="ann")
    assert again.verify().ok
    again.close()
