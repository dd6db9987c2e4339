"""An act is what is intended: a name and arguments in normal form. Nothing has been read, nothing is written."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from attrs import field, frozen

from bizcore.book.entry import Entry
from bizcore.flow.document import Document
from bizcore.kernel.codec import Reader, WrongType, at_path, encode, parsed, plain, reader
from bizcore.kernel.errors import Invalid
from bizcore.kernel.maps import Map
from bizcore.kernel.value import Answer

if TYPE_CHECKING:
    from bizcore.change.changes import Changes

D = TypeVar("D", bound=Document | Entry, covariant=True)


class BadArguments(Invalid):
    """The call does not fit the verb."""

    code = "bad_arguments"

    def __init__(self, *, act: str, why: str) -> None:
        super().__init__(f"{act}: {why}", act=act, why=why)


@frozen(eq=False, repr=False)
class Act(Answer, Generic[D]):
    """An intent as a value: what an idempotency key stands for, what a queue carries, what waits for its approver.

    `arguments` are in normal form: each was read by its declared type, those not given are absent. Two acts are equal
    when their name and JSON are.

    Guarantees: building one reads and writes nothing; `to_json` and `Company.act` are inverse; its repr ends with
    `not applied`, because an act that nobody applies changes nothing.
    """

    json_form: ClassVar[Any] = {"act": str, "arguments": dict[str, Any]}

    name: str
    arguments: Map[Any]
    planner: Callable[..., Changes[D]] = field(repr=False)
    _intent: list[str] = field(factory=list, init=False)

    @property
    def intent(self) -> str:
        """The arguments as canonical JSON: the content that a key stands for."""
        if not self._intent:
            self._intent.append(encode(self.arguments))
        return self._intent[0]

    def to_plain(self) -> dict[str, Any]:
        """Name and arguments as JSON types."""
        return {"act": self.name, "arguments": plain(self.arguments)}

    def to_json(self) -> str:
        """Name and arguments as one canonical JSON text."""
        return f'{{"act":{encode(self.name)},"arguments":{self.intent}}}'

    def __eq__(self, other: object) -> bool:
        """By content."""
        return isinstance(other, Act) and self.name == other.name and self.intent == other.intent

    def __hash__(self) -> int:
        """By content."""
        return hash((self.name, self.intent))

    def __repr__(self) -> str:
        """The call, and that it is only intended."""
        given = ", ".join(f"{name}={_short(value)}" for name, value in self.arguments.items())
        return f"<{self.name}({given}) not applied>"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class Signature:
    """How a verb reads its arguments: names, which are required, and the strict reader of each declared type."""

    def __init__(self, planner: Callable[..., Any]) -> None:
        parameters = list(inspect.signature(planner).parameters.values())[1:]  # the first is the view
        hints = typing.get_type_hints(planner)
        self.positional: tuple[str, ...] = tuple(one.name for one in parameters if one.kind is not one.KEYWORD_ONLY)
        self.types: dict[str, Any] = {one.name: hints[one.name] for one in parameters}
        self.readers: dict[str, Reader] = {name: reader(one) for name, one in self.types.items()}
        self.required: tuple[str, ...] = tuple(one.name for one in parameters if one.default is one.empty)
        self.defaults: dict[str, object] = {one.name: one.default for one in parameters if one.default is not one.empty}

    def read(self, act: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Map[Any]:
        """Read a call into normal form: declared types, defaults left out. Raises: Invalid."""
        given: dict[str, object] = {}
        if len(args) > len(self.positional):
            raise BadArguments(act=act, why=f"takes at most {len(self.positional)} positional arguments")
        for name, value in (*zip(self.positional, args, strict=False), *kwargs.items()):
            if name in given:
                raise BadArguments(act=act, why=f"got {name!r} twice")
            if name not in self.readers:
                raise BadArguments(act=act, why=f"has no argument {str(name)[:40]!r}; it has {', '.join(self.readers)}")
            value_read = at_path(name, self.readers[name], value)
            if name in self.defaults and _same(value_read, self.defaults[name]):
                continue
            given[name] = value_read
        for name in self.required:
            if name not in given:
                raise BadArguments(act=act, why=f"needs {name!r}")
        return Map(given)


def _same(value: object, default: object) -> bool:
    return type(value) is type(default) and value == default


@lru_cache(maxsize=512)
def signature_of(planner: Callable[..., Any]) -> Signature:
    """The signature of a planner, inspected once."""
    return Signature(planner)


def make_act(
    name: str, planner: Callable[..., Changes[D]], args: tuple[object, ...], kwargs: Mapping[str, object]
) -> Act[D]:
    """Build an act from a call. Raises: Invalid, with the path to what is wrong."""
    return Act(name, signature_of(planner).read(name, args, kwargs), planner)


def parse_act(
    text: str | Mapping[str, Any],
    verbs: Mapping[str, Callable[..., Changes[Any]]],
    special: Mapping[str, Callable[[Mapping[str, Any]], Act[Any]]],
) -> Act[Any]:
    """Build an act from its JSON, as text or parsed; `special` reads the acts that no planner's signature types. Raises: Invalid."""
    data: Any = _parsed(text) if isinstance(text, str) else text
    if not isinstance(data, (str, dict, list)):
        raise WrongType(value=text, expected="the JSON of an act")
    if not isinstance(data, dict) or set(data) != {"act", "arguments"} or not isinstance(data["arguments"], dict):
        raise BadArguments(act="?", why='an act is {"act": name, "arguments": {...}}')
    name = data["act"]
    if not isinstance(name, str):
        raise BadArguments(act="?", why="the name of an act is text")
    if name in special:
        return special[name](data["arguments"])
    if name not in verbs:
        raise UnknownAct(name=name, known=tuple(sorted(verbs)))
    return make_act(name, verbs[name], (), data["arguments"])


def _parsed(text: str) -> Any:
    try:
        return parsed(text)
    except Invalid:
        raise
    except (ValueError, RecursionError) as error:
        raise BadArguments(act="?", why=f"is not JSON: {error}") from None


class UnknownAct(Invalid):
    """No desk has a verb of that name."""

    code = "unknown_act"

    def __init__(self, *, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"there is no act {name[:60]!r}", name=name[:60], known=known)
