"""What was read is asked again: whoever read something that changed since is refused, whatever else changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve, frozen

from bizcore.book.entry import Entry, Posting
from bizcore.change.changes import Changes
from bizcore.change.desk import Desk, verb
from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.company import Company
from bizcore.flow.document import Ref
from bizcore.flow.policies import Policies
from bizcore.kernel.money import Money
from bizcore.store.port import Stale
from bizcore.store.rows import open_lots
from bizcore.testing.toys import Person, ToyDesk


@frozen(kw_only=True)
class Fees(Policies):
    kind = "policies.fees"  # a kind with a dot, as the domains' policies have

    fee: int = 0


def eur(amount: int) -> Money:
    return Money(amount, "EUR")


def two(view: View, first: str, second: str) -> Changes[Fees]:
    """Two sets of policies in one change."""
    fees = Fees(id="first", since=first, fee=1)
    return Changes(fees, documents=[fees, Fees(id="second", since=second, fee=2)])


def shift(view: View, id: str, since: str) -> Changes[Fees]:
    """Another first day."""
    return Changes(evolve(view.get(Fees, id), since=since))


def charge(view: View, on: str) -> Changes[Entry]:
    """The fee of a day."""
    fee = eur(view.policies(Fees, on=on).fee)
    return Changes(view.mint(Entry(on, [Posting("cash", fee), Posting("fees", -fee)])))


def claim(view: View, amount: Money, on: str) -> Changes[Entry]:
    """An open item."""
    legs = [Posting("claims", amount, lot="item", party="beta", due=on), Posting("sales", -amount)]
    return Changes(view.mint(Entry(on, legs)))


def turn(view: View, amount: Money, on: str) -> Changes[Entry]:
    """The item goes and comes again in one entry."""
    gone, back = (
        Posting("claims", -amount, lot="item", party="beta"),
        Posting("claims", amount, lot="item", party="beta", due=on),
    )
    return Changes(view.mint(Entry(on, [gone, back])))


class FeeDesk(Desk):
    name = "fee"

    two: Final = verb(two)
    shift: Final = verb(shift)
    charge: Final = verb(charge)
    claim: Final = verb(claim)
    turn: Final = verb(turn)


@pytest.fixture(params=["memory:", "sqlite:///{}/books.db"])
def acme(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    store = request.param.format(tmp_path)
    with Company.create(
        "acme", currency="EUR", store=store, desks=[FeeDesk, ToyDesk], kinds=[Fees, Person], actor="ann"
    ) as made:
        yield made


def charged(acme: Company) -> Money:
    desk: Any = acme.desk("fee")
    return acme.plan(desk.charge("2026-03-01")).value.value


def test_a_policy_put_is_in_force_for_the_next_plan(acme: Company) -> None:
    assert charged(acme) == eur(0)
    acme.apply(acme.put(Fees(fee=5)))
    assert charged(acme) == eur(5)
    acme.apply(acme.put(Fees(since="2026-02-01", fee=7)))
    assert charged(acme) == eur(7)
    acme.apply_each([(acme.put(Fees(since="2026-02-02", fee=8)), None), (acme.put(Fees(fee=1)), None)])
    assert charged(acme) == eur(8)


def test_the_newest_at_a_day_is_another_one_though_both_are_equally_old(acme: Company) -> None:
    desk: Any = acme.desk("fee")
    acme.apply(desk.two("2026-01-01", "2026-02-01"))
    shown = acme.plan(desk.charge("2026-03-01"))
    assert shown.value.value == eur(2)
    acme.apply(desk.shift("second", "2026-06-01"))
    assert charged(acme) == eur(1)
    with pytest.raises(Stale):
        acme.apply(shown, key="as shown")


def test_a_lot_that_goes_and_comes_in_one_change_stays_what_it_was(acme: Company) -> None:
    """Kept lots, lots folded from postings, and lots as known agree on dates too."""
    desk: Any = acme.desk("fee")
    acme.apply(desk.claim(eur(5), "2026-01-05"))
    acme.apply(desk.turn(eur(5), "2026-02-05"))
    kept = list(acme._reading().lots("journal", "claims"))
    assert [(lot.on, lot.amount) for lot in kept] == [("2026-01-05", 500)]
    assert open_lots(acme.view().postings(PostingQuery(book="journal", account="claims"))) == kept
    then = acme.head
    acme.apply(desk.claim(eur(1), "2026-03-05"))
    assert list(acme.as_known(then)._reading().lots("journal", "claims")) == kept


def test_whoever_is_erased_in_a_fork_is_not_seen_there(acme: Company) -> None:
    toys: Any = acme.desk("toy")
    acme.apply(toys.meet("p", "Canary Jones"), key="meet")
    for at in range(3):
        acme.apply(toys.meet(f"q{at}", "Canary Smith"))
    fork = acme.fork()
    fork.apply(fork.erase(Ref("toy_person", "p")))
    view = fork.view()
    with pytest.raises(Exception, match="erased"):
        view.get(Person, "p")
    assert [one.id for one in view.find(Person, "name", "Canary Jones")] == []
    rows = fork._reading().find("toy_person.name", "", limit=2)
    assert [row.id for row in rows] == ["q0", "q1"]
    assert "Jones" not in repr(list(fork._reading().state())) + repr(fork._reading().history("toy_person", "p"))
    assert acme.get(Person, "p").name == "Canary Jones"
    state = fork.state_hash()
    acme.apply(fork, key="fork")
    assert acme.verify().ok
    assert len([row for row in acme._reading().state() if "Jones" in repr(row)]) == 0
    assert state != ""


def test_met_and_erased_in_one_batch_leaves_nothing(acme: Company) -> None:
    toys: Any = acme.desk("toy")
    acme.apply_each([(toys.meet("p", "Canary Jones"), "meet"), (acme.erase(Ref("toy_person", "p")), "erase")])
    assert acme.verify() == (True, 2, 2, None, "")
    with pytest.raises(Exception, match="erased"):
        acme.get(Person, "p")
    with pytest.raises(Exception, match="erased"):
        acme.as_known(1).get(Person, "p")


def test_who_was_erased_meanwhile_makes_a_plan_stale(acme: Company) -> None:
    toys: Any = acme.desk("toy")
    acme.apply(toys.meet("p", "Canary Jones"), key="meet")
    one, other = (acme.plan(acme.erase(Ref("toy_person", "p"))) for _ in range(2))
    acme.apply(one, key="one")
    with pytest.raises(Stale):
        acme.apply(other, key="other")
