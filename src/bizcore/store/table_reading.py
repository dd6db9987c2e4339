"""Reading a company of SQL tables at one log position, whatever door leads to them.

While the head stands where the reading began, kept tables answer. Once it has moved, documents, indexes and postings answer by
their position, and sums are what is kept less what came later.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, TypeVar

from attrs import evolve

from bizcore.change import record
from bizcore.change.reading import (
    BalanceRow,
    Head,
    LogRow,
    LotRow,
    PostingQuery,
    PostingRow,
    Row,
    TotalRow,
    bucket_of,
    bucket_span,
)
from bizcore.change.settings import Settings
from bizcore.flow.document import BEYOND
from bizcore.store import schema
from bizcore.store.cache import Cache
from bizcore.store.door import Answer, Asker, Door
from bizcore.store.overlay import IndexKey
from bizcore.store.questions import (
    ALL,
    DOC,
    HISTORY,
    KEPT_SIDES,
    KEPT_VALUES,
    KEYED,
    KEYED_BY_ROW,
    LOT,
    NOW,
    ORDER,
    PERIODS,
    POSTING_ORDER,
    SIDES,
    VALUES,
    add,
    add_rows,
    grouping,
    inside,
    joined,
    of_accounts,
)  # fmt: skip
from bizcore.store.rows import has_dims, is_plain, lot_order, matches, open_lots, posting_rows, sides, total_rows

T = TypeVar("T")

LISTED_MAX: Final = 2_000

_EMPTY: Final = Cache()
_UNKNOWN: Final = Row("", "", sys.maxsize, 0, "")
"""What a cache answers for what it was never asked: newer than any reading."""


class TableReading:
    """A stable reading that holds no transaction."""

    def __init__(self, door: Door, number: int, settings: Settings, head: Head) -> None:
        self._door = door
        self._number = number
        self._settings = settings
        self._head = head
        self._tail: tuple[int, list[PostingRow]] = (0, [])
        self._cache: Cache | None = None

    @property
    def head(self) -> Head:
        """The position that every answer is as of."""
        return self._head

    def steady(self) -> AbstractContextManager[object]:
        """One connection for what follows: what is append-only answers by position, kept tables are asked together with the head."""
        return self._door.held()

    @property
    def _connection(self) -> Asker:
        """This thread's connection, for questions that a position answers whatever came later."""
        return self._door.session().connection

    def _position(self, connection: Asker) -> int:
        base = self._number << schema.POSITION_BITS
        last = connection.execute(schema.HEAD, (base, base + (1 << schema.POSITION_BITS) - 1)).fetchone()
        return last[0] if last is not None else 0

    def _still(self, ask: Callable[[Asker, bool], T]) -> T:
        """Ask kept tables at one instant, told whether the head has moved since this reading began."""
        return self._door.still(self._position, self._head.position, ask)

    def _cached(self) -> Cache:
        """What the connection knows at this position; followed by our own writes, so a hit is checked for its position too."""
        cache = self._cache
        if cache is None or cache.position != self._head.position:
            caches = self._door.session().caches
            cache = caches.get(self._number, _EMPTY).at(self._head.position)
            self._cache = caches[self._number] = cache
        return cache

    # -- documents -----------------------------------------------------------------------------------------------------

    def doc(self, kind: str, id: str) -> Row | None:
        """The latest version of a document."""
        key = (kind, id)
        cache = self._cached()
        known = cache.docs.get(key, _UNKNOWN)
        if known is None or known.position <= self._head.position:
            return known
        with self._door.guarded():
            found = _asked(self._connection, DOC, (self._number, kind, id, self._head.position)).fetchone()
        row = cache.docs[key] = Row(*found) if found is not None else None
        return row

    def history(self, kind: str, id: str) -> Sequence[Row]:
        """Every version of a document, oldest first."""
        with self._door.guarded():
            return [
                Row(*one) for one in _asked(self._connection, HISTORY, (self._number, kind, id, self._head.position))
            ]

    def all(self, kind: str, *, after: str = "", limit: int) -> Sequence[Row]:
        """The latest versions of the documents of a kind, by id."""
        cache = self._cached()
        asked = (f"{kind}.*", after, limit)
        if asked in cache.listed:
            return cache.listed[asked]
        with self._door.guarded():
            rows = _asked(self._connection, ALL, (self._number, kind, after, self._head.position, limit)).fetchall()
        found = [Row(*one) for one in rows]
        if len(found) <= LISTED_MAX:
            cache.listed[asked] = found
        return found

    def find(
        self, index: str, prefix: str, *, upto: str | None = None, newest_first: bool = False, limit: int
    ) -> Sequence[Row]:
        """The documents under an index, in order of key, kind, id."""
        return [row for _, row in self.keyed(index, prefix, upto=upto, newest_first=newest_first, limit=limit)]

    def keyed(
        self, index: str, prefix: str, *, upto: str | None, newest_first: bool, limit: int
    ) -> Sequence[tuple[IndexKey, Row]]:
        """As `find`, each row with its (key, kind, id)."""
        asked = (index, prefix, upto, newest_first, limit)
        cache = self._cached()
        if asked in cache.found:
            return cache.found[asked]
        at = self._head.position
        statement = (KEYED_BY_ROW if self._door.by_row else KEYED).format("desc" if newest_first else "asc")
        bound = prefix + BEYOND if upto is None else upto
        with self._door.guarded():
            rows = _asked(
                self._connection, statement, (at, self._number, index, prefix, bound, at, at, limit)
            ).fetchall()
        found = [((key, kind, id_), Row(kind, id_, *rest)) for key, kind, id_, *rest in rows]
        if len(found) <= 100:
            cache.found[asked] = found
        return found

    # -- books ---------------------------------------------------------------------------------------------------------

    def lot(self, book: str, account: str, party: str, unit: str, lot: str) -> LotRow | None:
        """One open lot."""

        def ask(connection: Asker, moved: bool) -> tuple[Any, bool]:
            if moved:
                return None, moved
            return _asked(connection, LOT, (self._number, book, account, party, unit, lot)).fetchone(), moved

        found, moved = self._still(ask)
        if not moved:
            return LotRow(*found) if found is not None else None
        return next((one for one in self.lots(book, account, party) if (one.unit, one.lot) == (unit, lot)), None)

    def lots(self, book: str, account: str, party: str | None = None) -> Sequence[LotRow]:
        """The open lots of an account, oldest first."""

        def ask(connection: Asker, moved: bool) -> Sequence[LotRow]:
            later = self._later(connection) if moved else []
            if not any(one.book == book and one.account == account for one in later):
                where = "" if party is None else " and party=?"
                bound = () if party is None else (party,)
                rows = _asked(
                    connection,
                    f"select {schema.LOT_COLUMNS} from bizcore_lots where company=? and book=? and account=?{where}",
                    (self._number, book, account, *bound),
                )
                return sorted((LotRow(*one) for one in rows), key=lot_order)
            return open_lots(self._rows(connection, PostingQuery(book=book, account=account, party=party)))

        return self._still(ask)

    def postings(self, query: PostingQuery) -> Iterator[PostingRow]:
        """Postings in order of period, account, unit, position, line; streamed."""
        with self._door.guarded():
            session = self._door.session()  # held while it is read from, also when its thread has ended
            yield from self._rows(session.connection, query)

    def _rows(self, connection: Asker, query: PostingQuery) -> Iterator[PostingRow]:
        """One seek a period when an account is named, one range else; a position never changes, so no snapshot is needed."""
        where, bound = self._where(query)
        for clause, periods in self._ranges(connection, query):
            asked = f"select {schema.POSTING_COLUMNS} from bizcore_postings where company=? and book=?{clause}{where}"
            for one in self._paged(
                connection, asked, (self._number, query.book, *periods, *bound), ORDER, POSTING_ORDER
            ):
                row = PostingRow(*one)
                if not query.dims or has_dims(row.dims, query.dims):
                    yield row

    def _paged(
        self,
        connection: Asker,
        asked: str,
        bound: tuple[object, ...],
        order: str,
        key: Callable[[Any], tuple[object, ...]],
    ) -> Iterator[Any]:
        """All rows in an order that no two share: streamed, or page by page, each going on behind the last row's `key`."""
        page = self._door.page
        if page is None:
            yield from _asked(connection, f"{asked} order by {order}", bound)
            return
        after: tuple[object, ...] = ()
        while True:
            behind = f" and ({order})>({', '.join('?' * len(after))})" if after else ""
            rows = _asked(connection, f"{asked}{behind} order by {order} limit ?", (*bound, *after, page)).fetchall()
            yield from rows
            if len(rows) < page:
                return
            after = key(rows[-1])

    def _ranges(self, connection: Asker, query: PostingQuery) -> list[tuple[str, tuple[int, ...]]]:
        bucket = self._settings.bucket
        start, end = query.span.start, query.span.end
        first = bucket_of(start.isoformat(), bucket) if start is not None else 0
        last = bucket_of(end.isoformat(), bucket) if end is not None else schema.NOW
        if query.account is None:
            return [(" and period between ? and ?", (first, last))]
        periods = _asked(connection, PERIODS, (self._number, query.book) * 2).fetchall()
        return [(" and period=?", (one,)) for (one,) in periods if first <= one <= last]

    def _where(self, query: PostingQuery) -> tuple[str, tuple[object, ...]]:
        """The other conditions; every column name stands here, every value is bound."""
        conditions: list[tuple[str, object]] = [
            *of_accounts(query),
            ("lot=?", query.lot),
            ("party=?", query.party),
            ('"on">=?', query.span.start.isoformat() if query.span.start is not None else None),
            ('"on"<?', query.span.end.isoformat() if query.span.end is not None else None),
            ("position<=?", self._head.position),
        ]
        return joined(conditions)

    def totals(self, query: PostingQuery, *, by: tuple[str, ...], values_only: bool = False) -> Iterable[TotalRow]:
        """Sums by any of account, unit, period, party; kept totals for whole periods, postings for the parts."""

        def ask(connection: Asker, moved: bool) -> Iterable[TotalRow]:
            found: dict[tuple[str, ...], Sequence[int]] = {}
            if not is_plain(query) or "party" in by:
                for row in self._rows(connection, query):
                    add(found, tuple(str(getattr(row, one)) for one in by), sides(row.amount, row.value), 1)
                return total_rows(found, values_only=values_only)
            first, last = self._add_kept(connection, query, by, found, values_only=values_only)
            for row in self._later(connection) if moved else ():
                if row.book == query.book and first <= row.period <= last and matches(row, query):
                    add(found, tuple(str(getattr(row, one)) for one in by), sides(row.amount, row.value), -1)
            return total_rows(found, values_only=values_only)

        return self._still(ask)

    def _add_kept(
        self,
        connection: Asker,
        query: PostingQuery,
        by: tuple[str, ...],
        found: dict[Any, Sequence[int]],
        *,
        values_only: bool,
    ) -> tuple[int, int]:
        """Whole periods from the kept totals, the two part periods of a span from their postings.

        Gives the first and last whole period: what came later is in their sums, and not in those of the parts.
        """
        bucket = self._settings.bucket
        span = query.span
        first, last = 1, schema.NOW - 1
        parts: list[int] = []
        if span.start is not None:
            first = bucket_of(span.start.isoformat(), bucket)
            if bucket_span(first, bucket).start != span.start:
                parts.append(first)
                first += 1
        if span.end is not None:
            cut = bucket_of(span.end.isoformat(), bucket)
            last = cut - 1
            if bucket_span(cut, bucket).start != span.end and cut not in parts:
                parts.append(cut)
        where, bound = joined(of_accounts(query))
        now = span.start is None and span.end is None and "period" not in by
        bounds = (schema.NOW, schema.NOW) if now else (first, last)
        columns, group = grouping(by)
        rows = _asked(
            connection,
            f"select {columns}{KEPT_VALUES if values_only else KEPT_SIDES} from bizcore_totals"
            f" where company=? and book=? and period between ? and ?{where}{group}",
            (self._number, query.book, *bounds, *bound),
        )
        add_rows(found, rows, len(by))
        for part in parts:
            # One period by `=` is read in the order of its accounts, so that nothing is sorted to be grouped.
            where, bound = self._where(evolve(query, span=inside(span, bucket_span(part, bucket))))
            rows = _asked(
                connection,
                f"select {columns}{'0, 0, ' + VALUES if values_only else SIDES} from bizcore_postings where company=? and book=? and period=?{where}{group}",
                (self._number, query.book, part, *bound),
            )
            add_rows(found, rows, len(by))
        return first, last

    def balance(self, book: str, account: str, unit: str) -> BalanceRow:
        """What an account holds of a unit."""
        asked = (self._number, book, account, unit)
        with self._door.guarded():
            row = BalanceRow(*(_asked(self._connection, NOW, asked).fetchone() or (0, 0, 0)))
        if row.position <= self._head.position:  # whatever came later, it did not come here
            return row

        def ask(connection: Asker, moved: bool) -> BalanceRow:
            amount, value, _ = connection.execute(NOW, asked).fetchone()
            for later in self._later(connection):
                if (later.book, later.account, later.unit) == (book, account, unit):
                    amount, value = amount - later.amount, value - later.value
            rows = self._rows(connection, PostingQuery(book=book, account=account, unit=unit))
            return BalanceRow(amount, value, max((one.position for one in rows), default=0))

        return self._still(ask)

    def _later(self, connection: Asker) -> list[PostingRow]:
        """The postings after this reading's position, from the log; kept, and extended as the log grows."""
        known, rows = self._tail
        after = max(known, self._head.position)
        for one in self._log(connection, after, None):
            rows.extend(posting_rows(record.entries(one), one.position, self._settings))
            after = one.position
        self._tail = (after, rows)
        return rows

    # -- the rest ------------------------------------------------------------------------------------------------------

    def series(self, name: str) -> int:
        """How many numbers a series has given."""
        with self._door.guarded():
            found = _asked(
                self._connection,
                "select count from bizcore_series where company=? and name=? and position<=? order by position desc limit 1",
                (self._number, name, self._head.position),
            ).fetchone()
        return found[0] if found is not None else 0

    def derived(self, name: str, key: str) -> tuple[str, int] | None:
        """A disposable result and its position; None when it is newer than this reading."""
        with self._door.guarded():
            found: tuple[str, int] | None = _asked(
                self._connection,
                "select body, position from bizcore_derived where company=? and name=? and key=?",
                (self._number, name, key),
            ).fetchone()
        return found if found is not None and found[1] <= self._head.position else None

    def logged(self, key: str) -> LogRow | None:
        """The change that a key stands for."""
        with self._door.guarded():
            found = _asked(
                self._connection,
                f"select {schema.LOG_COLUMNS} from bizcore_log where company=? and key=? and position<=?",
                (self._number, key, self._head.position),
            ).fetchone()
        return LogRow(*found) if found is not None else None

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        """Changes in log order; streamed."""
        with self._door.guarded():
            session = self._door.session()  # held while it is read from, also when its thread has ended
            yield from self._log(session.connection, after, self._head.position)

    def _log(self, connection: Asker, after: int, upto: int | None) -> Iterator[LogRow]:
        base = self._number << schema.POSITION_BITS
        last = base + (upto if upto is not None else (1 << schema.POSITION_BITS) - 1)
        asked = f"select {schema.LOG_COLUMNS} from bizcore_log where id>? and id<=?"
        for one in self._paged(connection, asked, (base + after, last), "id", lambda row: (base + row[0],)):
            yield LogRow(*one)

    def state(self) -> Iterator[tuple[Any, ...]]:
        """Latest documents, balances and series in canonical order."""

        def ask(connection: Asker, moved: bool) -> list[tuple[Any, ...]]:
            rows: list[tuple[Any, ...]] = [
                ("document", *one)
                for one in _asked(
                    connection,
                    "select kind, id, version, body from bizcore_documents d where company=? and kind<>'$intent' and position="
                    "(select max(position) from bizcore_documents x where x.company=d.company and x.kind=d.kind"
                    " and x.id=d.id and x.position<=?)",
                    (self._number, self._head.position),
                )
            ]
            rows += [("balance", *one) for one in self._balances(connection, moved=moved)]
            rows += [
                ("series", *one)
                for one in _asked(
                    connection,
                    "select name, max(count) from bizcore_series where company=? and position<=? group by name",
                    (self._number, self._head.position),
                )
            ]
            return rows

        yield from sorted(self._still(ask), key=lambda row: row[:4])

    def _balances(self, connection: Asker, *, moved: bool) -> Iterator[tuple[str, str, str, int, int]]:
        kept = {
            tuple(key): [amount, value]
            for *key, amount, value in _asked(
                connection,
                "select book, account, unit, debit-credit, value_debit-value_credit from bizcore_totals"
                " where company=? and period=?",
                (self._number, schema.NOW),
            )
        }
        for row in self._later(connection) if moved else ():
            mine = kept[row.book, row.account, row.unit]
            mine[0] -= row.amount
            mine[1] -= row.value
        for (book, account, unit), (amount, value) in kept.items():
            if amount or value:
                yield book, account, unit, amount, value


def _asked(connection: Asker, statement: str, bound: tuple[object, ...]) -> Answer:
    """The answer to a question; no row holds text with a lone surrogate or NUL, which no statement can be given either."""
    try:
        return connection.execute(statement, bound)
    except UnicodeError:
        return connection.execute("select null where false")
