"""What a proof raises when it finds a difference, and the two questions it asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from bizcore.kernel.errors import BizcoreError

E = TypeVar("E", bound=BizcoreError)


class Broken(AssertionError):
    """The adapter breaks the contract."""


def same(found: object, expected: object, what: str) -> None:
    """Two things that must be equal. Raises: Broken."""
    if found != expected:
        raise Broken(f"{what}: found {found!r}, expected {expected!r}")


@contextmanager
def refused(kind: type[E]) -> Iterator[list[E]]:
    """Something that must be refused in one way. Raises: Broken."""
    seen: list[E] = []
    try:
        yield seen
    except kind as error:
        seen.append(error)
        return
    raise Broken(f"expected {kind.__name__}, but it was taken")
