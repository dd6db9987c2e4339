"""What a mirror asks of both sides, and bizcore's own answers: balances, open items, stock, figures of documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final, TypeAlias

from bizcore.book.lots import Lot
from bizcore.change.reading import PostingQuery
from bizcore.company import Company
from bizcore.finance import chart
from bizcore.finance.openitems import lots_of
from bizcore.flow.document import Document
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import Exact, fraction
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.spans import Span

Answer: TypeAlias = Fraction | str | None
"""A number, a word, or nothing: there is no such thing."""

Question: TypeAlias = Callable[[Company, Any], object]
"""Answers for bizcore what a system of one's own says under the same topic and key."""


class UnknownTopic(Invalid):
    """The system was observed under a topic that nobody answers for bizcore."""

    code = "unknown_topic"

    def __init__(self, *, topic: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"nobody asks bizcore for {topic!r}: there are {', '.join(known)}; add your own to `questions`",
            topic=topic,
            known=known,
        )


def answer(value: object) -> Answer:
    """An answer in normal form, so that `12`, `"12.00"`, `Decimal(12)` and 12 euros are the same; text that is no number stays.

    Raises: InvalidAmount, of a float: nothing is compared within a tolerance.

    >>> answer("12.00") == answer(Money("12", "EUR")), answer("INV-2024-000001")
    (True, 'INV-2024-000001')
    """
    match value:
        case None:
            return None
        case Money() | Exact() | Quantity():
            return fraction(value.amount)
        case date():
            return value.isoformat()
        case str() if not value.lstrip("-").replace(".", "", 1).isdecimal():
            return value
        case _:
            return fraction(value)  # what is no number is refused there, by name


def balance(company: Company, account: str) -> Money:
    """What an account holds, in the company's currency."""
    return _balance(company, account, None)


def balance_at(company: Company, key: tuple[str, str | date]) -> Money:
    """What an account held at the end of a day: the key is account and day."""
    account, at = key
    return _balance(company, account, at if isinstance(at, date) else date.fromisoformat(at))


def _balance(company: Company, account: str, at: date | None) -> Money:
    span = Span(None, None if at is None else at + timedelta(days=1))
    rows = company.view().totals(PostingQuery(book="journal", account=account, span=span), by=("account",))
    return Money.of_minor(sum(row.value for row in rows), company.currency)


def receivable(company: Company, customer: str) -> Money:
    """What a customer owes, in the company's currency; negative when we owe him."""
    return _open(company, "receivable", customer, 1)


def payable(company: Company, vendor: str) -> Money:
    """What we owe a vendor, in the company's currency."""
    return _open(company, "payable", vendor, -1)


def _open(company: Company, role: str, party: str, sign: int) -> Money:
    minor = sum(lot.value.minor for lot in _items(company, role) if lot.party == party)
    return Money.of_minor(sign * minor, company.currency)


def _items(company: Company, role: str) -> list[Lot]:
    view = company.view()
    return list(view.lots("journal", chart.of(view).role(role)))


def open_of(company: Company, document: str) -> Money:
    """What is open of an invoice, a bill, a credit or an advance, in its own currency, whoever owes it; nothing when settled."""
    items = [lot for role in ("receivable", "payable") for lot in _items(company, role)]
    mine = [lot.amount for lot in lots_of(items, document) if isinstance(lot.amount, Money)]
    return Money.of_minor(sum(abs(one.minor) for one in mine), mine[0].currency if mine else company.currency)


def stock(company: Company, key: tuple[str, str]) -> object:
    """How much of an item lies at a place: the key is item and place."""
    item, place = key
    return company.view().balance("stock", place, item).amount


def stock_value(company: Company, item: str) -> Money:
    """What all of an item is worth, in the company's currency."""
    reported = company.supply.stock_valuation().to_dicts()
    return Money.sum((row["value"] for row in reported if row["item"] == item), company.currency)


def figure(name: str) -> Question:
    """A field or a property of a document, by the document's id: of whatever kind it is."""

    def of(company: Company, id: str) -> object:
        return getattr(document(company, id), name, None)

    return of


def document(company: Company, id: str) -> Document | None:
    """A document by its id alone, the first of any kind that has it; an erased one is none."""
    view = company.view()
    for cls in company.kinds.values():
        if not cls.personal and (found := view.seek(cls, id)) is not None:
            return found
    return None


QUESTIONS: Final[Mapping[str, Question]] = {
    "balance": balance,
    "balance_at": balance_at,
    "receivable": receivable,
    "payable": payable,
    "open": open_of,
    "net": figure("net"),
    "tax": figure("tax"),
    "gross": figure("gross"),
    "number": figure("number"),
    "state": figure("state"),
    "stock": stock,
    "stock_value": stock_value,
}
"""The topics of an observation, each with bizcore's answer."""
