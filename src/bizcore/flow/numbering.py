"""Legal numbers: gap-free series, drawn when the document is recorded and never before."""

from __future__ import annotations

import re
from datetime import date
from typing import cast

from attrs import frozen

from bizcore.kernel.errors import Invalid


class BadNumbering(Invalid):
    """A rule by which nothing could be numbered."""

    code = "bad_numbering"

    def __init__(self, *, why: str) -> None:
        super().__init__(f"a numbering {why}", why=why)


@frozen(kw_only=True)
class Numbering:
    """How documents of a kind are numbered: a prefix, a series a year or for ever, zero-padded so that text sorts.

    A document in one of the `unnumbered` states has no number yet; drafts have ids, not numbers. `by` is `year` or `ever`.
    Raises: BadNumbering.

    >>> rule = Numbering(prefix="INV")
    >>> rule.series(date(2026, 3, 5)), rule.text("INV-2026", 7), rule.provisional(1)
    ('INV-2026', 'INV-2026-000007', 'INV-?1')
    """

    prefix: str
    by: str = "year"
    width: int = 6
    unnumbered: frozenset[str] = frozenset({"draft"})

    def __attrs_post_init__(self) -> None:
        """Refuse a prefix that is no text, another period, and a width outside 1 to 18."""
        prefix, width = cast("object", self.prefix), cast("object", self.width)
        if not isinstance(prefix, str) or not prefix.strip() or not prefix.isprintable():
            raise BadNumbering(why="has a prefix of printable text")
        if self.by not in ("year", "ever"):
            raise BadNumbering(why="goes by year or by ever")
        if type(width) is not int or not 1 <= width <= 18:
            raise BadNumbering(why="has 1 to 18 digits")

    def series(self, on: date | None) -> str:
        """The name of the series a document of that date draws from."""
        return self.prefix if self.by == "ever" or on is None else f"{self.prefix}-{on.year}"

    def meets(self, other: Numbering) -> bool:
        """Whether two rules could draw from one series.

        >>> Numbering(prefix="INV").meets(Numbering(prefix="INV-2026", by="ever"))
        True
        """
        return any(
            one.prefix == two.prefix
            or (one.by == "ever" and re.fullmatch(rf"{re.escape(two.prefix)}-[0-9]+", one.prefix))
            for one, two in ((self, other), (other, self))
        )

    def text(self, series: str, count: int) -> str:
        """The number as printed."""
        return f"{series}-{count:0{self.width}d}"

    def provisional(self, count: int) -> str:
        """What stands for the number while nothing is recorded."""
        return f"{self.prefix}-?{count}"
