"""Records are sent as acts, each under the key `file:id`; what is refused takes with it what depends on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve, field, frozen

from bizcore.change.committed import Committed
from bizcore.change.view import Erased
from bizcore.cli.acts import act_of
from bizcore.cli.layout import Record
from bizcore.cli.refusals import Causes, Refusal, located
from bizcore.company import Company
from bizcore.company.refusals import UnknownKey
from bizcore.kernel.errors import BizcoreError, Conflict, Unavailable


@frozen
class Replayed:
    """What a replay did: how many records were new and how many known, and what was refused."""

    recorded: int
    replayed: int
    refused: tuple[Refusal, ...] = ()
    answers: Mapping[str, str] = field(factory=dict)
    """The document that each record became, by its key."""

    @property
    def answered(self) -> int:
        """How many records are in the books, whether from this run or an earlier one."""
        return self.recorded + self.replayed

    @property
    def sent(self) -> int:
        """How many records there are."""
        return self.answered + len(self.refused)

    def __str__(self) -> str:
        """The counts as a sentence."""
        counts = f"{self.recorded} recorded, {self.replayed} replayed, {len(self.refused)} refused"
        return f"{self.sent} records: {counts}"


class Replay:
    """Sends every record of a folder to a company, always the same acts under the same keys.

    Guarantees: nothing is asked before a record is sent, so a second run is the same run; a refused record writes nothing, and
    neither does what names it; a record whose key is known counts as replayed also when what it holds of somebody was erased.
    """

    def __init__(self, company: Company) -> None:
        self._company = company
        self._answers: dict[str, Committed[Any]] = {}
        self._causes = Causes()

    def run(self, records: Iterable[Record], progress: Callable[[Iterable[Record]], Iterator[Record]]) -> Replayed:
        """Replay the records in order. Raises: Unavailable or Conflict, when the store cannot be written now."""
        refused: list[Refusal] = []
        for record in progress(records):
            self._causes.seen(record)
            refusal = self._refused_before(record) or self._sent(record)
            if refusal is not None:
                self._causes.refuse(record)
                refused.append(refusal)
        known = sum(done.replayed for done in self._answers.values())
        ids = {key: _id_of(done) for key, done in self._answers.items()}
        return Replayed(len(self._answers) - known, known, tuple(refused), ids)

    def _sent(self, record: Record) -> Refusal | None:
        try:
            self._answers[record.key] = self._applied(record)
        except Unavailable:
            raise
        except BizcoreError as error:
            # A conflict that trying again cannot help is about the record: its key stands for other content.
            if isinstance(error, Conflict) and error.retry:
                raise
            return located(record, error, self._causes.of(record, error))
        return None

    def _applied(self, record: Record) -> Committed[Any]:
        """What a record became. Raises: what its act, and the rules, refuse."""
        try:
            return self._company.apply(act_of(record, self._company, self._named), key=record.key)
        except Erased as erased:
            # Nobody can compare it any more, or name what it is about: a record whose key is known is in the books all the same.
            try:
                return evolve(self._company.committed(record.key), replayed=True)
            except UnknownKey:
                raise erased from None

    def _refused_before(self, record: Record) -> Refusal | None:
        """The refusal of what cannot be sent: unreadable, or naming what is not there."""
        if record.problem is not None:
            return Refusal(*record.problem, record.key)
        for name in record.names():
            if self._causes.refused(name.key):
                rule = "depends on a refused record"
                return Refusal(name.file, name.line, name.field, rule, record.key, name.key)
            if name.must and name.key not in self._answers:
                rule = f"there is no record {name.key} before it"
                return Refusal(name.file, name.line, name.field, rule, record.key)
        return None

    def _named(self, file: str, id_: str) -> Any:
        """The document that a record became."""
        return self._answers[f"{file}:{id_}"].value


def _id_of(done: Committed[Any]) -> str:
    """The id of the document that a record became, erased or not."""
    try:
        found: str = done.value.id
    except Erased as error:
        return str(error.facts["id"])
    return found
