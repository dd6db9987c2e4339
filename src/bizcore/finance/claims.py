"""The journal entry of an invoice, bill or credit note: who owes what from when, for what, with which tax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Final, TypeVar

from attrs import evolve

from bizcore.book.entry import Entry, Posting
from bizcore.book.lots import Order
from bizcore.change.view import View
from bizcore.finance import chart as charts
from bizcore.finance.chart import Chart
from bizcore.finance.documents import CreditNote, Invoice, TradeDocument
from bizcore.finance.openitems import Cleared, Legs, Worth, clear, lots_of
from bizcore.finance.rates import converted, spot
from bizcore.finance.tax import spread_exact
from bizcore.kernel.errors import Invalid
from bizcore.kernel.money import Money


class ValueDiffers(Invalid):
    """A value stated for the company's currency is in another one, or contradicts its amount: it has the amount's sign, and is
    the amount where that is in the company's currency already.
    """

    code = "value_differs"

    def __init__(self, *, amount: Money, value: Money, company: str) -> None:
        super().__init__(
            f"{value} is stated as the value of {amount}; the books are in {company}, and a value has its amount's sign",
            amount=amount,
            value=value,
            company=company,
        )


class LegsDiffer(Invalid):
    """The legs given for a line of a document do not add up to its net."""

    code = "legs_differ"

    def __init__(self, *, net: Money, legs: tuple[str, ...]) -> None:
        super().__init__(f"the legs {', '.join(legs)} do not add up to {net}", net=net, legs=legs)


T = TypeVar("T", bound=TradeDocument)

NO_LEGS: Final[Mapping[int, Sequence[Posting]]] = MappingProxyType({})


def claim(view: View, document: T, *, legs: Mapping[int, Sequence[Posting]] = NO_LEGS) -> tuple[T, Entry | None]:
    """A document with the rate it was posted at, and its entry: its party's open items, income or expense by account, tax by category.

    No entry, when nothing moves: a document of 0.00, such as for free samples, is valid and posts nothing. A rate that was
    looked up stays on the document, so that what takes it back has the same values. `legs` replace the
    income or expense of single items, by their index in `document.items`, for lines that clear something else (goods
    received not invoiced); their amounts add up to the item's net. A credit note clears the items of the document it
    credits, the rest becomes a credit of the party.

    Guarantees: the party's account carries the sum of the other legs' values; instalment n is the item `id/n`, what was
    prepaid the item `id/0`; a credit note makes minus the entry of the same invoice, cent by cent.
    Raises: RateMissing, AccountUnknown, ValueDiffers, LegsDiffer.
    """
    chart = charts.of(view, on=document.on)
    customer = isinstance(document, (Invoice, CreditNote))
    out = Legs(view.currency)
    rate = _Rate(view, document)
    total = _other_side(document, chart, out, rate, legs=legs, customer=customer)
    account = chart.role("receivable" if customer else "payable")
    _party_side(view, document, chart, out, Worth(-total.amount, -total.value), account=account)
    postings = [*(one for index in sorted(legs) for one in legs[index]), *out.postings()]
    entry = Entry(document.on, postings, text=_text(document)) if postings else None
    return document if rate.used == document.rate else evolve(document, rate=rate.used), entry


def _text(document: TradeDocument) -> str:
    words = (type(document).kind.replace("_", " "), document.party, document.reference, document.text)
    return " ".join(one for one in words if one)[:200]


def _other_side(
    document: TradeDocument,
    chart: Chart,
    out: Legs,
    rate: _Rate,
    *,
    legs: Mapping[int, Sequence[Posting]],
    customer: bool,
) -> Worth:
    """Add income or expense, tax and rounding; give their sum."""
    side = -document.sign
    usual = chart.role("sales" if customer else "purchases")
    sums: dict[str, Worth] = {}
    total = Worth(0, 0)
    for index, (item, share) in enumerate(zip(document.items, document.totals.shares, strict=True)):
        if index in legs:
            given = _checked(legs[index], share.net if side > 0 else -share.net)
            total = Worth(total.amount + given.amount, total.value + given.value)
        else:
            _add(sums, item.account or usual, rate.worth(share.net, item.value), side)
    tax_account = chart.role("tax_payable" if customer else "tax_receivable")
    for worth in _tax_worths(document, rate):
        _add(sums, tax_account, worth, side)
    if document.rounding is not None:
        _add(sums, chart.role("rounding"), rate.worth(document.rounding, None), side)
    chart.check(sums)
    for account, worth in sums.items():
        out.add(account, document.currency, worth)
        total = Worth(total.amount + worth.amount, total.value + worth.value)
    return total


def _add(sums: dict[str, Worth], account: str, worth: Worth, side: int) -> None:
    known = sums.get(account, Worth(0, 0))
    sums[account] = Worth(known.amount + side * worth.amount, known.value + side * worth.value)


def _checked(legs: Sequence[Posting], net: Money) -> Worth:
    """The sum of the legs given for an item. Raises: LegsDiffer."""
    amounts = [one.amount for one in legs if isinstance(one.amount, Money)]
    if len(amounts) != len(legs) or Money.sum(amounts, net.currency) != net:
        raise LegsDiffer(net=net, legs=tuple(str(one.amount) for one in legs))
    return Worth(sum(one.scaled for one in legs), sum(one.worth for one in legs))


class _Rate:
    """What an amount of the document is worth in the company's currency; the rate is looked up only when it is needed."""

    def __init__(self, view: View, document: TradeDocument) -> None:
        self._view = view
        self._document = document
        self.used: Fraction | None = document.rate

    def worth(self, amount: Money, value: Money | None) -> Worth:
        company = self._view.currency
        if value is not None:
            differs = amount != value if amount.currency == company else amount.sign != value.sign
            if value.currency != company or differs:
                raise ValueDiffers(amount=amount, value=value, company=company)
            return Worth(amount.minor, value.minor)
        if amount.currency == company:
            return Worth(amount.minor, amount.minor)
        if self.used is None:
            self.used = spot(self._view, amount.currency, on=self._document.on)
        return Worth(amount.minor, converted(amount, self.used, company).minor)


def _tax_worths(document: TradeDocument, rate: _Rate) -> list[Worth]:
    taxes = [one.tax for one in document.tax_lines]
    if document.tax_value is None:
        return [rate.worth(one, None) for one in taxes if one]
    whole = rate.worth(document.tax, document.tax_value)
    if not whole.amount:
        return [whole]
    shares = [Fraction(whole.value * one.minor, whole.amount) for one in taxes]
    values = spread_exact(whole.value, shares)
    return [Worth(one.minor, value) for one, value in zip(taxes, values, strict=True)]


def _party_side(view: View, document: TradeDocument, chart: Chart, out: Legs, worth: Worth, *, account: str) -> None:
    """Open the party's items, or clear those of the document credited and keep the rest as a credit."""
    chart.check((account,))
    currency, party = document.currency, document.party
    credited = getattr(document, "credits", None)
    if credited is None:
        rest = worth
        for n, due, amount in _parts(document):
            piece = rest.part(amount * document.sign)
            rest = rest.less(piece)
            out.add(account, currency, piece, party=party, lot=f"{document.id}/{n}", due=due)
        return
    lots = lots_of(view.lots("journal", account, party), credited)
    cleared = clear(
        lots, Worth(-worth.amount, -worth.value), currency, order=Order.NAMED, named=[one.id for one in lots]
    )
    take(out, cleared, account=account, currency=currency, party=party)
    exchange_result(out, cleared, chart)
    rest = Worth(-cleared.rest.amount, -cleared.rest.value)
    out.add(account, currency, rest, party=party, lot=f"{document.id}/1", due=document.on)


def _parts(document: TradeDocument) -> list[tuple[int, date, int]]:
    """Number, due date and amount of each item; what was prepaid waits for the advance it came with."""
    prepaid = [] if document.prepaid is None else [(0, document.on, document.prepaid.minor)]
    return prepaid + [(n, one.due, one.amount.minor) for n, one in enumerate(document.instalments, start=1)]


def take(out: Legs, cleared: Cleared, *, account: str, currency: str, party: str) -> None:
    """Add the legs that take from the items cleared; they carry the items' due dates, should they ever be reopened."""
    for lot, worth in cleared.taken:
        out.add(account, currency, Worth(-worth.amount, -worth.value), party=party, lot=lot.id, due=lot.due)


def exchange_result(out: Legs, cleared: Cleared, chart: Chart) -> None:
    """Add the realised exchange result: no amount, only a value; a gain is a credit."""
    if cleared.result:
        account = chart.role("fx_gain_loss")
        chart.check((account,))
        out.add(account, out.company, Worth(0, -cleared.result))
