"""A lifecycle is a table that refuses: `{(state, verb): next state}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from bizcore.flow.diagram import arrows, drawn
from bizcore.kernel.errors import Invalid, Refused, shown
from bizcore.kernel.maps import Map
from bizcore.kernel.markup import Html, Shown


class IllegalStep(Refused):
    """The verb is not legal in this state; `allowed` names those that are."""

    code = "illegal_step"

    def __init__(self, *, lifecycle: str, state: str, verb: str, allowed: tuple[str, ...]) -> None:
        super().__init__(
            f"a {lifecycle} that is {state} does not {verb}; legal now: {', '.join(allowed) or 'nothing'}",
            lifecycle=lifecycle,
            state=state,
            verb=verb,
            allowed=allowed,
        )


class ConditionUnmet(Refused):
    """The verb is legal in this state, but the document does not fulfil its condition; `allowed` names what is legal now."""

    code = "condition_unmet"

    def __init__(self, *, lifecycle: str, state: str, verb: str, why: str, allowed: tuple[str, ...]) -> None:
        super().__init__(
            f"a {lifecycle} that is {state} does not {verb} yet: {why}; legal now: {', '.join(allowed) or 'nothing'}",
            lifecycle=lifecycle,
            state=state,
            verb=verb,
            why=why,
            allowed=allowed,
        )


class BadLifecycle(Invalid):
    """A table by which no document could live."""

    code = "bad_lifecycle"

    def __init__(self, *, lifecycle: str, why: str) -> None:
        super().__init__(f"lifecycle {lifecycle!r}: {why}", lifecycle=lifecycle, why=why)


Condition = Callable[[Any], str]
"""What a document must fulfil before a verb: says what is missing, nothing when all is there."""


def _steps(table: Mapping[tuple[str, str], str]) -> Map[str]:
    given: object = table
    if not isinstance(given, Mapping):
        raise BadLifecycle(lifecycle=shown(given), why="a table is {(state, verb): next state}")
    for key, after in given.items():
        if not isinstance(key, tuple) or len(key) != 2:
            raise BadLifecycle(lifecycle=shown(key), why="a table is {(state, verb): next state}")
        for name in (*key, after):
            if not isinstance(name, str) or not name.isprintable() or len(name.split()) != 1 or name != name.strip():
                raise BadLifecycle(lifecycle=shown(name), why="states and verbs are single words")
    return Map({f"{state} {verb}": after for (state, verb), after in table.items()})


def _initial(value: str) -> str:
    given: object = value
    if not isinstance(given, str):
        raise BadLifecycle(lifecycle=shown(given), why="states and verbs are single words")
    return given


def _conditions(given: Mapping[str, Condition]) -> tuple[tuple[str, Condition], ...]:
    told: object = given
    if not isinstance(told, Mapping) or not all(callable(one) for one in told.values()):
        raise BadLifecycle(lifecycle=shown(told), why="conditions are functions by verb")
    return tuple(told.items())


@frozen
class Lifecycle(Shown):
    """The states of a kind of document and the verbs that lead from one to the next.

    `conditions` are by verb: a function of the document as it is before the verb, which says what is missing.

    Guarantees: a verb that is not in the table for a state is refused and changes nothing; every state is reached from the
    first; the same table draws the diagram and drives the tests. Raises: BadLifecycle.

    >>> lamp = Lifecycle("lamp", "off", {("off", "press"): "on", ("on", "press"): "off", ("on", "break"): "broken"})
    >>> lamp.step("off", "press"), lamp.verbs("on"), lamp.final
    ('on', ('break', 'press'), ('broken',))
    >>> print(lamp)
    lamp: begins off, ends broken
      off  press -> on
      on   break -> broken
           press -> off
    """

    name: str
    initial: str = field(converter=_initial)
    steps: Map[str] = field(converter=_steps)
    conditions: tuple[tuple[str, Condition], ...] = field(
        default=MappingProxyType({}), converter=_conditions, kw_only=True
    )
    _known: frozenset[str] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Every state is reached, every condition is asked."""
        object.__setattr__(self, "_known", frozenset(self.states))
        lost = self._known - self._from(self.initial)
        if lost:
            why = f"nothing leads from {self.initial} to {', '.join(sorted(lost))}"
            raise BadLifecycle(lifecycle=self.name, why=why)
        unasked = {verb for verb, _ in self.conditions} - {key.split(" ")[1] for key in self.steps}
        if unasked:
            raise BadLifecycle(lifecycle=self.name, why=f"no step is called {', '.join(sorted(unasked))}")

    def leads(self, state: str, to: str) -> bool:
        """Whether verbs, one or several, lead from a state to another, or it is the same."""
        return state == to or to in self._from(state)

    def _from(self, state: str) -> set[str]:
        reached = {state}
        for _ in self.steps:
            reached |= {after for key, after in self.steps.items() if key.split(" ")[0] in reached}
        return reached

    def knows(self, state: str) -> bool:
        """Whether the table has the state."""
        return state in self._known

    def step(self, state: str, verb: str) -> str:
        """The state after the verb. Raises: IllegalStep."""
        after = self.steps.get(f"{state} {verb}")
        if after is None:
            raise IllegalStep(lifecycle=self.name, state=state, verb=verb, allowed=self.verbs(state))
        return after

    def missing(self, document: object, verb: str) -> str:
        """What a document lacks for a verb; nothing when its condition is met, or there is none."""
        return next((why for name, condition in self.conditions if name == verb and (why := condition(document))), "")

    def after(self, document: object, state: str, verb: str) -> str:
        """The state of a document after the verb, when it fulfils the verb's condition. Raises: IllegalStep, ConditionUnmet."""
        found = self.step(state, verb)
        if self.conditions and (why := self.missing(document, verb)):
            allowed = tuple(one for one in self.verbs(state) if not self.missing(document, one))
            raise ConditionUnmet(lifecycle=self.name, state=state, verb=verb, why=why, allowed=allowed)
        return found

    def verbs(self, state: str) -> tuple[str, ...]:
        """What is legal in a state."""
        return tuple(sorted(key.split(" ")[1] for key in self.steps if key.split(" ")[0] == state))

    @property
    def states(self) -> tuple[str, ...]:
        """Every state the table knows."""
        return tuple(sorted({self.initial, *(key.split(" ")[0] for key in self.steps), *self.steps.values()}))

    @property
    def final(self) -> tuple[str, ...]:
        """The states that nothing leads out of."""
        return tuple(state for state in self.states if not self.verbs(state))

    def diagram(self) -> str:
        """The table as a Mermaid state diagram; a verb with a condition has the condition's name in brackets."""
        asked = {verb: f" [{condition.__name__.strip('_').replace('_', ' ')}]" for verb, condition in self.conditions}
        rows = []
        for key, after in self.steps.items():
            state, verb = key.split(" ")
            rows.append(f"    {state} --> {after}: {verb}{asked.get(verb, '')}")
        return "\n".join(["stateDiagram-v2", f"    [*] --> {self.initial}", *rows])

    @property
    def table(self) -> dict[tuple[str, str], str]:
        """The table as it was given: `{(state, verb): next state}`."""
        return {(key.split(" ")[0], key.split(" ")[1]): after for key, after in self.steps.items()}

    def __str__(self) -> str:
        """The table as text: a line for every verb or verbs from a state to another."""
        width = max(len(state) for state in self.states)
        ends = f", ends {' or '.join(self.final)}" if self.final else ""
        lines = [f"{self.name}: begins {self.initial}{ends}"]
        before = ""
        for one in arrows(self.table):
            lines.append(
                f"  {one.source if one.source != before else '':<{width}}  {', '.join(one.verbs)} -> {one.target}"
            )
            before = one.source
        return "\n".join(lines)

    def markup(self) -> Html:
        """The table as a drawing."""
        return drawn(self.name, self.initial, self.table)
