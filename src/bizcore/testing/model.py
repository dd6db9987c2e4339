"""The slower model of a store with the toy desk: what it should say, formulated another way.

It shares no arithmetic with the library: money is a dictionary of cents, a lot is a list of pieces, each worth its exact fraction of
what is left, and what leaves is rounded by `decimal`. Each verb answers whether it is taken.
"""

from __future__ import annotations

from collections import Counter
from copy import copy
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from bizcore.testing.broken import Broken
from bizcore.testing.toys import ABROAD, FEES, SOURCE

Pieces = list[Fraction]


class Model:
    """What a store should say, the slow way."""

    def __init__(self) -> None:
        self.cents: Counter[str] = Counter()
        self.lots: dict[str, Pieces] = {}
        self.items: dict[tuple[str, str], Pieces] = {}
        self.notes: dict[str, str] = {}
        self.closed: set[str] = set()
        self.people: set[str] = set()
        self.forgotten: set[str] = set()
        self.rules: dict[str, int] = {}
        self.deposits: dict[str, tuple[str, int]] = {}
        self.undone: set[str] = set()
        self.numbers: int = 0

    def again(self) -> Model:
        """A copy: what is tried on it leaves this one as it was."""
        made = Model()
        for name, value in vars(self).items():
            setattr(made, name, copy(value))
        return made

    def deposit(self, entry: str, account: str, amount: int) -> bool:
        """Money comes in."""
        self.cents[account] += amount
        self.cents[SOURCE] -= amount
        self.deposits[entry] = (account, amount)
        return True

    def undo(self, entry: str) -> bool:
        """A deposit is taken back, once."""
        if entry not in self.deposits or entry in self.undone:
            return False
        account, amount = self.deposits[entry]
        self.cents[account] -= amount
        self.cents[SOURCE] += amount
        self.undone.add(entry)
        return True

    def transfer(self, source: str, target: str, amount: int) -> bool:
        """Money moves, unless the source would fall below nothing."""
        after = self.cents.copy()
        after[source] -= amount
        after[target] += amount
        if after[source] < 0:
            return False
        self.cents = after
        return True

    def half(self, source: str, target: str) -> bool:
        """Half of it moves, away from zero; nothing moves nothing."""
        held = self.cents[source]
        return self.transfer(source, target, held // 2 + held % 2)

    def rule(self, since: str, fee: int) -> bool:
        """A fee from a day on."""
        self.rules[since] = fee
        return True

    def fee(self, on: str) -> int:
        """The fee of a day: the newest rule at or before it."""
        days = [day for day in self.rules if day <= on]
        return self.rules[max(days)] if days else 0

    def charge(self, account: str, on: str) -> bool:
        """The fee of the day leaves an account."""
        fee = self.fee(on)
        self.cents[FEES] += fee
        self.cents[account] -= fee
        return True

    def stack(self, lot: str, pieces: int, cents: int) -> bool:
        """Pieces come, worth something together; more of an open lot joins it."""
        self.lots[lot] = _joined(self.lots.get(lot, []), pieces, cents)
        return True

    def take(self, lot: str, pieces: int) -> bool:
        """Pieces leave with their share; the last ones take what is left."""
        known = self.lots.pop(lot, [])
        taken = 0 < pieces <= len(known)
        rest = _rest(known, pieces)[0] if taken else known
        if rest:
            self.lots[lot] = rest
        return taken

    def claim(self, item: str, party: str, foreign: int, cents: int) -> bool:
        """An item opens or grows; each foreign cent is a piece."""
        self.items[party, item] = _joined(self.items.get((party, item), []), foreign, cents)
        self.cents[ABROAD] -= cents
        return True

    def settle(self, item: str, party: str, foreign: int) -> bool:
        """Foreign cents are paid and take their share of the value."""
        known = self.items.pop((party, item), [])
        taken = 0 < foreign <= len(known)
        rest, cents = _rest(known, foreign) if taken else (known, 0)
        if rest:
            self.items[party, item] = rest
        self.cents[ABROAD] += cents
        return taken

    def note(self, name: str, text: str) -> bool:
        """A note is written once."""
        if name in self.notes:
            return False
        self.notes[name] = text
        self.numbers += 1
        return True

    def edit(self, name: str, text: str) -> bool:
        """An open note changes."""
        if name not in self.notes or name in self.closed:
            return False
        self.notes[name] = text
        return True

    def close(self, name: str) -> bool:
        """An open note is closed."""
        if name not in self.notes or name in self.closed:
            return False
        self.closed.add(name)
        return True

    def meet(self, name: str) -> bool:
        """A person is met once, and never again after having been forgotten."""
        if name in self.people:
            return False
        self.people.add(name)
        return True

    def forget(self, name: str) -> bool:
        """A person who was met is forgotten, once."""
        if name not in self.people or name in self.forgotten:
            return False
        self.forgotten.add(name)
        return True


def _joined(known: Pieces, more: int, cents: int) -> Pieces:
    count = len(known) + more
    return [(sum(known, Fraction(0)) + cents) / count] * count


def _rest(known: Pieces, pieces: int) -> tuple[Pieces, int]:
    """What stays of a lot, and the cents that left."""
    leaving = sum(known[:pieces], Fraction(0))
    exact = Decimal(leaving.numerator) / Decimal(leaving.denominator)
    cents = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    left = sum(known, Fraction(0)) - cents
    count = len(known) - pieces
    if not count and left:
        raise Broken(f"the model keeps {left} without a piece")
    return [left / count] * count if count else [], cents
