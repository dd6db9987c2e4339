"""A mirror: stories played on a system of one's own and on bizcore, which must say the same after each act."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

from bizcore.change.act import Act
from bizcore.company import Company
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.exact import plain_number
from bizcore.testing.asked import QUESTIONS, Answer, Question, UnknownTopic, answer
from bizcore.testing.broken import Broken
from bizcore.testing.stories import stories
from bizcore.testing.stories.told import Pair, Sent, Told

Observed: TypeAlias = Mapping[str, Mapping[Any, object]]
"""What a system says: topic, then key, then the answer. Only the keys that are there are compared."""


class Declined(Exception):
    """Your system says no; raise it in `act`. The code is your own: that it says no is compared, not in which words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code: str = code


class Line(NamedTuple):
    """One answer of both sides."""

    topic: str
    key: object
    yours: Answer
    bizcore: Answer

    def __str__(self) -> str:
        """The question and both answers, marked where they differ."""
        mark = " " if self.yours == self.bizcore else "!"
        return f"{mark} {self._asked():<40} yours {_said(self.yours):>14}   bizcore {_said(self.bizcore):>14}"

    def _asked(self) -> str:
        key = " ".join(map(str, self.key)) if isinstance(self.key, tuple) else str(self.key)
        return f"{self.topic} {key}"


class Different(Broken):
    """Both sides were told the same and say something else: the story up to there, what differs, and all that both said.

    `first` is the first difference; None when one side refused what the other took, or yours broke.
    """

    def __init__(self, *, story: Told, why: str, said: Sequence[Line]) -> None:
        self.story: Told = story
        self.why: str = why
        self.said: tuple[Line, ...] = tuple(said)
        self.first: Line | None = next((one for one in said if one.yours != one.bizcore), None)
        parts = [
            f"yours and bizcore differ after {_acts(len(story.acts))}:",
            "",
            str(story),
            "",
            f"first difference: {why}",
        ]
        super().__init__("\n".join([*parts, *map(str, said)]))


def _said(value: Answer) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else plain_number(value)


def _acts(count: int) -> str:
    return "1 act" if count == 1 else f"{count} acts"


class Mirror:
    """Subclass it, say how your system begins, acts and is observed, and let pytest collect it.

    `begin` makes your system new and empty; `act` does what an act says, raising `Declined` where your system says no, and gets
    the key it is sent under: the same act under the same key twice is a retry and changes nothing. The document that an act makes
    has the id `KEY#1` in later acts and in answers. `observe` gives what your system says now, by topic and key (`QUESTIONS`).

    `domains`, `wrong` and `may` say which acts there are; `acts` and `examples` how long stories are and how many; `seconds` bounds
    the search, and once more the shortening of what was found. One `seed` always tells the same stories; None tells new ones.

    Guarantees: both are compared after each act, exactly; a refusal on one side alone is a difference; what fails is shortened to
    a story in which no act can be left out. Raises: Different, UnknownTopic.
    """

    domains: Sequence[str] = ("finance",)
    acts: int = 12
    examples: int = 200
    seconds: float = 30
    seed: int | None = 0
    wrong: bool = True
    questions: Mapping[str, Question] = QUESTIONS

    def begin(self) -> None:
        """Make your system new and empty. Override."""
        raise NotImplementedError

    def act(self, act: Act[Any], key: str) -> None:
        """Do what the act says. Override. Raises: Declined."""
        raise NotImplementedError

    def observe(self) -> Observed:
        """What your system says now. Override."""
        raise NotImplementedError

    def may(self, act: Act[Any]) -> bool:
        """Whether your system has such acts; stories leave out the others."""
        return True

    def company(self) -> Company:
        """The company beside your system; override it to put policies first."""
        return Company.create("mirror", currency="EUR", actor="mirror")

    def test_both_say_the_same(self) -> None:
        """Search for a story after which both differ. Raises: Different."""
        _Search(self).run()

    def play(self, *story: Pair) -> None:
        """Play a story written by hand, as it is: acts, each alone or with its key. Raises: Different."""
        different = self.difference(Told.of(*story))
        if different is not None:
            raise different

    def difference(self, story: Told) -> Different | None:
        """Where both differ after an act of the story, or None. Raises: UnknownTopic."""
        company = self.company()
        self.begin()
        for at, sent in enumerate(story.acts, 1):
            ours = _refused(company, sent)
            sofar = Told(story.acts[:at])
            try:
                theirs = self._declined(sent)
                if (theirs is None) != (ours is None):
                    return Different(story=sofar, why=_one_refuses(sent, theirs, ours), said=())
                observed = self.observe()
            except Exception as error:  # noqa: BLE001 - whatever a system of somebody's own raises
                broke = Different(story=sofar, why=f"yours broke: {type(error).__name__}: {error}", said=())
                broke.__cause__ = error
                return broke
            said = [
                self._line(company, topic, key, value)
                for topic, some in observed.items()
                for key, value in some.items()
            ]
            wrong = next((one for one in said if one.yours != one.bizcore), None)
            if wrong is not None:
                return Different(story=sofar, why=" ".join(str(wrong)[1:].split()), said=said)
        return None

    def _declined(self, sent: Sent) -> str | None:
        try:
            self.act(sent.act, sent.key)
        except Declined as error:
            return error.code
        return None

    def _line(self, company: Company, topic: str, key: object, value: object) -> Line:
        question = self.questions.get(topic)
        if question is None:
            raise UnknownTopic(topic=topic, known=tuple(self.questions))
        return Line(topic, key, answer(value), answer(question(company, key)))


def _refused(company: Company, sent: Sent) -> BizcoreError | None:
    try:
        company.apply(sent.act, key=sent.key)
    except BizcoreError as error:
        return error
    return None


def _one_refuses(sent: Sent, theirs: str | None, ours: BizcoreError | None) -> str:
    if ours is not None:
        return f"yours takes {sent.act.name}, bizcore refuses it: {ours.code}: {ours}"
    return f"yours refuses {sent.act.name}: {theirs}; bizcore takes it"


_QUIET: Final = settings(
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


TRIES_MAX: Final = 150
"""How often a story that fails is tried in a simpler form, before acts are left out one by one."""


class _Search:
    """Looks for a story that fails, shortens what is drawn, then leaves out acts one by one; all of it in bounded time."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror = mirror
        self.failing: set[Told] = set()
        self.tries = 0
        self.until = time.monotonic() + mirror.seconds

    def run(self) -> None:
        """Raises: Different."""
        mirror = self.mirror
        told = stories(domains=mirror.domains, acts=mirror.acts, wrong=mirror.wrong, may=mirror.may)
        source = random.Random() if mirror.seed is None else random.Random(mirror.seed)
        try:
            found = find(told, self._fails, settings=settings(_QUIET, max_examples=mirror.examples), random=source)
        except NoSuchExample:
            return
        raise self._shortest(found)

    def _fails(self, story: Told) -> bool:
        if story in self.failing:
            return True
        # When time is up only what is known to fail does: then there is nothing left to try, and the search ends.
        if time.monotonic() > self.until or self.tries > TRIES_MAX:
            return False
        self.tries += bool(self.failing)
        if self.mirror.difference(story) is None:
            return False
        if not self.failing:
            self.until = time.monotonic() + self.mirror.seconds
        self.failing.add(story)
        return True

    def _shortest(self, story: Told) -> Different:
        """The story without the acts that are not needed: it stays one that bizcore takes and refuses as marked."""
        found = self.mirror.difference(story)
        if found is None:
            raise Broken(f"this story differed once and not again: does `begin` make everything new?\n\n{story}")
        at = len(found.story.acts)
        while at:
            at -= 1
            shorter = self._still(found.story.without(at))
            if shorter is not None:
                found, at = shorter, len(shorter.story.acts)
        return found

    def _still(self, story: Told) -> Different | None:
        company = self.mirror.company()
        if any((_refused(company, sent) is not None) != sent.wrong for sent in story.acts):
            return None
        return self.mirror.difference(story)
