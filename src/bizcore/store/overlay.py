"""One overlay: what memory keeps, what a fork adds, what a planner sees of the steps before it.

Rows of its own over any reading, or over nothing. Totals and balances are kept as differences to what lies below, so the
overlay of a batch is the write set of an adapter.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from heapq import merge
from typing import Any, NamedTuple

from bizcore.change.reading import BalanceRow, Head, LogRow, LotRow, PostingQuery, PostingRow, Reading, Row, TotalRow
from bizcore.change.record import INTENT
from bizcore.flow.document import BEYOND
from bizcore.store.rows import clustered, in_accounts, is_plain, lot_order, matches, sides, total_rows

IndexKey = tuple[str, str, str]


class Write(NamedTuple):
    """Everything one change writes, as rows."""

    log: LogRow
    documents: tuple[tuple[Row, str], ...]
    added: tuple[tuple[str, IndexKey], ...]
    removed: tuple[tuple[str, IndexKey], ...]
    postings: tuple[PostingRow, ...]
    lots: tuple[tuple[LotRow, bool], ...]
    series: tuple[tuple[str, int], ...]
    derived: tuple[tuple[str, str, str], ...]
    erased: tuple[tuple[str, str], ...] = ()


class Overlay:
    """Rows over a base; a `Reading` itself."""

    def __init__(self, base: Reading | None, head: Head) -> None:
        self.base: Reading | None = base
        self.base_head: Head = head
        self.head: Head = head
        self.writes: list[Write] = []
        self.totals_own: dict[tuple[str, int, str, str], list[int]] = {}
        self.balances_own: dict[tuple[str, str, str], list[int]] = {}
        self._documents: dict[tuple[str, str], list[Row]] = {}
        self._ids: dict[str, list[str]] = {}
        self._index: dict[str, list[IndexKey]] = {}
        self._gone: dict[str, set[IndexKey]] = {}
        self._postings: dict[tuple[str, str], list[PostingRow]] = {}
        self._lots: dict[tuple[str, str], dict[tuple[str, str, str], LotRow | None]] = {}
        self._series: dict[str, int] = {}
        self._derived: dict[tuple[str, str], tuple[str, int]] = {}
        self._keys: dict[str, LogRow | None] = {}
        self._bodies: dict[tuple[str, str, int], tuple[str, str]] = {}
        self._erased: set[tuple[str, str]] = set()

    # -- writing -------------------------------------------------------------------------------------------------------

    def put(self, write: Write) -> None:
        """Take a change in; whoever calls has checked it."""
        self.writes.append(write)
        position = write.log.position
        self.head = Head(position, write.log.instant, write.log.hash)
        self._keys[write.log.key] = write.log
        for row, salt in write.documents:
            if row.kind == INTENT:
                self._bodies[row.kind, row.id, row.position] = (row.body, salt)
                continue
            versions = self._documents.setdefault((row.kind, row.id), [])
            if not versions:
                insort(self._ids.setdefault(row.kind, []), row.id)
            versions.append(row)
            self._bodies[row.kind, row.id, row.position] = (row.body, salt)
        for name, key in write.removed:
            self._remove(name, key)
        for name, key in write.added:
            insort(self._index.setdefault(name, []), key)
            self._gone.get(name, set()).discard(key)
        for posting in write.postings:
            self._post(posting)
        for lot, open_ in write.lots:
            own = self._lots.setdefault((lot.book, lot.account), {})
            own[lot.party, lot.unit, lot.lot] = lot if open_ else None
        self._series.update(write.series)
        for name, key_, body in write.derived:
            self._derived[name, key_] = (body, position)
        if write.erased:
            self._erase(set(write.erased))

    def _remove(self, name: str, key: IndexKey) -> None:
        own = self._index.get(name, [])
        at = bisect_left(own, key)
        if at < len(own) and own[at] == key:
            own.pop(at)
        if self.base is not None:
            self._gone.setdefault(name, set()).add(key)

    def _post(self, posting: PostingRow) -> None:
        self._postings.setdefault((posting.book, posting.account), []).append(posting)
        key = (posting.book, posting.period, posting.account, posting.unit)
        total = self.totals_own.setdefault(key, [0, 0, 0, 0])
        total[0 if posting.amount > 0 else 1] += abs(posting.amount)
        total[2 if posting.value > 0 else 3] += abs(posting.value)
        balance = self.balances_own.setdefault((posting.book, posting.account, posting.unit), [0, 0, 0])
        balance[0] += posting.amount
        balance[1] += posting.value
        balance[2] = posting.position

    def _erase(self, refs: set[tuple[str, str]]) -> None:
        """Blank documents and intents everywhere: what lies below is hidden, what was written here is written over."""
        self._erased |= refs
        for ref in refs:
            versions = self._documents.get(ref)
            if versions is not None:
                versions[:] = [row._replace(body="") for row in versions]
        for at in [one for one in self._bodies if one[:2] in refs]:
            self._bodies[at] = ("", "")
        for name, own in self._index.items():
            self._index[name] = [one for one in own if one[1:] not in refs or name.endswith(".state")]
        self.writes[:] = [_without(write, refs) for write in self.writes]

    def _shown(self, row: Row | None) -> Row | None:
        return row._replace(body="") if row is not None and row[:2] in self._erased else row

    def body(self, kind: str, id: str, position: int) -> tuple[str, str] | None:
        """The stored body and salt of one version, when it was written or erased here."""
        found = self._bodies.get((kind, id, position))
        return ("", "") if found is None and (kind, id) in self._erased else found

    def steady(self) -> AbstractContextManager[object]:
        """An overlay is its user's own; its base is as steady as its user holds it."""
        return nullcontext() if self.base is None else self.base.steady()

    # -- reading -------------------------------------------------------------------------------------------------------

    def doc(self, kind: str, id: str) -> Row | None:
        """The latest version of a document."""
        own = self._documents.get((kind, id))
        if own:
            return own[-1]
        return self._shown(self.base.doc(kind, id)) if self.base is not None else None

    def history(self, kind: str, id: str) -> Sequence[Row]:
        """Every version of a document, oldest first."""
        below: Sequence[Row] = self.base.history(kind, id) if self.base is not None else ()
        if (kind, id) in self._erased:
            below = [row._replace(body="") for row in below]
        return [*below, *self._documents.get((kind, id), ())]

    def all(self, kind: str, *, after: str = "", limit: int) -> Sequence[Row]:
        """The latest versions of the documents of a kind, by id."""
        own = self._ids.get(kind, [])
        start = bisect_left(own, after)
        if start < len(own) and own[start] == after:
            start += 1
        ids = own[start : start + limit]
        if self.base is None:
            return [self._documents[kind, one][-1] for one in ids]
        rows = {row.id: self._shown(row) or row for row in self.base.all(kind, after=after, limit=limit)}
        rows.update({one: self._documents[kind, one][-1] for one in ids})
        return [rows[one] for one in sorted(rows)[:limit]]

    def find(
        self, index: str, prefix: str, *, upto: str | None = None, newest_first: bool = False, limit: int
    ) -> Sequence[Row]:
        """The documents under an index, in order of key, kind, id."""
        return [row for _, row in self.keyed(index, prefix, upto=upto, newest_first=newest_first, limit=limit)]

    def _own_keys(self, index: str, prefix: str, upto: str | None) -> list[IndexKey]:
        own = self._index.get(index, [])
        start = bisect_left(own, (prefix, "", ""))
        end = bisect_left(own, (prefix + BEYOND, "", ""))
        keys = own[start:end]
        return keys if upto is None else [one for one in keys if one[0] <= upto]

    def keyed(
        self, index: str, prefix: str, *, upto: str | None, newest_first: bool, limit: int
    ) -> Sequence[tuple[IndexKey, Row]]:
        """As `find`, each row with the index key it stands under: what an overlay above needs to merge."""
        own = self._own_keys(index, prefix, upto)
        gone = self._gone.get(index, ())
        if self.base is None:
            chosen = own[: -limit - 1 : -1] if newest_first else own[:limit]
            return [(key, self._documents[key[1], key[2]][-1]) for key in chosen]
        if not (own or gone or self._erased or self._documents):
            return self.base.keyed(index, prefix, upto=upto, newest_first=newest_first, limit=limit)
        more = _EVERY if self._erased else limit + len(gone)  # nobody knows how many keys an erased document had
        hidden = set() if index.endswith(".state") else self._erased
        below = self.base.keyed(index, prefix, upto=upto, newest_first=newest_first, limit=more)
        found = {key: self.doc(*key[1:]) or row for key, row in below if key not in gone and key[1:] not in hidden}
        found.update((key, self._documents[key[1], key[2]][-1]) for key in own)
        return sorted(found.items(), reverse=newest_first)[:limit]

    def lots(self, book: str, account: str, party: str | None = None) -> Sequence[LotRow]:
        """The open lots of an account, in order of date, position, lot."""
        own = self._lots.get((book, account), {})
        below = self.base.lots(book, account, party) if self.base is not None else ()
        if not own:
            return below
        rows = [row for row in below if (row.party, row.unit, row.lot) not in own]
        rows += [row for row in own.values() if row is not None and (party is None or row.party == party)]
        return sorted(rows, key=lot_order)

    def lot(self, book: str, account: str, party: str, unit: str, lot: str) -> LotRow | None:
        """One open lot."""
        own = self._lots.get((book, account), {})
        key = (party, unit, lot)
        if key in own:
            return own[key]
        return self.base.lot(book, account, party, unit, lot) if self.base is not None else None

    def postings(self, query: PostingQuery) -> Iterator[PostingRow]:
        """Postings in order of period, account, unit, position, line."""
        own = sorted((row for row in self._queried(query) if matches(row, query)), key=clustered)
        if self.base is None:
            return iter(own)
        return merge(self.base.postings(query), own, key=clustered) if own else self.base.postings(query)

    def _queried(self, query: PostingQuery) -> Iterable[PostingRow]:
        if query.account is not None:
            return self._postings.get((query.book, query.account), ())
        return (row for (book, _), rows in self._postings.items() if book == query.book for row in rows)

    def totals(self, query: PostingQuery, *, by: tuple[str, ...], values_only: bool = False) -> Iterable[TotalRow]:
        """Sums by any of account, unit, period, party."""
        found: dict[tuple[str, ...], list[int]] = {}
        if self.base is not None:
            for row in self.base.totals(query, by=by, values_only=values_only):
                found[row.key] = list(row[1:])
        kept = query.span.start is None and query.span.end is None and "party" not in by and is_plain(query)
        for key, sums in self._kept(query, by) if kept else self._summed(query, by):
            mine = found.setdefault(key, [0, 0, 0, 0])
            for at, one in enumerate(sums):
                mine[at] += one
        return total_rows(found, values_only=values_only)

    def _kept(self, query: PostingQuery, by: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Sequence[int]]]:
        for (book, period, account, unit), sums in self.totals_own.items():
            if book != query.book or not in_accounts(account, query) or query.unit not in (None, unit):
                continue
            columns = {"account": account, "unit": unit, "period": str(period)}
            yield tuple(columns[one] for one in by), sums

    def _summed(self, query: PostingQuery, by: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Sequence[int]]]:
        for row in self._queried(query):
            if matches(row, query):
                yield tuple(str(getattr(row, one)) for one in by), sides(row.amount, row.value)

    def balance(self, book: str, account: str, unit: str) -> BalanceRow:
        """What an account holds of a unit now."""
        own = self.balances_own.get((book, account, unit))
        below = self.base.balance(book, account, unit) if self.base is not None else BalanceRow(0, 0, 0)
        return below if own is None else BalanceRow(below.amount + own[0], below.value + own[1], own[2])

    def series(self, name: str) -> int:
        """How many numbers a series has given."""
        if name in self._series:
            return self._series[name]
        return self.base.series(name) if self.base is not None else 0

    def derived(self, name: str, key: str) -> tuple[str, int] | None:
        """A disposable result and the position it was computed at."""
        own = self._derived.get((name, key))
        return own if own is not None or self.base is None else self.base.derived(name, key)

    def logged(self, key: str) -> LogRow | None:
        """The change that a key stands for."""
        if key in self._keys:
            return self._keys[key]
        found = self.base.logged(key) if self.base is not None else None
        if found is None and self.base is not None:
            self._keys[key] = None  # asked once below: planning looks the key up before the commit rule does
        return found

    def expect(self, keys: Iterable[str], known: Mapping[str, LogRow]) -> None:
        """Take in what many keys stand for, asked below in one question instead of one each."""
        self._keys.update({key: known.get(key) for key in keys})

    def log(self, *, after: int = 0) -> Iterator[LogRow]:
        """Changes in log order."""
        if self.base is not None:
            yield from self.base.log(after=after)
        start = max(0, after - (self.writes[0].log.position - 1)) if self.writes else 0
        for write in self.writes[start:]:
            yield write.log

    def state(self) -> Iterator[tuple[Any, ...]]:
        """Latest documents, balances and series in canonical order: what the state hash is over."""
        below: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        if self.base is not None:
            below = {row[: _HEADS[row[0]]]: row for row in self.base.state()}
        for ref in self._erased:
            if (one := below.get(("document", *ref))) is not None:
                below["document", *ref] = (*one[:-1], "")
        for (kind, id_), versions in self._documents.items():
            last = versions[-1]
            below["document", kind, id_] = ("document", kind, id_, last.version, last.body)
        for key in self.balances_own:
            row = self.balance(*key)
            below.pop(("balance", *key), None)
            if row.amount or row.value:
                below["balance", *key] = ("balance", *key, row.amount, row.value)
        for name, count in self._series.items():
            below["series", name] = ("series", name, count)
        for head in sorted(below):
            yield below[head]


def _without(write: Write, refs: set[tuple[str, str]]) -> Write:
    """A change without the text of what was erased; its log row stays, it only has digests."""
    if not any(row[:2] in refs for row, _ in write.documents):
        return write
    return write._replace(
        documents=tuple(
            (row._replace(body=""), "") if row[:2] in refs else (row, salt) for row, salt in write.documents
        ),
        added=tuple((name, key) for name, key in write.added if key[1:] not in refs or name.endswith(".state")),
        removed=tuple((name, key) for name, key in write.removed if key[1:] not in refs or name.endswith(".state")),
    )


_EVERY = 2**31
_HEADS = {"document": 3, "balance": 4, "series": 2}
