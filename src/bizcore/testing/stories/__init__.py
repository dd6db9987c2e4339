"""Stories: sequences of acts that a company takes one after the other, over every verb of every desk.

Each domain has a module with two tables by verb: scenes that tell an act, and acts that must be refused. A verb without a row in
both fails a test; a new verb is a row in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from bizcore.kernel.errors import Invalid
from bizcore.testing.stories import bridges, finance, master, sfa, supply
from bizcore.testing.stories.teller import (
    May,
    NotForUs,
    Number,
    Scene,
    Scenes,
    Teller,
    Wrong,
    Wrongs,
    anything,
    simplest,
)
from bizcore.testing.stories.told import Sent, Told

__all__ = ["COMPANY", "DOMAINS", "SCENES", "WRONG", "Sent", "Told", "scene", "stories", "wrong_act"]

COMPANY: Final = "company"
"""The domain of the acts that belong to no desk."""

DOMAINS: Final = ("finance", "supply", "sfa", "order_to_cash", "procure_to_pay", COMPANY)

_TABLES: Final = (finance, supply, sfa, bridges, master)

SCENES: Final[Scenes] = {verb: some for table in _TABLES for verb, some in table.SCENES.items()}
WRONG: Final[Wrongs] = {verb: some for table in _TABLES for verb, some in table.WRONG.items()}


class NothingToTell(Invalid):
    """No scene of the domains can be told with the acts that there may be."""

    code = "nothing_to_tell"

    def __init__(self, *, domains: tuple[str, ...]) -> None:
        super().__init__(
            f"of {', '.join(domains)} nothing may be told; there are {', '.join(DOMAINS)}", domains=domains
        )


def stories(
    *,
    domains: Sequence[str] = ("finance",),
    acts: int = 20,
    wrong: bool = False,
    may: May = anything,
) -> st.SearchStrategy[Told]:
    """Sequences of about `acts` acts over some domains, each valid after the ones before; some are sent again under their key.

    `wrong` mixes in acts that must be refused and change nothing; they are marked. `may` says which acts a story can have,
    where a system of one's own has not all of them: `lambda act: act.name in (...)`. A scene may need acts of other domains.

    Guarantees: played on a new company in EUR, every act that is not marked is taken and every marked one refused with a typed
    error; the simplest story is one act.
    """
    scenes = [one for verb, some in SCENES.items() if _domain(verb) in domains for one in some if _told(one, may)]
    wrongs = [one for verb, some in WRONG.items() if _domain(verb) in domains for one in some if _told(_sent(one), may)]
    if not scenes:
        raise NothingToTell(domains=tuple(domains))

    @st.composite
    def story(draw: st.DrawFn) -> Told:
        teller = Teller(_drawing(draw), may)
        for at in range(2 * acts):
            if len(teller.acts) >= acts or (at and not teller.number(0, 9)):
                break
            how = teller.number(0, 9)
            try:
                if how in (6, 7):
                    teller.retry()
                elif how > 7 and wrong and wrongs:
                    _sent(teller.choose(wrongs))(teller)
                else:
                    teller.choose(scenes)(teller)
            except NotForUs:
                continue
        return Told(tuple(teller.acts))

    return story()


def _drawing(draw: st.DrawFn) -> Number:
    return lambda low, high: draw(st.integers(low, high))


def _told(scene: Scene, may: May) -> bool:
    """Whether a scene can be told of the acts there may be: in its simplest form it is."""
    try:
        scene(Teller(simplest, may))
    except NotForUs:
        return False
    return True


def _sent(wrong: Wrong) -> Scene:
    return lambda teller: teller.tell_wrong(wrong(teller))


def _domain(verb: str) -> str:
    return verb.rpartition(".")[0] or COMPANY


def scene(verb: str) -> st.SearchStrategy[Told]:
    """Stories of one scene: those that tell a verb and what it needs."""

    @st.composite
    def alone(draw: st.DrawFn) -> Told:
        teller = Teller(_drawing(draw))
        teller.choose(SCENES[verb])(teller)
        return Told(tuple(teller.acts))

    return alone()


def wrong_act(verb: str) -> st.SearchStrategy[Told]:
    """Stories that end with an act of a verb that must be refused."""

    @st.composite
    def alone(draw: st.DrawFn) -> Told:
        teller = Teller(_drawing(draw))
        _sent(teller.choose(WRONG[verb]))(teller)
        return Told(tuple(teller.acts))

    return alone()
