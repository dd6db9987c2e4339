"""The codec reads by declared types; what it refuses says where."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from attrs import field, frozen

from bizcore.finance.documents import Invoice
from bizcore.finance.terms import BadTerms, Terms
from bizcore.kernel.codec import MissingField, UnknownField, WrongType, decode, encode
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import InvalidAmount, NotPositive, number
from bizcore.kernel.shapes import shape
from bizcore.sfa.orders import Order
from bizcore.supply.costmoves import CostMethod
from bizcore.supply.methods import Methods


def test_a_list_of_so_many_is_read_part_by_part() -> None:
    methods = Methods((("1900-01-01", CostMethod.FIFO), ("2026-02-01", CostMethod.MOVING_AVERAGE)))
    assert decode(Methods, {"steps": [["1900-01-01", "fifo"], ["2026-02-01", "moving_average"]]}) == methods
    for wrong in (["1900-01-01"], ["1900-01-01", "fifo", "lifo"], "ab", {"a": 1, "b": 2}):
        with pytest.raises(WrongType) as error:
            decode(Methods, {"steps": [wrong]})
        assert error.value.path == "steps.0"
    with pytest.raises(WrongType) as refused:
        decode(Methods, {"steps": [["1900-01-01", "no such"]]})
    assert refused.value.path == "steps.0.1"


def test_a_declared_type_is_taken_apart_in_one_place() -> None:
    assert shape(tuple[str, int]) == ("fixed", (str, int))
    assert shape(tuple[str, ...]) == ("sequence", (str,))
    assert shape(list) == ("sequence", (Any,))
    assert shape(Decimal | int | str | Fraction | None) == ("optional", (Decimal | int | str | Fraction,))
    assert shape(Decimal | int | str | Fraction) == ("class", (Fraction,))


LINE = {"text": "x", "quantity": "2", "price": "1"}
ORDER = {"customer": "beta", "on": "2026-03-05", "currency": "EUR"}


@pytest.mark.parametrize(
    ("line", "refusal", "path"),
    [
        ({"quantity": "-2"}, NotPositive, "lines.1.quantity"),
        ({"discount_percent": "101"}, Invalid, "lines.1.discount_percent"),
        ({"price": "1e3"}, InvalidAmount, "lines.1.price"),
        ({"price": 1.5}, InvalidAmount, "lines.1.price"),
        ({"cancelled": "3"}, Invalid, "lines.1"),
        ({"colour": "red"}, UnknownField, "lines.1"),
    ],
)
def test_a_fields_own_rule_says_where(line: dict[str, Any], refusal: type[Invalid], path: str) -> None:
    with pytest.raises(refusal) as error:
        decode(Order, {**ORDER, "lines": [LINE, LINE | line]})
    assert error.value.path == path


def test_the_first_missing_field_is_named_in_the_order_of_the_class() -> None:
    with pytest.raises(MissingField) as error:
        decode(Invoice, {"currency": "EUR"})
    assert error.value.facts["name"] == "on"


def twice(value: Any) -> Decimal:
    return 2 * Decimal(value)


@frozen
class Loose:
    """A class whose converters take more than the parser does."""

    amount: Decimal = field(converter=Decimal)
    share: Decimal = field(default=0, converter=twice)


def test_a_converter_that_is_no_reader_is_given_what_was_read() -> None:
    """Text goes unread only to a converter that takes `object`: any other one could take more than the parser does."""
    assert decode(Loose, {"amount": "1.5"}) == Loose("1.5")
    for wrong in ("NaN", "1e5", 1.5, True):
        for name in ("amount", "share"):
            with pytest.raises(InvalidAmount) as error:
                decode(Loose, {"amount": "1", name: wrong})
            assert error.value.path == name


@pytest.mark.parametrize(
    "text", ["0", "-0", "-0.00", "+0.0", "0.10", "-12.50", "007", "+5", "1" * 19, "0." + "1" * 19, ".5", "5."]
)
def test_a_number_is_the_same_whichever_way_it_is_read(text: str) -> None:
    found = number(text)
    assert (found, found.is_signed() and not found) == (Decimal(text), False)
    assert str(number(Decimal(text))) == str(found)
    assert number(found) == found
    assert decode(Decimal, text) == found
    assert Decimal(encode(found).strip('"')) == found


def test_terms_that_are_too_deep_to_show_are_refused() -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(BadTerms):
        decode(Terms, deep)


def test_a_whole_number_has_as_many_digits_as_any_other() -> None:
    assert decode(int, 10**38 - 1) == 10**38 - 1
    for wrong in (10**38, -(10**38), 10**5000):
        with pytest.raises(WrongType):
            decode(int, wrong)
