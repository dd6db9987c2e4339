"""The rules of business as plain Python values: money, goods and deals that always add up.

What most users need stands here and is loaded on first touch, so that `import bizcore` costs nothing; everything else is
imported from its domain (`bizcore.finance`, `bizcore.supply`, `bizcore.sfa`).
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing for it would cost more than everything else here; checkers know the name

if TYPE_CHECKING:
    from bizcore.company import Company
    from bizcore.kernel.errors import BizcoreError, Conflict, Invalid, LawBroken, NotFound, Refused, Unavailable
    from bizcore.kernel.exact import Exact
    from bizcore.kernel.money import Money
    from bizcore.kernel.parties import Party
    from bizcore.kernel.periods import Period
    from bizcore.kernel.quantity import Quantity
    from bizcore.kernel.table import Table
    from bizcore.store.opener import open_store

__version__ = "0.1.0"

__all__ = [
    "BizcoreError",
    "Company",
    "Conflict",
    "Exact",
    "Invalid",
    "LawBroken",
    "Money",
    "NotFound",
    "Party",
    "Period",
    "Quantity",
    "Refused",
    "Table",
    "Unavailable",
    "open_store",
]

_HOMES = {
    "BizcoreError": "bizcore.kernel.errors",
    "Company": "bizcore.company",
    "Conflict": "bizcore.kernel.errors",
    "Exact": "bizcore.kernel.exact",
    "Invalid": "bizcore.kernel.errors",
    "LawBroken": "bizcore.kernel.errors",
    "Money": "bizcore.kernel.money",
    "NotFound": "bizcore.kernel.errors",
    "Party": "bizcore.kernel.parties",
    "Period": "bizcore.kernel.periods",
    "Quantity": "bizcore.kernel.quantity",
    "Refused": "bizcore.kernel.errors",
    "Table": "bizcore.kernel.table",
    "Unavailable": "bizcore.kernel.errors",
    "open_store": "bizcore.store.opener",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value  # the second touch is an ordinary attribute
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
