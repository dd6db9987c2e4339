"""How a driver wants its statements: its mark for what is bound, and where the tables lie."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

_TABLE: Final = re.compile(r"\bbizcore_(\w+)\b(?<!_key)")
"""A table; not the key of one, which lies where its table does and is never named with a schema."""


class Speech:
    """Says statements as one driver wants them; each is translated once.

    >>> print(Speech("%s", "bizcore").say("select body from bizcore_documents where id=? and name like '%.x'"))
    select body from bizcore.documents where id=%s and name like '%%.x'
    """

    def __init__(self, mark: str, schema: str | None) -> None:
        self.mark: str = mark
        self.schema: str | None = schema
        self._place = "bizcore_" if schema is None else f"{schema}."
        self._said: dict[str, str] = {}

    def say(self, statement: str) -> str:
        """A statement in the driver's words."""
        said = self._said.get(statement)
        if said is None:
            said = _TABLE.sub(lambda found: self._place + found[1], statement)
            if self.mark != "?":
                said = said.replace("%", "%%").replace("?", self.mark)
            self._said[statement] = said
        return said

    def table(self, name: str) -> str:
        """A table where it lies."""
        return self._place + name


class Rows:
    """An answer that was fetched whole, so that its connection may serve others meanwhile."""

    __slots__ = ("_rows",)

    def __init__(self, rows: list[Any]) -> None:
        self._rows = iter(rows)

    def fetchone(self) -> Any:
        """The next row, or None."""
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        """Row by row."""
        return self._rows
