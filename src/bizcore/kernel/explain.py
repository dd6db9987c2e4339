"""An explanation: the rule, its inputs, its result, and what was refused on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import field, frozen

from bizcore.kernel.markup import ROWS_MAX, Html, Shown, element, folded, joined
from bizcore.kernel.value import Value

_OPEN: Final = 2


def _inputs(value: Mapping[str, object] | Iterable[tuple[str, object]]) -> tuple[tuple[str, str], ...]:
    pairs = value.items() if isinstance(value, Mapping) else value
    return tuple((name, str(one)) for name, one in pairs)


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


def _steps(value: Iterable[Explanation]) -> tuple[Explanation, ...]:
    return tuple(value)


@frozen
class Explanation(Shown, Value):
    """Why a figure is what it is; steps are explanations again.

    >>> print(Explanation("sum of lines", "30.00 EUR", {"lines": 2}, steps=[Explanation("line", "10.00 EUR")]))
    sum of lines = 30.00 EUR (lines: 2)
      line = 10.00 EUR
    """

    rule: str
    result: str
    inputs: tuple[tuple[str, str], ...] = field(default=(), converter=_inputs)
    steps: tuple[Explanation, ...] = field(default=(), converter=_steps, kw_only=True)
    refused: tuple[str, ...] = field(default=(), converter=_texts, kw_only=True)

    def __str__(self) -> str:
        """An indented tree."""
        return "\n".join(self._lines(0))

    def _lines(self, depth: int) -> list[str]:
        given = f" ({', '.join(f'{name}: {value}' for name, value in self.inputs)})" if self.inputs else ""
        lines = [f"{'  ' * depth}{self.rule} = {self.result}{given}"]
        lines += [f"{'  ' * (depth + 1)}not {one}" for one in self.refused]
        for step in self.steps:
            lines += step._lines(depth + 1)
        return lines

    def markup(self) -> Html:
        """A tree that folds; its first two levels are open, and of very many steps the first hundred are shown."""
        return self._tree(0)

    def _tree(self, depth: int) -> Html:
        given = ", ".join(f"{name}: {value}" for name, value in self.inputs)
        head = joined([f"{self.rule} = ", element("b", {}, self.result), " ", element("small", {}, given)])
        inner = [element("div", {"class": "leaf"}, f"not {one}") for one in self.refused]
        inner += [step._tree(depth + 1) for step in self.steps[:ROWS_MAX]]
        if len(self.steps) > ROWS_MAX:
            more = f"and {len(self.steps) - ROWS_MAX} more steps"
            inner.append(element("div", {"class": "leaf"}, element("small", {}, more)))
        if not inner:
            return element("div", {"class": "leaf"} if depth else {}, head)
        return folded(head, *inner, is_open=depth < _OPEN)
