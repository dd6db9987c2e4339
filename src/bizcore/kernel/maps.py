"""The kernel's mapping: immutable, hashable, sorted by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NoReturn, TypeVar

from bizcore.kernel.errors import Invalid
from bizcore.kernel.value import Value

V = TypeVar("V", covariant=True)
W = TypeVar("W")


class BadKey(Invalid):
    """A mapping is from text."""

    code = "bad_key"

    def __init__(self, *, key: object) -> None:
        super().__init__(f"{repr(key)[:60]} is not text; the keys of a mapping are", key=repr(key)[:60])


class Map(Mapping[str, V], Value):
    """A mapping from text that cannot change and can be part of a value. Raises: BadKey.

    >>> one = Map({"b": 2, "a": 1})
    >>> list(one), one.set("c", 3), one == {"a": 1, "b": 2}
    (['a', 'b'], Map({'a': 1, 'b': 2, 'c': 3}), True)
    """

    __slots__ = ("_hash", "_items")

    _hash: int | None
    _items: dict[str, V]

    def __init__(self, items: Mapping[str, V] | None = None) -> None:
        for key in items or ():
            if not isinstance(key, str):
                raise BadKey(key=key)
        object.__setattr__(self, "_items", {key: items[key] for key in sorted(items)} if items else {})
        object.__setattr__(self, "_hash", None)

    def __getitem__(self, key: str) -> V:
        """The value of a key."""
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        """The keys, sorted."""
        return iter(self._items)

    def __len__(self) -> int:
        """How many keys there are."""
        return len(self._items)

    def __hash__(self) -> int:
        """By content."""
        known = self._hash
        if known is None:
            known = hash(tuple(self._items.items()))
            object.__setattr__(self, "_hash", known)
        return known

    def __eq__(self, other: object) -> bool:
        """Equal to any mapping of the same content."""
        if isinstance(other, Map):
            return self._items == other._items
        return isinstance(other, Mapping) and self._items == dict(other)

    def __repr__(self) -> str:
        """As it is written."""
        return f"Map({self._items!r})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse."""
        raise AttributeError(name)

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse."""
        raise AttributeError(name)

    def __reduce__(self) -> tuple[type[Map[V]], tuple[dict[str, V]]]:
        """Copy and pickle by content."""
        return Map, (dict(self._items),)

    def set(self, key: str, value: W) -> Map[V | W]:
        """The same with one key set."""
        return Map({**self._items, key: value})

    def without(self, key: str) -> Map[V]:
        """The same without a key."""
        return Map({one: value for one, value in self._items.items() if one != key})

    def __or__(self, other: Mapping[str, W]) -> Map[V | W]:
        """Both; the right one's values win."""
        return Map({**self._items, **other})
