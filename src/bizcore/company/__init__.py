"""The facade: `Company` and what it returns."""

from bizcore.company.facade import Company
from bizcore.company.fork import Fork, compare
from bizcore.company.lineage import Trace

__all__ = ["Company", "Fork", "Trace", "compare"]
