"""Stories of finance in ledger notation: one line a fact, `->` what the books say of it. An accountant can review them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bizcore.company import Company
from bizcore.finance.chart import Account, Nature
from bizcore.finance.documents import Bill, Invoice
from bizcore.finance.lines import Line
from bizcore.kernel.money import Money


class Story:
    """Reads a line, applies the act, compares what is after `->` with the books."""

    def __init__(self, company: str = "EUR") -> None:
        self.acme = Company.create("story", currency=company)
        self.desk = self.acme.finance
        self.entries: tuple[Any, ...] = ()
        self.value: Any = None
        self.ids: dict[str, str] = {}

    def run(self, text: str) -> None:
        for line in filter(None, map(str.strip, text.splitlines())):
            told, _, expected = line.partition("->")
            words = told.split()
            if words[0] in {"open", "balance", "report"}:
                self.check(words, expected.split() or words[3:])
                continue
            self.tell(words)
            if expected:
                self.compare(expected.strip())

    def tell(self, words: list[str]) -> None:
        on, verb, who, amount, currency, *rest = words
        options = dict(zip(rest[::2], rest[1::2], strict=True))
        money = Money(amount, currency)
        rate = Decimal(options["at"]) if "at" in options else None
        to = [self.ids.get(one, one) for one in options.get("to", "").split(",") if one]
        if verb in {"invoice", "bill"}:
            line = Line("goods", 1, amount, tax=options.get("tax"))
            terms = options.get("terms", "30days").replace("days", " days").replace("months", " months")
            common = {"on": on, "currency": currency, "lines": [line], "rate": rate, "terms": terms}
            common["id"] = options.get("as", "")
            if verb == "invoice":
                act = self.desk.issue(Invoice(customer=who, **common))
            else:
                act = self.desk.bill(Bill(vendor=who, **common))
        elif verb == "credit":
            original = self.desk.invoices[who]
            act = self.desk.credit(original.credited(on=on))
        elif verb == "collect":
            received = Money(options["received"], self.acme.currency) if "received" in options else None
            act = self.desk.collect(money, customer=who, on=on, to=to, rate=rate, received=received)
        elif verb == "pay":
            act = self.desk.pay(money, vendor=who, on=on, to=to, rate=rate)
        elif verb == "settle":
            act = self.desk.settle(self.ids[options["advance"]], to=to, on=on, amount=money)
        else:
            act = self.desk.refund(money, customer=who, on=on, rate=rate)
        done = self.acme.apply(act)
        self.value, self.entries = done.value, done.entries
        if "as" in options:
            self.ids[options["as"]] = done.value.id

    def compare(self, expected: str) -> None:
        for part in expected.split(","):
            name, amount, unit, *word = part.split()
            if unit in {"gain", "loss"}:
                word, unit = [unit], self.acme.currency
            money = Money(amount, unit)
            if name == "realised":
                assert self.value.result == (money if word == ["gain"] else -money), part
            else:
                code = CODES[name]
                legs = [one for one in self.entries[0].postings if one.account == code]
                assert Money.of_minor(abs(sum(one.worth for one in legs)), unit) == money, part

    def check(self, words: list[str], expected: list[str]) -> None:
        what, name, who = words[:3]
        assert what == "balance"
        found = [one for one in self.desk.open_items() if one["account"] == CODES[name] and one["party"] == who]
        amounts = list(zip(expected[::2], expected[1::2], strict=True))
        values = Money.sum((one["value"] for one in found), self.acme.currency)
        assert values == Money(*amounts[-1]), (words, values)
        if len(amounts) > 1:
            foreign = Money.sum((one["amount"] for one in found), amounts[0][1])
            assert foreign == Money(*amounts[0]), (words, foreign)


CODES = {"receivable": "1200", "payable": "2000", "bank": "1000", "sales": "4000", "expense": "6000", "tax": "2200"}


def test_a_dollar_invoice_paid_in_two_parts_leaves_the_exchange_result() -> None:
    """Half is paid at a better rate, half at a worse one; the customer's account ends at zero in both currencies."""
    Story().run("""
        2026-03-05  invoice  beta        1000.00 USD   at 0.90        -> receivable  900.00 EUR
        2026-03-20  collect  beta         500.00 USD   at 0.92        -> realised     10.00 gain
        2026-04-02  collect  beta         500.00 USD   at 0.89        -> realised      5.00 loss
        balance     receivable beta  0.00 USD  0.00 EUR
    """)


def test_a_bill_in_dollars_paid_when_the_dollar_is_dearer_is_a_loss() -> None:
    Story().run("""
        2026-03-05  bill     mill        1000.00 USD   at 0.90        -> payable     900.00 EUR, expense 900.00 EUR
        2026-04-02  pay      mill        1000.00 USD   at 0.93        -> realised     30.00 loss
        balance     payable mill  0.00 USD  0.00 EUR
    """)


def test_an_advance_keeps_its_own_rate() -> None:
    """The customer pays before the invoice, at another rate; setting it against the invoice realises the difference."""
    Story().run("""
        2026-03-01  collect  beta         600.00 USD   at 0.90 as A   -> receivable  540.00 EUR
        2026-03-05  invoice  beta        1000.00 USD   at 0.95 as I   -> receivable  950.00 EUR
        2026-03-06  settle   beta         600.00 USD   advance A to I -> realised     30.00 loss
        balance     receivable beta  400.00 USD  380.00 EUR
        2026-03-20  collect  beta         400.00 USD   at 0.95 to I   -> bank        380.00 EUR
        balance     receivable beta  0.00 USD  0.00 EUR
    """)


def test_the_oldest_due_is_paid_first_and_the_rest_stays_as_an_advance() -> None:
    story = Story()
    story.run("""
        2026-03-10  invoice  beta         100.00 EUR   terms 60days as late
        2026-03-12  invoice  beta         200.00 EUR   terms 10days as soon
        2026-03-25  collect  beta         250.00 EUR                  -> bank        250.00 EUR
        balance     receivable beta  50.00 EUR  50.00 EUR
    """)
    assert [(one.lot, str(one.amount)) for one in story.value.settles] == [
        ("soon/1", "200.00 EUR"),
        ("late/1", "50.00 EUR"),
    ]
    story.run("""
        2026-03-26  collect  beta         80.00 EUR
        balance     receivable beta  -30.00 EUR  -30.00 EUR
    """)
    assert story.value.advance == Money("30.00", "EUR")


def test_an_invoice_credited_after_it_was_paid_is_refunded() -> None:
    Story().run("""
        2026-03-05  invoice  beta         100.00 EUR   tax S20 as I   -> receivable  120.00 EUR, tax 20.00 EUR
        2026-03-10  collect  beta         120.00 EUR   to I
        2026-03-15  credit   I              0.00 EUR                  -> receivable  120.00 EUR, sales 100.00 EUR
        balance     receivable beta  -120.00 EUR  -120.00 EUR
        2026-03-20  refund   beta         120.00 EUR                  -> bank        120.00 EUR
        balance     receivable beta  0.00 EUR  0.00 EUR
    """)


def test_dollars_arriving_on_a_euro_account_pass_through_the_exchange() -> None:
    """All legs of the invoice are dollars, the bank's are euros; the exchange account keeps no value."""
    story = Story()
    story.run("""
        2026-03-05  invoice  beta        1000.00 USD   at 0.90        -> receivable  900.00 EUR
        2026-03-20  collect  beta        1000.00 USD   received 918.00 -> realised    18.00 gain, bank 918.00 EUR
        balance     receivable beta  0.00 USD  0.00 EUR
    """)
    legs = [one for one in story.entries[0].postings if one.account == "9000"]
    assert [str(one.amount) for one in legs] == ["-918.00 EUR", "1000.00 USD"]
    assert sum(one.worth for one in legs) == 0
    assert "9000" not in story.desk.trial_balance().column("account")


def test_a_quarter_in_small() -> None:
    """Sold, bought, paid, closed: the statements an owner would look at."""
    story = Story()
    desk, acme = story.desk, story.acme
    acme.apply(acme.put(Account(code="6010", name="Rent", nature=Nature.EXPENSE, line="operating_expenses")))
    story.run("""
        2026-01-10  invoice  beta        3000.00 EUR   tax S20        -> receivable 3600.00 EUR
        2026-02-10  bill     mill        1000.00 EUR   tax S20        -> payable    1200.00 EUR
        2026-02-20  collect  beta        3600.00 EUR
        2026-03-01  pay      mill         700.00 EUR
    """)
    acme.apply(desk.close_month("2026-03"))
    sheet = {row["line"]: str(row["amount"].amount) for row in desk.balance_sheet(at="2026-03-31")}
    assert sheet == {
        "cash": "2900.00",
        "trade_receivables": "0.00",
        "other_receivables": "200.00",
        "assets": "3100.00",
        "trade_payables": "500.00",
        "tax_payable": "600.00",
        "liabilities": "1100.00",
        "result_of_the_year": "2000.00",
        "equity": "2000.00",
        "liabilities_and_equity": "3100.00",
        "difference": "0.00",
    }
    income = {row["line"]: str(row["amount"].amount) for row in desk.income_statement(period="2026-Q1")}
    assert income == {
        "revenue": "3000.00",
        "gross_profit": "3000.00",
        "operating_expenses": "1000.00",
        "result": "2000.00",
    }
    aged = desk.payable_aging(at="2026-03-31")
    assert (aged["mill", "1-30"].value, aged["total", "total"].value) == (Money("500", "EUR"), Money("500", "EUR"))
