"""What a planner read, so that it can be asked again whether it is still true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bizcore.change.reading import LotRow, PostingQuery, Reading, Row

FIND_MAX = 10_000
"""The most documents that one question of an index answers."""

Read = tuple[Any, ...]
Reads = dict[Read, object]


def of_row(row: Row | None) -> object:
    """The mark of a document: the position that last wrote it, 0 for none, negative once it was erased."""
    if row is None:
        return 0
    return row.position if row.body else -row.position


def of_rows(rows: Sequence[Row]) -> object:
    """The mark of documents: how many are not erased, and the newest position, so that what left is seen too."""
    return sum(1 for row in rows if row.body), max((row.position for row in rows), default=0)


def of_lots(rows: Sequence[LotRow]) -> object:
    """The mark of lots: count and newest position."""
    return len(rows), max((row.position for row in rows), default=0)


def of_found(rows: Sequence[Row]) -> object:
    """The mark of an index range, which a limit may cut: where it ends too, because one change may write several documents."""
    return of_rows(rows), rows[-1][:2] if rows else ()


def mark(reading: Reading, read: Read) -> object:
    """Ask again: the mark that a read would leave on this reading.

    Guarantees: equal marks mean an equal answer. Totals only ever grow on either side, so equal totals mean that no posting
    came in between.
    """
    match read:
        case ("doc", kind, name):
            return of_row(reading.doc(kind, name))
        case ("find", index, prefix, upto, newest_first, limit):
            return of_found(reading.find(index, prefix, upto=upto, newest_first=newest_first, limit=limit))
        case ("all", kind):
            return of_rows(reading.all(kind, limit=FIND_MAX))
        case ("lots", book, account, party):
            return of_lots(reading.lots(book, account, party))
        case ("balance", book, account, unit):
            return reading.balance(book, account, unit).position
        case ("postings", query):
            return marks_of(reading, query)
        case ("logged", key):
            row = reading.logged(key)
            return row.position if row is not None else 0
        case _:
            raise ValueError(read)


def marks_of(reading: Reading, query: PostingQuery) -> object:
    """The mark of postings: the totals of the accounts they lie in, over all dates."""
    wide = PostingQuery(book=query.book, account=query.account, first=query.first, last=query.last, unit=query.unit)
    return tuple(reading.totals(wide, by=("account", "unit")))
