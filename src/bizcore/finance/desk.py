"""The finance desk: bindings, no logic."""

from __future__ import annotations

from typing import Final

from bizcore.change.desk import Desk, documents, draft, report, verb
from bizcore.finance import aging, closing, journal, settlement, statements
from bizcore.finance import invoices as invoicing
from bizcore.finance.chart import Account
from bizcore.finance.closing import YearClose
from bizcore.finance.documents import Bill, CreditNote, Invoice, VendorCredit
from bizcore.finance.journal import EntryReversal
from bizcore.finance.limits import CreditLimit
from bizcore.finance.policies import FinancePolicies
from bizcore.finance.rates import ExchangeRate
from bizcore.finance.settlement import Payment, Settlement


class FinanceDesk(Desk):
    """What finance can do for a company."""

    name = "finance"

    post: Final = verb(journal.post)
    reverse: Final = verb(journal.reverse)
    issue: Final = verb(invoicing.issue)
    credit: Final = verb(invoicing.credit)
    bill: Final = verb(invoicing.bill)
    credit_from_vendor: Final = verb(invoicing.credit_from_vendor)
    collect: Final = verb(settlement.collect)
    pay: Final = verb(settlement.pay)
    refund: Final = verb(settlement.refund)
    settle: Final = verb(settlement.settle)
    lock: Final = verb(closing.lock)
    close_month: Final = verb(closing.close_month)
    close_year: Final = verb(closing.close_year)
    reopen: Final = verb(closing.reopen)

    invoice: Final = draft(invoicing.invoice)
    vendor_bill: Final = draft(invoicing.vendor_bill)

    trial_balance: Final = report(statements.trial_balance)
    balance_sheet: Final = report(statements.balance_sheet)
    income_statement: Final = report(statements.income_statement)
    receivable_aging: Final = report(aging.receivable_aging)
    payable_aging: Final = report(aging.payable_aging)
    open_items: Final = report(aging.open_items)

    accounts: Final = documents(Account)
    invoices: Final = documents(Invoice)
    credit_notes: Final = documents(CreditNote)
    bills: Final = documents(Bill)
    vendor_credits: Final = documents(VendorCredit)
    payments: Final = documents(Payment)
    settlements: Final = documents(Settlement)
    rates: Final = documents(ExchangeRate)
    credit_limits: Final = documents(CreditLimit)
    policies: Final = documents(FinancePolicies)
    reversals: Final = documents(EntryReversal)
    year_closes: Final = documents(YearClose)
