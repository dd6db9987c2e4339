"""Goods to ledger: every cost entry has its journal entry (perpetual inventory)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from bizcore.book.entry import Entry, Posting
from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.finance import chart as charts
from bizcore.flow.document import Document
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.supply.places import OUTSIDE
from bizcore.supply.purchasing import PurchaseOrder

D = TypeVar("D", bound=Document | Entry)

ROLES: Final[Mapping[str, str]] = {
    "supplier": "grni",
    "customer": "cost_of_sales",
    "opening": "opening_equity",
    "variance": "purchase_variance",
    "revaluation": "inventory_revaluation",
}
"""The account's role that stands for an outside place; the others are stock gained or lost."""

ORDER: Final = "order_line"
"""The dimension that names the order line whose goods came; goods without an order are an item of their own."""


def follow(view: View, changes: Changes[D]) -> Changes[D]:
    """Add to changes the journal entry of each cost entry: inventory against what the goods came from or went to.

    Goods received from a supplier are an open item until billed, by order line. A later correction of what came from a supplier
    is a purchase variance: the bill is for what was agreed.

    Guarantees: the inventory account equals the cost of all pools; cost entries between two pools post nothing; an order line of
    which all is billed that came and stayed has no open item.
    """
    entries = [made for one in changes.entries if one.book == "cost" and (made := journal_entry(view, one)) is not None]
    return changes.adding(entries=[*entries, *_residues(view, changes, entries)])


def _residues(view: View, changes: Changes[Any], entries: Sequence[Entry]) -> Iterator[Entry]:
    """What is left of the open item of an order line once all that came and stayed is billed: parts of a line are rounded, so the
    last piece takes the rest, to purchase variance.
    """
    for order in (one for one in changes.documents if isinstance(one, PurchaseOrder)):
        settled = {order.line_ref(at) for at, line in enumerate(order.lines, 1) if not line.unbilled}
        touched = {
            one.lot: entry
            for entry in entries
            for one in entry.postings
            if one.lot in settled and one.party == order.supplier
        }
        for ref, entry in touched.items():
            chart = charts.of(view, on=entry.on)
            grni, variance = chart.role("grni"), chart.role("purchase_variance")
            held = sum(lot.value.minor for lot in view.lots("journal", grni, order.supplier) if lot.id == ref)
            held += sum(one.worth for made in entries for one in made.postings if (one.account, one.lot) == (grni, ref))
            if held:
                left = Money.of_minor(held, view.currency)
                legs = [Posting(grni, -left, lot=ref, party=order.supplier), Posting(variance, left)]
                yield view.mint(Entry(entry.on, legs, text=entry.text))


def _item(posting: Posting) -> str:
    """The open item that goods from a supplier belong to: their order line, what they return to, or themselves."""
    dims = posting.dims
    return dims.get(ORDER) or dims.get("of") or dims.get("ref", "")


def journal_entry(view: View, cost: Entry) -> Entry | None:
    """The journal entry of a cost entry; None when no value crosses the border of the company's stock."""
    chart = charts.of(view, on=cost.on)
    sums: dict[tuple[str, str, str], int] = {}
    for one in cost.postings:
        outside = one.account in OUTSIDE
        if not outside or not one.worth:
            continue
        role = ROLES.get(one.account, "inventory_adjustment")
        if role == "grni" and not one.scaled:
            role = "purchase_variance"
        lot = _item(one) if role == "grni" else ""
        party = (one.party or "") if role == "grni" else ""
        key = (chart.role(role), lot, party)
        sums[key] = sums.get(key, 0) + one.worth
    stock = -sum(sums.values())
    postings = [
        Posting(account, Money.of_minor(worth, view.currency), lot=lot or None, party=party or None)
        for (account, lot, party), worth in sums.items()
        if worth
    ]
    if stock:
        postings.insert(0, Posting(chart.role("inventory"), Money.of_minor(stock, view.currency)))
    if len(postings) < 2:
        return None
    text = cost.text
    return view.mint(Entry(cost.on, postings, text=text, about=cost.about, extra=Map({"cost": cost.id})))
