"""What a document is made of has the types that its fields declare: an annotation is a promise that Python does not keep."""

from __future__ import annotations

import typing
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any

import attrs

from bizcore.kernel.codec import WrongType, at_path, reader
from bizcore.kernel.shapes import shape
from bizcore.kernel.value import Value

Check = Callable[[Any], Any]


def check_fields(value: Any) -> None:
    """Look at every field of a value of attrs fields, and at the values in it. Raises: WrongType and InvalidText, with the path.

    What a converter gave is taken as it is; text, enumerations and values are looked at, because a wrong one would be written and
    never read again.
    """
    for name, check in _checks(value.__class__):
        at_path(name, check, getattr(value, name))


@cache
def _checks(cls: type) -> tuple[tuple[str, Check], ...]:
    hints = typing.get_type_hints(cls)
    made = ((one.name, _check(hints[one.name])) for one in attrs.fields(cls) if one.init)
    return tuple((name, check) for name, check in made if check is not None)


def _check(hint: Any) -> Check | None:
    form, parts = shape(hint)
    inner = _check(parts[0]) if form in {"optional", "sequence", "mapping"} else None
    if form == "class":
        return _of_class(parts[0])
    if inner is None:
        return None
    if form == "optional":
        return lambda value: None if value is None else inner(value)
    return lambda value: _each(value.values() if form == "mapping" else value, inner)


def _each(values: Any, check: Check) -> None:
    for at, one in enumerate(values):
        at_path(at, check, one)


def _of_class(cls: Any) -> Check | None:
    if cls is str:
        return reader(str)
    if cls not in {bool, int} and not (isinstance(cls, type) and issubclass(cls, (Value, Enum))):
        return None
    if getattr(cls, "json_form", None) is not None:  # money, quantities, terms: whoever holds one says what he takes
        return None
    made_of_fields = attrs.has(cls)

    def check(value: Any) -> None:
        if not isinstance(value, cls) or (cls is int and isinstance(value, bool)):
            raise WrongType(value=value, expected=_expected(cls))
        if made_of_fields:
            check_fields(value)

    return check


def _expected(cls: type) -> str:
    if issubclass(cls, Enum):
        return f"one of {', '.join(f'{cls.__name__}.{one.name}' for one in cls)}"
    return cls.__name__
