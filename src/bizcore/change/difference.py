"""What differs between two versions of a document, part by part, for a person to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import attrs

from bizcore.kernel.codec import fields_of

_SHOWN: Final = 60


class Difference(NamedTuple):
    """A part of a document that changes; a path is that of an error's, such as `lines.0.shipped`."""

    path: str
    old: str
    new: str

    def __str__(self) -> str:
        """`path old -> new`."""
        return f"{self.path} {self.old} -> {self.new}".strip()


def differences(old: object, new: object, path: str = "") -> Iterator[Difference]:
    """Each part that differs, as text that fits a line.

    >>> from bizcore.kernel.money import Money
    >>> [str(one) for one in differences((Money("5", "EUR"), "x"), (Money("7", "EUR"), "x"))]
    ['0 5.00 EUR -> 7.00 EUR']
    """
    if old == new:
        return
    pairs = _parts(old, new)
    if pairs is None:
        yield Difference(path, _short(old), _short(new))
        return
    for name, before, after in pairs:
        yield from differences(before, after, f"{path}.{name}" if path else name)


def _parts(old: object, new: object) -> list[tuple[str, object, object]] | None:
    """The parts of two values that have the same ones; None for what is shown whole."""
    if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        return [(str(at), before, after) for at, (before, after) in enumerate(zip(old, new, strict=True))]
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return [(str(name), old.get(name), new.get(name)) for name in sorted({*old, *new})]
    if type(old) is type(new) and attrs.has(type(old)):
        return [(name, getattr(old, name), getattr(new, name)) for name in fields_of(type(old))]
    return None


def _short(value: object) -> str:
    text = "nothing" if value is None or value in ("", ()) else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
