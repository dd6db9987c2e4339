"""Whose fork, whose changes, whose work: what was made on one company is not recorded in another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bizcore.book.entry import Entry, credit, debit
from bizcore.change.committed import Committed
from bizcore.company import Company
from bizcore.company.refusals import NotApplicable, NotAStep, OtherCompany, UseTheFork
from bizcore.kernel.money import Money
from bizcore.store.clock import machine_clock, machine_ids
from bizcore.store.port import Stale
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


# -- work --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "touch",
    [
        lambda acme: acme.apply(acme.finance.post(sale()), key="out"),
        lambda acme: acme.acting("bob").apply(acme.finance.post(sale()), key="out"),
        lambda acme: acme.apply_each([(acme.finance.post(sale()), "out")]),
        lambda acme: acme.apply(forked(acme), key="out"),
        lambda acme: acme.apply(lambda one: one.apply(one.finance.post(sale())), key="out", request=2),
    ],
    ids=["apply", "acting", "each", "fork", "work"],
)
def test_work_writes_in_its_fork_alone(acme: Company, touch: Callable[[Company], Any]) -> None:
    def steps(inside: Company) -> Committed[Any]:
        done = inside.apply(inside.finance.post(sale()))
        touch(acme)
        return done

    for _ in range(2):
        with pytest.raises(UseTheFork):
            acme.apply(steps, key="K", request=1)
        with pytest.raises(UseTheFork):
            acme.fork().apply(lambda _: acme.apply(steps, key="K", request=1))
    assert acme.head == 0
    assert touch(acme)  # nothing is left of it: outside work the company is written to


def test_work_in_a_fork_writes_in_the_fork_it_is_given(acme: Company) -> None:
    fork = acme.fork()
    for touch in (
        lambda: fork.apply(fork.finance.post(sale())),
        lambda: fork.apply_each([(fork.finance.post(sale()), None)]),
    ):
        with pytest.raises(UseTheFork):
            fork.apply(lambda _, touch=touch: touch())
    assert (fork.head, fork.steps) == (0, [])
    assert fork.apply(lambda inside: inside.apply(inside.finance.post(sale()))).position == 1


def test_another_thread_writes_while_work_runs(acme: Company) -> None:
    def steps(inside: Company) -> Committed[Any]:
        if acme.head == 0:
            other = threading.Thread(target=lambda: acme.apply(acme.finance.post(sale(7)), key="other"))
            other.start()
            if isinstance(acme._database, SqliteDatabase):  # in memory planning has the writer's place
                other.join()
        return inside.apply(inside.finance.post(sale()))

    assert acme.apply(steps, key="K", request=1).key == "K"
    while acme.head < 3:
        time.sleep(0.001)
    assert {one.key for one in acme.log()} == {"other", "K#1", "K"}


@pytest.mark.parametrize("answer", [None, 1, "K#1"])
def test_work_answers_with_one_of_its_steps(acme: Company, answer: Any) -> None:
    before = acme.apply(acme.finance.post(sale()), key="before")
    for given in (answer, before):

        def steps(inside: Company, given: Any = given) -> Any:
            inside.apply(inside.finance.post(sale()))
            return given

        for apply in (acme.apply, acme.fork().apply):
            with pytest.raises(NotAStep) as error:
                apply(steps, key="K", request=1)
            assert isinstance(error.value, NotApplicable)
    assert acme.head == 1


def test_work_may_answer_with_what_it_found_done(acme: Company) -> None:
    act = acme.finance.post(sale())
    before = acme.apply(act, key="before")
    done = acme.apply(lambda inside: inside.apply(act, key="before"), key="K", request=1)
    assert done.value == before.value


# -- stale -------------------------------------------------------------------------------------------------------------


def undone(acme: Company) -> Any:
    fork = acme.fork()
    fork.apply(fork.finance.reverse("a#1", on="2026-03-06"))
    return fork


@pytest.mark.parametrize("made", [undone, lambda acme: acme.plan(acme.finance.reverse("a#1", on="2026-03-06"))])
def test_what_is_stale_says_since_when(acme: Company, made: Callable[[Company], Any]) -> None:
    acme.apply(acme.finance.post(sale()), key="a")
    what = made(acme)
    acme.apply(acme.finance.reverse("a#1", on="2026-03-07"), key="b")
    with pytest.raises(Stale) as error:
        acme.apply(what, key="c")
    assert (error.value.facts["planned_at"], error.value.facts["head"]) == (1, 2)
    assert "since position 1" in str(error.value)
