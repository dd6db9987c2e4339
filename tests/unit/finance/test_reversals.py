"""What can be reversed, from when, and how turnovers look after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bizcore.book.entry import Entry, credit, debit
from bizcore.company import Company
from bizcore.finance.documents import Bill, CreditNote, Invoice, VendorCredit
from bizcore.finance.journal import NotReversible
from bizcore.finance.lines import Line
from bizcore.finance.policies import Reversal
from bizcore.kernel.money import Money
from bizcore.kernel.sequence import DatedBefore


def eur(text: str) -> Money:
    return Money(text, "EUR")


@pytest.fixture
def acme() -> Company:
    return Company.create("unit", currency="EUR")


def trade(cls: type, **more: Any) -> Any:
    party = {"vendor": "mill"} if cls in (Bill, VendorCredit) else {"customer": "beta"}
    return cls(on="2026-03-05", currency="EUR", lines=[Line("goods", 1, "100")], **party, **more)


@pytest.mark.parametrize(
    ("act", "allowed"),
    [
        (lambda c: c.finance.issue(trade(Invoice)), ("credit",)),
        (lambda c: c.finance.credit(trade(CreditNote)), ("issue",)),
        (lambda c: c.finance.bill(trade(Bill)), ("credit_from_vendor",)),
        (lambda c: c.finance.credit_from_vendor(trade(VendorCredit)), ("bill",)),
        (
            lambda c: c.supply.receive("x", 1, place="main", on="2026-03-05", cost=eur("5")),
            ("return_to_vendor", "adjust"),
        ),
    ],
)
def test_what_a_document_or_a_move_of_goods_posted_is_undone_by_its_own_verb(
    acme: Company, act: Callable[[Company], Any], allowed: tuple[str, ...]
) -> None:
    done = acme.apply(act(acme))
    entry = next(one for one in done.entries if one.book == "journal")
    with pytest.raises(NotReversible) as refused:
        acme.apply(acme.finance.reverse(entry.id, on="2026-03-06"))
    assert refused.value.allowed == allowed
    assert (refused.value.facts["entry"], refused.value.facts["by"]) == (entry.id, f"{done.value.kind} {done.value.id}")
    assert acme.head == 1


def test_what_was_posted_by_hand_paid_or_settled_is_reversed(acme: Company) -> None:
    acme.apply(acme.finance.issue(trade(Invoice, id="I")))
    hand = Entry("2026-03-06", [debit("6000", eur("5")), credit("1000", eur("5"))])
    advance = acme.apply(acme.finance.collect(eur("130"), customer="gamma", on="2026-03-06"))
    other = Invoice(id="J", customer="gamma", on="2026-03-06", currency="EUR", lines=[Line("goods", 1, "30")])
    acme.apply(acme.finance.issue(other))
    done = [
        acme.apply(acme.finance.post(hand)),
        acme.apply(acme.finance.collect(eur("100"), customer="beta", on="2026-03-06")),
        acme.apply(acme.finance.settle(advance.value.id, to=["J"], on="2026-03-06")),
    ]
    for one in done:
        back = acme.apply(acme.finance.reverse(one.entries[0].id, on="2026-03-07")).value
        again = acme.apply(acme.finance.reverse(back.id, on="2026-03-07")).value
        acme.apply(acme.finance.reverse(again.id, on="2026-03-07"))
    assert {one["item"]: one["amount"] for one in acme.finance.open_items()} == {
        "I/1": eur("100"),
        "J/1": eur("30"),
        advance.value.id: eur("-130"),
    }


def test_a_reversal_is_not_dated_before_its_entry(acme: Company) -> None:
    hand = Entry("2026-03-06", [debit("6000", eur("5")), credit("1000", eur("5"))])
    entry = acme.apply(acme.finance.post(hand)).value
    with pytest.raises(DatedBefore) as refused:
        acme.apply(acme.finance.reverse(entry.id, on="2026-03-05"))
    assert refused.value.facts["since"] == entry.on
    acme.apply(acme.finance.reverse(entry.id, on="2026-03-06"))


SWAP, STORNO = Reversal.SWAP, Reversal.STORNO


@pytest.mark.parametrize(
    ("hows", "debits", "credits"),
    [
        ([STORNO, STORNO], "100", "0"),
        ([STORNO, SWAP], "100", "0"),
        ([SWAP, STORNO], "100", "0"),
        ([SWAP, SWAP], "200", "100"),  # each swap turns the sides, so each shows
        ([STORNO, STORNO, STORNO], "0", "0"),
        ([STORNO, STORNO, SWAP], "100", "100"),
        ([STORNO, SWAP, STORNO], "0", "0"),
        ([SWAP, STORNO, SWAP], "100", "100"),
    ],
)
def test_a_storno_taken_back_brings_the_turnovers_back(
    acme: Company, hows: list[Reversal], debits: str, credits: str
) -> None:
    hand = Entry("2026-01-01", [debit("1000", eur("100")), credit("3000", eur("100"))])
    entry = acme.apply(acme.finance.post(hand)).value
    for how in hows:
        entry = acme.apply(acme.finance.reverse(entry.id, on="2026-01-02", how=how)).value
    table = acme.finance.trial_balance()
    for account, column, sum_ in (
        ("1000", "debit", debits),
        ("1000", "credit", credits),
        ("3000", "credit", debits),
        ("3000", "debit", credits),
    ):
        cell = table[account, column]
        found = cell.postings.column("value") if len(cell.postings) else ()
        assert (cell.value, Money.sum(found, "EUR")) == (eur(sum_), eur(sum_)), (account, column)
