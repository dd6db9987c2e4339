"""What Hypothesis gives for a type of ours: `from_type(Invoice)` is `invoices()`, in a field of your own class too.

Hypothesis finds this by its entry point when it is imported. It costs nothing then: a type is registered when the module it is in
is imported, and its strategy is made when it is first drawn from.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "bizcore.kernel.money": {"Money": "moneys"},
    "bizcore.kernel.exact": {"Exact": "exacts"},
    "bizcore.kernel.quantity": {"Quantity": "quantities"},
    "bizcore.kernel.periods": {"Period": "periods"},
    "bizcore.kernel.spans": {"Span": "spans"},
    "bizcore.kernel.rates": {"Rate": "rates"},
    "bizcore.kernel.parties": {"Party": "parties"},
    "bizcore.book.entry": {"Posting": "postings", "Entry": "entries"},
    "bizcore.book.lots": {"Lot": "lot"},
    "bizcore.finance.lines": {"Line": "lines"},
    "bizcore.finance.documents": {
        "Invoice": "invoices",
        "CreditNote": "credit_notes",
        "Bill": "bills",
        "VendorCredit": "vendor_credits",
    },
    "bizcore.finance.terms": {"Terms": "terms"},
    "bizcore.finance.rates": {"ExchangeRate": "exchange_rates"},
    "bizcore.finance.chart": {"Account": "accounts"},
    "bizcore.supply.items": {"Item": "items"},
    "bizcore.supply.places": {"Place": "places"},
    "bizcore.supply.movements": {
        "MoveLine": "moves",
        "Receipt": "receipts",
        "Issue": "issues",
        "Transfer": "transfers",
    },
    "bizcore.supply.purchasing": {"OrderLine": "purchase_lines", "PurchaseOrder": "purchase_orders"},
    "bizcore.supply.fulfilment": {"Delivery": "deliveries"},
    "bizcore.sfa.leads": {"Lead": "leads"},
    "bizcore.sfa.customers": {"Customer": "customers"},
    "bizcore.sfa.opportunities": {"Opportunity": "opportunities"},
    "bizcore.sfa.quotes": {"QuoteLine": "quote_lines", "Quote": "quotes"},
    "bizcore.sfa.orders": {"OrderLine": "order_lines", "Order": "orders"},
}
"""The types that have a strategy, by the module they are in."""


def register() -> None:
    """Register every type, those not imported yet when they are; what Hypothesis calls when it is imported."""
    for name in TYPES:
        if name in sys.modules:
            announce(sys.modules[name])
    if not any(isinstance(one, _Awaiting) for one in sys.meta_path):
        sys.meta_path.insert(0, _Awaiting())


def announce(module: ModuleType) -> None:
    """Register the types of a module."""
    from hypothesis import strategies as st

    for name, strategy in TYPES[module.__name__].items():
        st.register_type_strategy(getattr(module, name), _drawn(strategy))


def _drawn(name: str) -> Callable[[type[Any]], Any]:
    def strategy(_: type[Any]) -> Any:
        from bizcore.testing import strategies

        return getattr(strategies, name)()

    return strategy


class _Awaiting(MetaPathFinder):
    """Finds no module itself: it lets the others find one of ours, and announces its types once it is there."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in TYPES:
            return None
        others = (one for one in sys.meta_path if one is not self and hasattr(one, "find_spec"))
        spec = next((found for one in others if (found := one.find_spec(fullname, path, target)) is not None), None)
        if spec is not None and spec.loader is not None:
            _announcing(spec.loader)
        return spec


def _announcing(loader: Any) -> None:
    """The loader of one module, which announces it when it has run it."""
    run = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        run(module)
        announce(module)

    loader.exec_module = exec_module
