"""A toy ERP, written for itself: dictionaries and whole cents, nothing of bizcore in it. Each bug is a switch."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

BUGS = {
    "tax_per_line": "the tax of each line is rounded, instead of each rate's once for the document",
    "half_even": "half a cent goes to the even one",
    "credit_note_sign": "a credit note's tax is added to what is owed for tax, not taken off",
    "lost_partial_payment": "a payment in part leaves the invoice open as it was",
    "retry_posts_twice": "a payment sent again is booked again",
    "lock_ignored": "closed months take entries",
    "lock_off_by_one": "the last day of a closed month stays open",
    "report_off_by_one": "a balance at a day leaves out the day itself",
    "rate_of_another_day": "a foreign invoice takes the newest rate there is, not that of its day",
    "return_at_todays_cost": "goods come back at what such goods cost now, not at what they cost when they left",
    "fifo_by_recording": "the first recorded goes out first, not the first by date",
    "oversold": "more goes out than is there",
}

ACCOUNTS = {"1000", "1200", "1400", "1500", "2000", "2050", "2200", "4000", "5000", "6000"}
TAX = {"S20": 20, "S7": 7, "Z": 0}


class NoError(Exception):
    """What the system answers when it does not do what it is asked."""


class Erp:
    """Books, open items and a warehouse of one firm in euros."""

    def __init__(self, bugs: set[str] | frozenset[str] = frozenset()) -> None:
        self.bugs = bugs
        self.journal: list[tuple[date, str, int]] = []
        self.entries: dict[str, dict] = {}
        self.documents: dict[str, dict] = {}
        self.items: list[dict] = []
        self.rates: dict[date, Decimal] = {}
        self.moves: list[dict] = []
        self.closed_until = date.min
        self.seen: set[str] = set()

    # -- what every posting goes through -----------------------------------------------------------------------------

    def repeated(self, request: str) -> bool:
        """Whether a request was done before; a request is remembered when it was done."""
        return request in self.seen

    def check_open(self, on: date) -> None:
        last = self.closed_until
        if "lock_off_by_one" in self.bugs and last > date.min:
            last -= timedelta(days=1)
        if on <= last and "lock_ignored" not in self.bugs:
            raise NoError("closed")

    def book(self, on: date, *legs: tuple[str, int]) -> None:
        self.check_open(on)
        self.journal += [(on, account, cents) for account, cents in legs]

    def cents(self, exact: Decimal) -> int:
        mode = ROUND_HALF_EVEN if "half_even" in self.bugs else ROUND_HALF_UP
        return int((exact * 100).quantize(Decimal(1), rounding=mode))

    # -- ledger ------------------------------------------------------------------------------------------------------

    def post(self, request: str, on: date, legs: list[tuple[str, int]]) -> None:
        if self.repeated(request):
            return
        if not {account for account, _ in legs} <= ACCOUNTS:
            raise NoError("account")
        self.book(on, *legs)
        self.entries[request + "#1"] = {"legs": legs, "on": on, "reversed": False}
        self.seen.add(request)

    def reverse(self, request: str, entry: str, on: date) -> None:
        if self.repeated(request):
            return
        found = self.entries.get(entry)
        if found is None or found["reversed"] or on < found["on"]:
            raise NoError("entry")
        self.book(on, *((account, -cents) for account, cents in found["legs"]))
        found["reversed"] = True
        self.seen.add(request)

    def close(self, month: str) -> None:
        try:
            year, number = (int(part) for part in month.split("-"))
            after = date(year + number // 12, number % 12 + 1, 1)
        except ValueError:
            raise NoError("month") from None
        self.closed_until = max(self.closed_until, after - timedelta(days=1))

    def balance(self, account: str, at: date = date.max) -> int:
        if "report_off_by_one" in self.bugs and at < date.max:
            at -= timedelta(days=1)
        return sum(cents for on, name, cents in self.journal if name == account and on <= at)

    # -- sales and purchases -----------------------------------------------------------------------------------------

    def figures(self, lines: list[tuple[Decimal, Decimal, str]]) -> tuple[list[int], list[int]]:
        """Nets and taxes: each line's net is rounded, the tax of a rate is computed of the sum of them."""
        nets = [(self.cents(quantity * price), code) for quantity, price, code in lines]
        parts = nets if "tax_per_line" in self.bugs else [
            (sum(net for net, of in nets if of == code), code) for code in dict.fromkeys(code for _, code in nets)
        ]  # fmt: skip
        return [net for net, _ in nets], [self.cents(Decimal(net) * TAX[code] / 10_000) for net, code in parts]

    def invoice(self, request: str, side: str, party: str, on: date, currency: str, lines: list) -> None:
        """What is owed for it; a foreign one is booked line by line at its rate, and what is owed is their sum."""
        if self.repeated(request):
            return
        nets, taxes = self.figures(lines)
        rate = self.rate(currency, on)
        net, tax = (sum(self.cents(Decimal(part) * rate / 100) for part in parts) for parts in (nets, taxes))
        made = {"side": side, "party": party, "on": on, "net": sum(nets), "tax": sum(taxes), "worth": (net, tax)}
        self.book_document(made, on, net, tax)
        name = request + "#1"
        self.documents[name] = {**made, "credited": False}
        item = {"of": name, "side": side, "party": party, "on": on, "currency": currency}
        self.items.append({**item, "left": sum(nets) + sum(taxes), "worth": net + tax})
        self.seen.add(request)

    def book_document(self, one: dict, on: date, net: int, tax: int) -> None:
        if one["side"] == "sale":
            self.book(on, ("1200", net + tax), ("4000", -net), ("2200", -tax))
        else:
            self.book(on, ("2000", -net - tax), ("6000", net), ("1500", tax))

    def rate(self, currency: str, on: date) -> Decimal:
        if currency == "EUR":
            return Decimal(1)
        if currency != "USD" or on not in self.rates:
            raise NoError("rate")
        return self.rates[max(self.rates)] if "rate_of_another_day" in self.bugs else self.rates[on]

    def credit(self, request: str, invoice: str, on: date) -> None:
        """All of an invoice is taken back: what is open of it goes, what was paid is owed to the other side."""
        if self.repeated(request):
            return
        found = self.documents.get(invoice)
        if found is None or found["credited"] or on < found["on"]:
            raise NoError("credit")
        item = next(one for one in self.items if one["of"] == invoice)
        gross, (net, tax) = found["net"] + found["tax"], found["worth"]
        self.book_document(found, on, -net, tax if "credit_note_sign" in self.bugs else -tax)
        paid = gross - item["left"]
        item["left"] = item["worth"] = 0
        self.items.append({**item, "of": request + "#1", "on": on, "left": -paid, "worth": -paid})
        self.documents[request + "#1"] = {**found, "on": on, "credited": True}
        found["credited"] = True
        self.seen.add(request)

    # -- money -------------------------------------------------------------------------------------------------------

    def payment(self, request: str, side: str, party: str, on: date, cents: int, invoices: list[str]) -> None:
        """Money of a customer or to a vendor; it pays the invoices named, else the oldest, and what is over is kept."""
        if self.repeated(request) and "retry_posts_twice" not in self.bugs:
            return
        theirs = [one for one in self.items if one["side"] == side and one["party"] == party and one["left"] > 0]
        if invoices:
            open_ = [one for one in theirs if one["of"] in invoices]
            if cents > sum(one["left"] for one in open_):
                raise NoError("overpaid")
        else:
            open_ = sorted((one for one in theirs if one["currency"] == "EUR"), key=lambda one: one["on"])
        way = 1 if side == "sale" else -1
        self.book(on, ("1000", way * cents), ("1200" if side == "sale" else "2000", -way * cents))
        rest = cents
        for one in open_:
            used = min(one["left"], rest)
            rest -= used
            if used == one["left"] or "lost_partial_payment" not in self.bugs:
                one["left"] -= used
                one["worth"] -= used
        if rest:
            advance = {"of": request + "#1", "side": side, "party": party, "on": on, "currency": "EUR"}
            self.items.append({**advance, "left": -rest, "worth": -rest})
        self.seen.add(request)

    def owed(self, side: str, party: str) -> int:
        return sum(one["worth"] for one in self.items if one["side"] == side and one["party"] == party)

    def open_of(self, document: str) -> int:
        return abs(sum(one["left"] for one in self.items if one["of"] == document))

    # -- goods -------------------------------------------------------------------------------------------------------

    def move(self, request: str, on: date, quantity: int, *, cost: int | None = None, of: str | None = None) -> None:
        """Goods in (at a cost, or back from an issue) or out; what they are worth is told anew from all moves."""
        if self.repeated(request):
            return
        self.check_open(on)
        made = {"name": request + "#1", "on": on, "quantity": quantity, "cost": cost, "of": of}
        moves = sorted([*self.moves, made], key=lambda one: one["on"])
        there = 0
        for one in moves:
            there += one["quantity"]
            if there < 0 and "oversold" not in self.bugs:
                raise NoError("not enough")
        if of is not None:
            gone = next((one for one in self.moves if one["name"] == of), None)
            back = sum(one["quantity"] for one in self.moves if one["of"] == of)
            if gone is None or on < gone["on"] or quantity + back > -gone["quantity"]:
                raise NoError("return")
        self.moves.append(made)
        self.seen.add(request)

    def on_hand(self) -> int:
        return sum(one["quantity"] for one in self.moves)

    def stock_value(self) -> int:
        """First in, first out: layers of what came, by date; what left takes from the oldest."""
        moves = self.moves if "fifo_by_recording" in self.bugs else sorted(self.moves, key=lambda one: one["on"])
        layers: list[list[int]] = []
        left_at: dict[str, list[int]] = {}
        for one in moves:
            if one["quantity"] < 0:
                cost = take(layers, -one["quantity"])
                left_at[one["name"]] = [-one["quantity"], cost]
            elif one["of"] is None:
                layers.append([one["quantity"], one["cost"]])
            elif "return_at_todays_cost" in self.bugs:
                newest = [move for move in moves if move["cost"] is not None][-1]
                layers.append([one["quantity"], share(newest["cost"], one["quantity"], newest["quantity"])])
            else:
                layers.append([one["quantity"], take([left_at[one["of"]]], one["quantity"])])
        return sum(value for _, value in layers)


def take(layers: list[list[int]], wanted: int) -> int:
    """The value of so many pieces off the first layers; the last piece of a layer takes all that is left of it."""
    value = 0
    for layer in layers:
        quantity = min(layer[0], wanted)
        if quantity:
            part = share(layer[1], quantity, layer[0])
            layer[0] -= quantity
            layer[1] -= part
            wanted -= quantity
            value += part
    return value


def share(value: int, part: int, whole: int) -> int:
    """A part of a value, half a cent up."""
    return (2 * value * part + whole) // (2 * whole)
