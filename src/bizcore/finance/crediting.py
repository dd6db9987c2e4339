"""Taking back part of a document as it was made: at its prices, tax policies and rate, the last piece to the cent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, overload

from attrs import evolve

from bizcore.book.lots import release_int
from bizcore.finance.documents import Bill, CreditNote, Invoice, VendorCredit
from bizcore.finance.lines import Line
from bizcore.finance.tax import Prices
from bizcore.flow.document import Ref
from bizcore.kernel.days import Day
from bizcore.kernel.exact import Exact
from bizcore.kernel.money import Money

Billed = Invoice | Bill
Credit = CreditNote | VendorCredit

PIECES: Final = "pieces"
"""The key in a credit line's `extra` that names, counted from 1, the billed line whose pieces it takes back."""

_ZERO = Decimal(0)


def taken_back(billed: Billed, credits: Iterable[Credit]) -> dict[int, Decimal]:
    """How many pieces of each line, counted from 1, credit notes of a document take back.

    A line takes pieces back when it says so or is the billed line but for its quantity; anything else is something off the
    price, which takes no piece back.

    >>> invoice = Invoice(customer="beta", on="2026-03-05", currency="EUR", lines=[Line("Bolt", 4, "0.335")])
    >>> taken_back(invoice, [in_part(invoice, {1: Decimal(3)}, [], on="2026-03-09")])
    {1: Decimal('3')}
    """
    found: dict[int, Decimal] = {}
    for note in credits:
        for line in note.lines:
            at = _line_of(billed, line)
            if at:
                found[at] = found.get(at, _ZERO) + line.quantity
    return found


def _line_of(billed: Billed, line: Line) -> int:
    named = line.extra.get(PIECES)
    if named is not None:
        return int(named) if named.isdecimal() and 0 < int(named) <= len(billed.lines) else 0
    asked = evolve(line, value=None)
    return next(
        (at for at, one in enumerate(billed.lines, 1) if evolve(one, quantity=line.quantity, value=None) == asked), 0
    )


@overload
def in_part(
    billed: Invoice,
    pieces: Mapping[int, Decimal],
    earlier: Sequence[CreditNote],
    *,
    on: Day,
    id: str = "",
    origins: tuple[Ref, ...] = (),
) -> CreditNote: ...
@overload
def in_part(
    billed: Bill,
    pieces: Mapping[int, Decimal],
    earlier: Sequence[VendorCredit],
    *,
    on: Day,
    id: str = "",
    origins: tuple[Ref, ...] = (),
) -> VendorCredit: ...
def in_part(
    billed: Billed,
    pieces: Mapping[int, Decimal],
    earlier: Sequence[Credit],
    *,
    on: Day,
    id: str = "",
    origins: tuple[Ref, ...] = (),
) -> Credit:
    """The credit note that takes back pieces of lines of a document, by line number; `earlier` are its credit notes before.

    Guarantees: all parts so far come to what one note for all their pieces would, line by line and in all, and to the document
    itself in the end, to the cent; what their taxes are rounded otherwise is in the rounding of a note (BT-114).

    >>> invoice = Invoice(customer="beta", on="2026-03-05", currency="EUR", lines=[Line("Bolt", 3, "0.335")])
    >>> notes = []
    >>> for _ in range(3):
    ...     notes.append(in_part(invoice, {1: Decimal(1)}, notes, on="2026-03-09"))
    >>> str(invoice.gross), [str(one.gross) for one in notes]
    ('1.01 EUR', ['0.34 EUR', '0.33 EUR', '0.34 EUR'])
    """
    lines = [_part(billed, at, quantity, earlier) for at, quantity in sorted(pieces.items()) if quantity]
    if _whole(billed, taken_back(billed, earlier), pieces):
        # With the last pieces the whole is taken back: what was taken off the price before is not credited twice.
        lines += [
            evolve(one, quantity=-one.quantity) for note in earlier for one in note.lines if not _line_of(billed, one)
        ]
    named: dict[str, Any] = {"customer": billed.customer} if isinstance(billed, Invoice) else {"vendor": billed.vendor}
    cls: Any = CreditNote if isinstance(billed, Invoice) else VendorCredit
    note: Credit = cls(
        id=id,
        on=on,
        currency=billed.currency,
        lines=lines,
        rate=billed.rate,
        tax_rounding=billed.tax_rounding,
        rounding_mode=billed.rounding_mode,
        prices=billed.prices,
        credits=billed.id or None,
        origins=(*origins, *([billed.ref] if billed.id else [])),
        **named,
    )
    return _to_the_cent(_with_stated_tax(note, billed, earlier), billed, earlier)


def whole(billed: Bill, *, on: Day, id: str = "", origins: tuple[Ref, ...] = ()) -> VendorCredit:
    """The vendor's credit note that takes a bill back whole, its charges and its rounding too.

    >>> bill = Bill(vendor="mill", on="2026-03-05", currency="EUR", lines=[Line("Steel", 10, "9.90", tax="S19")])
    >>> whole(bill, on="2026-03-09").gross == bill.gross
    True
    """
    note = in_part(
        billed, {at: line.quantity for at, line in enumerate(billed.lines, 1)}, [], on=on, id=id, origins=origins
    )
    return evolve(
        note,
        allowances=billed.allowances,
        charges=billed.charges,
        rounding=billed.rounding,
        tax_stated=billed.tax_stated,
        tax_value=billed.tax_value,
    )


def _part(billed: Billed, at: int, quantity: Decimal, earlier: Sequence[Credit]) -> Line:
    whole = billed.lines[at - 1]
    line = evolve(whole, quantity=quantity, value=None, extra=whole.extra.set(PIECES, str(at)))
    before = [(note, n) for note in earlier for n, one in enumerate(note.lines) if _line_of(billed, one) == at]
    so_far = sum((note.lines[n].quantity for note, n in before), quantity)
    amount = _agreed(billed, at - 1) if so_far == whole.quantity else _rounded(billed, evolve(whole, quantity=so_far))
    left = amount - Money.sum((_agreed(*one) for one in before), billed.currency)
    # Priced for all the pieces at once: an amount of cents need not be divisible by them.
    own = left == _rounded(billed, line)
    return line if own else evolve(line, price=left.amount, per=quantity, discount_percent=_ZERO)


def _rounded(document: Billed, line: Line) -> Money:
    return Exact(line.extended, document.currency).round(document.rounding_mode)


def _agreed(document: Billed | Credit, at: int) -> Money:
    """A line's amount as its price is meant: with tax under gross prices."""
    share = document.totals.shares[at]
    return share.gross if document.prices is Prices.GROSS else share.net


def _with_stated_tax(note: Credit, billed: Billed, earlier: Sequence[Credit]) -> Credit:
    """Of a tax that was stated, the share of the net; all that is left of it with the last of the net."""
    if billed.tax_stated is None:
        return note
    currency = billed.currency
    net = billed.net - Money.sum((one.net for one in earlier), currency)
    tax = billed.tax - Money.sum((one.tax for one in earlier), currency)
    bare = evolve(note, tax_stated=Money.zero(currency))
    share = release_int(net.minor, tax.minor, bare.net.minor) if 0 < bare.net.minor <= net.minor else 0
    return evolve(note, tax_stated=Money.of_minor(share, currency))


def _whole(billed: Billed, before: Mapping[int, Decimal], pieces: Mapping[int, Decimal]) -> bool:
    return all(
        before.get(at, _ZERO) + pieces.get(at, _ZERO) == line.quantity for at, line in enumerate(billed.lines, 1)
    )


def _to_the_cent(note: Credit, billed: Billed, earlier: Sequence[Credit]) -> Credit:
    """The note with the rounding that makes all parts so far what one note for all their pieces would be."""
    so_far = taken_back(billed, [*earlier, note])
    whole = _whole(billed, so_far, {}) and not (billed.allowances or billed.charges)
    plain = all(
        all(_line_of(billed, line) for line in one.lines) and not (one.allowances or one.charges) for one in earlier
    )
    if billed.tax_stated is not None or not (whole or plain):
        return note
    lines = [evolve(billed.lines[at - 1], quantity=quantity, value=None) for at, quantity in sorted(so_far.items())]
    together = billed.owed if whole else evolve(note, lines=lines).owed
    left = together - Money.sum((one.owed for one in earlier), billed.currency) - note.owed
    return evolve(note, rounding=left) if left else note
