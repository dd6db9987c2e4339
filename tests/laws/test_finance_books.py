"""Laws of the books: whatever acts were applied, in whatever order, the statements tie and every cell is its postings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from bizcore.book.entry import Entry, Posting
from bizcore.change.reading import PostingQuery
from bizcore.company import Company
from bizcore.finance.documents import Bill, Invoice
from bizcore.finance.lines import Line
from bizcore.finance.policies import Reversal
from bizcore.finance.rates import ExchangeRate
from bizcore.finance.settlement import NothingOpen
from bizcore.kernel.errors import Refused
from bizcore.kernel.money import Money
from bizcore.kernel.rates import RateMissing
from bizcore.kernel.table import Table

START = date(2026, 1, 1)
ACCOUNTS = ("1000", "1200", "1400", "2000", "3000", "4000", "6000")

days = st.integers(0, 500).map(lambda n: START + timedelta(days=n))
minors = st.integers(1, 500_000)
amounts = st.builds(Money.of_minor, minors, st.sampled_from(["EUR", "USD"]))
rates = st.decimals("0.5", "2", places=4)
pick = st.integers(0, 1_000)

kinds = st.sampled_from(
    ["issue", "issue", "bill", "collect", "collect", "pay", "settle", "credit", "post", "reverse", "close", "refund"]
)
steps = st.lists(st.tuples(kinds, days, amounts, rates, pick), min_size=1, max_size=14)


class Books:
    """A company and what a random story needs to know of it."""

    def __init__(self) -> None:
        self.acme = Company.create("law", currency="EUR")
        self.invoices: list[str] = []
        self.bills: list[str] = []
        self.payments: list[str] = []
        self.entries: list[str] = []

    def apply(self, act: Any) -> Any:
        done = self.acme.apply(act)
        self.entries += [entry.id for entry in done.entries if entry.book == "journal"]
        return done.value

    def play(self, step: tuple[str, date, Money, Any, int]) -> None:
        """One act; what the books refuse changes nothing and is part of the story."""
        try:
            getattr(self, step[0])(*step[1:])
        except (Refused, NothingOpen):
            return

    def issue(self, on: date, amount: Money, rate: Any, n: int) -> None:
        self.invoices.append(self.apply(self.acme.finance.issue(invoice(on, amount, rate, n))).id)

    def bill(self, on: date, amount: Money, rate: Any, n: int) -> None:
        line = Line("x", n % 5 + 1, amount.amount, tax=("S20", None)[n % 2])
        document = Bill(vendor=f"v{n % 2}", on=on, currency=amount.currency, lines=[line], rate=rate, terms="15 days")
        self.bills.append(self.apply(self.acme.finance.bill(document)).id)

    def collect(self, on: date, amount: Money, rate: Any, n: int) -> None:
        to = [self.invoices[n % len(self.invoices)]] if self.invoices and n % 3 == 0 else []
        named = self.acme.finance.invoices[to[0]] if to else None
        if named is not None and named.currency != amount.currency:
            to = []
        customer = named.customer if named is not None and to else f"c{n % 2}"
        given_rate = None if amount.currency == "EUR" else rate
        act = self.acme.finance.collect(amount, customer=customer, on=on, to=to, rate=given_rate)
        self.payments.append(self.apply(act).id)

    def pay(self, on: date, amount: Money, rate: Any, n: int) -> None:
        given_rate = None if amount.currency == "EUR" else rate
        self.payments.append(self.apply(self.acme.finance.pay(amount, vendor=f"v{n % 2}", on=on, rate=given_rate)).id)

    def refund(self, on: date, amount: Money, rate: Any, n: int) -> None:
        given_rate = None if amount.currency == "EUR" else rate
        self.apply(self.acme.finance.refund(amount, customer=f"c{n % 2}", on=on, rate=given_rate))

    def settle(self, on: date, amount: Money, rate: Any, n: int) -> None:
        if not self.payments:
            return
        payment = self.acme.finance.payments[self.payments[n % len(self.payments)]]
        pool = self.invoices if payment.against.value == "customer" else self.bills
        desk = self.acme.finance
        found = [desk.invoices if pool is self.invoices else desk.bills][0]
        same = [
            one for one in pool if found[one].party == payment.party and found[one].currency == payment.amount.currency
        ]
        if same and payment.advance is not None and self.is_open(payment.id):
            claim = same[n % len(same)]
            self.apply(desk.settle(payment.id, to=[claim], on=max(on, payment.on, found[claim].on)))

    def is_open(self, lot: str) -> bool:
        return lot in self.acme.finance.open_items().column("item")

    def credit(self, on: date, amount: Money, rate: Any, n: int) -> None:
        if self.invoices:
            original = self.acme.finance.invoices[self.invoices[n % len(self.invoices)]]
            self.apply(self.acme.finance.credit(original.credited(on=max(on, original.on))))

    def post(self, on: date, amount: Money, rate: Any, n: int) -> None:
        source, target = ACCOUNTS[n % 7], ACCOUNTS[(n // 7) % 7]
        value = Money.of_minor(amount.minor, "EUR")
        party = f"c{n % 2}"
        legs = [Posting(target, value, party=party), Posting(source, -value, party=party)]
        self.apply(self.acme.finance.post(Entry(on, legs)))

    def reverse(self, on: date, amount: Money, rate: Any, n: int) -> None:
        if self.entries:
            how = list(Reversal)[n % 2]
            entry = self.acme.entry(self.entries[n % len(self.entries)])
            self.apply(self.acme.finance.reverse(entry.id, on=max(on, entry.on), how=how))

    def close(self, on: date, amount: Money, rate: Any, n: int) -> None:
        if n % 4 == 0:
            self.apply(self.acme.finance.close_year(str(on.year)))
        elif n % 4 == 1 and self.acme.finance.year_closes.get(str(on.year)) is not None:
            self.apply(self.acme.finance.reopen(str(on.year)))


def invoice(on: date, amount: Money, rate: Any, n: int) -> Invoice:
    return Invoice(
        customer=f"c{n % 2}",
        on=on,
        currency=amount.currency,
        lines=[Line("x", 1, amount.amount, tax=("S20", "S7", "Z")[n % 3]), Line("y", -1, "0.01", tax="S20")],
        rate=rate,
        terms=("now", "30 days", "30% now; rest 2 months", "33.33% now; 50% of rest 10 days; rest end of month")[n % 4],
    )


def told(story: list[Any]) -> Books:
    books = Books()
    for step in story:
        books.play(step)
    return books


def state(acme: Company) -> dict[str, Any]:
    """Balances and open items, as they stand; storno turnovers and log are not part of it."""
    rows = acme.view().totals(PostingQuery(book="journal"), by=("account", "unit"))
    return {
        "balances": {row.key: (row.amount, row.value) for row in rows if row.amount or row.value},
        "items": sorted((one["account"], one["party"], one["item"], one["amount"].minor, one["value"].minor)
                        for one in acme.finance.open_items()),
    }  # fmt: skip


def cells_are_their_postings(table: Table, names: tuple[str, ...]) -> None:
    for row in range(len(table)):
        for name in names:
            cell = table[row, name]
            found = cell.postings.column("value") if len(cell.postings) else ()
            assert Money.sum(found, cell.value.currency) == cell.value, (table.title, row, name)
            assert cell.explain().result == str(cell.value)


@given(steps, days)
@settings(max_examples=60)
def test_assets_are_liabilities_and_equity_at_every_date(story: list[Any], at: date) -> None:
    finance = told(story).acme.finance
    for sheet in (finance.balance_sheet(), finance.balance_sheet(at=at)):
        assert not sheet["difference", "amount"].value
        assert sheet["assets", "amount"].value == sheet["liabilities_and_equity", "amount"].value
    total = finance.trial_balance(at=at)["total", "balance"].value
    assert not total


@given(steps, days)
@settings(max_examples=60)
def test_aging_adds_up_to_the_control_account(story: list[Any], at: date) -> None:
    finance = told(story).acme.finance
    for when in (None, at):
        held = {one["account"]: one["balance"] for one in finance.trial_balance(at=when)}
        zero = Money("0", "EUR")
        assert finance.receivable_aging(at=when)["total", "total"].value == held.get("1200", zero)
        assert finance.payable_aging(at=when)["total", "total"].value == -held.get("2000", zero)


@given(steps, days)
@settings(max_examples=40)
def test_every_cell_of_every_statement_is_the_sum_of_its_postings(story: list[Any], at: date) -> None:
    finance = told(story).acme.finance
    for when in (None, at):
        cells_are_their_postings(finance.trial_balance(at=when), ("debit", "credit", "balance"))
        cells_are_their_postings(finance.balance_sheet(at=when), ("amount",))
        aging = finance.receivable_aging(at=when)
        cells_are_their_postings(aging, tuple(one.name for one in aging.columns[1:]))
    cells_are_their_postings(finance.income_statement(), ("amount",))
    cells_are_their_postings(finance.income_statement(period=str(at.year)), ("amount",))


@given(steps, steps.map(lambda some: some[:1]), st.sampled_from(list(Reversal)))
@settings(max_examples=60)
def test_a_reversal_restores_every_balance_and_open_item(story: list[Any], last: list[Any], how: Reversal) -> None:
    """Items that the entry had closed are open again, those it had opened are gone."""
    books = told([one for one in story if one[0] not in {"reverse", "close"}])
    before, count = state(books.acme), len(books.entries)
    if last[0][0] in {"reverse", "close", "issue", "bill", "credit"}:  # a document is taken back by its own verb
        return
    books.play(last[0])
    for entry in reversed(books.entries[count:]):
        books.acme.apply(books.acme.finance.reverse(entry, on=START + timedelta(days=600), how=how))
    assert state(books.acme) == before


@given(steps, st.sampled_from(["2026", "2027"]))
@settings(max_examples=60)
def test_closing_changes_no_statement_and_twice_is_once(story: list[Any], year: str) -> None:
    books = told([one for one in story if one[0] != "close"])
    finance = books.acme.finance

    def statements() -> list[Any]:
        found = [finance.income_statement(period=one) for one in ("2026", "2027", "2026-Q4")]
        found += [finance.balance_sheet(at=one) for one in (None, "2026-12-31", "2027-01-01", "2027-12-31")]
        return [{row["line"]: row["amount"] for row in one} for one in (*found, finance.income_statement())]

    open_books = statements()
    for one in ("2026", "2027"):
        if one <= year:
            books.apply(finance.close_year(one))
    closed, hashed, head = statements(), books.acme.state_hash(), state(books.acme)
    assert closed == open_books
    books.apply(finance.close_year(year))
    assert state(books.acme) == head
    assert books.acme.state_hash() == hashed
    books.apply(finance.reopen(year))
    assert statements() == open_books


@given(st.lists(st.tuples(days, amounts, rates, pick), min_size=2, max_size=6), st.randoms())
@settings(max_examples=40)
def test_the_order_of_independent_entries_changes_nothing(found: list[Any], random: Any) -> None:
    mixed = list(enumerate(found))
    random.shuffle(mixed)

    def recorded(numbered: list[Any]) -> Table:
        acme = Company.create("law", currency="EUR")
        for index, (on, amount, rate, n) in numbered:
            acme.apply(acme.finance.issue(evolve(invoice(on, amount, rate, n), id=f"I{index}")))
        return acme.finance

    one, other = recorded(list(enumerate(found))), recorded(mixed)
    reports: list[Callable[[Any], Table]] = [
        lambda f: f.trial_balance(),
        lambda f: f.balance_sheet(),
        lambda f: f.receivable_aging(),
    ]
    assert all(list(rule(one)) == list(rule(other)) for rule in reports)


@given(minors, st.lists(st.tuples(st.integers(1, 100), rates), min_size=1, max_size=5), rates)
@settings(max_examples=60)
def test_paid_in_any_parts_nothing_is_left_in_either_currency(
    minor: int, parts: list[tuple[int, Any]], rate: Any
) -> None:
    """The exchange result is what came in less what the invoice was worth, however it was paid."""
    acme = Company.create("law", currency="EUR")
    line = Line("x", 1, Money.of_minor(minor, "USD").amount)
    acme.apply(acme.finance.issue(Invoice(id="I", customer="c", on=START, currency="USD", rate=rate, lines=[line])))
    pieces = [one for one in Money.of_minor(minor, "USD").split([weight for weight, _ in parts]) if one]
    result, taken = 0, 0
    for amount, (_, paid_at) in zip(pieces, parts, strict=False):
        done = acme.apply(acme.finance.collect(amount, customer="c", on=START, to=["I"], rate=paid_at)).value
        result += done.result.minor if done.result else 0
        taken += done.value.minor
    assert len(acme.finance.open_items(customer="c")) == 0
    held = {one["account"]: one["balance"].minor for one in acme.finance.trial_balance()}
    assert held["1200"] == 0
    assert result == taken + held["4000"]
    assert Fraction(held.get("6800", 0)) == -result


@given(days, amounts, rates, pick)
@settings(max_examples=60)
def test_a_credit_note_posts_minus_its_invoice(on: date, amount: Money, rate: Any, n: int) -> None:
    """Cent by cent, account by account; and the customer's account ends at zero."""
    acme = Company.create("law", currency="EUR")
    issued = acme.apply(acme.finance.issue(invoice(on, amount, rate, n)))
    if not issued.entries:  # nothing was owed
        return
    back = acme.apply(acme.finance.credit(issued.value.credited(on=on)))

    def sums(entry: Entry) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for one in entry.postings:
            amount, worth = found.get(one.account, (0, 0))
            found[one.account] = (amount + one.scaled, worth + one.worth)
        return found

    there = sums(issued.entries[0])
    assert sums(back.entries[0]) == {account: (-a, -v) for account, (a, v) in there.items()}
    assert len(acme.finance.open_items(customer=issued.value.customer)) == 0


@given(st.lists(st.tuples(days, rates), min_size=1, max_size=6, unique_by=lambda one: one[0]), days)
@settings(max_examples=40)
def test_only_the_rate_of_the_day_serves(quoted: list[tuple[date, Any]], on: date) -> None:
    """A missing rate is refused, never replaced by a neighbour or an inverse of another day."""
    acme = Company.create("law", currency="EUR")
    for day, rate in quoted:
        acme.apply(acme.put(ExchangeRate(base="USD", quote="EUR", on=day, rate=rate)))
    bill = Invoice(id="I", customer="c", on=on, currency="USD", lines=[Line("x", 1, "100")])
    known = dict(quoted).get(on)
    if known is None:
        with pytest.raises(RateMissing):
            acme.apply(acme.finance.issue(bill))
        return
    entry = acme.apply(acme.finance.issue(bill)).entries[0]
    assert entry.value.exact.amount == Fraction(known) * 100
