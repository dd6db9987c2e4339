"""Legal numbers: gap-free series, drawn when the document is recorded and never before."""

from __future__ import annotations

from datetime import date

from attrs import frozen


@frozen(kw_only=True)
class Numbering:
    """How documents of a kind are numbered: a prefix, a series a year or for ever, zero-padded so that text sorts.

    A document in one of the `unnumbered` states has no number yet; drafts have ids, not numbers.

    >>> rule = Numbering(prefix="INV")
    >>> rule.series(date(2026, 3, 5)), rule.text("INV-2026", 7), rule.provisional(1)
    ('INV-2026', 'INV-2026-000007', 'INV-?1')
    """

    prefix: str
    by: str = "year"
    width: int = 6
    unnumbered: frozenset[str] = frozenset({"draft"})

    def series(self, on: date | None) -> str:
        """The name of the series a document of that date draws from."""
        return self.prefix if self.by == "ever" or on is None else f"{self.prefix}-{on.year}"

    def text(self, series: str, count: int) -> str:
        """The number as printed."""
        return f"{series}-{count:0{self.width}d}"

    def provisional(self, count: int) -> str:
        """What stands for the number while nothing is recorded."""
        return f"{self.prefix}-?{count}"
