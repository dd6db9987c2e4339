"""Proof for other people's code: strategies, stories, the mirror, the store contract, faults, crashes, clients in parallel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bizcore.testing.contract import StoreContract
    from bizcore.testing.mirror import Declined, Different, Mirror
    from bizcore.testing.stories.told import Told

__all__ = ["Declined", "Different", "Mirror", "StoreContract", "Told"]

_WHERE: Final = {
    "Declined": "bizcore.testing.mirror",
    "Different": "bizcore.testing.mirror",
    "Mirror": "bizcore.testing.mirror",
    "StoreContract": "bizcore.testing.contract",
    "Told": "bizcore.testing.stories.told",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first needed: a value's strategy needs no store contract."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)
