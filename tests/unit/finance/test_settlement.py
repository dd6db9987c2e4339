"""Payments and settlements: what they are worth, what they may touch, what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from bizcore.book.entry import Entry, Posting, credit, debit
from bizcore.change.desk import Desk
from bizcore.company import Company
from bizcore.finance.chart import Account, AccountUnknown, Nature
from bizcore.finance.claims import ValueDiffers
from bizcore.finance.documents import Bill, CreditNote, Invoice, NotARate, OtherCurrency, VendorCredit
from bizcore.finance.lines import Line
from bizcore.finance.settlement import Against, NotABank, NothingOpen, OneParty, Overpaid, Way
from bizcore.finance.worth import TwoValues
from bizcore.flow.document import Ref
from bizcore.kernel.exact import NotPositive
from bizcore.kernel.money import Money
from bizcore.kernel.sequence import DatedBefore


def eur(text: str) -> Money:
    return Money(text, "EUR")


def usd(text: str) -> Money:
    return Money(text, "USD")


@pytest.fixture
def acme() -> Company:
    return Company.create("unit", currency="EUR")


def issued(acme: Company, name: str, amount: str = "100", *, on: str = "2026-03-05", **more: Any) -> Invoice:
    given = {"customer": "beta", "currency": "EUR", "lines": [Line("goods", 1, amount)]}
    return acme.apply(acme.finance.issue(Invoice(id=name, on=on, **{**given, **more}))).value


# -- what a payment is worth -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "given", "error"),
    [
        (usd("100"), {"rate": "-0.9"}, NotARate),
        (usd("100"), {"rate": 0}, NotARate),
        (usd("100"), {"value": eur("-90")}, NotPositive),
        (usd("100"), {"value": eur("0")}, NotPositive),
        (usd("100"), {"received": eur("-90")}, NotPositive),
        (usd("100"), {"received": eur("0")}, NotPositive),
        (usd("100"), {"rate": "0.9", "received": eur("90")}, TwoValues),
        (usd("100"), {"rate": "0.9", "value": eur("90")}, TwoValues),
        (usd("100"), {"value": eur("90"), "received": eur("91")}, ValueDiffers),
        (eur("100"), {"rate": "0.5"}, ValueDiffers),
        (eur("100"), {"value": eur("90")}, ValueDiffers),
        (eur("100"), {"received": eur("98")}, ValueDiffers),
        (usd("100"), {"rate": "0.9", "received": usd("98")}, ValueDiffers),
    ],
)
@pytest.mark.parametrize("verb", ["collect", "pay"])
def test_a_payment_has_one_positive_worth(acme: Company, verb: str, amount: Money, given: Any, error: Any) -> None:
    party = {"customer": "beta"} if verb == "collect" else {"vendor": "mill"}
    finance: Desk = acme.finance
    with pytest.raises(error):
        acme.apply(getattr(finance, verb)(amount, on="2026-03-06", **party, **given))
    assert acme.head == 0


@pytest.mark.parametrize("given", [{"rate": "-1"}, {"value": eur("-1")}, {"rate": 0}])
def test_a_refund_has_a_positive_worth(acme: Company, given: Any) -> None:
    issued(acme, "I", currency="USD", rate=1)
    acme.apply(acme.finance.collect(usd("150"), customer="beta", on="2026-03-06", rate=1))
    with pytest.raises((NotARate, NotPositive)):
        acme.apply(acme.finance.refund(usd("50"), customer="beta", on="2026-03-07", **given))


@pytest.mark.parametrize(
    ("amount", "given", "worth"),
    [
        (eur("100"), {"rate": 1, "value": eur("100")}, None),
        (eur("100"), {"rate": 1}, "100"),
        (eur("100"), {"value": eur("100"), "received": eur("100")}, "100"),
        (eur("100"), {"received": usd("110")}, "100"),
        (usd("100"), {"value": eur("90"), "received": eur("90")}, "90"),
        (usd("100"), {"rate": "0.9", "received": usd("100")}, "90"),
        (usd("100"), {"rate": "0.9", "received": Money("80", "GBP")}, "90"),
    ],
)
def test_what_says_the_same_twice_is_taken(acme: Company, amount: Money, given: Any, worth: str | None) -> None:
    act = acme.finance.collect(amount, customer="beta", on="2026-03-06", **given)
    if worth is None:
        with pytest.raises(TwoValues):
            acme.apply(act)
    else:
        assert acme.apply(act).value.value == eur(worth)


# -- stated values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "value"), [("10", "-9"), ("-10", "9"), ("10", "0"), ("0", "9")])
def test_a_stated_value_has_the_sign_of_its_amount(acme: Company, price: str, value: str) -> None:
    line = Line("a", 1, price, value=eur(value))
    with pytest.raises(ValueDiffers):
        issued(acme, "I", currency="USD", lines=[line, Line("b", 1, "50", value=eur("45"))])


@pytest.mark.parametrize("given", [{"rate": "0.9037"}, {"value": eur("0.9")}])
def test_a_write_off_converts_at_the_rate_of_the_payment_not_at_its_rounded_value(acme: Company, given: Any) -> None:
    issued(acme, "I", "1000", currency="USD", rate="0.9037")
    act = acme.finance.collect(usd("1"), customer="beta", on="2026-03-06", to=["I"], write_off=usd("999"), **given)
    entry = acme.apply(act).entries[0]
    worth = next(one.value for one in entry.postings if one.account == "6300")
    assert worth == eur("902.80" if "rate" in given else "899.10")
    assert acme.finance.open_items().rows == ()


# -- the bank account ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bank", ["1200", "2000", "2050", "1400", "4000", "6000", "3000", "1299", "4711"])
def test_money_goes_to_an_account_that_can_hold_it(acme: Company, bank: str) -> None:
    acme.apply(acme.put(Account(code="1299", name="Deposits", nature=Nature.ASSET, open_items=True)))
    acts = [
        acme.finance.collect(eur("5"), customer="beta", on="2026-03-06", bank=bank),
        acme.finance.pay(eur("5"), vendor="mill", on="2026-03-06", bank=bank),
    ]
    for act in acts:
        with pytest.raises(NotABank if bank != "4711" else AccountUnknown) as refused:
            acme.apply(act)
        assert refused.value.facts["account"] == bank


@pytest.mark.parametrize("bank", ["1000", "1010", "2500", "2501"])
def test_cash_and_an_overdraft_are_bank_accounts(acme: Company, bank: str) -> None:
    acme.apply(acme.put(Account(code="2501", name="Overdraft", nature=Nature.LIABILITY)))
    done = acme.apply(acme.finance.collect(eur("5"), customer="beta", on="2026-03-06", bank=bank))
    assert done.value.bank == bank


def test_an_account_kept_in_a_currency_takes_no_other_by_hand(acme: Company) -> None:
    acme.apply(acme.put(Account(code="1001", name="Dollars", nature=Nature.ASSET, line="cash", currency="USD")))
    with pytest.raises(OtherCurrency):
        acme.apply(acme.finance.post(Entry("2026-03-06", [debit("1001", eur("5")), credit("3000", eur("5"))])))
    ours = Entry("2026-03-06", [debit("1001", usd("5"), eur("4")), credit("3000", usd("5"), eur("4"))])
    acme.apply(acme.finance.post(ours))
    gain = Entry("2026-03-31", [Posting("1001", eur("0"), eur("1")), Posting("6810", eur("0"), eur("-1"))])
    acme.apply(acme.finance.post(gain))  # a revaluation moves no amount


# -- settling and refunding ------------------------------------------------------------------------------------------


def test_a_settlement_is_not_dated_before_either_side(acme: Company) -> None:
    early = acme.apply(acme.finance.collect(eur("40"), customer="beta", on="2026-03-01")).value
    issued(acme, "I", on="2026-03-05")
    late = CreditNote(id="C", customer="beta", on="2026-03-09", currency="EUR", lines=[Line("goodwill", 1, "10")])
    acme.apply(acme.finance.credit(late))
    for source, on in ((early.id, "2026-03-04"), ("C", "2026-03-08")):
        with pytest.raises(DatedBefore) as refused:
            acme.apply(acme.finance.settle(source, to=["I"], on=on))
        assert refused.value.facts["on"].isoformat() == on
    acme.apply(acme.finance.settle(early.id, to=["I"], on="2026-03-05"))
    acme.apply(acme.finance.settle("C", to=["I"], on="2026-03-09"))


def test_what_is_settled_takes_no_more_and_a_refusal_says_what_would(acme: Company) -> None:
    issued(acme, "I")
    issued(acme, "J")
    acme.apply(acme.finance.collect(eur("100"), customer="beta", on="2026-03-06", to=["I"]))
    early = acme.apply(acme.finance.collect(eur("100"), customer="beta", on="2026-03-06", to=["J"])).value
    with pytest.raises(NothingOpen):
        acme.plan(acme.finance.settle(early.id, to=["I"], on="2026-03-07"))
    more = acme.apply(acme.finance.collect(eur("30"), customer="beta", on="2026-03-06")).value
    with pytest.raises(NothingOpen) as settled:
        acme.plan(acme.finance.settle(more.id, to=["I"], on="2026-03-07"))
    assert settled.value.facts["id"] == "I"
    issued(acme, "K")
    with pytest.raises(NotPositive):
        acme.plan(acme.finance.settle(more.id, to=["K"], on="2026-03-07", amount=eur("-1")))
    finance = acme.finance
    for act, allowed in (
        (finance.settle(more.id, to=["K"], on="2026-03-07", amount=eur("31")), "settle at most that"),
        (finance.refund(eur("31"), customer="beta", on="2026-03-08"), "refund at most that"),
        (
            finance.collect(eur("100"), customer="beta", on="2026-03-08", to=["K"], write_off=eur("1")),
            "write off less",
        ),
        (
            finance.collect(eur("101"), customer="beta", on="2026-03-08", to=["K"]),
            "name no document to keep the rest as an advance",
        ),
    ):
        with pytest.raises(Overpaid) as refused:
            acme.plan(act)
        assert (str(refused.value.facts["by"]), refused.value.allowed) == ("1.00 EUR", (allowed,))


def test_a_vendor_pays_back_what_we_have_open_there(acme: Company) -> None:
    lines = [Line("steel", 1, "100", tax="S20")]
    acme.apply(acme.finance.bill(Bill(id="B", vendor="mill", on="2026-03-05", currency="EUR", lines=lines)))
    acme.apply(acme.finance.pay(eur("120"), vendor="mill", on="2026-03-06", to=["B"]))
    back = VendorCredit(id="V", vendor="mill", on="2026-03-07", currency="EUR", lines=lines, credits="B")
    acme.apply(acme.finance.credit_from_vendor(back))
    with pytest.raises(Overpaid):
        acme.apply(acme.finance.refund(eur("121"), vendor="mill", on="2026-03-08"))
    done = acme.apply(acme.finance.refund(eur("20"), vendor="mill", on="2026-03-08", to=["V"]))
    assert (done.value.way, done.value.against) == (Way.IN, Against.VENDOR)
    assert done.value.origins == (Ref("vendor_credit", "V"),)
    assert [(one.account, one.amount) for one in done.entries[0].postings] == [
        ("1000", eur("20")),
        ("2000", eur("-20")),
    ]
    acme.apply(acme.finance.refund(eur("100"), vendor="mill", on="2026-03-09"))
    assert acme.finance.open_items().rows == ()


def test_a_vendor_s_refund_realises_the_exchange_result(acme: Company) -> None:
    lines = [Line("steel", 1, "100")]
    note = VendorCredit(vendor="mill", on="2026-03-07", currency="USD", rate="0.9", lines=lines)
    acme.apply(acme.finance.credit_from_vendor(note))
    done = acme.apply(acme.finance.refund(usd("100"), vendor="mill", on="2026-03-08", rate="0.95")).value
    assert done.result == eur("5")


@pytest.mark.parametrize("who", [{}, {"customer": "beta", "vendor": "mill"}])
def test_a_refund_names_one_party(acme: Company, who: Any) -> None:
    with pytest.raises(OneParty):
        acme.apply(acme.finance.refund(eur("5"), on="2026-03-08", **who))
