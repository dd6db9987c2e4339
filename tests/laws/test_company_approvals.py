"""Laws of approvals: whatever is tried by whomever, nothing above the limit is recorded but by somebody else's release."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bizcore.company import Company
from bizcore.flow.approval import Approval, ApprovalRule, ApprovalRules, Approver, Identity
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.money import Money

LIMIT = Money("100", "EUR")
PERSONS = {"ann": "ann", "ann-admin": "ann", "bob": "bob", "carl": "carl", "owner": "owner", "job": "bob", "eve": "eve"}
DEPUTIES = {"carl": ("owner",)}
LIMITS = {"bob": Money("500", "EUR"), "owner": None}
STEPS = st.tuples(
    st.sampled_from(
        ["apply", "submit", "release", "release", "release", "reject", "withdraw", "work", "fork", "batch"]
    ),
    st.sampled_from(sorted(PERSONS)),
    st.integers(1, 12),
    st.integers(0, 4),
)


def company() -> Company:
    acme = Company.create("acme", currency="EUR", actor="setup")
    for actor, person in PERSONS.items():
        if actor != person or actor in DEPUTIES:
            acme.apply(acme.put(Identity(id=actor, person=person, deputy_for=DEPUTIES.get(actor, ()))))
    rules = [ApprovalRule("finance.pay", above=LIMIT), ApprovalRule("*", above=Money("900", "EUR"), approvals=2)]
    approvers = [Approver(actor, up_to=most) for actor, most in LIMITS.items()]
    acme.apply(acme.put(ApprovalRules(rules=rules, approvers=approvers)), key="rules")
    return acme


def tried(acme: Company, step: tuple[str, str, int, int], key: str) -> None:
    """One attempt, of whatever sort."""
    how, actor, hundred, which = step
    act = acme.finance.pay(Money(hundred * 100, "EUR"), vendor="mill", on="2026-03-05")
    known = [one.id for one in acme.documents(Approval)]
    if how == "submit":
        acme.submit(act, key=key, actor=actor)
    elif how in ("release", "reject", "withdraw"):
        if known:
            getattr(acme, how)(known[which % len(known)], key=key, actor=actor)
    elif how == "work":
        acme.apply(lambda inner: inner.apply(act), key=key, request=key, actor=actor)
    elif how == "fork":
        fork = acme.fork()
        fork.apply(act, actor=actor)
        acme.apply(fork, key=key, actor=actor)
    elif how == "batch":
        acme.apply_each([(act, key)], actor=actor)
    else:
        acme.apply(act, key=key, actor=actor)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=20))
def test_nothing_above_the_limit_is_recorded_but_by_somebody_else_s_release(
    steps: list[tuple[str, str, int, int]],
) -> None:
    """The log is read by a rule of its own: who asked, who released, and what each may."""
    acme = company()
    for at, step in enumerate(steps):
        head, state = acme.head, acme.state_hash()
        try:
            tried(acme, step, f"step {at}")
        except BizcoreError:
            assert (acme.head, acme.state_hash()) == (head, state)
    for row in acme.log():
        paid = [Money.sum((leg.amount for leg in one.postings if leg.worth > 0), "EUR") for one in row.entries]
        if not paid or paid[0] <= LIMIT:
            continue
        assert row.act == "approval.release"
        found = row.value
        assert (found.state, found.amount) == ("released", paid[0])
        persons = [PERSONS[one] for one in (found.asked_by, *found.signed)]
        assert len(set(persons)) == len(persons)
        assert len(found.signed) >= (2 if paid[0] > Money("900", "EUR") else 1)
        for signer in found.signed:
            assert signer in ("bob", "job", "owner", "carl")
            limit = LIMITS["owner" if signer in ("owner", "carl") else "bob"]
            assert limit is None or paid[0] <= limit
            assert not (signer == "carl" and found.asked_by == "owner")


@settings(max_examples=30, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_asking_and_releasing_again_under_the_same_keys_answers_the_same(
    steps: list[tuple[str, str, int, int]],
) -> None:
    acme = company()
    taken: list[tuple[str, str, Any, str]] = []
    for at, (how, actor, hundred, which) in enumerate(steps):
        known = [one.id for one in acme.documents(Approval)]
        act = acme.finance.pay(Money(hundred * 100, "EUR"), vendor="mill", on="2026-03-05")
        verb, what = ("submit", act) if how == "submit" or not known else ("release", known[which % len(known)])
        try:
            getattr(acme, verb)(what, key=f"step {at}", actor=actor)
        except BizcoreError:
            continue
        taken.append((verb, actor, what, f"step {at}"))
    head = acme.head
    first = {row.key: row for row in acme.log()}
    for verb, actor, what, key in taken:
        again = getattr(acme, verb)(what, key=key, actor=actor)
        assert again.replayed
        assert (again.position, again.value) == (first[key].position, first[key].value)
    assert acme.head == head
