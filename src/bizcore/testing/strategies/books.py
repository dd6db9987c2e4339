"""Strategies for the values of books: postings, entries, lots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from hypothesis import strategies as st

from bizcore.book.entry import Entry, Posting
from bizcore.book.lots import Lot
from bizcore.kernel.money import Money
from bizcore.testing.strategies.values import days, moneys


def postings(
    *, accounts: Sequence[str] = ("1000", "4000", "5000"), currency: str = "EUR", limit: str = "1000000"
) -> st.SearchStrategy[Posting]:
    """Single postings in the company's currency."""
    return st.builds(Posting, st.sampled_from(list(accounts)), moneys(currencies=(currency,), limit=limit))


def entries(
    *,
    accounts: Sequence[str] = ("1000", "4000", "5000"),
    currency: str = "EUR",
    limit: str = "1000000",
    on: st.SearchStrategy[date] | None = None,
) -> st.SearchStrategy[Entry]:
    """Balanced journal entries; the simplest has two postings of 1.00."""

    @st.composite
    def balanced(draw: st.DrawFn) -> Entry:
        lines = draw(st.lists(postings(accounts=accounts, currency=currency, limit=limit), min_size=1, max_size=5))
        rest = Money.sum((line.amount for line in lines if isinstance(line.amount, Money)), currency)
        last = Posting(draw(st.sampled_from(list(accounts))), -rest)
        return Entry(draw(on if on is not None else days()), [*lines, last])

    return balanced()


def lot(*, account: str = "1200", currency: str = "EUR") -> st.SearchStrategy[Lot]:
    """One open lot of an account."""
    return lots(account=account, currency=currency, least=1).map(lambda some: some[0])


def lots(*, account: str = "1200", currency: str = "EUR", least: int = 0) -> st.SearchStrategy[list[Lot]]:
    """Some open lots of one account, with names of their own."""

    @st.composite
    def some(draw: st.DrawFn) -> list[Lot]:
        money = moneys(currencies=(currency,), limit="10000", least="0.01")
        amounts = draw(st.lists(money, min_size=least, max_size=6))
        return [
            Lot(
                id=f"lot {at}", account=account, party="beta", amount=amount, on=draw(days()), due=draw(days()), position=at + 1,
                value=Money.of_minor(draw(st.integers(0, 2 * amount.minor)), currency),
            )
            for at, amount in enumerate(amounts)
        ]  # fmt: skip

    return some()
