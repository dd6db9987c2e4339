"""Which method values what, and in which order: one rule for all moves, or several in turn, each from a date on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from attrs import field, frozen

from bizcore.change.view import View
from bizcore.kernel.days import FIRST
from bizcore.kernel.value import Value
from bizcore.supply.atstandard import Standard, StandardFold
from bizcore.supply.costmoves import BackDating, CostMethod, CostMove, State, in_order
from bizcore.supply.items import Item
from bizcore.supply.policies import SupplyPolicies, policies_for
from bizcore.supply.standards import NoStandard, StandardCost, in_pool, standards_of
from bizcore.supply.valuation import Fold

_ALWAYS = FIRST.isoformat()
_RESTATED = ((_ALWAYS, BackDating.RESTATE),)

T = TypeVar("T")
Steps = tuple[tuple[str, T], ...]
"""Answers in turn, each with the ISO date from which it is in force."""


class Rule(NamedTuple):
    """A method with the date it is in force from, and under standard cost the standard, None where none is known."""

    since: str
    method: CostMethod
    standard: Standard | None


@frozen
class Methods(Value):
    """The cost methods of an item, and what its late moves do, each with the date from which it is so; the first is from always.

    `standards` are what it is to cost under standard cost, from dates on; `of` names the pool and the item.

    >>> dated = Methods((("1900-01-01", CostMethod.FIFO), ("2026-02-01", CostMethod.MOVING_AVERAGE)))
    >>> dated.on("2026-01-31").value, dated.on("2026-02-01").value, len(dated.upto("2026-01-31").steps)
    ('fifo', 'moving_average', 1)
    """

    steps: Steps[CostMethod]
    late: Steps[BackDating] = _RESTATED
    standards: Steps[Standard] = ()
    of: tuple[str, str] = field(default=("", ""), eq=False)

    def on(self, on: str) -> CostMethod:
        """The method in force on a date."""
        return _in_force(self.steps, on)

    def standard(self, on: str) -> tuple[str, Standard] | None:
        """The standard in force on a date, with the date it is in force from; None where none is."""
        return next((one for one in reversed(self.standards) if one[0] <= on), None)

    @property
    def plain(self) -> bool:
        """Whether one method without a standard holds at all times."""
        return len(self.steps) == 1 and self.steps[0][1] is not CostMethod.STANDARD

    @property
    def rules(self) -> list[Rule]:
        """Every change of method, and under standard cost of standard, in turn."""
        found: list[Rule] = []
        for since in sorted({one[0] for one in (*self.steps, *self.standards)}):
            method, standard = self.on(since), None
            if method is CostMethod.STANDARD:
                known = self.standard(since)
                standard = None if known is None else known[1]
            if not found or found[-1][1:] != (method, standard):
                found.append(Rule(since, method, standard))
        return found

    def back_dating(self, on: str) -> BackDating:
        """What a move of a date does that is entered after later ones."""
        return _in_force(self.late, on)

    def upto(self, on: str) -> Methods:
        """Those that were in force by a date: what a value as of then rests on."""
        return Methods(_upto(self.steps, on), _upto(self.late, on), _upto(self.standards, on), self.of)

    def in_order(self, moves: Sequence[CostMove], *, after: str = "") -> list[CostMove]:
        """The moves in the order they are valued in; `after` is the last date of those known before.

        Guarantees: a move whose date says `CORRECT_TODAY` comes after all that were known before it, whatever their dates; any
        other comes where its date puts it.
        """
        if len(self.late) == 1:
            return in_order(moves, self.late[0][1])
        latest = after
        placed: list[tuple[str, int, int, CostMove]] = []
        for move in in_order(moves, BackDating.CORRECT_TODAY):
            latest = max(latest, move.on)
            at = latest if self.back_dating(move.on) is BackDating.CORRECT_TODAY else move.on
            placed.append((at, move.position, move.line, move))
        return [one[3] for one in sorted(placed, key=lambda one: one[:3])]


def _in_force(steps: Steps[T], on: str) -> T:
    return next(one for since, one in reversed(steps) if since <= on)


def _upto(steps: Steps[T], on: str) -> Steps[T]:
    return tuple(one for one in steps if one[0] <= on)


def methods_for(view: View, item: str, pool: str, *, setting: StandardCost | None = None) -> Methods:
    """The rules of an item's cost in a pool by date, by the policies of its own, of its category, of the pool and of the company.

    `setting` is a standard that is being set.
    """
    known = view.seek(Item, item)
    scopes = dict.fromkeys((item, known.category if known is not None else "", pool, ""))
    dates = {one.since for scope in scopes for one in view.find(SupplyPolicies, "since", scope) if one.since}
    days = (_ALWAYS, *sorted(one.isoformat() for one in dates))
    found = [(on, policies_for(view, item, on=on, pool=pool)) for on in days]
    steps = _steps(found, lambda one: one.cost_method)
    standards: Steps[Standard] = ()
    if any(method is CostMethod.STANDARD for _, method in steps):
        others = [one for one in standards_of(view, item) if setting is None or one.id != setting.id]
        set_now = in_pool(others if setting is None else [*others, setting], pool)
        standards = tuple((one.since.isoformat(), one.of_units) for one in set_now)
    return Methods(steps, _steps(found, lambda one: one.back_dating), standards, (pool, item))


def _steps(found: Sequence[tuple[str, SupplyPolicies]], answer: Callable[[SupplyPolicies], T]) -> Steps[T]:
    steps: list[tuple[str, T]] = []
    for on, policies in found:
        if not steps or steps[-1][1] is not answer(policies):
            steps.append((on, answer(policies)))
    return tuple(steps)


def by_methods(moves: Sequence[CostMove], methods: Methods, *, start: State | None = None, after: str = "") -> Fold:
    """Value moves in their order, each by the method in force on its own date; `after` is the last date before the start.

    Guarantees: a method that was left is not gone back to by a move that became known late. Under a new method goods go on
    from what they were worth: the layers as one common lot, or by lot, and a common lot as one layer. A standard values
    what is held from its own date on.
    Raises: NoStandard.
    """
    if methods.plain:
        return Fold(moves, methods.steps[0][1], start=start).run()
    rules = methods.rules
    latest = max(after, moves[0].on) if moves else after
    at = max(bisect_right(rules, latest, key=lambda one: one.since) - 1, 0)
    fold = StandardFold(moves, rules[at].method, start=start, standard=rules[at].standard or (0, 0))
    for index, move in enumerate(moves):
        latest = max(latest, move.on)
        due = bisect_right(rules, latest, lo=at + 1, key=lambda one: one.since) - 1
        for rule in rules[at + 1 : due + 1]:
            # A method left again without a move is nothing; a standard has changed the value on its day.
            if rule.standard is not None or rule is rules[due]:
                fold.value_at(index, *rule[:2], rule.standard or (0, 0))
        at = max(at, due)
        if rules[at].method is CostMethod.STANDARD and rules[at].standard is None:
            raise NoStandard(item=methods.of[1], pool=methods.of[0], on=move.on)
    fold.run()
    for rule in rules[at + 1 :]:
        fold.ahead(rule.since, rule.standard or (0, 0))
    return fold


def fifo(moves: Sequence[CostMove]) -> Fold:
    """Value the moves of one item in one pool, oldest goods first; moves come in their order.

    >>> bought = [CostMove("2026-01-05", 1, 1, 10_000_000, 100_00), CostMove("2026-01-06", 2, 1, 10_000_000, 200_00)]
    >>> done = fifo([*bought, CostMove("2026-01-07", 3, 1, -15_000_000, counter="customer")])
    >>> done.cost(2), done.quantity, done.value
    (20000, 5000000, 10000)
    """
    return Fold(moves, CostMethod.FIFO).run()


def moving_average(moves: Sequence[CostMove]) -> Fold:
    """Value the moves of one item in one pool by the moving average; moves come in their order.

    >>> bought = [CostMove("2026-01-05", 1, 1, 10_000_000, 100_00), CostMove("2026-01-06", 2, 1, 10_000_000, 200_00)]
    >>> done = moving_average([*bought, CostMove("2026-01-07", 3, 1, -15_000_000, counter="customer")])
    >>> done.cost(2), done.quantity, done.value
    (22500, 5000000, 7500)
    """
    return Fold(moves, CostMethod.MOVING_AVERAGE).run()
