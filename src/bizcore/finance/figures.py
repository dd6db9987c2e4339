"""Figures of statements: each is a sum of accounts over a span, and can be asked which postings it is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from bizcore.change.reading import PostingQuery, PostingRow, bucket_span
from bizcore.change.view import View
from bizcore.finance.chart import Account
from bizcore.finance.closing import CLOSING
from bizcore.finance.journal import STORNO
from bizcore.kernel.explain import Explanation
from bizcore.kernel.money import Money
from bizcore.kernel.spans import Span
from bizcore.kernel.table import Column, Table

JOURNAL: Final = "journal"
EVERYTHING: Final = Span(None, None)


class Part(NamedTuple):
    """Accounts over a span of dates, with the sign they enter a figure with; `closings` says whether closing entries count.

    `side` keeps only debits (+1) or credits (-1); 0 keeps both.
    """

    accounts: tuple[str, ...]
    span: Span
    sign: int
    closings: bool = False
    side: int = 0

    def keeps(self, row: PostingRow) -> bool:
        """Whether a posting is part of the figure."""
        if self.side:
            side = -self.side if f'"{STORNO}"' in row.dims else self.side
            if row.value * side <= 0:
                return False
        return self.closings or counts(row)


def counts(row: PostingRow) -> bool:
    """Whether a posting is business, not the close of a year."""
    return f'"{CLOSING}"' not in row.dims


class Figure(NamedTuple):
    """One line of a statement: its key, its name, its amount in the company's minor units, and what it is the sum of."""

    key: str
    label: str
    minor: int
    rule: str
    parts: tuple[Part, ...]
    inputs: tuple[tuple[str, int], ...] = ()

    def total(self, key: str, label: str, rule: str, *others: tuple[int, Figure]) -> Figure:
        """The sum of this figure and others, each with its sign."""
        signed = ((1, self), *others)
        return Figure(
            key,
            label,
            sum(sign * one.minor for sign, one in signed),
            rule,
            tuple(part._replace(sign=part.sign * sign) for sign, one in signed for part in one.parts),
            tuple((one.label, sign * one.minor) for sign, one in signed),
        )


def summed(key: str, label: str, rule: str, figures: Sequence[Figure]) -> Figure:
    """Several figures as one."""
    return Figure(
        key,
        label,
        sum(one.minor for one in figures),
        rule,
        tuple(part for one in figures for part in one.parts),
        tuple((one.label, one.minor) for one in figures),
    )


def statement(view: View, figures: Sequence[Figure], *, title: str) -> Table:
    """Figures as a table of line, name and amount; every amount explains itself and lists its postings."""
    company = view.currency
    return Table(
        [Column("line", kind="text"), Column("name", kind="text"), Column("amount", kind="money", unit=company)],
        [(one.key, one.label, Money.of_minor(one.minor, company)) for one in figures],
        title=title,
        key="line",
        explain=lambda row, _: explained(figures[row], company),
        postings=lambda row, _: postings(view, figures[row].parts),
    )


def explained(figure: Figure, company: str) -> Explanation:
    """The rule of a figure and what went in."""
    return Explanation(
        rule=figure.rule,
        result=str(Money.of_minor(figure.minor, company)),
        inputs=tuple((name, str(Money.of_minor(minor, company))) for name, minor in figure.inputs),
    )


def rows(view: View, parts: Sequence[Part]) -> Iterator[tuple[PostingRow, int]]:
    """The postings of parts, each with the value it enters the figure with."""
    for part in parts:
        for account in part.accounts:
            for row in view.postings(PostingQuery(book=JOURNAL, account=account, span=part.span)):
                if part.keeps(row):
                    yield row, part.sign * row.value


def postings(view: View, parts: Sequence[Part]) -> Table:
    """The postings that a figure is the sum of: their `value` column adds up to it."""
    return listed(view, list(rows(view, parts)))


def has_business(view: View, account: str, span: Span) -> bool:
    """Whether an account has postings besides those of closes: a close makes no line of a statement."""
    return any(counts(row) for row in view.postings(PostingQuery(book=JOURNAL, account=account, span=span)))


def listed(view: View, found: Sequence[tuple[PostingRow, int]]) -> Table:
    """Postings as a table, with the value that each enters a figure with."""
    company = view.currency
    columns = [
        Column("on", kind="date"),
        Column("account", kind="text"),
        Column("party", kind="text"),
        Column("lot", kind="text"),
        Column("amount", kind="money"),
        Column("value", kind="money", unit=company),
        Column("position", kind="number"),
        Column("line", kind="number"),
    ]
    return Table(
        columns,
        [
            (
                date.fromisoformat(row.on),
                row.account,
                row.party,
                row.lot,
                Money.of_minor(row.amount, row.unit),
                Money.of_minor(value, company),
                row.position,
                row.line,
            )
            for row, value in found
        ],
        title="Postings",
    )


def newest_on(view: View) -> date | None:
    """The newest business date of the journal; None when nothing is posted.

    Totals name the newest period that has postings, so that only that one is walked over. Closing entries do not count:
    closing a year makes nothing older.
    """
    for period in _buckets(view):
        span = bucket_span(period, view.settings.bucket)
        found = max((row.on for row in view.postings(PostingQuery(book=JOURNAL, span=span)) if counts(row)), default="")
        if found:
            return date.fromisoformat(found)
    return None


def year_of_newest(view: View) -> Span | None:
    """The fiscal year that the newest posting lies in: years begin with a month, so its period decides."""
    newest = next(iter(_buckets(view)), None)
    if newest is None:
        return None
    return view.calendar.year(bucket_span(newest, view.settings.bucket).start or date.min).span


def _buckets(view: View) -> list[int]:
    """The periods that have postings, newest first."""
    return sorted((int(row.key[0]) for row in view.totals(PostingQuery(book=JOURNAL), by=("period",))), reverse=True)


def until(at: date | None) -> Span:
    """Everything up to a day, included."""
    return Span(None, None if at is None else at + timedelta(days=1))


def by_line(accounts: Sequence[Account]) -> dict[str, list[Account]]:
    """Accounts by the statement line they add up in, in the order of the chart."""
    found: dict[str, list[Account]] = {}
    for one in accounts:
        found.setdefault(one.line or f"other_{one.nature.value}", []).append(one)
    return found


LABELS: Final = {
    "cash": "Bank",
    "trade_receivables": "Receivables",
    "trade_payables": "Payables",
    "inventories": "Inventory",
    "revenue": "Revenue",
    "cost_of_sales": "Cost of sales",
}


def label(line: str) -> str:
    """What a statement line is called: a known name, else its code in words.

    >>> label("trade_receivables"), label("borrowings")
    ('Receivables', 'Borrowings')
    """
    return LABELS.get(line) or line.replace("_", " ").capitalize()
