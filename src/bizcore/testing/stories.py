"""Stories: sequences of acts that a company takes one after the other, over the desks that exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from hypothesis import strategies as st

from bizcore.book.entry import Entry, Posting
from bizcore.change.act import Act
from bizcore.company import Company
from bizcore.finance import chart
from bizcore.finance.documents import Bill, Invoice
from bizcore.finance.lines import Line
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.sfa.leads import Lead
from bizcore.sfa.orders import Order
from bizcore.sfa.orders import OrderLine as SalesLine
from bizcore.sfa.quotes import Quote, QuoteLine
from bizcore.supply.purchasing import OrderLine, PurchaseOrder

DOMAINS: Final = ("finance", "supply", "sfa")
_FIRST_DAY: Final = 738_886  # 2024-01-01


@frozen
class Told:
    """A story: acts in order, each with its key, and whether it must be refused."""

    acts: tuple[tuple[Act[Any], str, bool], ...]


class _Teller:
    """Grows a story on a company in memory, so that every act fits what the ones before left."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.company = Company.create("story", currency="EUR", actor="teller")
        self.acts: list[tuple[Act[Any], str, bool]] = []
        self.invoices: list[str] = []
        self.entries: list[Entry] = []

    def tell(self, act: Act[Any], *, wrong: bool = False) -> Any:
        key = f"act {len(self.acts):03d}"
        self.acts.append((act, key, wrong))
        return None if wrong else self.company.apply(act, key=key).value

    def day(self) -> str:
        from datetime import date

        return date.fromordinal(_FIRST_DAY + self.draw(st.integers(0, 365))).isoformat()

    def money(self, limit: int = 100_000) -> Money:
        return Money.of_minor(self.draw(st.integers(0, limit)) + 100, "EUR")

    def post(self) -> None:
        amount = self.money()
        legs = [Posting("1000", amount), Posting("4000", -amount)]
        self.entries.append(self.tell(self.company.finance.post(Entry(self.day(), legs))))

    def reverse(self) -> None:
        if self.entries:
            at = self.draw(st.integers(0, len(self.entries) - 1))
            entry = self.entries.pop(at)
            self.tell(self.company.finance.reverse(entry.id, on=max(self.day(), entry.on.isoformat())))

    def issue(self) -> None:
        price = self.money().amount
        line = Line("item", 1, price, tax=self.draw(st.sampled_from(["S20", "Z"])))
        invoice = Invoice(customer="beta", on=self.day(), currency="EUR", lines=[line])
        self.invoices.append(self.tell(self.company.finance.issue(invoice)).id)

    def collect(self) -> None:
        self.tell(self.company.finance.collect(self.money(), customer="beta", on=self.day()))

    def pay_invoice(self) -> None:
        """A customer pays one invoice whole, in one or two parts, or sends all of it back."""
        if not self.invoices:
            return
        finance = self.company.finance
        at = self.draw(st.integers(0, len(self.invoices) - 1))
        bill = self.company.get(Invoice, self.invoices.pop(at))
        open_ = sum(lot.amount.minor for lot in self._open(bill.id))
        if open_ != bill.gross.minor:  # an earlier payment went to the oldest
            return
        if self.draw(st.booleans()):
            self.tell(finance.credit(bill.credited(on=bill.on)))
            return
        part = self.draw(st.integers(0, open_))
        for minor in (open_ - part, part):
            if minor:
                self.tell(
                    finance.collect(Money.of_minor(minor, "EUR"), customer=bill.customer, on=bill.on, to=[bill.id])
                )

    def _open(self, document: str) -> list[Any]:
        view = self.company.view()
        items = view.lots("journal", chart.of(view).role("receivable"))
        return [lot for lot in items if lot.id.rpartition("/")[0] == document]

    def buy_on_account(self) -> None:
        line = Line("Steel", 1, self.money().amount, tax=self.draw(st.sampled_from(["S20", "Z"])))
        self.tell(self.company.finance.bill(Bill(vendor="mill", on=self.day(), currency="EUR", lines=[line])))

    def pay(self) -> None:
        self.tell(self.company.finance.pay(self.money(), vendor="mill", on=self.day()))

    def receive(self) -> None:
        quantity = self.draw(st.integers(1, 50))
        cost = self.money(5_000)
        self.tell(self.company.supply.receive("bolt", quantity, place="main", on=self.day(), cost=cost))

    def issue_goods(self) -> None:
        if (held := self._held()) is not None:
            self.tell(self.company.supply.issue("bolt", held[0], place="main", on=held[1]))

    def transfer(self) -> None:
        if (held := self._held()) is not None:
            self.tell(self.company.supply.transfer("bolt", held[0], source="main", target="yard", on=held[1]))

    def reserve_and_release(self) -> None:
        if (held := self._held()) is not None:
            supply = self.company.supply
            made = self.tell(supply.reserve("bolt", held[0], place="main", on=held[1], for_="beta"))
            self.tell(supply.release(made.id, on=held[1]))

    def _held(self) -> tuple[int, str] | None:
        """Some of the bolts there are, and a day on which they are there."""
        held = self.company.view().balance("stock", "main", "bolt").amount
        whole = held.scaled // Quantity.SCALE if isinstance(held, Quantity) else 0
        days = [row.on for row in self._stock_days()]
        return (self.draw(st.integers(1, whole)), max(days)) if whole > 0 and days else None

    def _stock_days(self) -> Sequence[Any]:
        from bizcore.change.reading import PostingQuery

        return list(self.company.view().postings(PostingQuery(book="stock", account="main")))

    def buy(self) -> None:
        lines = [OrderLine("nut", self.draw(st.integers(1, 20)), "0.10")]
        order = PurchaseOrder(supplier="mill", on=self.day(), currency="EUR", lines=lines)
        made = self.tell(self.company.supply.order(order))
        self.tell(self.company.supply.receive_order(made.id, on=made.on, place="yard"))
        self.tell(self.company.procure_to_pay.bill(made.id, on=made.on))

    def take_order(self) -> None:
        lines = [SalesLine("Service", self.draw(st.integers(1, 5)), "10.00", tax="S20")]
        order = Order(customer="beta", on=self.day(), currency="EUR", lines=lines)
        made = self.tell(self.company.sfa.take_order(order))
        self.tell(self.company.order_to_cash.bill(made.id, on=made.on))

    def convert_a_lead(self) -> None:
        sfa, on = self.company.sfa, self.day()
        lead = self.tell(sfa.capture(Lead(name="Ada", on=on)))
        if self.draw(st.booleans()):
            self.tell(sfa.disqualify(lead.id, reason="no budget"))
            return
        self.tell(sfa.qualify(lead.id, on=on))
        self.tell(sfa.convert(lead.id, on=on, opportunity="deal", amount=self.money()))

    def quote(self) -> None:
        sfa, on = self.company.sfa, self.day()
        lines = [QuoteLine("Service", self.draw(st.integers(1, 5)), "10.00")]
        made = self.tell(sfa.quote(Quote(customer="beta", on=on, currency="EUR", lines=lines)))
        self.tell(sfa.send(made.id))
        if self.draw(st.booleans()):
            self.tell(sfa.decline(made.id))
            return
        self.tell(sfa.accept(made.id, on=on))
        self.tell(sfa.order(made.id, on=on))

    def wrong(self) -> None:
        """One act that must be refused, of whatever sort."""
        finance, supply = self.company.finance, self.company.supply
        kinds: list[Callable[[], Act[Any]]] = [
            lambda: finance.reverse("nobody#1", on=self.day()),
            lambda: finance.collect(self.money(), customer="beta", on=self.day(), to=["no invoice"]),
            lambda: supply.issue("unknown item", 1, place="main", on=self.day()),
            lambda: supply.receive_order("no order", on=self.day(), place="main"),
        ]
        self.tell(self.draw(st.sampled_from(kinds))(), wrong=True)


_STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "finance": ("post", "issue", "collect", "reverse", "pay_invoice", "buy_on_account", "pay"),
    "supply": ("receive", "issue_goods", "buy", "transfer", "reserve_and_release"),
    "sfa": ("take_order", "convert_a_lead", "quote"),
}


def stories(*, domains: Sequence[str] = ("finance",), acts: int = 20, wrong: bool = False) -> st.SearchStrategy[Told]:
    """Sequences of about `acts` acts over some domains, each valid after the ones before.

    `wrong` mixes in acts that must be refused and change nothing; they are marked.

    Guarantees: played on a new company in EUR, every act that is not marked is taken and every marked one refused.
    """

    @st.composite
    def story(draw: st.DrawFn) -> Told:
        teller = _Teller(draw)
        steps = [step for domain in domains for step in _STEPS[domain]] + (["wrong"] if wrong else [])
        while len(teller.acts) < acts and draw(st.booleans() if teller.acts else st.just(value=True)):
            for step in draw(st.lists(st.sampled_from(steps), min_size=1, max_size=acts)):
                if len(teller.acts) < acts:
                    getattr(teller, step)()
        return Told(tuple(teller.acts))

    return story()
