"""Trial balance, balance sheet, income statement: read from kept totals, in the company's currency.

Figures have their natural sign: assets and expenses grow with debits, everything else with credits. `at=None` and
`period=None` mean everything posted; no report reads a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.finance import chart as charts
from bizcore.finance.chart import EXCHANGE, Account, Nature
from bizcore.finance.closing import YearClose, closes
from bizcore.finance.figures import (
    EVERYTHING,
    JOURNAL,
    Figure,
    Part,
    by_line,
    has_business,
    label,
    postings,
    statement,
    summed,
    until,
    year_of_newest,
)
from bizcore.finance.journal import storno_turnovers
from bizcore.kernel.days import Day, day
from bizcore.kernel.explain import Explanation
from bizcore.kernel.money import Money
from bizcore.kernel.periods import Period
from bizcore.kernel.spans import Span
from bizcore.kernel.table import Column, Table

RESULT: Final = "Result of the year"


def trial_balance(view: View, *, at: Day | None = None) -> Table:
    """Debit, credit and balance of every account to which a value was posted, up to a day.

    Guarantees: debits equal credits; each cell is the sum of its postings; a storno entry takes back from the side it
    corrects; the exchange account, whose value is always zero, is left out.

    Cost: the number of accounts, not of postings.
    """
    span = until(None if at is None else day(at))
    accounts = _accounts(view)
    stornos = storno_turnovers(view, upto=None if at is None else day(at))
    company, money = view.currency, Money.of_minor
    lines: list[tuple[str, str, int, int]] = []
    for row in view.totals(PostingQuery(book=JOURNAL, span=span), by=("account",), values_only=True):
        code = row.key[0]
        if code in accounts:
            taken = stornos[code].minor if code in stornos else 0
            lines.append((code, accounts[code].name, row.value_debit - taken, row.value_credit - taken))
    codes = tuple(code for code, *_ in lines)
    lines.append(("total", "Total", sum(one[2] for one in lines), sum(one[3] for one in lines)))

    def cell(row: int, column: str) -> tuple[Part, ...]:
        chosen = codes if row == len(codes) else (codes[row],)
        return _turnover(chosen, span, column)

    return Table(
        [
            Column("account", kind="text"),
            Column("name", kind="text"),
            *(Column(name, name.capitalize(), kind="money", unit=company) for name in ("debit", "credit", "balance")),
        ],
        [
            (code, name, money(debit, company), money(credit, company), money(debit - credit, company))
            for code, name, debit, credit in lines
        ],
        title="Trial balance",
        key="account",
        explain=lambda row, column: Explanation(
            rule=f"{column} of {lines[row][1]}: the sum of its postings" + ("" if at is None else f" up to {day(at)}"),
            result=str(
                Money.of_minor(
                    {"debit": lines[row][2], "credit": lines[row][3]}.get(column, lines[row][2] - lines[row][3]),
                    company,
                )
            ),
        ),
        postings=lambda row, column: postings(view, cell(row, column)),
    )


def balance_sheet(view: View, *, at: Day | None = None) -> Table:
    """Assets, liabilities and equity at a day, with the result of the fiscal year that the day lies in as its own line.

    Guarantees: assets = liabilities + equity, and the line `difference` says so; it reads the same before and after the
    year is closed; each amount is the sum of its postings, closing entries looked past.
    Source: IAS 1.54.
    """
    when = None if at is None else day(at)
    span = until(when)
    accounts = _accounts(view)
    values = _values(view, span, tuple(closes(view, span=span)))
    year = year_of_newest(view) if when is None else _year(view, when)
    earlier = _earlier(view, accounts, year)
    passing = [code for code, one in accounts.items() if not one.nature.lasting and code in values]
    result = Figure(
        "result_of_the_year",
        RESULT,
        -sum(values[code] for code in passing) + earlier,
        "income less expenses of the fiscal year",
        (Part(tuple(passing), Span(None if year is None else year.start, span.end), -1),),
    )
    retained = charts.of(view).role("retained_earnings")
    before = Part(tuple(passing), Span(None, None if year is None else year.start), -1)
    if earlier:
        values[retained] = values.get(retained, 0) + earlier
    sections: dict[Nature, list[Figure]] = {}
    for nature in (Nature.ASSET, Nature.LIABILITY, Nature.EQUITY):
        mine = [one for code, one in accounts.items() if one.nature is nature and code in values]
        sections[nature] = [
            _line(line, group, values, span, before if earlier and any(one.code == retained for one in group) else None)
            for line, group in by_line(mine).items()
        ]
    return statement(view, _balanced(sections, result), title="Balance sheet")


def _balanced(sections: dict[Nature, list[Figure]], result: Figure) -> list[Figure]:
    assets = summed("assets", "Assets", "the sum of the assets", sections[Nature.ASSET])
    liabilities = summed("liabilities", "Liabilities", "the sum of the liabilities", sections[Nature.LIABILITY])
    equity = summed("equity", "Equity", "equity with the result of the year", [*sections[Nature.EQUITY], result])
    both = liabilities.total("liabilities_and_equity", "Liabilities and equity", "liabilities + equity", (1, equity))
    difference = assets.total("difference", "Difference", "assets - liabilities - equity; zero", (-1, both))
    return _unique(
        [
            *sections[Nature.ASSET],
            assets,
            *sections[Nature.LIABILITY],
            liabilities,
            *sections[Nature.EQUITY],
            result,
            equity,
            both,
            difference,
        ]
    )


def income_statement(view: View, *, period: Period | str | None = None) -> Table:
    """Income less expenses of a period, with the gross profit between cost of sales and the rest.

    Guarantees: it reads the same before and after the year is closed; the result is what the balance sheet shows for the
    same span; each amount is the sum of its postings, closing entries looked past.
    Source: IAS 1.82, expenses by function (1.103).
    """
    span = _span(view, period)
    accounts = _accounts(view)
    values = _values(view, span, tuple(closes(view, span=span)))
    mine = [one for code, one in accounts.items() if not one.nature.lasting and code in values]
    lines = {line: (_line(line, group, values, span, None), group[0].nature) for line, group in by_line(mine).items()}
    revenue = [lines.pop("revenue")[0]] if "revenue" in lines else []
    cost = [lines.pop("cost_of_sales")[0]] if "cost_of_sales" in lines else []
    gross = summed("gross_profit", "Gross profit", "revenue - cost of sales", [*revenue, *(_less(one) for one in cost)])
    rest = [one for one, _ in lines.values()]
    signed = [one if nature is Nature.INCOME else _less(one) for one, nature in lines.values()]
    result = summed("result", "Result", "gross profit + other income - other expenses", [gross, *signed])
    figures = [*revenue, *cost, gross, *rest, result]
    return statement(view, _unique(figures), title="Income statement")


def _less(figure: Figure) -> Figure:
    return figure._replace(minor=-figure.minor, parts=tuple(one._replace(sign=-one.sign) for one in figure.parts))


def _unique(figures: list[Figure]) -> list[Figure]:
    """Keys name rows: a company's own line called like a total gets its place added."""
    seen: set[str] = set()
    found = []
    for index, one in enumerate(figures):
        found.append(one if one.key not in seen else one._replace(key=f"{one.key}.{index}"))
        seen.add(one.key)
    return found


def _span(view: View, period: Period | str | None) -> Span:
    if period is None:
        return EVERYTHING
    found = view.calendar.period(period) if isinstance(period, str) else period
    return Span(found.start, found.end)


def _year(view: View, on: date) -> Span:
    found = view.calendar.year(on)
    return Span(found.start, found.end)


def _accounts(view: View) -> dict[str, Account]:
    """The accounts that statements show, in order of code: all but the exchange."""
    chart = charts.of(view)
    exchange = chart.role(EXCHANGE)
    return {one.code: one for one in chart.accounts() if one.code != exchange}


def _values(view: View, span: Span, closed: Sequence[YearClose]) -> dict[str, int]:
    """Debit less credit of every account, as if no year had been closed. Raises: AccountUnknown."""
    rows = view.totals(PostingQuery(book=JOURNAL, span=span), by=("account",), values_only=True)
    values = {row.key[0]: row.value for row in rows}
    charts.of(view).check(values)
    for one in closed:
        for balance in one.closed:
            values[balance.account] = values.get(balance.account, 0) + balance.value.minor
            values[one.retained] = values.get(one.retained, 0) - balance.value.minor
    return {code: value for code, value in values.items() if value or has_business(view, code, span)}


def _earlier(view: View, accounts: dict[str, Account], year: Span | None) -> int:
    """The results of earlier years, a loss positive: what the closes either carried to equity already or still will."""
    if year is None:
        return 0
    span = Span(None, year.start)
    values = _values(view, span, tuple(closes(view, span=span)))
    return sum(value for code, value in values.items() if code in accounts and not accounts[code].nature.lasting)


def _line(line: str, group: Sequence[Account], values: dict[str, int], span: Span, more: Part | None) -> Figure:
    """One statement line: its accounts, each with its natural sign."""
    sign = group[0].nature.sign
    codes = tuple(one.code for one in group)
    parts = (Part(codes, span, sign),) if more is None else (Part(codes, span, sign), more)
    return Figure(
        line,
        label(line),
        sum(sign * values[code] for code in codes),
        "the sum of its accounts" if more is None else "the sum of its accounts and the results of earlier years",
        parts,
        tuple((f"{one.code} {one.name}", sign * values[one.code]) for one in group),
    )


def _turnover(codes: tuple[str, ...], span: Span, column: str) -> tuple[Part, ...]:
    if column == "balance":
        return (Part(codes, span, 1, closings=True),)
    side = 1 if column == "debit" else -1
    return (Part(codes, span, side, closings=True, side=side),)
