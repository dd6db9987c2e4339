"""Walking origin links: from a lead to the cash and back."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from bizcore.change.reading import Reading, intact
from bizcore.flow.document import Ref, key_of
from bizcore.kernel.markup import Html, Shown
from bizcore.kernel.table import Column, Table

_LIMIT = 10_000


@frozen
class Trace(Shown):
    """The documents joined to one by origin links, both ways, in the order they were recorded.

    `links` go from a document to what came from it. `in` asks whether a document was reached.
    """

    start: Ref
    refs: tuple[Ref, ...]
    links: tuple[tuple[Ref, Ref], ...]
    _table: Table

    def __contains__(self, ref: object) -> bool:
        """Whether a document was reached."""
        return ref in self.refs

    def __iter__(self) -> Iterator[Ref]:
        """The documents, in the order they were recorded."""
        return iter(self.refs)

    def kinds(self) -> tuple[str, ...]:
        """The kinds reached, in order of first record."""
        return tuple(dict.fromkeys(ref.kind for ref in self.refs))

    def table(self) -> Table:
        """One row a document: kind, id, number, state, what it came from."""
        return self._table

    def __str__(self) -> str:
        """The table as text."""
        return str(self._table)

    def markup(self) -> Html:
        """The table."""
        return self._table.markup()


def trace(reading: Reading, start: Ref) -> Trace:
    """Follow origin links from a document, back to where it came from and on to what came from it.

    Guarantees: every document reachable over recorded links is there once; a document without links is alone.
    Raises: Damaged.
    """
    seen: dict[Ref, tuple[int, dict[str, object]]] = {}
    links: set[tuple[Ref, Ref]] = set()
    queue = [start]
    while queue:
        ref = queue.pop()
        if ref in seen:
            continue
        row = reading.doc(ref.kind, ref.id)
        if row is None:
            continue
        first = reading.history(ref.kind, ref.id)[0].position
        body = intact(row.body, what=str(ref), position=row.position) if row.body else {}
        seen[ref] = (first, body)
        for origin in body.get("origins", ()):
            back = Ref(origin["kind"], origin["id"])
            links.add((back, ref))
            queue.append(back)
        for found in reading.find("origin", key_of((ref.kind, ref.id)), limit=_LIMIT):
            links.add((ref, Ref(found.kind, found.id)))
            queue.append(Ref(found.kind, found.id))
    order = sorted(seen, key=lambda ref: (seen[ref][0], ref.kind, ref.id))
    known = set(order)
    rows = [
        [
            ref.kind,
            ref.id,
            str(seen[ref][1].get("number", "")),
            str(seen[ref][1].get("state", "")),
            ", ".join(sorted(str(back) for back, to in links if to == ref)),
        ]
        for ref in order
    ]
    columns = [Column(name) for name in ("kind", "id", "number", "state", "from")]
    kept = tuple(sorted((one for one in links if one[0] in known), key=str))
    return Trace(start, tuple(order), kept, Table(columns, rows, title=f"trace of {start}"))
