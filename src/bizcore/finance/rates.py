"""Exchange rates as recorded facts, and the one lookup that planners use."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from attrs import field, frozen

from bizcore.change.view import View
from bizcore.finance.policies import FinancePolicies, RateDate
from bizcore.flow.document import Document, Indexes
from bizcore.kernel.currencies import digits
from bizcore.kernel.days import Day, day
from bizcore.kernel.exact import Exact, number
from bizcore.kernel.money import Money
from bizcore.kernel.rates import BadRate, RateKind, RateMissing


def _currency(value: str) -> str:
    digits(value)
    return value


@frozen(kw_only=True)
class ExchangeRate(Document):
    """A rate as quoted on a day: one unit of `base` is `rate` units of `quote`. Put one per pair, day and kind.

    Guarantees: the same pair, day and kind is the same document, so that putting another corrects it.
    Raises: BadRate, UnknownCurrency.

    >>> ExchangeRate(base="USD", quote="EUR", on="2026-03-05", rate="0.90").id
    'spot:USD/EUR:2026-03-05'
    """

    kind = "rate"
    indexes: ClassVar[Indexes] = {"pair": lambda one: [(one.of.value, one.base, one.quote, one.on.isoformat())]}

    base: str = field(converter=_currency)
    quote: str = field(converter=_currency)
    on: date = field(converter=day)
    rate: Decimal = field(converter=number)
    of: RateKind = RateKind.SPOT

    def __attrs_post_init__(self) -> None:
        """The identity follows from the content."""
        Document.__attrs_post_init__(self)
        if self.rate <= 0 or self.base == self.quote:
            raise BadRate(base=self.base, quote=self.quote, why="a rate is positive and between two currencies")
        object.__setattr__(self, "id", f"{self.of.value}:{self.base}/{self.quote}:{self.on.isoformat()}")


def spot(view: View, currency: str, *, on: Day) -> Fraction:
    """Units of the company's currency per unit of another, from the rates recorded; a pair serves both directions exactly.

    Guarantees: only the day itself serves, unless the policy says that the newest before it does; of both directions the newer,
    of one day the one quoted this way round.
    Raises: RateMissing.
    """
    when = day(on)
    latest = view.policies(FinancePolicies, on=when).rate_date is RateDate.LATEST
    quoted = [
        (found.on, base == currency, Fraction(found.rate))
        for base, quote in ((currency, view.currency), (view.currency, currency))
        if (found := view.last(ExchangeRate, "pair", RateKind.SPOT.value, base, quote, upto=when)) is not None
        and (latest or found.on == when)
    ]
    if quoted:
        _, direct, rate = max(quoted)
        return rate if direct else 1 / rate
    raise RateMissing(base=currency, quote=view.currency, on=when, kind=RateKind.SPOT.value)


def converted(amount: Money, rate: Fraction, currency: str) -> Money:
    """An amount at a rate, rounded once to the other currency's cents.

    >>> converted(Money("1000.00", "USD"), Fraction("0.9"), "EUR")
    Money('900.00', 'EUR')
    """
    return Exact(amount.exact.amount * rate, currency).round()
