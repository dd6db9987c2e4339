"""Trade between companies of one group: what one invoices the other is billed, what one pays the other collects, and both agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from attrs import evolve, frozen

from bizcore.change.act import Act
from bizcore.change.committed import Committed
from bizcore.change.view import View
from bizcore.company.facade import Company
from bizcore.finance import chart as charts
from bizcore.finance.documents import Bill, CreditNote, Invoice, TradeDocument, VendorCredit
from bizcore.finance.lines import Adjustment
from bizcore.finance.openitems import document_of, lots_of
from bizcore.finance.settlement import Against, Payment, Way
from bizcore.flow.document import Document
from bizcore.kernel.money import Money
from bizcore.kernel.table import Column, Table

D = TypeVar("D", bound=Document)

_SAME: Final = (
    "on",
    "currency",
    "terms",
    "prepaid",
    "rounding",
    "tax_stated",
    "tax_rounding",
    "rounding_mode",
    "prices",
    "text",
)
"""What an invoice and the bill it is to the other side have in common, beside their lines."""


@frozen(kw_only=True)
class Sales:
    """Rule for `relay` from the seller to the buyer: an invoice is a bill, a credit note a vendor credit.

    `customer` is how the seller calls the buyer, by default the buyer's company name; `vendor` how the buyer calls the seller. The bill
    has the invoice's number as its reference, and the vendor and that number as its id.

    Guarantees: net, tax, gross and instalments are those of the invoice, to the cent. Accounts, items and rates are the seller's and stay
    there: the buyer's usual expense account and recorded rate are used.
    """

    customer: str | None = None
    vendor: str | None = None
    name: str = "sales"

    def acts(self, source: Company, target: Company, done: Committed[Any]) -> Iterator[Act[Any]]:
        """Bills and vendor credits."""
        customer, vendor = self.customer or target.name, self.vendor or source.name
        for invoice in _new(source, done, Invoice):
            if invoice.customer == customer:
                yield target.finance.bill(
                    Bill(
                        id=_bill_id(vendor, invoice),
                        vendor=vendor,
                        reference=invoice.number,
                        **_shared(invoice),
                    )
                )
        for note in _new(source, done, CreditNote):
            if note.customer == customer:
                of = _bill_id(vendor, source.get(Invoice, note.credits)) if note.credits else None
                yield target.finance.credit_from_vendor(
                    VendorCredit(
                        id=_bill_id(vendor, note),
                        vendor=vendor,
                        reference=note.number,
                        credits=of,
                        **_shared(note),
                    )
                )


@frozen(kw_only=True)
class Payments:
    """Rule for `relay` from the buyer to the seller: what is paid is collected, for the invoices it was paid for, what comes back refunded.

    `vendor` is how the buyer calls the seller, by default the seller's company name; `customer` how the seller calls the buyer. A payment
    with an advance, for a bill that is none of the seller's invoices, or for more than is open of them there (an advance that came
    before was set against them), settles the oldest invoices instead: money that came is never refused.
    """

    vendor: str | None = None
    customer: str | None = None
    name: str = "payments"

    def acts(self, source: Company, target: Company, done: Committed[Any]) -> Iterator[Act[Any]]:
        """Collections and refunds."""
        vendor, customer = self.vendor or target.name, self.customer or source.name
        for paid in _new(source, done, Payment):
            if (paid.against, paid.party) != (Against.VENDOR, vendor):
                continue
            if paid.way is Way.IN:
                yield target.finance.refund(paid.amount, customer=customer, on=paid.on, text=paid.text)
            else:
                yield target.finance.collect(
                    paid.amount,
                    customer=customer,
                    on=paid.on,
                    to=_invoices(source, target.view(), paid, customer),
                    write_off=paid.written_off,
                    text=paid.text,
                )


def agreement(seller: Company, buyer: Company, *, customer: str | None = None, vendor: str | None = None) -> Table:
    """What the seller says it is owed and what the buyer says it owes, by currency; a difference is what one has and the other not yet.

    Guarantees: when everything is relayed, no difference.

    >>> acme, beta = (Company.create(name, currency="EUR") for name in ("acme", "beta"))
    >>> agreement(acme, beta).to_dicts()
    []
    """
    owed = _open(seller, "receivable", customer or buyer.name, 1)
    owing = _open(buyer, "payable", vendor or seller.name, -1)
    rows = []
    for currency in sorted({*owed, *owing}):
        one, other = owed.get(currency, Money.zero(currency)), owing.get(currency, Money.zero(currency))
        rows.append([currency, one, other, one - other])
    money = [Column(name, kind="money") for name in ("seller", "buyer", "difference")]
    return Table([Column("currency"), *money], rows, title=f"{seller.name} and {buyer.name}")


def _open(company: Company, role: str, party: str, sign: int) -> dict[str, Money]:
    view = company.view()
    found: dict[str, Money] = {}
    for lot in view.lots("journal", charts.of(view).role(role), party):
        if isinstance(lot.amount, Money):
            currency = lot.amount.currency
            found[currency] = found.get(currency, Money.zero(currency)) + Money.of_minor(
                sign * lot.amount.minor, currency
            )
    return found


def _new(company: Company, done: Committed[Any], cls: type[D]) -> Iterator[D]:
    """The documents of a kind that a change wrote; those asked for here are written once."""
    for ref in done.documents:
        if ref.kind == cls.kind:
            yield company.get(cls, ref.id)


def _bill_id(vendor: str, document: TradeDocument) -> str:
    return f"{vendor} {document.number}"


def _shared(document: TradeDocument) -> dict[str, Any]:
    def plain(some: tuple[Adjustment, ...]) -> list[Adjustment]:
        return [evolve(one, account=None, value=None) for one in some]

    return {
        **{name: getattr(document, name) for name in _SAME},
        "lines": [evolve(one, account=None, item=None, value=None) for one in document.lines],
        "allowances": plain(document.allowances),
        "charges": plain(document.charges),
    }


def _invoices(buyer: Company, seller: View, paid: Payment, customer: str) -> list[str]:
    """The seller's ids of the invoices that a payment paid; none when it did more than that, or they are not open for so much."""
    if paid.advance is not None:
        return []
    lots = seller.lots("journal", charts.of(seller).role("receivable"), customer)
    found: dict[str, int] = {}
    for one in paid.settles:
        bill = buyer.view().seek(Bill, document_of(one.lot) or "-")
        invoice = next(seller.find(Invoice, "number", bill.reference), None) if bill is not None else None
        if invoice is None:
            return []
        amounts = [lot.amount for lot in lots_of(lots, invoice.id)]
        found[invoice.id] = sum(
            one.minor for one in amounts if isinstance(one, Money) and one.currency == paid.amount.currency
        )
    written_off = paid.written_off.minor if paid.written_off is not None else 0
    return list(found) if sum(found.values()) >= paid.amount.minor + written_off else []
