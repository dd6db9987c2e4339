"""A fork keeps the company's promises: keys, requests, reasons, actors; what was found done is a step too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bizcore.change.act import Act
from bizcore.change.committed import Committed
from bizcore.company import Company
from bizcore.company.refusals import IntentErased, NotApplicable, NotAStep
from bizcore.finance.documents import Invoice
from bizcore.finance.lines import Line
from bizcore.kernel.ids import InvalidText
from bizcore.kernel.money import Money
from bizcore.sfa.leads import Lead
from bizcore.store.port import KeyReused
from bizcore.supply.items import Item

Work = Callable[[Company], Committed[Any]]


@pytest.fixture(params=["memory:", "sqlite:///{}/books.db"])
def acme(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Company]:
    with Company.create("acme", currency="EUR", store=request.param.format(tmp_path), actor="ann") as made:
        yield made


def bill(company: Company, customer: str = "beta") -> Act[Invoice]:
    lines = [Line("Workshop", 1, "100")]
    return company.finance.issue(Invoice(customer=customer, on="2026-03-05", currency="EUR", lines=lines))


def billing(company: Company) -> Committed[Any]:
    return company.apply(bill(company))


# -- keys and requests -------------------------------------------------------------------------------------------------


def test_work_in_a_fork_answers_by_its_key_and_so_does_the_company_after(acme: Company) -> None:
    fork = acme.fork()
    first, again = (fork.apply(billing, key="w", request=1) for _ in range(2))
    assert (first.replayed, again.replayed, fork.head) == (False, True, 2)
    assert again.value == first.value == fork.committed("w").value
    with pytest.raises(KeyReused) as error:
        fork.apply(billing, key="w", request=2)
    assert error.value.fields == ("request",)  # type: ignore[attr-defined]
    acme.apply(fork, key="F")
    assert acme.committed("w").value.number == "INV-2026-000001"
    assert acme.apply(billing, key="w", request=1).replayed
    with pytest.raises(KeyReused):
        acme.apply(billing, key="w", request=2)
    assert acme.apply(fork, key="F").replayed
    assert acme.verify().ok


def test_a_fork_in_a_fork_answers_by_its_key(acme: Company) -> None:
    outer = acme.fork()
    inner = outer.fork()
    inner.apply(bill(inner))
    first, again = (outer.apply(inner, key="h") for _ in range(2))
    assert (first.replayed, again.replayed, again.value) == (False, True, first.value)
    other = outer.fork()
    other.apply(bill(other, "gamma"))
    with pytest.raises(KeyReused):
        outer.apply(other, key="h")
    assert acme.apply(outer, key="F").value == acme.committed("h").value


def test_work_in_work_has_its_key_too(acme: Company) -> None:
    def outer(inside: Company) -> Committed[Any]:
        inside.apply(billing, key="inner", request=1)
        return inside.apply(billing, key="inner", request=1)

    done = acme.apply(outer, key="outer", request=0)
    assert [one.key for one in acme.log()] == ["outer#1", "inner", "outer"]
    assert done.value == acme.committed("inner").value
    assert acme.fork().apply(billing, key="inner", request=1).replayed


def test_an_entry_is_answered_through_work_in_work(acme: Company) -> None:
    def receive(inside: Company) -> Committed[Any]:
        return inside.apply(
            inside.supply.receive("bolt", 1, place="main", on="2026-01-05", cost=Money("1", "EUR")), key="receive"
        )

    acme.apply(bill(acme), key="before")
    fork = acme.fork()
    acme.apply(acme.put(Item(id="nut", name="Nut")))  # positions in the fork are others than after
    fork.apply(lambda inside: inside.apply(receive, key="in", request=1), key="out", request=1)
    done = acme.apply(fork, key="F")
    assert done.value == acme.committed("out").value == acme.committed("in").value == acme.committed("receive").value


def test_a_fork_with_work_is_replayed_to_another_company(acme: Company) -> None:
    other = Company.create("other", currency="EUR", actor="bob")
    fork = acme.fork()
    fork.apply(billing, key="w", request=1)
    assert fork.replay(other).value.number == "INV-2026-000001"
    assert other.apply(billing, key="w", request=1).replayed
    assert [one.key for one in other.log()][-1] == "w"


def test_work_answers_with_one_of_its_own_steps_in_a_fork_too(acme: Company) -> None:
    fork = acme.fork()
    before = fork.apply(bill(fork))

    def steps(inside: Company) -> Committed[Any]:
        billing(inside)
        return before

    with pytest.raises(NotAStep):
        fork.apply(steps, key="w", request=1)
    assert fork.head == 1


# -- what was found done -----------------------------------------------------------------------------------------------


def item(company: Company) -> Act[Item]:
    return company.put(Item(id="bolt", name="Bolt"))


def receiving(company: Company) -> Act[Any]:
    return company.supply.receive("bolt", 1, place="main", on="2026-01-05", cost=Money("1", "EUR"))


def test_a_step_that_stands_in_the_company_by_now_is_not_done_twice(acme: Company) -> None:
    fork = acme.fork()
    fork.apply(receiving(acme), key="k")
    done = acme.apply(receiving(acme), key="k")
    assert fork.replay(acme.fork()).replayed
    assert fork.replay(acme).replayed
    other = acme.as_known(0).fork()
    other.apply(item(acme), key="k")
    with pytest.raises(KeyReused):
        other.replay(acme.fork())
    assert acme.head == done.position


def test_a_fork_that_found_everything_done_can_be_applied(acme: Company) -> None:
    done = acme.apply(bill(acme), key="k")
    fork = acme.fork()
    assert fork.apply(bill(acme), key="k").replayed
    assert acme.apply(fork, key="F").value == done.value
    assert acme.apply(fork, key="F").replayed
    assert acme.head == 2


def test_work_found_done_can_be_applied(acme: Company) -> None:
    done = acme.apply(billing, key="w", request=1)
    fork = acme.fork()
    assert fork.apply(billing, key="w", request=1).replayed
    assert acme.apply(fork, key="F").value == done.value


@pytest.mark.parametrize("company", [None, 1, "acme"])
def test_a_fork_is_replayed_to_a_company(acme: Company, company: Any) -> None:
    fork = acme.fork()
    fork.apply(bill(acme))
    with pytest.raises(NotApplicable):
        fork.replay(company)


# -- reasons and actors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["\0", "x" * 100_000, ["l"], b"x", 3, "\ud800"])
def test_a_reason_is_text_that_can_be_kept_everywhere(acme: Company, reason: Any) -> None:
    act = bill(acme)
    for apply in (
        lambda: acme.apply(lambda inside: inside.apply(act, reason=reason), key="w", request=1),
        lambda: acme.fork().apply(act, reason=reason),
        lambda: acme.fork().apply_each([(act, None)], reason=reason),
        lambda: acme.fork().apply(billing, reason=reason),
        lambda: acme.fork().apply(acme.fork(), reason=reason),
    ):
        with pytest.raises(InvalidText):
            apply()
    assert acme.head == 0


def test_a_step_keeps_its_actor_else_it_has_that_of_the_fork(acme: Company) -> None:
    fork = acme.fork()
    fork.apply(bill(acme), actor="bob", reason="asked")
    fork.apply(bill(acme))
    fork.apply(billing, key="w", request=1, actor="dora", reason="why")
    fork.acting("eve").apply(bill(acme))
    assert [(one.actor, one.reason) for one in fork.log()] == [
        ("bob", "asked"), ("ann", ""), ("dora", "why"), ("dora", "why"), ("eve", "")
    ]  # fmt: skip
    acme.apply(fork, key="F", actor="carl", reason="quarter")
    assert [(one.actor, one.reason) for one in acme.log()] == [
        ("bob", "asked"), ("carl", "quarter"), ("dora", "why"), ("dora", "why"), ("eve", "quarter"), ("carl", "quarter")
    ]  # fmt: skip


def test_a_fork_in_a_fork_has_the_actor_and_reason_it_is_applied_with(acme: Company) -> None:
    outer = acme.fork()
    inner = outer.fork()
    inner.apply(bill(acme), actor="bob")
    inner.apply(bill(acme))
    outer.apply(inner, actor="dora", reason="why")
    acme.apply(outer, key="F", actor="carl")
    assert [(one.actor, one.reason) for one in acme.log()] == [("bob", "why"), ("dora", "why"), ("carl", "")]


# -- somebody's data ---------------------------------------------------------------------------------------------------


def forgetting(company: Company) -> Committed[Any]:
    return company.apply(company.erase(company.sfa.leads["L"]))


def test_a_request_to_erase_somebody_is_not_kept(acme: Company, tmp_path: Path) -> None:
    acme.apply(acme.sfa.capture(Lead(id="L", name="Canary", on="2026-01-05")), key="l")
    acme.apply(forgetting, key="forget", request={"who": "Canary"})
    assert "Canary" not in "".join(one.intent for one in acme.log())
    assert b"Canary" not in b"".join(one.read_bytes() for one in tmp_path.iterdir() if one.suffix != ".db-shm")
    with pytest.raises(IntentErased):
        acme.apply(forgetting, key="forget", request={"who": "Canary"})


def test_a_request_to_erase_somebody_in_a_fork_is_not_kept_either(acme: Company) -> None:
    acme.apply(acme.sfa.capture(Lead(id="L", name="Canary", on="2026-01-05")), key="l")
    fork = acme.fork()
    fork.apply(forgetting, key="forget", request={"who": "Canary"})
    acme.apply(fork, key="F")
    assert "Canary" not in "".join(one.intent for one in acme.log())


def test_a_fork_that_erases_answers_again(acme: Company) -> None:
    acme.apply(acme.sfa.capture(Lead(id="L", name="Canary", on="2026-01-05")), key="l")
    fork = acme.fork()
    forgetting(fork)
    acme.apply(fork, key="F")
    assert acme.apply(fork, key="F").replayed
