"""What a company is given, read before it is used: a wrong type is told at the door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from bizcore.book.entry import Entry
from bizcore.change.act import Act
from bizcore.company.refusals import UnknownZone
from bizcore.flow.document import Document, Ref
from bizcore.kernel.codec import WrongType, at_path, encode

D = TypeVar("D", bound=Document | Entry)
T = TypeVar("T")


def pairs(acts: Iterable[tuple[Act[D], str | None]]) -> list[tuple[Act[D], str | None]]:
    """The acts of a batch, each with its key. Raises: WrongType, with the path to the one that is no pair."""
    return [at_path(at, _pair, one) for at, one in enumerate(_iterable(acts, "acts with their keys"))]


def _pair(value: object) -> Any:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise WrongType(value=value, expected="(act, key)")
    return value


def classes(given: Iterable[type[T]], base: type[T]) -> list[type[T]]:
    """The classes given of a base. Raises: WrongType."""
    found = list(_iterable(given, f"classes of {base.__name__}"))
    for one in found:
        _check_subclass(one, base)
    return found


def check_class(cls: object) -> None:
    """Refuse what is no class of documents. Raises: WrongType."""
    _check_subclass(cls, Document)


def _check_subclass(cls: object, base: type) -> None:
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise WrongType(value=cls, expected=f"a class of {base.__name__}")


def _iterable(value: Iterable[T], what: str) -> Iterable[T]:
    if not isinstance(value, Iterable):
        raise WrongType(value=value, expected=what)
    return value


def ref_of(value: Ref | Document) -> Ref:
    """A document as a reference to it. Raises: WrongType."""
    ref = value.ref if isinstance(value, Document) else value
    if not isinstance(ref, Ref):
        raise WrongType(value=ref, expected="a document or a Ref to one")
    return ref


def request_text(value: object) -> str:
    """The JSON text of what work stands for. Raises: WrongType, BadKey."""
    try:
        return encode(value)
    except RecursionError:
        raise WrongType(value=type(value).__name__, expected="a request nested less deeply") from None


def zone_named(name: object) -> str:
    """The name of a time zone that exists. Raises: UnknownZone."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # 4 ms, at creation only

    try:
        return ZoneInfo(cast("str", name)).key
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise UnknownZone(zone=str(name)[:80]) from None
