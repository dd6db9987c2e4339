"""`Company`: desks, bridges and a store behind one door; `apply` is the only write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast, overload

from bizcore.book.entry import Entry
from bizcore.change.act import Act, parse_act
from bizcore.change.changes import Changes, Planned
from bizcore.change.committed import Committed
from bizcore.change.desk import Desk, verbs_of
from bizcore.change.reading import LogRow
from bizcore.change.settings import Settings
from bizcore.change.view import Decoder, View
from bizcore.company import approvals, landing, own, wiring
from bizcore.company.books import Authorize, Books
from bizcore.company.given import pairs, ref_of, request_text, zone_named
from bizcore.company.refusals import (
    BatchTooLarge,
    NobodyActs,
    NotApplicable,
    UnknownBucket,
    UnknownKind,
)
from bizcore.flow.approval import Approval
from bizcore.flow.document import Document, Ref
from bizcore.kernel.calendars import calendar as calendar_named
from bizcore.kernel.codec import WrongType, at_path, decode, plain, reader
from bizcore.kernel.currencies import digits
from bizcore.kernel.days import instant as read_instant
from bizcore.kernel.ids import checked_id, checked_text
from bizcore.kernel.maps import Map
from bizcore.store.commit import check_reads
from bizcore.store.opener import opened
from bizcore.store.port import Database, Store
from bizcore.store.shards import home

if TYPE_CHECKING:
    from bizcore.company import master
    from bizcore.company.fork import Fork, Last

D = TypeVar("D", bound=Document | Entry)
K = TypeVar("K", bound=Document)

BATCH_MAX = 10_000
"""The most acts that one `apply_each` records."""


class Company(Books):
    """One company: its books, stock and deals, in a store.

    Made by `Company.create` or `Company.open`; a fork and a past are companies too. Desks (`finance`, `supply`, `sfa`, and the
    bridges `order_to_cash`, `procure_to_pay`) are imported when first touched.

    >>> acme = Company.create("acme", currency="EUR")
    >>> acme.name, acme.currency, acme.head
    ('acme', 'EUR', 0)
    """

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
        Raises: CompanyExists (naming what differs), UnknownCurrency, UnknownCalendar, UnknownZone, InvalidId, UnknownStore.
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
            zone=zone_named(zone),
            bucket=bucket,
        )
        database = opened(store)
        made = database.create(settings)
        return cls._of(home(database, name), made, kinds, desks, actor, authorize)

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
        database = opened(store)
        found = database.company(checked_id(name, "company"))
        return cls._of(home(database, name), found, kinds, desks, actor, authorize)

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
        if authorize is not None and not callable(authorize):
            raise WrongType(value=authorize, expected="a function of actor and act")
        own_desks = own.desks(desks)
        return Company(
            store.settings,
            reading=store.view,
            database=database,
            store=store,
            kinds=own.kinds(kinds, own_desks.values()),
            desks=own_desks,
            actor=None if actor is None else checked_id(actor, "actor"),
            authorize=authorize,
            decoder=Decoder(),
        )

    def close(self) -> None:
        """Let go of the store; every company of the same store is closed with it."""
        if self._store is not None:
            self._database.close()

    def __enter__(self) -> Self:
        """Close at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def acting(self, actor: str) -> Company:
        """The same company, with somebody who acts."""
        return Company(
            self.settings,
            reading=self._reading,
            database=self._database,
            store=self._kept(),
            kinds=self._own_kinds,
            desks=self._own_desks,
            actor=checked_id(actor, "actor"),
            authorize=self._authorize,
            decoder=self._decoder,
        )

    def bind(self, connection: object) -> Company:
        """The company inside a transaction of the host's: what is applied stays or goes with the host's own rows.

        `connection` is a SQLAlchemy `Connection` (`session.connection()`), Django's `connection` inside `atomic`, or a driver's own
        (psycopg 3, sqlite3), to the database where this company lies. It joins the transaction under way, or the one that
        the connection begins by itself.

        Guarantees: a savepoint around each `apply`, so a refusal leaves the host's transaction usable; never a commit, a rollback
        of the host's, or a second try. From the first `apply` to the end of the transaction others wait to write to this company:
        apply last. Afterwards this company is of no more use: bind anew for the next transaction.
        Raises: CannotBind, Autocommit; TransactionEnded, when it is used after the host's end; RunAgain from `apply`, when the database wants the host's transaction run again.
        """
        from bizcore.store.opener import joined

        database, store = joined(self._database, self._kept(), connection)
        return Company(
            self.settings,
            reading=store.view,
            database=database,
            store=store,
            kinds=self._own_kinds,
            desks=self._own_desks,
            actor=self._actor,
            authorize=self._authorize,
            decoder=Decoder(),
        )

    def as_known(self, when: int | datetime) -> Company:
        """The company as its log stood at a position or an aware instant; read-only. Raises: ReadOnly, NaiveInstant."""
        if not isinstance(when, int):
            when = read_instant(when)
        from bizcore.company.fork import Past

        return Past.known(self, self._kept().view(known_at=when))

    def fork(self) -> Fork:
        """A company on top of this one: read your own writes, compare, throw away, or apply at once."""
        from bizcore.company.fork import Fork

        return Fork.over(self, self._reading())

    # -- acts ----------------------------------------------------------------------------------------------------------

    def put(self, document: K) -> Act[K]:
        """The one act for master data: a new document, or the next version of the one with its id.

        Raises: NotApplicable, Invalid (a field that could not be read again, such as a text with NUL).
        """
        given: object = document
        if not isinstance(given, Document) or not given.kind:
            raise NotApplicable(what=document)
        from bizcore.company import master

        decode(type(document), plain(document))
        arguments: Map[Any] = Map({"document": document, "kind": type(document).kind})
        return Act("put", arguments, cast("Callable[..., Changes[K]]", master.put))

    def erase(self, ref: Ref | Document) -> Act[master.Erasure]:
        """The act that blanks a personal document; the books and the chain stay. Raises: UnknownKind, WrongType."""
        from bizcore.company import master

        one = ref_of(ref)
        cls = self.kinds.get(one.kind)
        if cls is None:
            raise UnknownKind(kind=one.kind, known=tuple(sorted(self.kinds)))

        def erase(view: View, kind: str, id: str) -> Changes[master.Erasure]:
            return master.erase(view, cls, id)

        return Act("erase", Map({"id": one.id, "kind": one.kind}), erase)

    def act(self, text: str | Mapping[str, Any]) -> Act[Any]:
        """Read an act from its JSON, as text or parsed. Raises: Invalid."""
        special = {"put": self._read_put, "erase": self._read_erase}
        return parse_act(text, self._verbs, {**special, **approvals.readers(self)})

    def _read_put(self, data: Mapping[str, Any]) -> Act[Any]:
        kind = str(data.get("kind"))
        if kind not in self.kinds or set(data) != {"kind", "document"}:
            raise UnknownKind(kind=kind, known=tuple(sorted(self.kinds)))
        cls: Any = self.kinds[kind]
        return self.put(at_path("document", reader(cls), data["document"]))

    def _read_erase(self, data: Mapping[str, Any]) -> Act[Any]:
        return self.erase(decode(Ref, data))

    @cached_property
    def _verbs(self) -> dict[str, Callable[..., Changes[Any]]]:
        found: dict[str, Callable[..., Changes[Any]]] = {}
        for name in (*wiring.DESKS, *self._own_desks):
            found.update(verbs_of(wiring.desk_class(name, self._own_desks)))
        return found

    def plan(self, act: Act[D]) -> Changes[D]:
        """What an act would record now: documents, entries, floors, and what was read. Writes nothing."""
        if not isinstance(act, Act):
            raise NotApplicable(what=act)
        self._allow(self._actor or "", act)
        planning = landing.Planning(
            self._reading(), self.settings, self._database.stamp, self._decoder, provisional=True
        )
        changes: Changes[D] = planning.plan(act, self._database.ids())
        planned = Planned(self._identity, planning.overlay.head.position, planning.before)
        object.__setattr__(changes, "planned", planned)
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

        Work is called with a fork, applies acts there and there alone, and returns the answer of one of its steps; `request` is
        what its key stands for. It is kept for ever, in words, unless a step writes or erases somebody's data: name people in it by
        their ids.

        Guarantees: the key is looked up first; the same key and the same intent get the first answer (`replayed`); all or
        nothing; durable when it returns. Changes and forks in hand are applied as shown or refused as stale.
        Raises: KeyReused (the same key, another intent), IntentErased, OtherCompany, UseTheFork, NotAStep, Stale, NobodyActs,
        NotAuthorized, and what the rules refuse.
        """
        from bizcore.company.fork import Fork

        who = self._who(actor)
        checked_text(reason)
        if key is not None:
            checked_id(key, "key")
        if isinstance(what, Act):
            return self._land([landing.Intent(what, key)], who, reason)[0]
        if isinstance(what, Changes):
            if what.act is None or what.reads is None:
                raise NotApplicable(what=what)
            self._check_planned_here(what)
            return self._land([landing.Intent(what.act, key, shown=what)], who, reason)[0]
        if isinstance(what, Fork):
            self._check_mine(what._identity)
            asked, told = what.asked, what.told
            return self._land_last(
                lambda fork: fork.last_of(asked, what.replay(fork), told=told), key, asked, who, reason, what
            )
        if callable(what) and key is not None:
            asked = request_text(request)
            return self._land_last(
                lambda fork: fork.last_of(asked, what(fork), told=True), key, asked, who, reason, None
            )
        raise NotApplicable(what=what)

    def apply_each(
        self, acts: Iterable[tuple[Act[D], str | None]], *, actor: str | None = None, reason: str = ""
    ) -> tuple[Committed[D], ...]:
        """Record several acts in one commit, each under its own key, each reading the ones before: the fast way in.

        Guarantees: all or nothing. An error carries `.index` and `.key` of the act it is about.
        Raises: BatchTooLarge, WrongType, and what `apply` does.
        """
        checked_text(reason)
        intents = [landing.Intent(act, checked_id(key, "key") if key is not None else None) for act, key in pairs(acts)]
        if len(intents) > BATCH_MAX:
            raise BatchTooLarge(count=len(intents), most=BATCH_MAX)
        return tuple(self._land(intents, self._who(actor), reason))

    def _who(self, actor: str | None) -> str:
        who = actor if actor is not None else self._actor
        if who is None:
            can = self._store.capabilities if self._store is not None else None
            if can is not None and (can.durable or can.joins_host):  # tables are kept, though nobody may sync them
                raise NobodyActs
            return ""
        return checked_id(who, "actor")

    def _land(self, intents: list[landing.Intent], who: str, reason: str) -> list[Committed[Any]]:
        store = self._kept()
        landing.check_idle(self._identity)
        for one in intents:
            if not isinstance(one.act, Act):
                raise NotApplicable(what=one.act)
            self._allow(who, one.act)
            one.base = one.key if one.key is not None else self._database.ids()

        bases = [one.base for one in intents]

        def job(planning: landing.Planning) -> list[LogRow | str]:
            answers: list[LogRow | str] = []
            if len(bases) > 1:
                planning.overlay.expect(bases, store.known(bases))
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
            self._committed(answer, replayed=True, answered=one.answered)
            if isinstance(answer, LogRow)
            else self._committed(rows[answer], answered=one.answered)
            for answer, one in zip(answers, intents, strict=True)
        ]

    def _one(self, planning: landing.Planning, one: landing.Intent, who: str, reason: str) -> LogRow | str:
        if one.key is not None:
            known = planning.overlay.logged(one.key)
            if known is not None:
                landing.check_same(known, one.act.name, one.act.intent, planning.over(self._body))
                return known
        if one.shown is not None and one.shown.reads is not None:
            at = one.shown.planned.position if one.shown.planned is not None else 0
            check_reads(planning.overlay, one.shown.reads, at)
        changes = self._planned(planning, one.act, one.base, who)
        one.answered = type(changes.value) if isinstance(changes.value, Document) else None
        planning.record(changes, key=one.base, actor=who, reason=reason)
        return one.base

    def _planned(self, planning: landing.Planning, act: Act[Any], base: str, who: str) -> Changes[Any]:
        """Plan what is to be recorded: nothing is but what went through here, allowed to its actor and waiting for nobody."""
        self._allow(who, act)
        return planning.plan(approvals.here(self, act), base, check=partial(approvals.check, self, who))

    # -- what waits for somebody else ----------------------------------------------------------------------------------

    def submit(
        self, act: Act[Any], *, key: str | None = None, actor: str | None = None, reason: str = ""
    ) -> Committed[Approval]:
        """Ask for an act that waits for approval: it is planned, to see that it may be recorded, and waits.

        Raises: ApprovalNotNeeded, NobodyActs, NotAuthorized, and what the act's own rules refuse.
        """
        if not isinstance(act, Act):
            raise NotApplicable(what=act)
        who = self._someone(actor)
        return self.apply(approvals.submit_act(self, act, who), key=key, actor=who, reason=reason)

    def release(
        self, approval: str, *, key: str | None = None, actor: str | None = None, reason: str = ""
    ) -> Committed[Approval]:
        """Approve an act that waits. When enough persons have, it is planned anew and recorded in the same change.

        Raises: FourEyes, NotApprover, AmountGrew, MoreApprovals, IllegalStep, and what the act's own rules refuse now.
        """
        return self._decided("release", approval, key, actor, reason)

    def reject(
        self, approval: str, *, key: str | None = None, actor: str | None = None, reason: str = ""
    ) -> Committed[Approval]:
        """Say no to an act that waits. Raises: FourEyes, NotApprover, IllegalStep."""
        return self._decided("reject", approval, key, actor, reason)

    def withdraw(
        self, approval: str, *, key: str | None = None, actor: str | None = None, reason: str = ""
    ) -> Committed[Approval]:
        """Take back what one asked for. Raises: NotRequester, IllegalStep."""
        return self._decided("withdraw", approval, key, actor, reason)

    def _decided(
        self, verb: str, approval: str, key: str | None, actor: str | None, reason: str
    ) -> Committed[Approval]:
        who = self._someone(actor)
        return self.apply(approvals.deciding_act(self, verb, approval, who), key=key, actor=who, reason=reason)

    def _someone(self, actor: str | None) -> str:
        who = self._who(actor)
        if not who:
            raise NobodyActs
        return who

    def _land_last(
        self,
        steps: Callable[[Fork], Last],
        key: str | None,
        request: str,
        who: str,
        reason: str,
        shown: Fork | None,
    ) -> Committed[Any]:
        """Work or a fork: every step its own record, a last one with the key, the request and which step answers."""
        from bizcore.company.fork import Fork

        store = self._kept()
        landing.check_idle(self._identity)
        base = key if key is not None else self._database.ids()

        def job(planning: landing.Planning) -> LogRow | str:
            known = planning.overlay.logged(base)
            if known is not None:
                landing.check_same_steps(known, request, planning.overlay, self._body)
                return known
            if shown is not None:
                check_reads(planning.overlay, shown.base_reads, shown.base_position)
            fork = Fork.onto(self, planning, base, who, reason)
            with landing.working(self._identity):
                last = steps(fork)
            fork.conclude(last, key=base, actor=who, reason=reason)
            return base

        result, rows = landing.land(store, self._database.stamp, self._decoder, job)
        if isinstance(result, LogRow):
            return self._committed(result, replayed=True)
        return self._committed(rows[result])
