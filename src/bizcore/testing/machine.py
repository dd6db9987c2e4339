"""A store beside a slower model: both play the same acts, and must say the same after each."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple, cast

from bizcore.change.act import Act
from bizcore.company import Company
from bizcore.flow.document import Ref
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.testing.broken import Broken
from bizcore.testing.model import Model
from bizcore.testing.sound import sound
from bizcore.testing.toys import ABROAD, CURRENCY, FEES, FOREIGN, POOL, RECEIVABLE, SOURCE, Note, Person, Rule, ToyDesk

ACCOUNTS: Final = ("cash", "bank", "till")
OWNER: Final = "owner"
KEPT: Final = (*ACCOUNTS, SOURCE, FEES, OWNER)
LOTS: Final = tuple(f"lot {n}" for n in range(8))
NOTES: Final = tuple(f"note {n}" for n in range(12))
TEXTS: Final = tuple(f"text {n}" for n in range(5))
PARTIES: Final = ("beta", "gamma")
DAYS: Final = ("2025-12-31", "2026-02-28", "2026-03-01", "2026-06-30")
SINGLE: Final = (
    "deposit", "transfer", "half", "stack", "take", "claim", "settle", "charge", "rule", "undo", "note", "edit", "close", "meet", "forget",
)  # fmt: skip
VERBS: Final = (*SINGLE, "many", "again", "other")
_PASTS: Final = 5

Expected = Callable[[Model], bool]


class Step(NamedTuple):
    """One act of a story: the verb and numbers that its arguments are made from."""

    verb: str
    first: int
    second: int
    amount: int


def step(source: random.Random) -> Step:
    """A step, from a source of randomness."""
    return Step(source.choice(VERBS), source.randrange(1000), source.randrange(1000), source.randrange(1, 400))


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
        self._pasts: list[tuple[int, Model]] = []

    def play(self, steps: Sequence[Step], *, thorough: int = 500) -> Played:
        """Play a story; everything is compared after every `thorough` steps, and at the end together with some pasts."""
        for at, one in enumerate(steps, 1):
            self._one(one)
            if at % thorough == 0:
                self.compare()
                self._pasts = [*self._pasts, (self.company.head, self.model.again())][-_PASTS:]
        self.compare()
        if self.company._store is not None:
            sound(self.company)
        for position, model in self._pasts:
            compare(self.company.as_known(position), model, forgotten=self.model.forgotten)
        return self.played

    def compare(self) -> None:
        """Compare all that both know. Raises: Broken."""
        compare(self.company, self.model)

    # -- playing -------------------------------------------------------------------------------------------------------

    def _one(self, one: Step) -> None:
        if one.verb in ("again", "other"):
            self._repeat(one)
            return
        steps = _parts(one) if one.verb == "many" else [one]
        trial, acts, expected = self.model.again() if len(steps) > 1 else self.model, [], True
        for at, part in enumerate(steps):
            key = f"key {self.company.head:09d} {self.played.acts:09d} {at}"
            act, expect = self._made(part, key)
            acts.append((act, key))
            expected = expected and expect(trial)
        if self._apply(one.verb, acts) != expected:
            raise Broken(f"{one}: the model says {expected}, the store does not")
        if expected:
            self.model = trial
            self._keys = [*self._keys, *((key, act) for act, key in acts)][-20:]

    def _apply(self, verb: str, acts: Sequence[tuple[Act[Any], str]]) -> bool:
        try:
            if len(acts) == 1:
                self.company.apply(acts[0][0], key=acts[0][1])
            else:
                self.company.apply_each(acts)
        except BizcoreError:
            self.played.refused[verb] += 1
            return False
        self.played.taken[verb] += 1
        return True

    def _repeat(self, one: Step) -> None:
        """A key again: with the same act the first answer, unless it was erased since, with another one a refusal.

        Neither changes anything.
        """
        if not self._keys:
            return
        key, act = self._keys[one.first % len(self._keys)]
        head = self.company.head
        if one.verb == "again" and act.name != "erase" and act.arguments.get("id") in self.model.forgotten:
            if self._apply("again", [(act, key)]):
                raise Broken(f"{key} answers for an act whose intent was erased")
        elif one.verb == "again":
            if not self.company.apply(act, key=key).replayed:
                raise Broken(f"{key} was recorded twice")
            self.played.taken["again"] += 1
        elif self._apply("other", [(self._toys.deposit("other", Money.of_minor(1, CURRENCY)), key)]):
            raise Broken(f"{key} stands for two acts")
        if self.company.head != head:
            raise Broken(f"{key} changed the log")

    # -- making acts ---------------------------------------------------------------------------------------------------

    def _made(self, one: Step, key: str) -> tuple[Act[Any], Expected]:
        """The act of a step, and what the model says to it."""
        if one.verb in ("deposit", "transfer", "half", "charge", "rule", "undo"):
            return self._money(one, key)
        if one.verb in ("stack", "take", "claim", "settle"):
            return self._lots(one)
        return self._documents(one, key)

    def _money(self, one: Step, key: str) -> tuple[Act[Any], Expected]:
        toys, amount = self._toys, one.amount
        source, target = ACCOUNTS[one.first % 3], ACCOUNTS[(one.first // 3) % 3]
        on = DAYS[one.second % len(DAYS)]
        match one.verb:
            case "deposit":
                act: Act[Any] = toys.deposit(source, Money.of_minor(amount, CURRENCY), on=on)
                return act, lambda model: model.deposit(f"{key}#1", source, amount)
            case "transfer":
                act = toys.transfer(Money.of_minor(20 * amount, CURRENCY), source=source, target=target)
                return act, lambda model: model.transfer(source, target, 20 * amount)
            case "half":
                return toys.half(source=source, target=target), lambda model: model.half(source, target)
            case "charge":
                return toys.charge(OWNER, on), lambda model: model.charge(OWNER, on)
            case "rule":
                return self.company.put(Rule(since=on, fee=amount)), lambda model: model.rule(on, amount)
            case _:
                known = list(self.model.deposits)[-12:]
                entry = known[one.second % len(known)] if known and one.first % 5 else "nobody#1"
                return toys.undo(entry), lambda model: model.undo(entry)

    def _lots(self, one: Step) -> tuple[Act[Any], Expected]:
        toys, amount = self._toys, one.amount
        lot, party, count = LOTS[one.first % len(LOTS)], PARTIES[one.second % 2], 1 + one.second % 7
        value, foreign = Money.of_minor(amount, CURRENCY), Money.of_minor(count, FOREIGN)
        match one.verb:
            case "stack":
                return toys.stack(lot, count, value), lambda model: model.stack(lot, count, amount)
            case "take":
                return toys.take(lot, count), lambda model: model.take(lot, count)
            case "claim":
                return toys.claim(lot, party, foreign, value), lambda model: model.claim(lot, party, count, amount)
            case _:
                return toys.settle(lot, party, foreign), lambda model: model.settle(lot, party, count)

    def _documents(self, one: Step, key: str) -> tuple[Act[Any], Expected]:
        toys, model = self._toys, self.model
        text = TEXTS[one.second % len(TEXTS)]
        # Three of four acts are about something new or something known, so that most are taken.
        usual = one.first % 4 > 0
        note = NOTES[one.first % len(NOTES)]
        if usual:
            note = f"note of {key}" if one.verb == "note" else _recent(model.notes, one.second, note)
        person = f"person of {key}" if usual else f"person {one.first % 3}"
        if usual and one.verb == "forget":
            person = _recent(model.people - model.forgotten, one.second, person)
        match one.verb:
            case "note":
                return toys.note(text, id=note), lambda model: model.note(note, text)
            case "edit":
                return toys.edit(note, text), lambda model: model.edit(note, text)
            case "close":
                return toys.close(note), lambda model: model.close(note)
            case "meet":
                return toys.meet(person, f"Canary {person}"), lambda model: model.meet(person)
            case _:
                return self.company.erase(Ref(Person.kind, person)), lambda model: model.forget(person)


def _parts(one: Step) -> list[Step]:
    """The steps of a batch, made from the numbers of one."""
    picks = (one.first, one.second, one.first + one.second)
    return [
        Step(SINGLE[pick % len(SINGLE)], one.first + 7 * at, one.second + 11 * at, 1 + (one.amount + 31 * at) % 399)
        for at, pick in enumerate(picks)
    ]


def _recent(names: dict[str, str] | set[str], pick: int, otherwise: str) -> str:
    some = sorted(names)[-40:]
    return some[pick % len(some)] if some else otherwise


def compare(company: Company, model: Model, *, forgotten: set[str] | None = None) -> None:
    """Compare all that a company and the model know; in a past, whoever was forgotten since is forgotten. Raises: Broken."""
    view = company.view()
    cents = {name: view.balance("journal", name, CURRENCY).value.minor for name in KEPT}
    cents[ABROAD] = view.balance("journal", ABROAD, FOREIGN).value.minor
    _agree("balances", cents, {name: model.cents[name] for name in (*KEPT, ABROAD)})
    lots = {lot.id: (lot.amount, lot.value.minor) for lot in view.lots("cost", POOL)}
    _agree("lots", lots, {lot: (Quantity(len(some), "piece"), sum(some)) for lot, some in model.lots.items()})
    items = {(lot.party, lot.id): (lot.amount, lot.value.minor) for lot in view.lots("journal", RECEIVABLE)}
    _agree("items", items, {key: (Money.of_minor(len(some), FOREIGN), sum(some)) for key, some in model.items.items()})
    notes = {one.id: (one.text, one.state) for one in view.all(Note)}
    states = {name: (text, "closed" if name in model.closed else "open") for name, text in model.notes.items()}
    _agree("notes", notes, states)
    found = {text: {one.id for one in view.find(Note, "text", text)} for text in TEXTS}
    _agree("index", found, {text: {name for name, said in model.notes.items() if said == text} for text in TEXTS})
    people = model.people - (model.forgotten if forgotten is None else forgotten)
    _agree("people", {one.id for one in view.all(Person)}, people)
    _agree("fees", {day: view.policies(Rule, on=day).fee for day in DAYS}, {day: model.fee(day) for day in DAYS})
    _agree("numbers", view.series("N"), model.numbers)


def _agree(what: str, store: object, model: object) -> None:
    if store != model:
        raise Broken(f"{what}: the store has {store!r}, the model {model!r}")


def shortest(steps: Sequence[Step], breaks: Callable[[Sequence[Step]], bool]) -> list[Step]:
    """What is left of a story that breaks something when the steps that do not matter are taken away."""
    story, size = list(steps), max(len(steps) // 2, 1)
    while size:
        at = 0
        while at < len(story):
            without = story[:at] + story[at + size :]
            if breaks(without):
                story = without
            else:
                at += size
        size //= 2
    return story


def prove(make: Callable[[], Company], steps: Sequence[Step], *, thorough: int = 500) -> Played:
    """Play a story on a new company; one that breaks it is told again as short as it can be. Raises: Broken."""
    try:
        return Machine(make()).play(steps, thorough=thorough)
    except Broken:
        story = shortest(steps, lambda some: _broken(make, some) is not None)
        raise Broken(f"{_broken(make, story)}\nafter\n" + "\n".join(map(str, story))) from None


def _broken(make: Callable[[], Company], steps: Sequence[Step]) -> Broken | None:
    try:
        Machine(make()).play(steps, thorough=1)
    except Broken as error:
        return error
    return None
