"""Long stories on every store beside a slower model; the counts are part of the law."""

from __future__ import annotations

import itertools
import random
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bizcore.company import Company
from bizcore.store.opener import open_store
from bizcore.store.sql import SqlStore
from bizcore.testing.machine import VERBS, Machine, Played, Step, prove, step
from bizcore.testing.postgres import new_database
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk


def company(store: Any, name: str = "acme") -> Company:
    return Company.create(
        name, currency=CURRENCY, store=store, desks=[ToyDesk], kinds=[Note, Person, Rule], actor="ann"
    )


def judged(played: Played, least: int, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        counts = ", ".join(f"{verb} {played.taken[verb]}+{played.refused[verb]}" for verb in VERBS)
        print(f"\n{played.acts} acts, {float(played.refusals):.0%} refused: {counts}")
    assert played.acts >= least
    assert Fraction(1, 10) <= played.refusals <= Fraction(2, 5)
    assert [verb for verb in VERBS if not played.refused[verb] + played.taken[verb]] == []
    assert [verb for verb in VERBS if not played.taken[verb]] == ["other"], (
        "another act under a known key is always refused"
    )


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_memory_and_the_model_agree_over_fifty_thousand_acts(part: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Four parts of 12,600 acts each."""
    source = random.Random(f"memory {part}")
    judged(prove(lambda: company("memory:"), [step(source) for _ in range(12_600)]), 12_500, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_sqlite_and_the_model_agree_over_ten_thousand_acts(
    part: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two parts of 5,100 acts each, durable one by one; the file opened anew says the same."""
    source = random.Random(f"sqlite {part}")
    acme = company(f"sqlite:///{tmp_path}/books.db")
    machine = Machine(acme)
    judged(machine.play([step(source) for _ in range(5_100)]), 5_000, capsys)
    state = acme.state_hash()
    assert acme.verify().ok
    acme.close()
    machine.company = company(f"sqlite:///{tmp_path}/books.db")
    machine.compare()
    assert machine.company.state_hash() == state


@pytest.mark.slow
def test_postgresql_the_model_and_memory_agree_over_five_thousand_acts(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Acts in one message each, batches and all; memory plays the same and has the same state, and so has who opens it anew."""
    source = random.Random("postgresql")
    story = [step(source) for _ in range(5_100)]
    url = new_database(postgres_url)
    acme = company(url)
    machine = Machine(acme)
    judged(machine.play(story, thorough=1_000), 5_000, capsys)
    memory = Machine(company("memory:"))
    memory.play(story, thorough=5_000)
    assert acme.state_hash() == memory.company.state_hash()
    acme.close()
    machine.company = again = company(url)
    machine.compare()
    assert again.state_hash() == memory.company.state_hash()
    again.close()


steps = st.builds(Step, st.sampled_from(VERBS), st.integers(0, 999), st.integers(0, 999), st.integers(1, 400))


@given(st.lists(steps, max_size=40))
@settings(max_examples=60)
def test_short_stories_agree_and_shrink(story: list[Step]) -> None:
    Machine(company("memory:")).play(story, thorough=3)


def test_equal_acts_give_equal_state_on_all_stores(postgres_url: str) -> None:
    server = open_store(new_database(postgres_url))
    names = (f"acme {number}" for number in itertools.count())

    @given(st.lists(steps, max_size=25))
    @settings(max_examples=15)
    def told(story: list[Step]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            stores = [
                open_store("memory:"),
                open_store(f"sqlite:///{folder}/embedded.db"),
                open_store(f"sqlite+pysqlite:///{folder}/engine.db"),
                server,
            ]
            states, name = [], next(names)
            for store in stores:
                acme = company(store, name)
                Machine(acme).play(story)
                states.append(acme.state_hash())
            for store in stores[1:3]:
                store.close()
        assert states == [states[0]] * 4

    told()
    assert isinstance(server, SqlStore)
    server.close()
