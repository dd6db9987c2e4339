"""Procure to pay: what a vendor bills is matched with what was ordered and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeVar

from attrs import evolve, field, frozen

from bizcore.book.entry import Posting
from bizcore.bridges.procure_to_pay.clearing import ORDER_LINE, Items, rate_of, recorded_clearing, split
from bizcore.change.changes import Changes
from bizcore.change.desk import Desk, documents, report, verb
from bizcore.change.view import View
from bizcore.finance import chart as charts
from bizcore.finance.chart import Chart
from bizcore.finance.crediting import PIECES, in_part, taken_back, whole
from bizcore.finance.documents import Bill, OtherCurrency, TradeDocument, VendorCredit
from bizcore.finance.invoices import check_credit
from bizcore.finance.lines import Adjustment, Line
from bizcore.finance.policies import FinancePolicies
from bizcore.finance.rates import spot
from bizcore.finance.terms import Terms
from bizcore.flow.document import Ref
from bizcore.flow.policies import Policies
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Invalid, Refused
from bizcore.kernel.exact import Number, fraction, number
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.sequence import check_sequence
from bizcore.kernel.table import Column, Table
from bizcore.supply.matching import Discrepancy, Tolerance, match_bill
from bizcore.supply.movements import Receipt, VendorReturn
from bizcore.supply.purchasing import BelowZero, PurchaseOrder, ReceivedLine, billed, receive_order

T = TypeVar("T", bound=TradeDocument)

_ZERO = Decimal(0)


class Mismatched(Refused):
    """The bill does not match order and receipt within tolerance."""

    code = "mismatched"
    allowed: tuple[str, ...] = ("receive_order", "bill what came", "MatchPolicies with a tolerance")

    def __init__(self, *, order: str, line: int, discrepancies: tuple[Discrepancy, ...]) -> None:
        what = "; ".join(f"{one.kind.value}: {one.actual} against {one.expected}" for one in discrepancies)
        super().__init__(f"line {line} of {order}: {what}", order=order, line=line, discrepancies=discrepancies)


class NothingToMatch(Refused):
    """Everything that came is billed, or nothing came: a bill has nothing to be matched with."""

    code = "nothing_to_match"

    def __init__(self, *, order: str) -> None:
        super().__init__(f"{order} has nothing that came and is not billed", order=order)


class NothingToCredit(Refused):
    """What went back was never billed, is credited already, or was replaced."""

    code = "nothing_to_credit_back"

    def __init__(self, *, vendor_return: str) -> None:
        super().__init__(f"nothing of {vendor_return} is billed and not credited", vendor_return=vendor_return)


class TaxDiffers(Refused):
    """A vendor's credit note has another tax than the bill has for what it takes back."""

    code = "tax_differs"
    allowed: tuple[str, ...] = ("leave the tax out", "take_back_bill")

    def __init__(self, *, billed: str, told: str) -> None:
        super().__init__(
            f"the tax of what was billed is {billed}, the credit note says {told}", billed=billed, told=told
        )


class NotOfAnOrder(Refused):
    """The bill is of no order; finance's own verb takes it back."""

    code = "not_of_an_order"
    allowed: tuple[str, ...] = ("credit_from_vendor",)

    def __init__(self, *, bill: str) -> None:
        super().__init__(f"{bill} is of no order; credit it by finance", bill=bill)


class AlreadyCredited(Refused):
    """The bill is credited already, whole or in part."""

    code = "already_credited"

    def __init__(self, *, bill: str) -> None:
        super().__init__(f"{bill} is credited already, whole or in part", bill=bill)


class CreditThroughOrder(Refused):
    """Pieces of a bill of an order are taken back by finance, and the order would go on counting them as billed."""

    code = "credit_through_order"
    allowed: tuple[str, ...] = ("procure_to_pay.credit", "procure_to_pay.take_back_bill")

    def __init__(self, *, bill: str, order: str) -> None:
        super().__init__(
            f"{bill} is a bill of {order}: take back what went back, or the whole bill, through the order",
            bill=bill,
            order=order,
        )


class NotALine(Invalid):
    """A key that is not the number of a line, or of none that the document is about."""

    code = "not_a_line"

    def __init__(self, *, key: str, why: str) -> None:
        super().__init__(f"{key[:40]!r} is not the number of a line: {why}", key=key[:40], why=why)


@frozen(kw_only=True)
class MatchPolicies(Policies):
    """What a bill may exceed what came, and its price the order's: the greater of a percentage and an amount.

    >>> MatchPolicies(price_percent=2).price.within("100", "102")
    True
    """

    kind = "policies.match"

    quantity_percent: Decimal = field(default=_ZERO, converter=number)
    quantity_amount: Decimal = field(default=_ZERO, converter=number)
    price_percent: Decimal = field(default=_ZERO, converter=number)
    price_amount: Decimal = field(default=_ZERO, converter=number)

    @property
    def quantity(self) -> Tolerance:
        """The tolerance of quantities."""
        return Tolerance(self.quantity_percent, self.quantity_amount)

    @property
    def price(self) -> Tolerance:
        """The tolerance of prices."""
        return Tolerance(self.price_percent, self.price_amount)


def bill(
    view: View,
    order: str,
    *,
    on: Day,
    reference: str = "",
    id: str = "",
    lines: Mapping[str, Number] | None = None,
    prices: Mapping[str, Number] | None = None,
    tax: str | None = None,
    tax_stated: Money | None = None,
    charges: Sequence[Adjustment] = (),
    freight: Money | None = None,
    rate: Number | None = None,
    terms: Terms | None = None,
) -> Changes[Bill]:
    """Record a vendor's bill for what came of an order and is not billed: three-way match, goods received not invoiced cleared.

    `lines` gives the quantity billed by line number (all that is unbilled when left out), `prices` a price other than the
    order's, `tax` a category and rate for every line and the freight, or `tax_stated` the tax as it stands on the bill. `freight`
    and `charges` are expenses. An order's prices are before tax. `rate` is the company's currency per unit of a foreign order's.

    Guarantees: the open item of each line gives up its share of value, all of it with the last piece; what is billed before it
    came waits there for it; what the bill differs from the receipt is purchase variance.
    Raises: NothingToMatch, Mismatched, NotALine, RateMissing, NoSuchLine, BelowZero, AlreadyThere.
    """
    found = view.get(PurchaseOrder, order)
    quantities = _quantities(found, lines)
    if not quantities:
        raise NothingToMatch(order=order)
    priced = {_line_number(found, key): number(value) for key, value in (prices or {}).items()}
    stray = next((at for at in priced if at not in quantities), None)
    if stray is not None:
        raise NotALine(key=str(stray), why="it has a price and is not billed")
    match_by = view.policies(MatchPolicies, on=on, scope=found.supplier)
    policies = view.policies(FinancePolicies, on=on, scope=found.supplier)
    after = found
    items: list[Line] = []
    for at, quantity in quantities.items():
        line = found.line(at)
        price = priced.get(at, line.price)
        if min(quantity, price) < 0:  # what is taken back is a credit
            raise BelowZero(value=min(quantity, price))
        _check(found, at, quantity, price, match_by)
        after = billed(after, at, quantity)
        items.append(Line(line.item, quantity, price, tax=tax, item=line.item, extra={ORDER_LINE: found.line_ref(at)}))
    document = Bill(
        id=id,
        vendor=found.supplier,
        on=on,
        currency=found.currency,
        reference=reference,
        lines=items,
        charges=(*charges, *_freight(freight, found.currency, tax, charts.of(view, on=on))),
        tax_stated=tax_stated,
        rate=rate_of(view, found, on, rate),
        terms=terms if terms is not None else policies.terms,
        tax_rounding=policies.tax_rounding,
        rounding_mode=policies.rounding_mode,
        origins=(found.ref, *_receipts(view, found)),
    )
    return recorded_clearing(view, document, Items(view, found, on=document.on).by(document)).adding(documents=[after])


def credit(
    view: View,
    vendor_return: str,
    *,
    on: Day,
    reference: str = "",
    id: str = "",
    prices: Mapping[str, Number] | None = None,
    tax: str | None = None,
    tax_stated: Money | None = None,
    rate: Number | None = None,
) -> Changes[VendorCredit]:
    """Record a vendor's credit note for goods that went back after they were billed.

    It takes back what was billed as it was billed, one credit note for each bill, the oldest first; the answer is the first.
    Where the vendor's own note says otherwise, `prices` by line number and `rate` say it, and `tax_stated` where the bill's tax was
    stated too; else `tax` and `tax_stated` must be what follows from the bill.

    Guarantees: at most what was billed and stayed away is credited, and what went back, return by return; the claim that the
    return opened is cleared, all of it with the last piece.
    Raises: NothingToCredit (what went back was never billed, or is credited), NotALine, BelowZero, TaxDiffers, OverCredited,
    DatedBefore, RateMissing, AlreadyThere.
    """
    back = view.get(VendorReturn, vendor_return)
    order_id = next((one.id for one in back.origins if one.kind == PurchaseOrder.kind), None)
    if order_id is None:
        raise NothingToCredit(vendor_return=vendor_return)
    found = after = view.get(PurchaseOrder, order_id)
    asked = _to_credit(view, found, back)
    priced = {found.line_ref(_line_number(found, key)): number(value) for key, value in (prices or {}).items()}
    if any(price < 0 for price in priced.values()):
        raise BelowZero(value=min(priced.values()))
    notes: list[VendorCredit] = []
    for paid in sorted(_bills(view, found), key=lambda one: (one.on, one.number, one.id)):
        earlier = list(view.find(VendorCredit, "credits", paid.id))
        gone = taken_back(paid, earlier)
        pieces: dict[int, Decimal] = {}
        for at, line in enumerate(paid.lines, 1):
            ref = line.extra.get(ORDER_LINE, "")
            pieces[at] = max(min(line.quantity - gone.get(at, _ZERO), asked.get(ref, _ZERO)), _ZERO)
            asked[ref] = asked.get(ref, _ZERO) - pieces[at]
        if any(pieces.values()):
            named = "" if notes else id
            notes.append(in_part(paid, pieces, earlier, on=on, id=named, origins=(found.ref, back.ref)))
    if not notes:
        raise NothingToCredit(vendor_return=vendor_return)
    check_sequence("a credit note", day(on), cause=f"the return {back.number or back.id}", since=back.on)
    items = Items(view, found, on=day(on))
    changes: Changes[VendorCredit] | None = None
    for note in _as_told(notes, priced, tax, tax_stated):
        told = evolve(note, reference=reference, rate=note.rate if rate is None else fraction(rate))
        check_credit(view, told)
        made = recorded_clearing(view, told, items.by(told))
        for one in (line for line in told.lines if PIECES in line.extra):
            after = billed(after, int(one.extra[ORDER_LINE].rpartition("/")[2]), -one.quantity)
        changes = made if changes is None else changes + made
    return (changes or Changes(notes[0])).adding(documents=[after])


def take_back_bill(view: View, bill: str, *, on: Day, reference: str = "", id: str = "") -> Changes[VendorCredit]:
    """Take back a bill of an order that is wrong, by the vendor's credit note for all of it; the order can be billed anew.

    Guarantees: minus the entry of the bill; what it cleared of goods received is open again, order line by order line.
    Raises: NotOfAnOrder, AlreadyCredited (in part: what went back stays credited), DatedBefore, AlreadyThere.
    """
    paid = view.get(Bill, bill)
    order_id = next((one.id for one in paid.origins if one.kind == PurchaseOrder.kind), None)
    if order_id is None:
        raise NotOfAnOrder(bill=bill)
    if any(True for _ in view.find(VendorCredit, "credits", bill)):
        raise AlreadyCredited(bill=bill)
    found = after = view.get(PurchaseOrder, order_id)
    for line in paid.lines:
        after = billed(after, int(line.extra[ORDER_LINE].rpartition("/")[2]), -line.quantity)
    grni = charts.of(view, on=paid.on).role("grni")
    cleared = {
        one.lot: one.worth for entry in view.entries_of(Bill, bill) for one in entry.postings if one.account == grni
    }

    held = {lot.id: lot.value.minor for lot in view.lots("journal", grni, found.supplier)}
    settled = {after.line_ref(at) for at, line in enumerate(after.lines, 1) if not line.unbilled}

    def reopened(line: Line, worth: int) -> list[Posting]:
        ref = line.extra.get(ORDER_LINE, "")
        share = held.get(ref, 0) if ref in settled else cleared.get(ref, 0)
        return split(view, found, worth, -share, ref, on=day(on))

    note = evolve(whole(paid, on=on, id=id, origins=(found.ref,)), reference=reference)
    check_credit(view, note)
    return recorded_clearing(view, note, reopened).adding(documents=[after])


def receive(
    view: View,
    order: str,
    lines: Sequence[ReceivedLine] = (),
    *,
    on: Day,
    place: str,
    rate: Number | None = None,
) -> Changes[Receipt]:
    """Take in goods of an order, as `supply.receive_order` does; a foreign order's cost is at the recorded rate of the day.

    Raises: RateMissing, and what `receive_order` raises.
    """
    found = view.get(PurchaseOrder, order)
    if rate is None and found.currency != view.currency:
        at = spot(view, found.currency, on=on)
        return receive_order(view, order, lines, on=on, place=place, rate=at)
    return receive_order(view, order, lines, on=on, place=place, rate=rate)


def watch(view: View, note: VendorCredit) -> None:
    """Look at a vendor's credit before it is written: pieces of a bill of an order are taken back through the order, which counts
    them. Something off the price may be recorded by finance alone. Raises: CreditThroughOrder.
    """
    paid = view.seek(Bill, note.credits) if note.credits is not None else None
    order = None if paid is None else next((one for one in paid.origins if one.kind == PurchaseOrder.kind), None)
    if paid is not None and order is not None and order not in note.origins and taken_back(paid, [note]):
        raise CreditThroughOrder(bill=paid.id, order=order.id)


def match(view: View, order: str) -> Table:
    """Ordered, received, billed and still unbilled of each line of an order, as a table."""
    found = view.get(PurchaseOrder, order)
    columns = [Column("line"), Column("item")]
    columns += [Column(name, kind="quantity") for name in ("ordered", "received", "returned", "billed", "unbilled")]
    rows = [
        [
            str(at),
            one.item,
            *(
                Quantity(figure, one.item)
                for figure in (one.quantity, one.received, one.rejected + one.returned, one.billed, one.unbilled)
            ),
        ]
        for at, one in enumerate(found.lines, 1)
    ]
    return Table(columns, rows, title=f"match of {order}", key="line")


# -- parts -----------------------------------------------------------------------------------------------------------


def _line_number(order: PurchaseOrder, key: str) -> int:
    if not (key.isascii() and key.isdigit() and len(key) <= 6 and str(int(key)) == key):
        raise NotALine(key=key, why="lines count from 1")
    order.line(int(key))
    return int(key)


def _quantities(order: PurchaseOrder, lines: Mapping[str, Number] | None) -> dict[int, Decimal]:
    if lines is not None:
        stated = {_line_number(order, key): number(value) for key, value in lines.items()}
        return {at: quantity for at, quantity in stated.items() if quantity}
    return {at: one.unbilled for at, one in enumerate(order.lines, 1) if one.unbilled > 0}


def _bills(view: View, order: PurchaseOrder) -> list[Bill]:
    return list(view.find(Bill, "origin", order.ref.kind, order.ref.id))


def _to_credit(view: View, order: PurchaseOrder, back: VendorReturn) -> dict[str, Decimal]:
    """What of a return is billed, not credited and not replaced, by order line."""
    asked: dict[str, Decimal] = {}
    for line in back.lines:
        ref = line.order or ""
        asked[ref] = asked.get(ref, _ZERO) + line.quantity
    for note in view.find(VendorCredit, "origin", back.ref.kind, back.ref.id):
        for one in (line for line in note.lines if PIECES in line.extra):
            ref = one.extra.get(ORDER_LINE, "")
            asked[ref] = asked.get(ref, _ZERO) - one.quantity
    over = {order.line_ref(at): -one.unbilled for at, one in enumerate(order.lines, 1)}
    return {ref: min(quantity, over.get(ref, _ZERO)) for ref, quantity in asked.items()}


def _as_told(
    notes: Sequence[VendorCredit], prices: Mapping[str, Decimal], tax: str | None, tax_stated: Money | None
) -> list[VendorCredit]:
    """Credit notes with the prices that the vendor's own note says, and the tax it states where the bill's was stated.

    Raises: TaxDiffers, where the tax follows from the bill and the note says another.
    """
    priced = [_priced(one, prices) for one in notes]
    codes = {line.tax for one in priced for line in one.lines}
    if tax is not None and codes != {tax}:
        raise TaxDiffers(billed=", ".join(sorted(one or "as stated" for one in codes)), told=tax)
    if tax_stated is None:
        return priced
    if all(one.tax_stated is not None for one in priced):
        shares = tax_stated.split([max(one.net.minor, 0) for one in priced])
        return [evolve(one, tax_stated=share) for one, share in zip(priced, shares, strict=True)]
    follows = Money.sum((one.tax for one in priced), priced[0].currency)
    if follows != tax_stated:
        raise TaxDiffers(billed=str(follows), told=str(tax_stated))
    return priced


def _priced(note: VendorCredit, prices: Mapping[str, Decimal]) -> VendorCredit:
    if prices.keys().isdisjoint(line.extra.get(ORDER_LINE, "") for line in note.lines):
        return note
    lines = [
        evolve(line, price=prices[ref], per=Decimal(1), discount_percent=_ZERO)
        if (ref := line.extra.get(ORDER_LINE, "")) in prices
        else line
        for line in note.lines
    ]
    return evolve(note, lines=lines, rounding=None)


def _check(order: PurchaseOrder, at: int, quantity: Decimal, price: Decimal, policies: MatchPolicies) -> None:
    line = order.line(at)
    found = match_bill(
        ordered=max(line.quantity, line.accepted),  # what may be received is the receipt's question
        received=line.accepted,
        billed=line.billed + quantity,
        price=line.price,
        bill_price=price,
        tolerance=policies.quantity,
        price_tolerance=policies.price,
    )
    if found:
        raise Mismatched(order=order.id, line=at, discrepancies=found)


def _freight(freight: Money | None, currency: str, tax: str | None, chart: Chart) -> tuple[Adjustment, ...]:
    if freight is None or not freight:
        return ()
    if freight.currency != currency:
        raise OtherCurrency(field="freight", value=freight, currency=currency)
    return (Adjustment(freight.amount, tax=tax, reason="freight", account=chart.role("freight_expense")),)


def _receipts(view: View, order: PurchaseOrder) -> tuple[Ref, ...]:
    return tuple(Ref("receipt", row.id) for row in view.origin_of(order.ref) if row.kind == "receipt")


class ProcureToPayDesk(Desk):
    """From an order to a vendor to the matched bill."""

    name = "procure_to_pay"

    bill: Final = verb(bill)
    receive: Final = verb(receive)
    credit: Final = verb(credit)
    take_back_bill: Final = verb(take_back_bill)
    match: Final = report(match)
    policies: Final = documents(MatchPolicies)
