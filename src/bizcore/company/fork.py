"""Companies on top of a company: a fork that can be written and thrown away, and a past that is only looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from attrs import evolve

from bizcore.book.entry import Entry
from bizcore.change.act import Act
from bizcore.change.changes import Changes
from bizcore.change.committed import Committed
from bizcore.change.reading import LogRow, Reading
from bizcore.change.reads import Reads, mark
from bizcore.company import landing
from bizcore.company.facade import Company
from bizcore.company.given import pairs
from bizcore.company.refusals import NotApplicable, NotAStep, ReadOnly, UseTheFork
from bizcore.flow.document import Document
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.ids import checked_id
from bizcore.kernel.maps import Map
from bizcore.kernel.table import Table
from bizcore.store.commit import start

D = TypeVar("D", bound=Document | Entry)
T = TypeVar("T")


class ForkStep(NamedTuple):
    """What was applied in a fork, and the id its own ids grow from."""

    act: Act[Any]
    base: str
    reason: str


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
        self._actor = checked_id(actor, "actor")
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

        Raises: OtherCompany, UseTheFork, NotAStep, KeyReused, IntentErased, and what the rules refuse.
        """
        self._check_untried()
        if isinstance(what, Changes):
            if what.act is None:
                raise NotApplicable(what=what)
            self._check_planned_here(what)
            what = what.act
        if isinstance(what, Fork):
            self._check_mine(what._identity)
            return self._whole(what.replay)
        if not isinstance(what, Act):
            if not callable(what):
                raise NotApplicable(what=what)
            return self._whole(lambda fork: fork._worked(what))
        if key is not None:
            known = self._planning.overlay.logged(checked_id(key, "key"))
            if known is not None:
                landing.check_same(known, what.name, what.intent, self._body)
                self._seen[known.key] = known
                return self._committed(known, replayed=True)
        return self._step(what, key or self._next_base(), actor, reason)

    def _step(self, act: Act[Any], base: str, actor: str | None, reason: str) -> Committed[Any]:
        who = checked_id(actor, "actor") if actor is not None else self._actor or ""
        self._allow(who, act)
        at_base = not self._planning.overlay.writes
        changes = self._planning.plan(act, base)
        row = self._planning.record(changes, key=base, actor=who, reason=reason or self._step_reason)
        self._note(changes.reads or {}, at_base=at_base)
        self.steps.append(ForkStep(act, base, reason))
        self._seen[row.key] = row
        return self._committed(row, answered=type(changes.value) if isinstance(changes.value, Document) else None)

    def apply_each(
        self, acts: Iterable[tuple[Act[D], str | None]], *, actor: str | None = None, reason: str = ""
    ) -> tuple[Committed[D], ...]:
        """Record several acts in the fork, one after the other, all or nothing; an error carries `.index` and `.key`."""
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

    def _worked(self, work: Callable[[Company], Committed[Any]]) -> Committed[Any]:
        answer = work(self)
        self.answer_of(answer)
        return answer

    def answer_of(self, answer: object) -> LogRow:
        """The record that work answers with: one of those applied, or found done, in this fork. Raises: NotAStep."""
        if not isinstance(answer, Committed) or answer.key not in self._seen:
            raise NotAStep(what=answer)
        return self._seen[answer.key]

    def replay(self, company: Company) -> Committed[Any]:
        """Apply this fork's acts, in order, to another company or fork; the answer is the last one's."""
        if not self.steps:
            raise NotApplicable(what=self)
        answers = [
            company._step(one.act, one.base, None, one.reason)
            if isinstance(company, Fork)
            else company.apply(one.act, key=one.base, reason=one.reason)
            for one in self.steps
        ]
        return answers[-1]

    def last_record(self, request: str) -> Changes[Any]:
        """The changes of the last record of work: nothing new, only what the key stands for."""
        planning, stamp = self._planning, self._database.stamp
        personal = [key for key, row in self._seen.items() if landing.lies_beside(row)]
        kept = landing.asked_for(request, personal, planning.overlay, self._body, stamp)
        return Changes.nothing(Act(landing.WORK, Map(kept), _no_planner))

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

    `report` takes a company and gives a table whose first column names the rows; figures become one column a company.

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
    lines: dict[str, dict[str, object]] = {}
    columns = [first.columns[0]]
    for name, table in tables.items():
        figures = table.columns[1:]
        columns += [evolve(one, name=f"{name} {one.name}") for one in figures]
        for row in table:
            mine = lines.setdefault(str(row[key]), {key: row[key]})
            mine.update({f"{name} {one.name}": row[one.name] for one in figures})
    return Table(columns, [[line.get(one.name) for one in columns] for line in lines.values()], title=first.title)


def _no_planner(*_: object, **__: object) -> Changes[Any]:
    raise NotApplicable(what="work")
