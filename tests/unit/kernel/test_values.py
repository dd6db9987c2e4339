"""What values of the kernel refuse, and what they keep."""

from __future__ import annotations

import copy
import decimal
import pickle
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from bizcore.kernel.codec import MissingField, UnknownField, decode, encode, reader
from bizcore.kernel.currencies import UnknownCurrency, currencies, currency, digits
from bizcore.kernel.days import NaiveInstant, NotADate, day, instant
from bizcore.kernel.errors import BizcoreError, Invalid
from bizcore.kernel.exact import Exact, InvalidAmount, MixedUnits, number, plain_number
from bizcore.kernel.ids import InvalidId, checked_id
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money, TooFine
from bizcore.kernel.parties import Party
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.rates import BadRate, Rate, RateBook, RateKind, RateMissing
from bizcore.kernel.spans import EmptySpan, Span
from bizcore.kernel.table import Column, NoSuchCell, Table

NAIVE = datetime(2026, 3, 5)  # noqa: DTZ001 - what must be refused
HOSTILE_AMOUNTS = [
    "NaN", "sNaN", "Infinity", "-Infinity", "1E+1000000", "1e5", "1_000", "１２３", " 12 ", "", "12.", "--1", "1,5", "0x10",
    "9" * 39, "1" * 100_000, True, False, 1.5, float("nan"), None, b"1", [], 10**38, Decimal("NaN"), Decimal("1E+21"),
    Decimal("1E-21"), Decimal("Infinity"),
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE_AMOUNTS, ids=lambda value: repr(value)[:20])
def test_what_is_no_exact_number_is_refused_at_once(value: object) -> None:
    if value == "12.":
        assert number(value) == 12
        return
    seconds = []
    for _ in range(3):  # a collection of the whole process's garbage falls into one of them
        begun = time.process_time()
        with pytest.raises(InvalidAmount) as error:
            number(value)
        seconds.append(time.process_time() - begun)
    assert min(seconds) < 0.05
    assert error.value.code == "invalid_amount"
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("text", "plain"), [("1.50", "1.5"), ("-0", "0"), ("-0.000", "0"), ("1200", "1200"), (".5", "0.5")]
)
def test_canonical_text_has_no_padding_and_no_negative_zero(text: str, plain: str) -> None:
    assert plain_number(number(text)) == plain


def test_money_is_never_finer_than_its_unit() -> None:
    with pytest.raises(TooFine) as error:
        Money("1.005", "EUR")
    assert (error.value.facts["unit"], error.value.facts["places"]) == ("EUR", 2)
    assert Money("1.500", "EUR").minor == 150
    with pytest.raises(TooFine):
        Money("0.5", "JPY")


@pytest.mark.parametrize("code", ["eur", "EURO", "XXX", "XAU", "", None, 5, "E\u0000R"])
def test_what_is_no_bookable_currency_is_refused(code: object) -> None:
    with pytest.raises(UnknownCurrency):
        Money("1", code)  # type: ignore[arg-type]


def test_all_current_codes_have_the_digits_iso_gives_them() -> None:
    current = [one for one in currencies().values() if not one.withdrawn]
    counts = {places: sum(one.digits == places for one in current) for places in (0, 2, 3, 4, None)}
    assert (counts[0], counts[3], counts[4], counts[None]) == (17, 7, 2, 13)
    assert (digits("JPY"), digits("KWD"), digits("CLF"), digits("CNY")) == (0, 3, 4, 2)


def test_withdrawn_currencies_exist() -> None:
    assert Money("1.00", "DEM") + Money("0.50", "DEM") == Money("1.50", "DEM")
    assert currency("FRF").withdrawn
    assert digits("ITL") == 0


def test_two_currencies_are_never_added_or_compared() -> None:
    one, other = Money("12.30", "CNY"), Money("1", "EUR")
    for act in (lambda: one + other, lambda: one - other, lambda: one < other, lambda: Money.sum([one, other], "CNY")):
        with pytest.raises(MixedUnits):
            act()
    assert one != other
    with pytest.raises(TypeError):
        one + 1  # type: ignore[operator]


def test_floats_never_touch_money() -> None:
    for act in (lambda: Money(1.5, "EUR"), lambda: Money("1", "EUR") * 1.5, lambda: Exact("1", "EUR") * 0.1):  # type: ignore[arg-type, operator]
        with pytest.raises(InvalidAmount):
            act()


def test_values_cannot_be_changed_and_survive_copies() -> None:
    for value in (Money("1.50", "EUR"), Exact("1/3", "EUR"), Quantity("2.5", "kg"), Map({"a": 1})):
        assert pickle.loads(pickle.dumps(value)) == value
        assert copy.deepcopy(value) == value
        assert hash(copy.copy(value)) == hash(value)
        with pytest.raises(AttributeError):
            value.amount = 5  # type: ignore[union-attr, misc, assignment]


def test_repr_can_be_read_back() -> None:
    names = {"Money": Money, "Exact": Exact, "Quantity": Quantity, "Map": Map}
    for value in (Money("-0.05", "EUR"), Exact("1/3", "EUR"), Quantity("2.5", "kg"), Map({"a": 1})):
        assert eval(repr(value), names) == value


def test_the_hosts_decimal_context_changes_nothing() -> None:
    with decimal.localcontext() as context:
        context.prec, context.rounding = 5, decimal.ROUND_UP
        total = Money("12345678901234567890123456789.00", "EUR") + Money("0.01", "EUR")
        assert str(total) == "12345678901234567890123456789.01 EUR"
        assert str(total.amount) == "12345678901234567890123456789.01"
        assert number("12345678901234567890.123456789") == Decimal("12345678901234567890.123456789")


def test_quantities_convert_exactly_and_books_keep_six_places() -> None:
    assert Quantity("0.000001", "kg").scaled == 1
    with pytest.raises(TooFine):
        _ = Quantity(Fraction(1, 3), "kg").scaled
    with pytest.raises(MixedUnits):
        Quantity(1, "kg") + Quantity(1, "g")


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 3, 5, tzinfo=UTC),
        NAIVE,
        "2026-3-5",
        "20260305",
        "2026-02-30",
        20260305,
        None,
        True,
    ],
)
def test_what_passes_for_a_date_is_refused(value: object) -> None:
    with pytest.raises(NotADate) as error:
        day(value)
    if isinstance(value, datetime):
        assert ".date()" in str(error.value)


def test_instants_are_aware() -> None:
    with pytest.raises(NaiveInstant):
        instant(NAIVE)
    assert instant("2026-03-05T12:00:00+09:00") == datetime(2026, 3, 5, 3, tzinfo=UTC)


@pytest.mark.parametrize("value", ["", "a#b", "a\nb", "a\u0000", "x" * 201, 5, None, "a\u0085b", "\ud800"])
def test_ids_are_short_text_without_control_characters(value: object) -> None:
    with pytest.raises(InvalidId):
        checked_id(value, "id")


def test_ids_are_opaque() -> None:
    for text in ("order 4711", "发票-7", "'; drop table x; --", "a/b", "é"):
        assert checked_id(text, "id") == text


def test_spans_are_half_open() -> None:
    span = Span("2026-01-01", "2026-02-01")
    assert span.contains("2026-01-31")
    assert not span.contains("2026-02-01")
    assert not span.overlaps(Span("2026-02-01", None))
    assert span.intersect(Span("2026-01-15", None)) == Span("2026-01-15", "2026-02-01")
    with pytest.raises(EmptySpan):
        Span("2026-02-01", "2026-01-01")


def test_a_missing_rate_is_an_error_and_a_quoted_pair_serves_both_ways() -> None:
    book = RateBook([Rate("EUR", "USD", "2026-03-05", "1.25"), Rate("EUR", "CNY", "2026-03-05", "8")])
    assert book.rate("USD", "EUR", "2026-03-05") == Fraction(4, 5)
    for arguments in (
        ("USD", "EUR", "2026-03-06", RateKind.SPOT),
        ("USD", "EUR", "2026-03-05", RateKind.CLOSING),
        ("USD", "CNY", "2026-03-05", RateKind.SPOT),
    ):
        with pytest.raises(RateMissing):
            book.rate(*arguments)
    assert book.rate("USD", "EUR", "2026-03-06", on_or_before=True) == Fraction(4, 5)
    assert book.rate("USD", "CNY", "2026-03-05", cross="EUR") == Fraction(32, 5)
    with pytest.raises(BadRate):
        RateBook([Rate("EUR", "USD", "2026-03-05", "1.25"), Rate("EUR", "USD", "2026-03-05", "1.26")])


def test_a_reader_says_where_the_wrong_value_stands() -> None:
    with pytest.raises(Invalid) as error:
        decode(Party, {"id": "beta", "name": "Beta", "contact_points": [{"kind": "email", "value": 5}]})
    assert error.value.path == "contact_points.0.value"
    with pytest.raises(UnknownField):
        decode(Party, {"id": "beta", "name": "Beta", "nick": "B"})
    with pytest.raises(MissingField):
        decode(Party, {"id": "beta"})


def test_a_reader_takes_three_spellings_of_one_number() -> None:
    read = reader(Decimal | int | str)
    assert read(2) == read("2") == read(Decimal("2.00"))
    assert encode(read("2")) == encode(read(Decimal("2.00"))) == '"2"'


def test_nothing_without_a_json_form_is_written() -> None:
    for value in (1.5, object(), {1, 2}, {"a": 0.1}):
        with pytest.raises(Invalid):
            encode(value)


def test_tables_escape_what_a_spreadsheet_would_run() -> None:
    table = Table([Column("name"), Column("amount")], [["=1+1", Money("-5.00", "EUR")], ["@x", None], ["plain", 3]])
    assert table.to_csv().splitlines() == ["name,amount", "'=1+1,-5.00", "'@x,", "plain,3"]
    assert "<script>" not in Table([Column("a")], [["<script>"]])._repr_html_()
    with pytest.raises(NoSuchCell):
        _ = table["nobody", "amount"]


def test_errors_are_data() -> None:
    try:
        Money("1", "XXX")
    except BizcoreError as error:
        body = error.to_dict()
    assert (body["code"], body["family"]) == ("unknown_currency", "invalid")
    assert body["facts"] == {"currency": "XXX", "why": "has no minor unit; no amount can be booked in it"}
    assert day("2026-03-05") == date(2026, 3, 5)
