"""A strategy for every value with a JSON form, made from the types its fields declare."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from bizcore.book.entry import Entry
from bizcore.finance.terms import Terms
from bizcore.flow.approval import ApprovalRule
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.exact import Exact
from bizcore.kernel.explain import Explanation
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.shapes import shape
from bizcore.supply.costmoves import CostMethod
from bizcore.supply.counts import Count, CountLine
from bizcore.supply.methods import Methods
from bizcore.testing.strategies import days, entries, moneys, quantities

_WORDS: Final = st.sampled_from(["x", "beta", "Bolt M8", "Überweisung", "发票", 'a "quoted" \\ text'])
_NUMBERS: Final = st.integers(1, 9_900).map(lambda n: Decimal(n + 99) / 100)

_FIELDS: Final[Mapping[tuple[str, Any], st.SearchStrategy[Any]]] = {
    ("currency", str): st.just("EUR"),
    ("base", str): st.just("EUR"),
    ("quote", str): st.just("USD"),
    ("tax", str): st.sampled_from(["S20", "S7"]),
    ("source", str): st.just("main"),
    ("target", str): st.just("yard"),
    ("start", date): days(end=date(2025, 12, 31)),
    ("end", date): days(start=date(2026, 1, 1)),
}
"""Fields whose name says more than their type."""


def values(cls: Any) -> st.SearchStrategy[Any]:
    """Values of a class with a JSON form, or of a type made of such: valid, and the simplest has the defaults it can have.

    Of a class of attrs fields those with a default are drawn too, as far as the class takes them.

    >>> from hypothesis import find
    >>> from bizcore.kernel.parties import ContactPoint
    >>> find(values(ContactPoint), lambda one: True)
    ContactPoint(kind='x', value='x')
    """
    form, parts = shape(cls)
    match form:
        case "optional":
            return st.none() | values(parts[0])
        case "choice":
            return st.one_of([values(one) for one in parts])
        case "literal":
            return st.sampled_from(parts)
        case "sequence":
            return st.lists(values(parts[0]), min_size=1, max_size=3).map(tuple)
        case "fixed":
            return st.tuples(*[values(one) for one in parts])
        case "mapping":
            return st.dictionaries(_WORDS, values(parts[0]), max_size=2).map(Map)
        case _:
            return _of_class(parts[0])


def _of_class(cls: Any) -> st.SearchStrategy[Any]:
    if cls in _CLASSES:
        return _CLASSES[cls]
    if issubclass(cls, Enum):
        return st.sampled_from(list(cls))
    return st.deferred(lambda: _built(cls))


_CLASSES: Final[Mapping[Any, st.SearchStrategy[Any]]] = {
    str: _WORDS,
    int: st.integers(1, 1_000),
    bool: st.booleans(),
    Decimal: _NUMBERS,
    Fraction: st.fractions(1, 100, max_denominator=60),
    date: days(),
    datetime: st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds are naive
    Money: moneys(least="0.01"),
    Exact: st.builds(Exact, _NUMBERS, st.just("EUR")),
    Quantity: quantities(places=2),
    Any: _WORDS,
    Map: st.dictionaries(_WORDS, _WORDS, max_size=2).map(Map),
    Entry: entries(),
    ApprovalRule: st.builds(
        lambda named, above, approvals: ApprovalRule(**named, above=above, approvals=approvals),
        st.sampled_from([{"acts": "finance.pay"}, {"writes": "payment"}]),
        st.none() | moneys(least="0"),
        st.integers(1, 3),
    ),
    Count: st.builds(
        Count,
        on=days(),
        place=st.just("main"),
        lines=st.lists(st.builds(CountLine, _WORDS, _NUMBERS), min_size=1, max_size=3, unique_by=lambda one: one.item),
    ),
    Methods: st.just(Methods((("1900-01-01", CostMethod.FIFO), ("2026-01-01", CostMethod.MOVING_AVERAGE)))),
    Terms: st.sampled_from(["now", "30 days", "30% now; rest end of month"]).map(Terms),
    Explanation: st.builds(
        Explanation, _WORDS, _WORDS, steps=st.lists(st.builds(Explanation, _WORDS, _WORDS), max_size=2)
    ),
}


@st.composite
def _built(draw: st.DrawFn, cls: Any) -> Any:
    hints = typing.get_type_hints(cls)
    own = [one for one in attrs.fields(cls) if one.init]
    made = cls(**{one.alias: draw(_field(one, hints)) for one in own if one.default is attrs.NOTHING})
    for one in own:
        if one.default is not attrs.NOTHING and one.name not in _RECORDED and draw(st.booleans()):
            with suppress(BizcoreError):  # the field contradicts another one, as a stated tax does a tax code
                made = attrs.evolve(made, **{one.alias: draw(_field(one, hints))})
    return made


_RECORDED: Final = frozenset({"id", "number", "state"})
"""What a document gets when it is recorded."""


def _field(one: Any, hints: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    hint = hints[one.name]
    form, parts = shape(hint)
    known = (one.name, parts[0] if form in {"class", "optional"} else None)
    return _FIELDS[known] if known in _FIELDS else values(hint)
