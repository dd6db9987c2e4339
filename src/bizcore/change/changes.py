"""Changes: what one act would record, complete before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from attrs import field, frozen

from bizcore.book.entry import Amount, Entry
from bizcore.change.difference import Difference, differences
from bizcore.flow.document import Document, Ref
from bizcore.kernel.codec import plain
from bizcore.kernel.errors import Invalid, Refused
from bizcore.kernel.markup import ROWS_MAX, Html, Shown, cell, element, heading, joined, row, table
from bizcore.kernel.money import Money
from bizcore.kernel.value import Answer, Argument

if TYPE_CHECKING:
    from bizcore.change.act import Act
    from bizcore.change.reads import Reads

D = TypeVar("D", bound=Document | Entry)
E = TypeVar("E", bound=Document | Entry)

CHANGES_MAX: Final = 5_000
"""The most documents and entries that one change holds."""


class TooLarge(Invalid):
    """A change holds more than the limit."""

    code = "too_large"

    def __init__(self, *, what: str, count: int, most: int) -> None:
        super().__init__(f"{count} {what} in one change, at most {most}; split it", what=what, count=count, most=most)


class FloorBroken(Refused):
    """A balance would fall below what must stay."""

    code = "floor_broken"

    def __init__(self, *, balance: str, least: str, would_be: str) -> None:
        super().__init__(
            f"{balance} would be {would_be}, at least {least} must stay",
            balance=balance,
            least=least,
            would_be=would_be,
        )


Term = tuple[str, str, str, int]


def _terms(value: Iterable[Sequence[Any]]) -> tuple[Term, ...]:
    return tuple((str(book), str(account), str(unit), int(sign)) for book, account, unit, sign in value)


@frozen(kw_only=True)
class Floor:
    """A sum of balances that must be at least `least` once the change is recorded, whoever else was first.

    Unlike what a planner read, which must still be true to the letter, a floor must only still hold: reservations and
    limits do not conflict with each other while there is enough. `terms` are (book, account, unit, sign).
    """

    terms: tuple[Term, ...] = field(converter=_terms)
    least: Amount

    def __str__(self) -> str:
        """The sum and its bound.

        >>> str(Floor(terms=[("stock", "main", "bolt", 1), ("stock", "held", "bolt", -1)], least=Money("0", "EUR")))
        'stock main bolt - stock held bolt stays at least 0.00 EUR'
        """
        said = "".join(
            f" {'+' if sign > 0 else '-'} {book} {account} {unit}" for book, account, unit, sign in self.terms
        )
        return f"{said.removeprefix(' + ').strip()} stays at least {self.least}"

    @property
    def least_scaled(self) -> int:
        """The bound as the store keeps amounts."""
        return self.least.minor if isinstance(self.least, Money) else self.least.scaled


@frozen
class Derived:
    """A disposable result: in no log, chain or hash; stamped with the position it is written at."""

    name: str
    key: str
    body: str


@frozen(eq=False, repr=False)
class Planned:
    """Where a company planned changes: which company it is, at which position, and how a document stood there."""

    company: tuple[str, object]
    position: int
    before: Callable[[Document], Document | None]


@frozen(eq=False, repr=False, init=False)
class Changes(Shown, Answer, Generic[D]):
    """What an act would record: its answer, the documents to write, the entries to post, the floors that must hold.

    `value` is the answer: a document or an entry, recorded with the others. `act`, `reads` and `planned` are filled in by
    `plan`: the intent it stands for, what was read to make it, and where.

    Guarantees: nothing is written; printing it shows every entry and document it would record, and of a document that was there before what changes.
    Raises: TooLarge.
    """

    json_form: ClassVar[Any] = {
        "act": dict[str, Any] | None,
        "documents": tuple[dict[str, Any], ...],
        "entries": tuple[Entry, ...],
        "value": Argument,
    }

    value: D
    documents: tuple[Document, ...]
    entries: tuple[Entry, ...]
    floors: tuple[Floor, ...]
    derived: tuple[Derived, ...]
    act: Act[Any] | None
    reads: Reads | None
    erases: tuple[Ref, ...]
    planned: Planned | None

    def __init__(
        self,
        value: D,
        *,
        documents: Iterable[Document] = (),
        entries: Iterable[Entry] = (),
        floors: Iterable[Floor] = (),
        derived: Iterable[Derived] = (),
        act: Act[Any] | None = None,
        reads: Reads | None = None,
        erases: Iterable[Ref] = (),
        planned: Planned | None = None,
    ) -> None:
        puts, posts = tuple(documents), tuple(entries)
        if isinstance(value, Entry):
            posts = posts if any(one is value for one in posts) else (value, *posts)
        elif not any(one is value for one in puts):
            puts = (value, *puts)
        if len(puts) + len(posts) > CHANGES_MAX:
            raise TooLarge(what="documents and entries", count=len(puts) + len(posts), most=CHANGES_MAX)
        self.__attrs_init__(value, puts, posts, tuple(floors), tuple(derived), act, reads, tuple(erases), planned)

    @classmethod
    def nothing(cls, act: Act[Any]) -> Changes[Any]:
        """No documents and no entries: the last record of work, which only answers."""
        made = cls.__new__(cls)
        nothing: Any = None
        made.__attrs_init__(nothing, (), (), (), (), act, {}, (), None)
        return made

    def adding(
        self,
        *,
        documents: Iterable[Document] = (),
        entries: Iterable[Entry] = (),
        floors: Iterable[Floor] = (),
        derived: Iterable[Derived] = (),
        erases: Iterable[Ref] = (),
    ) -> Changes[D]:
        """The same changes and more of them: what a follower returns."""
        return Changes(
            self.value,
            documents=(*self.documents, *documents),
            entries=(*self.entries, *entries),
            floors=(*self.floors, *floors),
            derived=(*self.derived, *derived),
            act=self.act,
            reads=self.reads,
            erases=(*self.erases, *erases),
            planned=self.planned,
        )

    def __add__(self, other: Changes[E]) -> Changes[D]:
        """Both as one change; the answer is the left one's."""
        return self.adding(
            documents=other.documents,
            entries=other.entries,
            floors=other.floors,
            derived=other.derived,
            erases=other.erases,
        )

    def to_plain(self) -> dict[str, Any]:
        """What would be recorded, as JSON types; each document with its kind."""
        return {
            "act": None if self.act is None else self.act.to_plain(),
            "documents": [{"kind": one.kind, "document": plain(one)} for one in self.documents],
            "entries": [plain(one) for one in self.entries],
            "value": plain(self.value),
        }

    def __repr__(self) -> str:
        """Every entry and document, in the order they would be recorded."""
        lines = [f"Changes of {self.act.name}" if self.act else "Changes"]
        lines += [line for one in self.documents for line in self._shown(one)]
        lines += [f"  {line}" for one in self.entries for line in str(one).splitlines()]
        return "\n".join(lines)

    def _shown(self, one: Document) -> Iterator[str]:
        yield f"  {one.kind} {one.number or one.id} {one.state}".rstrip()
        yield from (f"    {line}" for line in self._differences(one))

    def _differences(self, one: Document) -> tuple[Difference, ...]:
        """What changes of a document that was there before."""
        old = self.planned.before(one) if self.planned is not None else None
        return () if old is None else tuple(differences(old, one))

    def markup(self) -> Html:
        """The documents with what changes of them and the numbers they will draw, the entries, and what must stay."""
        title = f"Changes of {self.act.name}" if self.act else "Changes"
        parts = [element("div", {}, element("b", {}, title), " ", element("mark", {}, "not applied"))]
        if self.documents:
            head = [heading(name) for name in ("document", "state", "number")]
            parts.append(table(head, [line for one in self.documents for line in self._document_rows(one)]))
        parts += [one.markup() for one in self.entries[:ROWS_MAX]]
        if len(self.entries) > ROWS_MAX:
            parts.append(element("div", {}, f"and {len(self.entries) - ROWS_MAX} more entries"))
        parts += [element("div", {}, element("small", {}, f"erases {one}")) for one in self.erases]
        parts += [element("div", {}, element("small", {}, str(one))) for one in self.floors]
        return joined(parts)

    def _document_rows(self, one: Document) -> Iterator[Html]:
        rule, number = type(one).numbering, one.number
        if rule is not None and not number and one.state not in rule.unnumbered:
            number = f"the next of {rule.series(one.dated)}"
        yield row(cell(text) for text in (f"{one.kind} {one.id}", one.state, number))
        for found in self._differences(one):
            said = joined([element("small", {}, found.path), f" {found.old} \u2192 {found.new}"])
            yield row([element("td", {"colspan": 3}, element("div", {"class": "in"}, said))])
