"""Planners of finance on a company in memory: what they post, what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from bizcore.book.entry import Entry, Posting, credit, debit
from bizcore.change.act import parse_act
from bizcore.change.desk import verbs_of
from bizcore.change.locks import HardLock, Locked, LockKind
from bizcore.change.view import AlreadyThere, DocumentNotFound
from bizcore.company import Company
from bizcore.finance import chart as charts
from bizcore.finance.chart import Account, AccountUnknown, ChartUnknown, Nature, RoleUnknown
from bizcore.finance.claims import LegsDiffer, ValueDiffers, claim
from bizcore.finance.closing import EarlierYearOpen, LaterYearClosed, kinds_of
from bizcore.finance.desk import FinanceDesk
from bizcore.finance.documents import Bill, CreditNote, Invoice, OtherCurrency, VendorCredit
from bizcore.finance.invoices import OtherParty, OverCredited
from bizcore.finance.journal import AlreadyReversed, NotTheJournal, ReservedDimension
from bizcore.finance.lines import Line
from bizcore.finance.policies import FinancePolicies, RateDate, Reversal
from bizcore.finance.rates import ExchangeRate
from bizcore.finance.settlement import NothingOpen, Overpaid
from bizcore.finance.tax import Prices, TaxRounding
from bizcore.finance.worth import TwoValues
from bizcore.flow.document import Ref
from bizcore.flow.lifecycle import IllegalStep
from bizcore.kernel.exact import NotPositive
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.rates import BadRate, RateMissing


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


def held(acme: Company, code: str) -> str:
    table = {one["account"]: one["balance"] for one in acme.finance.trial_balance()}
    return str(table[code].amount) if code in table else "0.00"


# -- invoices --------------------------------------------------------------------------------------------------------


def test_the_entry_of_an_invoice(acme: Company) -> None:
    bill = Invoice(
        id="I",
        customer="beta",
        on="2026-03-05",
        currency="EUR",
        lines=[Line("goods", 1, "100", tax="S20"), Line("freight", 1, "10", tax="S20", account="4100")],
        terms="30% now; rest 30 days",
    )
    done = acme.apply(acme.finance.issue(bill))
    assert (done.value.number, done.value.state) == ("INV-2026-000001", "issued")
    legs = [(one.account, str(one.amount), one.party, one.lot, str(one.due)) for one in done.entries[0].postings]
    assert legs == [
        ("4000", "-100.00 EUR", None, None, "None"),
        ("4100", "-10.00 EUR", None, None, "None"),
        ("2200", "-22.00 EUR", None, None, "None"),
        ("1200", "39.60 EUR", "beta", "I/1", "2026-03-05"),
        ("1200", "92.40 EUR", "beta", "I/2", "2026-04-04"),
    ]


def test_stated_values_are_kept_and_not_recomputed(acme: Company) -> None:
    """A source that states what it booked: the receivable is worth the sum of the stated values."""
    bill = Invoice(
        customer="beta",
        on="2026-03-05",
        currency="USD",
        lines=[Line("a", 1, "10.01", value=eur("9.01")), Line("b", 1, "20.02", value=eur("18.01"))],
        tax_stated=usd("3.00"),
        tax_value=eur("2.71"),
        terms="50% now; rest 30 days",
    )
    entry = acme.apply(acme.finance.issue(bill)).entries[0]
    assert [(one.account, one.scaled, one.worth) for one in entry.postings] == [
        ("4000", -3003, -2702),
        ("2200", -300, -271),
        ("1200", 1652, 1487),
        ("1200", 1651, 1486),
    ]


def test_the_functional_value_is_rounded_once_a_line(acme: Company) -> None:
    lines = [Line("a", 1, "0.10"), Line("b", 1, "0.10"), Line("c", 1, "0.10")]
    bill = Invoice(customer="beta", on="2026-03-05", currency="USD", rate="0.85", lines=lines)
    entry = acme.apply(acme.finance.issue(bill)).entries[0]
    assert entry.postings[-1].value == eur("0.27")  # 3 x 0.085, each rounded; not 0.255


def test_tax_value_is_spread_over_the_categories(acme: Company) -> None:
    bill = Invoice(
        customer="beta",
        on="2026-03-05",
        currency="USD",
        rate="0.9",
        tax_value=eur("27.01"),
        lines=[Line("a", 1, "100", tax="S20"), Line("b", 1, "100", tax="S10")],
    )
    entry = acme.apply(acme.finance.issue(bill)).entries[0]
    assert [(one.scaled, one.worth) for one in entry.postings if one.account == "2200"] == [(-3000, -2701)]


def test_a_value_that_contradicts_its_amount_is_refused(acme: Company) -> None:
    for line in (Line("a", 1, "10", value=eur("9")), Line("a", 1, "10", value=usd("10"))):
        with pytest.raises(ValueDiffers):
            acme.apply(acme.finance.issue(Invoice(customer="b", on="2026-03-05", currency="EUR", lines=[line])))


def test_an_invoice_is_issued_once(acme: Company) -> None:
    first = issued(acme, "I")
    with pytest.raises(IllegalStep):
        acme.apply(acme.finance.issue(first))
    with pytest.raises(AlreadyThere):
        issued(acme, "I")


def test_what_is_missing_is_named(acme: Company) -> None:
    with pytest.raises(RateMissing) as refused:
        issued(acme, "I", currency="USD")
    assert (refused.value.base, refused.value.quote) == ("USD", "EUR")  # type: ignore[attr-defined]
    with pytest.raises(AccountUnknown) as unknown:
        issued(acme, "I", lines=[Line("x", 1, "1", account="4711")])
    assert unknown.value.account == "4711"  # type: ignore[attr-defined]
    assert acme.head == 0


def test_an_invoice_of_nothing_posts_nothing(acme: Company) -> None:
    done = acme.apply(
        acme.finance.issue(Invoice(customer="b", on="2026-03-05", currency="EUR", lines=[Line("sample", 3)]))
    )
    assert (done.value.number, done.entries) == ("INV-2026-000001", ())


def test_cash_rounding_has_its_account(acme: Company) -> None:
    issued(acme, "I", "12.23", rounding=eur("0.02"))
    assert (held(acme, "1200"), held(acme, "6900"), held(acme, "4000")) == ("12.25", "-0.02", "-12.23")


def test_what_was_prepaid_waits_for_its_advance(acme: Company) -> None:
    advance = acme.apply(acme.finance.collect(eur("40"), customer="beta", on="2026-03-01")).value
    issued(acme, "I", "100", prepaid=eur("40"), terms="30 days")
    items = {one["item"]: str(one["amount"].amount) for one in acme.finance.open_items(customer="beta")}
    assert items == {advance.id: "-40.00", "I/0": "40.00", "I/1": "60.00"}
    done = acme.apply(acme.finance.settle(advance.id, to=["I"], on="2026-03-05")).value
    assert done.origins == (Ref("payment", advance.id), Ref("invoice", "I"))
    items = {one["item"]: str(one["amount"].amount) for one in acme.finance.open_items(customer="beta")}
    assert items == {"I/1": "60.00"}


def test_credit_notes_clear_their_invoice(acme: Company) -> None:
    first = issued(acme, "I", terms="50% now; rest 30 days")
    part = CreditNote(customer="beta", on="2026-03-09", currency="EUR", lines=[Line("back", 1, "60")], credits="I")
    done = acme.apply(acme.finance.credit(part)).value
    assert (done.number, done.origins) == ("CN-2026-000001", (Ref("invoice", "I"),))
    assert [(one["item"], one["amount"]) for one in acme.finance.open_items()] == [("I/2", eur("40"))]
    with pytest.raises(OverCredited) as refused:
        acme.apply(acme.finance.credit(first.credited(on="2026-03-10")))
    assert (refused.value.billed, refused.value.credited) == (eur("100"), eur("160"))  # type: ignore[attr-defined]


def test_a_credit_note_for_somebody_else_is_refused(acme: Company) -> None:
    issued(acme, "I")
    note = CreditNote(customer="gamma", on="2026-03-09", currency="EUR", lines=[Line("x", 1, "1")], credits="I")
    with pytest.raises(OtherParty):
        acme.apply(acme.finance.credit(note))
    with pytest.raises(OtherCurrency):
        acme.apply(acme.finance.credit(evolve(note, customer="beta", currency="USD")))
    with pytest.raises(DocumentNotFound):
        acme.apply(acme.finance.credit(evolve(note, credits="nothing")))


def test_a_credit_note_without_invoice_is_an_open_credit(acme: Company) -> None:
    note = CreditNote(id="C", customer="beta", on="2026-03-09", currency="EUR", lines=[Line("goodwill", 1, "5")])
    acme.apply(acme.finance.credit(note))
    issued(acme, "I")
    acme.apply(acme.finance.settle("C", to=["I"], on="2026-03-10"))
    assert [(one["item"], one["amount"]) for one in acme.finance.open_items()] == [("I/1", eur("95"))]


def test_bills_and_their_credits_mirror_invoices(acme: Company) -> None:
    bill = Bill(
        id="B", vendor="mill", on="2026-03-05", currency="EUR", reference="R-77", lines=[Line("x", 1, "100", tax="S20")]
    )
    assert acme.apply(acme.finance.bill(bill)).value.number == "BILL-2026-000001"
    assert (held(acme, "2000"), held(acme, "6000"), held(acme, "1500")) == ("-120.00", "100.00", "20.00")
    note = VendorCredit(
        vendor="mill", on="2026-03-06", currency="EUR", lines=[Line("x", 1, "50", tax="S20")], credits="B"
    )
    acme.apply(acme.finance.credit_from_vendor(note))
    assert (held(acme, "2000"), held(acme, "6000"), held(acme, "1500")) == ("-60.00", "50.00", "10.00")
    acme.apply(acme.finance.pay(eur("60"), vendor="mill", on="2026-04-05", to=["B"]))
    assert len(acme.finance.open_items(vendor="mill")) == 0


def test_legs_replace_the_expense_of_a_line(acme: Company) -> None:
    """How goods received not invoiced are cleared: the bridge gives the legs of the line."""
    bill = Bill(
        id="B", vendor="mill", on="2026-03-05", currency="EUR", lines=[Line("x", 1, "105"), Line("freight", 1, "7")]
    )
    legs = {0: [Posting("2050", eur("100"), lot="PO-1/1"), Posting("5100", eur("5"))]}
    _, entry = claim(acme.view(), bill, legs=legs)
    assert entry is not None
    assert [(one.account, str(one.amount)) for one in entry.postings] == [
        ("2050", "100.00 EUR"),
        ("5100", "5.00 EUR"),
        ("6000", "7.00 EUR"),
        ("2000", "-112.00 EUR"),
    ]
    with pytest.raises(LegsDiffer):
        claim(acme.view(), bill, legs={0: [Posting("2050", eur("100"))]})
    with pytest.raises(LegsDiffer):
        claim(acme.view(), bill, legs={0: [Posting("2050", Quantity(105, "bolt"))]})


def test_drafts_fill_in_what_the_policies_say(acme: Company) -> None:
    acme.apply(acme.put(FinancePolicies(terms="14 days", prices=Prices.GROSS)))
    acme.apply(acme.put(FinancePolicies(terms="60 days", scope="beta", currency="USD", since="2026-01-01")))
    one = acme.finance.invoice("gamma", [Line("x", 1, "120", tax="S20")], on="2026-03-05")
    assert (one.net, str(one.terms), one.tax_rounding) == (eur("100"), "14 days", TaxRounding.DOCUMENT)
    other = acme.finance.invoice("beta", [Line("x", 1, "120")], on="2026-03-05")
    assert (other.currency, str(other.terms)) == ("USD", "60 days")
    assert acme.finance.vendor_bill("mill", [Line("x")], on="2026-03-05", reference="7").reference == "7"


# -- journal ---------------------------------------------------------------------------------------------------------


def test_posting_by_hand_opens_items_where_the_account_has_them(acme: Company) -> None:
    entry = Entry("2026-01-01", [debit("1200", eur("70"), party="beta"), credit("3900", eur("70"))])
    done = acme.apply(acme.finance.post(entry), key="opening").value
    assert [one.lot for one in done.postings] == ["opening#1:1", None]
    acme.apply(acme.finance.collect(eur("70"), customer="beta", on="2026-03-05"))
    assert len(acme.finance.open_items(customer="beta")) == 0


@pytest.mark.parametrize(
    ("code", "keeps", "opens"),
    [("1000", True, True), ("1000", False, False), ("1200", False, True), ("1299", True, True), ("1299", False, False)],
)
def test_an_own_account_can_open_items_but_not_take_them_from_the_charts(
    acme: Company, code: str, keeps: bool, opens: bool
) -> None:
    acme.apply(acme.put(Account(code=code, name="own", nature=Nature.ASSET, open_items=keeps)))
    entry = Entry("2026-03-05", [debit(code, eur("5")), credit("4000", eur("5"))])
    posted = acme.apply(acme.finance.post(entry)).value
    assert [one.lot is not None for one in posted.postings] == [opens, False]


@pytest.mark.parametrize("dimension", ["closing", "storno"])
def test_what_statements_look_past_is_not_posted_by_hand(acme: Company, dimension: str) -> None:
    legs = [debit("1000", eur("5")), evolve(credit("4000", eur("5")), dims=Map({dimension: "x"}))]
    with pytest.raises(ReservedDimension):
        acme.apply(acme.finance.post(Entry("2026-03-05", legs)))


def test_only_journal_entries_on_known_accounts_are_posted(acme: Company) -> None:
    goods = Entry("2026-01-01", [Posting("a", Quantity(1, "x")), Posting("b", Quantity(-1, "x"))], book="stock")
    with pytest.raises(NotTheJournal):
        acme.apply(acme.finance.post(goods))
    with pytest.raises(AccountUnknown):
        acme.apply(acme.finance.post(Entry("2026-01-01", [debit("x", eur("1")), credit("1000", eur("1"))])))
    acme.apply(acme.put(Account(code="x", name="X", nature=Nature.EXPENSE)))
    assert acme.apply(acme.finance.post(Entry("2026-01-01", [debit("x", eur("1")), credit("1000", eur("1"))]))).value.id


def test_a_reversal_is_linked_and_happens_once(acme: Company) -> None:
    issued(acme, "I")
    (entry,) = acme.apply(acme.finance.collect(eur("100"), customer="beta", on="2026-03-09", to=["I"])).entries
    back = acme.apply(acme.finance.reverse(entry.id, on="2026-03-10")).value
    assert (back.reverses, acme.finance.reversals[entry.id].by) == (entry.id, back.id)
    assert [(one["item"], one["amount"]) for one in acme.finance.open_items()] == [("I/1", eur("100"))]
    with pytest.raises(AlreadyReversed) as refused:
        acme.apply(acme.finance.reverse(entry.id, on="2026-03-11"))
    assert refused.value.by == back.id  # type: ignore[attr-defined]


@pytest.mark.parametrize(("how", "debits", "credits"), [(Reversal.SWAP, "100", "100"), (Reversal.STORNO, "0", "0")])
def test_swap_and_storno_differ_in_the_turnovers_only(acme: Company, how: Reversal, debits: str, credits: str) -> None:
    entry = Entry("2026-03-01", [debit("6000", eur("100")), credit("1000", eur("100"))])
    first = acme.apply(acme.finance.post(entry)).value
    acme.apply(acme.finance.reverse(first.id, on="2026-03-02", how=how))
    table = acme.finance.trial_balance()
    assert (table["6000", "debit"].value, table["6000", "credit"].value) == (eur(debits), eur(credits))
    assert not table["6000", "balance"].value
    assert acme.finance.trial_balance(at="2026-03-01")["6000", "debit"].value == eur("100")


def test_the_policy_says_how_corrections_look(acme: Company) -> None:
    acme.apply(acme.put(FinancePolicies(reversal=Reversal.STORNO)))
    entry = Entry("2026-03-01", [debit("6000", eur("100")), credit("1000", eur("100"))])
    first = acme.apply(acme.finance.post(entry)).value
    acme.apply(acme.finance.reverse(first.id, on="2026-03-02"))
    assert acme.finance.reversals[first.id].how is Reversal.STORNO


# -- settlement ------------------------------------------------------------------------------------------------------


def test_named_invoices_take_no_more_than_is_open(acme: Company) -> None:
    issued(acme, "I")
    issued(acme, "J", "50")
    with pytest.raises(Overpaid) as refused:
        acme.apply(acme.finance.collect(eur("151"), customer="beta", on="2026-03-06", to=["J", "I"]))
    assert (refused.value.open, refused.value.by) == (eur("150"), eur("1"))  # type: ignore[attr-defined]
    done = acme.apply(acme.finance.collect(eur("120"), customer="beta", on="2026-03-06", to=["J", "I"])).value
    assert [(one.lot, one.amount) for one in done.settles] == [("J/1", eur("50")), ("I/1", eur("70"))]
    assert done.origins == (Ref("invoice", "J"), Ref("invoice", "I"))
    with pytest.raises(Overpaid):
        acme.apply(acme.finance.collect(eur("1"), customer="beta", on="2026-03-06", to=["J"]))


def test_who_and_what_is_checked(acme: Company) -> None:
    issued(acme, "I")
    finance = acme.finance
    wrong = [
        (finance.collect(eur("1"), customer="beta", on="2026-03-06", to=["nothing"]), DocumentNotFound),
        (finance.collect(eur("1"), customer="gamma", on="2026-03-06", to=["I"]), OtherParty),
        (finance.collect(usd("1"), customer="beta", on="2026-03-06", to=["I"], rate=1), OtherCurrency),
        (finance.collect(usd("1"), customer="beta", on="2026-03-06"), RateMissing),
        (finance.collect(usd("1"), customer="beta", on="2026-03-06", rate=1, value=eur("1")), TwoValues),
        (finance.collect(eur("0"), customer="beta", on="2026-03-06"), NotPositive),
        (finance.collect(eur("-5"), customer="beta", on="2026-03-06"), NotPositive),
        (finance.collect(eur("5"), customer="beta", on="2026-03-06", bank="4711"), AccountUnknown),
        (finance.collect(eur("100"), customer="beta", on="2026-03-06", to=["I"], write_off=eur("1")), Overpaid),
        (finance.refund(eur("5"), customer="beta", on="2026-03-06"), Overpaid),
        (finance.settle("nothing", to=["I"], on="2026-03-06"), DocumentNotFound),
    ]
    head = acme.head
    for act, error in wrong:
        with pytest.raises(error):
            acme.apply(act)
    assert acme.head == head


def test_a_bank_account_of_another_currency_is_refused(acme: Company) -> None:
    acme.apply(acme.put(Account(code="1001", name="Dollars", nature=Nature.ASSET, line="cash", currency="USD")))
    with pytest.raises(OtherCurrency):
        acme.apply(acme.finance.collect(eur("5"), customer="beta", on="2026-03-06", bank="1001"))
    done = acme.apply(acme.finance.collect(usd("5"), customer="beta", on="2026-03-06", bank="1001", value=eur("4")))
    assert done.value.value == eur("4")


def test_an_advance_is_settled_once(acme: Company) -> None:
    issued(acme, "I", "30")
    issued(acme, "J", "100")
    advance = acme.apply(acme.finance.collect(eur("150"), customer="beta", on="2026-03-06")).value
    assert advance.advance == eur("20")
    issued(acme, "K", "50")
    with pytest.raises(Overpaid):
        acme.apply(acme.finance.settle(advance.id, to=["K"], on="2026-03-07", amount=eur("21")))
    acme.apply(acme.finance.settle(advance.id, to=["K"], on="2026-03-07", amount=eur("15")))
    acme.apply(acme.finance.settle(advance.id, to=["K"], on="2026-03-07"))
    assert [(one["item"], one["amount"]) for one in acme.finance.open_items()] == [("K/1", eur("30"))]
    with pytest.raises(NothingOpen):
        acme.apply(acme.finance.settle(advance.id, to=["K"], on="2026-03-07"))


def test_rates_are_recorded_facts(acme: Company) -> None:
    acme.apply(acme.put(ExchangeRate(base="EUR", quote="USD", on="2026-03-05", rate="1.25")))
    issued(acme, "I", currency="USD")
    assert held(acme, "1200") == "80.00"
    with pytest.raises(RateMissing):
        issued(acme, "J", currency="USD", on="2026-03-06")
    acme.apply(acme.put(FinancePolicies(rate_date=RateDate.LATEST)))
    issued(acme, "J", currency="USD", on="2026-03-06")
    for rate in ("0", "-1"):
        with pytest.raises(BadRate):
            ExchangeRate(base="EUR", quote="USD", on="2026-03-05", rate=rate)


# -- chart -----------------------------------------------------------------------------------------------------------


def test_roles_can_be_sent_to_own_accounts(acme: Company) -> None:
    acme.apply(acme.put(Account(code="4010", name="Own sales", nature=Nature.INCOME, line="revenue")))
    acme.apply(acme.put(FinancePolicies(roles={"sales": "4010"}, since="2026-03-01")))
    issued(acme, "I", on="2026-02-28")
    issued(acme, "J", "7", on="2026-03-01")
    assert (held(acme, "4000"), held(acme, "4010")) == ("-100.00", "-7.00")
    with pytest.raises(RoleUnknown):
        charts.of(acme.view()).role("nothing")


def test_charts_have_names() -> None:
    other = Company.create("unit", currency="EUR", chart="mars")
    with pytest.raises(ChartUnknown) as refused:
        other.finance.trial_balance()
    assert refused.value.known == ("ifrs",)  # type: ignore[attr-defined]


def test_every_account_of_the_chart_has_a_nature_a_line_and_a_chinese_name(acme: Company) -> None:
    accounts = list(charts.of(acme.view()).accounts())
    assert len(accounts) == len({one.code for one in accounts})
    assert all(one.line and one.names["zh_CN"] for one in accounts)


# -- locks and closing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "refused"),
    [("receivable", True), ("tax", True), ("all", True), ("hard", True), ("payable", False), ("stock", False)],
)
def test_locks_by_kind_look_at_the_accounts_touched(acme: Company, kind: str, refused: bool) -> None:
    acme.apply(acme.finance.lock(kind=kind, upto="2026-03-31"))
    lines = [Line("x", 1, "1", tax="S20")]
    if refused:
        with pytest.raises(Locked) as error:
            issued(acme, "I", lines=lines, on="2026-03-31")
        assert error.value.first_open.isoformat() == "2026-04-01"  # type: ignore[attr-defined]
    else:
        issued(acme, "I", lines=lines, on="2026-03-31")
    issued(acme, "J", lines=lines, on="2026-04-01")


def test_the_kinds_of_an_entry(acme: Company) -> None:
    entry = Entry("2026-01-01", [debit("1200", eur("1"), party="b"), credit("2050", eur("1"))])
    assert kinds_of(entry, charts.of(acme.view())) == {"receivable", "payable"}


def test_closing_a_month_never_moves_the_lock_back(acme: Company) -> None:
    acme.apply(acme.finance.close_month("2026-03"))
    assert acme.apply(acme.finance.close_month("2026-02")).value.upto.isoformat() == "2026-03-31"
    assert acme.apply(acme.finance.close_month("2026-Q2")).value.upto.isoformat() == "2026-06-30"
    acme.apply(acme.finance.lock(kind=LockKind.HARD, upto="2026-03-31"))
    with pytest.raises(HardLock):
        acme.apply(acme.finance.lock(kind=LockKind.HARD, upto="2026-02-28"))


def test_years_close_in_order_and_reopen_in_the_other(acme: Company) -> None:
    issued(acme, "I", on="2025-05-05")
    issued(acme, "J", "10", on="2026-05-05")
    with pytest.raises(EarlierYearOpen) as refused:
        acme.apply(acme.finance.close_year("2026"))
    assert refused.value.open == "2025"  # type: ignore[attr-defined]
    acme.apply(acme.finance.close_month("2025-12"))
    closed = acme.apply(acme.finance.close_year("2025")).value
    assert (closed.state, held(acme, "4000"), held(acme, "3100")) == ("closed", "-10.00", "-100.00")
    acme.apply(acme.finance.close_year("2026"))
    with pytest.raises(LaterYearClosed):
        acme.apply(acme.finance.reopen("2025"))
    acme.apply(acme.finance.reopen("2026"))
    acme.apply(acme.finance.reopen("2025"))
    assert (held(acme, "4000"), held(acme, "3100")) == ("-110.00", "0.00")
    with pytest.raises(IllegalStep):
        acme.apply(acme.finance.reopen("2025"))
    issued(acme, "K", "1", on="2025-12-31")
    acme.apply(acme.finance.close_year("2025"))
    assert held(acme, "3100") == "-101.00"


def test_a_hard_lock_refuses_the_closing_entry_too(acme: Company) -> None:
    issued(acme, "I", on="2025-05-05")
    acme.apply(acme.finance.lock(kind="hard", upto="2025-12-31"))
    with pytest.raises(Locked):
        acme.apply(acme.finance.close_year("2025"))


def test_a_year_that_holds_two_currencies_closes_in_both(acme: Company) -> None:
    issued(acme, "I", currency="USD", rate="0.9")
    issued(acme, "J", "10")
    entry = acme.apply(acme.finance.close_year("2026")).entries[0]
    assert {(one.account, str(one.amount)) for one in entry.postings} == {
        ("4000", "100.00 USD"),
        ("4000", "10.00 EUR"),
        ("3100", "-100.00 USD"),
        ("3100", "-10.00 EUR"),
    }


# -- reports ---------------------------------------------------------------------------------------------------------


def test_reports_of_a_company_without_postings(acme: Company) -> None:
    finance = acme.finance
    assert [row["account"] for row in finance.trial_balance()] == ["total"]
    assert not finance.balance_sheet()["difference", "amount"].value
    assert not finance.income_statement()["result", "amount"].value
    assert len(finance.receivable_aging()) == 1
    assert len(finance.open_items()) == 0


def test_postings_without_an_item_are_shown_and_still_tie(acme: Company) -> None:
    """An amount of nothing with a value opens no item: aging shows it as a row of its own."""
    legs = [Posting("1200", eur("0"), eur("3")), Posting("6810", eur("0"), eur("-3"))]
    acme.apply(acme.finance.post(Entry("2026-03-05", legs)))
    aging = acme.finance.receivable_aging()
    assert (aging["", "not_due"].value, aging["total", "total"].value) == (eur("3"), eur("3"))
    assert aging["", "not_due"].postings.column("value") == (eur("3"),)


def test_acts_are_json_both_ways(acme: Company) -> None:
    acts = [
        acme.finance.issue(
            Invoice(customer="b", on="2026-03-05", currency="EUR", lines=[Line("x", 1, "1", tax="S20")])
        ),
        acme.finance.collect(usd("5"), customer="b", on="2026-03-06", to=["I"], rate="1/3", write_off=usd("1")),
        acme.finance.post(Entry("2026-03-05", [debit("1000", eur("1")), credit("4000", eur("1"))])),
        acme.finance.reverse("x#1", on="2026-03-05", how=Reversal.STORNO),
        acme.finance.lock(kind="tax", upto="2026-03-05"),
        acme.finance.close_year("2026"),
    ]
    verbs = verbs_of(FinanceDesk)
    for act in acts:
        assert parse_act(act.to_json(), verbs, {}) == act
        assert repr(act).endswith("not applied>")
