"""Laws of money, quantities and their one JSON form."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from bizcore.book.entry import Entry, Posting
from bizcore.kernel.codec import decode, encode, plain
from bizcore.kernel.exact import Exact, number, plain_number
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity, convert

MINOR = st.integers(-(10**15), 10**15)
CODES = st.sampled_from(["EUR", "JPY", "KWD", "CLF", "DEM"])
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@given(first=MINOR, second=MINOR, code=CODES)
def test_adding_money_is_adding_its_minor_units(first: int, second: int, code: str) -> None:
    left, right = Money.of_minor(first, code), Money.of_minor(second, code)
    assert (left + right).minor == first + second
    assert left + right - right == left
    assert -left + left == Money.zero(code)
    assert Money.sum([left, right], code) == left + right
    assert (left < right) == (first < second)


@given(minor=MINOR, code=CODES)
def test_money_reads_back_from_text_and_json(minor: int, code: str) -> None:
    money = Money.of_minor(minor, code)
    assert Money(str(money.amount), code) == money
    assert Money.from_plain(json.loads(money.to_json())) == money == Money.from_plain(money.to_plain())
    assert money.exact.round() == money


@given(value=st.fractions(max_denominator=10**6))
def test_canonical_text_of_a_number_reads_back(value: Fraction) -> None:
    text = plain_number(value)
    exact = Exact(text, "EUR")
    assert exact.amount == value
    assert Exact.from_plain(exact.to_plain()) == exact


@given(
    amount=st.decimals(-(10**12), 10**12, places=6), factor=st.fractions(Fraction(1, 1000), 1000, max_denominator=1000)
)
def test_a_conversion_there_and_back_is_exact(amount: Decimal, factor: Fraction) -> None:
    quantity = Quantity(amount, "box")
    factors = {"box": factor, "piece": Fraction(1)}
    assert convert(convert(quantity, "piece", factors=factors), "box", factors=factors) == quantity
    assert Quantity.of_scaled(quantity.scaled, "box") == quantity


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(data=JSON)
def test_canonical_text_is_what_json_writes_with_sorted_keys(data: object) -> None:
    assert encode(data) == json.dumps(data, sort_keys=True, separators=(",", ":"))


@given(
    minor=MINOR.filter(bool),
    on=st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    text=TEXT,
    dims=st.dictionaries(TEXT, TEXT, max_size=3),
    party=st.none() | st.just("beta"),
)
def test_an_entry_reads_back_and_its_text_is_canonical(
    minor: int, on: date, text: str, dims: dict[str, str], party: str | None
) -> None:
    amount = Money.of_minor(minor, "EUR")
    entry = Entry(on, [Posting("1000", amount, party=party, dims=Map(dims)), Posting("4000", -amount)], text=text)
    written = encode(entry)
    assert decode(Entry, json.loads(written)) == entry
    assert written == json.dumps(plain(entry), sort_keys=True, separators=(",", ":"))


@given(value=st.decimals(-(10**9), 10**9, places=4))
def test_spellings_of_one_number_are_one_text(value: Decimal) -> None:
    assert encode(number(value)) == encode(number(format(value, "f"))) == encode(number(value.normalize() + 0))
