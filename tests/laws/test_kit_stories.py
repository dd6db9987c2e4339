"""What stories rest on: an act survives the wire, and a retry anywhere changes nothing."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from bizcore.company import Company
from bizcore.testing.stories import DOMAINS, SCENES, Told, stories
from bizcore.testing.stories.teller import Teller, simplest


def test_an_act_of_every_verb_is_read_back_from_its_json() -> None:
    """Also where the desk calls a verb otherwise than its planner is called."""
    told: set[str] = set()
    for scenes in SCENES.values():
        for scene in scenes:
            teller = Teller(simplest)
            scene(teller)
            for act, _, _ in teller.acts:
                assert teller.company.act(act.to_json()) == act
                told.add(act.name)
    assert told == set(SCENES)


@given(stories(domains=DOMAINS, acts=12))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_sending_every_act_twice_changes_nothing(story: Told) -> None:
    """Each under its own key, right away: the second answer is the first."""
    once, twice = (Company.create("acme", currency="EUR", actor="ann") for _ in range(2))
    for act, key, _ in story.acts:
        once.apply(act, key=key)
        first = twice.apply(act, key=key)
        second = twice.apply(act, key=key)
        assert second.replayed
        assert second.position == first.position
    assert once.state_hash() == twice.state_hash()
