"""Hostile values at every public entrance that takes their kind; the list of entrances is generated from the signatures.

Each verb, report and draft of each desk is called with one argument hostile and the others right. The answer is a typed refusal
within 50 ms and nothing is written; a value that is merely strange text may also be legal, then nothing breaks.
"""

from __future__ import annotations

import functools
import inspect
import time
import typing
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs
import pytest

from bizcore.change.act import signature_of
from bizcore.change.desk import Desk, verbs_of
from bizcore.company import Company, wiring
from bizcore.finance.documents import Bill, CreditNote, Invoice, VendorCredit
from bizcore.finance.lines import Line
from bizcore.kernel.errors import BizcoreError, Invalid
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity

AMOUNTS = ["NaN", "1E+1000000", True, "１２３", "9" * 400, 1.5, None, "1_000", b"1"]
DATES = [datetime(2026, 3, 5, tzinfo=UTC), 20260305, True, "2026-02-30", "5 March", None, "2026-03-05T00:00:00"]
TEXTS = ["'; drop table bizcore_log; --", "a\u0000b", "a\nb", "x" * 100_000, 5, None, True, "#1", "\ud800", "", b"x"]
MONEYS = [Money("1", "EUR").amount, "1.00 EUR", {"amount": "NaN", "currency": "EUR"}, {"amount": "1", "currency": "XXX"},
          {"amount": "1"}, 1, True, None, {"amount": "1E+1000000", "currency": "EUR"}, Quantity(1, "EUR")]  # fmt: skip
NUMBER = {Decimal, int, str}
DAY = {date, str}
BASE_LINES = [Line("x", 1, "1")]


def kind_of(hint: Any) -> str:
    """What sort of argument a type is: amount, date, text, money, or something that values of its own guard."""
    options = {one for one in typing.get_args(hint) if one is not type(None)} or {hint}
    if options == NUMBER:
        return "amount"
    if options == DAY:
        return "date"
    if options == {str}:
        return "text"
    if options == {Money}:
        return "money"
    return ""


HOSTILE: Mapping[str, list[Any]] = {"amount": AMOUNTS, "date": DATES, "text": TEXTS, "money": MONEYS}
RIGHT: Mapping[str, Any] = {"amount": "1", "date": "2026-03-05", "text": "beta", "money": Money("1.00", "EUR")}


def right(hint: Any) -> Any:
    """A value of a type, good enough to get past reading."""
    kind = kind_of(hint)
    if kind:
        return RIGHT[kind]
    if type(None) in typing.get_args(hint):
        return None
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    samples = {
        Invoice: lambda: Invoice(customer="beta", on="2026-03-05", currency="EUR", lines=BASE_LINES),
        CreditNote: lambda: CreditNote(customer="beta", on="2026-03-05", currency="EUR", lines=BASE_LINES),
        Bill: lambda: Bill(vendor="mill", on="2026-03-05", currency="EUR", lines=BASE_LINES),
        VendorCredit: lambda: VendorCredit(vendor="mill", on="2026-03-05", currency="EUR", lines=BASE_LINES),
    }
    made = samples.get(hint)
    return made() if made is not None else ()


def answer(call: Callable[[], Any]) -> tuple[Any, BizcoreError | None]:
    """What a call gives, or the typed refusal; anything else is a failure of the test."""
    try:
        return call(), None
    except BizcoreError as error:
        return None, error


def tried(company: Company, call: Callable[[], Any]) -> tuple[Any, BizcoreError | None, float]:
    """The act a call makes, the refusal of making or of applying it, and the processor time of both.

    The caller takes the least time of several tries: a collection of the whole process's garbage, a tenth of a second beside
    thousands of other tests, falls into one of them.
    """
    begun = time.process_time()
    made, refusal = answer(call)
    if made is not None:
        _, refusal = answer(lambda: company.fork().apply(made))
    return made, refusal, time.process_time() - begun


def entrances() -> Iterator[tuple[str, Callable[..., Any], str, str, dict[str, Any]]]:
    """Desk, planner, argument, its kind, and the other arguments."""
    for name in wiring.DESKS:
        desk: type[Desk] = wiring.desk_class(name, {})
        for act, planner in sorted(verbs_of(desk).items()):
            hints = typing.get_type_hints(planner)
            signature = signature_of(planner)
            others = {one: right(hints[one]) for one in signature.required}
            for argument in signature.readers:
                kind = kind_of(hints[argument])
                if kind:
                    yield act, planner, argument, kind, {k: v for k, v in others.items() if k != argument}


ENTRANCES = list(entrances())


@pytest.fixture(scope="module")
def acme() -> Company:
    return Company.create("acme", currency="EUR")


def test_the_list_of_entrances_is_not_empty() -> None:
    kinds = {kind for _, _, _, kind, _ in ENTRANCES}
    assert kinds == set(HOSTILE)
    assert len(ENTRANCES) > 60


@pytest.mark.parametrize(
    ("act", "argument", "kind", "others"),
    [(act, argument, kind, others) for act, _, argument, kind, others in ENTRANCES],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hostile_argument_is_refused_and_nothing_is_written(
    acme: Company, act: str, argument: str, kind: str, others: dict[str, Any]
) -> None:
    name, _, verb = act.partition(".")
    call = getattr(acme.desk(name), verb)
    head = acme.head
    for value in HOSTILE[kind]:
        arguments = others | {argument: value}
        tries = [tried(acme, functools.partial(call, **arguments)) for _ in range(3)]
        for act_made, refusal, _ in tries:
            assert act_made is None or kind == "text" or value is None, f"{argument}={value!r} was taken"
            assert act_made is not None or isinstance(refusal, Invalid), (value, refusal)
            assert len(str(refusal)) < 600
        assert min(seconds for *_, seconds in tries) < 0.05, f"{argument}={value!r} was answered late"
    assert acme.head == head


def test_every_field_of_every_document_refuses_what_is_not_its_kind(acme: Company) -> None:
    """Documents are entrances too: each field with a plain kind, fed with JSON as a host would."""
    tried = 0
    for cls in acme.kinds.values():
        hints = typing.get_type_hints(cls)
        for one in attrs.fields(cls):
            kind = kind_of(hints[one.name])
            if one.init and kind in ("amount", "date", "money"):
                for value in HOSTILE[kind]:
                    if value is None:
                        continue
                    with pytest.raises((Invalid, TypeError)):
                        cls(**{one.name: value}) if not _required(cls, one.name) else cls(
                            **_others(cls, one.name, value)
                        )
                    tried += 1
    assert tried > 20


def _required(cls: type, name: str) -> bool:
    return any(one.default is attrs.NOTHING and one.name != name for one in attrs.fields(cls) if one.init)


def _others(cls: type, name: str, value: object) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    given = {one.name: right(hints[one.name]) for one in attrs.fields(cls) if one.init and one.default is attrs.NOTHING}
    return given | {name: value}


def test_amounts_beyond_the_store_are_refused_and_leave_nothing(acme: Company) -> None:
    from bizcore.book.entry import Entry, credit, debit

    huge = Money("1" + "0" * 30, "EUR")
    head = acme.head
    entry = Entry("2026-03-05", [debit("1000", huge), credit("4000", huge)])
    with pytest.raises(Invalid) as error:
        acme.apply(acme.finance.post(entry))
    assert (error.value.code, acme.head) == ("out_of_range", head)


def test_signatures_take_no_open_keywords() -> None:
    for _, planner, *_ in ENTRANCES:
        assert not any(one.kind is one.VAR_KEYWORD for one in inspect.signature(planner).parameters.values())
