"""What shows itself in a notebook: drawings in which nothing overlaps, and text that stays text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from bizcore.flow.diagram import LETTER, drawn
from bizcore.flow.lifecycle import Lifecycle
from bizcore.kernel.explain import Explanation
from bizcore.kernel.markup import Shown
from bizcore.kernel.table import Column, Table

NAMES = ["draft", "open", "done", "in_transit", "x", "cancelled", "on_hold", "waiting_for_goods", "closed"]
VERBS = ["a", "ship", "cancel", "take_back_all", "reopen", "hold", "short_close"]


@st.composite
def lifecycles(draw: st.DrawFn) -> Lifecycle:
    """Any table whose states are all reached: each from one of those before it, and any other steps."""
    states = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=9, unique=True))
    table: dict[tuple[str, str], str] = {}
    for at, state in enumerate(states[1:]):
        free = [(known, verb) for known in states[: at + 1] for verb in VERBS if (known, verb) not in table]
        table[draw(st.sampled_from(free))] = state
    more = st.dictionaries(
        st.tuples(st.sampled_from(states), st.sampled_from(VERBS)), st.sampled_from(states), max_size=20
    )
    return Lifecycle("thing", states[0], {**draw(more), **table})


class Area(NamedTuple):
    """A rectangle; of a line, one without width or height."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Area) -> bool:
        """Whether the two share more than an edge."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > 0.01 and down > 0.01

    def holds(self, other: Area) -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )


class Seen(NamedTuple):
    """What an eye finds in a drawing."""

    frame: Area
    boxes: list[Area]
    texts: list[tuple[str, Area]]
    lines: list[list[Area]]
    """The straight parts of each line, a hair wide."""


def seen(svg: str) -> Seen:
    root = ET.fromstring(svg)
    boxes, texts, lines = [], [], []
    for one in root:
        said = one.attrib
        if one.tag == "rect":
            x, y, width, height = (float(said[name]) for name in ("x", "y", "width", "height"))
            boxes.append(Area(x, y, x + width, y + height))
        elif one.tag == "text":
            x, y, half = float(said["x"]), float(said["y"]), len(one.text or "") * LETTER / 2
            texts.append((one.text or "", Area(x - half, y - 9, x + half, y + 2)))
        elif one.tag == "path" and said.get("fill") == "none":
            lines.append(straight(said["d"]))
    outer = [one for one in boxes if not any(other != one and other.holds(one) for other in boxes)]
    width, height = (float(part) for part in root.attrib["viewBox"].split()[2:])
    return Seen(Area(0, 0, width, height), outer, texts, lines)


def straight(path: str) -> list[Area]:
    x = y = 0.0
    parts = []
    for command, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        given = [float(one) for one in re.findall(r"-?[\d.]+", numbers)]
        before = (x, y)
        match command:
            case "H":
                x = given[0]
            case "V":
                y = given[0]
            case "h":
                x += given[0]
            case "v":
                y += given[0]
            case "q":
                x, y = x + given[2], y + given[3]
            case _:
                x, y = given[-2:]
        if command in "HVhv":
            left, right = sorted((before[0], x))
            top, bottom = sorted((before[1], y))
            parts.append(Area(left - 0.02 * (left == right), top - 0.02 * (top == bottom), right, bottom))
    return parts


@given(lifecycle=lifecycles())
def test_nothing_in_the_drawing_of_a_lifecycle_overlaps(lifecycle: Lifecycle) -> None:
    """Boxes, words and lines each have their own place; lines may cross at right angles, and nothing else."""
    found = seen(drawn(lifecycle.name, lifecycle.initial, lifecycle.table))
    words = [area for _, area in found.texts]
    assert not [pair for pair in combinations(found.boxes, 2) if pair[0].meets(pair[1])]
    assert not [pair for pair in combinations(found.texts, 2) if pair[0][1].meets(pair[1][1])]
    for area in words:
        assert all(box.holds(area) or not box.meets(area) for box in found.boxes)
        assert found.frame.holds(area)
    lanes = [part for line in found.lines for part in line]
    for part in lanes:
        assert not any(part.meets(area) for area in words)
        inside = Area(part.left, part.top, part.right, part.bottom)
        assert not any(
            Area(b.left + 0.1, b.top + 0.1, b.right - 0.1, b.bottom - 0.1).meets(inside) for b in found.boxes
        )
    for one, other in combinations(found.lines, 2):
        for part in one:
            for against in other:
                same_way = (part.right - part.left > 0.1) == (against.right - against.left > 0.1)
                grown = Area(part.left - 0.05, part.top - 0.05, part.right + 0.05, part.bottom + 0.05)
                assert not (same_way and grown.meets(against))


@given(lifecycle=lifecycles())
def test_a_drawing_and_its_text_say_the_whole_table(lifecycle: Lifecycle) -> None:
    said = [text for text, _ in seen(drawn("thing", lifecycle.initial, lifecycle.table)).texts]
    assert sorted(said) == sorted([*lifecycle.states, *(verb for _, verb in lifecycle.table)])
    steps = {}
    state = ""
    for line in str(lifecycle).splitlines()[1:]:
        before, after = line.split(" -> ")
        state = before[2:].split(" ")[0] or state
        steps.update({(state, verb): after for verb in before[2:].lstrip().removeprefix(state).strip().split(", ")})
    assert steps == lifecycle.table


class Reader(HTMLParser):
    """Collects the text of a page, and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


HOSTILE = st.text(st.sampled_from("<>&\"'/=;! abc-"), min_size=1, max_size=30) | st.sampled_from(
    ["<script>alert(1)</script>", "<img src=x onerror=y>", '"><svg onload=z>', "</style><b>", "&lt;b&gt;", "<!--"]
)


@given(text=HOSTILE, other=HOSTILE)
def test_text_that_looks_like_markup_stays_text(text: str, other: str) -> None:
    values: list[Shown] = [
        Table([Column(text, title=other, unit=text)], [[other], [text]], title=text),
        Explanation(text, other, {text: other}, steps=[Explanation(other, text)], refused=[text]),
    ]
    for value in values:
        page = Reader(value._repr_html_())
        plain = "".join(page.texts)
        assert text in plain
        assert other in plain
        assert set(page.tags) <= {
            "div", "style", "table", "caption", "thead", "tbody", "tr", "th", "td", "small", "details", "summary", "b",
        }  # fmt: skip
