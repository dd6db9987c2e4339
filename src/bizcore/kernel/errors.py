"""The five families of refusals, and the bug that is none of them.

Every rule raises its own class, written beside the rule; callers branch on the family. An error is closed data: a stable
`code`, facts as attributes, and a sentence that shows the offending value and what is legal next.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from typing import ClassVar


class BizcoreError(Exception):
    """Base of everything bizcore refuses on purpose.

    Guarantees: `code` never changes once released; every fact named in the constructor is an attribute; `to_dict()` holds
    only JSON types; the error survives pickling, so that it crosses process borders whole.

    >>> error = NotFound("no invoice 'x'", kind="invoice", id="x")
    >>> error.code, error.to_dict()["facts"]
    ('not_found', {'id': 'x', 'kind': 'invoice'})
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, /, **facts: object) -> None:
        super().__init__(_writable(message))
        self.facts = facts
        self.__dict__.update(facts)

    @property
    def message(self) -> str:
        """The sentence for people."""
        return str(self.args[0])

    def to_dict(self) -> dict[str, object]:
        """Code, sentence and facts as JSON types, for an API's error body."""
        body: dict[str, object] = {
            "code": self.code,
            "family": family(self),
            "message": self.message,
            "facts": {name: _plain(value) for name, value in sorted(self.facts.items())},
        }
        if isinstance(self, Invalid) and self.path:
            body["path"] = _writable(self.path)
        return body

    def __reduce__(self) -> tuple[Callable[..., BizcoreError], tuple[type[BizcoreError], str, dict[str, object]]]:
        """Rebuild without the subclass's own constructor, whose arguments are facts and not the message."""
        return _rebuild, (type(self), self.message, self.facts)


class Invalid(BizcoreError, ValueError):
    """The input itself is wrong; the same call can never succeed."""

    code = "invalid"
    path: str = ""
    """The way from the value given to what is wrong in it, such as `lines.2.price`; empty at the top."""


class NotFound(BizcoreError, LookupError):
    """What was named is not there."""

    code = "not_found"


class Refused(BizcoreError):
    """The input is right, but the state or a policy forbids it now; `allowed` names the legal next acts."""

    code = "refused"
    allowed: tuple[str, ...] = ()


class Conflict(BizcoreError):
    """Someone else was first, or the key stands for something else; `retry` says whether trying again can help."""

    code = "conflict"
    retry: bool = True


class Unavailable(BizcoreError):
    """The store, or an optional part, cannot do it now; nothing was written."""

    code = "unavailable"
    retry: bool = True


class LawBroken(Exception):
    """An invariant does not hold: a bug in bizcore or damage behind its back, never the caller's fault."""


FAMILIES: tuple[type[BizcoreError], ...] = (Invalid, NotFound, Refused, Conflict, Unavailable)


def shown(value: object) -> str:
    """At most 60 characters of a value, for a sentence; its type where it cannot be written, as an integer of 5,000 digits.

    >>> shown("acme"), shown([10**5000])
    ("'acme'", 'a list')
    """
    try:
        return repr(value)[:60]
    except (ValueError, RecursionError):
        return f"a {type(value).__name__}"


def family(error: BizcoreError) -> str:
    """Name the family an error belongs to, `error` for one outside all of them."""
    return next((one.code for one in FAMILIES if isinstance(error, one)), "error")


def _rebuild(cls: type[BizcoreError], message: str, facts: dict[str, object]) -> BizcoreError:
    error = cls.__new__(cls, message)
    BizcoreError.__init__(error, message, **facts)
    return error


def _writable(text: str) -> str:
    """Text that every encoder takes: what was refused may hold lone surrogates, and still has to be told."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _plain(value: object) -> object:
    match value:
        case str():
            return _writable(value)
        case None | bool() | int():
            return value
        case Enum():
            return _plain(value.value)
        case date() | datetime():
            return value.isoformat()
        case dict():
            return {_writable(str(key)): _plain(item) for key, item in value.items()}
        case tuple() | list() | set() | frozenset():
            return [_plain(item) for item in value]
        case _:
            return _writable(str(value))
