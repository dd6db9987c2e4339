"""A fork says what its company would say, over any base; applied, it leaves what it said."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bizcore.change.view import AlreadyThere, DocumentNotFound
from bizcore.company import Company
from bizcore.testing.machine import VERBS, Machine, Step, compare
from bizcore.testing.plot import seen_of, story
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk

STEPS = st.lists(
    st.builds(Step, st.sampled_from(VERBS), st.integers(0, 999), st.integers(0, 999), st.integers(1, 400)), max_size=20
)
STORES = ("memory", "sqlite")


@contextmanager
def company(store: str) -> Iterator[Company]:
    with tempfile.TemporaryDirectory() as folder:
        url = "memory:" if store == "memory" else f"sqlite:///{folder}/books.db"
        kinds = [Note, Person, Rule]
        with Company.create("acme", currency=CURRENCY, store=url, desks=[ToyDesk], kinds=kinds, actor="ann") as made:
            yield made


@pytest.mark.parametrize("store", STORES)
def test_a_fork_answers_like_the_company_that_did_the_same(store: str) -> None:
    """At every point of the story where it can be forked; only numbers and the hash over them are provisional."""
    acts = list(story(Company.create("any", currency=CURRENCY, desks=[ToyDesk])))
    numbered = {8, 13}
    with company("memory") as straight:
        for act, key in acts:
            straight.apply(act, key=key)
        expected = seen_of(straight)
    with company(store) as acme:
        for cut in range(len(acts)):
            fork = acme.fork()
            for act, key in acts[cut:]:
                fork.apply(act, key=key)
            found = seen_of(fork)
            for at, (one, other) in enumerate(zip(found, expected, strict=True)):
                assert at in numbered or one == other, (cut, at)
            acme.apply(acts[cut][0], key=acts[cut][1])
        assert seen_of(acme) == expected


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("deep", [1, 2])
def test_what_a_fork_says_is_what_applying_it_leaves(store: str, deep: int) -> None:
    @given(STEPS, STEPS)
    @settings(max_examples=80 if store == "memory" else 30)
    def forked(before: list[Step], inside: list[Step]) -> None:
        with company(store) as acme:
            machine = Machine(acme)
            machine.play(before)
            fork = acme.fork() if deep == 1 else acme.fork().fork()
            if not before:
                fork.apply(fork.put(Rule(id="first", fee=0)))
            untouched = machine.model.again()
            machine.company = fork
            machine.play(inside, thorough=len(inside) + 1)
            compare(acme, untouched)
            if fork.steps and deep == 1:
                acme.apply(fork, key="fork")
                compare(acme, machine.model)
                assert acme.verify().ok

    forked()


@pytest.mark.parametrize("store", STORES)
def test_a_batch_in_a_fork_is_taken_whole_or_not_at_all(store: str) -> None:
    with company(store) as acme:
        fork = acme.fork()
        toys = fork.desk("toy")
        acts = [(toys.note("x", id="n"), "a"), (toys.edit("missing", "y"), "b")]  # type: ignore[attr-defined]
        with pytest.raises(Exception, match="missing") as error:
            fork.apply_each(acts)
        assert (error.value.index, error.value.key) == (1, "b")  # type: ignore[attr-defined]
        assert (fork.head, fork.steps) == (0, [])
        assert [one.position for one in fork.apply_each(acts[:1])] == [1]


@pytest.mark.parametrize("store", STORES)
def test_work_in_a_fork_is_done_whole_or_not_at_all(store: str) -> None:
    def torn(inside: Company) -> Any:
        inside.apply(inside.desk("toy").note("x", id="n"))  # type: ignore[attr-defined]
        return inside.apply(inside.desk("toy").edit("missing", "y"))  # type: ignore[attr-defined]

    with company(store) as acme:
        fork, other = acme.fork(), acme.fork()
        with pytest.raises(DocumentNotFound):
            fork.apply(torn, key="torn", request=1)
        assert (fork.head, fork.steps) == (0, [])
        acme.apply(acme.desk("toy").meet("p", "Ada"), key="met")  # type: ignore[attr-defined]
        other.apply(other.desk("toy").note("x", id="n"))  # type: ignore[attr-defined]
        other.apply(other.desk("toy").meet("p", "Eve"))  # type: ignore[attr-defined]
        now = acme.fork()
        with pytest.raises(AlreadyThere):
            now.apply(other)
        assert (now.head, now.steps, now.view().seek(Note, "n")) == (1, [], None)
