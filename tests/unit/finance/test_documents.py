"""Invoices, bills, credit notes and their lines as values."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bizcore.finance.documents import (
    LINES_MAX,
    BadPrepaid,
    Bill,
    CreditNote,
    Invoice,
    NotARate,
    NotMoney,
    OtherCurrency,
    RoundingTooLarge,
    StatedAndComputed,
    TooManyLines,
    Uncategorised,
)
from bizcore.finance.lines import Adjustment, BadLine, Line
from bizcore.finance.tax import CoinTooFine, TaxAmount, TaxRounding, UnknownTaxCode, payable_rounding, tax_code
from bizcore.finance.terms import BadTerms, DueBeforeStart, DueOutOfRange, Terms, TermsOverrun, instalments
from bizcore.flow.document import NoLines
from bizcore.kernel.codec import decode, encode, plain
from bizcore.kernel.errors import Invalid
from bizcore.kernel.money import Money

GIVEN = {"customer": "beta", "on": "2026-03-05", "currency": "EUR"}


def invoice(**more: object) -> Invoice:
    return Invoice(**{**GIVEN, "lines": [Line("Workshop", 2, "1500.00", tax="S20")], **more})  # type: ignore[arg-type]


def test_an_invoice_computes_with_nothing_set_up() -> None:
    bill = invoice()
    assert (bill.net, bill.tax, bill.gross) == tuple(Money(one, "EUR") for one in ("3000", "600", "3600"))
    assert bill.tax_amount is TaxAmount.COMPUTED
    assert (bill.state, bill.number, bill.party) == ("draft", "", "beta")


def test_it_explains_its_gross_and_what_other_policies_would_give() -> None:
    bill = Invoice(**GIVEN, lines=[Line("x", 1, "1.001", tax="S20")] * 100)  # type: ignore[arg-type]
    found = bill.explain()
    assert found.result == "120.00 EUR"
    assert found.refused == ("120.02 EUR, which tax rounding document_unrounded would give",)
    assert found.steps[-1].inputs[-1] == ("exact", "20")
    assert len(found.steps) == 101


@pytest.mark.parametrize("cls", [Invoice, CreditNote])
def test_json_goes_both_ways(cls: type[Invoice]) -> None:
    bill = cls(
        **GIVEN,  # type: ignore[arg-type]
        lines=[Line("Workshop", "2.5", "0.333333", item="A", account="4100", discount_percent="2.5")],
        allowances=[Adjustment("1.00", reason="early")],
        terms="30% now; rest 30 days",
        rate="0.9",
        tax_stated=Money("0.07", "EUR"),
        tax_rounding=TaxRounding.LINE,
        extra={"po": "77"},
    )
    assert decode(cls, plain(bill)) == bill
    assert '"terms":"30% now; rest 30 days"' in encode(bill)


def test_lines_may_be_given_as_plain_data() -> None:
    assert invoice(lines=[{"text": "Workshop", "price": "10"}]).net == Money("10", "EUR")
    with pytest.raises(Invalid) as refused:
        invoice(lines=[Line("x"), {"text": "y", "prize": "10"}])
    assert refused.value.path == "1"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"lines": []}, NoLines),
        ({"lines": [Line("x")] * (LINES_MAX + 1)}, TooManyLines),
        ({"prepaid": Money("1", "USD")}, OtherCurrency),
        ({"tax_stated": Money("1", "EUR")}, StatedAndComputed),
        ({"rate": 0}, NotARate),
        ({"rate": "-1"}, NotARate),
        ({"currency": "XXX"}, Invalid),
        ({"on": "5 March"}, Invalid),
        ({"customer": ""}, Invalid),
        ({"terms": "soon"}, BadTerms),
        ({"prepaid": Money("-0.01", "EUR")}, BadPrepaid),
        ({"prepaid": Money("3600.01", "EUR")}, BadPrepaid),
        ({"prepaid": Money("0.01", "EUR"), "lines": [Line("x", -1, 5)]}, BadPrepaid),
        ({"prepaid": 5}, NotMoney),
        ({"rounding": "0.05"}, NotMoney),
        ({"tax_stated": Decimal(5), "lines": [Line("x", 1, 5)]}, NotMoney),
        ({"tax_value": 5}, NotMoney),
        ({"rounding": Money("5.01", "EUR")}, RoundingTooLarge),
        ({"rounding": Money("-5.01", "EUR")}, RoundingTooLarge),
        ({"charges": [Adjustment("5")]}, Uncategorised),
        ({"allowances": [Adjustment("5", reason="early")]}, Uncategorised),
    ],
)
def test_what_cannot_be_meant_is_refused_when_built(more: dict[str, object], error: type[Invalid]) -> None:
    with pytest.raises(error):
        invoice(**more)


def test_what_is_just_within_its_bounds_is_taken() -> None:
    assert not invoice(prepaid=Money("3600", "EUR")).amount_due
    assert invoice(prepaid=Money("0", "EUR"), rounding=Money("-1", "EUR")).amount_due == Money("3599", "EUR")
    assert invoice(charges=[Adjustment("0")]).gross == Money("3600", "EUR")
    assert invoice(lines=[Line("x", 1, 5)], charges=[Adjustment("5")]).gross == Money("10", "EUR")
    less = invoice(allowances=[Adjustment("100", tax="S20", value=Money("90", "GBP"))])
    assert less.gross == Money("3480", "EUR")
    assert less.items[1].value == Money("-90", "GBP")


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Line("x", per=0), BadLine),
        (lambda: Line("x", discount_percent=101), BadLine),
        (lambda: Adjustment("-0.01"), BadLine),
        (lambda: Line("x", 1.5), Invalid),  # type: ignore[arg-type]
        (lambda: Line("x", price="NaN"), Invalid),
        (lambda: Line("x", tax="S"), UnknownTaxCode),
        (lambda: Line("x", tax="20"), UnknownTaxCode),
        (lambda: Line("x", tax="O0"), UnknownTaxCode),
        (lambda: Line("x", tax="E7"), UnknownTaxCode),
        (lambda: Line("x", tax="S٢٠"), UnknownTaxCode),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(make: object, error: type[Invalid]) -> None:
    with pytest.raises(error):
        make()  # type: ignore[operator]


def test_tax_codes() -> None:
    assert tax_code("E") == tax_code("E0")
    assert (tax_code("AE").category, tax_code("L7").rate) == ("AE", Decimal(7))
    assert tax_code(None).category == ""


def test_a_price_for_a_thousand() -> None:
    assert Line("screws", 250, "9.99", per=1000).extended == Decimal("2.4975")


def test_what_was_prepaid_and_the_rounding_lead_to_the_amount_due() -> None:
    bill = invoice(prepaid=Money("1000", "EUR"), rounding=Money("-0.01", "EUR"), terms="50% now; rest 30 days")
    assert (bill.owed, bill.amount_due) == (Money("3599.99", "EUR"), Money("2599.99", "EUR"))
    assert [str(one.amount) for one in bill.instalments] == ["1300.00 EUR", "1299.99 EUR"]


def test_a_stated_tax_has_no_category() -> None:
    bill = Bill(
        vendor="mill", on="2026-03-05", currency="USD", lines=[Line("Steel", 3, "9.999")], tax_stated=Money("2", "USD")
    )
    assert bill.tax_amount is TaxAmount.STATED
    assert [(one.category, one.tax) for one in bill.tax_lines] == [("", Money("2", "USD"))]
    assert bill.gross == Money("32.00", "USD")
    assert bill.explain().steps[-1].rule == "tax as stated by the document"


def test_a_coin_finer_than_the_currency_is_refused() -> None:
    with pytest.raises(CoinTooFine):
        payable_rounding(Money("10.00", "EUR"), increment="0.003")


# -- terms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "on", "dues"),
    [
        ("now", "2026-01-31", ["2026-01-31"]),
        ("30 days", "2026-01-31", ["2026-03-02"]),
        ("1 month", "2026-01-31", ["2026-02-28"]),
        ("+2 months, end of month", "2026-01-15", ["2026-03-31"]),
        ("end of month +1 month", "2026-01-15", ["2026-02-28"]),
        ("day 10", "2026-01-10", ["2026-01-10"]),
        ("day 10", "2026-01-11", ["2026-02-10"]),
        ("day 31", "2026-02-05", ["2026-02-28"]),
        ("30 days, day 15", "2026-01-20", ["2026-03-15"]),
        ("on 2026-05-01", "2026-01-20", ["2026-05-01"]),
        ("50% 60 days; rest 30 days", "2026-01-01", ["2026-01-31", "2026-03-02"]),
        ("30% now; 70% 30 days", "2026-01-01", ["2026-01-01", "2026-01-31"]),
        ("10.00 now; 50% of rest 10 days; rest 20 days", "2026-01-01", ["2026-01-01", "2026-01-11", "2026-01-21"]),
    ],
)
def test_when_terms_fall_due(text: str, on: str, dues: list[str]) -> None:
    parts = instalments(Money("100", "EUR"), Terms(text), on=on)
    assert [one.due.isoformat() for one in parts] == dues
    assert Money.sum((one.amount for one in parts), "EUR") == Money("100", "EUR")


@pytest.mark.parametrize(
    "text",
    ["", "soon", "30", "30%", "30% now", "50% now; 40% 30 days", "rest now; rest now", "now; rest 30 days", "10 now",
     "120% now; rest now", "day 0", "day 32", "99999 days", "on 2026-02-30", "rest 30 days 5", "1.2.3% now; rest now",
     "3" * 500],
)  # fmt: skip
def test_unreadable_terms_are_refused(text: str) -> None:
    with pytest.raises(BadTerms):
        Terms(text)


def test_terms_that_do_not_fit_the_document() -> None:
    with pytest.raises(TermsOverrun) as refused:
        instalments(Money("100", "EUR"), Terms("150 now; rest 30 days"), on="2026-01-01")
    assert refused.value.by == Money("50", "EUR")  # type: ignore[attr-defined]
    with pytest.raises(DueBeforeStart):
        instalments(Money("100", "EUR"), Terms("on 2025-12-31"), on="2026-01-01")
    with pytest.raises(DueOutOfRange):
        instalments(Money("100", "EUR"), Terms("30 days"), on="9997-12-31")
    with pytest.raises(DueOutOfRange):
        instalments(Money("100", "EUR"), Terms("1 month"), on="9997-12-31")


@pytest.mark.parametrize(
    ("total", "terms", "amounts"),
    [
        (Money("15", "JPY"), "; ".join(f"10% {n} months" for n in range(1, 11)), [2] * 7 + [1, 0, 0]),
        (Money("-15", "JPY"), "; ".join(f"10% {n} months" for n in range(1, 11)), [-2] * 7 + [-1, 0, 0]),
        (Money("1", "JPY"), "50% now; 50% 30 days", [1, 0]),
        (Money("1", "JPY"), "50% now; 50% of rest 30 days; rest 60 days", [1, 0, 0]),
        (Money("0", "JPY"), "50% now; 50% 30 days", [0, 0]),
        (Money("3", "JPY"), "50% now; 50% 30 days; rest 60 days", [2, 1, 0]),
    ],
)
def test_shares_of_a_small_total_are_capped_at_what_is_left(total: Money, terms: str, amounts: list[int]) -> None:
    assert [one.amount.minor for one in instalments(total, Terms(terms), on="2026-03-05")] == amounts


@pytest.mark.parametrize("terms", ["60% now; 60% 30 days; rest 60 days", "80 now; 50% 30 days; rest 60 days"])
def test_what_asks_for_more_than_all_is_still_refused(terms: str) -> None:
    with pytest.raises(TermsOverrun):
        instalments(Money("100", "JPY"), Terms(terms), on="2026-03-05")
