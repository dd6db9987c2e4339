"""Issuing invoices, recording bills, crediting both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from attrs import evolve

from bizcore.book.entry import Posting
from bizcore.change.changes import Changes
from bizcore.change.view import AlreadyThere, View
from bizcore.finance.claims import NO_LEGS, claim
from bizcore.finance.documents import Bill, CreditNote, Invoice, OtherCurrency, TradeDocument, VendorCredit
from bizcore.finance.lines import Line
from bizcore.finance.policies import FinancePolicies
from bizcore.finance.tax import Prices
from bizcore.finance.terms import Terms
from bizcore.flow.document import Ref
from bizcore.kernel.days import Day
from bizcore.kernel.errors import Refused
from bizcore.kernel.exact import plain_number
from bizcore.kernel.money import Money
from bizcore.kernel.sequence import check_sequence

T = TypeVar("T", bound=TradeDocument)


class OverCredited(Refused):
    """More would be credited than was billed, in all or in a tax category, or in the other direction."""

    code = "over_credited"

    def __init__(self, *, document: str, part: str, billed: Money, credited: Money) -> None:
        super().__init__(
            f"{document}: the {part} is {billed}; credits would be {credited}, and only what is left of it can be credited",
            document=document,
            part=part,
            billed=billed,
            credited=credited,
        )


class OtherParty(Refused):
    """The document named belongs to somebody else."""

    code = "other_party"

    def __init__(self, *, document: str, party: str, given: str) -> None:
        super().__init__(f"{document} is {party}'s, not {given}'s", document=document, party=party, given=given)


class SameReference(Refused):
    """The vendor's own number was billed already: the same paper would be paid twice."""

    code = "same_reference"
    allowed: tuple[str, ...] = ("credit_from_vendor",)

    def __init__(self, *, vendor: str, reference: str, bill: str) -> None:
        super().__init__(
            f"{vendor}'s {reference!r} is bill {bill} already; credit that whole first, or give this one's own reference",
            vendor=vendor,
            reference=reference,
            bill=bill,
        )


_SAME_ACCOUNT: Final[Mapping[type[TradeDocument], type[TradeDocument]]] = {
    Invoice: CreditNote,
    CreditNote: Invoice,
    Bill: VendorCredit,
    VendorCredit: Bill,
}


def issue(view: View, invoice: Invoice) -> Changes[Invoice]:
    """Issue an invoice: it gets its number, the customer owes each instalment from its due date.

    Guarantees: receivable = gross + rounding; income by line account; output tax by category; the entry is in the
    invoice's currency, its values by the rate or as stated; a rate that was looked up stays on the invoice.
    Raises: IllegalStep (issued already), AlreadyThere, RateMissing, AccountUnknown, TermsOverrun.

    >>> from bizcore import Company
    >>> acme = Company.create("acme", currency="EUR")
    >>> bill = Invoice(customer="beta", on="2026-03-05", currency="EUR", lines=[Line("Workshop", 2, "1500.00", tax="S20")])
    >>> acme.apply(acme.finance.issue(bill), key="order 4711").value.number
    'INV-2026-000001'
    """
    return recorded(view, invoice)


def credit(view: View, note: CreditNote) -> Changes[CreditNote]:
    """Issue a credit note: it clears the invoice it credits; what was paid already becomes the customer's credit.

    Guarantees: minus the entry of an invoice of the same lines, cent by cent; credited <= billed, in all and in each tax
    category and rate, net and tax; a note has the sign of its invoice and is not dated before it.
    Raises: as `issue`; DocumentNotFound, OtherParty, OtherCurrency, OverCredited, DatedBefore.
    """
    check_credit(view, note)
    return recorded(view, _from(view, note, Invoice))


def bill(view: View, bill: Bill) -> Changes[Bill]:
    """Record a vendor's bill: expense by line account, input tax, and what we owe when.

    Guarantees: a vendor's reference is billed once, unless its bill was credited whole.
    Raises: IllegalStep (recorded already), AlreadyThere, SameReference, RateMissing, AccountUnknown, TermsOverrun.
    """
    return recorded(view, bill)


def credit_from_vendor(view: View, note: VendorCredit) -> Changes[VendorCredit]:
    """Record a vendor's credit note: it clears the bill it credits; what was paid already becomes our credit there.

    Raises: as `bill`; DocumentNotFound, OtherParty, OtherCurrency, OverCredited, DatedBefore.
    """
    check_credit(view, note)
    return recorded(view, _from(view, note, Bill))


def invoice(
    view: View,
    customer: str,
    lines: Sequence[Line],
    *,
    on: Day,
    currency: str | None = None,
    terms: Terms | None = None,
) -> Invoice:
    """Draft an invoice: currency, terms and tax policies are those in force for the customer on that day.

    Nothing is recorded; the result is the class one can build oneself.
    """
    policies = view.policies(FinancePolicies, on=on, scope=customer)
    return Invoice(
        customer=customer,
        on=on,
        lines=lines,
        currency=currency or policies.currency or view.currency,
        terms=terms or policies.terms,
        tax_rounding=policies.tax_rounding,
        rounding_mode=policies.rounding_mode,
        prices=policies.prices,
    )


def vendor_bill(
    view: View,
    vendor: str,
    lines: Sequence[Line],
    *,
    on: Day,
    reference: str = "",
    currency: str | None = None,
    terms: Terms | None = None,
) -> Bill:
    """Draft a bill: currency, terms and tax policies are those in force for the vendor on that day."""
    policies = view.policies(FinancePolicies, on=on, scope=vendor)
    return Bill(
        vendor=vendor,
        on=on,
        lines=lines,
        reference=reference,
        currency=currency or policies.currency or view.currency,
        terms=terms or policies.terms,
        tax_rounding=policies.tax_rounding,
        rounding_mode=policies.rounding_mode,
        prices=policies.prices,
    )


def recorded(view: View, document: T, *, legs: Mapping[int, Sequence[Posting]] = NO_LEGS) -> Changes[T]:
    """Record any of the four documents; bridges give `legs` for lines that clear something of theirs, see `claim`.

    Raises: IllegalStep (recorded already), AlreadyThere, SameReference, and what `claim` raises.
    """
    stepped = document.to("issue" if isinstance(document, (Invoice, CreditNote)) else "record")
    _check_name(view, stepped)
    if isinstance(document, Bill):
        _check_reference(view, document)
    posted, entry = claim(view, view.mint(stepped), legs=legs)
    return Changes(posted, entries=[] if entry is None else [view.mint(entry)])


def _check_name(view: View, document: TradeDocument) -> None:
    """Refuse the id of a document of the same account: open items are named after it. Raises: AlreadyThere."""
    other = _SAME_ACCOUNT[type(document)]
    if document.id and view.seek(other, document.id) is not None:
        raise AlreadyThere(kind=other.kind, id=document.id)


def _check_reference(view: View, bill: Bill) -> None:
    """Refuse a vendor's reference that is billed and not credited whole. Raises: SameReference."""
    if not bill.reference:
        return
    for one in view.find(Bill, "reference", bill.vendor, bill.reference):
        credited = Money.sum((note.owed for note in view.find(VendorCredit, "credits", one.id)), one.currency)
        if credited != one.owed:
            raise SameReference(vendor=bill.vendor, reference=bill.reference, bill=one.id)


def _from(view: View, note: T, cls: type[TradeDocument]) -> T:
    """The note with the document it credits among its origins, at its rate unless it states values of its own."""
    credited = getattr(note, "credits", None)
    if credited is None:
        return note
    stated = note.rate is not None or any(one.value is not None for one in note.items)
    rate = note.rate if stated else view.get(cls, credited).rate
    origin = Ref(cls.kind, credited)
    return evolve(note, rate=rate, origins=note.origins if origin in note.origins else (*note.origins, origin))


def check_credit(view: View, note: CreditNote | VendorCredit) -> None:
    """Refuse a credit note that does not fit what it credits; bridges that record one ask too.

    Raises: DocumentNotFound, OtherParty, OtherCurrency, OverCredited, DatedBefore.
    """
    if note.credits is None:
        return
    credited: TradeDocument = view.get(Invoice if isinstance(note, CreditNote) else Bill, note.credits)
    earlier: Iterable[TradeDocument] = view.find(type(note), "credits", note.credits)
    if credited.party != note.party:
        raise OtherParty(document=credited.id, party=credited.party, given=note.party)
    if credited.currency != note.currency:
        raise OtherCurrency(field="credits", value=credited.gross, currency=note.currency)
    check_sequence("a credit note", note.on, cause=f"{credited.kind} {credited.id}", since=credited.on)
    notes = [*earlier, note]
    roundings = sum(len(one.items) for one in notes)
    billed, now, before = _parts(credited), _parts(note), [_parts(one) for one in notes[:-1]]
    for part, amount in now.items():
        most = billed.get(part, Money.zero(note.currency))
        total = Money.sum((one[part] for one in before if part in one), note.currency) + amount
        # Each note rounds its tax anew: in parts, a category may come to half a cent more a line; the sum never does.
        rounded = part.startswith("tax") or (part.startswith("net") and credited.prices is Prices.GROSS)
        slack = Money.of_minor((roundings + 1) // 2 if before and rounded else 0, note.currency)
        if amount.sign not in (0, most.sign) or abs(total) > abs(most) + slack:
            raise OverCredited(document=credited.id, part=part, billed=most, credited=total)


def _parts(document: TradeDocument) -> dict[str, Money]:
    """What is owed in all, and the net and tax of each category and rate: nothing of it is credited twice."""
    found = {"sum": document.owed}
    for one in document.tax_lines:
        name = f"{one.category} {plain_number(one.rate)} %" if one.category else "no category"
        found[f"net of {name}"] = one.base
        found[f"tax of {name}"] = one.tax
    return found
