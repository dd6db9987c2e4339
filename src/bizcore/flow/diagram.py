"""A lifecycle drawn: states in a row, an arrow for each step, the verbs on it; plain SVG whose places are counted, not tried.

Nothing overlaps by construction. Boxes stand in one row with a gap as wide as the longest verb between them. A step to the next
state is a straight arrow in the gap. Every other one rises from its box, runs in a lane above the row, where no other is at the
same place, and comes down; its verbs lie on the lane over a gap, where nothing rises. Verbs that stay in a state stand below it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Final, NamedTuple

from attrs import frozen

from bizcore.kernel.markup import Html, element

LETTER: Final = 7.0
"""Width of a letter, generously: the reader's own font may be wide."""
LINE: Final = 13.0
HEIGHT: Final = 28.0
_MARGIN: Final = 10.0
_START: Final = 30.0
_ORDERED_MAX: Final = 7
"""Up to so many states every order of the row is looked at; more stand as they are first reached."""


class Arrow(NamedTuple):
    """Every verb from one state to another."""

    source: str
    target: str
    verbs: tuple[str, ...]


def arrows(steps: Mapping[tuple[str, str], str]) -> tuple[Arrow, ...]:
    """The steps of a lifecycle, those with the same ends as one.

    >>> arrows({("on", "break"): "broken", ("on", "fall"): "broken", ("on", "press"): "off"})
    (Arrow(source='on', target='broken', verbs=('break', 'fall')), Arrow(source='on', target='off', verbs=('press',)))
    """
    found: dict[tuple[str, str], list[str]] = {}
    for (state, verb), after in steps.items():
        found.setdefault((state, after), []).append(verb)
    return tuple(Arrow(source, target, tuple(sorted(verbs))) for (source, target), verbs in sorted(found.items()))


def in_row(initial: str, found: Sequence[Arrow]) -> tuple[str, ...]:
    """The states from left to right: the initial one first, those that nothing leads out of last, else so that arrows are short.

    >>> in_row("off", arrows({("off", "press"): "on", ("on", "press"): "off", ("on", "break"): "broken"}))
    ('off', 'on', 'broken')
    """
    reached = [initial]
    for state in reached:
        reached += sorted({one.target for one in found if one.source == state} - set(reached))
    reached += sorted({state for one in found for state in one[:2]} - set(reached))
    if len(reached) > _ORDERED_MAX:
        return tuple(reached)

    leaving = {one.source for one in found if one.source != one.target}

    def cost(order: Sequence[str]) -> tuple[int, int, tuple[str, ...]]:
        place = {state: at for at, state in enumerate((initial, *order))}
        spans = [place[one.target] - place[one.source] for one in found]
        early = sum(len(order) - at for at, state in enumerate(order) if state not in leaving)
        return early, sum(abs(span) + 2 * (span < 0) for span in spans if span != 1), tuple(order)

    return (initial, *min(permutations(reached[1:]), key=cost))


@frozen
class Plan:
    """Where everything stands: the states in their row, the width of a box and of a gap, the lane of each arrow that has one."""

    row: tuple[str, ...]
    arrows: tuple[Arrow, ...]
    box: float
    gap: float
    lanes: tuple[tuple[Arrow, ...], ...]

    def at(self, state: str) -> int:
        """The place of a state in the row."""
        return self.row.index(state)

    def span(self, arrow: Arrow) -> tuple[int, int]:
        """The places of its ends, from left to right."""
        low, high = sorted((self.at(arrow.source), self.at(arrow.target)))
        return low, high

    def left(self, place: int) -> float:
        """The left edge of a box."""
        return _START + _MARGIN + place * (self.box + self.gap)

    @property
    def clear(self) -> float:
        """The room above the row that verbs on straight arrows take."""
        most = max((len(one.verbs) for one in self.arrows if is_straight(self, one)), default=0)
        return max(0.0, most * LINE + 6 - HEIGHT / 2) + 6

    def height(self, lane: int) -> float:
        """How high above the row a lane runs."""
        below = sum(max(len(one.verbs) for one in some) * LINE + 9 for some in self.lanes[:lane])
        return self.clear + below + 6

    @property
    def top(self) -> float:
        """Where the row begins."""
        last = [max(len(one.verbs) for one in some) * LINE + 4 for some in self.lanes[-1:]]
        return _MARGIN + (self.height(len(self.lanes) - 1) + last[0] if last else self.clear)

    def port(self, arrow: Arrow, place: int) -> float:
        """Where an arrow meets the upper edge of a box: arrows to the left come first, and none crosses its own neighbours."""
        mine = []
        for lane, some in enumerate(self.lanes):
            for one in some:
                low, high = self.span(one)
                if place in (low, high):
                    goes_right = place == low
                    mine.append(((goes_right, -lane if goes_right else lane), one))
        order = [one for _, one in sorted(mine)]
        return self.left(place) + self.box * (order.index(arrow) + 1) / (len(order) + 1)


def is_straight(plan: Plan, arrow: Arrow) -> bool:
    """Whether it leads to the next state of the row."""
    return plan.at(arrow.target) == plan.at(arrow.source) + 1


def planned(initial: str, steps: Mapping[tuple[str, str], str]) -> Plan:
    """Place a lifecycle.

    Guarantees: two arrows in one lane have no gap in common; a gap holds the longest verb, a box its state and the verbs below.
    """
    found = arrows(steps)
    row = in_row(initial, found)
    verbs = [verb for one in found for verb in one.verbs if one.source != one.target]
    inside = [*row, *(verb for one in found for verb in one.verbs if one.source == one.target)]
    box = max(len(text) for text in inside) * LETTER + 26
    gap = max((len(text) for text in verbs), default=0) * LETTER + 22
    bare = Plan(row, found, box, gap, ())
    lanes: list[list[Arrow]] = []
    above = [one for one in found if one.source != one.target and not is_straight(bare, one)]
    for one in sorted(above, key=lambda arrow: (bare.span(arrow)[1] - bare.span(arrow)[0], arrow)):
        low, high = bare.span(one)
        for some in lanes:
            if all(high <= bare.span(other)[0] or bare.span(other)[1] <= low for other in some):
                some.append(one)
                break
        else:
            lanes.append([one])
    return Plan(row, found, box, gap, tuple(map(tuple, lanes)))


def drawn(name: str, initial: str, steps: Mapping[tuple[str, str], str]) -> Html:
    """The lifecycle as SVG: a dot leads to where a document begins, a double frame is where nothing leads out."""
    plan = planned(initial, steps)
    top, middle = plan.top, plan.top + HEIGHT / 2
    leaving = {state for state, _ in steps}
    parts = [
        element("circle", {"cx": f"{_MARGIN + 4:g}", "cy": f"{middle:g}", "r": 4, "fill": "currentColor"}),
        _line(f"M{_MARGIN + 8:g} {middle:g}H{plan.left(0):g}"),
        _tip(plan.left(0), middle, "right"),
    ]
    for place, state in enumerate(plan.row):
        parts += _box(plan.left(place), top, plan.box, state, is_final=state not in leaving)
    deepest = 0
    for one in plan.arrows:
        if one.source == one.target:
            parts += _loop(plan.left(plan.at(one.source)) + plan.box / 2, top + HEIGHT, one.verbs)
            deepest = max(deepest, len(one.verbs))
        elif is_straight(plan, one):
            start, end = plan.left(plan.at(one.source)) + plan.box, plan.left(plan.at(one.target))
            parts += [_line(f"M{start:g} {middle:g}H{end:g}"), _tip(end, middle, "right")]
            parts += _verbs((start + end) / 2, middle - 5, one.verbs)
    for lane, some in enumerate(plan.lanes):
        for one in some:
            parts += _arch(plan, one, top - plan.height(lane), top)
    width = plan.left(len(plan.row) - 1) + plan.box + _MARGIN
    height = top + HEIGHT + _MARGIN + (deepest * LINE + 18 if deepest else 0)
    frame = {
        "viewBox": f"0 0 {width:g} {height:g}", "width": f"{width:g}",
        "height": f"{height:g}", "role": "img", "font-family": "system-ui,sans-serif", "font-size": 12, "fill": "currentColor",
        "text-anchor": "middle",
    }  # fmt: skip
    return element("svg", frame, element("title", {}, f"lifecycle of {name}"), *parts)


def _arch(plan: Plan, arrow: Arrow, lane: float, top: float) -> list[Html]:
    """Up from the source, along its lane, down to the target, with the verbs over the gap in its middle."""
    start, end = plan.port(arrow, plan.at(arrow.source)), plan.port(arrow, plan.at(arrow.target))
    low, high = plan.span(arrow)
    gap = (low + high - 1) // 2
    turn = 5 if end > start else -5
    path = (
        f"M{start:g} {top:g}V{lane + 5:g}Q{start:g} {lane:g} {start + turn:g} {lane:g}"
        f"H{end - turn:g}Q{end:g} {lane:g} {end:g} {lane + 5:g}V{top:g}"
    )
    return [
        _line(path),
        _tip(end, top, "down"),
        *_verbs(plan.left(gap) + plan.box + plan.gap / 2, lane - 4, arrow.verbs),
    ]


def _box(left: float, top: float, width: float, state: str, *, is_final: bool) -> list[Html]:
    parts = [_frame(left, top, width, HEIGHT)]
    if is_final:
        parts.append(_frame(left + 3, top + 3, width - 6, HEIGHT - 6))
    said = {"x": f"{left + width / 2:g}", "y": f"{top + HEIGHT / 2 + 4:g}", "font-weight": 600}
    return [*parts, element("text", said, state)]


def _frame(left: float, top: float, width: float, height: float) -> Html:
    place = {"x": f"{left:g}", "y": f"{top:g}", "width": f"{width:g}", "height": f"{height:g}", "rx": 6}
    return element("rect", {**place, "fill": "none", "stroke": "currentColor"})


def _loop(middle: float, bottom: float, verbs: tuple[str, ...]) -> list[Html]:
    path = f"M{middle - 9:g} {bottom:g}v6q0 5 5 5h8q5 0 5 -5V{bottom:g}"
    return [_line(path), _tip(middle + 9, bottom, "up"), *_verbs(middle, bottom + 11 + len(verbs) * LINE, verbs)]


def _verbs(middle: float, bottom: float, verbs: tuple[str, ...]) -> list[Html]:
    """One a line, the last one at the bottom."""
    first = bottom - (len(verbs) - 1) * LINE
    return [
        element("text", {"x": f"{middle:g}", "y": f"{first + at * LINE:g}", "font-size": 11, "opacity": ".8"}, verb)
        for at, verb in enumerate(verbs)
    ]


def _line(path: str) -> Html:
    return element("path", {"d": path, "fill": "none", "stroke": "currentColor", "stroke-opacity": ".6"})


def _tip(x: float, y: float, towards: str) -> Html:
    """The head of an arrow; drawn, because a marker would need an id, and ids of two drawings on a page meet."""
    shape = {"right": "l-7 -3.5v7z", "down": "l-3.5 -7h7z", "up": "l-3.5 7h7z"}[towards]
    return element("path", {"d": f"M{x:g} {y:g}{shape}"})
