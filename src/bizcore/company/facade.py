"""`Company`: desks, bridges and a store behind one door; `apply` is the only write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast, overload

from attrs import evolve

from bizcore.book.entry import Entry
from bizcore.change import record
from bizcore.change.act import Act, parse_act
from bizcore.change.changes import Changes
from bizcore.change.committed import Committed, instant_of
from bizcore.change.desk import Desk, verbs_of
from bizcore.change.documents import Documents
from bizcore.change.reading import LogRow, Reading
from bizcore.change.reads import Reads, mark
from bizcore.change.settings import Settings
from bizcore.change.view import Decoder, View
from bizcore.company import landing, master, wiring
from bizcore.company.trace import Trace, trace
from bizcore.flow.document import Document, Ref
from bizcore.kernel.calendars import calendar as calendar_named
from bizcore.kernel.codec import decode, encode
from bizcore.kernel.currencies import digits
from bizcore.kernel.errors import Invalid, NotFound, Refused
from bizcore.kernel.ids import checked_id
from bizcore.kernel.maps import Map
from bizcore.kernel.table import Column, Table
from bizcore.store.chain import Anchor, Verdict, verify
from bizcore.store.commit import check_reads, start
from bizcore.store.opener import open_store
from bizcore.store.port import Database, Store

if TYPE_CHECKING:
    from bizcore.bridges.order_to_cash import OrderToCashDesk
    from bizcore.bridges.procure_to_pay import ProcureToPayDesk
    from bizcore.finance.desk import FinanceDesk
    from bizcore.sfa.desk import SfaDesk
    from bizcore.supply.desk import SupplyDesk

D = TypeVar("D", bound=Document | Entry)
K = TypeVar("K", bound=Document)

Authorize = Callable[[str, Act[Any]], bool | None]


class NobodyActs(Refused):
    """A change in a kept store needs somebody who makes it."""

    code = "nobody_acts"
    allowed = ("Company.open(..., actor=)", "acting(actor)", "apply(..., actor=)")

    def __init__(self) -> None:
        super().__init__("nobody acts: name an actor when opening, by acting(actor), or in apply(..., actor=)")


class NotAuthorized(Refused):
    """The host's `authorize` said no; nothing was written."""

    code = "not_authorized"

    def __init__(self, *, actor: str, act: str) -> None:
        super().__init__(f"{actor or 'nobody'} may not {act}", actor=actor, act=act)


class ReadOnly(Refused):
    """A company as known at some position is only looked at."""

    code = "read_only"
    allowed = ("fork",)

    def __init__(self) -> None:
        super().__init__("this company is as it was known then: look at it, or fork it")


class UnknownKey(NotFound):
    """No change was recorded under the key."""

    code = "unknown_key"

    def __init__(self, *, key: str) -> None:
        super().__init__(f"nothing was recorded under key {key[:80]!r}", key=key[:80])


class NotApplicable(Invalid):
    """Only acts, changes, forks and work are applied."""

    code = "not_applicable"

    def __init__(self, *, what: object) -> None:
        super().__init__(
            f"{type(what).__name__} cannot be applied: give an act, changes, a fork, or work with key and request",
            what=type(what).__name__,
        )


class Company:
    """One company: its books, stock and deals, in a store.

    Made by `Company.create` or `Company.open`; a fork and a past are companies too. Desks (`finance`, `supply`, `sfa`, and the
    bridges `order_to_cash`, `procure_to_pay`) are imported when first touched.

    >>> acme = Company.create("acme", currency="EUR")
    >>> acme.name, acme.currency, acme.head
    ('acme', 'EUR', 0)
    """

    def __init__(
        self,
        settings: Settings,
        *,
        reading: Callable[[], Reading],
        database: Database,
        store: Store | None,
        kinds: Mapping[str, type[Document]],
        desks: Mapping[str, type[Desk]],
        actor: str | None,
        authorize: Authorize | None,
        decoder: Decoder | None = None,
    ) -> None:
        self.settings = settings
        self._reading = reading
        self._database = database
        self._store = store
        self._own_kinds = kinds
        self._own_desks = desks
        self._actor = actor
        self._authorize = authorize
        self._decoder = decoder or Decoder()

    # -- opening -------------------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        name: str,
        *,
        currency: str,
        store: str | Database = "memory:",
        chart: str = "ifrs",
        calendar: str = "calendar-year",
        zone: str = "UTC",
        bucket: str = "month",
        kinds: Iterable[type[Document]] = (),
        desks: Iterable[type[Desk]] = (),
        actor: str | None = None,
        authorize: Authorize | None = None,
    ) -> Company:
        """Make a company, or open the one with the same name and settings.

        `store` is a URL (`memory:`, `sqlite:///FILE`) or a `Database`; `currency` an ISO 4217 code with minor units.
        Raises: CompanyExists (naming what differs), UnknownCurrency, InvalidId, UnknownStore.
        """
        digits(currency)
        calendar_named(calendar)
        if bucket not in ("month", "day"):
            raise UnknownBucket(bucket=bucket)
        settings = Settings(
            name=checked_id(name, "company"),
            currency=currency,
            chart=checked_id(chart, "chart"),
            calendar=calendar,
            zone=_zone(zone),
            bucket=bucket,
        )
        database = open_store(store) if isinstance(store, str) else store
        return cls._of(database, database.create(settings), kinds, desks, actor, authorize)

    @classmethod
    def open(
        cls,
        name: str,
        *,
        store: str | Database,
        kinds: Iterable[type[Document]] = (),
        desks: Iterable[type[Desk]] = (),
        actor: str | None = None,
        authorize: Authorize | None = None,
    ) -> Company:
        """Open a company that exists. Raises: CompanyNotFound, UnknownStore, SchemaNewer."""
        database = open_store(store) if isinstance(store, str) else store
        return cls._of(database, database.company(checked_id(name, "company")), kinds, desks, actor, authorize)

    @classmethod
    def _of(
        cls,
        database: Database,
        store: Store,
        kinds: Iterable[type[Document]],
        desks: Iterable[type[Desk]],
        actor: str | None,
        authorize: Authorize | None,
    ) -> Company:
        return cls(
            store.settings,
            reading=store.view,
            database=database,
            store=store,
            kinds={one.kind: one for one in kinds},
            desks={one.name: one for one in desks},
            actor=actor,
            authorize=authorize,
        )

    def close(self) -> None:
        """Let go of the store; every company of the same store is closed with it."""
        if self._store is not None:
            self._database.close()

    def __enter__(self) -> Company:
        """Close at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def acting(self, actor: str) -> Company:
        """The same company, with somebody who acts."""
        made = self._like(self._reading, self._store)
        made._actor = checked_id(actor, "actor")
        return made

    def _like(self, reading: Callable[[], Reading], store: Store | None) -> Company:
        return Company(
            self.settings,
            reading=reading,
            database=self._database,
            store=store,
            kinds=self._own_kinds,
            desks=self._own_desks,
            actor=self._actor,
            authorize=self._authorize,
            decoder=self._decoder,
        )

    # -- what it is ----------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The company's name."""
        return self.settings.name

    @property
    def currency(self) -> str:
        """The currency its books are kept in."""
        return self.settings.currency

    @property
    def head(self) -> int:
        """The position of the last change."""
        return self._reading().head.position

    def __repr__(self) -> str:
        """Name, currency and position."""
        return f"<{type(self).__name__} {self.name} in {self.currency} at {self.head}>"

    # -- desks ---------------------------------------------------------------------------------------------------------

    @cached_property
    def finance(self) -> FinanceDesk:
        """Books, invoices, payments, statements."""
        return cast("FinanceDesk", self.desk("finance"))

    @cached_property
    def supply(self) -> SupplyDesk:
        """Goods: receipts, issues, orders to suppliers, deliveries, valuation."""
        return cast("SupplyDesk", self.desk("supply"))

    @cached_property
    def sfa(self) -> SfaDesk:
        """Deals: leads, opportunities, quotes, orders."""
        return cast("SfaDesk", self.desk("sfa"))

    @cached_property
    def order_to_cash(self) -> OrderToCashDesk:
        """From a customer's order to delivery, invoice and progress."""
        return cast("OrderToCashDesk", self.desk("order_to_cash"))

    @cached_property
    def procure_to_pay(self) -> ProcureToPayDesk:
        """From a supplier's order to the matched bill."""
        return cast("ProcureToPayDesk", self.desk("procure_to_pay"))

    def desk(self, name: str) -> Desk:
        """A desk by name, a user's own too. Raises: UnknownDesk."""
        if name not in self._own_desks and name not in wiring.DESKS:
            raise UnknownDesk(name=name, known=(*wiring.DESKS, *self._own_desks))
        return wiring.desk_class(name, self._own_desks)(self)

    # -- reading -------------------------------------------------------------------------------------------------------

    def view(self) -> View:
        """A stable view of now, for reports and calculations of one's own."""
        return View(self._reading(), self.settings, decoder=self._decoder)

    def documents(self, cls: type[K]) -> Documents[K]:
        """The documents of a kind."""
        return Documents(cls, self.view)

    def get(self, cls: type[K], id: str) -> K:  # noqa: A002 - the field's name
        """One document. Raises: DocumentNotFound, Erased."""
        return self.view().get(cls, id)

    def entry(self, id: str) -> Entry:  # noqa: A002
        """One recorded entry. Raises: EntryNotFound."""
        return self.view().entry(id)

    def log(self, *, after: int = 0) -> Iterator[Committed[Any]]:
        """Every change after a position, in order: audit trail, outbox and feed in one."""
        for row in self._reading().log(after=after):
            yield self._committed(row)

    def committed(self, key: str) -> Committed[Any]:
        """The change that a key stands for. Raises: UnknownKey."""
        row = self._reading().logged(key)
        if row is None:
            raise UnknownKey(key=str(key))
        return self._committed(row)

    def trace(self, ref: Ref | Document) -> Trace:
        """Walk origin links from a document, both ways."""
        return trace(self._reading(), ref.ref if isinstance(ref, Document) else ref)

    def as_known(self, when: int | datetime) -> Company:
        """The company as its log stood at a position or an aware instant; read-only. Raises: NotKept, NaiveInstant."""
        if self._store is None:
            raise ReadOnly
        reading = self._store.view(known_at=when)
        return Past._from(self, reading)

    def fork(self) -> Fork:
        """A company on top of this one: read your own writes, compare, throw away, or apply at once."""
        return Fork._from(self, self._reading())

    def state_hash(self) -> str:
        """The hash of latest documents, balances and series, without instants and actors: equal for equal acts anywhere."""
        state = sha256()
        for row in self._reading().state():
            state.update(encode(row).encode() + b"\n")
        return state.hexdigest()

    def anchor(self) -> Anchor:
        """Position and hash of the head, to be kept outside the store."""
        head = self._reading().head
        return Anchor(head.position, head.hash)

    def verify(self, *, anchor: Anchor | None = None) -> Verdict:
        """Follow the log's chain; with an anchor also see a cut tail."""
        store = self._kept()
        return verify(store.log(), store.body, anchor=anchor)

    def _kept(self) -> Store:
        if self._store is None:
            raise ReadOnly
        return self._store

    # -- acts ----------------------------------------------------------------------------------------------------------

    def put(self, document: K) -> Act[K]:
        """The one act for master data: a new document, or the next version of the one with its id."""
        if not isinstance(document, Document) or not type(document).kind:
            raise NotApplicable(what=document)
        arguments: Map[Any] = Map({"document": document, "kind": type(document).kind})
        return Act("put", arguments, cast("Callable[..., Changes[K]]", master.put))

    def erase(self, ref: Ref | Document) -> Act[master.Erasure]:
        """The act that blanks a personal document; the books and the chain stay."""
        kind, id_ = (ref.kind, ref.id)
        return self._erasing(kind, id_)

    def _erasing(self, kind: str, id_: str) -> Act[master.Erasure]:
        cls = self.kinds.get(kind)
        if cls is None:
            raise UnknownKind(kind=kind, known=tuple(sorted(self.kinds)))

        def erase(view: View, kind: str, id: str) -> Changes[master.Erasure]:  # noqa: A002, ARG001
            return master.erase(view, cls, id)

        return Act("erase", Map({"id": checked_ref(id_), "kind": kind}), erase)

    def act(self, text: str) -> Act[Any]:
        """Read an act from its JSON. Raises: Invalid."""
        return parse_act(text, self._verbs, {"put": self._read_put, "erase": lambda data: self._erasing(**data)})

    def _read_put(self, data: Mapping[str, Any]) -> Act[Any]:
        kind = data.get("kind")
        if kind not in self.kinds or set(data) != {"kind", "document"}:
            raise UnknownKind(kind=str(kind), known=tuple(sorted(self.kinds)))
        return self.put(decode(self.kinds[kind], data["document"]))

    @cached_property
    def _verbs(self) -> dict[str, Callable[..., Changes[Any]]]:
        found: dict[str, Callable[..., Changes[Any]]] = {}
        for name in (*wiring.DESKS, *self._own_desks):
            found.update(verbs_of(wiring.desk_class(name, self._own_desks)))
        return found

    @cached_property
    def kinds(self) -> Mapping[str, type[Document]]:
        """Every kind of document by name: ours and those given in `open(kinds=)`."""
        return wiring.kinds(self._own_kinds, self._own_desks)

    def plan(self, act: Act[D]) -> Changes[D]:
        """What an act would record now: documents, entries, floors, and what was read. Writes nothing."""
        self._allow(self._actor or "", act)
        planning = landing.Planning(self._reading(), self.settings, self._database.stamp, self._decoder, provisional=True)
        changes: Changes[D] = planning.plan(act, self._database.ids())
        return changes

    @overload
    def apply(
        self, what: Act[D] | Changes[D], *, key: str | None = None, actor: str | None = None, reason: str = ""
    ) -> Committed[D]: ...
    @overload
    def apply(
        self, what: Fork, *, key: str | None = None, actor: str | None = None, reason: str = ""
    ) -> Committed[Any]: ...
    @overload
    def apply(
        self,
        what: Callable[[Company], Committed[D]],
        *,
        key: str,
        request: object,
        actor: str | None = None,
        reason: str = "",
    ) -> Committed[D]: ...
    def apply(
        self,
        what: Any,
        *,
        key: str | None = None,
        request: object = None,
        actor: str | None = None,
        reason: str = "",
    ) -> Committed[Any]:
        """Record an act, the act that changes stand for, a fork, or work: once per key, however often it is sent.

        Guarantees: the key is looked up first; the same key and the same intent get the first answer (`replayed`); all or
        nothing; durable when it returns. Changes and forks in hand are applied as shown or refused as stale.
        Raises: KeyReused (the same key, another intent), Stale, NobodyActs, NotAuthorized, and what the rules refuse.
        """
        who = self._who(actor)
        if key is not None:
            checked_id(key, "key")
        if isinstance(what, Act):
            return self._land([_Intent(what, key)], who, reason)[0]
        if isinstance(what, Changes):
            if what.act is None or what.reads is None:
                raise NotApplicable(what=what)
            return self._land([_Intent(what.act, key, shown=what)], who, reason)[0]
        if isinstance(what, Fork):
            return self._land_steps(what.replay, key, encode([step.act.to_json() for step in what.steps]), who, reason, what)
        if callable(what) and key is not None:
            return self._land_steps(what, key, encode(request), who, reason, None)
        raise NotApplicable(what=what)

    def apply_each(
        self, acts: Iterable[tuple[Act[D], str | None]], *, actor: str | None = None, reason: str = ""
    ) -> tuple[Committed[D], ...]:
        """Record several acts in one commit, each under its own key, each reading the ones before: the fast way in.

        Guarantees: all or nothing. An error carries `.index` and `.key` of the act it is about.
        """
        intents = [_Intent(act, checked_id(key, "key") if key is not None else None) for act, key in acts]
        if len(intents) > BATCH_MAX:
            raise BatchTooLarge(count=len(intents), most=BATCH_MAX)
        return tuple(self._land(intents, self._who(actor), reason))

    def _who(self, actor: str | None) -> str:
        who = actor if actor is not None else self._actor
        if who is None:
            if self._store is not None and self._store.capabilities.durable:
                raise NobodyActs
            return ""
        return checked_id(who, "actor")

    def _allow(self, actor: str, act: Act[Any]) -> None:
        if self._authorize is not None and self._authorize(actor, act) is False:
            raise NotAuthorized(actor=actor, act=act.name)

    def _land(self, intents: list[_Intent], who: str, reason: str) -> list[Committed[Any]]:
        store = self._kept()
        for one in intents:
            self._allow(who, one.act)
            one.base = one.key if one.key is not None else self._database.ids()

        def job(planning: landing.Planning) -> list[LogRow | str]:
            answers: list[LogRow | str] = []
            for index, one in enumerate(intents):
                try:
                    answers.append(self._one(planning, one, who, reason))
                except Exception as error:
                    if len(intents) > 1:
                        error.index, error.key = index, one.key  # type: ignore[attr-defined]
                    raise
            return answers

        answers, rows = landing.land(store, self._database.stamp, self._decoder, job)
        return [
            self._committed(answer, replayed=True, intent=one)
            if isinstance(answer, LogRow)
            else self._committed(rows[answer], intent=one)
            for answer, one in zip(answers, intents, strict=True)
        ]

    def _one(self, planning: landing.Planning, one: _Intent, who: str, reason: str) -> LogRow | str:
        if one.key is not None:
            known = planning.overlay.logged(one.key)
            if known is not None:
                landing.check_same(known, one.act.name, one.act.intent, lambda row: landing.intent_of(row, self._kept().body))
                return known
        if one.shown is not None and one.shown.reads is not None:
            check_reads(planning.overlay, one.shown.reads, 0)
        self._allow(who, one.act)
        changes = planning.plan(one.act, one.base)
        one.value = type(changes.value)
        planning.record(changes, key=one.base, actor=who, reason=reason)
        return one.base

    def _land_steps(
        self,
        work: Callable[[Company], Committed[Any]],
        key: str | None,
        request: str,
        who: str,
        reason: str,
        shown: Fork | None,
    ) -> Committed[Any]:
        """Work or a fork: every step its own record, a last one with the key, the request and which step answers."""
        store = self._kept()
        base = key if key is not None else self._database.ids()
        intent = f'{{"request":{request}}}'

        def job(planning: landing.Planning) -> LogRow | str:
            known = planning.overlay.logged(base)
            if known is not None:
                landing.check_same(known, "work", intent, lambda row: landing.intent_of(row, store.body))
                return known
            if shown is not None:
                check_reads(planning.overlay, shown.base_reads, 0)
            fork = Fork._onto(self, planning, base, who, reason)
            answer = work(fork)
            row = planning.overlay.logged(answer.key)
            if row is None:
                raise NotApplicable(what=answer)
            planning.record(fork.last_record(request), key=base, actor=who, reason=reason, answer=_answer(row))
            return base

        result, rows = landing.land(store, self._database.stamp, self._decoder, job)
        if isinstance(result, LogRow):
            return self._committed(result, replayed=True)
        return self._committed(rows[result])

    def _committed(self, row: LogRow, *, replayed: bool = False, intent: _Intent | None = None) -> Committed[Any]:
        def kinds() -> Mapping[str, type[Document]]:
            if intent is not None and intent.value is not None and issubclass(intent.value, Document):
                return {intent.value.kind: intent.value}
            return self.kinds

        return Committed(
            position=row.position,
            instant=instant_of(row.instant),
            key=row.key,
            actor=row.actor,
            reason=row.reason,
            act=row.act,
            intent=row.intent,
            hash=row.hash,
            replayed=replayed,
            documents=lambda: tuple(Ref(kind, id_) for kind, id_, *_ in record.body_of(row).get("documents", ())),
            value=lambda: landing.answer_of(row, self._reading, self._decoder, kinds),
            entries=lambda: record.entries(row),
        )


BATCH_MAX = 10_000
"""The most acts that one `apply_each` records."""


class _Intent:
    """An act on its way, with what must stay the same when it is planned twice."""

    __slots__ = ("act", "base", "key", "shown", "value")

    def __init__(self, act: Act[Any], key: str | None, *, shown: Changes[Any] | None = None) -> None:
        self.act = act
        self.key = key
        self.shown = shown
        self.base = key or ""
        self.value: type | None = None


class ForkStep(NamedTuple):
    """What was applied in a fork, and the id its own ids grow from."""

    act: Act[Any]
    base: str
    reason: str


class Fork(Company):
    """A company on top of a company: what is applied here is read here, and nowhere else until the fork itself is applied.

    Numbers look provisional (`INV-?1`). Keep it as long as you like; `with` is optional.
    """

    steps: list[ForkStep]
    base_reads: Reads

    @classmethod
    def _from(cls, company: Company, reading: Reading) -> Fork:
        overlay = start(reading)
        planning = landing.Planning.onto(overlay, company.settings, company._database.stamp, company._decoder)
        return cls._made(company, planning, "", None, "")

    @classmethod
    def _onto(cls, company: Company, planning: landing.Planning, base: str, who: str, reason: str) -> Fork:
        return cls._made(company, planning, base, who, reason)

    @classmethod
    def _made(cls, company: Company, planning: landing.Planning, base: str, who: str | None, reason: str) -> Fork:
        made = cls(
            company.settings,
            reading=lambda: planning.overlay,
            database=company._database,
            store=None,
            kinds=company._own_kinds,
            desks=company._own_desks,
            actor=who if who is not None else company._actor,
            authorize=company._authorize,
            decoder=company._decoder,
        )
        made._planning = planning
        made._base = base
        made._step_reason = reason
        made.steps = []
        made.base_reads = {}
        return made

    def close(self) -> None:
        """A fork lets go of nothing: its store is its parent's."""

    def as_known(self, when: int | datetime) -> Company:
        """A fork has no past of its own. Raises: ReadOnly."""
        raise ReadOnly

    def apply(  # type: ignore[override]
        self,
        what: Any,
        *,
        key: str | None = None,
        request: object = None,  # noqa: ARG002 - work inside a fork is simply run
        actor: str | None = None,
        reason: str = "",
    ) -> Committed[Any]:
        """Record in the fork alone: an act, the act changes stand for, another fork's steps, or work."""
        if isinstance(what, Changes):
            if what.act is None:
                raise NotApplicable(what=what)
            what = what.act
        if isinstance(what, Fork):
            return what.replay(self)
        if not isinstance(what, Act):
            if not callable(what):
                raise NotApplicable(what=what)
            answer: Committed[Any] = what(self)
            return answer
        if key is not None:
            known = self._planning.overlay.logged(checked_id(key, "key"))
            if known is not None:
                landing.check_same(known, what.name, what.intent, lambda row: landing.intent_of(row, self._body))
                return self._committed(known, replayed=True)
        base = key or self._next_base()
        who = checked_id(actor, "actor") if actor is not None else self._actor or ""
        self._allow(who, what)
        at_base = not self._planning.overlay.writes
        changes = self._planning.plan(what, base)
        row = self._planning.record(changes, key=base, actor=who, reason=reason or self._step_reason)
        self._note(changes.reads or {}, at_base=at_base)
        self.steps.append(ForkStep(what, base, reason))
        return self._committed(row)

    def apply_each(
        self, acts: Iterable[tuple[Act[D], str | None]], *, actor: str | None = None, reason: str = ""
    ) -> tuple[Committed[D], ...]:
        """Record several acts in the fork, one after the other."""
        return tuple(self.apply(act, key=key, actor=actor, reason=reason) for act, key in acts)

    def replay(self, company: Company) -> Committed[Any]:
        """Apply this fork's acts, in order, to another company or fork; the answer is the last one's."""
        if not self.steps:
            raise NotApplicable(what=self)
        answer: Committed[Any] | None = None
        for step in self.steps:
            answer = company.apply(step.act, key=step.base, reason=step.reason)
        return cast("Committed[Any]", answer)

    def last_record(self, request: str) -> Changes[Any]:
        """The changes of the last record of work: nothing new, only the request that the key stands for."""
        return Changes.nothing(Act("work", Map({"request": json.loads(request)}), _no_planner))

    def _next_base(self) -> str:
        return f"{self._base}#{len(self.steps) + 1}" if self._base else self._database.ids()

    def _body(self, kind: str, id: str, position: int) -> tuple[str, str] | None:  # noqa: A002 - the field's name
        return self._planning.overlay.body(kind, id, position)

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

    @classmethod
    def _from(cls, company: Company, reading: Reading) -> Past:
        return cls(
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

    def close(self) -> None:
        """The past lets go of nothing."""


def compare(report: Callable[[Company], Table], **companies: Company) -> Table:
    """Put a report of several companies, forks or pasts side by side.

    `report` takes a company and gives a table whose first column names the rows; figures become one column a company.

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


def checked_ref(value: object) -> str:
    """An id as it stands in a reference: given by a caller or minted."""
    if not isinstance(value, str) or not 0 < len(value) <= 250:  # noqa: PLR2004 - the length of an id with its counter
        raise NotApplicable(what=value)
    return value


def _zone(name: object) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - 4 ms that most imports never need

    try:
        return ZoneInfo(cast("str", name)).key
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise UnknownZone(zone=str(name)[:80]) from None


def _answer(row: LogRow) -> tuple[str, ...]:
    answer = record.body_of(row)["answer"]
    if answer[0] == "entry":
        return ("entry", str(row.position), str(answer[1]))
    return tuple(answer)


def _no_planner(*_: object, **__: object) -> Changes[Any]:
    raise NotApplicable(what="work")


class UnknownZone(Invalid):
    """No time zone of that name."""

    code = "unknown_zone"

    def __init__(self, *, zone: str) -> None:
        super().__init__(f"there is no time zone {zone!r}", zone=zone)


class UnknownBucket(Invalid):
    """The width of a period bucket is `month` or `day`."""

    code = "unknown_bucket"

    def __init__(self, *, bucket: object) -> None:
        super().__init__(f"bucket is 'month' or 'day', not {str(bucket)[:40]!r}", bucket=str(bucket)[:40])


class UnknownDesk(NotFound):
    """The company has no desk of that name."""

    code = "unknown_desk"

    def __init__(self, *, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"there is no desk {name!r}; there are {', '.join(known)}", name=name, known=known)


class UnknownKind(Invalid):
    """No kind of document of that name is known here."""

    code = "unknown_kind"

    def __init__(self, *, kind: str, known: tuple[str, ...]) -> None:
        super().__init__(f"kind {kind[:60]!r} is not known here; give its class in open(kinds=[...])", kind=kind[:60], known=known)


class BatchTooLarge(Invalid):
    """A batch holds more acts than the limit."""

    code = "batch_too_large"

    def __init__(self, *, count: int, most: int) -> None:
        super().__init__(f"{count} acts in one batch, at most {most}; send several", count=count, most=most)
