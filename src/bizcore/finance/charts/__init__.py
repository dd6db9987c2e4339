"""Charts of accounts as data: each a function that gives rows of code, nature, roles, statement line and names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bizcore.finance.charts import ifrs

CHARTS: Final[dict[str, Callable[[], list[dict[str, str]]]]] = {"ifrs": ifrs.rows}
"""The charts that come with the library, by name."""
