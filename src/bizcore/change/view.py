"""What planners and reports get: one final class over any reading, in values; it records what was read."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from datetime import date
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any, Final, TypeVar, cast, final

from attrs import evolve, frozen

from bizcore.book.entry import Amount, Entry
from bizcore.book.lots import Lot
from bizcore.change import record
from bizcore.change.reading import Head, LogRow, PostingQuery, PostingRow, Reading, Row, TotalRow, intact
from bizcore.change.reads import FIND_MAX, Reads, marks_of, of_found, of_lots, of_row, of_rows
from bizcore.change.settings import Settings
from bizcore.flow.beginning import NotNew
from bizcore.flow.document import Document, Ref, key_of
from bizcore.flow.policies import Policies
from bizcore.kernel.calendars import FiscalCalendar, calendar
from bizcore.kernel.codec import WrongType, decode
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Invalid, NotFound, Refused, Unavailable
from bizcore.kernel.ids import checked_id, minted
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.value import Value

D = TypeVar("D", bound=Document)
P = TypeVar("P", bound=Policies)
M = TypeVar("M", bound=Document | Entry)

CACHE_MAX: Final = 4_096
_EVERY: Final = 2**31


class DocumentNotFound(NotFound):
    """No document of that kind and id."""

    code = "document_not_found"

    def __init__(self, *, kind: str, id: str) -> None:
        super().__init__(f"there is no {kind} {id!r}", kind=kind, id=id)


class Erased(NotFound):
    """The document was erased; that it existed is still recorded."""

    code = "erased"

    def __init__(self, *, kind: str, id: str) -> None:
        super().__init__(f"the {kind} {id!r} was erased", kind=kind, id=id)


class EntryNotFound(NotFound):
    """No entry of that id."""

    code = "entry_not_found"

    def __init__(self, *, id: str) -> None:
        super().__init__(f"there is no entry {id!r}", id=id)


class AlreadyThere(Refused):
    """The id given is taken; a document is inserted once and then changed by its verbs."""

    code = "already_there"

    def __init__(self, *, kind: str, id: str) -> None:
        super().__init__(f"there is a {kind} {id!r} already; give another id, or none", kind=kind, id=id)


class NewerKind(Unavailable):
    """A document was stored by a newer release of its kind than this code knows."""

    code = "newer_kind"
    retry = False

    def __init__(self, *, kind: str, stored: int, known: int) -> None:
        super().__init__(
            f"{kind} is stored as version {stored}, this code reads up to {known}; update bizcore",
            kind=kind,
            stored=stored,
            known=known,
        )


class TooMany(Invalid):
    """A question has more answers than the limit; narrow it."""

    code = "too_many"

    def __init__(self, *, index: str, most: int) -> None:
        super().__init__(f"more than {most} documents under {index}; narrow the question", index=index, most=most)


@frozen
class Balance(Value):
    """What an account holds of a unit, and the log position that last changed it (0: never)."""

    amount: Amount
    value: Money
    position: int


@lru_cache(maxsize=64)
def _default(cls: Any) -> Policies:
    """A set of policies nobody changed: a constant of its class."""
    made: Policies = cls()
    return made


class Noting(Enum):
    """Whether a view notes what is read: a planner's does, so that it can be asked again; a report's need not."""

    READS = "reads"
    NOTHING = "nothing"


class Decoder:
    """Turns stored bodies into values, each text once: documents are immutable, so the same text is the same value."""

    def __init__(self) -> None:
        self._known: MutableMapping[tuple[type, str], Document] = {}

    def document(self, cls: type[D], row: Row) -> D:
        """The document of a row, lifted to this code's version of its kind. Raises: Erased, NewerKind, Damaged."""
        found = self._known.get((cls, row.body))
        if found is None:
            found = _decoded(cls, row)
            if len(self._known) >= CACHE_MAX:
                self._known.clear()
            self._known[cls, row.body] = found
        return cast("D", found)

    def forget(self) -> None:
        """Let go of every text: one of them was erased."""
        self._known.clear()


def _decoded(cls: type[D], row: Row) -> D:
    if not row.body:
        raise Erased(kind=row.kind, id=row.id)
    if row.version > cls.version:
        raise NewerKind(kind=row.kind, stored=row.version, known=cls.version)
    data = intact(row.body, what=f"{row.kind} {row.id}", position=row.position)
    return decode(cls, cls.lift(data, row.version) if row.version < cls.version else data)


@final
class View:
    """A company as a planner sees it: stable, in values, every read noted in `reads`.

    Planners take it first and ask it for what they need; they get documents, lots, balances and postings, and mint ids.
    """

    def __init__(
        self,
        reading: Reading,
        settings: Settings,
        *,
        base: str = "",
        decoder: Decoder | None = None,
        noting: Noting = Noting.READS,
    ) -> None:
        self._reading = reading
        self._settings = settings
        self._base = base
        self._minted = 0
        self._decoder = decoder or Decoder()
        self._noting = noting
        self.reads: Reads = {}

    @property
    def head(self) -> Head:
        """Where the log stands."""
        return self._reading.head

    @property
    def currency(self) -> str:
        """The company's currency."""
        return self._settings.currency

    @property
    def chart(self) -> str:
        """The name of the company's chart of accounts."""
        return self._settings.chart

    @property
    def settings(self) -> Settings:
        """What was fixed when the company was created."""
        return self._settings

    @cached_property
    def calendar(self) -> FiscalCalendar:
        """The company's fiscal calendar."""
        return calendar(self._settings.calendar)

    # -- documents -----------------------------------------------------------------------------------------------------

    def get(self, cls: type[D], id: str) -> D:
        """The document of a kind. Raises: DocumentNotFound, Erased."""
        found = self.seek(cls, id)
        if found is None:
            raise DocumentNotFound(kind=cls.kind, id=str(id)[:250])
        return found

    def seek(self, cls: type[D], id: str) -> D | None:
        """The document of a kind, or None. Raises: Erased, WrongType."""
        if not isinstance(id, str):
            raise WrongType(value=id, expected=f"the id of a {cls.kind}")
        row = self._reading.doc(cls.kind, id)
        self.reads["doc", cls.kind, id] = of_row(row)
        return None if row is None else self._decoder.document(cls, row)

    def position_of(self, cls: type[D], id: str) -> int:
        """The position at which a document was last written; 0 when there is none."""
        row = self._reading.doc(cls.kind, id)
        self.reads["doc", cls.kind, id] = of_row(row)
        return 0 if row is None else row.position

    def find(self, cls: type[D], index: str, *prefix: str, newest_first: bool = False) -> Iterator[D]:
        """The documents under an index whose key begins with the components given, in order of key; erased ones are passed over.

        Raises: TooMany.
        """
        name = "origin" if index == "origin" else f"{cls.kind}.{index}"
        rows = self._find(name, key_of(prefix), None, newest_first=newest_first, limit=FIND_MAX)
        if index == "origin":  # the one index that all kinds share, so that a trace asks once
            rows = [row for row in rows if row.kind == cls.kind]
        if len(rows) == FIND_MAX:
            raise TooMany(index=f"{cls.kind}.{index}", most=FIND_MAX)
        return (self._decoder.document(cls, row) for row in rows if row.body)

    def keys(self, index: str) -> Iterator[tuple[str, Ref]]:
        """Every key of an index (`invoice.state`, `origin`) with the document under it, erased ones passed over: for audits."""
        for (key, *named), row in self._reading.keyed(index, "", upto=None, newest_first=False, limit=_EVERY):
            if row.body:
                yield key, Ref(*named)

    def origin_of(self, ref: Ref) -> tuple[Ref, ...]:
        """The documents that name one as their origin, of whatever kind."""
        rows = self._find("origin", key_of((ref.kind, ref.id)), None, newest_first=False, limit=FIND_MAX)
        return tuple(Ref(row.kind, row.id) for row in rows)

    def last(self, cls: type[D], index: str, *prefix: str, upto: Day) -> D | None:
        """The newest document at or before a day, under an index whose last component is an ISO date."""
        start = key_of(prefix)
        rows = self._find(
            f"{cls.kind}.{index}", start, start + key_of((day(upto).isoformat(),)), newest_first=True, limit=1
        )
        return self._decoder.document(cls, rows[0]) if rows else None

    def until(self, cls: type[D], index: str, *, upto: date, most: int) -> tuple[D, ...]:
        """The oldest documents at or before a day, under an index of ISO dates alone: `most` of them, however many there are."""
        rows = self._find(f"{cls.kind}.{index}", "", key_of((upto.isoformat(),)), newest_first=False, limit=most)
        return tuple(self._decoder.document(cls, row) for row in rows if row.body)

    def all(self, cls: type[D]) -> Iterator[D]:
        """Every document of a kind that was not erased, by id. Raises: TooMany."""
        rows = self._reading.all(cls.kind, limit=FIND_MAX)
        self.reads["all", cls.kind] = of_rows(rows)
        if len(rows) == FIND_MAX:
            raise TooMany(index=cls.kind, most=FIND_MAX)
        return (self._decoder.document(cls, row) for row in rows if row.body)

    def written_by(self, cls: type[D], id: str) -> tuple[str, ...]:
        """The keys of the changes that wrote a document, one a version, oldest first."""
        rows = self._reading.history(cls.kind, id)
        return tuple(next(self._reading.log(after=row.position - 1)).key for row in rows)

    def wrote(self, key: str) -> tuple[Ref, ...]:
        """The documents that the change under a key wrote; none when there is no such change."""
        row = self._reading.logged(key)
        return (
            () if row is None else tuple(Ref(kind, name) for kind, name, *_ in record.body_of(row).get("documents", ()))
        )

    def page(self, cls: type[D], *, after: str, size: int) -> tuple[D, ...]:
        """Some documents of a kind by id, from the one after `after`; erased ones are passed over."""
        found: list[D] = []
        while len(found) < size:
            asked = size - len(found)
            rows = self._reading.all(cls.kind, after=after, limit=asked)
            found += [self._decoder.document(cls, row) for row in rows if row.body]
            if len(rows) < asked:
                break
            after = rows[-1].id
        return tuple(found)

    def _find(self, index: str, prefix: str, upto: str | None, *, newest_first: bool, limit: int) -> list[Row]:
        rows = list(self._reading.find(index, prefix, upto=upto, newest_first=newest_first, limit=limit))
        self.reads["find", index, prefix, upto, newest_first, limit] = of_found(rows)
        return rows

    def policies(self, cls: type[P], *, on: Day, scope: str = "") -> P:
        """The policies in force on a date: those of the scope if there are any, else the company's, else the defaults."""
        for one in dict.fromkeys((scope, "")):
            found = self.last(cls, "since", one, upto=on)
            if found is not None:
                return found
        return cast("P", _default(cast("Any", cls)))

    # -- identity ------------------------------------------------------------------------------------------------------

    def mint(self, thing: M) -> M:
        """Give a new document or entry its id: the caller's, when it is free, else one that grows from the key.

        Guarantees: the same planning mints the same ids. Raises: AlreadyThere, InvalidId, NotNew (it has a number: that is drawn
        when recorded, so that no series has a gap or a double).
        """
        if isinstance(thing, Entry):
            self._minted += 1
            return cast("M", thing.identified(minted(self._base, self._minted)))
        if thing.number:
            raise NotNew(kind=type(thing).kind, field="number", value=thing.number)
        if thing.id:
            checked_id(thing.id, "id")
            kind = type(thing).kind
            row = self._reading.doc(kind, thing.id)
            self.reads["doc", kind, thing.id] = of_row(row)
            if row is not None:
                raise AlreadyThere(kind=kind, id=thing.id)
            return thing
        self._minted += 1
        return cast("M", evolve(thing, id=minted(self._base, self._minted)))

    # -- books ---------------------------------------------------------------------------------------------------------

    def balance(self, book: str, account: str, unit: str) -> Balance:
        """What an account holds of a unit: a currency in the journal, an item elsewhere."""
        row = self._reading.balance(book, account, unit)
        self.reads["balance", book, account, unit] = row.position
        return Balance(self._amount(book, row.amount, unit), self._money(row.value), row.position)

    def lots(self, book: str, account: str, party: str | None = None) -> tuple[Lot, ...]:
        """The open lots of an account, oldest first."""
        rows = self._reading.lots(book, account, party)
        self.reads["lots", book, account, party] = of_lots(rows)
        return tuple(
            Lot(
                id=row.lot,
                account=row.account,
                party=row.party or None,
                amount=self._amount(book, row.amount, row.unit),
                value=self._money(row.value),
                on=day(row.on),
                due=day(row.due) if row.due else None,
                position=row.position,
            )
            for row in rows
        )

    def postings(self, query: PostingQuery) -> Iterator[PostingRow]:
        """Postings as rows of scaled integers, in order of period, account, unit, position, line."""
        self._note_postings(query)
        return self._reading.postings(query)

    def totals(self, query: PostingQuery, *, by: tuple[str, ...], values_only: bool = False) -> list[TotalRow]:
        """Sums of postings by any of account, unit, period, party; `values_only` leaves the amounts at 0, for half the cost."""
        rows = list(self._reading.totals(query, by=by, values_only=values_only))
        self._note_postings(query)
        return rows

    def _note_postings(self, query: PostingQuery) -> None:
        if self._noting is Noting.READS:
            self.reads["postings", query] = marks_of(self._reading, query)

    def series(self, name: str) -> int:
        """How many numbers a series has given."""
        return self._reading.series(name)

    def derived(self, name: str, key: str) -> tuple[str, int] | None:
        """A disposable result and its position; trust it only when that is the position of what it follows from."""
        return self._reading.derived(name, key)

    def entry(self, id: str) -> Entry:
        """A recorded entry by its id. Raises: EntryNotFound, WrongType."""
        return next(one for one in record.entries(self.recorded(id)) if one.id == id)

    def recorded(self, entry: str) -> LogRow:
        """The row of the log that an entry was recorded in, beside what else its change wrote. Raises: EntryNotFound, WrongType."""
        if not isinstance(entry, str):
            raise WrongType(value=entry, expected="the id of an entry")
        key = entry.rsplit("#", 1)[0]
        row = self._reading.logged(key)
        self.reads["logged", key] = row.position if row is not None else 0
        if row is None or all(one.id != entry for one in record.entries(row)):
            raise EntryNotFound(id=str(entry)[:250])
        return row

    def entries_of(self, cls: type[D], id: str) -> tuple[Entry, ...]:
        """The entries that the change which first recorded a document posted, in order. Raises: DocumentNotFound."""
        keys = self.written_by(cls, id)
        row = self._reading.logged(keys[0]) if keys else None
        if row is None:
            raise DocumentNotFound(kind=cls.kind, id=str(id)[:250])
        self.reads["logged", row.key] = row.position
        return record.entries(row)

    def _amount(self, book: str, scaled: int, unit: str) -> Amount:
        return Money.of_minor(scaled, unit) if is_money(book) else Quantity.of_scaled(scaled, unit)

    def _money(self, minor: int) -> Money:
        return Money.of_minor(minor, self._settings.currency)


def is_money(book: str) -> bool:
    """Whether the units of a book are currencies: the journal and its parallel ledgers."""
    return book == "journal" or book.startswith("journal:")
