"""What each record stands for: one act of a desk or a bridge, built from its cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bizcore.book.entry import Entry, Posting
from bizcore.change.act import Act
from bizcore.cli.layout import LINE, BadCell, Record
from bizcore.company import Company
from bizcore.finance.rates import ExchangeRate
from bizcore.finance.terms import Terms
from bizcore.kernel.money import Money
from bizcore.sfa.leads import Lead
from bizcore.sfa.orders import Order
from bizcore.sfa.orders import OrderLine as SalesLine
from bizcore.sfa.quotes import Quote, QuoteLine
from bizcore.supply.fulfilment import LineQuantity
from bizcore.supply.items import Item
from bizcore.supply.places import OUTSIDE
from bizcore.supply.purchasing import OrderLine, PurchaseOrder, ReceivedLine

Named = Callable[[str, str], Any]
"""Gives the document that a record became, by its file and id."""

Cells = Mapping[str, Any]
Lines = tuple[Cells, ...]


def act_of(record: Record, company: Company, named: Named) -> Act[Any]:
    """The act that a record stands for, always the same one; nothing is written.

    Raises: BadCell (cells that do not fit together), and what the values refuse.
    """
    return _ACTS[record.file](named, company, record.id, record.cells, record.lines)


def _step(cells: Cells, steps: Mapping[str, Callable[[], Act[Any]]]) -> Act[Any]:
    made = steps.get(cells["step"])
    if made is None:
        raise BadCell(field="step", why=f"{cells['step'][:40]!r} is none of {', '.join(steps)}")
    return made()


def _needed(cells: Cells, name: str) -> Any:
    """A cell that only some steps need. Raises: BadCell."""
    if name not in cells:
        raise BadCell(field=name, why=f"is empty; the step {cells['step']} needs it")
    return cells[name]


def _money(cells: Cells, name: str, currency: str) -> Money | None:
    return Money(cells[name], currency) if name in cells else None


def _items(_: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    return acme.put(Item(id=id_, name=cells["name"], unit=cells.get("unit", "PCE"), category=cells.get("category", "")))


def _rates(_: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    return acme.put(ExchangeRate(base=cells["base"], quote=cells["quote"], on=cells["date"], rate=cells["rate"]))


def _leads(_: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    texts = {name: cells.get(name, "") for name in ("company", "email", "city", "country", "source")}
    return acme.sfa.capture(Lead(id=id_, name=cells["name"], on=cells["date"], **texts))


def _lead_steps(named: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    lead = cells["lead"]
    return _step(
        cells,
        {
            "qualify": lambda: acme.sfa.qualify(lead, on=_needed(cells, "date")),
            "disqualify": lambda: acme.sfa.disqualify(lead, reason=_needed(cells, "reason")),
            "convert": lambda: acme.sfa.convert(
                lead,
                on=_needed(cells, "date"),
                customer=cells.get("customer"),
                opportunity=cells.get("opportunity"),
                amount=_money(cells, "amount", cells.get("currency") or acme.currency),
            ),
        },
    )


def _deal_steps(named: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    deal = named("lead_steps", cells["lead_step"]).opportunity
    return _step(
        cells,
        {
            "advance": lambda: acme.sfa.advance(deal, stage=_needed(cells, "stage"), on=cells["date"]),
            "win": lambda: acme.sfa.win(deal, on=cells["date"]),
            "lose": lambda: acme.sfa.lose(deal, on=cells["date"], reason=_needed(cells, "reason")),
        },
    )


def _quotes(named: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    deal = named("lead_steps", cells["deal"]).opportunity if "deal" in cells else None
    quote = Quote(
        id=id_,
        customer=cells["customer"],
        on=cells["date"],
        currency=cells["currency"],
        valid_until=cells.get("valid_until"),
        lines=[QuoteLine(one["text"], one["quantity"], one["price"], **_goods(one)) for one in lines],
    )
    return acme.sfa.quote(quote, opportunity=deal)


def _goods(line: Cells) -> dict[str, Any]:
    return {name: line[name] for name in ("item", "tax", "discount_percent") if name in line}


def _quote_steps(_: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    quote = cells["quote"]
    return _step(
        cells,
        {
            "send": lambda: acme.sfa.send(quote),
            "accept": lambda: acme.sfa.accept(quote, on=_needed(cells, "date")),
            "decline": lambda: acme.sfa.decline(quote),
            "expire": lambda: acme.sfa.expire(quote, on=_needed(cells, "date")),
        },
    )


def _orders(named: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    if "quote" in cells:
        quote = named("quotes", cells["quote"])
        for name in ("customer", "currency"):
            if name in cells and cells[name] != getattr(quote, name):
                raise BadCell(field=name, why=f"the quote says {getattr(quote, name)}; leave it out, or the quote")
        return acme.sfa.order(cells["quote"], on=cells["date"], id=id_, reference=cells.get("reference", ""))
    if "customer" not in cells:
        raise BadCell(field="customer", why="an order names a quote, or a customer and lines")
    order = Order(
        id=id_,
        customer=cells["customer"],
        on=cells["date"],
        currency=cells.get("currency") or acme.currency,
        reference=cells.get("reference", ""),
        lines=[SalesLine(one["text"], one["quantity"], one["price"], **_goods(one)) for one in lines],
    )
    return acme.sfa.take_order(order)


def _purchase_orders(_: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    goods = [OrderLine(one["item"], one["quantity"], one["price"]) for one in lines]
    return acme.supply.order(
        PurchaseOrder(id=id_, supplier=cells["vendor"], on=cells["date"], currency=cells["currency"], lines=goods)
    )


def _line(cells: Cells) -> int:
    if cells["line"] != int(cells["line"]):
        raise BadCell(field="line", why="a line is a whole number", line=cells[LINE])
    return int(cells["line"])


def _receipts(_: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    came = [ReceivedLine(_line(one), one["quantity"], one.get("rejected", 0)) for one in lines]
    return acme.supply.receive_order(
        cells["purchase_order"], came, on=cells["date"], place=cells["place"], rate=cells.get("rate")
    )


def _moves(_: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    item, quantity, source, target = (cells[name] for name in ("item", "quantity", "source", "target"))
    if source in OUTSIDE:
        cost = _money(cells, "cost", acme.currency)
        return acme.supply.receive(item, quantity, place=target, on=cells["date"], source=source, cost=cost)
    if target in OUTSIDE:
        return acme.supply.issue(item, quantity, place=source, on=cells["date"], target=target)
    return acme.supply.transfer(item, quantity, source=source, target=target, on=cells["date"])


def _deliveries(_: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    return acme.order_to_cash.deliver(cells["order"], on=cells["date"], place=cells["place"], id=id_)


def _quantities(lines: Lines) -> list[LineQuantity]:
    return [LineQuantity(_line(one), one["quantity"]) for one in lines]


def _shipments(_: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    return acme.supply.ship(cells["delivery"], _quantities(lines), on=cells["date"])


def _returns(named: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    shipment = named("shipments", cells["shipment"]).id
    return acme.supply.take_back(shipment, _quantities(lines), on=cells["date"])


def _vendor_returns(named: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    receipt = named("receipts", cells["receipt"]).id
    return acme.supply.return_to_vendor(receipt, _quantities(lines), on=cells["date"])


def _terms(cells: Cells) -> Terms | None:
    return Terms(cells["terms"]) if "terms" in cells else None


def _invoices(_: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    return acme.order_to_cash.bill(
        cells["order"], on=cells["date"], id=id_, terms=_terms(cells), rate=cells.get("rate")
    )


def _credit_notes(named: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    return acme.order_to_cash.credit(named("returns", cells["return"]).id, on=cells["date"], id=id_)


def _bills(named: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    order = named("purchase_orders", cells["purchase_order"])
    return acme.procure_to_pay.bill(
        order.id,
        on=cells["date"],
        id=id_,
        reference=cells.get("reference", ""),
        tax=cells.get("tax"),
        freight=_money(cells, "freight", order.currency),
        rate=cells.get("rate"),
        terms=_terms(cells),
    )


def _vendor_credits(named: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    back = named("vendor_returns", cells["vendor_return"]).id
    return acme.procure_to_pay.credit(
        back, on=cells["date"], id=id_, reference=cells.get("reference", ""), tax=cells.get("tax")
    )


def _payments(_: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    amount = Money(cells["amount"], cells["currency"])
    received = _money(cells, "received", acme.currency)
    if cells["way"] == "in":
        to = [cells["invoice"]] if "invoice" in cells else []
        return acme.finance.collect(amount, customer=cells["party"], on=cells["date"], to=to, received=received)
    if cells["way"] == "out":
        to = [cells["bill"]] if "bill" in cells else []
        return acme.finance.pay(amount, vendor=cells["party"], on=cells["date"], to=to, received=received)
    raise BadCell(field="way", why="a payment goes in or out")


def _entries(_: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    postings = []
    for one in lines:
        if ("debit" in one) == ("credit" in one):
            raise BadCell(field="debit", why="a line has a debit or a credit", line=one[LINE])
        amount = Money(one["debit"], acme.currency) if "debit" in one else -Money(one["credit"], acme.currency)
        postings.append(Posting(one["account"], amount))
    return acme.finance.post(Entry(cells["date"], postings, text=cells.get("text", "")))


def _closings(_: Named, acme: Company, id_: str, cells: Cells, lines: Lines) -> Act[Any]:
    return _step(
        cells,
        {
            "close_month": lambda: acme.finance.close_month(_needed(cells, "period")),
            "close_year": lambda: acme.finance.close_year(_needed(cells, "period")),
            "lock": lambda: acme.finance.lock(kind=_needed(cells, "kind"), upto=_needed(cells, "upto")),
        },
    )


_ACTS: Final[Mapping[str, Callable[[Named, Company, str, Cells, Lines], Act[Any]]]] = {
    "items": _items, "rates": _rates, "leads": _leads, "lead_steps": _lead_steps, "deal_steps": _deal_steps,
    "quotes": _quotes, "quote_steps": _quote_steps, "orders": _orders, "purchase_orders": _purchase_orders,
    "receipts": _receipts, "moves": _moves, "deliveries": _deliveries, "shipments": _shipments, "returns": _returns,
    "vendor_returns": _vendor_returns, "invoices": _invoices, "credit_notes": _credit_notes, "bills": _bills,
    "vendor_credits": _vendor_credits, "payments": _payments, "entries": _entries, "closings": _closings,
}  # fmt: skip
