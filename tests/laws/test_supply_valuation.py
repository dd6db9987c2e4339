"""Laws of valuation, against a slower model that knows single pieces and no layers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from bizcore.supply.costmoves import CostMethod, CostMove, State, in_order
from bizcore.supply.methods import Methods, by_methods, fifo, moving_average
from bizcore.supply.timeline import Timeline
from bizcore.supply.valuation import Fold

ONE = 1_000_000
METHODS = (CostMethod.FIFO, CostMethod.MOVING_AVERAGE, CostMethod.LIFO)


@st.composite
def moves(draw: st.DrawFn, *, covered: bool = False, priced: bool = True, returns: bool = True) -> list[CostMove]:
    """Moves of one item in order; `covered` keeps the stock from going below zero."""
    held, made = 0, []
    for at in range(draw(st.integers(1, 14))):
        day = f"2026-01-{1 + at // 2:02d}"
        quantity = draw(st.integers(-6, 8).filter(bool))
        if covered and held + quantity < 0:
            quantity = -quantity
        value = draw(st.integers(0, 999)) if quantity > 0 and priced else None
        of, counter = None, "supplier" if quantity > 0 else draw(st.sampled_from(["customer", "scrap", "supplier"]))
        earlier = [one for one in made if (one.quantity > 0) != (quantity > 0)]
        if returns and earlier and draw(st.booleans()) and draw(st.booleans()):
            of = draw(st.sampled_from(earlier)).ref
            counter = "customer" if quantity > 0 else "supplier"
            value = None
        held += quantity
        made.append(CostMove(day, at + 1, 0, quantity * ONE, value, counter, of, f"m{at}"))
    return made


@given(moves=moves(), method=st.sampled_from(METHODS))
def test_nothing_held_is_worth_nothing_and_signs_agree(moves: list[CostMove], method: CostMethod) -> None:
    for stop in range(1, len(moves) + 1):
        fold = Fold(moves[:stop], method).run()
        assert fold.quantity == sum(one.quantity for one in moves[:stop])
        assert fold.quantity or fold.value == 0
        assert fold.quantity * fold.value >= 0


@st.composite
def dated_methods(draw: st.DrawFn) -> Methods:
    """Methods and standards that change on some of the days of `moves`; the first day has both."""
    days = draw(st.lists(st.integers(2, 9), unique=True, max_size=3).map(sorted))
    every = [*METHODS, CostMethod.STANDARD, CostMethod.STANDARD]
    steps = [("2026-01-01", draw(st.sampled_from(every)))]
    steps += [(f"2026-01-{day:02d}", draw(st.sampled_from(every))) for day in days]
    standards = [("2026-01-01", (ONE, draw(st.integers(0, 99))))]
    standards += [
        (f"2026-01-{day:02d}", (draw(st.integers(1, 7)) * ONE, draw(st.integers(0, 99))))
        for day in draw(st.lists(st.integers(2, 9), unique=True, max_size=3).map(sorted))
    ]
    return Methods(tuple(steps), standards=tuple(standards))


@given(moves=moves(), methods=dated_methods())
def test_with_standards_too_issues_and_stock_are_receipts_and_variances(
    moves: list[CostMove], methods: Methods
) -> None:
    fold = by_methods(moves, methods)
    assert fold.value == sum(line.value for line in fold.lines()) + sum(
        one.value for one in fold.revalued if not one.ahead
    )
    assert fold.quantity * fold.value >= 0
    assert fold.quantity or fold.value == 0
    assert fold.state.value == fold.value


@given(moves=moves(), methods=dated_methods())
def test_at_standard_the_value_is_the_quantity_at_the_standard_after_every_move(
    moves: list[CostMove], methods: Methods
) -> None:
    for stop in range(1, len(moves) + 1):
        last = moves[stop - 1].on
        found = methods.standard(last)
        if methods.on(last) is CostMethod.STANDARD and found is not None:
            fold = by_methods(moves[:stop], methods)
            per, cost = found[1]
            assert abs(fold.value) == (2 * abs(fold.quantity) * cost + per) // (2 * per)


@given(moves=moves(returns=False), cut=st.integers(1, 13), methods=dated_methods())
def test_going_on_at_standard_is_folding_from_the_beginning(moves: list[CostMove], cut: int, methods: Methods) -> None:
    """Within one rule: where another comes into force the books fold anew."""
    first, later = moves[:cut], moves[cut:]
    since = max((one.since for one in methods.rules if one.since <= first[-1].on), default="")
    until = min((one.since for one in methods.rules if one.since > since), default="9")
    later = [one for one in later if one.on < until]
    whole = by_methods([*first, *later], methods)
    rest = by_methods(later, methods, start=by_methods(first, methods).state, after=first[-1].on)
    assert list(rest.values) == list(whole.values)[len(first) :]
    assert not later or rest.state == whole.state


@given(moves=moves(), method=st.sampled_from(METHODS))
def test_issues_and_stock_are_receipts_and_variances(moves: list[CostMove], method: CostMethod) -> None:
    fold = Fold(moves, method).run()
    assert fold.value == sum(fold.values) + sum(one.value for one in fold.variances)
    assert fold.value == sum(line.value for line in fold.lines())


def pieces_fifo(moves: list[tuple[int, int]]) -> tuple[list[int], int]:
    """Each piece has a cost of its own; the oldest leaves first: costs of the issues, value of what is left."""
    shelf: list[int] = []
    costs = []
    for quantity, each in moves:
        if quantity > 0:
            shelf += [each] * quantity
        else:
            costs.append(sum(shelf.pop(0) for _ in range(-quantity)))
    return costs, sum(shelf)


def pieces_lifo(moves: list[tuple[int, int]]) -> tuple[list[int], int]:
    shelf: list[int] = []
    costs = []
    for quantity, each in moves:
        if quantity > 0:
            shelf += [each] * quantity
        else:
            costs.append(sum(shelf.pop() for _ in range(-quantity)))
    return costs, sum(shelf)


@st.composite
def priced_pieces(draw: st.DrawFn) -> list[tuple[int, int]]:
    held, made = 0, []
    for quantity, each in draw(st.lists(st.tuples(st.integers(-9, 9).filter(bool), st.integers(0, 500)), max_size=20)):
        signed = quantity if held + quantity >= 0 else -quantity
        held += signed
        made.append((signed, each))
    return made


def as_moves(pieces: list[tuple[int, int]]) -> list[CostMove]:
    return [
        CostMove(
            "2026-01-01", at, 0, quantity * ONE, quantity * each if quantity > 0 else None, ref=f"m{at}", counter="x"
        )
        for at, (quantity, each) in enumerate(pieces)
    ]


@pytest.mark.parametrize("method", [CostMethod.FIFO, CostMethod.LIFO])
@given(pieces=priced_pieces())
def test_layers_cost_what_single_pieces_cost(method: CostMethod, pieces: list[tuple[int, int]]) -> None:
    fold = Fold(as_moves(pieces), method).run()
    costs, left = (pieces_fifo if method is CostMethod.FIFO else pieces_lifo)(pieces)
    assert [fold.cost(at) for at, (quantity, _) in enumerate(pieces) if quantity < 0] == costs
    assert fold.value == left
    for at, (quantity, _) in enumerate(pieces):
        if quantity < 0:
            assert sum(one.quantity for one in fold.uses(at)) == -quantity * ONE
            assert sum(one.value for one in fold.uses(at)) == fold.cost(at)


@given(pieces=priced_pieces())
def test_an_average_issue_is_off_by_half_a_cent_at_most(pieces: list[tuple[int, int]]) -> None:
    fold = moving_average(as_moves(pieces))
    held, worth = 0, 0
    for at, (quantity, each) in enumerate(pieces):
        if quantity > 0:
            held, worth = held + quantity, worth + quantity * each
            continue
        cost = fold.cost(at)
        assert abs(cost - Fraction(worth * -quantity, held)) <= Fraction(1, 2)
        held, worth = held + quantity, worth - cost
    assert (held * ONE, worth) == (fold.quantity, fold.value)


@given(moves=moves(returns=False), cut=st.integers(0, 14), method=st.sampled_from(METHODS))
def test_going_on_from_kept_layers_is_folding_from_the_beginning(
    moves: list[CostMove], cut: int, method: CostMethod
) -> None:
    whole = Fold(moves, method).run()
    first = Fold(moves[:cut], method).run()
    rest = Fold(moves[cut:], method, start=first.state).run()
    assert list(rest.values) == list(whole.values)[cut:]
    assert (rest.quantity, rest.value) == (whole.quantity, whole.value)
    assert [one.value for one in rest.variances] == [one.value for one in whole.variances if one.at >= cut]
    assert rest.state == whole.state
    state, values = State(), []
    for move in moves:
        step = Fold([move], method, start=state).run()
        state, values = step.state, [*values, *step.values]
    assert (state, values) == (whole.state, list(whole.values))


@given(moves=moves(), order=st.randoms(use_true_random=False), method=st.sampled_from(METHODS))
def test_a_timeline_is_the_fold_whatever_the_order_of_recording(
    moves: list[CostMove], order: object, method: CostMethod
) -> None:
    known = list(moves)
    order.shuffle(known)  # type: ignore[attr-defined]
    line = Timeline(known[:1], method=method)
    for one in known[1:]:
        line = line.with_move(one)
    whole = Fold(in_order(moves), method).run()
    assert list(line.fold.values) == list(whole.values)
    assert line.fold.state == whole.state
    for day in sorted({one.on for one in moves}):
        until = Fold([one for one in in_order(moves) if one.on <= day], method).run()
        assert line.at(day) == (until.quantity, until.value)


@given(moves=moves(covered=True), factor=st.integers(2, 9))
def test_values_scale_with_the_quantity_unit(moves: list[CostMove], factor: int) -> None:
    """Counting in another unit changes no value."""
    finer = [evolve(one, quantity=one.quantity * factor) for one in moves]
    assert list(fifo(moves).values) == list(fifo(finer).values)
