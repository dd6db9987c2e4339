"""A store beside a slower model: both play the same acts, and must say the same after each.

The model shares no arithmetic with the library: money is a dictionary of cents, a lot is a list of pieces, each worth its exact
fraction of what is left, and what leaves is rounded by `decimal`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple, cast

from bizcore.change.act import Act
from bizcore.company import Company
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.testing.contract import Broken
from bizcore.testing.toys import CURRENCY, POOL, SOURCE, Note, Person, ToyDesk

ACCOUNTS: Final = ("cash", "bank", "till")
LOTS: Final = tuple(f"lot {n}" for n in range(8))
NOTES: Final = tuple(f"note {n}" for n in range(12))
VERBS: Final = ("deposit", "transfer", "half", "stack", "take", "note", "edit", "close", "meet", "again", "other")


class Step(NamedTuple):
    """One act of a story: the verb and numbers that its arguments are made from."""

    verb: str
    first: int
    second: int
    amount: int


def step(source: random.Random) -> Step:
    """A step, from a source of randomness."""
    return Step(source.choice(VERBS), source.randrange(1000), source.randrange(1000), source.randrange(1, 400))


class Model:
    """What a store should say, the slow way. Each verb answers whether it is taken."""

    def __init__(self) -> None:
        self.cents: Counter[str] = Counter()
        self.lots: dict[str, list[Fraction]] = {}
        self.notes: dict[str, str] = {}
        self.closed: set[str] = set()
        self.people: set[str] = set()
        self.numbers: int = 0

    def deposit(self, account: str, amount: int) -> bool:
        """Money comes in."""
        self.cents[account] += amount
        self.cents[SOURCE] -= amount
        return True

    def transfer(self, source: str, target: str, amount: int) -> bool:
        """Money moves, unless the source would fall below nothing."""
        after = self.cents.copy()
        after[source] -= amount
        after[target] += amount
        if after[source] < 0:
            return False
        self.cents = after
        return True

    def half(self, source: str, target: str) -> bool:
        """Half of it moves, rounded up; nothing moves nothing."""
        held = self.cents[source]
        moved = held // 2 + held % 2
        return self.transfer(source, target, moved)

    def stack(self, lot: str, pieces: int, cents: int) -> bool:
        """Pieces come, worth something together; more of an open lot joins it."""
        known = self.lots.get(lot, [])
        worth = sum(known, Fraction(0)) + cents
        count = len(known) + pieces
        self.lots[lot] = [worth / count] * count
        return True

    def take(self, lot: str, pieces: int) -> bool:
        """Pieces leave with their share; the last ones take what is left."""
        known = self.lots.get(lot)
        if not known or pieces > len(known):
            return False
        leaving = sum(known[:pieces], Fraction(0))
        rounded = Decimal(leaving.numerator) / Decimal(leaving.denominator)
        cents = int(rounded.quantize(Decimal(1), rounding=ROUND_HALF_UP))
        rest = known[pieces:]
        left = sum(known, Fraction(0)) - cents
        if rest:
            self.lots[lot] = [left / len(rest)] * len(rest)
        else:
            del self.lots[lot]
            if left:
                raise Broken(f"the model keeps {left} without a piece")
        return True

    def note(self, name: str, text: str) -> bool:
        """A note is written once."""
        if name in self.notes:
            return False
        self.notes[name] = text
        self.numbers += 1
        return True

    def edit(self, name: str, text: str) -> bool:
        """An open note changes."""
        if name not in self.notes or name in self.closed:
            return False
        self.notes[name] = text
        return True

    def close(self, name: str) -> bool:
        """An open note is closed."""
        if name not in self.notes or name in self.closed:
            return False
        self.closed.add(name)
        return True

    def meet(self, name: str) -> bool:
        """A person is met once."""
        if name in self.people:
            return False
        self.people.add(name)
        return True


class Played(NamedTuple):
    """How often each verb was taken and refused."""

    taken: Counter[str]
    refused: Counter[str]

    @property
    def acts(self) -> int:
        """All acts: a refused one counts as well."""
        return self.taken.total() + self.refused.total()

    @property
    def refusals(self) -> Fraction:
        """The share that was refused."""
        return Fraction(self.refused.total(), max(self.acts, 1))


class Machine:
    """Plays steps on a company with the toy desk and on the model. Raises: Broken, at the first difference."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.model: Model = Model()
        self.played: Played = Played(Counter(), Counter())
        self._toys = cast("ToyDesk", company.desk("toy"))
        self._keys: list[tuple[str, Act[Any]]] = []
        self._notes: list[str] = []

    def play(self, steps: Sequence[Step], *, thorough: int = 500) -> Played:
        """Play a story; everything is compared after every `thorough` steps and at the end, what an act touches at once."""
        for at, one in enumerate(steps, 1):
            self._one(one)
            if at % thorough == 0:
                self.compare()
        self.compare()
        return self.played

    def _one(self, one: Step) -> None:
        if one.verb in ("again", "other"):
            self._repeat(one)
            return
        act, expected = self._made(one)
        key = f"key {self.company.head:09d} {self.played.acts:09d}"
        taken = self._apply(one.verb, act, key)
        if taken != expected():
            raise Broken(f"{one}: the store says {taken}, the model {not taken}")
        if taken and one.verb == "note":
            self._notes = [*self._notes[-40:], next(reversed(self.model.notes))]
        if taken:
            self._keys = [*self._keys[-20:], (key, act)]

    def _apply(self, verb: str, act: Act[Any], key: str) -> bool:
        try:
            self.company.apply(act, key=key)
        except BizcoreError:
            self.played.refused[verb] += 1
            return False
        self.played.taken[verb] += 1
        return True

    def _made(self, one: Step) -> tuple[Act[Any], Callable[[], bool]]:
        toys, model = self._toys, self.model
        source, target = ACCOUNTS[one.first % 3], ACCOUNTS[(one.first // 3) % 3]
        lot, note = LOTS[one.first % len(LOTS)], NOTES[one.first % len(NOTES)]
        if one.first % 4:  # three of four acts are about a new note or a known one, so that most are taken
            note = f"note {self.company.head} {one.first}" if one.verb == "note" else self._known_note(one, note)
        money = Money.of_minor(one.amount, CURRENCY)
        pieces = 1 + one.second % 7
        text = f"text {one.second % 5}"
        person = f"person {self.company.head if one.first % 4 else one.first % 3}"
        made: dict[str, tuple[Act[Any], Callable[[], bool]]] = {}
        match one.verb:
            case "deposit":
                made["it"] = toys.deposit(source, money), lambda: model.deposit(source, one.amount)
            case "transfer":
                made["it"] = (
                    toys.transfer(Money.of_minor(40 * one.amount, CURRENCY), source=source, target=target),
                    lambda: model.transfer(source, target, 40 * one.amount),
                )
            case "half":
                made["it"] = toys.half(source=source, target=target), lambda: model.half(source, target)
            case "stack":
                made["it"] = toys.stack(lot, pieces, money), lambda: model.stack(lot, pieces, one.amount)
            case "take":
                made["it"] = toys.take(lot, pieces), lambda: model.take(lot, pieces)
            case "note":
                made["it"] = toys.note(text, id=note), lambda: model.note(note, text)
            case "edit":
                made["it"] = toys.edit(note, text), lambda: model.edit(note, text)
            case "close":
                made["it"] = toys.close(note), lambda: model.close(note)
            case _:
                made["it"] = toys.meet(person, "Ada"), lambda: model.meet(person)
        return made["it"]

    def _known_note(self, one: Step, else_: str) -> str:
        return self._notes[one.second % len(self._notes)] if self._notes else else_

    def _repeat(self, one: Step) -> None:
        """A key again: with the same act the first answer, with another one a refusal; neither changes anything."""
        if not self._keys:
            return
        key, act = self._keys[one.first % len(self._keys)]
        head = self.company.head
        if one.verb == "again":
            if not self.company.apply(act, key=key).replayed:
                raise Broken(f"{key} was recorded twice")
            self.played.taken["again"] += 1
        elif self._apply("other", self._toys.deposit("other", Money.of_minor(1, CURRENCY)), key):
            raise Broken(f"{key} stands for two acts")
        if self.company.head != head:
            raise Broken(f"{key} changed the log")

    def compare(self) -> None:
        """Compare all that both know. Raises: Broken."""
        view = self.company.view()
        cents = {name: view.balance("journal", name, CURRENCY).value.minor for name in (*ACCOUNTS, SOURCE)}
        _agree("balances", cents, {name: self.model.cents[name] for name in (*ACCOUNTS, SOURCE)})
        lots = {lot.id: (lot.amount, lot.value.minor) for lot in view.lots("cost", POOL)}
        expected = {
            name: (Quantity(len(pieces), "piece"), int(sum(pieces, Fraction(0))))
            for name, pieces in self.model.lots.items()
        }
        _agree("lots", lots, expected)
        notes = {one.id: (one.text, one.state) for one in view.all(Note)}
        states = {
            name: (text, "closed" if name in self.model.closed else "open") for name, text in self.model.notes.items()
        }
        _agree("notes", notes, states)
        _agree("people", {one.id for one in view.all(Person)}, self.model.people)
        _agree("numbers", view.series("N"), self.model.numbers)


def _agree(what: str, store: object, model: object) -> None:
    if store != model:
        raise Broken(f"{what}: the store has {store!r}, the model {model!r}")
