"""The words of valuation: moves across a cost pool's border, layers, shorts, what a fold answers with."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from attrs import frozen

from bizcore.kernel.errors import Invalid

SUPPLIER = "supplier"
"""The outside place goods are bought from; what goes back there is claimed at the price it came for."""

VARIANCE = "variance"
"""The counter account of a purchase variance: goods went back at another cost than the one claimed, or came at another than
the standard."""

REVALUATION = "revaluation"
"""The counter account of what a standard changes: a new one, or goods not bought that come in at another value."""


class CostMethod(Enum):
    """Which goods leave first, as far as their cost goes."""

    FIFO = "fifo"
    MOVING_AVERAGE = "moving_average"
    LIFO = "lifo"
    """Outside IAS 2 (paragraph 25 does not permit it)."""
    SPECIFIC = "specific"
    """Each lot is a layer of its own; within a lot, the average."""
    STANDARD = "standard"
    """What a `StandardCost` says, whatever they were bought for (IAS 2.21)."""

    @property
    def within_ias_2(self) -> bool:
        """Whether IAS 2 permits the method."""
        return self is not CostMethod.LIFO


class BackDating(Enum):
    """What a move does that is dated before others already known."""

    RESTATE = "restate"
    """Moves are valued in the order (date, position): what left later is restated."""
    CORRECT_TODAY = "correct_today"
    """Moves are valued in the order in which they became known; what left stays as it was."""


class BadMove(Invalid):
    """A move of nothing, or a receipt of negative value."""

    code = "bad_move"

    def __init__(self, *, on: str, quantity: int, value: int | None) -> None:
        super().__init__(f"on {on}: {quantity} millionths worth {value}", on=on, quantity=quantity, value=value)


class NeedsStandards(Invalid):
    """Standard cost does not follow from moves alone."""

    code = "needs_standards"

    def __init__(self, *, method: str) -> None:
        super().__init__(
            f"{method} cost does not follow from moves alone: give by_methods the standards", method=method
        )


@frozen
class CostMove:
    """One move across a pool's border, seen from the pool: in is positive, out negative.

    `quantity` in millionths of the item's unit. `value` in minor units: stated for a receipt with a price, and for goods
    sent back the claim; None when it follows from the moves before. `counter` is the account outside; `of` the `ref` of the
    move whose goods come back; `lot` names the layer under specific identification. `position` and `line` order moves of
    one date. `count` is the line of the count whose difference it is, or a part of that.
    """

    on: str
    position: int
    line: int
    quantity: int
    value: int | None = None
    counter: str = SUPPLIER
    of: str | None = None
    ref: str = ""
    lot: str = ""
    count: str = ""

    def __attrs_post_init__(self) -> None:
        """A move moves something."""
        if not self.quantity or (self.value is not None and self.value < 0):
            raise BadMove(on=self.on, quantity=self.quantity, value=self.value)


class Layer(NamedTuple):
    """What is left of a receipt: quantity, value, the receipt's ref and its lot."""

    quantity: int
    value: int
    ref: str
    lot: str = ""


class Short(NamedTuple):
    """What was issued and is not covered yet, at its provisional value."""

    quantity: int
    value: int
    ref: str
    counter: str
    lot: str = ""


@frozen
class State:
    """Where a fold stands: open layers, uncovered issues, the last unit cost known as (quantity, value)."""

    layers: tuple[Layer, ...] = ()
    shorts: tuple[Short, ...] = ()
    last: tuple[int, int] = (0, 0)

    @property
    def quantity(self) -> int:
        """What the pool holds; negative when issues are uncovered."""
        return sum(one.quantity for one in self.layers) - sum(one.quantity for one in self.shorts)

    @property
    def value(self) -> int:
        """What it is worth."""
        return sum(one.value for one in self.layers) - sum(one.value for one in self.shorts)


class Used(NamedTuple):
    """What an issue took of one receipt; `receipt` is its ref."""

    receipt: str
    quantity: int
    value: int


class Variance(NamedTuple):
    """An uncovered issue, or a part of it, was covered: what the pool is corrected by on the date of the covering move."""

    at: int
    """Index of the covering move."""
    issue: str
    counter: str
    value: int


class Revalued(NamedTuple):
    """What a pool's value was changed by on a date on which a standard came into force; `ahead` of the last move or not."""

    on: str
    value: int
    ahead: bool = False


class Line(NamedTuple):
    """One line of the cost book that a fold asks for, seen from the pool."""

    move: int
    """Index of the move it comes from."""
    counter: str
    quantity: int
    value: int


@frozen
class Mark:
    """Where a fold was after some of its moves: enough to go on from there."""

    count: int
    issues: int
    uses: int
    variances: int
    layers: array[int]
    shorts: array[int]
    last: tuple[int, int]
    left: dict[int, tuple[int, int]]
    varied: dict[int, int]


def in_order(moves: Sequence[CostMove], back_dating: BackDating = BackDating.RESTATE) -> list[CostMove]:
    """The moves in the order they are valued in: by date and position, or by position alone."""
    if back_dating is BackDating.CORRECT_TODAY:
        return sorted(moves, key=lambda one: (one.position, one.line))
    return sorted(moves, key=lambda one: (one.on, one.position, one.line))
