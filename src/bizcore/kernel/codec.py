"""One JSON form for every value: canonical text out, strict reading in.

The encoder of a class is generated once from its attrs fields, with the key order fixed at generation, so that canonical
text costs no sorting and no dictionary (`benchmarks/entrances.py`). A field that holds its default is
not written: a default added later does not change the text of what was stored before.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Final, TypeVar

import attrs

from bizcore.kernel.days import day, instant
from bizcore.kernel.errors import Invalid, shown
from bizcore.kernel.exact import fraction, number, plain_number
from bizcore.kernel.ids import checked_text
from bizcore.kernel.maps import BadKey, Map
from bizcore.kernel.shapes import shape

T = TypeVar("T")

Encoder = Callable[[Any], str]
Reader = Callable[[object], Any]


class WrongType(Invalid):
    """A value of another type stands where this one is expected."""

    code = "wrong_type"

    def __init__(self, *, value: object, expected: str) -> None:
        super().__init__(
            f"{_shown(value)} is a {type(value).__name__}, expected {expected}", value=_shown(value), expected=expected
        )


class UnknownField(Invalid):
    """A name that the value does not have; nothing is dropped silently."""

    code = "unknown_field"

    def __init__(self, *, name: str, cls: str, allowed: tuple[str, ...]) -> None:
        super().__init__(
            f"{cls} has no field {name[:80]!r}; it has {', '.join(allowed)}", name=name[:80], cls=cls, fields=allowed
        )


class MissingField(Invalid):
    """A field without a default was not given."""

    code = "missing_field"

    def __init__(self, *, name: str, cls: str) -> None:
        super().__init__(f"{cls} needs {name!r}", name=name, cls=cls)


class DuplicateName(Invalid):
    """JSON text that gives a name twice: which of the two is meant, nobody can tell."""

    code = "duplicate_name"

    def __init__(self, *, name: str) -> None:
        super().__init__(f"the name {name[:80]!r} stands twice in one object; give it once", name=name[:80])


def parsed(text: str) -> Any:
    """Read JSON text from outside. Raises: DuplicateName, ValueError (no JSON).

    >>> parsed('{"a": [1, "2"]}')
    {'a': [1, '2']}
    """
    import json

    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise DuplicateName(name=next(name for name in names if names.count(name) > 1))
    return found


def encode(value: object) -> str:
    """Write any bizcore value, or plain JSON data, as canonical JSON text.

    Guarantees: equals `json.dumps(plain(value), sort_keys=True, separators=(",", ":"))`; equal values give equal text.
    Raises: WrongType, for what has no JSON form here (float above all); BadKey.

    >>> from datetime import date
    >>> encode({"on": date(2026, 3, 5), "lines": ("a", 2)})
    '{"lines":["a",2],"on":"2026-03-05"}'
    """
    return _writers[type(value)](value)


def plain(value: object) -> object:
    """Give the value as dictionaries, lists, texts, integers and booleans: what `encode` writes, unwritten."""
    import json

    return json.loads(encode(value))


@lru_cache(maxsize=1024)
def reader(annotation: Any) -> Reader:
    """Give the strict reader of a declared type: values of that type pass, JSON data and loose scalars are read into it.

    Guarantees: what a reader returns has the declared type; unknown fields, wrong types, float and bool for a number are
    refused; an error met inside carries `path`, the way to it.

    >>> reader(Decimal | int | str)("12.50")
    Decimal('12.50')
    """
    form, parts = shape(annotation)
    match form:
        case "optional":
            return _optional_reader(reader(parts[0]))
        case "choice":
            return _choice_reader(parts)
        case "literal":
            return _literal_reader(parts)
        case "sequence":
            return _sequence_reader(reader(parts[0]))
        case "fixed":
            return _fixed_reader(tuple(reader(one) for one in parts))
        case "mapping":
            return _mapping_reader(reader(parts[0]))
        case _:
            return _class_reader(parts[0])


def decode(cls: type[T], data: object) -> T:
    """Read JSON data (already parsed) as a value of the class; an instance passes."""
    asked: Any = cls
    result: T = reader(asked)(data)
    return result


def fields_of(cls: type) -> tuple[str, ...]:
    """Name the fields that the JSON form of a class may hold."""
    return tuple(one.name for one in attrs.fields(cls) if one.init)


# -- writing ---------------------------------------------------------------------------------------------------------


class _Writers(dict[type, Encoder]):
    """The writer of each class, made when the class is first met."""

    def __missing__(self, cls: type) -> Encoder:
        made = self[cls] = _writer_of(cls)
        return made


def _writer_of(cls: Any) -> Encoder:
    if hasattr(cls, "to_json"):
        return typing.cast("Encoder", cls.to_json)
    if attrs.has(cls):
        return _generated(cls)
    if issubclass(cls, Enum):
        return lambda value: encode(value.value)
    if issubclass(cls, Mapping):
        return _encode_mapping
    if issubclass(cls, (tuple, list)):
        return _encode_sequence
    if issubclass(cls, date) and not issubclass(cls, datetime):
        return _encode_date
    raise WrongType(value=cls.__name__, expected="a value with a JSON form")


def _generated(cls: type) -> Encoder:
    """Compile the writer of one attrs class: a required field unconditionally, a defaulted one only when it differs."""
    names: dict[str, object] = {"_writers": _writers, "_quoted": quoted}
    lines = ["def write(value):", " parts = []"]
    for one in sorted((f for f in attrs.fields(cls) if f.init), key=lambda f: f.name):
        key = quoted(one.name)
        lines.append(f" x = value.{one.name}")
        indent = " "
        if one.default is not attrs.NOTHING:
            default = one.default
            names[f"d_{one.name}"] = default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]
            lines.append(f" if x is not d_{one.name} and x != d_{one.name}:")
            indent = "  "
        lines.append(
            f"{indent}parts.append({key + ':'!r} + (_quoted(x) if x.__class__ is str else _writers[x.__class__](x)))"
        )
    lines.append(" return '{' + ','.join(parts) + '}'")
    exec("\n".join(lines), names)  # noqa: S102 - generated from field names alone, the way attrs writes __init__
    return typing.cast("Encoder", names["write"])


def _encode_mapping(value: Mapping[str, object]) -> str:
    for key in value:
        if not isinstance(key, str):
            raise BadKey(key=key)
    return "{" + ",".join([f"{quoted(key)}:{encode(value[key])}" for key in sorted(value)]) + "}"


def _encode_sequence(value: Sequence[object]) -> str:
    return "[" + ",".join([_writers[type(one)](one) for one in value]) + "]"


def _encode_instant(value: datetime) -> str:
    return f'"{instant(value).isoformat(timespec="microseconds").replace("+00:00", "Z")}"'


def _encode_decimal(value: Decimal) -> str:
    text = str(value)
    if text.isdigit():  # most are whole, or have a point and end in another digit; the rest takes its time
        return f'"{text}"'
    if "." in text and text[-1] in "123456789" and "E" not in text:
        return f'"{text}"'
    return f'"{plain_number(value)}"'


def _encode_fraction(value: Fraction) -> str:
    return f'"{plain_number(value)}"'


def _encode_date(value: date) -> str:
    return f'"{value.isoformat()}"'


_writers: Final = _Writers(
    {
        str: quoted,
        int: int.__repr__,
        bool: lambda value: "true" if value else "false",
        type(None): lambda _: "null",
        Decimal: _encode_decimal,
        Fraction: _encode_fraction,
        date: _encode_date,
        datetime: _encode_instant,
    }
)


# -- reading ---------------------------------------------------------------------------------------------------------


def _class_reader(cls: Any) -> Reader:
    if cls in _READERS:
        return _READERS[cls]
    if cls in (Any, object) or isinstance(cls, typing.TypeVar):
        return _anything
    if hasattr(cls, "from_plain"):
        return cls.from_plain  # type: ignore[no-any-return]
    if isinstance(cls, type) and issubclass(cls, Enum):
        return _enum_reader(cls)
    if attrs.has(cls):
        return _attrs_reader(cls)
    raise WrongType(value=str(cls), expected="a type with a JSON form")


def _attrs_reader(cls: type) -> Reader:
    own = [one for one in attrs.fields(cls) if one.init]
    allowed: tuple[str, ...] = tuple(one.name for one in own)
    required = {one.name for one in own if one.default is attrs.NOTHING}
    readers: dict[str, Reader] = {}

    def read(data: object) -> Any:
        if data.__class__ is not dict:  # nearly always it is one, and asking anything else costs more
            if isinstance(data, cls):
                return data
            if not isinstance(data, Mapping):
                raise WrongType(value=data, expected=cls.__name__)
        if not readers:  # resolved at first use: classes may name each other
            hints = typing.get_type_hints(cls)
            readers.update({one.name: _field_reader(one, reader(hints[one.name])) for one in own})
        given: Any = data
        values: dict[str, Any] = {}
        name: Any = None
        try:
            for name, item in given.items():
                values[name] = readers[name](item)
        except Invalid as error:
            _further(error, name)
            raise
        except KeyError:
            if name in readers:
                raise
            raise UnknownField(name=str(name), cls=cls.__name__, allowed=allowed) from None
        try:
            return cls(**values)
        except TypeError:
            missing = required - values.keys()
            if missing:
                raise MissingField(name=next(one for one in allowed if one in missing), cls=cls.__name__) from None
            raise
        except Invalid:
            for one in own:  # a field's own rule refused it, or else the value's
                if one.name in values and callable(one.converter):
                    at_path(one.name, one.converter, values[one.name])
            raise

    return read


def _field_reader(one: Any, read: Reader) -> Reader:
    """The reader of a field. Text of a number or a date goes unread to a converter that is a reader itself, as its parameter
    of type `object` says: reading it twice was a third of the whole.
    """
    if read in _SCALARS and getattr(one.converter, "__annotations__", {}).get("value") in {"object", object}:
        return lambda item: item if item.__class__ is str else read(item)
    return read


def at_path(step: str | int, read: Reader, item: object) -> Any:
    """Read a part of a value; an error met there carries the way to it."""
    try:
        return read(item)
    except Invalid as error:
        _further(error, step)
        raise


def _further(error: Invalid, step: str | int) -> Invalid:
    error.path = f"{step}.{error.path}" if error.path else str(step)
    return error


def _sequence_reader(read: Reader) -> Reader:
    def read_all(data: object) -> tuple[Any, ...]:
        if data.__class__ is not list and (isinstance(data, (str, bytes, Mapping)) or not isinstance(data, Iterable)):
            raise WrongType(value=data, expected="a list")
        given: Any = data
        found: list[Any] = []
        try:
            for item in given:
                found.append(read(item))  # noqa: PERF401 - how many there are says which one is refused
        except Invalid as error:
            _further(error, len(found))
            raise
        return tuple(found)

    return read_all


def _mapping_reader(read: Reader) -> Reader:
    def read_all(data: object) -> Map[Any]:
        if not isinstance(data, Mapping):
            raise WrongType(value=data, expected="a mapping")
        return Map({checked_text(key): at_path(str(key), read, item) for key, item in data.items()})

    return read_all


def _fixed_reader(reads: tuple[Reader, ...]) -> Reader:
    def read_all(data: object) -> tuple[Any, ...]:
        if not isinstance(data, (list, tuple)) or len(data) != len(reads):
            raise WrongType(value=data, expected=f"a list of {len(reads)}")
        return tuple(at_path(at, read, item) for at, (read, item) in enumerate(zip(reads, data, strict=True)))

    return read_all


def _optional_reader(read: Reader) -> Reader:
    return lambda data: None if data is None else read(data)


def _choice_reader(options: tuple[Any, ...]) -> Reader:
    """Read one of several classes: an instance passes, a mapping by the keys it has, a scalar by the first that takes it."""

    def read(data: object) -> Any:
        if type(data) in options:
            return data
        refused: list[Invalid] = []
        for one in options:
            try:
                return reader(one)(data)
            except Invalid as error:
                refused.append(error)
        raise max(refused, key=lambda error: len(error.path or ""))

    return read


def _literal_reader(options: tuple[Any, ...]) -> Reader:
    def read(data: object) -> Any:
        if data not in options or isinstance(data, bool):
            raise WrongType(value=data, expected=" or ".join(map(repr, options)))
        return data

    return read


def _enum_reader(cls: type[Enum]) -> Reader:
    def read(data: object) -> Enum:
        if isinstance(data, cls):
            return data
        for member in cls:
            if type(data) is type(member.value) and member.value == data:
                return member
        raise WrongType(value=data, expected=" or ".join(repr(member.value) for member in cls))

    return read


def _anything(data: object) -> object:
    encode(data)  # refuses what has no JSON form, so that nothing unwritable enters
    return data


_WHOLE_END: Final = 10**38
"""Whole numbers end where amounts do; one of thousands of digits could not be written again."""


def _whole(data: object) -> int:
    if type(data) is not int:
        raise WrongType(value=data, expected="a whole number")
    if not -_WHOLE_END < data < _WHOLE_END:
        raise WrongType(value=data, expected="a whole number of at most 38 digits")
    return data


def _boolean(data: object) -> bool:
    if type(data) is not bool:
        raise WrongType(value=data, expected="true or false")
    return data


def _nothing(data: object) -> None:
    if data is not None:
        raise WrongType(value=data, expected="nothing")


_SCALARS: Final = frozenset({number, fraction, day})

_READERS: Final[dict[object, Reader]] = {
    str: checked_text,
    int: _whole,
    bool: _boolean,
    type(None): _nothing,
    Decimal: number,
    Fraction: fraction,
    date: day,
    datetime: instant,
}


def _shown(value: object) -> str:
    if isinstance(value, str):
        return repr(value[:60])
    return "a whole number" if isinstance(value, int) else shown(value)
