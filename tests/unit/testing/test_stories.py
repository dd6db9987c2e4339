"""Every verb of every desk is told, and has an act that must be refused; a new verb without them is named here."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, find, given, settings

from bizcore import Company, Money
from bizcore.change.desk import verbs_of
from bizcore.company.wiring import DESKS, load
from bizcore.kernel.errors import BizcoreError, family
from bizcore.testing import Told
from bizcore.testing.sound import sound
from bizcore.testing.stories import COMPANY, DOMAINS, SCENES, WRONG, NothingToTell, scene, stories, wrong_act
from bizcore.testing.stories.teller import Teller, simplest

VERBS = sorted({verb for path in DESKS.values() for verb in verbs_of(load(path))} | {"put", "erase"})
HOW = (
    "{verb} has no {what}: write one in the module of bizcore.testing.stories for its desk, a function that takes the teller, "
    "and add a row `{verb!r}: (...)` to {table} there"
)
QUIET = settings(database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def played(told: Told) -> Company:
    acme = Company.create("acme", currency="EUR", actor="ann")
    for act, key, wrong in told.acts:
        head = acme.head
        if wrong:
            with pytest.raises(BizcoreError) as refused:
                acme.apply(acme.act(act.to_json()), key=key)
            assert family(refused.value) in {"invalid", "not_found", "refused"}
            assert refused.value.code != "error"
            assert acme.head == head
        else:
            acme.apply(acme.act(act.to_json()), key=key)
    return acme


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_a_scene_and_an_act_that_must_be_refused(verb: str) -> None:
    assert verb in SCENES, HOW.format(verb=verb, what="scene that tells it", table="SCENES")
    assert verb in WRONG, HOW.format(verb=verb, what="act that must be refused", table="WRONG")


def test_no_scene_is_of_a_verb_that_is_gone() -> None:
    assert set(SCENES) == set(VERBS)
    assert set(WRONG) == set(VERBS)
    assert set(DOMAINS) == {*DESKS, COMPANY}


@pytest.mark.parametrize("verb", VERBS)
def test_a_scene_tells_its_verb_and_is_taken(verb: str) -> None:
    names: set[str] = set()

    @settings(QUIET, max_examples=5)
    @given(scene(verb))
    def told(story: Told) -> None:
        names.update(one.act.name for one in story.acts)
        sound(played(story))

    told()
    assert verb in names


@pytest.mark.parametrize("verb", VERBS)
def test_a_wrong_act_is_refused_and_changes_nothing(verb: str) -> None:
    @settings(QUIET, max_examples=5)
    @given(wrong_act(verb))
    def told(story: Told) -> None:
        assert story.acts[-1].wrong
        assert story.acts[-1].act.name == verb
        played(story)

    told()


def test_the_ways_to_be_refused_are_many() -> None:
    """Not one refusal that every verb shares: an act that is not there, too much, twice, too late, out of order."""
    codes: set[str] = set()
    for wrongs in WRONG.values():
        for wrong in wrongs:
            teller = Teller(simplest)
            act = wrong(teller)
            with pytest.raises(BizcoreError) as refused:
                teller.company.apply(act)
            codes.add(refused.value.code)
    assert {"locked", "overpaid", "not_covered", "returned_more", "already_reversed", "illegal_step"} <= codes
    assert len(codes) >= 30


def test_a_return_is_told_in_its_fewest_acts() -> None:
    quiet = settings(QUIET, max_examples=200)
    told = find(scene("supply.take_back"), lambda told: len(told.acts) > 3, settings=quiet)
    assert [one.act.name.rpartition(".")[2] for one in told.acts] == ["receive", "issue", "receive", "take_back"]


def test_a_story_keeps_to_what_there_may_be() -> None:
    only = {"finance.issue", "finance.collect"}

    @settings(QUIET, max_examples=50)
    @given(stories(wrong=True, may=lambda act: act.name in only))
    def told(story: Told) -> None:
        assert {one.act.name for one in story.acts} <= only

    told()
    with pytest.raises(NothingToTell):
        stories(domains=("finance",), may=lambda _: False)
    with pytest.raises(NothingToTell):
        stories(domains=("no desk",))


def test_a_story_is_read_line_by_line() -> None:
    finance = Company.create("acme", currency="EUR").finance
    paid = finance.collect(Money("50", "EUR"), customer="beta", on="2026-01-31", to=["act 000#1"])
    told = Told.of((paid, "bank 17"), finance.close_month("2026-01"), (paid, "bank 17"))
    assert str(told).splitlines() == [
        "1  2026-01-31  finance.collect  50.00 EUR, customer beta, to act 000#1  [bank 17]",
        "2  2026-01     finance.close_month  [act 001]",
        "3  2026-01-31  again: finance.collect  50.00 EUR, customer beta, to act 000#1  [bank 17]",
    ]
    assert len(told.without(1).acts) == 2


@settings(QUIET, max_examples=30)
@given(stories(domains=DOMAINS, acts=10, wrong=True))
def test_every_act_has_a_line_without_a_python_object_in_it(told: Told) -> None:
    lines = str(told).splitlines()
    assert len(lines) == len(told.acts)
    assert not [line for line in lines if re.search(r"<|Money\(|Decimal\(|object at", line)]
