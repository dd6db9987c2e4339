"""Finance policies and accounts: what is refused when they are built, and when they are put over what the books hold."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from bizcore.book.entry import Entry, credit, debit
from bizcore.change.locks import Locked
from bizcore.company import Company
from bizcore.finance.chart import Account, Nature
from bizcore.finance.policies import BadBuckets, FinancePolicies
from bizcore.finance.watches import CurrencyFixed, NatureFixed, NoSuchRole, RoleInUse, RoleOfAnotherNature, RolesShared
from bizcore.kernel.money import Money


@pytest.mark.parametrize("buckets", [(0, 30), (-1,), (30, 30), (60, 30), (True, 30), ("30",), (30.0,), 30, "30"])
def test_buckets_are_whole_days_above_zero_and_grow(buckets: Any) -> None:
    with pytest.raises(BadBuckets):
        FinancePolicies(buckets=buckets)


@pytest.mark.parametrize("buckets", [(), (30,), [7, 14, 400]])
def test_buckets_are_kept_as_given(buckets: Any) -> None:
    assert FinancePolicies(buckets=buckets).buckets == tuple(buckets)


# -- what is put over books ------------------------------------------------------------------------------------------


@pytest.fixture
def acme() -> Company:
    return Company.create("unit", currency="EUR")


def eur(text: str) -> Money:
    return Money(text, "EUR")


def own(acme: Company, code: str, nature: Nature, *, open_items: bool = True) -> None:
    acme.apply(acme.put(Account(code=code, name=code, nature=nature, line="own", open_items=open_items)))


def posted(acme: Company, left: str, right: str) -> Entry:
    entry = Entry("2026-03-05", [debit(left, eur("5"), party="beta"), credit(right, eur("5"), party="beta")])
    return acme.apply(acme.finance.post(entry)).value


@pytest.mark.parametrize(
    ("role", "old", "new", "nature"),
    [
        ("receivable", "1200", "1201", Nature.ASSET),
        ("payable", "2000", "2001", Nature.LIABILITY),
        ("grni", "2050", "2051", Nature.LIABILITY),
        ("inventory", "1400", "1401", Nature.ASSET),
    ],
)
def test_a_control_account_that_holds_something_keeps_its_role(
    acme: Company, role: str, old: str, new: str, nature: Nature
) -> None:
    own(acme, new, nature)
    moved = FinancePolicies(roles={role: new})
    with pytest.raises(RoleInUse):  # on a date: its items would be looked for in two accounts
        acme.apply(acme.put(evolve(moved, since="2026-06-01")))
    acme.fork().apply(acme.put(moved))
    posted(acme, old, "3900")
    with pytest.raises(RoleInUse) as refused:
        acme.apply(acme.put(moved))
    assert (refused.value.facts["role"], refused.value.facts["account"]) == (role, old)
    acme.apply(acme.put(FinancePolicies(roles={role: old, "sales": "4000"})))


def test_a_control_role_is_sent_elsewhere_before_anything_is_posted_and_stays_there(acme: Company) -> None:
    own(acme, "1201", Nature.ASSET)
    acme.apply(acme.put(FinancePolicies(roles={"receivable": "1201"})))
    posted(acme, "1201", "3900")
    for back in (
        FinancePolicies(),
        FinancePolicies(since="2026-06-01"),
        FinancePolicies(terms="now", since="2026-09-01"),
    ):
        with pytest.raises(RoleInUse):  # leaving the role out sends it back to the chart's account
            acme.apply(acme.put(back))
    acme.apply(acme.put(FinancePolicies(terms="now", scope="beta", since="2026-09-01")))  # roles are the company's


def test_a_control_role_needs_an_account_of_its_nature(acme: Company) -> None:
    own(acme, "4001", Nature.INCOME)
    with pytest.raises(RoleOfAnotherNature):
        acme.apply(acme.put(FinancePolicies(roles={"receivable": "4001"})))


def test_open_items_that_add_up_to_nothing_hold_an_account_too(acme: Company) -> None:
    own(acme, "1201", Nature.ASSET)
    posted(acme, "1200", "3900")
    posted(acme, "3900", "1200")
    with pytest.raises(RoleInUse):
        acme.apply(acme.put(FinancePolicies(roles={"receivable": "1201"})))


@pytest.mark.parametrize("roles", [{"recievable": "1200"}, {"": "1000"}])
def test_a_role_that_the_chart_does_not_know_is_refused(acme: Company, roles: Any) -> None:
    with pytest.raises(NoSuchRole) as refused:
        acme.apply(acme.put(FinancePolicies(roles=roles)))
    assert "receivable" in refused.value.facts["known"]


@pytest.mark.parametrize("roles", [{"receivable": "2000"}, {"grni": "2000"}, {"inventory": "1300", "grni": "1300"}])
def test_two_control_roles_do_not_share_an_account(acme: Company, roles: Any) -> None:
    own(acme, "1300", Nature.ASSET)
    with pytest.raises(RolesShared):
        acme.apply(acme.put(FinancePolicies(roles=roles)))


def test_an_account_with_postings_keeps_its_nature(acme: Company) -> None:
    own(acme, "6010", Nature.EXPENSE)
    own(acme, "6010", Nature.ASSET)
    posted(acme, "6010", "1000")
    for code, nature in (("6010", Nature.EXPENSE), ("1000", Nature.INCOME)):
        with pytest.raises(NatureFixed) as refused:
            own(acme, code, nature)
        assert refused.value.facts["account"] == code
    own(acme, "1000", Nature.ASSET)
    own(acme, "4000", Nature.ASSET)


def test_an_account_that_holds_a_currency_is_not_kept_in_another(acme: Company) -> None:
    posted(acme, "1000", "3900")
    bank = Account(code="1000", name="Bank", nature=Nature.ASSET, line="cash")
    with pytest.raises(CurrencyFixed):
        acme.apply(acme.put(evolve(bank, currency="USD")))
    acme.apply(acme.put(evolve(bank, currency="EUR")))


def test_a_lock_looks_at_the_roles_of_the_entrys_own_day(acme: Company) -> None:
    own(acme, "2201", Nature.LIABILITY, open_items=False)
    acme.apply(acme.put(FinancePolicies(since="2027-01-01", roles={"tax_payable": "2201"})))
    acme.apply(acme.finance.lock(kind="tax", upto="2026-03-31"))
    with pytest.raises(Locked):
        posted(acme, "1000", "2200")
