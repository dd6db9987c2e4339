"""Grows a story on a company in memory, so that every act fits what the ones before left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, TypeAlias, TypeVar

from bizcore.bridges.order_to_cash import OrderToCashDesk
from bizcore.bridges.procure_to_pay import ProcureToPayDesk
from bizcore.change.act import Act
from bizcore.change.locks import in_force
from bizcore.company import Company
from bizcore.finance.desk import FinanceDesk
from bizcore.flow.document import Document
from bizcore.kernel.days import Day, day
from bizcore.kernel.money import Money
from bizcore.sfa.desk import SfaDesk
from bizcore.supply.desk import SupplyDesk
from bizcore.testing.stories.told import Sent

T = TypeVar("T")
K = TypeVar("K", bound=Document)

FIRST: Final = date(2024, 1, 1)
LAST: Final = date(2024, 12, 31)
CURRENCY: Final = "EUR"
_DAY: Final = timedelta(days=1)


Number: TypeAlias = Callable[[int, int], int]
"""Gives a whole number between two, both included; the first is the simplest."""
May: TypeAlias = Callable[[Act[Any]], bool]
"""Says whether a story may have an act."""


def anything(act: Act[Any]) -> bool:
    """Every act there is."""
    return True


def simplest(low: int, high: int) -> int:
    """The first of the numbers: what everything shrinks to."""
    return low


class NotForUs(Exception):
    """The story needs a verb that it was not asked for: the scene ends here."""


class Teller:
    """What a scene is written with: numbers drawn, the company as the story left it, and `tell`, which adds an act to the story.

    `may` says which acts the story may have; a scene that needs another one ends there.
    """

    def __init__(self, number: Number, may: May = anything) -> None:
        self.drawn: Number = number
        self.company: Company = Company.create("story", currency=CURRENCY, actor="teller")
        self.acts: list[Sent] = []
        self.posted: list[str] = []
        self._may: May = may
        self._repeatable: list[Sent] = []
        self.finance: FinanceDesk = self.company.finance
        self.supply: SupplyDesk = self.company.supply
        self.sfa: SfaDesk = self.company.sfa
        self.order_to_cash: OrderToCashDesk = self.company.order_to_cash
        self.procure_to_pay: ProcureToPayDesk = self.company.procure_to_pay

    # -- telling -------------------------------------------------------------------------------------------------------

    def tell(self, act: Act[Any]) -> Any:
        """Add an act that fits; the answer is the document or entry it makes. Raises: NotForUs, and what refuses it."""
        self._check(act)
        sent = Sent(act, f"act {len(self.acts):03d}", wrong=False)
        made = self.company.apply(act, key=sent.key).value
        self.acts.append(sent)
        # What was said of somebody who was forgotten answers for no act any more.
        self._repeatable = [] if act.name == "erase" else [*self._repeatable, sent]
        return made

    def tell_wrong(self, act: Act[Any]) -> None:
        """Add an act that must be refused. Raises: NotForUs."""
        self._check(act)
        self.acts.append(Sent(act, f"act {len(self.acts):03d}", wrong=True))

    def retry(self) -> None:
        """Send an act again under its key, as a client does that heard no answer: the last one, or an earlier one."""
        if self._repeatable:
            sent = self._repeatable[-1] if not self.coin() else self.choose(self._repeatable[::-1])
            self.company.apply(sent.act, key=sent.key)
            self.acts.append(sent)

    def _check(self, act: Act[Any]) -> None:
        if not self._may(act):
            raise NotForUs(act.name)

    # -- drawing -------------------------------------------------------------------------------------------------------

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included; the first is the simplest."""
        return self.drawn(low, max(low, high))

    def coin(self) -> bool:
        """Yes or no; no is simpler."""
        return bool(self.number(0, 1))

    def choose(self, some: Sequence[T]) -> T:
        """One of some; the first is the simplest."""
        return some[self.number(0, len(some) - 1)]

    def money(self, limit: int = 100_000, *, least: int = 1) -> Money:
        """An amount from `least` to `limit` cents; the simplest is 1.00, or the nearest to it."""
        one = min(max(100, least), limit)
        minor = one + self.number(0, limit - one) if not self.number(0, 3) else least + self.number(0, limit - least)
        return Money.of_minor(minor, CURRENCY)

    def price(self) -> str:
        """A price, the simplest is 1.00; of cents, of half a unit, or with half a cent, so that net and tax have to be rounded."""
        how, whole = self.number(0, 3), self.number(1, 20)
        if how < 2:
            return f"{whole}.{0 if how == 0 else self.number(0, 99):02d}"
        return f"{whole}.50" if how == 2 else f"{whole}.{self.number(0, 9)}{self.number(0, 9)}5"

    def day(self, after: Day | None = None) -> str:
        """An open day, not before another one: the first such, the end of a month, or any until the end of the year."""
        low = max(self.open_from, FIRST if after is None else day(after))
        high = max(LAST, low)
        how = self.number(0, 2)
        if how == 0:
            return low.isoformat()
        ends = month_ends(low, high) if how == 1 else []
        if ends:
            return self.choose(ends).isoformat()
        return (low + _DAY * self.number(0, (high - low).days)).isoformat()

    @property
    def open_from(self) -> date:
        """The first day after every lock."""
        return max(in_force(self.company.view()).values(), default=FIRST - _DAY) + _DAY

    def locked_day(self) -> str:
        """A day that is locked for everything, the last such first; a month is closed for it when none is yet."""
        upto = in_force(self.company.view()).get("all")
        if upto is None:
            upto = self.tell(self.finance.close_month(self.day()[:7])).upto
        low = min(FIRST, upto)
        return (upto - _DAY * self.number(0, (upto - low).days)).isoformat()

    # -- looking -------------------------------------------------------------------------------------------------------

    def all(self, cls: type[K], *, state: str | Iterable[str] | None = None) -> list[K]:
        """The documents of a kind, in some states or in any."""
        states = {state} if isinstance(state, str) else None if state is None else set(state)
        found = list(self.company.documents(cls))
        return found if states is None else [one for one in found if one.state in states]

    def some(self, found: Sequence[T], make: Callable[[], T]) -> T:
        """One of those found, or else a new one."""
        return self.choose(found) if found else make()


Scene: TypeAlias = Callable[[Teller], Any]
"""Tells one act, and first whatever that act needs; leaves out the act when the story does not allow it."""
Wrong: TypeAlias = Callable[[Teller], Act[Any]]
"""Tells what comes before, and gives the act that must then be refused."""
Scenes: TypeAlias = Mapping[str, tuple[Scene, ...]]
Wrongs: TypeAlias = Mapping[str, tuple[Wrong, ...]]


def month_ends(low: date, high: date) -> list[date]:
    """The last days of months from one day to another, both included."""
    found, first = [], low.replace(day=1)
    while first <= high:
        first = (first + timedelta(days=31)).replace(day=1)
        if low <= first - _DAY <= high:
            found.append(first - _DAY)
    return found
