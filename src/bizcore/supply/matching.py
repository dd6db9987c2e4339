"""Three-way matching: what was ordered, what came, what is billed; differences within a tolerance pass."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from attrs import field, frozen

from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import Number, number
from bizcore.kernel.value import Value


class Mismatch(Enum):
    """What differs."""

    OVER_RECEIPT = "over_receipt"
    OVER_BILL = "over_bill"
    PRICE = "price"


class BadTolerance(Invalid):
    """A tolerance is not negative."""

    code = "bad_tolerance"

    def __init__(self, *, percent: Decimal, amount: Decimal) -> None:
        super().__init__(f"a tolerance of {percent} % or {amount} is below zero", percent=percent, amount=amount)


@frozen
class Tolerance(Value):
    """What may be exceeded: the greater of a percentage of what is expected and an amount.

    >>> Tolerance(2, 500).within("10000", "10400"), Tolerance(2, 500).within("100000", "102100")
    (True, False)
    """

    percent: Decimal = field(default=Decimal(0), converter=number)
    amount: Decimal = field(default=Decimal(0), converter=number)

    def __attrs_post_init__(self) -> None:
        """Refuse negative ones."""
        if self.percent < 0 or self.amount < 0:
            raise BadTolerance(percent=self.percent, amount=self.amount)

    def allowed(self, expected: Number) -> Decimal:
        """By how much the expected figure may be exceeded."""
        return max(abs(number(expected)) * self.percent / 100, self.amount)

    def within(self, expected: Number, actual: Number) -> bool:
        """Whether the actual figure exceeds the expected one by no more than is allowed."""
        return number(actual) - number(expected) <= self.allowed(expected)


NONE = Tolerance()
"""Nothing may be exceeded."""


@frozen
class Discrepancy(Value):
    """One difference beyond tolerance: what was expected, what came, what would still be allowed."""

    kind: Mismatch
    expected: Decimal
    actual: Decimal
    allowed: Decimal

    @property
    def by(self) -> Decimal:
        """The excess."""
        return self.actual - self.expected


def match_bill(
    *,
    ordered: Number,
    received: Number,
    billed: Number,
    price: Number | None = None,
    bill_price: Number | None = None,
    tolerance: Tolerance = NONE,
    price_tolerance: Tolerance = NONE,
) -> tuple[Discrepancy, ...]:
    """Compare an order line with what was received (posted receipts less returns) and billed for it, this bill included.

    Guarantees: empty when everything agrees within tolerance; less received or billed than ordered is no discrepancy.

    >>> [one.kind.value for one in match_bill(ordered=100, received=110, billed=110)]
    ['over_receipt']
    >>> match_bill(ordered=50, received=50, billed=500)[0].by
    Decimal('450')
    """
    found: list[Discrepancy] = []
    pairs: list[tuple[Mismatch, Number, Number, Tolerance]] = [
        (Mismatch.OVER_RECEIPT, ordered, received, tolerance),
        (Mismatch.OVER_BILL, received, billed, tolerance),
    ]
    if price is not None and bill_price is not None:
        pairs.append((Mismatch.PRICE, price, bill_price, price_tolerance))
    for kind, expected, actual, allowance in pairs:
        if not allowance.within(expected, actual):
            found.append(Discrepancy(kind, number(expected), number(actual), allowance.allowed(expected)))
    return tuple(found)
