"""Laws of goods in the books: what holds after every act, and what the order of recording must not change."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bizcore.change.act import Act
from bizcore.change.changes import FloorBroken
from bizcore.change.locks import LockKind
from bizcore.change.reading import PostingQuery
from bizcore.company import Company
from bizcore.kernel.exact import Exact
from bizcore.kernel.money import Money
from bizcore.kernel.spans import Span
from bizcore.supply import cost, costbook
from bizcore.supply.costbook import NotCovered
from bizcore.supply.costmoves import BackDating, CostMethod
from bizcore.supply.counting import LotsToCount
from bizcore.supply.fulfilment import LineQuantity
from bizcore.supply.limits import ReturnedMore
from bizcore.supply.places import Place, pools
from bizcore.supply.policies import NegativeStock, SupplyPolicies
from bizcore.supply.reports import (
    at_standard,
    conserved,
    layers_as_folded,
    stock_equals_cost,
    stock_valuation,
    worthless_or_held,
)
from bizcore.supply.stock import NotEnough
from bizcore.supply.stocktaking import counts_hold

START = date(2026, 1, 1)
DAYS = 8
Fact = tuple[int, str, int, int]
"""Day, what, quantity, value or the number of the earlier fact that comes back."""

facts = st.lists(
    st.tuples(
        st.integers(0, DAYS - 1),
        st.sampled_from(["in", "in", "out", "out", "found", "to shop", "from shop", "shop out", "standard", "count"]),
        st.integers(1, 6),
        st.integers(0, 300),
    ),
    min_size=1,
    max_size=9,
)
methods = st.sampled_from([CostMethod.FIFO, CostMethod.MOVING_AVERAGE, CostMethod.LIFO, CostMethod.STANDARD])
FIGURES = 7
"""How many figures `pictures` takes of a day."""


def company(
    method: CostMethod, negative: NegativeStock, later: CostMethod | None = None, shop: CostMethod | None = None
) -> Company:
    """A company of a cost method, and of another from its fifth day on; in the shop maybe always of one."""
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(Place(id="shop", pool="retail")))
    acme.apply(acme.put(SupplyPolicies(cost_method=method, negative_stock=negative)))
    if later is not None:
        changed = SupplyPolicies(since=START + timedelta(days=4), cost_method=later, negative_stock=negative)
        acme.apply(acme.put(changed))
    if shop is not None:
        acme.apply(acme.put(SupplyPolicies(scope="retail", cost_method=shop, negative_stock=negative)))
    acme.apply(acme.supply.set_standard("nut", Money("0.37", "EUR"), per=3, since=START))
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
        case "count":
            # So much that what is carried between the pools never lacks.
            return desk.count("nut", 80 + value % 50, place="wh" if quantity < 4 else "shop", on=on)
        case "standard":
            pool = "retail" if quantity > 4 else None
            return desk.set_standard("nut", Money.of_minor(value, "EUR"), per=quantity, since=on, pool=pool)
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
            for account in ("customer", "supplier", "scrap", "adjustment", "variance", "revaluation")
        ]
    return found


def levels(facts: list[Fact]) -> list[dict[str, int]]:
    """What lies at each place at the end of each day: the facts day by day, each day's in the order they were recorded."""
    held = {"wh": 100, "shop": 100}
    moves = {
        "in": {"wh": 1},
        "found": {"wh": 1},
        "out": {"wh": -1},
        "to shop": {"wh": -1, "shop": 1},
        "from shop": {"wh": 1, "shop": -1},
        "shop out": {"shop": -1},
    }
    found = []
    for number in range(DAYS):
        for day, what, quantity, value in facts:
            if day == number and what == "count":
                held["wh" if quantity < 4 else "shop"] = 80 + value % 50
            for place, sign in moves.get(what, {}).items() if day == number else ():
                held[place] += sign * quantity
        found.append(dict(held))
    return found


def check_all(acme: Company) -> None:
    view = acme.view()
    assert not stock_equals_cost(view)
    assert not conserved(view)
    assert not worthless_or_held(view)
    assert not layers_as_folded(view)
    assert not counts_hold(view)
    for pool in pools(view):
        known = costbook.read(view, pool, "nut")
        if known.moves:
            wanted = costbook.targets(cost.folded(view, pool, "nut", on=START))
            booked = {key: value for key, value in known.booked.items() if value}
            assert booked == {key: value for key, value in wanted.items() if value}


@settings(max_examples=40)
@given(
    facts=facts,
    method=methods,
    later=st.none() | methods,
    shop=st.none() | methods,
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_recording_does_not_change_the_value_at_any_date(
    facts: list[Fact], method: CostMethod, later: CostMethod | None, shop: CostMethod | None, order: Any
) -> None:
    by_date = sorted(facts, key=lambda one: one[0])
    straight, mixed = (company(method, NegativeStock.PROVISIONAL, later, shop) for _ in range(2))
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
@given(facts=facts, late=facts, method=methods, shop=st.none() | methods, lock=st.integers(0, DAYS - 2))
def test_nothing_recorded_later_changes_what_is_locked(
    facts: list[Fact], late: list[Fact], method: CostMethod, shop: CostMethod | None, lock: int
) -> None:
    """A lock changes neither what was recorded before it nor the values from the first open date on.

    A standard of a locked day is no move: it may be set, and tells from the first open date on.
    """
    acme, free = (company(method, NegativeStock.PROVISIONAL, shop=shop) for _ in range(2))
    for one in (acme, free):
        for fact in facts:
            one.apply(act_of(one, fact))
    closed = START + timedelta(days=lock)
    lock_now(acme, closed)
    before = pictures(acme)
    for fact in late:
        moved = fact if fact[1] == "standard" else (max(fact[0], lock + 1), *fact[1:])
        acme.apply(act_of(acme, moved))
        free.apply(act_of(free, moved))
    assert pictures(acme)[: (lock + 1) * FIGURES] == before[: (lock + 1) * FIGURES]
    assert pictures(acme, lock + 1) == pictures(free, lock + 1)


def lock_now(acme: Company, upto: date) -> None:
    acme.apply(acme.finance.lock(kind=LockKind.STOCK, upto=upto))


@settings(max_examples=40)
@given(facts=facts, method=methods, shop=st.none() | methods)
def test_whatever_is_applied_or_refused_the_books_agree(
    facts: list[Fact], method: CostMethod, shop: CostMethod | None
) -> None:
    acme = company(method, NegativeStock.REFUSE, shop=shop)
    for fact in facts:
        bigger = (fact[0], fact[1], fact[2] * 15, fact[3])
        with suppress(FloorBroken, NotCovered):
            acme.apply(act_of(acme, bigger))
    check_all(acme)


@settings(max_examples=40)
@given(facts=facts, later=st.none() | methods, shop=methods)
def test_at_standard_a_pool_is_worth_its_quantity_at_the_standard_of_the_day(
    facts: list[Fact], later: CostMethod | None, shop: CostMethod
) -> None:
    """At the end of every day, whatever was recorded when; the standard of a day is the last that was set for it."""
    acme = company(CostMethod.STANDARD, NegativeStock.PROVISIONAL, later, shop)
    standards: dict[str, dict[int, Fraction]] = {"": {0: Fraction(37, 3)}, "retail": {}}
    for fact in facts:
        acme.apply(act_of(acme, fact))
        day, what, quantity, value = fact
        if what == "standard":
            standards["retail" if quantity > 4 else ""][day] = Fraction(value, quantity)
    assert not at_standard(acme.view())
    held = levels(facts)
    for number in range(DAYS):
        table = acme.supply.stock_valuation(at=START + timedelta(days=number))
        worth = {row["pool"]: row["value"].minor for row in table.to_dicts()}
        for pool, method in (("main", later if later is not None and number >= 4 else None), ("retail", shop)):
            if method not in (None, CostMethod.STANDARD):
                continue
            own = [day for day in standards[pool if pool == "retail" else ""] if day <= number]
            scope = pool if pool == "retail" and own else ""
            each = standards[scope][max(day for day in standards[scope] if day <= number)]
            quantity = held[number]["wh" if pool == "main" else "shop"]
            assert worth.get(pool, 0) == Exact(each * quantity / 100, "EUR").round().minor


@settings(max_examples=60)
@given(facts=facts, method=methods, shop=st.none() | methods)
def test_after_whatever_is_recorded_later_there_was_at_a_count_what_was_counted(
    facts: list[Fact], method: CostMethod, shop: CostMethod | None
) -> None:
    """At the end of every day there is what a model says that sets the level at a count; nothing comes from nowhere."""
    acme = company(method, NegativeStock.PROVISIONAL, shop=shop)
    for fact in facts:
        acme.apply(act_of(acme, fact))
    check_all(acme)
    for number, wanted in enumerate(levels(facts)):
        table = acme.supply.stock_on_hand(at=START + timedelta(days=number))
        assert {row["place"]: row["on_hand"].amount for row in table.to_dicts()} == wanted
    found = acme.supply.count_differences()
    counted = sorted(80 + value % 50 for _, what, _, value in facts if what == "count")
    assert sorted(row["counted"].amount for row in found.to_dicts()) == counted
    view = acme.view()
    booked = sum(row.amount for row in view.postings(PostingQuery(book="stock", account="adjustment")))
    others = sum(quantity for _, what, quantity, _ in facts if what == "found")
    assert sum(row["difference"].amount for row in found.to_dicts()) * 1_000_000 == -booked - others * 1_000_000


by_lot = st.lists(
    st.tuples(
        st.integers(0, DAYS - 1),
        st.sampled_from(["in", "in", "out", "out of any", "count", "count all"]),
        st.sampled_from(["L1", "L2"]),
        st.integers(0, 9),
    ),
    max_size=10,
)


@settings(max_examples=60)
@given(facts=by_lot, method=methods | st.just(CostMethod.SPECIFIC), late=st.sampled_from(BackDating))
# What one issue takes of two lots before a count of all of them was booked twice in their cost.
@example(
    facts=[(2, "in", "L1", 2), (1, "in", "L2", 1), (4, "count all", "L1", 1), (3, "out of any", "L1", 2)],
    method=CostMethod.FIFO,
    late=BackDating.RESTATE,
)
def test_counts_by_lot_hold_whatever_is_applied_or_refused(
    facts: list[tuple[int, str, str, int]], method: CostMethod, late: BackDating
) -> None:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(SupplyPolicies(cost_method=method, back_dating=late)))
    acme.apply(acme.supply.set_standard("nut", Money("0.37", "EUR"), per=3, since=START))
    counted: dict[tuple[int, str], int] = {}
    for day, what, lot, quantity in facts:
        on, desk = START + timedelta(days=day), acme.supply
        cost = Money.of_minor(quantity * 7 + day, "EUR")
        acts: dict[str, Act[Any]] = {
            "in": desk.receive("nut", quantity + 1, place="wh", on=on, cost=cost, lot=lot),
            "out": desk.issue("nut", quantity + 1, place="wh", on=on, lot=lot),
            "out of any": desk.issue("nut", quantity + 1, place="wh", on=on),
            "count": desk.count("nut", quantity, place="wh", on=on, lot=lot),
            "count all": desk.count("nut", nuts(acme, on) if quantity % 2 else quantity, place="wh", on=on),
        }
        with suppress(NotEnough, FloorBroken, NotCovered, LotsToCount):
            acme.apply(acts[what])
            check_all(acme)
            if what == "count":
                counted[day, lot] = quantity
            elif what == "in":
                counted.pop((day, lot), None)  # it comes on top on that day
            elif what in ("out", "out of any", "count all"):
                counted = {key: level for key, level in counted.items() if key[0] != day}
    for (day, lot), level in counted.items():
        upto = Span(None, START + timedelta(days=day + 1))
        rows = acme.view().postings(PostingQuery(book="stock", account="wh", unit="nut", lot=lot, span=upto))
        assert sum(row.amount for row in rows) == level * 1_000_000


def nuts(acme: Company, on: date) -> int:
    """How many nuts lay at the warehouse at the end of a day."""
    rows = acme.supply.stock_on_hand(at=on).to_dicts()
    return sum(max(int(row["on_hand"].amount), 0) for row in rows)


@given(facts=facts, method=methods, shop=methods)
def test_a_standard_set_again_posts_nothing(facts: list[Fact], method: CostMethod, shop: CostMethod) -> None:
    acme = company(method, NegativeStock.PROVISIONAL, shop=shop)
    for fact in facts:
        acme.apply(act_of(acme, fact))
    for one in list(acme.supply.standard_costs):
        again = acme.supply.set_standard(one.item, one.cost, per=one.per, since=one.since, pool=one.pool or None)
        assert not acme.plan(again).entries


returns = st.lists(
    st.tuples(st.integers(0, DAYS + 2), st.integers(0, 8), st.integers(1, 3), st.sampled_from(["wh", "shop", "back"])),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40)
@given(facts=facts, back=returns, late=facts, method=methods, other=st.none() | methods)
def test_what_comes_back_to_any_pool_keeps_the_books_in_agreement(
    facts: list[Fact],
    back: list[tuple[int, int, int, str]],
    late: list[Fact],
    method: CostMethod,
    other: CostMethod | None,
) -> None:
    """What comes back after the last fact, and all that is back-dated before it then, moves value but makes none."""
    acme = company(method, NegativeStock.PROVISIONAL)
    acme.apply(acme.put(Place(id="back", pool="returns")))
    if other is not None:
        acme.apply(acme.put(SupplyPolicies(scope="returns", cost_method=other)))
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
