"""Companies on top of a company: a fork that can be written and thrown away, and a past that is only looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, cast

from attrs import evolve

from bizcore.book.entry import Entry
from bizcore.change.act import Act
from bizcore.change.changes import Changes
from bizcore.change.committed import Committed
from bizcore.change.reading import LogRow, Reading
from bizcore.change.reads import Reads, mark
from bizcore.company import landing
from bizcore.company.facade import Company
from bizcore.company.given import pairs, request_text
from bizcore.company.refusals import NotApplicable, NotAStep, ReadOnly, UnknownKey, UseTheFork
from bizcore.flow.document import Document
from bizcore.kernel.codec import encode
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.ids import checked_id, checked_text
from bizcore.kernel.maps import Map
from bizcore.kernel.table import Table
from bizcore.store.commit import start

D = TypeVar("D", bound=Document | Entry)
T = TypeVar("T")

Work = Callable[[Company], Committed[Any]]
"""What is called with a company or a fork and answers with one of its steps."""


class Last(NamedTuple):
    """The last record of several steps: what its key stands for, the keys of the steps, and of the one that answers.

    `told` says that somebody asked in words of their own (the request of work), not by acts, which keep nobody's data themselves.
    """

    request: str
    steps: tuple[str, ...]
    answer: str
    told: bool


class ForkStep(NamedTuple):
    """What was applied, or found done, in a fork: its key, from which its own ids grow; its actor when one was named for it."""

    act: Act[Any]
    base: str
    reason: str
    actor: str | None
    last: Last | None = None


class Fork(Company):
    """A company on top of a company: what is applied here is read here, and nowhere else until the fork itself is applied.

    Numbers look provisional (`INV-?1`). Keep it as long as you like; `with` is optional.

    >>> from bizcore.book.entry import Entry, credit, debit
    >>> from bizcore.kernel.money import Money
    >>> acme = Company.create("acme", currency="EUR")
    >>> whatif = acme.fork()
    >>> sale = Entry("2026-03-05", [debit("1000", Money("5", "EUR")), credit("4000", Money("5", "EUR"))])
    >>> done = whatif.apply(whatif.finance.post(sale))
    >>> whatif.head, acme.head
    (1, 0)
    """

    def __init__(
        self, company: Company, planning: landing.Planning, *, base: str, actor: str | None, reason: str
    ) -> None:
        super().__init__(
            company.settings,
            reading=lambda: planning.overlay,
            database=company._database,
            store=None,
            kinds=company._own_kinds,
            desks=company._own_desks,
            actor=company._actor if actor is None else actor,
            authorize=company._authorize,
            decoder=company._decoder,
        )
        self.steps: list[ForkStep] = []
        self.base_reads: Reads = {}
        self._seen: dict[str, LogRow] = {}
        self._stepped: set[str] = set()
        self._named: str | None = None
        self._trying = False
        self._below = company._body
        self._planning = planning
        self._base = base
        self._step_reason = reason

    @property
    def base_position(self) -> int:
        """Where the log stood that this is a fork of."""
        return self._planning.overlay.base_head.position

    @classmethod
    def over(cls, company: Company, reading: Reading) -> Fork:
        """A fork to keep, over a reading of a company."""
        planning = landing.Planning.onto(start(reading), company.settings, company._database.stamp, company._decoder)
        return cls(company, planning, base="", actor=None, reason="")

    @classmethod
    def onto(cls, company: Company, planning: landing.Planning, base: str, actor: str, reason: str) -> Fork:
        """The fork that work is called with: its steps are recorded when the work is."""
        return cls(company, planning, base=base, actor=actor, reason=reason)

    def close(self) -> None:
        """A fork lets go of nothing: its store is its parent's."""

    def acting(self, actor: str) -> Company:
        """The fork goes on under another actor: the steps stay its own."""
        self._actor = self._named = checked_id(actor, "actor")
        return self

    def as_known(self, when: int | datetime) -> Company:
        """A fork has no past of its own. Raises: ReadOnly."""
        raise ReadOnly

    def apply(
        self,
        what: Any,
        *,
        key: str | None = None,
        request: object = None,
        actor: str | None = None,
        reason: str = "",
    ) -> Committed[Any]:
        """Record in the fork alone: an act, the act changes stand for, another fork's steps, or work.

        Guarantees: as in the company, the same key and the same intent or request get the first answer (`replayed`); steps found
        done are steps, so that the fork can be applied all the same. A step keeps the actor and the reason it was applied with.
        Raises: OtherCompany, UseTheFork, NotAStep, KeyReused, IntentErased, InvalidText, and what the rules refuse.
        """
        self._check_untried()
        checked_text(reason)
        named = checked_id(actor, "actor") if actor is not None else self._named
        if isinstance(what, Changes):
            if what.act is None:
                raise NotApplicable(what=what)
            self._check_planned_here(what)
            what = what.act
        base = checked_id(key, "key") if key is not None else None
        reason = reason or self._step_reason
        if isinstance(what, Act):
            return self._recorded(ForkStep(what, base or self._next_base(), reason, named))
        if isinstance(what, Fork):
            self._check_mine(what._identity)
            steps: Work = what.replay
            told = what.told
            asked = what.asked
        elif callable(what):
            steps, told = cast("Work", what), True
            asked = request_text(request) if base is not None else ""
        else:
            raise NotApplicable(what=what)
        if base is None:
            return self._whole(lambda fork: fork._worked(steps, reason, named))
        last = ForkStep(_work(asked), base, reason, named, Last(asked, (), "", told))
        if self._planning.overlay.logged(base) is not None:
            return self._recorded(last)

        def whole(fork: Fork) -> Committed[Any]:
            fork._worked(steps, reason, named, last)
            return fork.committed(base)

        return self._whole(whole)

    def _recorded(self, step: ForkStep) -> Committed[Any]:
        """A step's record: the first one, when its key stands for the same already."""
        overlay = self._planning.overlay
        known = overlay.logged(step.base)
        if known is None:
            return self._step(step) if step.last is None else self._concluded(step, step.last)
        if step.last is None:
            landing.check_same(known, step.act.name, step.act.intent, self._body)
        else:
            landing.check_same_steps(known, step.last.request, overlay, self._body)
        self._keep(step, known)
        return self._committed(known, replayed=True)

    def _step(self, step: ForkStep) -> Committed[Any]:
        act, base = step.act, step.base
        who = self._acts(step)
        at_base = not self._planning.overlay.writes
        changes = self._planned(self._planning, act, base, who)
        row = self._planning.record(changes, key=base, actor=who, reason=step.reason or self._step_reason)
        self._note(changes.reads or {}, at_base=at_base)
        self._keep(step, row)
        return self._committed(row, answered=type(changes.value) if isinstance(changes.value, Document) else None)

    def _concluded(self, step: ForkStep, last: Last) -> Committed[Any]:
        reason = step.reason or self._step_reason
        row = self.conclude(last, key=step.base, actor=self._acts(step), reason=reason)
        self._keep(step, row)
        return self._committed(row)

    def conclude(self, last: Last, *, key: str, actor: str, reason: str) -> LogRow:
        """Write the last record of several steps: nothing new, only what the key stands for. Raises: UnknownKey."""
        planning, stamp = self._planning, self._database.stamp
        rows = {one: row for one in (*last.steps, last.answer) if (row := planning.overlay.logged(one)) is not None}
        if last.answer not in rows:
            raise UnknownKey(key=last.answer or key)
        personal = [one for one, row in rows.items() if landing.lies_beside(row)]
        hidden = personal or (last.told and any(landing.erases(row) for row in rows.values()))
        kept = landing.digested(last.request, personal, planning.overlay, self._body, stamp) if hidden else None
        changes = Changes.nothing(_work(last.request) if kept is None else Act(landing.WORK, Map(kept), _no_planner))
        answer = landing.pointed_at(rows[last.answer])
        return planning.record(changes, key=key, actor=actor, reason=reason, answer=answer)

    def inherited(self, step: ForkStep) -> ForkStep:
        """A step of another fork with the actor and reason that fork is applied with, where it has none of its own."""
        actor = step.actor if step.actor is not None else self._named
        return step._replace(actor=actor, reason=step.reason or self._step_reason)

    def _acts(self, step: ForkStep) -> str:
        return step.actor if step.actor is not None else self._actor or ""

    def _keep(self, step: ForkStep, row: LogRow) -> None:
        self._seen[row.key] = row
        if step.base not in self._stepped:
            self._stepped.add(step.base)
            self.steps.append(step)

    def apply_each(
        self, acts: Iterable[tuple[Act[D], str | None]], *, actor: str | None = None, reason: str = ""
    ) -> tuple[Committed[D], ...]:
        """Record several acts in the fork, one after the other, all or nothing; an error carries `.index` and `.key`."""
        checked_text(reason)
        batch = pairs(acts)

        def each(fork: Fork) -> tuple[Committed[D], ...]:
            answers: list[Committed[D]] = []
            for index, (act, key) in enumerate(batch):
                try:
                    answers.append(fork.apply(act, key=key, actor=actor, reason=reason))
                except BizcoreError as error:
                    error.index, error.key = index, key  # type: ignore[attr-defined]
                    raise
            return tuple(answers)

        return self._whole(each)

    def _whole(self, do: Callable[[Fork], T]) -> T:
        """Do several steps or none: they are tried on a fork of this one first, because an overlay cannot go back."""
        self._check_untried()
        self._trying = True
        try:
            do(self.fork())
        finally:
            self._trying = False
        return do(self)

    def _check_untried(self) -> None:
        """While steps are tried on a fork of this one, this one is not written to. Raises: UseTheFork."""
        if self._trying:
            raise UseTheFork(company=self.name)

    def _worked(self, work: Work, reason: str, actor: str | None, last: ForkStep | None = None) -> Committed[Any]:
        """Call work with this fork; what it applies has its actor and reason, and only that is among its steps."""
        before = self._seen, self._named, self._step_reason
        self._seen, self._named, self._step_reason = {}, actor, reason
        try:
            answer = work(self)
            answered = self.answer_of(answer)
            if last is not None and last.last is not None:
                steps = last.last._replace(steps=tuple(self._seen), answer=answered.key)
                self._recorded(last._replace(last=steps))
        finally:
            seen = self._seen
            self._seen, self._named, self._step_reason = before
            self._seen = {**self._seen, **seen}
        return answer

    def answer_of(self, answer: object) -> LogRow:
        """The record that work answers with: one of those applied, or found done, in this fork. Raises: NotAStep."""
        if not isinstance(answer, Committed) or answer.key not in self._seen:
            raise NotAStep(what=answer)
        return self._seen[answer.key]

    @property
    def asked(self) -> str:
        """What the key that this fork is applied under stands for: its acts, in order."""
        return encode([one.act.to_json() for one in self.steps])

    @property
    def told(self) -> bool:
        """Whether some of its steps were asked for in words: by the request of work."""
        return any(one.last is not None and one.last.told for one in self.steps)

    def replay(self, company: Company) -> Committed[Any]:
        """Apply this fork's acts, in order, to another company or fork; the answer is the last one's. Raises: NotApplicable."""
        if not self.steps or not isinstance(company, Company):
            raise NotApplicable(what=company if self.steps else self)
        return [_again(company, one) for one in self.steps][-1]

    def last_of(self, request: str, answer: object, *, told: bool) -> Last:
        """The last record of all that was done here. Raises: NotAStep."""
        return Last(request, tuple(self._seen), self.answer_of(answer).key, told)

    def _next_base(self) -> str:
        return f"{self._base}#{len(self.steps) + 1}" if self._base else self._database.ids()

    def _body(self, kind: str, id: str, position: int) -> tuple[str, str] | None:
        return self._planning.over(self._below)(kind, id, position)

    def _note(self, reads: Reads, *, at_base: bool) -> None:
        """Keep what was read below the fork: later steps are asked again of the base alone."""
        base = self._planning.overlay.base
        if base is None:
            return
        for read, seen in reads.items():
            if read not in self.base_reads:
                self.base_reads[read] = seen if at_base else mark(base, read)


class Past(Company):
    """A company as its log stood: reports, documents and forks of then; nothing can be applied."""

    _below: landing.Body

    @classmethod
    def known(cls, company: Company, reading: Reading) -> Past:
        """A company at a reading."""
        past = cls(
            company.settings,
            reading=lambda: reading,
            database=company._database,
            store=None,
            kinds=company._own_kinds,
            desks=company._own_desks,
            actor=company._actor,
            authorize=company._authorize,
            decoder=company._decoder,
        )
        past._below = company._body
        return past

    def _body(self, kind: str, id: str, position: int) -> tuple[str, str] | None:
        return self._below(kind, id, position)

    def close(self) -> None:
        """The past lets go of nothing."""


def compare(report: Callable[[Company], Table], **companies: Company) -> Table:
    """Put a report of several companies, forks or pasts side by side.

    `report` takes a company and gives a table whose first column names the rows; figures become one column a company, and text that all say alike
    stands once.

    >>> from bizcore.kernel.table import Column
    >>> acme = Company.create("acme", currency="EUR")
    >>> compare(lambda one: Table([Column("line"), Column("head")], [["log", one.head]]), now=acme, then=acme).to_dicts()
    [{'line': 'log', 'now head': 0, 'then head': 0}]
    """
    tables = {name: report(one) for name, one in companies.items()}
    if not tables:
        raise NotApplicable(what=companies)
    first = next(iter(tables.values()))
    key = first.columns[0].name
    named = [one for one in first.columns[1:] if _says_the_same(one.name, key, tables.values())]
    lines: dict[str, dict[str, object]] = {}
    columns = [first.columns[0], *named]
    for name, table in tables.items():
        figures = [one for one in table.columns[1:] if one not in named]
        columns += [evolve(one, name=f"{name} {one.name}") for one in figures]
        for row in table:
            mine = lines.setdefault(str(row[key]), {key: row[key]} | {one.name: row[one.name] for one in named})
            mine.update({f"{name} {one.name}": row[one.name] for one in figures})
    return Table(columns, [[line.get(one.name) for one in columns] for line in lines.values()], title=first.title)


def _says_the_same(column: str, key: str, tables: Iterable[Table]) -> bool:
    """Whether a column is text that belongs to the row, whichever company is asked: it then stands there once."""
    said: dict[str, object] = {}
    for table in tables:
        if column not in {one.name for one in table.columns}:
            return False
        for row in table:
            if not isinstance(row[column], str) or said.setdefault(str(row[key]), row[column]) != row[column]:
                return False
    return bool(said)


def _again(company: Company, step: ForkStep) -> Committed[Any]:
    if isinstance(company, Fork):
        return company._recorded(company.inherited(step))
    if (last := step.last) is None:
        return company.apply(step.act, key=step.base, actor=step.actor, reason=step.reason)
    return company._land_last(lambda _: last, step.base, last.request, company._who(step.actor), step.reason, None)


def _work(request: str) -> Act[Any]:
    """What several steps are in the log: the request that their key stands for."""
    return Act(landing.WORK, Map({"request": json.loads(request)}), _no_planner)


def _no_planner(*_: object, **__: object) -> Changes[Any]:
    raise NotApplicable(what="work")
