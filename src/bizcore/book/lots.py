"""One matching engine: what leaves a lot takes its share of the value, and the last piece takes all that is left.

An open item, a cost layer, a physical lot: each has an amount and a value. Settling an invoice and issuing goods are the
same act, so both sides of every match use `release`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import Enum
from typing import Final

from attrs import frozen

from bizcore.book.entry import Amount
from bizcore.kernel.errors import Invalid, NotFound
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.rounding import divide
from bizcore.kernel.value import Value

LOTS_MAX: Final = 10_000
"""The most lots that one match walks over."""


class Order(Enum):
    """Which lots are taken first."""

    OLDEST = "oldest"
    NEWEST = "newest"
    EXPIRY = "expiry"
    DUE = "due"
    NAMED = "named"


class Overdrawn(Invalid):
    """More is taken from a lot than it holds, or from the wrong side."""

    code = "overdrawn"

    def __init__(self, *, lot: str, holds: Amount, taking: Amount) -> None:
        super().__init__(f"lot {lot} holds {holds}; {taking} cannot be taken", lot=lot, holds=holds, taking=taking)


class LotNotOpen(NotFound):
    """A lot that was named is not open."""

    code = "lot_not_open"

    def __init__(self, *, lot: str, open: tuple[str, ...]) -> None:
        super().__init__(f"lot {lot} is not open; open are {', '.join(open[:5]) or 'none'}", lot=lot, open=open)


@frozen(kw_only=True)
class Lot(Value):
    """An open lot: what is left of an amount and of its value.

    `on` is the date it was opened, `due` when it falls due or expires, `position` the log position that last changed it.
    """

    id: str
    account: str
    party: str | None
    amount: Amount
    value: Money
    on: date
    due: date | None = None
    position: int = 0


@frozen
class Use(Value):
    """What one match took from one lot: signed like the lot."""

    lot: str
    amount: Amount
    value: Money


@frozen
class Match(Value):
    """The lots used, and what of the taking no lot could give."""

    uses: tuple[Use, ...]
    rest: Amount

    def worth(self, currency: str) -> Money:
        """The value that the uses release together, in the company's currency."""
        return Money.sum((use.value for use in self.uses), currency)

    @property
    def complete(self) -> bool:
        """Whether the lots gave all that was asked for."""
        return not self.rest


def release_int(amount: int, value: int, taking: int) -> int:
    """The value that leaves with `taking` out of a lot of `amount` worth `value`; integers, signed alike.

    Guarantees: all of the value leaves with the last of the amount; what stays never has the other sign than the amount.
    Source: `round(V*q/Q)`, half away from zero. Proportional rounding alone leaves a cent behind (odoo/odoo#46850).

    >>> release_int(3, 100, 1), release_int(2, 67, 2)
    (33, 67)
    """
    if taking == amount:
        return value
    return divide(value * taking, amount)


def release(lot: Lot, taking: Amount) -> Money:
    """The value that leaves a lot with part of its amount; `taking` has the lot's sign.

    Raises: Overdrawn, when more is taken than the lot holds.

    >>> cents = Lot(id="a", account="1400", party=None, amount=Quantity(3, "bolt"), value=Money("1.00", "EUR"),
    ...             on=date(2026, 1, 5))
    >>> release(cents, Quantity(1, "bolt"))
    Money('0.33', 'EUR')
    """
    held, taken = _scaled(lot.amount), _scaled(taking)
    if held * taken < 0 or abs(taken) > abs(held) or not taken:
        raise Overdrawn(lot=lot.id, holds=lot.amount, taking=taking)
    return Money.of_minor(release_int(held, lot.value.minor, taken), lot.value.currency)


def match(lots: Sequence[Lot], taking: Amount, *, order: Order = Order.OLDEST, named: Sequence[str] = ()) -> Match:
    """Take an amount from open lots in an order; what remains is `rest`, to open a lot of the other sign.

    `taking` is signed like the lots it takes from; lots of the other sign are passed over. `named` picks and orders the
    lots for `Order.NAMED`.

    Guarantees: uses and rest sum to `taking`; each use releases by `release`; ties go to the earlier log position.
    Raises: LotNotOpen, for a named lot that is not there; Overdrawn, beyond the limit of lots in one match.

    >>> from datetime import date
    >>> lots = [Lot(id=i, account="1200", party="beta", amount=Money(a, "EUR"), value=Money(a, "EUR"), on=date(2026, 1, d))
    ...         for i, a, d in (("B", "50.00", 9), ("A", "70.00", 2))]
    >>> found = match(lots, Money("100.00", "EUR"))
    >>> [(use.lot, str(use.amount)) for use in found.uses], str(found.rest)
    ([('A', '70.00 EUR'), ('B', '30.00 EUR')], '0.00 EUR')
    """
    rest = _scaled(taking)
    unit = _unit(taking)
    uses: list[Use] = []
    for lot in _ordered([one for one in lots if _unit(one.amount) == unit], order, named):
        held = _scaled(lot.amount)
        if not rest:
            break
        if held * rest <= 0:
            continue
        if len(uses) == LOTS_MAX:
            raise Overdrawn(lot=lot.id, holds=lot.amount, taking=taking)
        took = rest if abs(rest) < abs(held) else held
        worth = release_int(held, lot.value.minor, took)
        uses.append(Use(lot.id, _like(taking, took), Money.of_minor(worth, lot.value.currency)))
        rest -= took
    return Match(tuple(uses), _like(taking, rest))


def _ordered(lots: list[Lot], order: Order, named: Sequence[str]) -> list[Lot]:
    if order is Order.NAMED or named:
        by_id = {lot.id: lot for lot in lots}
        missing = next((one for one in named if one not in by_id), None)
        if missing is not None:
            raise LotNotOpen(lot=missing, open=tuple(sorted(by_id)))
        return [by_id[one] for one in dict.fromkeys(named)]
    if order is Order.NEWEST:
        return sorted(lots, key=lambda lot: (lot.on, lot.position, lot.id), reverse=True)
    if order in (Order.DUE, Order.EXPIRY):
        return sorted(lots, key=lambda lot: (lot.due or date.max, lot.on, lot.position, lot.id))
    return sorted(lots, key=lambda lot: (lot.on, lot.position, lot.id))


def _scaled(amount: Amount) -> int:
    return amount.minor if isinstance(amount, Money) else amount.scaled


def _unit(amount: Amount) -> str:
    return amount.currency if isinstance(amount, Money) else amount.unit


def _like(amount: Amount, scaled: int) -> Amount:
    if isinstance(amount, Money):
        return Money.of_minor(scaled, amount.currency)
    return Quantity.of_scaled(scaled, amount.unit)
