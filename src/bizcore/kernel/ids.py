"""Identities are opaque text: given by the caller, or minted so that they grow."""

from __future__ import annotations

from typing import Final

from bizcore.kernel.errors import Invalid, shown

ID_MAX: Final = 200


class InvalidId(Invalid):
    """Not usable as an id, a key or a name."""

    code = "invalid_id"

    def __init__(self, *, value: object, what: str, why: str) -> None:
        text = shown(value)
        super().__init__(f"{what} {text}: {why}", value=text, what=what, why=why)


def checked_id(value: object, what: str) -> str:
    """An id given by a caller: 1 to 200 characters, not blank, no control character, no `#` (minted ids have it). Raises: InvalidId.

    >>> checked_id("order 4711", "key")
    'order 4711'
    """
    if type(value) is not str:
        raise InvalidId(value=value, what=what, why="expected text")
    if not 0 < len(value) <= ID_MAX:
        raise InvalidId(value=value[:60], what=what, why=f"expected 1 to {ID_MAX} characters")
    if value.isspace():
        raise InvalidId(value=value, what=what, why="it is blank")
    if "#" in value:
        raise InvalidId(value=value, what=what, why="'#' is kept for minted ids")
    if not value.isprintable() and any(
        ord(one) < 32 or 127 <= ord(one) < 160 or 0xD800 <= ord(one) < 0xE000 for one in value
    ):
        raise InvalidId(value=value, what=what, why="control characters are refused")
    return value


TEXT_MAX: Final = 10_000


class InvalidText(Invalid):
    """Not text that can be kept: another type, too long, or with characters that no store holds."""

    code = "invalid_text"

    def __init__(self, *, value: object, why: str) -> None:
        super().__init__(f"{shown(value)}: {why}", value=shown(value), why=why)


def checked_text(value: object) -> str:
    """Free text: at most 10,000 characters, no NUL, no lone surrogates. Raises: InvalidText.

    >>> checked_text("Invoice of March")
    'Invoice of March'
    """
    if type(value) is not str:
        raise InvalidText(value=type(value).__name__, why="expected text")
    if len(value) > TEXT_MAX:
        raise InvalidText(value=value[:60], why=f"at most {TEXT_MAX} characters")
    if "\x00" in value or (not value.isascii() and any("\ud800" <= one <= "\udfff" for one in value)):
        raise InvalidText(value=value[:60], why="NUL and lone surrogates are refused")
    return value


def checked_ref(value: object, what: str) -> str:
    """An id as it stands in a reference: given by a caller, or minted with its `#`. Raises: InvalidId.

    >>> checked_ref("order 4711#1", "lot")
    'order 4711#1'
    """
    if type(value) is str and 0 < len(value) <= ID_MAX + 50:
        if value.isascii() and value.isprintable():
            return value
        checked_id(value.replace("#", "")[:ID_MAX] or "-", what)
        return value
    return checked_id(value, what)


def minted(base: str, count: int) -> str:
    """The id of the n-th thing that one act makes: readable, and the same on each planning.

    >>> minted("order 4711", 1)
    'order 4711#1'
    """
    return f"{base}#{count}"


def time_ordered(milliseconds: int, random: int) -> str:
    """An id text that grows with time: 12 hexadecimal digits of milliseconds, 20 of randomness.

    >>> time_ordered(0, 255)
    '000000000000000000000000000000ff'
    """
    return f"{milliseconds & (1 << 48) - 1:012x}{random & (1 << 80) - 1:020x}"
