"""Arithmetic on rows that the commit rule, the overlay and the adapters' readings share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from bizcore.book.entry import Entry
from bizcore.change.reading import LotRow, PostingQuery, PostingRow, TotalRow, bucket_of
from bizcore.change.settings import Settings
from bizcore.kernel.codec import encode
from bizcore.kernel.errors import Invalid, LawBroken
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.store.port import OutOfRange

INT_MAX: Final = 2**63 - 1


class ForeignValue(Invalid):
    """An entry's values are not in the company's currency."""

    code = "foreign_value"

    def __init__(self, *, currency: str, company: str) -> None:
        super().__init__(
            f"the values are in {currency}, the company keeps its books in {company}; give each posting its value",
            currency=currency,
            company=company,
        )


def posting_rows(entries: Iterable[Entry], position: int, settings: Settings) -> tuple[PostingRow, ...]:
    """The rows of a change's entries; lines count over all of them. Raises: ForeignValue, OutOfRange, LawBroken."""
    rows: list[PostingRow] = []
    line = 0
    company = settings.currency
    for entry in entries:
        on = entry.on.isoformat()
        period = bucket_of(on, settings.bucket)
        book = entry.storage_book
        worth = 0
        for one in entry.postings:
            amount = one.amount
            stated = one.value
            if type(amount) is Money:
                unit, scaled = amount.currency, amount.minor
            else:
                unit, scaled = one.unit, one.scaled
            if stated is not None:
                value, currency = stated.minor, stated.currency
            elif type(amount) is Money:
                value, currency = scaled, unit
            else:
                value, currency = 0, company
            if currency != company:
                raise ForeignValue(currency=currency, company=company)
            if not -INT_MAX <= scaled <= INT_MAX or not -INT_MAX <= value <= INT_MAX:
                raise OutOfRange(what=f"an amount on {one.account}")
            worth += value
            due = "" if one.due is None else one.due.isoformat()
            dims = encode(one.dims) if one.dims else ""
            rows.append(
                PostingRow(
                    book,
                    period,
                    one.account,
                    unit,
                    position,
                    line,
                    on,
                    scaled,
                    value,
                    one.party or "",
                    one.lot or "",
                    due,
                    dims,
                )
            )
            line += 1
        if worth:
            # The pair to the check when the entry was built: an invariant is checked at write too.
            raise LawBroken(f"entry {entry.id} has values that sum to {worth}")
    return tuple(rows)


def moved(lot: LotRow | None, row: PostingRow, position: int) -> LotRow:
    """An open lot after a posting; the first posting opens it and gives it its dates. Raises: OutOfRange."""
    if lot is None:
        return LotRow(
            row.book, row.account, row.party, row.unit, row.lot, row.on, row.due, row.amount, row.value, position
        )
    amount, value = lot.amount + row.amount, lot.value + row.value
    if not -INT_MAX <= amount <= INT_MAX or not -INT_MAX <= value <= INT_MAX:
        raise OutOfRange(what=f"lot {row.lot} of {row.account}")
    return lot._replace(amount=amount, value=value, position=position)


def open_lots(rows: Iterable[PostingRow]) -> list[LotRow]:
    """The lots left open by postings taken in log order, oldest first: what a kept lot table must equal.

    A lot ends with a change that leaves nothing in it; one that goes and comes within a change stays what it was.
    """
    work: dict[tuple[str, str, str], LotRow] = {}
    ordered = sorted((row for row in rows if row.lot), key=lambda one: (one.position, one.line))
    for position, of_change in groupby(ordered, key=attrgetter("position")):
        touched = set()
        for row in of_change:
            key = (row.party, row.unit, row.lot)
            work[key] = moved(work.get(key), row, position)
            touched.add(key)
        for key in touched:
            if not work[key].amount and not work[key].value:
                del work[key]
    return sorted(work.values(), key=lot_order)


def lot_order(row: LotRow) -> tuple[str, int, str]:
    """Oldest first: by date, log position, name."""
    return row.on, row.position, row.lot


def sides(amount: int, value: int) -> tuple[int, int, int, int]:
    """Debit, credit, value debit, value credit of one posting."""
    return max(amount, 0), max(-amount, 0), max(value, 0), max(-value, 0)


def total_rows(found: Mapping[tuple[str, ...], Sequence[int]], *, values_only: bool) -> list[TotalRow]:
    """Sums by key as the port answers them: in order, without the groups that have nothing of what was asked."""
    if values_only:
        return [TotalRow(key, 0, 0, *sums[2:]) for key, sums in sorted(found.items()) if any(sums[2:])]
    return [TotalRow(key, *sums) for key, sums in sorted(found.items()) if any(sums)]


def clustered(row: PostingRow) -> tuple[int, str, str, int, int]:
    """The order postings are kept in."""
    return row.period, row.account, row.unit, row.position, row.line


def in_accounts(account: str, query: PostingQuery) -> bool:
    """Whether an account is among those asked for."""
    if query.account is not None:
        return account == query.account
    return (query.first is None or account >= query.first) and (query.last is None or account <= query.last)


def matches(row: PostingRow, query: PostingQuery) -> bool:
    """Whether a posting is among those asked for; the book is known to fit."""
    if not in_accounts(row.account, query) or query.unit not in (None, row.unit):
        return False
    if query.lot not in (None, row.lot) or query.party not in (None, row.party):
        return False
    start, end = query.span.start, query.span.end
    if (start is not None and row.on < start.isoformat()) or (end is not None and row.on >= end.isoformat()):
        return False
    return not query.dims or has_dims(row.dims, query.dims)


def has_dims(text: str, wanted: Map[str]) -> bool:
    """Whether a posting's dimensions hold all that are wanted."""
    import json

    held = json.loads(text) if text else {}
    return all(held.get(name) == value for name, value in wanted.items())


def is_plain(query: PostingQuery) -> bool:
    """Whether kept totals can answer: nothing is asked that they do not hold."""
    return query.lot is None and query.party is None and not query.dims
