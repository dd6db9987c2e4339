"""Finance: documents, journal, settlement, closing, statements.

What most users need is here by its name and loaded on first touch; rules live in the modules named after them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bizcore.finance.chart import Account, Nature
    from bizcore.finance.documents import Bill, CreditNote, Invoice, VendorCredit
    from bizcore.finance.lines import Adjustment, Line
    from bizcore.finance.policies import FinancePolicies, Reversal
    from bizcore.finance.rates import ExchangeRate
    from bizcore.finance.settlement import Payment, Settlement
    from bizcore.finance.tax import Prices, TaxAmount, TaxRounding
    from bizcore.finance.terms import Instalment, Terms, instalments

_HOMES = {
    "chart": ("Account", "Nature"),
    "documents": ("Bill", "CreditNote", "Invoice", "VendorCredit"),
    "lines": ("Adjustment", "Line"),
    "policies": ("FinancePolicies", "Reversal"),
    "rates": ("ExchangeRate",),
    "settlement": ("Payment", "Settlement"),
    "tax": ("Prices", "TaxAmount", "TaxRounding"),
    "terms": ("Instalment", "Terms", "instalments"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Account",
    "Adjustment",
    "Bill",
    "CreditNote",
    "ExchangeRate",
    "FinancePolicies",
    "Instalment",
    "Invoice",
    "Line",
    "Nature",
    "Payment",
    "Prices",
    "Reversal",
    "Settlement",
    "TaxAmount",
    "TaxRounding",
    "Terms",
    "VendorCredit",
    "instalments",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
