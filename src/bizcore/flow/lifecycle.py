"""A lifecycle is a table that refuses: `{(state, verb): next state}`."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from bizcore.flow.diagram import arrows, drawn
from bizcore.kernel.errors import Refused
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


def _steps(table: Mapping[tuple[str, str], str]) -> Map[str]:
    return Map({f"{state} {verb}": after for (state, verb), after in table.items()})


@frozen
class Lifecycle(Shown):
    """The states of a kind of document and the verbs that lead from one to the next.

    Guarantees: a verb that is not in the table for a state is refused and changes nothing; the same table draws the
    diagram and drives the tests.

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
    initial: str
    steps: Map[str] = field(converter=_steps)

    def step(self, state: str, verb: str) -> str:
        """The state after the verb. Raises: IllegalStep."""
        after = self.steps.get(f"{state} {verb}")
        if after is None:
            raise IllegalStep(lifecycle=self.name, state=state, verb=verb, allowed=self.verbs(state))
        return after

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
        """The table as a Mermaid state diagram."""
        rows = [f"    {key.split(' ')[0]} --> {after}: {key.split(' ')[1]}" for key, after in self.steps.items()]
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
