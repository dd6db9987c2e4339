"""Scenes of finance: for every verb one that tells it, and one that must be refused."""

from __future__ import annotations

from typing import Any, Final

from attrs import evolve

from bizcore.book.entry import Entry, Posting
from bizcore.change.act import Act
from bizcore.change.locks import LockKind
from bizcore.finance import chart
from bizcore.finance.closing import YearClose
from bizcore.finance.documents import Bill, CreditNote, Invoice, TradeDocument, VendorCredit
from bizcore.finance.lines import Line
from bizcore.finance.rates import ExchangeRate
from bizcore.kernel.money import Money
from bizcore.testing.stories.teller import CURRENCY, Scenes, Teller, Wrongs

TAXES: Final = ("S20", "S7", "Z")
FOREIGN: Final = "USD"
LOCKS: Final = (LockKind.ALL, LockKind.RECEIVABLE, LockKind.PAYABLE, LockKind.TAX, LockKind.STOCK)


def entry(t: Teller, on: str) -> Entry:
    """Money in the bank for something sold."""
    amount = t.money()
    return Entry(on, [Posting("1000", amount), Posting("4000", -amount)])


def post(t: Teller) -> Entry:
    """An entry by hand."""
    made: Entry = t.tell(t.finance.post(entry(t, t.day())))
    t.posted.append(made.id)
    return made


def reverse(t: Teller) -> None:
    """One of the entries by hand is taken back, on its day or later."""
    if not t.posted:
        post(t)
    found = t.company.entry(t.posted.pop(t.number(0, len(t.posted) - 1)))
    t.tell(t.finance.reverse(found.id, on=t.day(found.on)))


def lines(t: Teller) -> list[Line]:
    """One to three lines of the same or of other tax."""
    return [Line("item", t.number(1, 5), t.price(), tax=t.choose(TAXES)) for _ in range(t.number(1, 3))]


def rate(t: Teller, on: str) -> None:
    """The rate of a day is put, where it is not yet known."""
    found = ExchangeRate(base=FOREIGN, quote=CURRENCY, on=on, rate=f"0.{t.number(80, 99)}")
    if t.company.documents(ExchangeRate).get(found.id) is None:
        t.tell(t.company.put(found))


def invoice(t: Teller, *, customer: str = "beta", foreign: bool = False) -> Invoice:
    """Something is sold on account, in euros or at the day's rate in dollars."""
    on = t.day()
    if foreign:
        rate(t, on)
    currency = FOREIGN if foreign else CURRENCY
    made: Invoice = t.tell(t.finance.issue(Invoice(customer=customer, on=on, currency=currency, lines=lines(t))))
    return made


def issue(t: Teller) -> None:
    """An invoice in euros."""
    invoice(t)


def issue_abroad(t: Teller) -> None:
    """An invoice in dollars, and sometimes the rate of another day beside its own."""
    if t.coin():
        rate(t, t.day())
    invoice(t, foreign=True)


def bought(t: Teller) -> Bill:
    """Something is bought on account."""
    made: Bill = t.tell(t.finance.bill(Bill(vendor="mill", on=t.day(), currency=CURRENCY, lines=lines(t))))
    return made


def open_of(t: Teller, document: TradeDocument | str, role: str = "receivable") -> int:
    """What is open of a document, in cents of its currency; positive."""
    view = t.company.view()
    named = document if isinstance(document, str) else document.id
    items = view.lots("journal", chart.of(view).role(role))
    return abs(
        sum(lot.amount.minor for lot in items if lot.id.rpartition("/")[0] == named and isinstance(lot.amount, Money))
    )


def unpaid(t: Teller, *, customer: str = "beta") -> Invoice:
    """An invoice in euros of which something is open: one there is, or a new one."""
    found = [one for one in t.all(Invoice) if one.customer == customer and one.currency == CURRENCY and open_of(t, one)]
    return t.some(found, lambda: invoice(t, customer=customer))


def unpaid_bill(t: Teller) -> Bill:
    """A bill of which something is open: one there is, or a new one."""
    return t.some([one for one in t.all(Bill) if open_of(t, one, "payable")], lambda: bought(t))


def collect(t: Teller) -> None:
    """A customer pays an invoice, in part or whole."""
    bill = unpaid(t)
    open_ = open_of(t, bill)
    if open_:
        part = t.money(open_)
        t.tell(t.finance.collect(part, customer=bill.customer, on=t.day(bill.on), to=[bill.id]))


def collect_any(t: Teller) -> None:
    """A customer pays without saying what: the oldest is settled, the rest is an advance."""
    t.tell(t.finance.collect(t.money(), customer="beta", on=t.day()))


def pay(t: Teller) -> None:
    """We pay a bill, in part or whole."""
    bill = unpaid_bill(t)
    open_ = open_of(t, bill, "payable")
    if open_:
        t.tell(t.finance.pay(t.money(open_), vendor=bill.vendor, on=t.day(bill.on), to=[bill.id]))


def pay_any(t: Teller) -> None:
    """We pay a vendor without saying what."""
    t.tell(t.finance.pay(t.money(), vendor="mill", on=t.day()))


def uncredited(t: Teller) -> Invoice:
    """An invoice of no order that no credit note is against."""
    taken = {one.credits for one in t.all(CreditNote)}
    found = [one for one in t.all(Invoice) if one.id not in taken and not one.origins]
    return t.some(found, lambda: invoice(t))


def credit(t: Teller) -> None:
    """A customer sends all of it back."""
    bill = uncredited(t)
    t.tell(t.finance.credit(bill.credited(on=t.day(bill.on))))


def bill_back(bill: Bill, on: str) -> VendorCredit:
    """The vendor's credit note for all of a bill."""
    return VendorCredit(vendor=bill.vendor, on=on, currency=bill.currency, lines=bill.lines, credits=bill.id)


def credit_from_vendor(t: Teller) -> None:
    """A vendor takes all of it back."""
    taken = {one.credits for one in t.all(VendorCredit)}
    bill = t.some([one for one in t.all(Bill) if one.id not in taken and not one.origins], lambda: bought(t))
    t.tell(t.finance.credit_from_vendor(bill_back(bill, t.day(bill.on))))


def refund(t: Teller) -> None:
    """A customer who paid before anything was sold gets some of it back."""
    paid = t.tell(t.finance.collect(t.money(), customer="gamma", on=t.day()))
    back = t.money(paid.amount.minor)
    t.tell(t.finance.refund(back, customer="gamma", on=t.day(paid.on), to=[paid.id]))


def settle(t: Teller) -> None:
    """An advance is set against the invoice that came after it."""
    customer = f"customer {len(t.acts)}"
    paid = t.tell(t.finance.collect(t.money(), customer=customer, on=t.day()))
    bill = invoice(t, customer=customer)
    if bill.gross:
        t.tell(t.finance.settle(paid.id, to=[bill.id], on=t.day(max(paid.on, bill.on))))


def lock(t: Teller) -> None:
    """A kind of posting, or all of it, is locked up to a day."""
    t.tell(t.finance.lock(kind=t.choose(LOCKS), upto=t.day()))


def close_month(t: Teller) -> None:
    """The month of an open day is closed."""
    t.tell(t.finance.close_month(t.day()[:7]))


def close_year(t: Teller) -> YearClose:
    """The first year that is open is closed."""
    year = max((int(one.id) for one in t.all(YearClose, state="closed")), default=2023) + 1
    made: YearClose = t.tell(t.finance.close_year(str(year)))
    return made


def reopen(t: Teller) -> None:
    """The last year that is closed is opened again."""
    closed = t.all(YearClose, state="closed")
    year = max((one.id for one in closed), default="") or close_year(t).id
    t.tell(t.finance.reopen(year))


# -- what must be refused --------------------------------------------------------------------------------------------


def _twice_reversed(t: Teller) -> Act[Any]:
    made = post(t)
    t.posted.remove(made.id)
    t.tell(t.finance.reverse(made.id, on=made.on))
    return t.finance.reverse(made.id, on=t.day(made.on))


def _bad_account(t: Teller) -> Act[Any]:
    amount = t.money()
    return t.finance.post(Entry(t.day(), [Posting("no account", amount), Posting("4000", -amount)]))


def _locked_invoice(t: Teller) -> Act[Any]:
    return t.finance.issue(Invoice(customer="beta", on=t.locked_day(), currency=CURRENCY, lines=lines(t)))


def _no_rate(t: Teller) -> Act[Any]:
    return t.finance.issue(Invoice(customer="beta", on=t.day(), currency="CHF", lines=lines(t)))


def _overpaid(t: Teller) -> Act[Any]:
    bill = unpaid(t)
    amount = Money.of_minor(open_of(t, bill) + t.number(1, 100), CURRENCY)
    return t.finance.collect(amount, customer=bill.customer, on=t.day(bill.on), to=[bill.id])


def _overpaid_vendor(t: Teller) -> Act[Any]:
    bill = unpaid_bill(t)
    amount = Money.of_minor(open_of(t, bill, "payable") + t.number(1, 100), CURRENCY)
    return t.finance.pay(amount, vendor=bill.vendor, on=t.day(bill.on), to=[bill.id])


def _credited_twice(t: Teller) -> Act[Any]:
    bill = invoice(t)
    t.tell(t.finance.credit(bill.credited(on=bill.on)))
    return t.finance.credit(bill.credited(on=t.day(bill.on)))


def _vendor_credited_twice(t: Teller) -> Act[Any]:
    bill = bought(t)
    note = bill_back(bill, bill.on.isoformat())
    t.tell(t.finance.credit_from_vendor(note))
    return t.finance.credit_from_vendor(evolve(note, on=t.day(bill.on)))


def _locked_bill(t: Teller) -> Act[Any]:
    return t.finance.bill(Bill(vendor="mill", on=t.locked_day(), currency=CURRENCY, lines=lines(t)))


def _hard_lock_back(t: Teller) -> Act[Any]:
    t.tell(t.finance.lock(kind=LockKind.HARD, upto="2023-12-31"))
    return t.finance.lock(kind=LockKind.HARD, upto="2023-12-30")


def _nothing_to_refund(t: Teller) -> Act[Any]:
    return t.finance.refund(t.money(), customer="nobody", on=t.day())


SCENES: Final[Scenes] = {
    "finance.post": (post,),
    "finance.issue": (issue, issue_abroad),
    "finance.collect": (collect, collect_any),
    "finance.reverse": (reverse,),
    "finance.credit": (credit,),
    "finance.bill": (bought,),
    "finance.pay": (pay, pay_any),
    "finance.credit_from_vendor": (credit_from_vendor,),
    "finance.refund": (refund,),
    "finance.settle": (settle,),
    "finance.lock": (lock,),
    "finance.close_month": (close_month,),
    "finance.close_year": (close_year,),
    "finance.reopen": (reopen,),
}

WRONG: Final[Wrongs] = {
    "finance.post": (lambda t: t.finance.post(entry(t, t.locked_day())), _bad_account),
    "finance.issue": (_locked_invoice, _no_rate),
    "finance.collect": (
        _overpaid,
        lambda t: t.finance.collect(t.money(), customer="beta", on=t.locked_day()),
        lambda t: t.finance.collect(t.money(), customer="beta", on=t.day(), to=["no invoice"]),
    ),
    "finance.reverse": (_twice_reversed, lambda t: t.finance.reverse("no entry", on=t.day())),
    "finance.credit": (_credited_twice,),
    "finance.bill": (_locked_bill,),
    "finance.pay": (_overpaid_vendor, lambda t: t.finance.pay(t.money(), vendor="mill", on=t.locked_day())),
    "finance.credit_from_vendor": (_vendor_credited_twice,),
    "finance.refund": (_nothing_to_refund,),
    "finance.settle": (lambda t: t.finance.settle("no payment", to=[unpaid(t).id], on=t.day()),),
    "finance.lock": (_hard_lock_back,),
    "finance.close_month": (lambda t: t.finance.close_month("no month"),),
    "finance.close_year": (lambda t: t.finance.close_year("2024-Q1"),),
    "finance.reopen": (lambda t: t.finance.reopen("2030"),),
}
