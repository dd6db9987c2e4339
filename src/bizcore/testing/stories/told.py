"""A story as a value: acts in order, each with its key; printed as a person would tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias, cast

import attrs
from attrs import frozen

from bizcore.book.entry import Entry
from bizcore.change.act import Act
from bizcore.flow.document import Document, Ref
from bizcore.kernel.exact import plain_number
from bizcore.kernel.money import Money

Pair: TypeAlias = Act[Any] | tuple[Act[Any], str]
"""An act of a story written by hand, with a key of its own or without."""


class Sent(NamedTuple):
    """An act as it is sent: under a key, and whether it must be refused. The same act under the same key twice is a retry."""

    act: Act[Any]
    key: str
    wrong: bool


@frozen(repr=False)
class Told:
    """A story: acts in order, each with its key, and whether it must be refused.

    >>> from bizcore import Company
    >>> finance = Company.create("acme", currency="EUR").finance
    >>> print(Told.of(finance.collect(Money("50", "EUR"), customer="beta", on="2026-01-31")))
    1  2026-01-31  finance.collect  50.00 EUR, customer beta  [act 000]
    """

    acts: tuple[Sent, ...]

    @classmethod
    def of(cls, *acts: Pair) -> Told:
        """A story written by hand: acts, each alone or with its key; none is marked as wrong."""
        pairs = [one if isinstance(one, tuple) else (one, f"act {at:03d}") for at, one in enumerate(acts)]
        return cls(tuple(Sent(act, key, wrong=False) for act, key in pairs))

    def without(self, at: int) -> Told:
        """The story with one act left out."""
        return Told(self.acts[:at] + self.acts[at + 1 :])

    def __str__(self) -> str:
        """A line for each act: number, date, verb, what it is about, key."""
        known: set[str] = set()
        lines = []
        for at, one in enumerate(self.acts, 1):
            again = "again: " if one.key in known else ""
            known.add(one.key)
            wrong = "  (to be refused)" if one.wrong else ""
            said = "  ".join(part for part in (again + one.act.name, about(one.act), f"[{one.key}]{wrong}") if part)
            lines.append(f"{at}  {when(one.act):<10}  {said}")
        return "\n".join(lines)

    __repr__ = __str__


def when(act: Act[Any]) -> str:
    """The business date of an act, as text; empty when it has none."""
    for value in act.arguments.values():
        if isinstance(value, Document | Entry) and isinstance(on := getattr(value, "on", None), date):
            return on.isoformat()
    found = next((act.arguments[name] for name in ("on", "upto", "period", "year") if name in act.arguments), None)
    return found.isoformat() if isinstance(found, date) else str(found or "")


def about(act: Act[Any]) -> str:
    """What an act is about, in a few words: amounts, parties, goods."""
    parts = []
    for name, value in act.arguments.items():
        if name not in ("on", "kind", "period", "year") and value not in (None, "", ()):
            plain = isinstance(value, Money | Document | Entry | tuple) and name != "to"
            parts.append(_words(value) if plain else f"{name} {_words(value)}")
    return ", ".join(parts)


_HEAD = ("customer", "vendor", "supplier", "name", "id", "base", "quote", "rate", "currency")


def _words(value: object) -> str:
    """A value in words: the facts of a document that an accountant would name, and its lines."""
    if isinstance(value, Entry):
        return "; ".join(f"{one.account} {one.amount}" for one in value.postings)
    if isinstance(value, Document):
        facts = [str(getattr(value, name)) for name in _HEAD if _told(getattr(value, name, None))]
        return f"{value.kind} {' '.join(facts)}{_lines(getattr(value, 'lines', ()))}"
    if isinstance(value, tuple):
        return " + ".join(_line(one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_words(one)}" for name, one in value.items())
    if isinstance(value, Decimal | Fraction):
        return plain_number(value)
    if isinstance(value, Enum):
        return str(value.value)
    if attrs.has(type(value)) and not isinstance(value, Money | Ref):
        named = attrs.asdict(cast("attrs.AttrsInstance", value), recurse=False)
        return " ".join(f"{name} {_words(fact)}" for name, fact in named.items() if fact)
    return str(value)


def _told(value: object) -> bool:
    return value is not None and not callable(value) and not isinstance(value, property) and bool(str(value))


def _lines(lines: Iterable[object]) -> str:
    found = " + ".join(map(_line, lines))
    return f": {found}" if found else ""


def _line(line: object) -> str:
    """`2 x 1.50 S20` of a trade line; quantity, item and cost of goods."""
    if isinstance(line, str):
        return line
    what = getattr(line, "item", None) or getattr(line, "text", "") or f"line {getattr(line, 'line', '')}"
    quantity = getattr(line, "quantity", None)
    price = getattr(line, "price", None)
    said = [f"{plain_number(quantity)} {what}" if quantity is not None else str(what)]
    if price is not None:
        said.append(f"at {plain_number(price)}")
    said += [str(one) for name in ("tax", "cost") if (one := getattr(line, name, None)) is not None]
    return " ".join(said)
