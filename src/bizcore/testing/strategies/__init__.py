"""Bounded Hypothesis strategies for public values: always valid, shrinking to one line of 1.00.

A strategy is imported when it is first asked for, and with it the domain that it is of, no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bizcore.testing.strategies.books import entries, lot, lots, postings
    from bizcore.testing.strategies.finance import (
        accounts,
        bills,
        credit_notes,
        exchange_rates,
        invoices,
        lines,
        prices,
        terms,
        vendor_credits,
    )
    from bizcore.testing.strategies.sfa import customers, leads, opportunities, order_lines, orders, quote_lines, quotes
    from bizcore.testing.strategies.supply import (
        deliveries,
        issues,
        items,
        moves,
        places,
        purchase_lines,
        purchase_orders,
        receipts,
        transfers,
    )
    from bizcore.testing.strategies.values import (
        days,
        exacts,
        moneys,
        names,
        parties,
        periods,
        quantities,
        rates,
        spans,
    )

_WHERE: Final = {
    "accounts": "finance",
    "bills": "finance",
    "credit_notes": "finance",
    "customers": "sfa",
    "days": "values",
    "deliveries": "supply",
    "entries": "books",
    "exacts": "values",
    "exchange_rates": "finance",
    "invoices": "finance",
    "issues": "supply",
    "items": "supply",
    "leads": "sfa",
    "lines": "finance",
    "lot": "books",
    "lots": "books",
    "moneys": "values",
    "moves": "supply",
    "names": "values",
    "opportunities": "sfa",
    "order_lines": "sfa",
    "orders": "sfa",
    "parties": "values",
    "periods": "values",
    "places": "supply",
    "postings": "books",
    "prices": "finance",
    "purchase_lines": "supply",
    "purchase_orders": "supply",
    "quantities": "values",
    "quote_lines": "sfa",
    "quotes": "sfa",
    "rates": "values",
    "receipts": "supply",
    "spans": "values",
    "terms": "finance",
    "transfers": "supply",
    "vendor_credits": "finance",
}

__all__ = [
    "accounts",
    "bills",
    "credit_notes",
    "customers",
    "days",
    "deliveries",
    "entries",
    "exacts",
    "exchange_rates",
    "invoices",
    "issues",
    "items",
    "leads",
    "lines",
    "lot",
    "lots",
    "moneys",
    "moves",
    "names",
    "opportunities",
    "order_lines",
    "orders",
    "parties",
    "periods",
    "places",
    "postings",
    "prices",
    "purchase_lines",
    "purchase_orders",
    "quantities",
    "quote_lines",
    "quotes",
    "rates",
    "receipts",
    "spans",
    "terms",
    "transfers",
    "vendor_credits",
]


def __getattr__(name: str) -> Any:
    """Import a strategy when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
