"""What was shown is what is recorded, or nothing: whatever happened between planning and applying."""

from __future__ import annotations

import tempfile
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from bizcore.change.changes import Changes, FloorBroken
from bizcore.company import Company
from bizcore.kernel.errors import BizcoreError
from bizcore.store.port import Stale
from bizcore.testing.machine import SINGLE, VERBS, Machine, Step
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk


def steps(verbs: tuple[str, ...]) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.sampled_from(verbs), st.integers(0, 999), st.integers(0, 999), st.integers(1, 400))


def said(changes: Changes[Any]) -> object:
    """What changes would record, but for ids that were minted."""
    entries = [(one.on, one.book, one.postings, one.reverses) for one in changes.entries]
    return entries, [evolve(one, id="", number="") for one in changes.documents], changes.floors


def planned(acme: Company, act: Any) -> Changes[Any] | None:
    try:
        return acme.plan(act)
    except BizcoreError:
        return None


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_changes_in_hand_are_recorded_as_shown_or_not_at_all(store: str) -> None:
    outcomes: set[str] = set()

    @given(st.lists(steps(VERBS), max_size=12), steps(SINGLE), st.lists(steps(VERBS), max_size=6))
    @settings(max_examples=300 if store == "memory" else 100)
    def told(before: list[Step], one: Step, between: list[Step]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            url = "memory:" if store == "memory" else f"sqlite:///{folder}/books.db"
            kinds = [Note, Person, Rule]
            with Company.create(
                "acme", currency=CURRENCY, store=url, desks=[ToyDesk], kinds=kinds, actor="ann"
            ) as acme:
                machine = Machine(acme)
                machine.play(before)
                act, _ = machine._made(one, "in hand")
                shown = planned(acme, act)
                if shown is None:
                    return
                machine.play(between)
                now = planned(acme, act)
                try:
                    done = acme.apply(shown, key="in hand")
                except Stale:
                    outcomes.add("stale")
                except FloorBroken:
                    outcomes.add("floor")
                else:
                    outcomes.add("taken")
                    assert now is not None
                    assert said(now) == said(shown)
                    assert [entry.postings for entry in done.entries] == [entry.postings for entry in shown.entries]

    told()
    assert "taken" in outcomes
