"""Strategies for the documents of finance: invoices, bills, their credits, lines, terms, exchange rates, accounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

from bizcore.finance.chart import Account, Nature
from bizcore.finance.documents import Bill, CreditNote, Invoice, TradeDocument, VendorCredit
from bizcore.finance.lines import Line
from bizcore.finance.rates import ExchangeRate
from bizcore.finance.terms import Terms
from bizcore.testing.strategies.values import days
from bizcore.testing.strategies.values import rates as quoted

D = TypeVar("D", bound=TradeDocument)

TAXES: Final = ("S20", "S7", "Z", None)


def lines(*, taxes: Sequence[str | None] = TAXES) -> st.SearchStrategy[Line]:
    """Lines with a price of cents; the simplest is one at 1.00."""
    return st.builds(
        lambda quantity, price, tax: Line("item", quantity, price, tax=tax),
        st.integers(1, 100),
        prices(),
        st.sampled_from(list(taxes)),
    )


def prices(*, limit: int = 1_000) -> st.SearchStrategy[Decimal]:
    """Prices from 0.02 to the limit; the simplest is 1.00."""
    found = st.decimals("0.01", limit, places=2)
    return found.map(lambda price: Decimal(1) if price == Decimal("0.01") else price)


def invoices(*, currencies: Sequence[str] = ("EUR",), lines: int = 5) -> st.SearchStrategy[Invoice]:
    """Invoices with tax; the simplest has one line of 1.00."""
    return _documents(lambda **facts: Invoice(customer=facts.pop("party"), **facts), currencies, lines)


def credit_notes(*, currencies: Sequence[str] = ("EUR",), lines: int = 5) -> st.SearchStrategy[CreditNote]:
    """Credit notes against no invoice; the simplest has one line of 1.00."""
    return _documents(lambda **facts: CreditNote(customer=facts.pop("party"), **facts), currencies, lines)


def bills(*, currencies: Sequence[str] = ("EUR",), lines: int = 5) -> st.SearchStrategy[Bill]:
    """Vendors' bills; the simplest has one line of 1.00."""
    return _documents(lambda **facts: Bill(vendor=facts.pop("party"), **facts), currencies, lines)


def vendor_credits(*, currencies: Sequence[str] = ("EUR",), lines: int = 5) -> st.SearchStrategy[VendorCredit]:
    """Vendors' credit notes against no bill; the simplest has one line of 1.00."""
    return _documents(lambda **facts: VendorCredit(vendor=facts.pop("party"), **facts), currencies, lines)


_lines = lines


def _documents(make: Callable[..., D], currencies: Sequence[str], lines: int) -> st.SearchStrategy[D]:
    def built(party: str, on: Any, currency: str, some: list[Line], due: Terms) -> D:
        return make(party=party, on=on, currency=currency, lines=some, terms=due)

    return st.builds(
        built,
        st.sampled_from(["beta", "gamma"]),
        days(),
        st.sampled_from(list(currencies)),
        st.lists(_lines(), min_size=1, max_size=lines),
        terms(),
    )


def terms() -> st.SearchStrategy[Terms]:
    """Terms of payment, whole or in percent; the simplest is now."""
    usual = ["now", "30 days", "30% now; rest 30 days", "45 days end of month"]
    return st.sampled_from(usual).map(Terms)


def exchange_rates(*, base: str = "USD", quote: str = "EUR") -> st.SearchStrategy[ExchangeRate]:
    """Rates as facts to put; the simplest is 1."""
    return quoted(base=base, quote=quote).map(
        lambda one: ExchangeRate(
            base=base, quote=quote, on=one.on, rate=Decimal(one.rate.numerator) / Decimal(one.rate.denominator)
        )
    )


def accounts() -> st.SearchStrategy[Account]:
    """Accounts of expense and income of one's own."""
    natures = st.sampled_from([(Nature.EXPENSE, "operating_expenses"), (Nature.INCOME, "other_income")])
    return st.builds(
        lambda code, of: Account(code=str(code), name=f"Account {code}", nature=of[0], line=of[1]),
        st.integers(6500, 6599),
        natures,
    )
