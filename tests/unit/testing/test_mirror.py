"""The mirror itself: what it compares, how it tells, that it ends in time; a mirror of bizcore in bizcore is blank."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from bizcore import Company, Money
from bizcore.change.act import Act
from bizcore.finance import Invoice, Line
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.exact import InvalidAmount
from bizcore.testing import Declined, Different, Mirror
from bizcore.testing.asked import QUESTIONS, Question, UnknownTopic
from bizcore.testing.broken import Broken
from bizcore.testing.stories import DOMAINS

COLLECTED = Company.create("acme", currency="EUR").finance.collect(Money("50", "EUR"), customer="beta", on="2026-01-31")


class Itself(Mirror):
    """bizcore beside bizcore."""

    domains = DOMAINS
    examples = 60
    acts = 10

    def begin(self) -> None:
        self.own = Company.create("own", currency="EUR", actor="tester")
        self.made: list[str] = []

    def act(self, act: Act[Any], key: str) -> None:
        try:
            made = self.own.apply(act, key=key).value.id
        except BizcoreError as error:
            raise Declined(error.code) from None
        self.made += [made] if made == f"{key}#1" else []

    def observe(self) -> dict[str, dict[Any, Any]]:
        asked: dict[str, list[Any]] = {
            "balance": ["1200", "1400", "4000"],
            "balance_at": [("1200", "2024-01-31")],
            "receivable": ["beta"],
            "payable": ["mill"],
            "stock": [("bolt", "main")],
            "stock_value": ["bolt"],
            **dict.fromkeys(("open", "net", "gross", "tax", "number", "state"), self.made),
        }
        return {topic: {key: QUESTIONS[topic](self.own, key) for key in keys} for topic, keys in asked.items()}


class TestItself(Itself):
    """Every verb of every desk, compared under every topic."""


class Forgetful(Itself):
    """Its customers owe nothing, ever."""

    domains = ("finance",)

    def observe(self) -> dict[str, dict[Any, Any]]:
        return {"receivable": {"beta": 0}}


def test_the_first_difference_is_told_with_the_story_and_both_answers() -> None:
    with pytest.raises(Different) as found:
        Forgetful().play(COLLECTED)
    assert str(found.value).splitlines() == [
        "yours and bizcore differ after 1 act:",
        "",
        "1  2026-01-31  finance.collect  50.00 EUR, customer beta  [act 000]",
        "",
        "first difference: receivable beta yours 0 bizcore -50",
        "! receivable beta                          yours              0   bizcore            -50",
    ]
    first = found.value.first
    assert first is not None
    assert (first.topic, first.key, first.yours, first.bizcore) == ("receivable", "beta", 0, -50)


def test_a_refusal_on_one_side_alone_is_a_difference() -> None:
    class Strict(Itself):
        def act(self, act: Act[Any], key: str) -> None:
            raise Declined("not today")

    class Lax(Itself):
        def act(self, act: Act[Any], key: str) -> None:
            """Take everything."""

    with pytest.raises(Different, match=r"yours refuses finance\.collect: not today; bizcore takes it"):
        Strict().play(COLLECTED)
    unknown = Company.create("acme", currency="EUR").finance.reverse("no entry", on="2026-01-31")
    with pytest.raises(Different, match=r"yours takes finance\.reverse, bizcore refuses it: entry_not_found"):
        Lax().play(unknown)


def test_what_both_refuse_is_no_difference() -> None:
    Itself().play(Company.create("acme", currency="EUR").finance.reverse("no entry", on="2026-01-31"))


def test_a_story_by_hand_names_what_earlier_acts_made() -> None:
    finance = Company.create("acme", currency="EUR").finance
    bill = Invoice(customer="beta", on="2026-03-05", currency="EUR", lines=[Line("Workshop", 2, "1500", tax="S20")])
    half = finance.collect(Money("1800", "EUR"), customer="beta", on="2026-03-31", to=["order 4711#1"])
    mirror = Itself()
    mirror.play(
        (finance.issue(bill), "order 4711"), (half, "bank 17"), (half, "bank 17"), finance.close_month("2026-03")
    )
    assert QUESTIONS["open"](mirror.own, "order 4711#1") == Money("1800", "EUR")


def test_a_system_that_breaks_is_shown_the_story() -> None:
    class Breaking(Itself):
        domains = ("finance",)

        def observe(self) -> dict[str, dict[Any, Any]]:
            raise KeyError("cash")

    with pytest.raises(Different, match="yours broke: KeyError: 'cash'") as found:
        Breaking().test_both_say_the_same()
    assert len(found.value.story.acts) == 1
    assert isinstance(found.value.__cause__, KeyError)


def test_a_difference_is_searched_for_and_shortened() -> None:
    with pytest.raises(Different) as found:
        Forgetful().test_both_say_the_same()
    assert len(found.value.story.acts) == 1


def test_one_seed_tells_the_same_stories_and_none_tells_others() -> None:
    def told(seed: int | None) -> list[str]:
        names: list[str] = []

        class Listening(Itself):
            domains = ("finance",)
            examples = 20

            def act(self, act: Act[Any], key: str) -> None:
                names.append(act.to_json())
                super().act(act, key)

        mirror = Listening()
        mirror.seed = seed
        mirror.test_both_say_the_same()
        return names

    assert told(7) == told(7) != told(8)
    assert told(None) != told(None)


def test_the_search_ends_in_time() -> None:
    class Slow(Forgetful):
        seconds = 0.5

        def act(self, act: Act[Any], key: str) -> None:
            time.sleep(0.01)

        def observe(self) -> dict[str, dict[Any, Any]]:
            return {}

        def may(self, act: Act[Any]) -> bool:
            return act.name == "finance.post"

    mirror = Slow()
    mirror.wrong = False
    mirror.examples = 200
    before = time.monotonic()
    mirror.test_both_say_the_same()
    assert time.monotonic() - before < 20


def test_a_system_that_is_not_new_at_its_beginning_is_told_so() -> None:
    class Lasting(Itself):
        domains = ("finance",)
        played = 0

        def begin(self) -> None:
            super().begin()
            type(self).played += 1

        def observe(self) -> dict[str, dict[Any, Any]]:
            return {"receivable": {"nobody": 1 if self.played == 3 else 0}}

    with pytest.raises(Broken, match="does `begin` make everything new"):
        Lasting().test_both_say_the_same()


def test_nothing_is_compared_within_a_tolerance_or_under_a_topic_nobody_knows() -> None:
    class Floating(Itself):
        def observe(self) -> dict[str, dict[Any, Any]]:
            return {"balance": {"1000": 50.0}}

    class Asking(Itself):
        def observe(self) -> dict[str, dict[Any, Any]]:
            return {"weather": {"Bonn": "rain"}}

    with pytest.raises(InvalidAmount):
        Floating().play(COLLECTED)
    with pytest.raises(UnknownTopic) as found:
        Asking().play(COLLECTED)
    assert found.value.topic == "weather"


def test_a_question_of_ones_own_is_compared_too() -> None:
    class Counting(Itself):
        questions: Mapping[str, Question] = {**QUESTIONS, "payments": lambda company, _: len(company.finance.payments)}

        def observe(self) -> dict[str, dict[Any, Any]]:
            return {"payments": {"all": len(self.own.finance.payments)}}

    Counting().play(COLLECTED, COLLECTED)
