"""Bounded Hypothesis strategies for the values of kernel, book and finance: always valid, shrinking to one line of 1.00."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from bizcore.book.entry import Entry, Posting
from bizcore.book.lots import Lot
from bizcore.finance.documents import Invoice
from bizcore.finance.lines import Line
from bizcore.kernel.currencies import digits
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity

START = date(2024, 1, 1)
END = date(2027, 12, 31)
TAXES = ("S20", "S7", "Z", None)


def moneys(
    *, currencies: Sequence[str] = ("EUR",), limit: str = "1000000", least: str | None = None
) -> st.SearchStrategy[Money]:
    """Amounts between `least` (minus the limit when left out) and `limit`; the simplest is 1.00."""

    def of(currency: str) -> st.SearchStrategy[Money]:
        top = Money(limit, currency).minor
        bottom = -top if least is None else Money(least, currency).minor
        one = min(max(10 ** digits(currency), bottom), top)
        return st.integers(bottom - one, top - one).map(lambda minor: Money.of_minor(minor + one, currency))

    return st.sampled_from(list(currencies)).flatmap(of)


def quantities(
    *, units: Sequence[str] = ("piece",), limit: int = 1_000, places: int = 0
) -> st.SearchStrategy[Quantity]:
    """Positive quantities of at most so many decimal places; the simplest is 1."""
    step = 10 ** (Quantity.PLACES - places)
    scaled = st.integers(0, limit * 10**places - 1).map(lambda n: (n + 10**places) * step)
    kept = scaled.filter(lambda n: 0 < n <= limit * Quantity.SCALE)
    return st.builds(Quantity.of_scaled, kept, st.sampled_from(list(units)))


def days(*, start: date = START, end: date = END) -> st.SearchStrategy[date]:
    """Business dates, both ends included."""
    return st.dates(start, end)


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


def lots(*, account: str = "1200", currency: str = "EUR") -> st.SearchStrategy[list[Lot]]:
    """Some open lots of one account, with names of their own."""

    @st.composite
    def some(draw: st.DrawFn) -> list[Lot]:
        amounts = draw(st.lists(moneys(currencies=(currency,), limit="10000", least="0.01"), max_size=6))
        return [
            Lot(
                id=f"lot {at}", account=account, party="beta", amount=amount, on=draw(days()), due=draw(days()), position=at + 1,
                value=Money.of_minor(draw(st.integers(0, 2 * amount.minor)), currency),
            )
            for at, amount in enumerate(amounts)
        ]  # fmt: skip

    return some()


def invoices(*, currencies: Sequence[str] = ("EUR",), lines: int = 5) -> st.SearchStrategy[Invoice]:
    """Invoices with tax; the simplest has one line of 1.00."""
    prices = st.decimals("0.01", 1_000, places=2).map(lambda price: Decimal(1) if price == Decimal("0.01") else price)
    line = st.builds(
        lambda quantity, price, tax: Line("item", quantity, price, tax=tax),
        st.integers(1, 100),
        prices,
        st.sampled_from(TAXES),
    )
    return st.builds(
        lambda customer, on, currency, some: Invoice(customer=customer, on=on, currency=currency, lines=some),
        st.sampled_from(["beta", "gamma"]),
        days(),
        st.sampled_from(list(currencies)),
        st.lists(line, min_size=1, max_size=lines),
    )
