"""Plain data where a value is expected: every public entrance answers with its own refusal, never with Python's."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from bizcore.book.entry import Entry, credit, debit
from bizcore.change.act import BadArguments
from bizcore.company import Company
from bizcore.company.refusals import UnknownKind
from bizcore.finance.documents import Invoice
from bizcore.kernel.calendars import NotAPeriod, calendar
from bizcore.kernel.codec import DuplicateName, WrongType
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.exact import InvalidAmount
from bizcore.kernel.maps import BadKey
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity, convert
from bizcore.kernel.rates import Rate, RateBook
from bizcore.kernel.rounding import BadWeights
from bizcore.kernel.spans import Span
from bizcore.kernel.table import Column, NoSuchCell, Table
from bizcore.store.opener import UnknownStore, open_store
from bizcore.store.port import StoreUnavailable
from bizcore.store.sqlite import SqliteDatabase
from bizcore.testing.toys import Note, ToyDesk

EUR = Money("1", "EUR")
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.fixture(params=["memory:", "sqlite:///{}/a.db"])
def acme(request: pytest.FixtureRequest, tmp_path: Path) -> Company:
    return Company.create("acme", currency="EUR", store=request.param.format(tmp_path), actor="ann")


def sale(acme: Company) -> Any:
    return acme.finance.post(Entry("2026-03-05", [debit("1000", EUR), credit("4000", EUR)]))


def asked(acme: Company, request: Any) -> Any:
    return acme.apply(lambda inside: inside.apply(sale(inside)), key="w", request=request)


COMPANY: list[tuple[Callable[[Any], Any], type[BizcoreError]]] = [
    (lambda acme: acme.act('{"act":["x"],"arguments":{}}'), BadArguments),
    (lambda acme: acme.act('{"act":{},"arguments":{}}'), BadArguments),
    (lambda acme: acme.act('{"act":"x","act":"y","arguments":{}}'), DuplicateName),
    (lambda acme: acme.act('{"act":"sfa.work","arguments":{"lead":"x","lead":"y"}}'), DuplicateName),
    (lambda acme: asked(acme, {1: 2}), BadKey),
    (lambda acme: asked(acme, {"a": {1: 2, "b": 3}}), BadKey),
    (lambda acme: asked(acme, DEEP), WrongType),
    (lambda acme: acme.erase("L"), WrongType),
    (lambda acme: acme.trace("SO"), WrongType),
    (lambda acme: acme.entry(1), WrongType),
    (lambda acme: acme.entry(None), WrongType),
    (lambda acme: acme.get(Invoice, []), WrongType),
    (lambda acme: acme.get(Invoice, 1), WrongType),
    (lambda acme: acme.get("invoice", "x"), WrongType),
    (lambda acme: acme.documents(None), WrongType),
    (lambda acme: acme.finance.invoices[[]], WrongType),
    (lambda acme: acme.finance.invoices.get({}), WrongType),
    (lambda acme: acme.apply_each(None), WrongType),
    (lambda acme: acme.apply_each([sale(acme)]), WrongType),
    (lambda acme: acme.apply_each([(sale(acme), "a", "b")]), WrongType),
    (lambda acme: acme.fork().apply_each(None), WrongType),
    (lambda acme: acme.fork().apply_each([sale(acme)]), WrongType),
    (lambda acme: acme.verify(anchor=1), WrongType),
    (lambda acme: acme.verify(anchor=(1, "x")), WrongType),
    (lambda acme: list(acme.log(after=None)), WrongType),
    (lambda acme: list(acme.log(after="1")), WrongType),
    (lambda acme: acme.as_known(None), BizcoreError),
    (lambda acme: acme.desk([]), BizcoreError),
    (lambda _: Company.create("a", currency="EUR", store=None), UnknownStore),  # type: ignore[arg-type]
    (lambda _: Company.open("a", store=1), UnknownStore),  # type: ignore[arg-type]
    (lambda _: Company.create("a", currency="EUR", kinds=None), WrongType),  # type: ignore[arg-type]
    (lambda _: Company.create("a", currency="EUR", kinds=[1]), WrongType),  # type: ignore[list-item]
    (lambda _: Company.create("a", currency="EUR", desks=[Invoice]), WrongType),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("ask", "refusal"), COMPANY, ids=[str(at) for at in range(len(COMPANY))])
def test_a_company_refuses_what_is_no_value(
    acme: Company, ask: Callable[[Any], Any], refusal: type[BizcoreError]
) -> None:
    with pytest.raises(refusal):
        ask(acme)
    assert acme.head == 0


BOOK = RateBook([Rate("EUR", "USD", "2026-03-05", "1.25")])
YEAR = Span("2026-01-01", "2027-01-01")
VALUES: list[tuple[Callable[..., Any], tuple[Any, ...], type[BizcoreError]]] = [
    *((EUR.split, (weights,), BadWeights) for weights in (
        ["1", "2"], [float("nan")], [Decimal("NaN"), 1], [Decimal("Infinity"), 1], [None], [True], 5, None, [-1, 2], []
    )),
    (Money.sum, ([EUR, None], "EUR"), InvalidAmount),
    (Money.sum, ([None, EUR], "EUR"), InvalidAmount),
    (Money.sum, ([EUR, EUR.exact], "EUR"), InvalidAmount),
    (Money.sum, (None, "EUR"), InvalidAmount),
    (RateBook, ([None],), WrongType),
    (RateBook, (None,), WrongType),
    (BOOK.convert, ("1", "USD", "2026-03-05"), WrongType),
    (BOOK.rate, ("EUR", "USD", "2026-03-05", "spot"), WrongType),
    (Span.overlaps, (YEAR, None), WrongType),
    (Span.intersect, (YEAR, ("2026-01-01", None)), WrongType),
    (calendar("calendar-year").following, (None,), NotAPeriod),
    (calendar("calendar-year").previous, ("2026",), NotAPeriod),
    (Table, (None, []), WrongType),
    (Table, ([Column("a")], None), WrongType),
    (Table, ([Column("a")], [1]), WrongType),
    (Table, (["a"], []), WrongType),
    (Table([Column("a")], [[1]]).__getitem__, (1,), NoSuchCell),
    (Table([Column("a")], [[1]]).__getitem__, ((0, "a", 1),), NoSuchCell),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "given", "refusal"), VALUES, ids=[str(at) for at in range(len(VALUES))])
def test_a_value_refuses_what_is_none(
    ask: Callable[..., Any], given: tuple[Any, ...], refusal: type[BizcoreError]
) -> None:
    with pytest.raises(refusal):
        ask(*given)


@pytest.mark.parametrize(
    ("quantity", "to", "factors"),
    [
        (Quantity(1, "x"), "y", None),
        ("1", "y", {}),
        (Quantity(1, "x"), "y", {"x": "twelve", "y": Fraction(1)}),
        (Quantity(1, "x"), "y", {"x": Fraction(1), "y": Fraction(0)}),
        (Quantity(1, "x"), [], {"x": Fraction(1)}),
    ],
)
def test_units_are_converted_by_factors_above_zero(quantity: Any, to: Any, factors: Any) -> None:
    with pytest.raises(BizcoreError):
        convert(quantity, to, factors=factors)


def test_an_error_in_what_is_summed_is_the_callers_own() -> None:
    def amounts() -> Any:
        yield EUR
        raise AttributeError("mine")

    with pytest.raises(AttributeError, match="mine"):
        Money.sum(amounts(), "EUR")
    assert EUR.split([Decimal(1), Fraction(1, 2), 0])[0].minor == 67


@pytest.mark.parametrize(
    ("url", "refusal"),
    [
        ("sqlite:///x\x00y.db", StoreUnavailable),
        ("sqlite:///x%00y.db", StoreUnavailable),
        ("sqlite:///x\ud800.db", StoreUnavailable),
        ("sqlite:///:memory:", UnknownStore),
        ("sqlite:///:memory:?synchronous=normal", UnknownStore),
        ("sqlite:///x.db#fragment", UnknownStore),
    ],
)
def test_what_is_no_files_address_is_refused(
    url: str, refusal: type[BizcoreError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(refusal) as error:
        open_store(url)
    assert refusal is StoreUnavailable or "memory:" in error.value.facts["known"]  # type: ignore[operator]
    assert list(tmp_path.iterdir()) == []


def test_the_answer_of_a_kind_that_nobody_gave_is_refused(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/a.db"
    made = Company.create("acme", currency="EUR", store=store, kinds=[Note], desks=[ToyDesk], actor="ann")
    toys: Any = made.desk("toy")
    made.apply(toys.note("x"))
    [change] = Company.open("acme", store=store).log()
    with pytest.raises(UnknownKind):
        assert change.value
    made.close()


def test_a_file_may_have_any_name_that_is_quoted(tmp_path: Path) -> None:
    database: Any = open_store(f"sqlite:///{tmp_path}/a%23b.db")
    assert isinstance(database, SqliteDatabase)
    assert database.path.endswith("a#b.db")
    database.close()
