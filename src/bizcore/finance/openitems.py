"""Open items of customers and vendors: what a claim opens, what clears it, and the exchange result between the two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from attrs import frozen

from bizcore.book.entry import Posting
from bizcore.book.lots import Lot, Order, match, release_int
from bizcore.kernel.money import Money
from bizcore.kernel.value import Value

_OF_DOCUMENT: Final = re.compile(r"(.+)/[0-9]+", re.DOTALL)


@frozen
class Settled(Value):
    """What a payment or credit took from one open item: the amount in the item's currency and the value released."""

    lot: str
    amount: Money
    value: Money


def document_of(lot: str) -> str | None:
    """The id of the document that opened an item; None for an item opened by a journal entry or an advance.

    >>> document_of("order 4711#1/2"), document_of("payment 8#1")
    ('order 4711#1', None)
    """
    found = _OF_DOCUMENT.fullmatch(lot)
    return None if found is None else found[1]


def lots_of(lots: Sequence[Lot], document: str) -> list[Lot]:
    """The open items of a document, by when they fall due; an item can be named by its own id too."""
    found = [lot for lot in lots if lot.id == document or document_of(lot.id) == document]
    return sorted(found, key=lambda lot: (lot.due or lot.on, lot.id))


class Worth(NamedTuple):
    """An amount of money and its value in the company's currency, in minor units, signed alike."""

    amount: int
    value: int

    def part(self, amount: int) -> Worth:
        """The part of it that an amount takes; all of the value with the last of the amount."""
        return Worth(amount, release_int(self.amount, self.value, amount) if amount else 0)

    def less(self, other: Worth) -> Worth:
        """What is left."""
        return Worth(self.amount - other.amount, self.value - other.value)


class Cleared(NamedTuple):
    """What an amount cleared: items taken from, what is left of the amount, the exchange result (a gain is positive)."""

    taken: tuple[tuple[Lot, Worth], ...]
    rest: Worth
    result: int

    @property
    def settled(self) -> tuple[tuple[str, Worth], ...]:
        """By item."""
        return tuple((lot.id, worth) for lot, worth in self.taken)


def clear(lots: Sequence[Lot], worth: Worth, currency: str, *, order: Order, named: Sequence[str] = ()) -> Cleared:
    """Take an amount, signed like the items it clears, from open items, and say what the difference in value is.

    Guarantees: each item releases its share of its own value (all of it with the last cent); each piece taken has its share
    of `worth`; result = what the pieces are worth - what the items released.
    Source: IAS 21.28; docs of the rule: open item (foreign, functional), share f <= F releases round(C * f / F).
    """
    by_id = {lot.id: lot for lot in lots}
    found = match(lots, Money.of_minor(worth.amount, currency), order=order, named=named)
    rest, result, taken = worth, 0, []
    for use in found.uses:
        amount = use.amount
        if not isinstance(amount, Money):  # items of the journal are money
            continue
        piece = rest.part(amount.minor)
        rest = rest.less(piece)
        result += piece.value - use.value.minor
        taken.append((by_id[use.lot], Worth(amount.minor, use.value.minor)))
    return Cleared(tuple(taken), rest, result)


class Legs:
    """Builds the postings of one entry; while all of it is in the company's currency, amounts are their own values."""

    def __init__(self, company: str) -> None:
        self.company = company
        self._legs: list[tuple[str, str, Worth, str | None, str | None, date | None]] = []

    def add(
        self,
        account: str,
        currency: str,
        worth: Worth,
        *,
        party: str | None = None,
        lot: str | None = None,
        due: date | None = None,
    ) -> None:
        """Add a leg; one that moves nothing is left out."""
        if worth.amount or worth.value:
            self._legs.append((account, currency, worth, party, lot, due))

    def postings(self) -> list[Posting]:
        """The legs as postings."""
        plain = all(currency == self.company for _, currency, *_ in self._legs)
        return [
            Posting(
                account,
                Money.of_minor(worth.amount, currency),
                None if plain else Money.of_minor(worth.value, self.company),
                party=party,
                lot=lot,
                due=due,
            )
            for account, currency, worth, party, lot, due in self._legs
        ]
