"""The facade: `Company` and what it returns."""

from bizcore.company.facade import Company, Fork, compare
from bizcore.company.trace import Trace

__all__ = ["Company", "Fork", "Trace", "compare"]
