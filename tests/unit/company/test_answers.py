"""What `apply` answers: the same key the first answer, another act what differs; batches, pasts, traces, forks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bizcore.book.entry import Entry, credit, debit
from bizcore.company import Company
from bizcore.company.refusals import NotAuthorized
from bizcore.finance.documents import Invoice
from bizcore.finance.lines import Line
from bizcore.flow.document import Ref
from bizcore.kernel.errors import BizcoreError, Refused
from bizcore.kernel.money import Money
from bizcore.sfa.customers import Customer
from bizcore.store.port import KeyReused
from bizcore.supply.items import Item


@pytest.fixture(params=["memory:", "sqlite:///{}/books.db"])
def acme(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Company]:
    with Company.create("acme", currency="EUR", store=request.param.format(tmp_path), actor="ann") as made:
        yield made


def eur(amount: int | str) -> Money:
    return Money(amount, "EUR")


def sale(amount: int = 5, on: str = "2026-03-05") -> Entry:
    return Entry(on, [debit("1000", eur(amount)), credit("4000", eur(amount))])


def invoice(**changes: Any) -> Invoice:
    facts = {
        "customer": "beta",
        "on": "2026-03-05",
        "currency": "EUR",
        "lines": [Line("Workshop", 2, "1500.00", tax="S20")],
    }
    return Invoice(**facts | changes)


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        (lambda acme: acme.finance.collect(eur(6), customer="beta", on="2026-03-05"), ("amount",)),
        (lambda acme: acme.finance.collect(eur(6), customer="gamma", on="2026-03-06"), ("amount", "customer", "on")),
        (lambda acme: acme.finance.collect(eur(5), customer="beta", on="2026-03-05", to=["x"]), ("to",)),
        (lambda acme: acme.finance.pay(eur(5), vendor="beta", on="2026-03-05"), ("act", "customer", "vendor")),
        (lambda acme: acme.put(Item(id="x", name="X")), ("act", "amount", "customer", "document", "kind", "on")),
    ],
)
def test_another_act_under_a_key_is_told_what_differs(acme: Company, other: Any, differs: tuple[str, ...]) -> None:
    acme.apply(acme.finance.collect(eur(5), customer="beta", on="2026-03-05"), key="k")
    with pytest.raises(KeyReused) as error:
        acme.apply(other(acme), key="k")
    assert error.value.facts == {"key": "k", "fields": differs}
    assert not error.value.retry
    assert acme.head == 1


def test_the_first_answer_is_given_although_the_world_has_moved(acme: Company) -> None:
    """The invoice is paid and its customer renamed; the retry still gets what the first call got."""
    act = acme.finance.issue(invoice())
    first = acme.apply(act, key="order 4711", reason="first", actor="bob")
    acme.apply(acme.finance.collect(eur(3600), customer="beta", on="2026-03-06", to=[first.value.id]), key="pay")
    acme.apply(acme.put(Customer(id="beta", name="Beta Inc.")), key="rename")
    again = acme.acting("eve").apply(act, key="order 4711", reason="again")
    assert again.replayed
    assert not first.replayed
    assert (again.value, again.position, again.instant) == (first.value, first.position, first.instant)
    assert (again.actor, again.reason, again.hash) == ("bob", "first", first.hash)
    assert acme.head == 3


def test_equal_spellings_are_one_act_under_one_key(acme: Company) -> None:
    acme.apply(acme.supply.receive("bolt", "2.50", place="main", on="2026-03-05", cost=eur(1)), key="k")
    assert acme.apply(
        acme.supply.receive("bolt", "2.5", place="main", on="2026-03-05", cost=eur("1.00")), key="k"
    ).replayed


def test_without_a_key_twice_is_twice(acme: Company) -> None:
    act = acme.finance.post(sale())
    one, two = acme.apply(act), acme.apply(act)
    assert one.key != two.key
    assert (two.position, two.replayed) == (2, False)


# -- batches -----------------------------------------------------------------------------------------------------------


def test_a_batch_reads_its_own_writes_and_answers_one_by_one(acme: Company) -> None:
    bill = acme.finance.issue(invoice(id="inv"))
    pay = acme.finance.collect(eur(3600), customer="beta", on="2026-03-06", to=["inv"])
    done = acme.apply_each([(bill, "bill"), (pay, None)])
    assert [one.position for one in done] == [1, 2]
    assert done[0].value.number == "INV-2026-000001"
    again = acme.apply_each([(bill, "bill"), (acme.finance.post(sale()), "new")])
    assert [(one.replayed, one.position) for one in again] == [(True, 1), (False, 3)]


def test_an_error_in_a_batch_says_which(acme: Company) -> None:
    acts: list[Any] = [(acme.finance.post(sale()), "a"), (acme.finance.reverse("nobody#1", on="2026-03-05"), "b")]
    with pytest.raises(BizcoreError) as error:
        acme.apply_each(acts)
    assert (error.value.index, error.value.key) == (1, "b")  # type: ignore[attr-defined]
    acme.apply(acts[0][0], key="a")
    with pytest.raises(KeyReused) as reused:
        acme.apply_each([(acme.finance.post(sale(1)), "c"), (acme.finance.post(sale(2)), "a")])
    assert (reused.value.index, acme.head) == (1, 1)  # type: ignore[attr-defined]


def test_the_same_key_twice_in_a_batch_is_one_record(acme: Company) -> None:
    act = acme.finance.post(sale())
    done = acme.apply_each([(act, "k"), (act, "k")])
    assert acme.head == 1
    assert done[0].value == done[1].value
    with pytest.raises(KeyReused):
        acme.apply_each([(act, "x"), (acme.finance.post(sale(7)), "x")])
    assert acme.head == 1


# -- looking back ------------------------------------------------------------------------------------------------------


def test_a_past_reports_what_was_known_then(acme: Company) -> None:
    acme.apply(acme.supply.receive("bolt", 10, place="main", on="2026-03-05", cost=eur(10)))
    then = acme.head
    value = acme.supply.stock_valuation().to_dicts()
    acme.apply(acme.supply.receive("bolt", 10, place="main", on="2026-01-05", cost=eur(90)))
    assert acme.supply.stock_valuation().to_dicts() != value
    assert acme.as_known(then).supply.stock_valuation().to_dicts() == value
    assert acme.as_known(acme.committed(next(acme.log()).key).instant).head >= then
    assert acme.as_known(datetime(2000, 1, 1, tzinfo=UTC)).head == 0


def test_a_trace_goes_both_ways_and_each_document_is_there_once(acme: Company) -> None:
    issued = acme.apply(acme.finance.issue(invoice(id="inv"))).value
    half = acme.apply(acme.finance.collect(eur(1800), customer="beta", on="2026-03-06", to=["inv"])).value
    rest = acme.apply(acme.finance.collect(eur(1800), customer="beta", on="2026-03-07", to=["inv"])).value
    for start in (issued, half, rest):
        trace = acme.trace(start)
        assert set(trace) == {issued.ref, half.ref, rest.ref}
        assert len(list(trace)) == 3
        assert next(iter(trace)) == issued.ref
    assert set(acme.trace(issued).links) == {(issued.ref, half.ref), (issued.ref, rest.ref)}
    assert list(acme.trace(Ref("invoice", "nobody"))) == []
    assert Ref("invoice", "inv") in acme.trace(rest)


def test_the_log_is_a_feed_that_goes_on_where_it_stopped(acme: Company) -> None:
    for at in range(1, 6):
        acme.apply(acme.finance.post(sale(at)), key=f"k{at}")
    assert [one.key for one in acme.log(after=3)] == ["k4", "k5"]
    assert [one.entries[0].value for one in acme.log(after=4)] == [eur(5)]
    assert list(acme.log(after=5)) == []


# -- forks and authority -----------------------------------------------------------------------------------------------


def test_what_may_not_be_done_may_not_be_tried_in_a_fork_or_work(tmp_path: Path) -> None:
    def allowed(actor: str, act: Any) -> bool:
        return (actor, act.name) != ("bob", "finance.reverse")

    url = f"sqlite:///{tmp_path}/books.db"
    with Company.create("acme", currency="EUR", store=url, authorize=allowed, actor="bob") as acme:
        done = acme.apply(acme.finance.post(sale()), key="k")

        def work(inside: Company) -> Any:
            inside.apply(inside.finance.post(sale()))
            return inside.apply(inside.finance.reverse(done.value.id, on="2026-03-06"))

        for act in (
            lambda: acme.apply(work, key="w", request=1),
            lambda: acme.fork().apply(acme.finance.reverse(done.value.id, on="2026-03-06")),
            lambda: acme.apply_each(
                [(acme.finance.post(sale()), None), (acme.finance.reverse(done.value.id, on="2026-03-06"), None)]
            ),
        ):
            with pytest.raises(NotAuthorized) as error:
                act()
            assert error.value.facts == {"actor": "bob", "act": "finance.reverse"}
        assert acme.head == 1
        assert acme.acting("ann").apply(work, key="w", request=1).position == 4


def test_a_fork_is_refused_once_its_ground_has_moved_and_kept_otherwise(acme: Company) -> None:
    acme.apply(acme.finance.issue(invoice(id="inv")))
    pay = acme.finance.collect(eur(3600), customer="beta", on="2026-03-06", to=["inv"])
    one, other = acme.fork(), acme.fork()
    for fork in (one, other):
        fork.apply(pay)
    acme.apply(acme.finance.post(sale()))
    assert acme.apply(one, key="one").position == 4
    with pytest.raises(BizcoreError) as error:
        acme.apply(other, key="other")
    assert error.value.code == "stale"
    assert isinstance(error.value, BizcoreError)
    assert not isinstance(error.value, Refused)
