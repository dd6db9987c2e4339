"""The finance desk: bindings, no logic."""

from __future__ import annotations

from bizcore.change.desk import Desk, documents, draft, report, verb
from bizcore.finance import aging, closing, journal, settlement, statements
from bizcore.finance import invoices as invoicing
from bizcore.finance.chart import Account
from bizcore.finance.closing import YearClose
from bizcore.finance.documents import Bill, CreditNote, Invoice, VendorCredit
from bizcore.finance.journal import EntryReversal
from bizcore.finance.policies import FinancePolicies
from bizcore.finance.rates import ExchangeRate
from bizcore.finance.settlement import Payment, Settlement


class FinanceDesk(Desk):
    """What finance can do for a company."""

    name = "finance"

    post = verb(journal.post)
    reverse = verb(journal.reverse)
    issue = verb(invoicing.issue)
    credit = verb(invoicing.credit)
    bill = verb(invoicing.bill)
    credit_from_vendor = verb(invoicing.credit_from_vendor)
    collect = verb(settlement.collect)
    pay = verb(settlement.pay)
    refund = verb(settlement.refund)
    settle = verb(settlement.settle)
    lock = verb(closing.lock)
    close_month = verb(closing.close_month)
    close_year = verb(closing.close_year)
    reopen = verb(closing.reopen)

    invoice = draft(invoicing.invoice)
    vendor_bill = draft(invoicing.vendor_bill)

    trial_balance = report(statements.trial_balance)
    balance_sheet = report(statements.balance_sheet)
    income_statement = report(statements.income_statement)
    receivable_aging = report(aging.receivable_aging)
    payable_aging = report(aging.payable_aging)
    open_items = report(aging.open_items)

    accounts = documents(Account)
    invoices = documents(Invoice)
    credit_notes = documents(CreditNote)
    bills = documents(Bill)
    vendor_credits = documents(VendorCredit)
    payments = documents(Payment)
    settlements = documents(Settlement)
    rates = documents(ExchangeRate)
    policies = documents(FinancePolicies)
    reversals = documents(EntryReversal)
    year_closes = documents(YearClose)
