"""What must hold in every store at every moment: everything kept is what the postings and the log say."""

from __future__ import annotations

from collections import Counter
from typing import Final

from bizcore.change.reading import PostingQuery, PostingRow
from bizcore.company import Company
from bizcore.store.rows import open_lots
from bizcore.testing.broken import Broken, same

BOOKS: Final = ("journal", "stock", "cost", "reserved")


def sound(company: Company) -> None:
    """Compare what a company keeps with what its postings and its log say.

    Guarantees checked: the chain holds; amounts sum to zero in every unit and values sum to zero; kept totals, balances and lots
    are their postings; what is known as of the head is what is there. Raises: Broken.
    """
    verdict = company.verify()
    if not verdict.ok:
        raise Broken(f"the chain is broken at {verdict.position}: {verdict.why}")
    same(company.as_known(company.head).state_hash(), company.state_hash(), "the state as known at the head")
    for book in BOOKS:
        _book(company, book)


def _book(company: Company, book: str) -> None:
    view, reading = company.view(), company._reading()
    rows = list(view.postings(PostingQuery(book=book)))
    amounts: Counter[tuple[str, ...]] = Counter()
    values: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        amounts[row.account, row.unit] += row.amount
        values[row.account, row.unit] += row.value
    units: Counter[str] = Counter()
    for (_, unit), amount in amounts.items():
        units[unit] += amount
    same({unit for unit, amount in units.items() if amount}, set(), f"units of {book} that are out of balance")
    same(values.total(), 0, f"the values of {book}")
    whole = view.totals(PostingQuery(book=book), by=("account", "unit"))
    alone = view.totals(PostingQuery(book=book), by=("account", "unit"), values_only=True)
    worth = [one._replace(debit=0, credit=0) for one in whole if one.value_debit or one.value_credit]
    same(alone, worth, f"values alone of {book}")
    kept = {row.key: (row.amount, row.value) for row in whole}
    sums = {key: (amounts[key], values[key]) for key in amounts}
    same(_some(kept), _some(sums), f"totals of {book}")
    of_account: dict[str, list[PostingRow]] = {}
    for row in rows:
        of_account.setdefault(row.account, []).append(row)
    for account, some in of_account.items():
        same(list(reading.lots(book, account)), open_lots(some), f"lots of {book} {account}")
        for unit in {row.unit for row in some}:
            last = max(row.position for row in some if row.unit == unit)
            balance = reading.balance(book, account, unit)
            same(tuple(balance), (*sums[account, unit], last), f"the balance of {book} {account} {unit}")


def _some(sums: dict[tuple[str, ...], tuple[int, int]]) -> dict[tuple[str, ...], tuple[int, int]]:
    """Those that are not nothing: a store need not keep a row for postings of zero."""
    return {key: pair for key, pair in sums.items() if any(pair)}
