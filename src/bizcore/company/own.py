"""What users add to a company: kinds of document and desks of their own, checked when they are handed in."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Final

import attrs

from bizcore.change.act import signature_of
from bizcore.change.desk import Desk, kinds_of, verbs_of
from bizcore.company import wiring
from bizcore.company.given import classes
from bizcore.flow.document import Document
from bizcore.flow.lifecycle import Lifecycle
from bizcore.flow.numbering import Numbering
from bizcore.kernel.codec import reader
from bizcore.kernel.errors import Invalid
from bizcore.kernel.ids import checked_id

_TAKEN_NAMES: Final = frozenset(
    {
        "kind",
        "version",
        "lifecycle",
        "numbering",
        "personal",
        "by_verb",
        "indexes",
        "ref",
        "dated",
        "to",
        "lift",
        "index_keys",
    }
)
"""What a document is asked for; a field of that name would hide it."""

_TAKEN_INDEXES: Final = frozenset({"state", "number", "extra", "origin"})
"""The indexes that every kind has."""

_TAKEN_DESKS: Final = frozenset({"approval", "put"})
"""What begins the names of acts that belong to no desk."""

_CHANGEABLE: Final = (list, dict, set, bytearray)


class BadKind(Invalid):
    """A class that cannot be a kind of document."""

    code = "bad_kind"

    def __init__(self, *, cls: type, why: str, **facts: object) -> None:
        super().__init__(f"{cls.__name__} cannot be a kind of document: {why}", cls=cls.__name__, why=why, **facts)


class NoKind(BadKind):
    """The class does not say its kind."""

    code = "no_kind"


class KindTaken(BadKind):
    """Another class stands for that kind."""

    code = "kind_taken"


class SeriesTaken(BadKind):
    """Another kind draws its numbers from that series, which would have gaps then."""

    code = "series_taken"


class NotFrozen(BadKind):
    """The class, or one in its fields, is not immutable all the way down."""

    code = "not_frozen"


class NameTaken(BadKind):
    """A field or an index has a name that every document uses otherwise."""

    code = "name_taken"


class UnreadableField(BadKind):
    """A field has a type that could not be read again."""

    code = "unreadable_field"


class NoLift(BadKind):
    """A later version of a kind that does not say how an older one is read."""

    code = "no_lift"


class BadDesk(Invalid):
    """A class that cannot be a desk."""

    code = "bad_desk"

    def __init__(self, *, cls: type, why: str) -> None:
        super().__init__(f"{cls.__name__} cannot be a desk: {why}", cls=cls.__name__, why=why)


def desks(given: Iterable[type[Desk]]) -> dict[str, type[Desk]]:
    """The desks given, by name. Raises: BadDesk, WrongType."""
    found: dict[str, type[Desk]] = {}
    for one in classes(given, Desk):
        name: object = one.name
        if not isinstance(name, str) or not name.isidentifier():
            raise BadDesk(cls=one, why="its name is one word, such as rental")
        if name in wiring.DESKS or name in _TAKEN_DESKS or found.get(name, one) is not one:
            raise BadDesk(cls=one, why=f"there is a desk {name!r} already")
        _check_names(one)
        for act, planner in verbs_of(one).items():
            _check_verb(one, act, planner)
        found[name] = one
    return found


def _check_names(desk: type[Desk]) -> None:
    """Refuse a name, a former one too, that two verbs go by: what was stored under it could be read as the other."""
    names = [
        name for one in dir(desk) if hasattr(getattr(desk, one), "planner") for name in (one, *getattr(desk, one).was)
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadDesk(cls=desk, why=f"two verbs go by the name {twice[0]!r}")


def _check_verb(desk: type[Desk], act: str, planner: Callable[..., Any]) -> None:
    """Refuse a rule that could not be called with arguments read from JSON."""
    parameters = list(inspect.signature(planner).parameters.values())
    if not parameters or inspect.iscoroutinefunction(planner):
        raise BadDesk(cls=desk, why=f"the rule of {act} takes a view and answers with changes")
    for one in parameters[1:]:
        if one.kind not in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY):
            raise BadDesk(cls=desk, why=f"{act} takes {str(one)!r}, which has no name in JSON")
    try:
        signature_of(planner)
    except KeyError as error:
        raise BadDesk(cls=desk, why=f"the argument {error} of {act} has no type") from None
    except Exception as error:  # noqa: BLE001 - what is written as a type is evaluated, and may raise anything
        raise BadDesk(cls=desk, why=f"the arguments of {act} cannot be read: {error}") from None


def kinds(given: Iterable[type[Document]], own: Iterable[type[Desk]]) -> dict[str, type[Document]]:
    """The kinds given, by name; those that desks given bind are checked with them.

    Raises: NoKind, KindTaken, SeriesTaken, NotFrozen, NameTaken, UnreadableField, NoLift, WrongType.
    """
    told = list(classes(given, Document))
    bound = [one for desk in own for one in kinds_of(desk)]
    if not told and not bound:
        return {}
    ours = wiring.kinds({}, {})
    found: dict[str, type[Document]] = {}
    for one in (*told, *bound):
        if ours.get(one.kind) is one or found.get(one.kind) is one:
            continue
        _check_kind(one)
        if one.kind in ours or one.kind in found:
            raise KindTaken(cls=one, why=f"{(ours | found)[one.kind].__name__} is the kind {one.kind!r}", kind=one.kind)
        _check_series(one, (ours | found).values())
        found[one.kind] = one
    return {one.kind: one for one in told}


def _check_kind(cls: type[Document]) -> None:
    taken = sorted({one.name for one in attrs.fields(cls)} & _TAKEN_NAMES)
    if taken:
        raise NameTaken(cls=cls, why=f"a field is called {taken[0]!r}, which every document has as something else")
    kind: object = cls.kind
    if not isinstance(kind, str) or not kind or kind.startswith("$") or kind == "origin":
        raise NoKind(cls=cls, why='give it one, as in kind = "rental"')
    checked_id(kind, "kind")
    _check_attributes(cls)
    if type(cls.version) is not int or cls.version < 1:
        raise BadKind(cls=cls, why="its version is a whole number from 1")
    if cls.version > 1 and cls.lift.__func__ is Document.lift.__func__:  # type: ignore[attr-defined]
        raise NoLift(cls=cls, why=f"version {cls.version} needs lift(), for what earlier ones stored")
    if clash := sorted(set(cls.indexes) & _TAKEN_INDEXES):
        raise NameTaken(cls=cls, why=f"every document has an index {clash[0]!r}")
    _check_value(cls, cls, set())
    own = {one.name for one in attrs.fields(cls) if not one.inherited}
    if anew := sorted(own & {one.name for one in attrs.fields(Document)}):
        raise NameTaken(cls=cls, why=f"every document has a field {anew[0]!r}; it is not declared anew")


def _check_attributes(cls: type[Document]) -> None:
    """What a kind says of itself has the type that everybody reads it by."""
    indexes: object = cls.indexes
    if not isinstance(indexes, Mapping) or not all(
        isinstance(name, str) and name.isidentifier() and callable(rule) for name, rule in indexes.items()
    ):
        raise BadKind(cls=cls, why="its indexes are functions by name, such as party")
    for name, value, wanted in (
        ("lifecycle", cls.lifecycle, Lifecycle),
        ("numbering", cls.numbering, Numbering),
        ("personal", cls.personal, bool),
        ("by_verb", cls.by_verb, bool),
    ):
        if not isinstance(value, wanted) and (value is not None or wanted is bool):
            raise BadKind(cls=cls, why=f"its {name} is a {wanted.__name__}")


def _check_value(cls: type, kind: type, seen: set[type]) -> None:
    """Refuse a class that can change, or whose fields cannot be read again, all the way down."""
    if cls in seen:
        return
    seen.add(cls)
    if "__attrs_attrs__" not in vars(cls) or vars(cls).get("__setattr__", cls.__setattr__) is not Document.__setattr__:
        raise NotFrozen(cls=kind, why=f"{cls.__name__} is not frozen; decorate it with @frozen of attrs")
    try:
        hints = typing.get_type_hints(cls)
    except Exception as error:  # noqa: BLE001 - what is written as a type is evaluated, and may raise anything
        raise UnreadableField(cls=kind, why=f"a type of {cls.__name__} is not known in its module: {error}") from None
    for one in attrs.fields(cls):
        name = f"{cls.__name__}.{one.name}"
        if one.name.startswith("_") and one.init:
            raise UnreadableField(cls=kind, why=f"{name} begins with an underscore", field=one.name)
        if not one.init:
            continue
        if one.alias != one.name:
            raise UnreadableField(cls=kind, why=f"{name} is given under another name, {one.alias}", field=one.name)
        if one.converter is None and _begins(one.default) in _CHANGEABLE:
            raise NotFrozen(cls=kind, why=f"{name} begins as what can change; use a tuple or Map", field=one.name)
        try:
            reader(hints[one.name])
        except Invalid as error:
            raise UnreadableField(cls=kind, why=f"{name} cannot be read: {error}", field=one.name) from None
        for part in _parts(hints[one.name]):
            if part in _CHANGEABLE:
                raise NotFrozen(cls=kind, why=f"{name} is a {part.__name__}; use tuple or Map", field=one.name)
            if attrs.has(part) and not hasattr(part, "from_plain"):
                _check_value(part, kind, seen)


def _begins(default: object) -> object:
    """The class that a default is of, as far as it says."""
    made: object = getattr(default, "factory", None)
    return type(default) if made is None else made


def _parts(annotation: Any) -> Iterable[type]:
    """The classes that a declared type is made of."""
    origin = typing.get_origin(annotation)
    if isinstance(origin, type) and origin is not types.UnionType:
        yield origin
    elif isinstance(annotation, type) and not issubclass(annotation, Enum):
        yield annotation
    for one in typing.get_args(annotation):
        yield from _parts(one)


def _check_series(cls: type[Document], others: Iterable[type[Document]]) -> None:
    mine = cls.numbering
    for other in others if mine is not None else ():
        if mine is not None and other.numbering is not None and mine.meets(other.numbering):
            raise SeriesTaken(
                cls=cls, why=f"{other.kind} has numbers that begin with {mine.prefix}", prefix=mine.prefix
            )
