"""What was recorded: the answer of `apply`, and the audit trail, outbox and feed that `log` yields."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

from attrs import field, frozen

from bizcore.book.entry import Entry
from bizcore.flow.document import Document, Ref
from bizcore.kernel.codec import plain
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.markup import ROWS_MAX, Html, Shown, element, facts, joined
from bizcore.kernel.value import Answer, Argument

D = TypeVar("D", bound=Document | Entry, covariant=True)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_of(microseconds: int) -> datetime:
    """The UTC instant of a log row.

    >>> instant_of(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    return _EPOCH + timedelta(microseconds=microseconds)


def microseconds_of(instant: datetime) -> int:
    """An aware instant as a log row keeps it."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


@frozen(kw_only=True, eq=False)
class Committed(Shown, Answer, Generic[D]):
    """One recorded change.

    `value` is the document or entry as this change left it, with `id` and `number`; `replayed` says that the key was
    known and this is the first answer again; `documents` are those it wrote, `entries` what it posted.
    """

    json_form: ClassVar[Any] = {
        "position": int,
        "instant": datetime,
        "key": str,
        "actor": str,
        "reason": str,
        "act": str,
        "intent": str,
        "replayed": bool,
        "hash": str,
        "documents": tuple[Ref, ...],
        "entries": tuple[Entry, ...],
        "value": Argument,
    }

    position: int
    instant: datetime
    key: str
    actor: str
    reason: str
    act: str
    intent: str
    hash: str
    replayed: bool = False
    _documents: Callable[[], tuple[Ref, ...]] = field(repr=False)
    _value: Callable[[], Any] = field(repr=False)
    _entries: Callable[[], tuple[Entry, ...]] = field(repr=False)

    def plain(self) -> str:
        """What it is, in a line; the hash and the intent are asked for by name."""
        return f"{self.act} at {self.position}, key {self.key!r}" + (
            ", the first answer again" if self.replayed else ""
        )

    def markup(self) -> Html:
        """Who, when and why, the documents it wrote, the entries it posted; of what cannot be read any more, why."""
        pairs = [
            ("instant", self.instant.isoformat(sep=" ", timespec="seconds")),
            ("key", self.key), ("actor", self.actor), ("reason", self.reason),
        ]  # fmt: skip
        behind: list[Html] = []
        try:
            pairs.append(("documents", ", ".join(str(one) for one in self.documents[:ROWS_MAX])))
            behind += [one.markup() for one in self.entries[:ROWS_MAX]]
        except BizcoreError as error:
            behind.append(element("div", {}, error.message))
        title = joined([element("b", {}, f"{self.act} at {self.position}"), " "])
        mark = element("mark", {}, "the first answer again" if self.replayed else "applied")
        return joined([element("div", {}, title, mark), facts(pairs), *behind])

    @property
    def documents(self) -> tuple[Ref, ...]:
        """The documents it wrote."""
        return self._documents()

    @property
    def value(self) -> D:
        """The answer, as this change left it.

        Raises: Erased, when it was erased since (`documents` still names it, and the log goes on after it); UnknownKind, for a
        kind of one's own that this company was not opened with.
        """
        answer: D = self._value()
        return answer

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What was posted, in order."""
        return self._entries()

    def to_plain(self) -> dict[str, Any]:
        """What was recorded, as JSON types. Raises: as `value`."""
        return {name: plain(getattr(self, name)) for name in self.json_form}
