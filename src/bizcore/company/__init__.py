"""The facade: `Company` and what it returns. What most programs never touch is imported when it is."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from bizcore.company.facade import Company
    from bizcore.company.fork import Fork, compare
    from bizcore.company.lineage import Trace

__all__ = ["Company", "Fork", "Trace", "compare"]

_WHERE = {"Company": "facade", "Fork": "fork", "Trace": "lineage", "compare": "fork"}


def __getattr__(name: str) -> object:
    """Import a public name at first use."""
    if name not in _WHERE:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"bizcore.company.{_WHERE[name]}"), name)
