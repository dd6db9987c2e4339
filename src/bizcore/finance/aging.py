"""Open items, and how old they are: by due date, in buckets, tied to the control account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from bizcore.change.reading import PostingQuery, PostingRow
from bizcore.change.view import View
from bizcore.finance import chart as charts
from bizcore.finance.figures import JOURNAL, listed, newest_on, until
from bizcore.finance.policies import AgeBy, FinancePolicies
from bizcore.kernel.days import Day, day
from bizcore.kernel.explain import Explanation
from bizcore.kernel.money import Money
from bizcore.kernel.table import Column, Table

NOT_DUE: Final = "not_due"
UNAPPLIED: Final = "unapplied"
WITHOUT_ITEM: Final = ""


class Item(NamedTuple):
    """An open item in scaled integers: `amount` in its currency, `value` in the company's."""

    account: str
    party: str
    lot: str
    unit: str
    on: str
    due: str
    amount: int
    value: int


def receivable_aging(view: View, *, at: Day | None = None) -> Table:
    """What customers owe, by how long it has been due: one row a customer, in the company's currency.

    Every instalment ages on its own by its due date (or by the day it was opened, by policy). Buckets have inclusive upper
    limits; what is not due yet is its own bucket, and advances and credits not set against anything stand apart, negative.
    Without `at`, items are as everything posted leaves them and age is counted to the newest posting date of the journal.

    Guarantees: the totals add up to the control account; each cell is the sum of its postings.
    Source: R19 of the rules; unapplied receipts must not hide in a bucket (ekmungai/python-accounting test_aging_schedule).
    """
    return _aging(view, "receivable", at, sign=1, title="Receivable aging")


def payable_aging(view: View, *, at: Day | None = None) -> Table:
    """What we owe vendors, by how long it has been due: the mirror of `receivable_aging`, with claims positive."""
    return _aging(view, "payable", at, sign=-1, title="Payable aging")


def open_items(view: View, *, customer: str | None = None, vendor: str | None = None) -> Table:
    """Every open item of customers and vendors, or of one of them: what is left of it, when it falls due.

    Amounts are as booked: claims on customers positive, claims of vendors negative.
    """
    both = [("receivable", customer), ("payable", vendor)]
    asked = [(role, party) for role, party in both if party is not None] or both
    chart = charts.of(view)
    found = [item for role, party in asked for item in _open(view, chart.role(role), party)]
    company = view.currency
    return Table(
        [
            Column("account"),
            Column("party"),
            Column("item"),
            Column("on", kind="date"),
            Column("due", kind="date"),
            Column("amount", kind="money"),
            Column("value", kind="money", unit=company),
        ],
        [
            (
                one.account,
                one.party,
                one.lot,
                date.fromisoformat(one.on),
                date.fromisoformat(one.due) if one.due else None,
                Money.of_minor(one.amount, one.unit),
                Money.of_minor(one.value, company),
            )
            for one in found
        ],
        title="Open items",
    )


def bucket(age: int, bounds: Sequence[int], *, by: AgeBy = AgeBy.DUE) -> str:
    """The name of the bucket for an age in days: `not_due`, `1-30`, `31-60`, and so on, `over 90`; bounds are included.

    >>> [bucket(age, (30, 60, 90)) for age in (-3, 0, 1, 30, 31, 90, 91)]
    ['not_due', 'not_due', '1-30', '1-30', '31-60', '61-90', 'over 90']
    """
    if by is AgeBy.DUE and age <= 0:
        return NOT_DUE
    low = 1 if by is AgeBy.DUE else 0
    for bound in bounds:
        if age <= bound:
            return f"{low}-{bound}"
        low = bound + 1
    return f"over {bounds[-1]}" if bounds else "overdue"


def _names(bounds: Sequence[int], by: AgeBy) -> list[str]:
    """The buckets in their order."""
    ages = [*bounds, bounds[-1] + 1] if bounds else [1]
    names = [bucket(age, bounds, by=by) for age in ages]
    return [NOT_DUE, *names] if by is AgeBy.DUE else names


def _aging(view: View, role: str, at: Day | None, *, sign: int, title: str) -> Table:
    when = None if at is None else day(at)
    to = when or newest_on(view)
    account = charts.of(view, on=to or charts.LATEST).role(role)
    policies = view.policies(FinancePolicies, on=to or charts.LATEST)
    items = _open(view, account, None) if when is None else _folded(_postings(view, account, when))
    if to is None:
        items = []
    names = [*_names(policies.buckets, policies.age_by), UNAPPLIED]
    cells: dict[str, dict[str, list[Item]]] = {}
    for one in items:
        place = UNAPPLIED if one.value * sign < 0 else _place(one, to or date.min, policies)
        cells.setdefault(one.party, {}).setdefault(place, []).append(one)
    loose = _loose(view, account, when, items)
    if loose:
        without = Item(account, WITHOUT_ITEM, WITHOUT_ITEM, view.currency, "", "", 0, loose)
        place = UNAPPLIED if loose * sign < 0 else names[0]
        cells.setdefault(WITHOUT_ITEM, {}).setdefault(place, []).append(without)
    parties = sorted(cells)

    def of(row: int, column: str) -> list[Item]:
        chosen = parties if row == len(parties) else [parties[row]]
        places = names if column == "total" else [column]
        return [item for party in chosen for place in places for item in cells[party].get(place, ())]

    return _table(view, parties, names, of, sign=sign, title=title, account=account, when=when, to=to)


def _place(item: Item, to: date, policies: FinancePolicies) -> str:
    start = item.on if policies.age_by is AgeBy.OPENED else item.due or item.on
    return bucket((to - date.fromisoformat(start)).days, policies.buckets, by=policies.age_by)


def _table(
    view: View,
    parties: Sequence[str],
    names: Sequence[str],
    of: Callable[[int, str], list[Item]],
    *,
    sign: int,
    title: str,
    account: str,
    when: date | None,
    to: date | None,
) -> Table:
    company = view.currency
    columns = [*names, "total"]

    def worth(row: int, column: str) -> Money:
        return Money.of_minor(sign * sum(item.value for item in of(row, column)), company)

    def postings(row: int, column: str) -> Table:
        wanted = {(item.party, item.lot, item.unit) for item in of(row, column)}
        without = any(not item.lot for item in of(row, column))
        return listed(
            view,
            [
                (one, sign * one.value)
                for one in _postings(view, account, when)
                if (one.party, one.lot, one.unit) in wanted or (without and not one.lot)
            ],
        )

    def explain(row: int, column: str) -> Explanation:
        items = of(row, column)
        day_counted = "" if to is None else f", age counted to {to.isoformat()}"
        return Explanation(
            rule=f"open items of {title.lower()}, {column}{day_counted}",
            result=str(worth(row, column)),
            inputs=tuple(
                (item.lot or "without item", str(Money.of_minor(sign * item.value, company))) for item in items
            ),
        )

    rows = [(party, *(worth(row, column) for column in columns)) for row, party in enumerate([*parties, "total"])]
    return Table(
        [Column("party", kind="text"), *(Column(name, kind="money", unit=company) for name in columns)],
        rows,
        title=title,
        key="party",
        explain=explain,
        postings=postings,
    )


def _open(view: View, account: str, party: str | None) -> list[Item]:
    """The open items as kept."""
    return [
        Item(
            lot.account,
            lot.party or "",
            lot.id,
            str(lot.amount.unit),
            lot.on.isoformat(),
            "" if lot.due is None else lot.due.isoformat(),
            lot.amount.minor if isinstance(lot.amount, Money) else 0,
            lot.value.minor,
        )
        for lot in view.lots(JOURNAL, account, party)
    ]


def _postings(view: View, account: str, when: date | None) -> list[PostingRow]:
    return list(view.postings(PostingQuery(book=JOURNAL, account=account, span=until(when))))


def _folded(rows: Iterable[PostingRow]) -> list[Item]:
    """The open items as postings up to a day leave them."""
    found: dict[tuple[str, str, str], Item] = {}
    for row in rows:
        if not row.lot:
            continue
        key = (row.party, row.lot, row.unit)
        known = found.get(key) or Item(row.account, row.party, row.lot, row.unit, row.on, row.due, 0, 0)
        found[key] = known._replace(amount=known.amount + row.amount, value=known.value + row.value)
    return [one for _, one in sorted(found.items()) if one.amount or one.value]


def _loose(view: View, account: str, when: date | None, items: Iterable[Item]) -> int:
    """What the control account holds beyond its items: shown as its own row, so that totals always tie."""
    query = PostingQuery(book=JOURNAL, account=account, span=until(when))
    held = sum(row.value for row in view.totals(query, by=("account",)))
    return held - sum(one.value for one in items)
