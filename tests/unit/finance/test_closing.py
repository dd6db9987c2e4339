"""Locks and closes: what may move back, what a year is, and that a close shows nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from bizcore.book.entry import Entry, credit, debit
from bizcore.change.locks import Lock, Locked
from bizcore.company import Company
from bizcore.finance.closing import NotAYear, YearIsClosed
from bizcore.finance.documents import Bill, CreditNote, Invoice, VendorCredit
from bizcore.finance.lines import Line
from bizcore.finance.terms import DueOutOfRange
from bizcore.kernel.days import LAST, NotADate
from bizcore.kernel.money import Money


def eur(text: str) -> Money:
    return Money(text, "EUR")


@pytest.fixture
def acme() -> Company:
    return Company.create("unit", currency="EUR")


def sale(acme: Company, on: str, amount: str = "100") -> Any:
    return acme.apply(acme.finance.post(Entry(on, [debit("1000", eur(amount)), credit("4000", eur(amount))]))).value


def locked(acme: Company) -> date:
    return acme.get(Lock, "all").upto


def test_the_lock_of_all_does_not_leave_a_closed_year(acme: Company) -> None:
    sale(acme, "2025-05-01")
    acme.apply(acme.finance.close_year("2025"))
    acme.apply(acme.finance.lock(kind="all", upto="2026-03-31"))
    acme.apply(acme.finance.lock(kind="all", upto="2025-12-31"))
    with pytest.raises(YearIsClosed) as refused:
        acme.apply(acme.finance.lock(kind="all", upto="2025-12-30"))
    assert (refused.value.allowed, refused.value.facts["year"]) == (("reopen",), "2025")
    acme.apply(acme.finance.lock(kind="tax", upto="2025-06-30"))
    acme.apply(acme.finance.reopen("2025"))
    acme.apply(acme.finance.lock(kind="all", upto="2024-06-30"))


def test_reopening_moves_no_lock_forward(acme: Company) -> None:
    sale(acme, "2026-05-01")
    acme.apply(acme.finance.close_year("2026"))
    acme.apply(acme.finance.reopen("2026"))
    assert locked(acme) == date(2025, 12, 31)


@pytest.mark.parametrize("period", ["2026-03", "2026-Q1"])
def test_only_a_fiscal_year_is_closed_as_one(acme: Company, period: str) -> None:
    sale(acme, "2026-03-05")
    with pytest.raises(NotAYear):
        acme.apply(acme.finance.close_year(period))
    assert acme.head == 1


def test_statements_have_the_same_rows_before_a_close_after_it_and_reopened(acme: Company) -> None:
    sale(acme, "2025-05-01")
    sale(acme, "2026-05-01")

    def statements() -> list[Any]:
        sheets = [acme.finance.balance_sheet(at=at) for at in ("2025-12-31", "2026-12-31", None)]
        return [one.rows for one in (*sheets, acme.finance.income_statement(period="2025-Q4"))]

    before = statements()
    for year in ("2025", "2026"):
        acme.apply(acme.finance.close_year(year))
        assert statements() == before
    acme.apply(acme.finance.reopen("2026"))
    assert statements() == before


@pytest.mark.parametrize("tax", ["S20", "S0", "Z", "E", "AE", "K", "G", "O", None])
@pytest.mark.parametrize("price", ["100", "0"])
def test_a_tax_lock_holds_for_every_document_with_a_category(acme: Company, tax: str | None, price: str) -> None:
    """A return lists supplies that bear no tax too: what posts to no tax account is still part of it."""
    acme.apply(acme.finance.lock(kind="tax", upto="2026-03-31"))
    lines = [Line("goods", 1, price, tax=tax)]
    drafts: list[Any] = [
        acme.finance.issue(Invoice(customer="beta", on="2026-03-31", currency="EUR", lines=lines)),
        acme.finance.credit(CreditNote(customer="beta", on="2026-03-31", currency="EUR", lines=lines)),
        acme.finance.bill(Bill(vendor="mill", on="2026-03-31", currency="EUR", lines=lines)),
        acme.finance.credit_from_vendor(VendorCredit(vendor="mill", on="2026-03-31", currency="EUR", lines=lines)),
    ]
    for act in drafts:
        if tax is None:
            acme.apply(act)
        else:
            with pytest.raises(Locked) as refused:
                acme.apply(act)
            assert refused.value.facts["kind"] == "tax"
    acme.apply(acme.finance.issue(Invoice(customer="beta", on="2026-04-01", currency="EUR", lines=lines)))


@pytest.mark.parametrize("on", ["9999-12-31", "9998-01-01", date.max, "0001-01-01"])
def test_a_date_that_no_report_could_count_from_is_refused_where_it_enters(acme: Company, on: Any) -> None:
    acts: list[Callable[[], Any]] = [
        lambda: acme.finance.trial_balance(at=on),
        lambda: acme.finance.balance_sheet(at=on),
        lambda: acme.finance.receivable_aging(at=on),
        lambda: acme.apply(acme.finance.lock(kind="all", upto=on)),
        lambda: sale(acme, on),
    ]
    for act in acts:
        with pytest.raises(NotADate):
            act()


def test_the_last_business_date_has_every_report(acme: Company) -> None:
    sale(acme, "9997-12-31")
    lines = [Line("goods", 1, "100")]
    acme.apply(acme.finance.issue(Invoice(customer="beta", on=LAST, currency="EUR", lines=lines)))
    late = Invoice(customer="beta", on=LAST, currency="EUR", lines=lines, terms="1 days")
    with pytest.raises(DueOutOfRange):
        acme.apply(acme.finance.issue(late))
    for at in (None, LAST):
        assert not acme.finance.balance_sheet(at=at)["difference", "amount"].value
        assert acme.finance.receivable_aging(at=at)["total", "total"].value == eur("100")
        assert acme.finance.trial_balance(at=at)["4000", "credit"].value == eur("200")
    acme.apply(acme.finance.lock(kind="all", upto=LAST))
    with pytest.raises(Locked):
        sale(acme, "2026-03-05")
