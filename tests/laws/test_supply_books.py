"""Laws of goods in the books: what holds after every act, and what the order of recording must not change."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bizcore.change.act import Act
from bizcore.change.changes import FloorBroken
from bizcore.change.locks import LockKind
from bizcore.change.reading import PostingQuery
from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.supply import cost, costbook
from bizcore.supply.costbook import NotCovered
from bizcore.supply.costmoves import CostMethod
from bizcore.supply.fulfilment import LineQuantity
from bizcore.supply.limits import ReturnedMore
from bizcore.supply.places import Place, pools
from bizcore.supply.policies import NegativeStock, SupplyPolicies
from bizcore.supply.reports import conserved, layers_as_folded, stock_equals_cost, stock_valuation, worthless_or_held

START = date(2026, 1, 1)
DAYS = 8
Fact = tuple[int, str, int, int]
"""Day, what, quantity, value or the number of the earlier fact that comes back."""

facts = st.lists(
    st.tuples(
        st.integers(0, DAYS - 1),
        st.sampled_from(["in", "in", "out", "out", "found", "to shop", "from shop", "shop out"]),
        st.integers(1, 6),
        st.integers(0, 300),
    ),
    min_size=1,
    max_size=9,
)
methods = st.sampled_from([CostMethod.FIFO, CostMethod.MOVING_AVERAGE, CostMethod.LIFO])


def company(method: CostMethod, negative: NegativeStock, later: CostMethod | None = None) -> Company:
    """A company of a cost method, and of another from its fifth day on."""
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(Place(id="shop", pool="retail")))
    acme.apply(acme.put(SupplyPolicies(cost_method=method, negative_stock=negative)))
    if later is not None:
        changed = SupplyPolicies(since=START + timedelta(days=4), cost_method=later, negative_stock=negative)
        acme.apply(acme.put(changed))
    # So much at the beginning that carrying between the pools never lacks goods.
    for place in ("wh", "shop"):
        acme.apply(acme.supply.receive("nut", 100, place=place, on=START, source="opening", cost=Money("10.01", "EUR")))
    return acme


def act_of(acme: Company, fact: Fact) -> Act[Any]:
    on = START + timedelta(days=fact[0])
    _, what, quantity, value = fact
    desk = acme.supply
    match what:
        case "in":
            return desk.receive("nut", quantity, place="wh", on=on, cost=Money.of_minor(value, "EUR"))
        case "out":
            return desk.issue("nut", quantity, place="wh", on=on)
        case "found":
            return desk.adjust("nut", quantity, place="wh", on=on)
        case "to shop":
            return desk.transfer("nut", quantity, source="wh", target="shop", on=on)
        case "from shop":
            return desk.transfer("nut", quantity, source="shop", target="wh", on=on)
        case _:
            return desk.issue("nut", quantity, place="shop", on=on, target="scrap")


def pictures(acme: Company, since: int = 0) -> list[object]:
    """What every account of the cost book holds at the end of each day."""
    view = acme.view()
    found: list[object] = []
    for number in range(since, DAYS + 1):
        on = START + timedelta(days=number)
        found.append(stock_valuation(view, at=on).to_dicts())
        found += [
            sum(
                row.value
                for row in view.postings(PostingQuery(book="cost", account=account))
                if row.on <= on.isoformat()
            )
            for account in ("customer", "supplier", "scrap", "adjustment")
        ]
    return found


def check_all(acme: Company) -> None:
    view = acme.view()
    assert not stock_equals_cost(view)
    assert not conserved(view)
    assert not worthless_or_held(view)
    assert not layers_as_folded(view)
    for pool in pools(view):
        known = costbook.read(view, pool, "nut")
        if known.moves:
            wanted = costbook.targets(cost.folded(view, pool, "nut", on=START))
            booked = {key: value for key, value in known.booked.items() if value}
            assert booked == {key: value for key, value in wanted.items() if value}


@settings(max_examples=40)
@given(facts=facts, method=methods, later=st.none() | methods, order=st.randoms(use_true_random=False))
def test_the_order_of_recording_does_not_change_the_value_at_any_date(
    facts: list[Fact], method: CostMethod, later: CostMethod | None, order: Any
) -> None:
    by_date = sorted(facts, key=lambda one: one[0])
    straight, mixed = (company(method, NegativeStock.PROVISIONAL, later) for _ in range(2))
    for fact in by_date:
        straight.apply(act_of(straight, fact))
    days = [one[0] for one in by_date]
    order.shuffle(days)
    waiting = {day: [one for one in by_date if one[0] == day] for day in days}
    for day in days:  # each day's own order is kept
        mixed.apply(act_of(mixed, waiting[day].pop(0)))
    check_all(straight)
    check_all(mixed)
    assert pictures(straight) == pictures(mixed)


@settings(max_examples=25)
@given(facts=facts, late=facts, method=methods, lock=st.integers(0, DAYS - 2))
def test_nothing_recorded_later_changes_what_is_locked(
    facts: list[Fact], late: list[Fact], method: CostMethod, lock: int
) -> None:
    """A lock changes neither what was recorded before it nor the values from the first open date on."""
    acme, free = company(method, NegativeStock.PROVISIONAL), company(method, NegativeStock.PROVISIONAL)
    for one in (acme, free):
        for fact in facts:
            one.apply(act_of(one, fact))
    closed = START + timedelta(days=lock)
    lock_now(acme, closed)
    before = pictures(acme)
    for fact in late:
        moved = (max(fact[0], lock + 1), *fact[1:])
        acme.apply(act_of(acme, moved))
        free.apply(act_of(free, moved))
    assert pictures(acme)[: (lock + 1) * 5] == before[: (lock + 1) * 5]
    assert pictures(acme, lock + 1) == pictures(free, lock + 1)


def lock_now(acme: Company, upto: date) -> None:
    acme.apply(acme.finance.lock(kind=LockKind.STOCK, upto=upto))


@settings(max_examples=40)
@given(facts=facts, method=methods)
def test_whatever_is_applied_or_refused_the_books_agree(facts: list[Fact], method: CostMethod) -> None:
    acme = company(method, NegativeStock.REFUSE)
    for fact in facts:
        bigger = (fact[0], fact[1], fact[2] * 15, fact[3])
        with suppress(FloorBroken, NotCovered):
            acme.apply(act_of(acme, bigger))
    check_all(acme)


returns = st.lists(
    st.tuples(st.integers(0, DAYS + 2), st.integers(0, 8), st.integers(1, 3), st.sampled_from(["wh", "shop", "back"])),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40)
@given(facts=facts, back=returns, late=facts, method=methods)
def test_what_comes_back_to_any_pool_keeps_the_books_in_agreement(
    facts: list[Fact], back: list[tuple[int, int, int, str]], late: list[Fact], method: CostMethod
) -> None:
    """What comes back after the last fact, and all that is back-dated before it then, moves value but makes none."""
    acme = company(method, NegativeStock.PROVISIONAL)
    acme.apply(acme.put(Place(id="back", pool="returns")))
    issues = [acme.apply(act_of(acme, (day, "out", quantity, 0))).value for day, _, quantity, _ in facts]
    for days, number, quantity, place in back:
        on = START + timedelta(days=DAYS + days)
        sent = issues[number % len(issues)]
        with suppress(ReturnedMore):
            acme.apply(acme.supply.take_back(sent.id, [LineQuantity(1, quantity)], on=on, place=place))
    for fact in late:
        acme.apply(act_of(acme, fact))
    check_all(acme)
    view = acme.view()
    assert all(costbook.kept(view, pool, "nut") is not None for pool in pools(view))
    worth = sum(view.balance("cost", pool, "nut").value.minor for pool in pools(view))
    assert view.balance("journal", "1400", "EUR").value.minor == worth


@given(quantity=st.integers(1, 20), more=st.integers(1, 20))
def test_reserve_then_release_is_identity(quantity: int, more: int) -> None:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.supply.receive("nut", 40, place="wh", on=START, cost=Money("4.00", "EUR")))
    acme.apply(acme.supply.reserve("nut", more, place="wh", on=START, for_="another"))
    before = acme.supply.stock_on_hand().to_dicts(), acme.supply.stock_valuation().to_dicts()
    held = acme.apply(acme.supply.reserve("nut", quantity, place="wh", on=START, for_="order")).value
    assert acme.supply.stock_on_hand()[0, "reserved"].value.amount == quantity + more
    acme.apply(acme.supply.release(held.id, on=START))
    assert (acme.supply.stock_on_hand().to_dicts(), acme.supply.stock_valuation().to_dicts()) == before
