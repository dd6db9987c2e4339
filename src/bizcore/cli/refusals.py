"""Refused records: where in the files the reason stands, and which refused record is behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from attrs import frozen

from bizcore.cli.layout import LAYOUTS, LINE, BadCell, Record
from bizcore.kernel.errors import BizcoreError, Invalid
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity

WHOLE: Final = "id"
"""The field of a refusal that is about the record as a whole."""


@frozen
class Refusal:
    """A record that was refused: where it stands, which field and rule, and the refused record it depends on, if it does."""

    file: str
    line: int
    field: str
    rule: str
    record: str
    because: str = ""

    def to_plain(self) -> dict[str, object]:
        """As JSON types."""
        return {name: getattr(self, name) for name in ("record", "file", "line", "field", "rule", "because")}


def located(record: Record, error: BizcoreError, because: str = "") -> Refusal:
    """The refusal of a record by a rule: the cell that the error's facts quote, else the record as a whole.

    The line of a document is preferred to its head, the cell furthest right to those that only say which line it is.
    """
    rule = f"{error.code}: {error.message}"
    head, below = f"{record.file}.csv", f"{record.file}_lines.csv"
    if isinstance(error, BadCell):
        line = int(str(error.facts["line"]))
        where = (below, line) if line else (head, record.line)
        return Refusal(*where, str(error.facts["field"]), rule, record.key, because)
    layout = LAYOUTS[record.file]
    facts = list(_facts(error))
    best = max(record.lines, key=lambda one: len(_quoted(one, layout.lines, facts)), default={})
    quoted = _quoted(best, layout.lines, facts)
    if quoted:
        return Refusal(below, best[LINE], quoted[-1], rule, record.key, because)
    named = [name for name in _differing(error) if name in layout.columns]
    found = named or _quoted(record.cells, layout.columns, facts)
    # A date is quoted by many rules that are about something else.
    field = next((name for name in found if name != "date"), found[0] if found else WHOLE)
    return Refusal(head, record.line, field, rule, record.key, because)


def _differing(error: BizcoreError) -> tuple[str, ...]:
    """The fields that an error itself names, such as those of a key that stands for another act."""
    fields = error.facts.get("fields", ())
    return tuple(str(one) for one in fields) if isinstance(fields, tuple) else ()


def _facts(error: BizcoreError) -> Iterator[object]:
    for fact in error.facts.values():
        if isinstance(fact, tuple):
            yield from fact
        else:
            yield fact


def _quoted(cells: Mapping[str, Any], columns: Iterable[str], facts: Iterable[object]) -> list[str]:
    known = list(facts)
    return [name for name in columns if name in cells and any(_is(cells[name], fact) for fact in known)]


def _is(cell: object, fact: object) -> bool:
    """Whether a fact of an error quotes a cell."""
    if isinstance(cell, Decimal):
        match fact:
            case bool():
                return False
            case int() | Decimal():
                return cell == fact
            case Money():
                return cell == fact.amount
            case Quantity():
                return cell == fact.amount
            case str():
                return str(cell) == fact
        return False
    if isinstance(cell, date):
        return cell == fact or cell.isoformat() == fact
    return cell == fact or (isinstance(fact, str) and cell == fact.strip("'"))


class Causes:
    """Which refused record is behind another refusal: one that it names, or one of the same thread or goods.

    A thread is everything that hangs on the same document: shipments and invoices of an order, steps of a quote, receipts
    and bills of a purchase order.
    """

    def __init__(self) -> None:
        self._thread: dict[str, frozenset[str]] = {}
        self._goods: dict[str, frozenset[str]] = {}
        self._refused: dict[str, Record] = {}

    def seen(self, record: Record) -> None:
        """Note what a record hangs on, before it is tried."""
        above = [name.key for name in record.names() if name.must]
        self._thread[record.key] = frozenset(above).union(*(self._thread.get(key, frozenset()) for key in above))
        items = {str(one["item"]) for one in (record.cells, *record.lines) if "item" in one}
        self._goods[record.key] = frozenset(items).union(*(self._goods.get(key, frozenset()) for key in above))

    def refuse(self, record: Record) -> None:
        """Note that a record was refused."""
        self._refused[record.key] = record

    def refused(self, key: str) -> bool:
        """Whether a record was refused."""
        return key in self._refused

    def of(self, record: Record, error: BizcoreError) -> str:
        """The key of the latest refused record that a rule's refusal goes back to, empty when it stands on its own.

        What is wrong in itself (`Invalid`) goes back to nothing: no other record would have made it right.
        """
        if isinstance(error, Invalid):
            return ""
        latest = [one for one in reversed(self._refused) if one != record.key]
        item = error.facts.get("item")
        for key in latest:
            if item is not None:
                # Only what brings goods in can make them lack.
                if self._refused[key].file in ("receipts", "moves", "returns") and item in self._goods[key]:
                    return key
            elif self._thread[key] & self._thread[record.key]:
                return key
        return ""
