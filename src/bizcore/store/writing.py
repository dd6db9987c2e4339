"""What an overlay's changes write, statement by statement: the same rows for every SQL store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bizcore.store import schema
from bizcore.store.overlay import IndexKey, Overlay

Rows = Sequence[tuple[Any, ...]]


def written(number: int, overlay: Overlay) -> Iterator[tuple[schema.Statement, Rows]]:
    """The statements that record an overlay's own changes for the company of a number, each with its rows; the log first.

    Inserting the log's next position is the compare-and-set of the head: what stands after it is written by nobody else.
    Guarantees: one statement a table, the totals of a batch summed before, no row twice in one statement.
    """
    writes = overlay.writes
    base = number << schema.POSITION_BITS
    yield schema.INSERT_LOG, [(base + w.log.position, number, *w.log) for w in writes]
    if documents := [(number, *row, salt) for w in writes for row, salt in w.documents]:
        yield schema.INSERT_DOCUMENT, documents
        yield from _indexes(number, overlay)
    if postings := [(number, *row) for w in writes for row in w.postings]:
        yield schema.INSERT_POSTING, postings
        yield schema.ADD_TOTAL, _totals(number, overlay)
    lots = {lot[:5]: (lot, open_) for w in writes for lot, open_ in w.lots}
    if kept := [(number, *lot) for lot, open_ in lots.values() if open_]:
        yield schema.PUT_LOT, kept
    if gone := [(number, *key) for key, (_, open_) in lots.items() if not open_]:
        yield schema.DROP_LOT, gone
    if series := [(number, name, count, w.log.position) for w in writes for name, count in w.series]:
        yield schema.PUT_SERIES, series
    if derived := {one[:2]: (number, *one, w.log.position) for w in writes for one in w.derived}:
        yield schema.PUT_DERIVED, list(derived.values())
    if erased := [(number, *ref) for w in writes for ref in w.erased]:
        yield schema.ERASE_DOCUMENT, erased
        yield schema.ERASE_INDEX, erased


def _indexes(number: int, overlay: Overlay) -> Iterator[tuple[schema.Statement, Rows]]:
    """What opens and closes under indexes; what a batch opened and closed itself goes in closed."""
    since: dict[tuple[str, IndexKey], int] = {}
    closed: list[tuple[Any, ...]] = []
    rows: list[tuple[Any, ...]] = []
    for w in overlay.writes:
        position = w.log.position
        for one in w.removed:
            if one in since:
                rows.append((number, one[0], *one[1], since.pop(one), position))
            else:
                closed.append((position, number, one[0], *one[1]))
        for one in w.added:
            since[one] = position
    if closed:
        yield schema.CLOSE_INDEX, closed
    rows += [(number, name, *key, position, None) for (name, key), position in since.items()]
    if rows:
        yield schema.INSERT_INDEX, rows


def _totals(number: int, overlay: Overlay) -> Rows:
    """The differences of each period and of now, sorted by key for locality, and so that two writers never wait crosswise."""
    rows: list[tuple[Any, ...]] = []
    now: dict[tuple[str, str, str], list[int]] = {}
    last = overlay.balances_own
    for (book, period, account, unit), sums in overlay.totals_own.items():
        rows.append((number, book, account, unit, period, *sums, last[book, account, unit][2]))
        mine = now.get((book, account, unit))
        now[book, account, unit] = list(sums) if mine is None else [a + b for a, b in zip(mine, sums, strict=True)]
    for key, sums in now.items():
        rows.append((number, *key, schema.NOW, *sums, last[key][2]))
    return sorted(rows) if len(rows) > 4 else rows
