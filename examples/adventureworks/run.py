"""AdventureWorks: one real quarter through the public API.

    python examples/adventureworks/run.py FOLDER [--store URL] [--json FILE]

FOLDER holds the CSV files of the sample; without it, the folder `adventureworks` of BIZCORE_TEST_DATA is used. Only what
is dated up to 2011-06-30 is recorded. Exit 0 fine, 1 a check failed, 3 no data or no store.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from attrs import define, field

from bizcore import BizcoreError, Company, Exact, Money
from bizcore.bridges.order_to_cash import ORDER_LINE
from bizcore.change.act import Act
from bizcore.change.reading import PostingQuery
from bizcore.cli.checks import Check, checks
from bizcore.finance import Invoice, Line
from bizcore.finance.chart import Account, Nature
from bizcore.finance.lines import Adjustment
from bizcore.flow.document import Ref
from bizcore.kernel.exact import plain_number
from bizcore.sfa.orders import Order, OrderLine, Status
from bizcore.supply.purchasing import OrderLine as BoughtLine
from bizcore.supply.purchasing import PurchaseOrder, ReceivedLine

END = date(2011, 6, 30)
OPENED = date(2011, 5, 30)
COSTED = date(2011, 5, 31)
USD = "USD"
STORE = "warehouse"
REVENUE, FREIGHT, COST, RECEIVABLES, INVENTORY, FX, TAX_EXPENSE = "4000", "4100", "5000", "1200", "1400", "6800", "6200"

Row = dict[str, str]
Keyed = tuple[Act[Any], str]


def read(folder: Path, name: str) -> list[Row]:
    """The rows of a file."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def exact(text: str) -> Fraction:
    """A figure of the source, exact."""
    return Fraction(Decimal(text))


@define
class Data:
    """The rows that the quarter needs, by what one looks them up with."""

    folder: Path
    orders: list[Row] = field(init=False)
    lines: dict[str, list[Row]] = field(init=False, factory=dict)
    rates: dict[tuple[str, str], Fraction] = field(init=False, factory=dict)
    currency_of: dict[str, str] = field(init=False, factory=dict)
    costs: dict[str, Fraction] = field(init=False, factory=dict)
    names: dict[str, str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Read the files."""
        self.orders = [row for row in read(self.folder, "sales_orders") if date.fromisoformat(row["order_date"]) <= END]
        for row in read(self.folder, "sales_order_lines"):
            self.lines.setdefault(row["order_id"], []).append(row)
        for row in read(self.folder, "currency_rates"):
            self.rates[row["date"], row["to"]] = exact(row["end_of_day_rate"])
            self.currency_of[row["rate_id"]] = row["to"]
        for row in read(self.folder, "cost_history"):
            if row["valid_from"] <= COSTED.isoformat() and (
                not row["valid_to"] or COSTED.isoformat() <= row["valid_to"]
            ):
                self.costs[row["item_id"]] = exact(row["standard_cost"])
        self.names = {row["item_id"]: row["name"] for row in read(self.folder, "items")}

    @property
    def shipped(self) -> list[Row]:
        """The orders that were shipped by the end of the quarter."""
        return [row for row in self.orders if row["ship_date"] and date.fromisoformat(row["ship_date"]) <= END]

    def currency(self, order: Row) -> str:
        """The customer's currency."""
        return self.currency_of[order["currency_rate_id"]] if order["currency_rate_id"] else USD

    def rate(self, currency: str, on: str) -> Fraction:
        """Units of a currency for a dollar, at the end of a day."""
        return Fraction(1) if currency == USD else self.rates[on, currency]


def usd(amount: Fraction) -> Money:
    """Dollars rounded once, half away from zero."""
    return Exact(amount, USD).round()


# -- acts ------------------------------------------------------------------------------------------------------------


def accounts(acme: Company, data: Data) -> Iterator[Keyed]:
    """A bank account for each foreign currency."""
    for currency in sorted({data.currency(order) for order in data.orders} - {USD}):
        account = Account(
            code=bank(currency), name=f"Bank, {currency}", nature=Nature.ASSET, line="cash", currency=currency
        )
        yield acme.put(account), f"account {currency}"


def bank(currency: str) -> str:
    """The bank account of a currency."""
    return "1000" if currency == USD else f"1000.{currency}"


def purchases(acme: Company, data: Data) -> Iterator[Keyed]:
    """The orders to vendors of April: ordered, received with what was rejected, billed."""
    lines: dict[str, list[Row]] = {}
    for row in read(data.folder, "purchase_order_lines"):
        lines.setdefault(row["order_id"], []).append(row)
    for row in read(data.folder, "purchase_orders"):
        if not row["order_date"].startswith("2011-04"):
            continue
        mine = lines[row["order_id"]]
        id_, on = f"PO-{row['order_id']}", row["ship_date"]
        bought = [BoughtLine(one["item_id"], one["quantity"], one["unit_price"]) for one in mine]
        order = PurchaseOrder(
            id=id_, supplier=f"V-{row['vendor_id']}", on=row["order_date"], currency=USD, lines=bought
        )
        yield acme.supply.order(order), f"purchase {id_}"
        came = [
            ReceivedLine(at, one["received"], one["rejected"])
            for at, one in enumerate(mine, 1)
            if exact(one["received"])
        ]
        if not came:
            continue
        yield acme.supply.receive_order(id_, came, on=on, place=STORE), f"receipt {id_}"
        tax = Adjustment(usd(exact(row["tax"])).amount, reason="tax", account=TAX_EXPENSE)
        freight = usd(exact(row["freight"]))
        bill = acme.procure_to_pay.bill(id_, on=on, id=f"B-{row['order_id']}", charges=[tax], freight=freight)
        yield bill, f"bill {id_}"


def openings(acme: Company, data: Data) -> Iterator[Keyed]:
    """What was there before: of each item what the quarter's orders ask for, at its standard cost."""
    quantities: dict[str, Fraction] = {}
    for order in data.orders:
        for line in data.lines[order["order_id"]]:
            quantities[line["item_id"]] = quantities.get(line["item_id"], Fraction(0)) + exact(line["quantity"])
    for item, quantity in sorted(quantities.items(), key=lambda one: int(one[0])):
        cost = usd(quantity * data.costs[item])
        act = acme.supply.receive(item, plain_number(quantity), place=STORE, on=OPENED, source="opening", cost=cost)
        yield act, f"opening {item}"


def orders(acme: Company, data: Data) -> Iterator[Keyed]:
    """What customers ordered, in dollars, as the source keeps it."""
    for order in data.orders:
        lines = [
            OrderLine(
                data.names[one["item_id"]],
                one["quantity"],
                one["unit_price"],
                item=one["item_id"],
                discount_percent=plain_number(exact(one["discount"]) * 100),
            )
            for one in data.lines[order["order_id"]]
        ]
        made = Order(
            id=order["number"],
            customer=f"C-{order['customer_id']}",
            on=order["order_date"],
            currency=USD,
            lines=lines,
            reference=order["customer_po"],
        )
        yield acme.sfa.take_order(made), f"order {order['order_id']}"


def issues(acme: Company, data: Data) -> Iterator[Keyed]:
    """Each shipped line leaves the warehouse, in the order of ship date, order and line."""
    shipped = [(row["ship_date"], int(row["order_id"]), row) for row in data.shipped]
    for on, number, order in sorted(shipped, key=lambda one: one[:2]):
        for line in sorted(data.lines[order["order_id"]], key=lambda one: int(one["line_id"])):
            act = acme.supply.issue(line["item_id"], line["quantity"], place=STORE, on=on)
            yield act, f"issue {number} {line['line_id']}"


def invoice(data: Data, order: Row) -> Invoice:
    """The invoice of a shipped order: every line, the tax and the freight rounded on their own; dollars are stated."""
    currency = data.currency(order)
    rate = data.rate(currency, order["ship_date"])
    lines = [
        Line(
            data.names[one["item_id"]],
            one["quantity"],
            plain_number(exact(one["line_total"]) * rate),
            per=one["quantity"],
            item=one["item_id"],
            value=usd(exact(one["line_total"])),
            extra={ORDER_LINE: f"{order['number']}/{at}"},
        )
        for at, one in enumerate(data.lines[order["order_id"]], 1)
    ]
    freight = Line(
        "Freight", 1, plain_number(exact(order["freight"]) * rate), account=FREIGHT, value=usd(exact(order["freight"]))
    )
    return Invoice(
        id=f"INV-{order['order_id']}",
        customer=f"C-{order['customer_id']}",
        on=order["ship_date"],
        currency=currency,
        lines=[*lines, freight],
        terms=f"on {order['due_date']}",
        tax_stated=Exact(exact(order["tax"]) * rate, currency).round(),
        tax_value=usd(exact(order["tax"])),
        origins=(Ref("order", order["number"]),),
    )


def invoices(acme: Company, data: Data) -> Iterator[Keyed]:
    """Shipped orders are invoiced on their ship date."""
    for order in sorted(data.shipped, key=lambda row: (row["ship_date"], int(row["order_id"]))):
        yield acme.finance.issue(invoice(data, order)), f"invoice {order['order_id']}"


def payments(acme: Company, data: Data) -> Iterator[Keyed]:
    """Each invoice is paid in full on the order's due date, in its currency; the day's rate gives the dollars."""
    due = [row for row in data.shipped if date.fromisoformat(row["due_date"]) <= END]
    for order in sorted(due, key=lambda row: (row["due_date"], int(row["order_id"]))):
        made = invoice(data, order)
        amount = made.gross
        value = usd(amount.exact.amount / data.rate(made.currency, order["due_date"]))
        act = acme.finance.collect(
            amount, customer=made.customer, on=order["due_date"], to=[made.id], bank=bank(made.currency), value=value
        )
        yield act, f"payment {order['order_id']}"


STAGES = (accounts, purchases, openings, orders, issues, invoices, payments)


# -- results ---------------------------------------------------------------------------------------------------------


def held(acme: Company, account: str) -> Money:
    """What an account holds in dollars; debit is positive."""
    rows = acme.view().totals(PostingQuery(book="journal", account=account), by=("account",))
    return Money.of_minor(sum(row.value for row in rows), USD)


def figures(acme: Company) -> dict[str, str]:
    """The figures of the quarter in dollars, at its end, before any revaluation."""
    opened = {row.unit for row in acme.view().postings(PostingQuery(book="stock", account="opening"))}
    valuation = acme.supply.stock_valuation(at=END)
    goods = Money.sum((row["value"] for row in valuation if row["item"] in opened), USD)
    return {
        "revenue": text(-held(acme, REVENUE)),
        "cost_of_sales": text(held(acme, COST)),
        "receivables": text(held(acme, RECEIVABLES)),
        "realised_fx": text(-held(acme, FX)),
        "finished_goods": text(goods),
    }


def text(amount: Money) -> str:
    """An amount as decimal text."""
    return str(amount.amount)


def rounding(data: Data) -> list[dict[str, str]]:
    """What each figure that was booked differs from the exact one: order, line, exact, booked, difference."""
    rows = []
    for order in data.shipped:
        parts = [(one["line_id"], one["line_total"]) for one in data.lines[order["order_id"]]]
        for part, figure in (*parts, ("tax", order["tax"]), ("freight", order["freight"])):
            booked = Fraction(usd(exact(figure)).amount)
            if booked != exact(figure):
                rows.append(
                    {
                        "order": order["order_id"],
                        "line": part,
                        "exact": plain_number(exact(figure)),
                        "booked": plain_number(booked),
                        "difference": plain_number(booked - exact(figure)),
                    }
                )
    return rows


def own_checks(acme: Company, data: Data, differences: list[dict[str, str]]) -> list[Check]:
    """What this run promises beyond the control checks: the source's sums tie to the books, each difference has its line."""
    shipped = {row["order_id"] for row in data.shipped}
    rest = [row for row in data.orders if row["order_id"] not in shipped]
    lines = added(one["line_total"] for order in data.orders for one in data.lines[order["order_id"]])
    subtotal, total = (added(row[name] for row in data.orders) for name in ("subtotal", "total_due"))
    revenue = Fraction((-held(acme, REVENUE)).amount)
    invoiced = sum((Fraction(value_of(one)) for one in acme.finance.invoices), Fraction(0))
    of_lines = added(one["difference"] for one in differences if one["line"] not in ("tax", "freight"))
    explained = added(one["difference"] for one in differences)
    statuses = {order.id: acme.order_to_cash.progress(order.id).billing_status for order in acme.sfa.orders}
    expected = {row["number"]: Status.ALL if row["order_id"] in shipped else Status.NONE for row in data.orders}
    billed = sum(one is Status.ALL for one in statuses.values())
    return [
        Check("order lines = order subtotals", lines == subtotal, f"{plain_number(lines)} = {plain_number(subtotal)}"),
        tie(
            "order subtotal = revenue - rounding + open",
            subtotal,
            revenue,
            of_lines,
            added(r["subtotal"] for r in rest),
        ),
        tie(
            "order total = invoices - rounding + open", total, invoiced, explained, added(r["total_due"] for r in rest)
        ),
        Check(
            "shipped orders invoiced, the rest open",
            statuses == expected,
            f"{len(statuses)} orders: {billed} invoiced, {len(statuses) - billed} open",
        ),
    ]


def added(figures: Iterable[str]) -> Fraction:
    """The exact sum of figures of the source."""
    return sum((exact(one) for one in figures), Fraction(0))


def tie(name: str, whole: Fraction, booked: Fraction, explained: Fraction, rest: Fraction) -> Check:
    """That an exact sum of the source is what was booked, less its explained rounding, and what is still open."""
    detail = f"{plain_number(whole)} = {plain_number(booked)} - {plain_number(explained)} + {plain_number(rest)}"
    return Check(name, whole == booked - explained + rest, detail)


def value_of(invoice: Invoice) -> Decimal:
    """An invoice in dollars, as stated."""
    stated = [line.value.amount for line in invoice.lines if line.value is not None]
    return sum(stated, Decimal(0)) + (invoice.tax_value.amount if invoice.tax_value is not None else Decimal(0))


def record(acme: Company, data: Data) -> None:
    """Record the quarter, stage by stage; sent again, every act is answered and nothing is added."""
    for stage in STAGES:
        acme.apply_each(list(stage(acme, data)))


def run(folder: Path, store: str) -> dict[str, object]:
    """Record the quarter and look at it; everything as JSON types."""
    data = Data(folder)
    with Company.create("adventureworks", currency=USD, store=store, actor="example") as acme:
        record(acme, data)
        differences = rounding(data)
        found = [*checks(acme), *own_checks(acme, data, differences)]
        finance = acme.finance
        return {
            "orders": len(data.orders),
            "orders_shipped": len(data.shipped),
            "order_subtotal": plain_number(added(one["subtotal"] for one in data.orders)),
            "order_total": plain_number(added(one["total_due"] for one in data.orders)),
            "checks": [one.to_plain() for one in found],
            "state_hash": acme.state_hash(),
            "figures": figures(acme),
            "rounding": differences,
            "statements": {
                "trial_balance": finance.trial_balance(at=END).to_plain(),
                "income_statement": finance.income_statement(period="2011-Q2").to_plain(),
                "balance_sheet": finance.balance_sheet(at=END).to_plain(),
                "receivable_aging": finance.receivable_aging(at=END).to_plain(),
                "payable_aging": finance.payable_aging(at=END).to_plain(),
                "stock_valuation": acme.supply.stock_valuation(at=END).to_plain(),
            },
        }


def main() -> int:
    """Run, print the figures and the checks."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = (
        Path(os.environ.get("BIZCORE_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "adventureworks"
    )
    options.add_argument("folder", nargs="?", type=Path, default=default)
    options.add_argument("--store", default="memory:")
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    if not (given.folder / "sales_orders.csv").exists():
        print(
            f"there is no AdventureWorks data in {given.folder}; set BIZCORE_TEST_DATA or name the folder",
            file=sys.stderr,
        )
        return 3
    try:
        result = run(given.folder, given.store)
    except BizcoreError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return 3
    except OSError as error:
        print(f"the data cannot be read: {error}", file=sys.stderr)
        return 3
    if given.json is not None:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    for name in ("orders", "orders_shipped", "order_subtotal", "order_total", "figures", "state_hash"):
        print(f"{name}: {result[name]}")
    found: Any = result["checks"]
    for one in found:
        print(f"{'ok    ' if one['ok'] else 'FAILED'} {one['name']}: {one['detail']}")
    return 0 if all(one["ok"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
