"""All that users need to find documents of a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from attrs import fields, frozen

from bizcore.change.view import View
from bizcore.flow.document import Document
from bizcore.kernel.errors import Invalid
from bizcore.kernel.spans import Span

if TYPE_CHECKING:
    from bizcore.kernel.table import Table

K = TypeVar("K", bound=Document)


class NoSuchField(Invalid):
    """The kind has no field or index of that name."""

    code = "no_such_field"

    def __init__(self, *, kind: str, name: str, has: tuple[str, ...]) -> None:
        super().__init__(f"{kind} has no {name[:60]!r}; it has {', '.join(has)}", kind=kind, name=name[:60], has=has)


@frozen
class Page(Generic[K]):
    """Some documents in order of id, and what to ask for the next ones (empty: no more)."""

    documents: tuple[K, ...]
    next: str


@frozen(eq=False)
class Documents(Generic[K]):
    """The documents of one kind of one company: by id, all, some, page by page, as a table."""

    cls: type[K]
    _view: Callable[[], View]

    def __getitem__(self, id: str) -> K:
        """The document. Raises: DocumentNotFound."""
        return self._view().get(self.cls, id)

    def get(self, id: str) -> K | None:
        """The document, or None."""
        return self._view().seek(self.cls, id)

    def __iter__(self) -> Iterator[K]:
        """Every document, by id."""
        after = ""
        view = self._view()
        while True:
            rows = view.page(self.cls, after=after, size=500)
            yield from rows
            if len(rows) < 500:
                return
            after = rows[-1].id

    def __len__(self) -> int:
        """How many there are."""
        return sum(1 for _ in self)

    def where(
        self,
        *,
        party: str | None = None,
        state: str | None = None,
        span: Span | None = None,
        number: str | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> tuple[K, ...]:
        """The documents that fit all conditions given; `span` bounds the business date.

        Raises: NoSuchField, when the kind has no party or no date.
        """
        view = self._view()
        if number is not None:
            found: Iterator[K] = view.find(self.cls, "number", number)
        elif extra:
            name, text = next(iter(extra.items()))
            found = view.find(self.cls, "extra", name, text)
        elif party is not None:
            self._indexed("party")
            found = view.find(self.cls, "party", party)
        elif state is not None:
            found = view.find(self.cls, "state", state)
        else:
            found = iter(self)
        parties = {one.id for one in view.find(self.cls, "party", party)} if party is not None else None
        if span is not None and not any(one.name == "on" for one in fields(self.cls)):
            raise NoSuchField(kind=self.cls.kind, name="on", has=tuple(one.name for one in fields(self.cls)))
        return tuple(
            one
            for one in found
            if (parties is None or one.id in parties)
            and (state is None or one.state == state)
            and (number is None or one.number == number)
            and (span is None or (one.dated is not None and span.contains(one.dated)))
            and all(one.extra.get(name) == text for name, text in (extra or {}).items())
        )

    def page(self, size: int = 50, after: str = "") -> Page[K]:
        """Some documents by id, from the one after `after`."""
        rows = self._view().page(self.cls, after=after, size=size)
        return Page(rows, rows[-1].id if len(rows) == size else "")

    def table(self, *columns: str) -> Table:
        """The documents as a table of the fields named, all simple ones by default. Raises: NoSuchField."""
        from bizcore.kernel.table import Column, Table

        names = tuple(one.name for one in fields(self.cls))
        for name in columns:
            if name not in names:
                raise NoSuchField(kind=self.cls.kind, name=name, has=names)
        chosen = columns or tuple(name for name in ("id", "number", "state", "on") if name in names)
        rows = [[getattr(one, name) for name in chosen] for one in self]
        return Table([Column(name) for name in chosen], rows, title=self.cls.kind)

    def _indexed(self, index: str) -> None:
        if index not in self.cls.indexes:
            raise NoSuchField(kind=self.cls.kind, name=index, has=tuple(self.cls.indexes))
