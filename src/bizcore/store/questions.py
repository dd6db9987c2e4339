"""The questions that reading asks of SQL tables, and how their conditions and sums are put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Final

from bizcore.change.reading import PostingQuery
from bizcore.kernel.spans import Span
from bizcore.store import schema

_NOTHING: Final = (0, 0, 0, 0)

HISTORY: Final = (
    "select kind, id, position, version, body from bizcore_documents where company=? and kind=? and id=? and position<=?"
    " order by position"
)
DOC: Final = f"{HISTORY} desc limit 1"
ALL: Final = (
    "select kind, id, position, version, body from bizcore_documents d where company=? and kind=? and id>? and position="
    "(select max(position) from bizcore_documents x where x.company=d.company and x.kind=d.kind and x.id=d.id"
    " and x.position<=?) order by id limit ?"
)
KEYED: Final = (
    "select i.key, i.kind, i.id, d.position, d.version, d.body from bizcore_indexes i join bizcore_documents d"
    " on d.company=i.company and d.kind=i.kind and d.id=i.id and d.position="
    "(select max(x.position) from bizcore_documents x where x.company=i.company and x.kind=i.kind and x.id=i.id"
    " and x.position<=?) where i.company=? and i.name=? and i.key>=? and i.key<=? and i.since<=?"
    " and (i.until is null or i.until>?) order by i.key {0}, i.kind {0}, i.id {0} limit ?"
)
KEYED_BY_ROW: Final = (
    KEYED.replace(  # SQLite's number of a row spares a second seek, a quarter of the time of a long answer
        "d.company=i.company and d.kind=i.kind and d.id=i.id and d.position=(select max(x.position)",
        "d.rowid=(select x.rowid",
    ).replace(" and x.position<=?)", " and x.position<=? order by x.position desc limit 1)")
)
NOW: Final = (
    "select debit-credit, value_debit-value_credit, position from bizcore_totals"
    f" where company=? and book=? and account=? and unit=? and period={schema.NOW}"
)
LOT: Final = f"select {schema.LOT_COLUMNS} from bizcore_lots where company=? and book=? and account=? and party=? and unit=? and lot=?"
VALUES: Final = (  # a filter costs less than a max() of each row
    "coalesce(cast(sum(value) filter (where value>0) as bigint), 0),"
    " -coalesce(cast(sum(value) filter (where value<0) as bigint), 0)"
)
SIDES: Final = f"{VALUES.replace('value', 'amount')}, {VALUES}"
KEPT_VALUES: Final = "0, 0, cast(sum(value_debit) as bigint), cast(sum(value_credit) as bigint)"
KEPT_SIDES: Final = KEPT_VALUES.replace("0, 0", "cast(sum(debit) as bigint), cast(sum(credit) as bigint)")
PERIODS: Final = (  # a seek for each, where `distinct` would read every posting
    "with recursive p(period) as (select min(period) from bizcore_postings where company=? and book=?"
    " union all select (select min(period) from bizcore_postings where company=? and book=? and period>p.period) from p"
    " where p.period is not null) select period from p where period is not null"
)
ORDER: Final = "period, account, unit, position, line"
POSTING_ORDER: Final = itemgetter(1, 2, 3, 4, 5)


def of_accounts(query: PostingQuery) -> list[tuple[str, object]]:
    """The conditions on accounts and unit; those with None are not set."""
    return [
        ("account=?", query.account),
        ("account>=?", query.first if query.account is None else None),
        ("account<=?", query.last if query.account is None else None),
        ("unit=?", query.unit),
    ]


def joined(conditions: Iterable[tuple[str, object]]) -> tuple[str, tuple[object, ...]]:
    """The conditions that are set, as text, and what is bound to them."""
    used = [(text, value) for text, value in conditions if value is not None]
    return "".join(f" and {text}" for text, _ in used), tuple(value for _, value in used)


def inside(span: Span, period: Span) -> Span:
    """The bounds of a span that lie within a period; one that the whole period keeps is not asked for."""
    both = span.intersect(period)
    return Span(None if both.start == period.start else both.start, None if both.end == period.end else both.end)


def grouping(by: tuple[str, ...]) -> tuple[str, str]:
    """The columns of a grouped sum, a comma behind each, and its `group by`; keys are text, whatever the column holds."""
    columns = "".join(f"cast({one} as text), " if one == "period" else f"{one}, " for one in by)
    return columns, f" group by {', '.join(by)}" if by else ""


def add_rows(found: dict[Any, Sequence[int]], rows: Iterable[tuple[Any, ...]], width: int) -> None:
    """Add sums that came grouped, `width` columns of key before them; a sum over nothing may be none."""
    for row in rows:
        key, sums = row[:width], row[width:]
        if key in found:
            add(found, key, sums, 1)
        elif sums[-1] is not None:
            found[key] = sums


def add(found: dict[Any, Sequence[int]], key: tuple[str, ...], sums: Sequence[int], sign: int) -> None:
    """Add sums to those under a key, or take them off."""
    found[key] = [known + sign * one for known, one in zip(found.get(key, _NOTHING), sums, strict=True)]
