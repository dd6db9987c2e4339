"""An explanation: the rule, its inputs, its result, and what was refused on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from attrs import field, frozen

from bizcore.kernel.value import Value


def _inputs(value: Mapping[str, object] | Iterable[tuple[str, object]]) -> tuple[tuple[str, str], ...]:
    pairs = value.items() if isinstance(value, Mapping) else value
    return tuple((name, str(one)) for name, one in pairs)


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


def _steps(value: Iterable[Explanation]) -> tuple[Explanation, ...]:
    return tuple(value)


@frozen
class Explanation(Value):
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

    def _repr_html_(self) -> str:
        """A tree that folds, escaped."""
        given = ", ".join(f"{escape(name)}: {escape(value)}" for name, value in self.inputs)
        inner = "".join(f"<div>not {escape(one)}</div>" for one in self.refused)
        inner += "".join(step._repr_html_() for step in self.steps)
        head = f"{escape(self.rule)} = <b>{escape(self.result)}</b> <small>{given}</small>"
        return f"<details open><summary>{head}</summary><div style='margin-left:1em'>{inner}</div></details>"
