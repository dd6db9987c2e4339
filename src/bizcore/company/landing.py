"""How acts become log records: planned once on a short stable view, and once more in the writer's place if someone was first."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Generic, TypeVar

from bizcore.change.act import Act
from bizcore.change.changes import Changes
from bizcore.change.reading import LogRow, Reading, intact
from bizcore.change.record import INTENT
from bizcore.change.settings import Settings
from bizcore.change.view import Decoder, Noting, View
from bizcore.company import wiring
from bizcore.company.refusals import IntentErased, UnknownKind, UseTheFork
from bizcore.flow.document import Document
from bizcore.kernel.errors import BizcoreError, Conflict
from bizcore.store.chain import BESIDE, digest
from bizcore.store.commit import Sealed, Stamp, commit, start
from bizcore.store.overlay import Overlay
from bizcore.store.port import Database, KeyReused, OutcomeUnknown, RunAgain, Store, StoreUnavailable

T = TypeVar("T")

Authorize = Callable[[str, Act[Any]], None]

Body = Callable[[str, str, int], tuple[str, str] | None]
"""The stored (body, salt) of one version of a document, or of an intent that lies beside the log."""

Check = Callable[[View, Changes[Any]], None]
"""Looks at what is to be recorded, and only refuses; what it read is read for the change."""

WORK: Final = "work"
"""The act of the last record of a fork or of work."""

DIGEST: Final = "$digest"
"""Key of the digest that is kept of a request instead of its text."""


class Planning:
    """Plans acts one after the other on an overlay, each seeing the ones before, and records them there."""

    def __init__(
        self, reading: Reading, settings: Settings, stamp: Stamp, decoder: Decoder, *, provisional: bool
    ) -> None:
        self.overlay: Overlay = start(reading)
        self.sealed: list[Sealed] = []
        self._settings = settings
        self._stamp = stamp
        self._decoder = decoder
        self._provisional = provisional

    @classmethod
    def onto(cls, overlay: Overlay, settings: Settings, stamp: Stamp, decoder: Decoder) -> Planning:
        """A planning that goes on in an overlay that stays: a fork's."""
        made = cls.__new__(cls)
        made.overlay, made.sealed = overlay, []
        made._settings, made._stamp, made._decoder, made._provisional = settings, stamp, decoder, True
        return made

    def view(self, base: str) -> View:
        """What a planner gets; ids it mints grow from `base`."""
        # Nothing recorded yet: the base answers alone, which spares every read a layer.
        reading: Reading = self.overlay if self.overlay.writes or self.overlay.base is None else self.overlay.base
        return View(reading, self._settings, base=base, decoder=self._decoder)

    def plan(self, act: Act[Any], base: str, *, check: Check | None = None) -> Changes[Any]:
        """Planner, then followers, then guards; then, of what is to be recorded, whether it waits for somebody else."""
        view = self.view(base)
        changes = act.planner(view, **act.arguments)
        changes = wiring.followed(view, changes)
        wiring.guarded(view, changes)
        object.__setattr__(changes, "act", act)
        if check is not None:
            check(view, changes)
        object.__setattr__(changes, "reads", view.reads)
        return changes

    def before(self, document: Document) -> Document | None:
        """How a document stands here; None also when that cannot be read any more: only people look at it."""
        view = View(self.overlay, self._settings, decoder=self._decoder, noting=Noting.NOTHING)
        try:
            return view.seek(type(document), document.id)
        except BizcoreError:
            return None

    def over(self, below: Body) -> Body:
        """The bodies of what was recorded here, and of what lies below."""
        own = self.overlay.body
        return lambda *version: own(*version) or below(*version)

    def record(
        self, changes: Changes[Any], *, key: str, actor: str, reason: str, answer: tuple[str, ...] | None = None
    ) -> LogRow:
        """Seal changes and put them into the overlay by the commit rule."""
        act = changes.act
        sealed = Sealed(
            changes=changes,
            key=key,
            actor=actor,
            reason=reason,
            act=act.name if act is not None else "",
            intent=act.intent if act is not None else "{}",
            planned_at=self.overlay.head.position,
            reads=changes.reads if changes.reads is not None else {},
            arguments=act.arguments if act is not None else {},
            erases=changes.erases,
            answer=answer,
        )
        row = commit(self.overlay, sealed, self._settings, self._stamp, provisional=self._provisional)
        self.sealed.append(sealed)
        return row


RUN_AGAIN_SECONDS: Final = 20.0
"""How long a change is run again before its outcome is said to be unknown."""

_JITTER: Final = (0.001, 0.02)

Job = Callable[[Planning], T]


def land(store: Store, stamp: Stamp, decoder: Decoder, job: Job[T]) -> tuple[T, dict[str, LogRow]]:
    """Run a job that plans and records on an overlay, then let the store record it for good.

    Planned optimistically once, on a view that nobody waits for; then the writer's place is taken, and when someone else was
    first it is planned inside: there is no third planning and no second waiting. A refusal met while the head moved is planned
    again before it is believed.
    """
    reading = store.view()
    planning = Planning(reading, store.settings, stamp, decoder, provisional=False)
    planned: list[T] = []
    try:
        with reading.steady():
            planned.append(job(planning))
        if not planning.sealed:
            return planned[0], {}
    except RunAgain:
        if store.capabilities.hosted:
            raise
    except Conflict as error:
        _believed(error)
    except BizcoreError:
        if store.view().head.position == reading.head.position:
            raise
    return Ending(store, stamp, decoder, job).end(planned, planning)


class Ending(Generic[T]):
    """The end of a landing in the writer's place, run again when the database wants it."""

    def __init__(self, store: Store, stamp: Stamp, decoder: Decoder, job: Job[T]) -> None:
        self._store, self._stamp, self._decoder, self._job = store, stamp, decoder, job
        self._last: tuple[T, Planning] | None = None
        """What was sent last, whose outcome nobody may know."""

    def end(self, planned: list[T], planning: Planning) -> tuple[T, dict[str, LogRow]]:
        """Apply what was planned, or plan it here; and again. Raises: OutcomeUnknown, RunAgain in a host's transaction."""
        unknown = False
        give_up = 0.0
        while True:
            try:
                with self._store.first():
                    if unknown and (found := self._recorded()) is not None:
                        return found
                    return self._in_place(planned, planning)
            except (RunAgain, StoreUnavailable) as error:
                unknown = unknown or (isinstance(error, RunAgain) and error.lost)
                if self._store.capabilities.hosted or (isinstance(error, StoreUnavailable) and not unknown):
                    raise
                now = time.monotonic()
                give_up = give_up or now + RUN_AGAIN_SECONDS
                if now > give_up:
                    if unknown and self._last is not None:
                        raise OutcomeUnknown(keys=tuple(one.key for one in self._last[1].sealed)) from error
                    raise
                planned = []
                time.sleep(random.uniform(*_JITTER))

    def _in_place(self, planned: list[T], planning: Planning) -> tuple[T, dict[str, LogRow]]:
        if planned:
            self._last = planned[0], planning
            try:
                return planned[0], _applied(self._store, planning, self._decoder)
            except Conflict as error:
                _believed(error)
        planning = Planning(self._store.view(), self._store.settings, self._stamp, self._decoder, provisional=False)
        result = self._job(planning)
        self._last = result, planning
        return result, _applied(self._store, planning, self._decoder)

    def _recorded(self) -> tuple[T, dict[str, LogRow]] | None:
        """What was sent last, when it was recorded after all: told by its keys, each with the hash it was given."""
        if self._last is None:
            return None
        result, planning = self._last
        sent = {write.log.key: write.log for write in planning.overlay.writes}
        known = self._store.known(tuple(sent))
        if {key: row.hash for key, row in known.items()} != {key: row.hash for key, row in sent.items()}:
            return None
        return result, dict(known)


def _believed(error: Conflict) -> None:
    """Raise a conflict that another planning here would only repeat: the key stands for another act, the transaction is over."""
    if isinstance(error, RunAgain) or (isinstance(error, KeyReused) and not error.racing):
        raise error


def _applied(store: Store, planning: Planning, decoder: Decoder) -> dict[str, LogRow]:
    if not planning.sealed:
        return {}
    rows = {row.key: row for row in store.apply(planning.sealed, prepared=planning.overlay)}
    if any(one.erases for one in planning.sealed):
        decoder.forget()
    return rows


def check_same(row: LogRow, act: str, intent: str, body: Body) -> None:
    """A key stands for one act: refuse another one under it, naming what differs. Raises: KeyReused, IntentErased."""
    stored = _intent_of(row, body)
    if row.act == act and stored == intent:
        return
    differs = [] if row.act == act else ["act"]
    if stored != intent:
        one, other = intact(stored, what="an intent", position=row.position), json.loads(intent)
        differs += sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
    raise KeyReused(key=row.key, fields=tuple(differs))


def _intent_of(row: LogRow, body: Body) -> str:
    """The stored intent, also when it lies beside the log."""
    if not lies_beside(row):
        return row.intent
    beside = body(INTENT, row.key, row.position)
    if beside is None or not beside[0]:
        raise IntentErased(key=row.key)
    return beside[0]


class Intent:
    """An act on its way, with what must stay the same when it is planned twice."""

    __slots__ = ("act", "answered", "base", "key", "shown")

    def __init__(self, act: Act[Any], key: str | None, *, shown: Changes[Any] | None = None) -> None:
        self.act: Act[Any] = act
        self.key: str | None = key
        self.shown: Changes[Any] | None = shown
        self.base: str = key or ""
        self.answered: type[Document] | None = None


# -- one work at a time -----------------------------------------------------------------------------------------------


class _Workplace(threading.local):
    """For whom work is under way in this thread."""

    def __init__(self) -> None:
        self.companies: list[tuple[str, Database]] = []


_workplace = _Workplace()


@contextmanager
def working(company: tuple[str, Database]) -> Iterator[None]:
    """While work is called; what it applies elsewhere than in its fork would stay when it fails."""
    _workplace.companies.append(company)
    try:
        yield
    finally:
        _workplace.companies.pop()


def check_idle(company: tuple[str, Database]) -> None:
    """Refuse to write to a company for which work is under way in the same thread. Raises: UseTheFork."""
    if company in _workplace.companies:
        raise UseTheFork(company=company[0])


# -- several steps under one key -------------------------------------------------------------------------------------


def digested(request: str, steps: Iterable[str], overlay: Overlay, body: Body, stamp: Stamp) -> dict[str, Any]:
    """What the last record of several steps keeps of a request that may hold personal data: a digest instead of its text.

    `steps` are the keys of the changes that wrote such data. The text may hold the same, so its digest is salted with the salts of
    their intents: erasing any of those leaves a digest that nothing can be compared with.
    """
    keys = list(steps)
    salts = _salts(keys, overlay, body) or stamp.salt()  # erased by a step: a salt that nobody keeps
    return {DIGEST: digest(request, salts), "salted_by": keys}


def check_same_steps(row: LogRow, request: str, overlay: Overlay, body: Body) -> None:
    """As `check_same`, of a fork or work. Raises: KeyReused, IntentErased."""
    stored = intact(row.intent, what="an intent", position=row.position)
    if row.act != WORK or DIGEST not in stored:
        check_same(row, WORK, f'{{"request":{request}}}', body)
        return
    salts = _salts(stored["salted_by"], overlay, body)
    if not salts:
        raise IntentErased(key=row.key)
    if digest(request, salts) != stored[DIGEST]:
        raise KeyReused(key=row.key, fields=("request",))


def _salts(keys: Iterable[str], overlay: Overlay, body: Body) -> str:
    """The salts of the intents beside the log, joined; nothing when one of them was erased."""
    salts: list[str] = []
    for key in keys:
        row = overlay.logged(key)
        beside = body(INTENT, key, row.position) if row is not None else None
        if beside is None or not beside[1]:
            return ""
        salts.append(beside[1])
    return "".join(salts)


def lies_beside(row: LogRow) -> bool:
    """Whether a change wrote personal data, so that its intent lies beside the log."""
    return row.intent.startswith(f'{{"{BESIDE}"')


def erases(row: LogRow) -> bool:
    """Whether a change blanked somebody's data."""
    from bizcore.change import record

    return "erased" in record.body_of(row)


def answer_of(
    row: LogRow, reading: Callable[[], Reading], decoder: Decoder, kinds: Callable[[], Mapping[str, type[Document]]]
) -> Any:
    """The value that a change answered with, as that change left it. Raises: Erased, UnknownKind."""
    from bizcore.change import record

    answer = record.body_of(row)["answer"]
    if answer[0] == "entry" and len(answer) == 3:
        row = next(reading().log(after=int(answer[1]) - 1))
        return record.entries(row)[int(answer[2])]
    if answer[0] == "entry":
        return record.entries(row)[answer[1]]
    _, kind, name = answer
    classes = kinds()
    if kind not in classes:
        raise UnknownKind(kind=kind, known=tuple(sorted(classes)))
    versions = [one for one in reading().history(kind, name) if one.position <= row.position]
    return decoder.document(classes[kind], versions[-1])


def pointed_at(row: LogRow) -> tuple[str, ...]:
    """What another record's answer is called in the last record of work."""
    from bizcore.change import record

    answer = record.body_of(row)["answer"]
    if answer[0] == "entry" and len(answer) == 2:
        return ("entry", str(row.position), str(answer[1]))
    return tuple(answer)
