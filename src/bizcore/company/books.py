"""One company as it can be looked at: desks, documents, log, as known, trace, verify."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from bizcore.book.entry import Entry
from bizcore.change import record
from bizcore.change.act import Act
from bizcore.change.changes import Changes
from bizcore.change.committed import Committed, instant_of
from bizcore.change.desk import Desk
from bizcore.change.documents import Documents
from bizcore.change.reading import LogRow, Reading
from bizcore.change.settings import Settings
from bizcore.change.view import Decoder, Noting, View
from bizcore.company import landing, wiring
from bizcore.company.given import check_class, ref_of
from bizcore.company.refusals import NotAuthorized, OtherCompany, ReadOnly, UnknownDesk, UnknownKey
from bizcore.flow.document import Document, Ref
from bizcore.kernel.codec import WrongType, encode
from bizcore.store.chain import Anchor, Verdict, verify
from bizcore.store.port import Database, Store

if TYPE_CHECKING:
    from bizcore.bridges.order_to_cash import OrderToCashDesk
    from bizcore.bridges.procure_to_pay import ProcureToPayDesk
    from bizcore.company.lineage import Trace
    from bizcore.finance.desk import FinanceDesk
    from bizcore.sfa.desk import SfaDesk
    from bizcore.supply.desk import SupplyDesk

K = TypeVar("K", bound=Document)
T = TypeVar("T", bound=Desk)

Authorize = Callable[[str, Act[Any]], bool | None]


class Books:
    """What a company, a fork and a past share: everything that only looks."""

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
        decoder: Decoder,
    ) -> None:
        self.settings = settings
        self._reading = reading
        self._database = database
        self._store = store
        self._own_kinds = kinds
        self._own_desks = desks
        self._actor = actor
        self._authorize = authorize
        self._decoder = decoder

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
        """From an order to a vendor to the matched bill."""
        return cast("ProcureToPayDesk", self.desk("procure_to_pay"))

    @overload
    def desk(self, which: type[T]) -> T: ...
    @overload
    def desk(self, which: str) -> Desk: ...
    def desk(self, which: type[Desk] | str) -> Desk:
        """A desk by its class or its name, a user's own too; by its class it has its type. Raises: UnknownDesk, WrongType."""
        given: object = which
        name = given.name if isinstance(given, type) and issubclass(given, Desk) else given
        if not isinstance(name, str):
            raise WrongType(value=name, expected="a desk, or the name of one")
        if name not in self._own_desks and name not in wiring.DESKS:
            raise UnknownDesk(name=name, known=(*wiring.DESKS, *self._own_desks))
        found = wiring.desk_class(name, self._own_desks)
        if given is not name and found is not given:
            raise UnknownDesk(name=name, known=(*wiring.DESKS, *self._own_desks))
        return found(self)

    # -- looking -------------------------------------------------------------------------------------------------------

    def view(self) -> View:
        """A stable view of now, for reports and calculations of one's own."""
        return View(self._reading(), self.settings, decoder=self._decoder, noting=Noting.NOTHING)

    def documents(self, cls: type[K]) -> Documents[K]:
        """The documents of a kind. Raises: WrongType."""
        check_class(cls)
        return Documents(cls, self.view)

    def get(self, cls: type[K], id: str) -> K:
        """One document. Raises: DocumentNotFound, Erased, WrongType."""
        check_class(cls)
        return self.view().get(cls, id)

    def entry(self, id: str) -> Entry:
        """One recorded entry. Raises: EntryNotFound, WrongType."""
        return self.view().entry(id)

    @cached_property
    def kinds(self) -> Mapping[str, type[Document]]:
        """Every kind of document by name: ours and those given in `open(kinds=)`."""
        return wiring.kinds(self._own_kinds, self._own_desks)

    def log(self, *, after: int = 0) -> Iterator[Committed[Any]]:
        """Every change after a position, in order: audit trail, outbox and feed in one. Raises: WrongType."""
        if not isinstance(after, int):
            raise WrongType(value=after, expected="a position")
        for row in self._reading().log(after=after):
            yield self._committed(row)

    def committed(self, key: str) -> Committed[Any]:
        """The change that a key stands for. Raises: UnknownKey, WrongType."""
        if not isinstance(key, str):
            raise WrongType(value=key, expected="a key")
        row = self._reading().logged(key)
        if row is None:
            raise UnknownKey(key=key)
        return self._committed(row)

    def trace(self, start: Ref | Document) -> Trace:
        """Walk origin links from a document, both ways. Raises: WrongType."""
        from bizcore.company.lineage import trace

        return trace(self._reading(), ref_of(start))

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
        """Follow the log's chain; with an anchor also see a cut tail. Raises: ReadOnly, for a fork or a past; WrongType."""
        if anchor is not None and not _is_anchor(anchor):
            raise WrongType(value=anchor, expected="an Anchor of a position and a hash")
        store = self._kept()
        return verify(store.log(), store.body, anchor=anchor)

    def _body(self, kind: str, id: str, position: int) -> tuple[str, str] | None:
        """The stored body and salt of one version of a document or intent."""
        return self._kept().body(kind, id, position)

    @property
    def _identity(self) -> tuple[str, Database]:
        """Which company this is, a fork or a past of it too: its name, and where it is kept."""
        return self.name, self._database

    def _check_mine(self, made_on: tuple[str, object]) -> None:
        """Refuse what was made on another company. Raises: OtherCompany."""
        if made_on != self._identity:
            raise OtherCompany(made_on=made_on[0], sent_to=self.name)

    def _check_planned_here(self, changes: Changes[Any]) -> None:
        """Refuse changes that another company planned. Raises: OtherCompany."""
        if changes.planned is not None:
            self._check_mine(changes.planned.company)

    def _kept(self) -> Store:
        if self._store is None:
            raise ReadOnly
        return self._store

    def _allow(self, actor: str, act: Act[Any]) -> None:
        if self._authorize is None:
            return
        answer: object = self._authorize(actor, act)
        if answer is False:
            raise NotAuthorized(actor=actor, act=act.name)
        if (
            answer is not None and answer is not True
        ):  # what an async hook answers is true of itself, and would permit all
            raise WrongType(value=answer, expected="True, False or None from authorize")

    def _committed(
        self, row: LogRow, *, replayed: bool = False, answered: type[Document] | None = None
    ) -> Committed[Any]:
        """A log row as what `apply` and `log` answer with; `answered` spares looking for the class of the value."""

        def kinds() -> Mapping[str, type[Document]]:
            return self.kinds if answered is None else {answered.kind: answered}

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


def _is_anchor(value: object) -> bool:
    return isinstance(value, Anchor) and [type(one) for one in value] == [int, str]
