"""Figures that chains of rates and prices make: they are kept, written and read back, or refused with a type."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizcore.kernel.codec import encode
from bizcore.kernel.exact import Exact, InvalidAmount, MixedUnits, fraction, number, plain_number
from bizcore.kernel.maps import BadKey, Map
from bizcore.kernel.money import Money, TooFine
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.rounding import BadStep

LONG = Decimal("0.12345678901234567891")
WHOLE = st.integers(-(10**290), 10**290)


@given(above=WHOLE, below=WHOLE.filter(bool), twos=st.integers(0, 60), fives=st.integers(0, 60))
def test_every_fraction_that_may_exist_reads_back_from_its_text(above: int, below: int, twos: int, fives: int) -> None:
    for value in (Fraction(above, below), Fraction(above, 2**twos * 5**fives), Fraction(above)):
        assert fraction(plain_number(value)) == value


@given(value=st.decimals(allow_nan=False, allow_infinity=False))
def test_every_number_that_passes_reads_back_from_its_text(value: Decimal) -> None:
    try:
        read = number(value)
    except InvalidAmount:
        return
    assert number(plain_number(read)) == read == value
    assert plain_number(Fraction(read)) == plain_number(read)


def test_a_product_of_long_factors_survives_its_json() -> None:
    for made in (Exact(LONG, "EUR") * LONG * LONG, Quantity(LONG, "kg") * LONG * LONG):
        assert type(made).from_plain(made.to_plain()) == made


def test_a_number_whose_text_would_be_too_long_is_refused() -> None:
    assert number(Decimal("1E+20")) == 10**20
    with pytest.raises(InvalidAmount):
        number(Decimal("12345678901234567890123456789012345678E+1"))


def test_a_fraction_grown_beyond_its_bound_is_refused() -> None:
    with pytest.raises(InvalidAmount):
        Exact(Fraction(1, 10**300 + 1), "EUR")
    with pytest.raises(InvalidAmount):
        fraction("1" * 301 + "/3")


@pytest.mark.parametrize("text", ["1/0", "1/-3", "1/ 3", "/3", "1/", "1/3/5", "１/3", "-/3", "--1/3", "1/3\n"])
def test_what_is_no_fraction_is_refused(text: str) -> None:
    with pytest.raises(InvalidAmount):
        fraction(text)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_is_never_written(text: str) -> None:
    with pytest.raises(InvalidAmount):
        encode(Decimal(text))


def test_exact_amounts_divide_into_a_ratio_of_one_currency() -> None:
    assert Exact("1", "EUR") / Exact("3", "EUR") == Fraction(1, 3)
    assert Exact("1", "EUR") / 4 == Exact("0.25", "EUR")
    with pytest.raises(MixedUnits):
        Exact("1", "EUR") / Exact("1", "USD")
    for nothing in (0, "0.00", Exact(0, "EUR")):
        with pytest.raises(InvalidAmount):
            Exact("1", "EUR") / nothing


def test_rounding_to_an_increment_rounds_once() -> None:
    assert Exact("7.38", "CHF").round(increment="0.05") == Money("7.40", "CHF")
    assert Exact("-7.38", "CHF").round(increment="0.05") == Money("-7.40", "CHF")
    with pytest.raises(TooFine) as error:
        Exact("0.12", "EUR").round(increment="0.125")
    assert (error.value.unit, error.value.places) == ("EUR", 2)
    with pytest.raises(BadStep):
        Exact("0.12", "EUR").round(increment=0)


def test_no_attribute_of_a_value_can_be_taken_away() -> None:
    for value, name in ((Money("1", "EUR"), "minor"), (Exact(1, "EUR"), "amount"), (Quantity(1, "kg"), "unit")):
        with pytest.raises(AttributeError):
            delattr(value, name)
    with pytest.raises(AttributeError):
        del Map({"a": 1})._items


@pytest.mark.parametrize("items", [{1: "a"}, {None: 1, "a": 2}, {("a",): 1}])
def test_a_mapping_is_from_text(items: dict[object, object]) -> None:
    with pytest.raises(BadKey):
        Map(items)  # type: ignore[arg-type]


def test_a_mapping_is_its_content() -> None:
    one = Map({"b": 2, "a": 1})
    assert hash(one) == hash(Map({"a": 1, "b": 2}))
    assert list(one.items()) == [("a", 1), ("b", 2)]
    assert one.without("b") | {"c": 3} == {"a": 1, "c": 3}
    assert one.without("nothing") == one.set("a", 1) == one
    assert one != {"a": 1}
    assert "c" not in one
