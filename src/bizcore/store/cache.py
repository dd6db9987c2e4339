"""What a thread remembers of a company's documents between two changes."""

from __future__ import annotations

from typing import Any, Final

from bizcore.change.reading import Row
from bizcore.store.overlay import IndexKey, Overlay

CACHE_MAX: Final = 20_000


class Cache:
    """What one thread knows of a company's documents, good for one head position."""

    def __init__(self) -> None:
        self.position: int = -1
        self.docs: dict[tuple[str, str], Row | None] = {}
        self.found: dict[tuple[Any, ...], list[tuple[IndexKey, Row]]] = {}
        self.listed: dict[tuple[str, str, int], list[Row]] = {}

    def at(self, position: int) -> Cache:
        """The cache for a head: this one, or an empty one when this is another's. Readings that hold this one keep it."""
        if self.position == position and len(self.docs) + len(self.found) <= CACHE_MAX:
            return self
        made = Cache()
        made.position = position
        return made

    def after(self, overlay: Overlay) -> None:
        """Follow our own write, so that the next planning starts warm."""
        if self.position != overlay.base_head.position:
            return
        self.position = overlay.head.position
        kinds = set()
        for write in overlay.writes:
            for row, _ in write.documents:
                self.docs[row.kind, row.id] = row
                kinds.add(row.kind)
            if write.erased:
                self.position = -1
                return
        if kinds:
            self.found = {key: rows for key, rows in self.found.items() if not _touches(str(key[0]), kinds)}
            self.listed = {key: rows for key, rows in self.listed.items() if not _touches(key[0], kinds)}


def _touches(index: str, kinds: set[str]) -> bool:
    """Whether what an index answered may be another once documents of some kinds were written."""
    return index == "origin" or index.rpartition(".")[0] in kinds  # a kind may have dots: policies.finance
