"""How values enter and leave through pydantic, made from the types their fields declare.

One judge: what may enter is decided by the readers of `codec` and by the value itself. Only what they refuse is taken apart again
field by field, because then every problem is to be told, each with the way to it. So a value that is right costs one reading,
and two doors cannot disagree. The schemas are pydantic-core's plain dictionaries; nothing of pydantic is imported.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Final

import attrs

from bizcore.kernel.codec import Reader, WrongType, plain, reader
from bizcore.kernel.currencies import known
from bizcore.kernel.days import bound, day, instant
from bizcore.kernel.errors import BizcoreError, Invalid
from bizcore.kernel.exact import RATIO_DIGITS_MAX, fraction, number
from bizcore.kernel.exact import TEXT_MAX as NUMBER_MAX
from bizcore.kernel.ids import TEXT_MAX, checked_text
from bizcore.kernel.shapes import shape
from bizcore.kernel.value import Answer, Argument

Schema = dict[str, Any]
"""A schema of pydantic-core: a plain dictionary."""

_DECIMALS: Final = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)"
_RATIO_MAX: Final = 2 * RATIO_DIGITS_MAX + 2  # a sign and a line between
_CANONICAL: Final = r"-?[0-9]+(\.[0-9]+)?"


def _text(pattern: str = "", most: int = TEXT_MAX) -> Schema:
    schema: Schema = {"type": "str", "max_length": most}
    return schema | {"pattern": f"^{pattern}$"} if pattern else schema


def _or_whole(schema: Schema) -> Schema:
    return {"type": "union", "choices": [schema, {"type": "int"}]}


_TEXT: Final = _text()
_DATE: Final[Schema] = {"type": "date"}
_INSTANT: Final[Schema] = {"type": "datetime"}
_CODE: Final = _text("[A-Z]{3}", 3)

_FORMS: Final[Mapping[Any, tuple[Schema, Schema]]] = {
    number: (_or_whole(_text(_DECIMALS, NUMBER_MAX)), _text(_CANONICAL, NUMBER_MAX)),
    fraction: (_or_whole(_text(rf"{_DECIMALS}(/[0-9]+)?", _RATIO_MAX)), _text(rf"{_CANONICAL}(/[0-9]+)?", _RATIO_MAX)),
    day: (_DATE, _DATE),
    bound: (_DATE, _DATE),
    instant: (_INSTANT, _INSTANT),
    known: (_CODE, _CODE),
    checked_text: (_TEXT, _TEXT),
}
"""What a reader takes, and what is written of it; a reader that is not here takes text."""

_PLAIN: Final[Mapping[Any, Schema]] = {
    int: {"type": "int"},
    bool: {"type": "bool"},
    type(None): {"type": "none"},
    Any: {"type": "any"},
    object: {"type": "any"},
}
_READ: Final[Mapping[Any, Reader]] = {
    str: checked_text,
    Decimal: number,
    Fraction: fraction,
    date: day,
    datetime: instant,
}


_under_way: ContextVar[frozenset[type]] = ContextVar("_under_way", default=frozenset())
"""The classes whose fields are being described."""


def value_schema(cls: type, source: Any, handler: Any) -> Schema:
    """The schema of a class with a JSON form: an instance passes, anything else is read strictly or refused with every problem.

    `source` is the type as it was asked for, with its arguments; `handler` pydantic's, for the classes it is made of.
    """
    ref = f"{cls.__module__}.{cls.__qualname__}:{id(cls)}"
    if cls in _under_way.get():  # a class that is part of itself, as the steps of an explanation are
        return {"type": "definition-ref", "schema_ref": ref}
    if shape(source).form == "mapping":
        return _judged(reader(source), schema_of(source, handler), cls.__name__) | {"serialization": _WRITTEN}
    token = _under_way.set(_under_way.get() | {cls})
    try:
        form = _form(cls, handler)
    finally:
        _under_way.reset(token)
    return _judged(reader(cls), form, cls.__name__) | {"ref": ref, "serialization": _WRITTEN}


def answer_schema(cls: type[Answer], source: Any, handler: Any) -> Schema:
    """The schema of a class that only leaves: an instance passes, and is written by its `to_plain`."""
    form: Any = cls.json_form
    argument = next(iter(typing.get_args(source)), Any)
    if isinstance(form, Mapping):
        types = {name: argument if one is Argument else one for name, one in form.items()}
        inner = names_schema({name: schema_of(one, handler) for name, one in types.items()})
    else:
        inner = schema_of(form, handler)

    def judge(value: object, _: object) -> object:
        if isinstance(value, cls):
            return value
        raise _problem(WrongType(value=value, expected=f"a {cls.__name__}, which is given and not read"), value)

    return {
        **_wrapped(judge, inner, cls.__name__),
        "serialization": {"type": "function-plain", "function": _written_answer, "info_arg": True},
    }


def names_schema(schemas: Mapping[str, Schema], *, required: Iterable[str] | None = None) -> Schema:
    """The schema of a mapping that has these names and no others; `required` are those it must have, all when left out."""
    must = set(schemas if required is None else required)
    fields = {name: _field(one, required=name in must) for name, one in schemas.items()}
    return {"type": "typed-dict", "fields": fields, "extra_behavior": "forbid"}


def schema_of(annotation: Any, handler: Any) -> Schema:
    """The schema of a declared type, for all the types that `codec.reader` reads."""
    form, parts = shape(annotation)
    match form:
        case "optional":
            return {"type": "nullable", "schema": schema_of(parts[0], handler)}
        case "choice":
            return _choice(reader(annotation), [schema_of(one, handler) for one in parts])
        case "literal":
            return _judged(reader(annotation), {"type": "literal", "expected": list(parts)})
        case "sequence":
            return {"type": "list", "items_schema": schema_of(parts[0], handler)}
        case "fixed":
            return {"type": "tuple", "items_schema": [schema_of(one, handler) for one in parts]}
        case "mapping":
            values = schema_of(parts[0], handler)
            return {"type": "dict", "keys_schema": _read_by(checked_text), "values_schema": values}
        case _:
            return _schema_of_class(parts[0], handler)


def _schema_of_class(cls: Any, handler: Any) -> Schema:
    if cls in _READ:
        return _read_by(_READ[cls])
    if cls in _PLAIN:
        return _judged(reader(cls), _PLAIN[cls])
    if isinstance(cls, typing.TypeVar):
        return {"type": "any"}
    if isinstance(cls, type) and issubclass(cls, Enum):
        return _judged(reader(cls), handler.generate_schema(cls))
    if hasattr(cls, "__get_pydantic_core_schema__"):
        schema: Schema = handler.generate_schema(cls)
        return schema
    return value_schema(cls, cls, handler)


def _form(cls: Any, handler: Any) -> Schema:
    """The fields of a class, each with the rule its own converter adds; or the form it states."""
    stated = getattr(cls, "json_form", None)
    if isinstance(stated, Mapping):
        return names_schema({name: _read_by(one) for name, one in stated.items()})
    if stated is not None:
        return _read_by(stated)
    hints = typing.get_type_hints(cls)
    own = [one for one in attrs.fields(cls) if one.init]
    needed = [one.name for one in own if one.default is attrs.NOTHING]
    return names_schema({one.name: _attribute(one, hints[one.name], handler) for one in own}, required=needed)


def _attribute(one: Any, hint: Any, handler: Any) -> Schema:
    schema = schema_of(hint, handler)
    if callable(one.converter) and one.converter not in _FORMS:
        schema = {
            "type": "function-after",
            "function": {"type": "no-info", "function": _told(one.converter)},
            "schema": schema,
        }
    if one.default is attrs.NOTHING or isinstance(one.default, attrs.Factory):  # type: ignore[arg-type]
        return schema
    return {"type": "default", "schema": schema, "default": plain(one.default)}


def _field(schema: Schema, *, required: bool) -> Schema:
    return {"type": "typed-dict-field", "schema": schema, "required": required}


def _read_by(read: Reader) -> Schema:
    entering, leaving = _FORMS.get(read, (_TEXT, _TEXT))
    return _judged(read, entering) | {"serialization": {**_WRITTEN, "return_schema": leaving}}


def _written(value: object, info: Any) -> object:
    """The JSON form where JSON is asked for; Python gets the value itself."""
    return plain(value) if info.mode == "json" else value


def _written_answer(value: Any, info: Any) -> object:
    return value.to_plain() if info.mode == "json" else value


_WRITTEN: Final[Schema] = {"type": "function-plain", "function": _written, "info_arg": True}


# -- judging ---------------------------------------------------------------------------------------------------------


def _judged(read: Reader, form: Schema, name: str = "") -> Schema:
    """Read by our reader; what it refuses is shown to the form, which tells every problem of it with its path.

    Never a union of the instance and the form: the paths would begin with the name of the one that was tried.
    """

    def judge(value: object, tell: Callable[[object], object]) -> object:
        try:
            return read(value)
        except BizcoreError as error:
            refusal = error
        tell(value)
        raise _problem(refusal, value)

    judging = _told_wrapped(read) if form["type"] in _SCALAR else judge
    return _wrapped(judging, form, name or getattr(read, "__name__", "read"))


def _wrapped(judge: Callable[[Any, Any], object], form: Schema, name: str) -> Schema:
    judge.__name__ = judge.__qualname__ = name  # pydantic titles its errors with it
    return {"type": "function-wrap", "function": {"type": "no-info", "function": judge}, "schema": form}


_SCALAR: Final = frozenset({"str", "union", "date", "datetime", "int", "bool", "none", "any", "literal", "enum"})
"""Forms that only describe: there is nothing inside to point at, so our own refusal is told."""


def _told_wrapped(read: Reader) -> Callable[[object, object], object]:
    told = _told(read)
    return lambda value, _: told(value)


def _told(read: Reader) -> Reader:
    """A reader whose refusals pydantic tells, with our code and facts."""

    def told(value: object) -> object:
        try:
            return read(value)
        except BizcoreError as error:
            raise _problem(error, value) from None

    return told


def _choice(read: Reader, options: Iterable[Schema]) -> Schema:
    """One of several classes. Told are the problems of the one that has fewest, under the path of the value itself."""
    choices = [(one, str(at)) for at, one in enumerate(options)]
    union = {"type": "union", "choices": choices, "mode": "left_to_right"}
    return choice_schema(read, union)


def choice_schema(read: Reader, union: Schema, *, below: tuple[str, ...] = ()) -> Schema:
    """Read by our reader; what it refuses is shown to a union, whose paths begin with a name for the choice: that is left out.

    `below`: where the path of our own refusal begins.
    """

    def judge(value: object, tell: Callable[[object], object]) -> object:
        try:
            return read(value)
        except BizcoreError as error:
            refusal = error
        try:
            tell(value)
        except ValueError as error:
            told = _fewest(error)
            if told is not None:
                raise told from None
        raise _problem(refusal, value, below=below)

    return _wrapped(judge, union, "choice")


def _pydantic_core() -> Any:
    """Whoever calls us has loaded it, so it need not be imported."""
    return sys.modules["pydantic_core"]


def _problem(error: BizcoreError, value: object, *, below: tuple[str, ...] = ()) -> ValueError:
    """A refusal of ours as one of pydantic's: our code, sentence and facts, and the way to what is wrong below the value."""
    core = _pydantic_core()
    problem: ValueError = core.PydanticCustomError(error.code, error.message, error.to_dict()["facts"])
    if not isinstance(error, Invalid) or not error.path:
        return problem
    loc = (*below, *(int(step) if step.isdigit() else step for step in error.path.split(".")))
    return _problems(error.code, [{"type": problem, "loc": loc, "input": value}])


def _problems(title: str, problems: list[dict[str, Any]]) -> ValueError:
    error: ValueError = _pydantic_core().ValidationError.from_exception_data(title, problems)
    return error


def _fewest(error: Any) -> ValueError | None:
    """The problems of the choice that has fewest; none when no choice was even tried."""
    tried: dict[object, list[dict[str, Any]]] = {}
    for one in error.errors(include_url=False):
        if not one["loc"]:
            return None
        told = _pydantic_core().PydanticCustomError(one["type"], one["msg"], one.get("ctx"))
        problem = {"type": told, "loc": one["loc"][1:], "input": one["input"]}
        tried.setdefault(one["loc"][0], []).append(problem)
    return _problems(error.title, min(tried.values(), key=len))


# -- describing ------------------------------------------------------------------------------------------------------


def described(cls: type, schema: Schema) -> Schema:
    """A JSON Schema with the name of the class and the first sentence of what it is for."""
    schema["title"] = cls.__name__
    sentence = first_sentence(cls.__doc__ or "")
    if sentence:
        schema["description"] = sentence
    return schema


def first_sentence(text: str) -> str:
    r"""The first sentence of a docstring, on one line.

    >>> first_sentence("What is due when:\n    portions of a total. More follows.")
    'What is due when: portions of a total.'
    """
    paragraph = " ".join(text.strip().partition("\n\n")[0].split())
    head, stop, _ = paragraph.partition(". ")
    return head + stop.strip()
