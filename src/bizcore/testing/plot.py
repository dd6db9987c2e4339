"""The story that the contract tells every store, and everything that can be asked after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, ClassVar, Final, cast

from attrs import evolve, frozen

from bizcore.change.act import Act
from bizcore.change.reading import PostingQuery
from bizcore.company import Company
from bizcore.flow.document import Document, Indexes
from bizcore.kernel.money import Money
from bizcore.kernel.spans import Span
from bizcore.testing.toys import ABROAD, CURRENCY, FEES, FOREIGN, POOL, RECEIVABLE, SOURCE, Note, Rule, ToyDesk, Undone

DAYS: Final = ("2025-12-31", "2026-03-05", "2026-04-01")


@frozen(kw_only=True)
class MemoOne(Document):
    """A kind as an earlier release stored it."""

    kind = "toy_memo"

    title: str


@frozen(kw_only=True)
class MemoTwo(Document):
    """The same kind one version later: the title became a headline, and is found by it."""

    kind = "toy_memo"
    version: ClassVar[int] = 2
    indexes: ClassVar[Indexes] = {"headline": lambda one: [(one.headline,)]}

    headline: str

    @classmethod
    def lift(cls, data: dict[str, object], version: int) -> dict[str, object]:
        """Version 1 said title."""
        return {"headline" if name == "title" else name: value for name, value in data.items()}


def eur(amount: str | int) -> Money:
    """Euros."""
    return Money(amount, CURRENCY)


def usd(amount: str | int) -> Money:
    """Dollars."""
    return Money(amount, FOREIGN)


def story(company: Company) -> Iterator[tuple[Act[Any], str]]:
    """Acts that touch everything a store keeps, each under its key."""
    toys = cast("ToyDesk", company.desk("toy"))
    acts: tuple[Act[Any], ...] = (
        toys.deposit("cash", eur(100)),
        toys.charge("cash", "2026-03-05"),  # nothing yet: an entry of zeros
        toys.note("first", id="n1"),
        company.put(Rule(fee=5)),
        toys.stack("lot a", 5, eur("0.03")),
        toys.transfer(eur(30), source="cash", target="bank", on="2026-04-01"),
        toys.claim("item 1", "beta", usd(10), eur("9.01")),
        toys.take("lot a", 2),
        toys.edit("n1", "second"),
        toys.charge("cash", "2026-03-05"),
        toys.note("other"),
        toys.half(source="cash", target="bank"),
        toys.settle("item 1", "beta", usd("3.33")),
        toys.stack("lot b", 3, eur(1)),
        toys.undo("story 000#1"),
        toys.take("lot a", 3),
        toys.claim("item 1", "gamma", usd(1), eur(1)),
        company.put(Rule(since="2026-03-01", fee=7)),
        toys.close("n1"),
        toys.charge("bank", "2026-03-05"),
        toys.take("lot b", 1),
        toys.settle("item 1", "beta", usd("6.67")),
        toys.deposit("cash", eur("0.01"), on="2025-12-31"),
        company.put(Rule(fee=6)),
        toys.meet("p", "Ada"),
    )
    for at, act in enumerate(acts):
        yield act, f"story {at:03d}"


def seen_of(company: Company) -> list[object]:
    """Everything that can be asked of a company, as plain data."""
    view, reading = company.view(), company._reading()
    journal = PostingQuery(book="journal")
    part = evolve(journal, span=Span(date(2026, 1, 15), date(2026, 3, 20)))
    totals = [
        list(view.totals(query, by=by, values_only=values_only))
        for query in (
            journal,
            PostingQuery(book="cost"),
            part,
            evolve(part, account="cash"),
            evolve(journal, party="beta"),
        )
        for by in (("account", "unit", "period"), ("account", "unit"), ("party",), ())
        for values_only in (False, True)
    ]
    queries = (
        journal,
        part,
        evolve(journal, account=RECEIVABLE, lot="item 1"),
        evolve(journal, unit=FOREIGN),
        PostingQuery(book="cost"),
    )
    return [
        totals,
        [view.balance("journal", account, CURRENCY) for account in ("cash", "bank", SOURCE, FEES)],
        [view.balance("journal", ABROAD, FOREIGN), view.balance("cost", POOL, "piece")],
        [view.lots("cost", POOL), view.lots("journal", RECEIVABLE)],
        view.lots("journal", RECEIVABLE, "gamma"),
        [[one.id for one in view.find(Note, "text", text)] for text in ("first", "second", "other", "old", "new")],
        [[one.id for one in view.find(Note, "state", state, newest_first=True)] for state in ("open", "closed")],
        [view.policies(Rule, on=day).fee for day in DAYS],
        [view.seek(Note, "n1"), list(view.all(Note)), list(view.all(Undone)), view.page(Note, after="n1", size=1)],
        [row.position for row in reading.history("toy_note", "n1")],
        [list(reading.postings(query)) for query in queries],
        view.series("N"),
        [row.key for row in reading.log()],
        company.state_hash(),
    ]
