"""Erasing somebody: no text of theirs is left, however it was written, and a key that stood for it says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bizcore.change.act import Act
from bizcore.change.committed import Committed
from bizcore.change.view import Erased
from bizcore.company import Company
from bizcore.company.fork import Fork
from bizcore.company.refusals import IntentErased
from bizcore.flow.document import Ref
from bizcore.kernel.money import Money
from bizcore.sfa.leads import Lead
from bizcore.store.port import KeyReused
from bizcore.supply.items import Item

Send = Callable[[], Committed[Any]]


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Company]:
    with Company.create("acme", currency="EUR", store=f"sqlite:///{tmp_path}/a.db", actor="ann") as made:
        yield made


@pytest.fixture(params=["memory:", "sqlite:///{}/both.db"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Company]:
    with Company.create("acme", currency="EUR", store=request.param.format(tmp_path), actor="ann") as made:
        yield made


def lead(id: str = "L") -> Lead:
    return Lead(id=id, name="Canary Jones", company="B", on="2026-01-01")


def capture(company: Company, *ids: str) -> list[Act[Lead]]:
    return [company.sfa.capture(lead(one)) for one in ids or ("L",)]


def forked(company: Company, *ids: str) -> Fork:
    fork = company.fork()
    for act in capture(company, *ids):
        fork.apply(act)
    return fork


def by_fork(company: Company) -> Send:
    fork = forked(company)
    return lambda: company.apply(fork, key="K")


def by_nested_fork(company: Company) -> Send:
    outer = company.fork()
    outer.apply(forked(outer))
    return lambda: company.apply(outer, key="K")


def by_work(company: Company) -> Send:
    def steps(inside: Company) -> Committed[Any]:
        return inside.apply(inside.sfa.capture(lead()))

    return lambda: company.apply(steps, key="K", request={"name": "Canary Jones"})


def by_a_fork_in_work(company: Company) -> Send:
    def steps(inside: Company) -> Committed[Any]:
        return inside.apply(forked(inside))

    return lambda: company.apply(steps, key="K", request={"name": "Canary Jones"})


def by_work_that_finds_it_done(company: Company) -> Send:
    [act] = capture(company)
    company.apply(act, key="before")

    def steps(inside: Company) -> Committed[Any]:
        return inside.apply(act, key="before")

    return lambda: company.apply(steps, key="K", request={"name": "Canary Jones"})


EVERY = [by_fork, by_nested_fork, by_work, by_a_fork_in_work, by_work_that_finds_it_done]


@pytest.mark.parametrize("written", EVERY)
def test_who_was_written_by_several_steps_is_in_no_byte_after(
    acme: Company, tmp_path: Path, written: Callable[[Company], Send]
) -> None:
    def found() -> bool:
        return b"Canary" in b"".join(one.read_bytes() for one in tmp_path.iterdir() if one.suffix != ".db-shm")

    written(acme)()
    assert found()
    acme.apply(acme.erase(Ref("lead", "L")), key="er")
    assert not found()
    assert acme.verify().ok


@pytest.mark.parametrize("written", EVERY)
def test_steps_that_wrote_somebody_answer_again_until_they_are_erased(
    either: Company, written: Callable[[Company], Send]
) -> None:
    send = written(either)
    assert not send().replayed
    assert send().replayed
    either.apply(either.erase(Ref("lead", "L")), key="er")
    with pytest.raises(IntentErased) as error:
        send()
    assert (error.value.code, error.value.facts["key"]) == ("intent_erased", "K")


def test_other_steps_under_the_key_are_refused(either: Company) -> None:
    by_work(either)()
    with pytest.raises(KeyReused) as error:
        either.apply(lambda inside: inside.apply(capture(inside, "M")[0]), key="K", request={"name": "Grace"})
    assert error.value.fields == ("request",)  # type: ignore[attr-defined]
    with pytest.raises(KeyReused):
        either.apply(forked(either, "M"), key="K")


def test_somebody_written_and_erased_in_one_fork_leaves_no_text(acme: Company, tmp_path: Path) -> None:
    fork = forked(acme)
    fork.apply(fork.erase(Ref("lead", "L")))
    acme.apply(fork, key="K")
    assert b"Canary" not in b"".join(one.read_bytes() for one in tmp_path.iterdir() if one.suffix != ".db-shm")
    with pytest.raises(IntentErased):
        acme.apply(fork, key="K")


def test_steps_without_a_person_keep_their_text(either: Company) -> None:
    def steps(inside: Company) -> Committed[Any]:
        return inside.apply(inside.put(Item(id="bolt", name="Bolt")))

    either.apply(steps, key="K", request={"order": 4711})
    assert [one.intent for one in either.log()][-1] == '{"request":{"order":4711}}'


def test_a_key_whose_intent_was_erased_answers_for_no_act(either: Company) -> None:
    [act, other] = capture(either, "L", "M")
    either.apply(act, key="k")
    either.apply(either.erase(Ref("lead", "L")), key="er")
    sale = either.supply.receive("bolt", 1, place="main", on="2026-01-05", cost=Money("1", "EUR"))
    for one in (act, other, sale):
        for apply in (either.apply, either.fork().apply):
            with pytest.raises(Erased) as error:
                apply(one, key="k")
            assert error.value.facts == {"kind": "intent", "id": "k", "key": "k"}
    assert either.committed("k").documents == (Ref("lead", "L"),)


def test_a_fork_and_a_batch_know_a_persons_act_by_its_key(either: Company) -> None:
    [act, other] = capture(either, "L", "M")
    either.apply(act, key="k")
    fork = either.fork()
    assert fork.apply(act, key="k").replayed
    assert either.as_known(1).fork().apply(act, key="k").replayed
    with pytest.raises(KeyReused):
        fork.apply(other, key="k")
    assert [one.replayed for one in either.apply_each([(other, "m"), (other, "m")])] == [False, True]
    fork.apply(fork.erase(Ref("lead", "L")))
    with pytest.raises(IntentErased):
        fork.apply(act, key="k")
