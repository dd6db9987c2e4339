"""What a declared type is in JSON: its form and its parts, told in one place for reading, for schemas and for strategies."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple

from bizcore.kernel.maps import Map

_SEQUENCES: Final[frozenset[Any]] = frozenset({tuple, list, Sequence, Iterable})
_MAPPINGS: Final[frozenset[Any]] = frozenset({Map, Mapping, dict})
_LOOSE: Final[Mapping[frozenset[Any], type]] = {
    frozenset({Decimal, int, str}): Decimal,
    frozenset({Decimal, int, str, Fraction}): Fraction,
    frozenset({date, str}): date,
}
"""What signatures take loosely, and the strict type it is read as."""


class Shape(NamedTuple):
    """What a declared type is in JSON: its form, and the types it is made of.

    `form`: `optional`, `choice`, `literal`, `sequence`, `fixed` (a list of so many), `mapping`, or `class`.
    """

    form: str
    parts: tuple[Any, ...]


def shape(annotation: Any) -> Shape:
    """Take a declared type apart: the one place that knows which types have a JSON form.

    >>> shape(tuple[str, ...] | None).form, shape(Decimal | int | str), shape(Map[str])
    ('optional', Shape(form='class', parts=(<class 'decimal.Decimal'>,)), Shape(form='mapping', parts=(<class 'str'>,)))
    """
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _shape_of_union(arguments)
    if origin is typing.Literal:
        return Shape("literal", arguments)
    if origin in _SEQUENCES or annotation in _SEQUENCES:
        if origin is tuple and Ellipsis not in arguments:
            return Shape("fixed", arguments)
        return Shape("sequence", arguments[:1] or (Any,))
    if origin in _MAPPINGS or annotation in _MAPPINGS:
        return Shape("mapping", arguments[-1:] or (Any,))
    return Shape("class", (origin or annotation,))


def _shape_of_union(options: tuple[Any, ...]) -> Shape:
    rest = tuple(one for one in options if one is not type(None))
    if len(rest) < len(options):
        inner: Any = typing.Union[rest]  # noqa: UP007 - of as many as there are
        return Shape("optional", (inner,))
    kinds = frozenset(typing.get_origin(one) or one for one in rest)
    loose = _LOOSE.get(kinds)
    return Shape("choice", rest) if loose is None else Shape("class", (loose,))
