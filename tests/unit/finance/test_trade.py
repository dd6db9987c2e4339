"""Invoices, bills and credits on a company in memory: how much can be credited, under which names, at which rate."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve

from bizcore.change.view import AlreadyThere
from bizcore.company import Company
from bizcore.finance.documents import Bill, CreditNote, Invoice, VendorCredit
from bizcore.finance.invoices import OverCredited, SameReference
from bizcore.finance.lines import Line
from bizcore.finance.policies import FinancePolicies, RateDate
from bizcore.finance.rates import ExchangeRate
from bizcore.flow.lifecycle import IllegalStep
from bizcore.kernel.money import Money
from bizcore.kernel.sequence import DatedBefore


def eur(text: str) -> Money:
    return Money(text, "EUR")


@pytest.fixture
def acme() -> Company:
    return Company.create("unit", currency="EUR")


def issued(acme: Company, name: str, *lines: Line, on: str = "2026-03-05", **more: Any) -> Invoice:
    given = {"customer": "beta", "currency": "EUR", "lines": lines or [Line("goods", 1, "100")]}
    return acme.apply(acme.finance.issue(Invoice(id=name, on=on, **{**given, **more}))).value


def credited(acme: Company, invoice: Invoice, *lines: Line, on: str = "2026-03-06", **more: Any) -> CreditNote:
    note = CreditNote(customer=invoice.party, on=on, currency=invoice.currency, credits=invoice.id, lines=lines, **more)
    return acme.apply(acme.finance.credit(note)).value


# -- crediting -------------------------------------------------------------------------------------------------------


def goods(price: str, tax: str | None = None) -> Line:
    return Line("goods", 1, price, tax=tax)


@pytest.mark.parametrize(
    ("billed", "first", "second"),
    [
        ([goods("100")], [], [goods("-100")]),  # of the other sign: it would make room for crediting 200
        ([goods("100")], [goods("60")], [goods("40.01")]),
        ([goods("120", "Z")], [], [goods("100", "S20")]),  # output tax that was never owed
        ([goods("120", "Z")], [], [goods("100")]),
        ([goods("100", "S20"), goods("100", "S10")], [], [goods("100.01", "S20")]),
        ([goods("100", "S20"), goods("100", "S10")], [goods("50", "S20")], [goods("50.01", "S20")]),
        ([goods("100", "S20"), goods("-10", "Z")], [], [goods("100", "S20"), goods("10", "Z")]),
        ([goods("100", "S20"), goods("-10", "Z")], [], [goods("-11", "Z"), goods("50", "S20")]),
        ([goods("100", "S20"), goods("-10", "Z")], [], [goods("-10", "Z")]),  # of the other sign than the document
    ],
)
def test_no_category_is_credited_beyond_what_was_billed_in_it(
    acme: Company, billed: list[Line], first: list[Line], second: list[Line]
) -> None:
    invoice = issued(acme, "I", *billed)
    if first:
        credited(acme, invoice, *first)
    head = acme.head
    with pytest.raises(OverCredited) as refused:
        credited(acme, invoice, *second)
    assert refused.value.facts["document"] == "I"
    assert acme.head == head


@pytest.mark.parametrize(
    "notes",
    [
        [[goods("100", "S20"), goods("-10", "Z")]],
        [[goods("60", "S20")], [goods("40", "S20"), goods("-10", "Z")]],
        [[goods("50", "S20"), goods("-4", "Z")], [goods("50", "S20"), goods("-6", "Z")]],
    ],
)
def test_what_was_billed_is_credited_in_any_parts(acme: Company, notes: list[list[Line]]) -> None:
    invoice = issued(acme, "I", goods("100", "S20"), goods("-10", "Z"))
    for lines in notes:
        credited(acme, invoice, *lines)
    assert not acme.finance.trial_balance()["1200", "balance"].value


def test_a_credit_note_is_not_dated_before_its_invoice(acme: Company) -> None:
    invoice = issued(acme, "I")
    with pytest.raises(DatedBefore):
        acme.apply(acme.finance.credit(invoice.credited(on="2026-03-04")))
    acme.apply(acme.finance.credit(invoice.credited(on="2026-03-05")))


# -- rates -----------------------------------------------------------------------------------------------------------


def test_a_rate_looked_up_is_kept_so_that_a_credit_takes_back_the_same_value(acme: Company) -> None:
    acme.apply(acme.put(ExchangeRate(base="USD", quote="EUR", on="2026-03-05", rate="0.90")))
    invoice = issued(acme, "I", goods("1000", "S20"), currency="USD")
    assert invoice.rate == Fraction(9, 10)
    assert acme.finance.invoices["I"] == invoice
    acme.apply(acme.finance.credit(invoice.credited(on="2026-03-21")))  # no rate is recorded for that day
    assert [str(row["balance"]) for row in acme.finance.trial_balance()] == ["0.00 EUR"] * 4


def test_a_rate_that_nothing_needed_is_not_looked_up(acme: Company) -> None:
    stated = issued(acme, "I", Line("goods", 1, "100", value=eur("91")), currency="USD")
    assert (stated.rate, issued(acme, "J").rate) == (None, None)


@pytest.mark.parametrize(
    ("direct", "inverse", "worth"), [("01", "03", "100"), ("03", "01", "80"), ("02", "02", "80"), ("01", "06", "80")]
)
def test_the_latest_rate_is_the_newer_of_both_directions(acme: Company, direct: str, inverse: str, worth: str) -> None:
    acme.apply(acme.put(FinancePolicies(rate_date=RateDate.LATEST)))
    acme.apply(acme.put(ExchangeRate(base="USD", quote="EUR", on=f"2026-03-{direct}", rate="0.80")))
    acme.apply(acme.put(ExchangeRate(base="EUR", quote="USD", on=f"2026-03-{inverse}", rate="1.00")))
    issued(acme, "I", currency="USD")
    assert acme.finance.trial_balance()["1200", "balance"].value == eur(worth)


# -- names -----------------------------------------------------------------------------------------------------------


def billed(acme: Company, name: str, reference: str, *, vendor: str = "mill") -> Bill:
    bill = Bill(id=name, vendor=vendor, on="2026-03-05", currency="EUR", reference=reference, lines=[goods("100")])
    return acme.apply(acme.finance.bill(bill)).value


def taken_back(acme: Company, bill: str, price: str, *, name: str = "") -> None:
    note = VendorCredit(
        id=name, vendor="mill", on="2026-03-06", currency="EUR", credits=bill, lines=[goods(price)], reference="R-77"
    )
    acme.apply(acme.finance.credit_from_vendor(note))


def test_a_vendor_s_reference_is_billed_once_unless_it_was_credited_whole(acme: Company) -> None:
    billed(acme, "A", "R-77")
    with pytest.raises(SameReference) as refused:
        billed(acme, "B", "R-77")
    assert (refused.value.facts["bill"], refused.value.allowed) == ("A", ("credit_from_vendor",))
    billed(acme, "C", "R-77", vendor="forge")
    billed(acme, "D", "R-78")
    for name in ("E", "F"):
        billed(acme, name, "")
    taken_back(acme, "A", "60")
    with pytest.raises(SameReference):
        billed(acme, "B", "R-77")
    taken_back(acme, "A", "40")
    billed(acme, "B", "R-77")
    with pytest.raises(SameReference):
        billed(acme, "G", "R-77")


def test_what_shares_an_account_shares_no_id(acme: Company) -> None:
    """Their open items are named after them: `X/1` of an invoice and of a credit note would be one item."""
    issued(acme, "X")
    billed(acme, "X", "")  # another account
    note = CreditNote(id="X", customer="beta", on="2026-03-06", currency="EUR", lines=[goods("5")])
    with pytest.raises(AlreadyThere) as refused:
        acme.apply(acme.finance.credit(note))
    assert refused.value.facts == {"kind": "invoice", "id": "X"}
    with pytest.raises(AlreadyThere):
        taken_back(acme, "X", "5", name="X")
    acme.apply(acme.finance.credit(evolve(note, id="Y")))
    taken_back(acme, "X", "5", name="Y")
    with pytest.raises(AlreadyThere):
        issued(acme, "Y")
    with pytest.raises(AlreadyThere):
        billed(acme, "Y", "")


def test_a_bill_recorded_already_says_so_before_its_reference_does(acme: Company) -> None:
    with pytest.raises(IllegalStep):
        acme.apply(acme.finance.bill(billed(acme, "A", "R-77")))
