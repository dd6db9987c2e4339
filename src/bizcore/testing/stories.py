"""Stories: sequences of acts that a company takes one after the other, over the desks that exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from hypothesis import strategies as st

from bizcore.book.entry import Entry, Posting
from bizcore.change.act import Act
from bizcore.company import Company
from bizcore.finance.documents import Invoice
from bizcore.finance.lines import Line
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.sfa.orders import Order
from bizcore.sfa.orders import OrderLine as SalesLine
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
        self.entries: list[str] = []

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
        self.entries.append(self.tell(self.company.finance.post(Entry(self.day(), legs))).id)

    def reverse(self) -> None:
        if self.entries:
            at = self.draw(st.integers(0, len(self.entries) - 1))
            self.tell(self.company.finance.reverse(self.entries.pop(at), on=self.day()))

    def issue(self) -> None:
        price = self.money().amount
        line = Line("item", 1, price, tax=self.draw(st.sampled_from(["S20", "Z"])))
        invoice = Invoice(customer="beta", on=self.day(), currency="EUR", lines=[line])
        self.invoices.append(self.tell(self.company.finance.issue(invoice)).id)

    def collect(self) -> None:
        self.tell(self.company.finance.collect(self.money(), customer="beta", on=self.day()))

    def receive(self) -> None:
        quantity = self.draw(st.integers(1, 50))
        cost = self.money(5_000)
        self.tell(self.company.supply.receive("bolt", quantity, place="main", on=self.day(), cost=cost))

    def issue_goods(self) -> None:
        held = self.company.view().balance("stock", "main", "bolt").amount
        whole = held.scaled // Quantity.SCALE if isinstance(held, Quantity) else 0
        days = [row.on for row in self._stock_days()]
        if whole > 0 and days:
            quantity = self.draw(st.integers(1, whole))
            self.tell(self.company.supply.issue("bolt", quantity, place="main", on=max(days)))

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
    "finance": ("post", "issue", "collect", "reverse"),
    "supply": ("receive", "issue_goods", "buy"),
    "sfa": ("take_order",),
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
