"""Whose fork, whose changes, whose work: what was made on one company is not recorded in another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bizcore.book.entry import Entry, credit, debit
from bizcore.change.committed import Committed
from bizcore.company import Company
from bizcore.company.refusals import OtherCompany
from bizcore.kernel.money import Money
from bizcore.store.clock import machine_clock, machine_ids
from bizcore.store.sqlite import SqliteDatabase


def sale(amount: int = 5) -> Entry:
    return Entry("2026-03-05", [debit("1000", Money(amount, "EUR")), credit("4000", Money(amount, "EUR"))])


def company(name: str = "acme", store: Any = "memory:") -> Company:
    return Company.create(name, currency="EUR", store=store, actor="ann")


def forked(acme: Company) -> Any:
    fork = acme.fork()
    fork.apply(fork.finance.post(sale()))
    return fork


@pytest.fixture(params=["memory:", "sqlite:///{}/books.db"])
def acme(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Company]:
    with company(store=request.param.format(tmp_path)) as made:
        yield made


# -- another company ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [forked, lambda acme: acme.plan(acme.finance.post(sale()))], ids=["fork", "changes"])
@pytest.mark.parametrize("into", [lambda one: one, lambda one: one.fork()], ids=["company", "fork"])
def test_what_was_made_on_another_company_is_refused(made: Callable[[Company], Any], into: Any, tmp_path: Path) -> None:
    file = f"sqlite:///{tmp_path}/two.db"
    acme, beta, namesake = company(store=file), company("beta", store=file), company()
    what = made(acme)
    for other in (beta, namesake):
        with pytest.raises(OtherCompany) as error:
            into(other).apply(what, key="k")
        assert error.value.facts == {"made_on": "acme", "sent_to": other.name}
        assert other.head == 0
    assert into(acme).apply(what, key="k").position
    acme.close()


def test_two_doors_to_one_file_are_one_company(tmp_path: Path) -> None:
    databases = [SqliteDatabase(tmp_path / "a.db", clock=machine_clock, ids=machine_ids) for _ in range(2)]
    one, other = (company(store=database) for database in databases)
    assert other.apply(forked(one), key="k").position == 2
    assert other.apply(one.plan(one.finance.post(sale())), key="p").position == 3
    for database in databases:
        database.close()


def test_the_acts_of_a_fork_may_be_carried_to_another_company_by_name(acme: Company) -> None:
    beta, fork = company("beta"), forked(acme)
    assert fork.replay(beta).position == beta.head == 1


def test_changes_planned_on_a_fork_or_made_longer_stay_its_companys(acme: Company) -> None:
    fork = acme.fork()
    shown = fork.plan(fork.finance.post(sale()))
    assert acme.apply(shown + shown, key="k").position == 1
    with pytest.raises(OtherCompany):
        company("beta").apply(shown + shown, key="k")
