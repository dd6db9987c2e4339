"""The cost book of an item in a pool: its moves read back from postings, what is booked, what is kept of the last fold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import evolve, frozen

from bizcore.book.lots import release_int
from bizcore.change.changes import Derived
from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.kernel.errors import Refused
from bizcore.kernel.exact import plain_number
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.supply.costmoves import REVALUATION, BackDating, CostMethod, CostMove, Layer, Line, Short, State
from bizcore.supply.counts import COUNT
from bizcore.supply.methods import Methods, by_methods
from bizcore.supply.policies import NegativeStock, SupplyPolicies
from bizcore.supply.valuation import Fold

LAYERS: Final = "cost.layers"
"""The name of the derived result: open layers after the last move."""

ORIGIN: Final = "origin"
"""The dimension of a return that names the pool its goods had left, when it is another."""
HEIR: Final = "heir"
"""The dimension of a posting of nothing in that pool, which names the pool the goods came back to."""

Key = tuple[str, str]
"""A date, and the counter account: one adjusting line each."""


class NotCovered(Refused):
    """At some date more has left a cost pool than had come in by then."""

    code = "not_covered"
    allowed: tuple[str, ...] = (
        "receive the goods first",
        "date the issue later",
        "SupplyPolicies(negative_stock=PROVISIONAL)",
    )

    def __init__(self, *, item: str, pool: str, on: str, quantity: Quantity) -> None:
        super().__init__(
            f"on {on} pool {pool} lacks {plain_number(quantity.amount)} of {item}",
            item=item,
            pool=pool,
            on=on,
            quantity=quantity,
        )


@frozen
class Known:
    """What the cost book holds of an item in a pool: the moves, and the value booked by date and counter account.

    `between` are the moves that pass to or from another pool: that pool by the move's ref. `origins` are the returns of what
    left another pool, by ref alike; `heirs` the pools that such returns of what left this one went to.
    """

    moves: tuple[CostMove, ...]
    booked: Mapping[Key, int]
    between: Mapping[str, str]
    origins: Mapping[str, str]
    heirs: frozenset[str]


def read(view: View, pool: str, item: str) -> Known:
    """Read an item's cost book in a pool."""
    moves: list[CostMove] = []
    booked: dict[Key, int] = {}
    between: dict[str, str] = {}
    origins: dict[str, str] = {}
    heirs: set[str] = set()
    for row in view.postings(PostingQuery(book="cost", account=pool, unit=item)):
        dims: dict[str, str] = json.loads(row.dims)
        counter = dims["with"]
        key = (dims.get("about", row.on), counter)
        booked[key] = booked.get(key, 0) + row.value
        if HEIR in dims:
            heirs.add(dims[HEIR])
        if not row.amount:
            continue
        if ORIGIN in dims:
            origins[dims["ref"]] = dims[ORIGIN]
        stated = dims.get("cost")
        if "pool" in dims:
            between[dims["ref"]] = counter
        moves.append(
            CostMove(
                row.on,
                row.position,
                row.line,
                row.amount,
                None if stated is None else Money(stated, view.currency).minor,
                counter,
                dims.get("of"),
                dims.get("ref", ""),
                dims.get("lot", ""),
                dims.get(COUNT, ""),
            )
        )
    return Known(tuple(moves), booked, between, origins, frozenset(heirs))


def with_counts(moves: Sequence[CostMove], moments: Mapping[str, int], methods: Methods) -> tuple[CostMove, ...]:
    """The moves, with all that a count's line came to book as one, where it was counted; nothing when it comes to nothing.

    `moments` are the positions of the counts, by line. Lots stay apart where they have costs of their own. Where late moves are
    valued as they become known, so are these.
    """
    found: list[CostMove] = []
    parts: dict[tuple[str, str], CostMove] = {}
    by_lot = any(method is CostMethod.SPECIFIC for _, method in methods.steps)
    for one in sorted(moves, key=lambda one: (one.position, one.line)):
        if not one.count or methods.back_dating(one.on) is BackDating.CORRECT_TODAY:
            found.append(one)
            continue
        key = (one.count, one.lot if by_lot else "")
        first = parts.pop(key, None)
        if first is None:
            parts[key] = evolve(one, position=moments[one.count])
        elif first.quantity + one.quantity:
            lot = one.lot if one.lot == first.lot else ""
            parts[key] = evolve(first, quantity=first.quantity + one.quantity, lot=lot)
    # In the order of the lines, which is that in which they were booked at first.
    for at, (_, one) in enumerate(sorted(parts.items(), key=lambda part: _line_of(*part[0]))):
        found.append(evolve(one, line=at))
    return tuple(found)


def _line_of(count: str, lot: str) -> tuple[str, int, str]:
    document, _, line = count.rpartition("/")
    return document, int(line), lot


def valued(moves: Iterable[CostMove], fed: Mapping[str, int], methods: Methods) -> Fold:
    """Fold the moves by the methods of their dates; `fed` is what came from other pools, by ref."""
    ordered = methods.in_order(
        [
            evolve(one, value=fed[one.ref]) if one.quantity > 0 and one.value is None and one.ref in fed else one
            for one in moves
        ]
    )
    return by_methods(ordered, methods)


def shares(fold: Fold, issue: int, returns: Iterable[CostMove], methods: Methods) -> dict[str, int]:
    """What each return of an issue is worth, whatever pool it comes to: its share of what the issue had cost by then.

    Guarantees: returned in whatever parts, the parts sum to the whole, as within one pool.
    """
    sent = fold.moves[issue]
    back = {one.ref: one for one in returns}
    later: dict[str, int] = {}
    steps = {sent.ref: sent}
    for one in fold.variances:
        if one.issue == sent.ref:
            cover = fold.moves[one.at]
            later[cover.ref] = later.get(cover.ref, 0) - one.value
            steps[cover.ref] = cover
    order = methods.in_order([*(steps | back).values()])
    left, worth = -sent.quantity, -fold.values[issue]
    found: dict[str, int] = {}
    for move in order[order.index(sent) + 1 :]:
        if move.ref in back:
            took = min(left, move.quantity)
            share = release_int(left, worth, took) if took else 0
            left, worth = left - took, worth - share
            # More than went is worth each what the issue was.
            found[move.ref] = share + release_int(sent.quantity, fold.values[issue], move.quantity - took)
        worth += later.get(move.ref, 0)
    return found


def check_covered(fold: Fold, before: Fold | None, policies: SupplyPolicies, *, pool: str, item: str) -> None:
    """Refuse what was never there, unless the policy values it provisionally. Raises: NotCovered."""
    if not fold.shortages:
        return
    refused = policies.negative_stock is NegativeStock.REFUSE
    # Goods that were short before the policy was tightened are not this change's doing.
    if refused and before is not None and sum(before.shortages.values()) >= sum(fold.shortages.values()):
        return
    if refused:
        index, need = next(iter(fold.shortages.items()))
        raise NotCovered(item=item, pool=pool, on=fold.moves[index].on, quantity=Quantity.of_scaled(need, item))


def check_passed_on(fold: Fold, between: Mapping[str, str], *, pool: str, item: str) -> None:
    """Refuse to pass on to another pool what is not there: its cost there would rest on a guess. Raises: NotCovered."""
    for index, need in fold.shortages.items():
        move = fold.moves[index]
        if move.ref in between:
            raise NotCovered(item=item, pool=pool, on=move.on, quantity=Quantity.of_scaled(need, item))


# -- the result kept between acts ------------------------------------------------------------------------------------


@frozen
class Kept:
    """Where the fold of an item in a pool stood after its last move, by which methods until then."""

    methods: Methods
    on: str
    state: State


def kept(view: View, pool: str, item: str) -> Kept | None:
    """The state kept with the last change of this balance; None when it is not there or not of that change."""
    position = view.balance("cost", pool, item).position
    if not position:
        return Kept(Methods(()), "", State())
    found = view.derived(LAYERS, f"{pool}/{item}")
    if found is None or found[1] != position:
        return None
    data = json.loads(found[0])
    if "methods" not in data or "late" not in data:  # kept by an earlier release: the next move folds anew
        return None
    return Kept(
        Methods(
            tuple((since, CostMethod(method)) for since, method in data["methods"]),
            tuple((since, BackDating(answer)) for since, answer in data["late"]),
            tuple((since, (per, cost)) for since, per, cost in data.get("standards", ())),
        ),
        data["on"],
        State(
            tuple(Layer(*one) for one in data["layers"]),
            tuple(Short(*one) for one in data["shorts"]),
            (data["last"][0], data["last"][1]),
        ),
    )


def keep(pool: str, item: str, fold: Fold, on: str, methods: Methods) -> Derived:
    """The state after a fold, to be written with the change."""
    state, until = fold.state, methods.upto(on)
    body = json.dumps(
        {
            "last": state.last,
            "late": [(since, answer.value) for since, answer in until.late],
            "layers": state.layers,
            "methods": [(since, method.value) for since, method in until.steps],
            "on": on,
            "shorts": state.shorts,
            "standards": [(since, *standard) for since, standard in until.standards],
        },
        separators=(",", ":"),
    )
    return Derived(LAYERS, f"{pool}/{item}", body)


def goes_on(known: Kept | None, moves: Sequence[CostMove], methods: Methods) -> bool:
    """Whether the fold can go on from what was kept: no move is earlier, none points back, the rules are still the same."""
    if known is None:
        return False
    begin = known.on or min(one.on for one in moves)
    if known.on and known.methods != methods.upto(known.on):
        return False
    if any(methods.upto(max(begin, one.on)).steps != methods.upto(begin).steps for one in moves):
        return False
    # What a standard changes later is booked ahead, for the quantity held by then.
    if not methods.plain and any(one.since > begin and one.method is CostMethod.STANDARD for one in methods.rules):
        return False
    return all(
        one.of is None and (one.on >= known.on or methods.back_dating(one.on) is BackDating.CORRECT_TODAY)
        for one in moves
    )


def targets(fold: Fold) -> dict[Key, int]:
    """What the cost book should hold by date and counter account."""
    found: dict[Key, int] = {}
    for line in fold.lines():
        key = (fold.moves[line.move].on, line.counter)
        found[key] = found.get(key, 0) + line.value
    for one in fold.revalued:
        found[one.on, REVALUATION] = found.get((one.on, REVALUATION), 0) + one.value
    return found


def lines_by_ref(fold: Fold, refs: Iterable[str]) -> dict[str, list[Line]]:
    """The lines of some moves of a fold."""
    wanted = set(refs)
    found: dict[str, list[Line]] = {ref: [] for ref in wanted}
    for line in fold.lines():
        ref = fold.moves[line.move].ref
        if ref in wanted:
            found[ref].append(line)
    return found
