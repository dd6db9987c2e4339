"""What every document has: an identity, a number once recorded, a state, where it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, ClassVar, Final, Self

from attrs import evolve, field, frozen

from bizcore.flow.lifecycle import Lifecycle
from bizcore.flow.numbering import Numbering
from bizcore.kernel.checking import check_fields
from bizcore.kernel.errors import Invalid
from bizcore.kernel.maps import Map
from bizcore.kernel.value import Value

Keys = Iterable[tuple[str, ...]]

Indexes = Mapping[str, Callable[[Any], Keys]]
"""Index names, each with the function from a document to its key tuples."""


@frozen
class Ref(Value):
    """A document by kind and id.

    >>> str(Ref("invoice", "order 4711#1"))
    'invoice:order 4711#1'
    """

    kind: str
    id: str

    def __str__(self) -> str:
        """Kind and id in one word."""
        return f"{self.kind}:{self.id}"


class NoLines(Invalid):
    """A document that is made of lines has none."""

    code = "no_lines"

    def __init__(self, *, kind: str) -> None:
        super().__init__(f"the {kind} has no lines", kind=kind)


class UnknownState(Invalid):
    """A document is in a state that the table of its kind does not have."""

    code = "unknown_state"

    def __init__(self, *, kind: str, state: str, states: tuple[str, ...]) -> None:
        super().__init__(
            f"no {kind} is {state[:60]!r}; it is {' or '.join(states)}", kind=kind, state=state[:60], states=states
        )


def _origins(value: Iterable[Ref]) -> tuple[Ref, ...]:
    return tuple(value)


def _extra(value: Mapping[str, str]) -> Map[str]:
    return value if isinstance(value, Map) else Map(value)


@frozen(kw_only=True)
class Document(Value):
    """The base of every document; a subclass names its `kind` and adds fields.

    `id` is the identity, given by the caller or minted while planning; `number` is legal and drawn when recorded, empty
    until then; `origins` are the documents it came from; `extra` is kept, compared and searchable.

    A kind may set: `version`, with `lift` for what older versions stored; `lifecycle`; `numbering`; `personal`, when the
    body must be erasable; `indexes`, each a function from the document to key tuples.

    >>> @frozen(kw_only=True)
    ... class Memo(Document):
    ...     kind = "memo"
    ...     text: str
    >>> Memo(id="m1", text="call beta").ref
    Ref(kind='memo', id='m1')
    """

    kind: ClassVar[str] = ""
    version: ClassVar[int] = 1
    lifecycle: ClassVar[Lifecycle | None] = None
    numbering: ClassVar[Numbering | None] = None
    personal: ClassVar[bool] = False
    by_verb: ClassVar[bool] = False
    """Recorded by verbs only; so is every kind with a lifecycle or a number."""
    indexes: ClassVar[Indexes] = {}

    id: str = ""
    number: str = ""
    state: str = field(default="")
    origins: tuple[Ref, ...] = field(default=(), converter=_origins)
    extra: Map[str] = field(default=Map({}), converter=_extra)

    def __attrs_post_init__(self) -> None:
        """Every field has its type; a new document of a kind with a lifecycle begins in its initial state, and is in no other than its table
        has. Raises: WrongType, InvalidText, UnknownState.
        """
        check_fields(self)
        lifecycle = type(self).lifecycle
        if lifecycle is None:
            return
        if not self.state:
            object.__setattr__(self, "state", lifecycle.initial)
        elif not lifecycle.knows(self.state):
            raise UnknownState(kind=type(self).kind, state=self.state, states=lifecycle.states)

    @property
    def ref(self) -> Ref:
        """The document by kind and id."""
        return Ref(type(self).kind, self.id)

    @property
    def dated(self) -> date | None:
        """The business date that a yearly number series goes by: the field `on`, where the kind has one."""
        value = getattr(self, "on", None)
        return value if isinstance(value, date) else None

    def to(self, verb: str) -> Self:
        """The document after a verb of its lifecycle. Raises: IllegalStep, ConditionUnmet."""
        lifecycle = type(self).lifecycle
        return self if lifecycle is None else evolve(self, state=lifecycle.after(self, self.state, verb))

    @classmethod
    def lift(cls, data: dict[str, object], version: int) -> dict[str, object]:
        """Turn the body of an older kind version into this one; pure, and never written back."""
        return data

    def index_keys(self) -> set[tuple[str, str]]:
        """Every (index, key) under which the document is found; components end with a unit separator."""
        found: set[tuple[str, str]] = set()
        kind = type(self).kind
        if self.state:
            found.add((f"{kind}.state", key_of((self.state,))))
        if self.number:
            found.add((f"{kind}.number", key_of((self.number,))))
        for origin in self.origins:
            found.add(("origin", key_of((origin.kind, origin.id))))
        for name, text in self.extra.items():
            found.add((f"{kind}.extra", key_of((name, text))))
        for index, rule in type(self).indexes.items():
            found.update((f"{kind}.{index}", key_of(key)) for key in rule(self))
        return found


SEPARATOR = "\x1f"
"""Ends each component of an index key; it sorts before everything an id may hold."""


def key_of(parts: Iterable[str]) -> str:
    """An index key as text: a prefix of components is a prefix of the text, and order is kept.

    A component of more than 300 bytes, or with a separator in it, stands as its beginning and its digest: found by equality like
    any other, in order by its beginning. No database finds rows by keys of any length.
    """
    return "".join((part if len(part) < 76 and SEPARATOR not in part else _short(part)) + SEPARATOR for part in parts)


def _short(part: str) -> str:
    import hashlib  # 1 ms, for what hardly comes

    try:
        whole = part.encode()
    except UnicodeEncodeError:  # no store holds it, and none need say so here
        return part
    if "\x00" in part or (len(whole) <= _PART_MAX and SEPARATOR not in part):
        return part
    begun = whole[:_BEGUN].decode(errors="ignore").partition(SEPARATOR)[0]
    return f"{begun}#{hashlib.sha256(whole).hexdigest()}"


_PART_MAX: Final = 300
_BEGUN: Final = 200
"""Bytes of a component that stands as it is, and of the beginning of one that does not."""

BEYOND: Final = "\U0010ffff" * 76
"""Put behind a prefix: behind every key that begins with it, as no component has so many of the last letter there is."""
