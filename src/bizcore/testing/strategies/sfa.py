"""Strategies for the documents of sales: leads, customers, deals, quotes, orders."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from bizcore.sfa.customers import Customer
from bizcore.sfa.leads import Lead
from bizcore.sfa.opportunities import Opportunity
from bizcore.sfa.orders import Order, OrderLine
from bizcore.sfa.quotes import Quote, QuoteLine
from bizcore.testing.strategies.finance import TAXES, prices
from bizcore.testing.strategies.values import days, moneys, names


def leads() -> st.SearchStrategy[Lead]:
    """Somebody who asked."""
    people = st.sampled_from(["Ada", "Bo", "王芳"])
    return st.builds(lambda name, on, email: Lead(name=name, on=on, email=email), people, days(), _emails())


def _emails() -> st.SearchStrategy[str]:
    return st.sampled_from(["", "ada@example.org"])


def customers() -> st.SearchStrategy[Customer]:
    """Registered customers and prospects."""
    return st.builds(lambda name, email: Customer(id=name, name=name.title(), email=email), names(), _emails())


def opportunities() -> st.SearchStrategy[Opportunity]:
    """Deals that begin, worth something."""
    return st.builds(
        lambda customer, on, amount: Opportunity(customer=customer, name="deal", on=on, amount=amount),
        names(),
        days(),
        moneys(least="0.01"),
    )


def quote_lines() -> st.SearchStrategy[QuoteLine]:
    """What is offered; the simplest is one at 1.00."""
    return st.builds(
        lambda quantity, price, tax, off: QuoteLine("Service", quantity, price, tax=tax, discount_percent=off),
        st.integers(1, 100),
        prices(),
        st.sampled_from(TAXES),
        st.integers(0, 100),
    )


def quotes(*, currencies: Sequence[str] = ("EUR",), lines: int = 5) -> st.SearchStrategy[Quote]:
    """Offers not sent yet; the simplest has one line of 1.00."""
    return st.builds(
        lambda customer, on, currency, some: Quote(customer=customer, on=on, currency=currency, lines=some),
        names(),
        days(),
        st.sampled_from(list(currencies)),
        st.lists(quote_lines(), min_size=1, max_size=lines),
    )


def order_lines(*, items: Sequence[str | None] = (None, "bolt")) -> st.SearchStrategy[OrderLine]:
    """What is ordered, services and goods; the simplest is one at 1.00."""
    return st.builds(
        lambda quantity, price, tax, item: OrderLine("Service", quantity, price, tax=tax, item=item),
        st.integers(1, 100),
        prices(),
        st.sampled_from(TAXES),
        st.sampled_from(list(items)),
    )


def orders(*, currencies: Sequence[str] = ("EUR",), lines: int = 5) -> st.SearchStrategy[Order]:
    """Orders a customer placed, nothing of them done; the simplest has one line of 1.00."""
    return st.builds(
        lambda customer, on, currency, some: Order(customer=customer, on=on, currency=currency, lines=some),
        names(),
        days(),
        st.sampled_from(list(currencies)),
        st.lists(order_lines(), min_size=1, max_size=lines),
    )
