"""Lifecycles refuse, numbers grow, documents say where they are found."""

from __future__ import annotations

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from bizcore.company import Company
from bizcore.flow.document import Document, Ref, key_of
from bizcore.flow.lifecycle import IllegalStep, Lifecycle
from bizcore.flow.numbering import Numbering


def lifecycles() -> list[Lifecycle]:
    kinds = Company.create("acme", currency="EUR").kinds.values()
    return [cls.lifecycle for cls in kinds if cls.lifecycle is not None]


@pytest.mark.parametrize("lifecycle", lifecycles(), ids=lambda one: one.name)
def test_every_lifecycle_reaches_all_its_states_and_refuses_the_rest(lifecycle: Lifecycle) -> None:
    reached = {lifecycle.initial}
    for _ in lifecycle.states:
        reached |= {lifecycle.step(state, verb) for state in reached for verb in lifecycle.verbs(state)}
    assert reached == set(lifecycle.states)
    verbs = {verb for state in lifecycle.states for verb in lifecycle.verbs(state)}
    for state in lifecycle.states:
        for verb in verbs - set(lifecycle.verbs(state)):
            with pytest.raises(IllegalStep) as error:
                lifecycle.step(state, verb)
            assert error.value.allowed == lifecycle.verbs(state)
    assert all(f"--> {state}" in lifecycle.diagram() for state in lifecycle.states)


@given(st.integers(1, 10**6 - 1), st.integers(1, 10**6 - 1))
def test_numbers_sort_as_they_count(first: int, second: int) -> None:
    rule = Numbering(prefix="INV")
    assert (rule.text("INV-2026", first) < rule.text("INV-2026", second)) == (first < second)


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@given(st.lists(WORDS, max_size=3), st.lists(WORDS, max_size=3))
def test_a_prefix_of_parts_is_a_prefix_of_the_key_and_only_that(first: list[str], second: list[str]) -> None:
    assert key_of(second).startswith(key_of(first)) == (second[: len(first)] == first)


def test_a_document_is_found_by_what_it_says() -> None:
    @frozen(kw_only=True)
    class Memo(Document):
        kind = "memo"
        text: str

    memo = Memo(id="m", number="M-1", text="x", origins=[Ref("lead", "l")], extra={"colour": "red"})
    assert dict(memo.index_keys()).keys() == {"memo.number", "origin", "memo.extra"}
    assert memo.to("anything") is memo
