"""What a bill or credit of an order clears: the open items of its lines, piece by piece; the rest is purchase variance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeVar

from attrs import evolve

from bizcore.book.entry import Posting
from bizcore.book.lots import release_int
from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.finance import chart as charts
from bizcore.finance.crediting import PIECES
from bizcore.finance.documents import TradeDocument, VendorCredit
from bizcore.finance.invoices import recorded
from bizcore.finance.lines import Line
from bizcore.finance.rates import spot
from bizcore.kernel.days import Day
from bizcore.kernel.exact import Exact, Number, fraction
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.supply.items import scaled_decimal
from bizcore.supply.purchasing import PurchaseOrder

T = TypeVar("T", bound=TradeDocument)

ORDER_LINE: Final = "order"
"""The key in a bill line's `extra` that names the order line it bills."""

_ZERO = Decimal(0)

Clearing = Callable[[Line, int], list[Posting]]
"""What a line of a document, worth so much in the company's currency, is posted to."""


def recorded_clearing(view: View, document: T, clearing: Clearing) -> Changes[T]:
    """Record a bill or a credit of an order; its lines clear the goods received, charges are expenses."""
    legs, extra = _legs(view, document, clearing)
    changes = recorded(view, document, legs=legs)
    entries = [evolve(one, postings=(*one.postings, *extra)) if extra else one for one in changes.entries]
    return Changes(changes.value, entries=entries)


def _legs(view: View, document: TradeDocument, clearing: Clearing) -> tuple[dict[int, list[Posting]], list[Posting]]:
    """The legs of each line in the document's currency, and what else the entry needs when that is not the company's.

    A line clears its share of the open item; what its net differs is a purchase variance. Goods are valued in the company's
    currency, so a foreign line passes through the exchange account.
    """
    side = -document.sign
    company = view.currency
    chart = charts.of(view, on=document.on)
    foreign = document.currency != company
    rate = _rate(view, document) if foreign else Fraction(1)
    legs: dict[int, list[Posting]] = {}
    extra: list[Posting] = []
    for index, line in enumerate(document.lines):
        if isinstance(document, VendorCredit) and PIECES not in line.extra:
            continue  # what was taken off the price before, turned: it goes where it came from
        net = document.totals.shares[index].net
        worth = side * Exact(net.exact.amount * rate, company).round().minor
        own = clearing(line, worth)
        if not net and not own:
            legs[index] = []
            continue
        if not foreign:
            legs[index] = own
            continue
        turn = Money.of_minor(-worth, company)
        exchange = chart.role("exchange")
        legs[index] = [Posting(exchange, net if side > 0 else -net, -turn)]
        extra += [Posting(exchange, turn, turn), *(evolve(one, value=one.amount) for one in own)]
    return legs, extra


def split(view: View, order: PurchaseOrder, worth: int, share: int, ref: str, *, on: date) -> list[Posting]:
    """A worth as its open item's share and, for the rest, a purchase variance."""
    chart, company = charts.of(view, on=on), view.currency
    postings = []
    if share:
        amount = Money.of_minor(share, company)
        postings.append(Posting(chart.role("grni"), amount, party=order.supplier, lot=ref))
    if worth != share:
        postings.append(Posting(chart.role("purchase_variance"), Money.of_minor(worth - share, company)))
    return postings


class Items:
    """The open items of an order's lines while documents clear them: pieces and value, line after line."""

    def __init__(self, view: View, order: PurchaseOrder, *, on: date) -> None:
        self._view = view
        self._order = order
        self._on = on
        chart = charts.of(view, on=on)
        lots = {lot.id: lot.value.minor for lot in view.lots("journal", chart.role("grni"), order.supplier)}
        self._held = {
            order.line_ref(at): (Quantity(one.unbilled, "piece").scaled, lots.get(order.line_ref(at), 0))
            for at, one in enumerate(order.lines, 1)
        }

    def by(self, document: TradeDocument) -> Clearing:
        """How a document clears them."""
        foreign = document.currency != self._view.currency
        rate = _rate(self._view, document) if foreign else Fraction(1)
        return lambda line, worth: self._cleared(line, worth, side=-document.sign, rate=rate)

    def _cleared(self, line: Line, worth: int, *, side: int, rate: Fraction) -> list[Posting]:
        """The postings of a line that is worth so much: to its open item what that gives up, the rest a variance.

        Pieces that came and are not billed clear at the value they came in at; pieces billed ahead wait there at the order's
        price for the goods. Of a credit, pieces that went back and are not credited.
        """
        ref = line.extra.get(ORDER_LINE, "")
        pieces, value = self._held.get(ref, (0, 0))
        quantity = side * Quantity(line.quantity, "piece").scaled
        matched = min(abs(quantity), abs(pieces)) if pieces * quantity > 0 else 0
        share = -release_int(abs(pieces), value, matched) if matched else 0
        ahead = self._ahead(ref, abs(quantity) - matched, rate) if side > 0 else 0
        self._held[ref] = (pieces - quantity, value + share + ahead)
        return split(self._view, self._order, worth, share + ahead, ref, on=self._on)

    def _ahead(self, ref: str, beyond: int, rate: Fraction) -> int:
        """What goods that are billed and still to come will come in at; what will never come is a variance."""
        if not ref or not beyond:
            return 0
        at = int(ref.rpartition("/")[2])
        line = self._order.line(at)
        waiting = max(line.billed - line.received + line.rejected, _ZERO)  # what went back later was not billed ahead
        coming = max(Quantity(line.open - waiting, "piece").scaled, 0)
        exact = self._order.line_net(at, scaled_decimal(min(beyond, coming)))
        return Exact(exact.amount * rate, self._view.currency).round().minor


def rate_of(view: View, order: PurchaseOrder, on: Day, rate: Number | None) -> Fraction | None:
    """The rate a document of an order keeps, so that what takes it back is worth the same."""
    if rate is not None:
        return fraction(rate)
    return None if order.currency == view.currency else spot(view, order.currency, on=on)


def _rate(view: View, document: TradeDocument) -> Fraction:
    return document.rate if document.rate is not None else spot(view, document.currency, on=document.on)
