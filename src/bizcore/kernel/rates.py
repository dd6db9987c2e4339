"""Exchange rates by kind and date. A missing rate is an error: never a silent fallback, inverse of another day, or cross rate."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import Enum
from fractions import Fraction

from attrs import field, frozen

from bizcore.kernel.codec import WrongType
from bizcore.kernel.currencies import known
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Invalid, NotFound
from bizcore.kernel.exact import Exact, fraction
from bizcore.kernel.money import Money
from bizcore.kernel.value import Value


class RateKind(Enum):
    """What a rate is of: a day's market, a period's average, a period's end, a budget."""

    SPOT = "spot"
    AVERAGE = "average"
    CLOSING = "closing"
    BUDGET = "budget"


class RateMissing(NotFound):
    """No rate of that kind is quoted for the pair on that date."""

    code = "rate_missing"

    def __init__(self, *, base: str, quote: str, on: date, kind: str) -> None:
        super().__init__(
            f"no {kind} rate of {base} and {quote} on {on.isoformat()}; record one for that day, give the rate with the act, or ask for "
            "another day or a cross by name",
            base=base,
            quote=quote,
            on=on,
            kind=kind,
        )


class BadRate(Invalid):
    """A rate is positive, and quoted once a day and kind."""

    code = "bad_rate"

    def __init__(self, *, base: str, quote: str, why: str) -> None:
        super().__init__(f"rate of {base} and {quote}: {why}", base=base, quote=quote, why=why)


def _rate(value: object) -> Fraction:
    return fraction(value)


@frozen
class Rate(Value):
    """One unit of `base` is `rate` units of `quote`, on a date.

    >>> Rate("EUR", "USD", "2026-03-05", "1.0850").rate
    Fraction(217, 200)
    """

    base: str = field(converter=known)
    quote: str = field(converter=known)
    on: date = field(converter=day)
    rate: Fraction = field(converter=_rate)
    kind: RateKind = RateKind.SPOT

    def __attrs_post_init__(self) -> None:
        """Refuse a rate that is not positive, or of a currency with itself."""
        if self.rate <= 0:
            raise BadRate(base=self.base, quote=self.quote, why="it is not positive")
        if self.base == self.quote:
            raise BadRate(base=self.base, quote=self.quote, why="a currency has no rate with itself")


class RateBook:
    """Quoted rates, as a value.

    Guarantees: a quoted pair serves both directions exactly (multiplied one way, divided the other); nothing is looked up on
    another day, of another kind, or over a third currency, unless asked for by name.
    Raises: BadRate, when a pair is quoted twice for one day and kind with different rates; WrongType.

    >>> book = RateBook([Rate("EUR", "USD", "2026-03-05", "1.25")])
    >>> book.rate("USD", "EUR", "2026-03-05"), book.convert(Money("10.00", "USD"), "EUR", "2026-03-05")
    (Fraction(4, 5), Exact('8', 'EUR'))
    """

    def __init__(self, rates: Iterable[Rate] = ()) -> None:
        self._rates: dict[tuple[str, str, RateKind], dict[date, Fraction]] = {}
        if not isinstance(rates, Iterable):
            raise WrongType(value=rates, expected="rates")
        self.rates: tuple[Rate, ...] = tuple(rates)
        for one in self.rates:
            if not isinstance(one, Rate):
                raise WrongType(value=one, expected="a Rate")
            quoted = self._rates.setdefault((one.base, one.quote, one.kind), {})
            if quoted.setdefault(one.on, one.rate) != one.rate:
                raise BadRate(base=one.base, quote=one.quote, why=f"quoted twice for {one.on.isoformat()}")

    def rate(
        self,
        base: str,
        quote: str,
        on: Day,
        kind: RateKind = RateKind.SPOT,
        *,
        on_or_before: bool = False,
        cross: str | None = None,
    ) -> Fraction:
        """How many units of `quote` one unit of `base` is. Raises: RateMissing, UnknownCurrency, WrongType.

        `on_or_before` takes the newest quoted up to the date; `cross` names the currency to go over.
        """
        if not isinstance(kind, RateKind):
            raise WrongType(value=kind, expected="a RateKind")
        if cross is not None:
            known(cross)
        if known(base) == known(quote):
            return Fraction(1)
        one = day(on)
        found = self._quoted(base, quote, one, kind, on_or_before=on_or_before)
        if found is None and cross is not None and cross not in (base, quote):
            left = self._quoted(base, cross, one, kind, on_or_before=on_or_before)
            right = self._quoted(cross, quote, one, kind, on_or_before=on_or_before)
            found = left * right if left is not None and right is not None else None
        if found is None:
            raise RateMissing(base=base, quote=quote, on=one, kind=kind.value)
        return found

    def convert(
        self,
        amount: Money | Exact,
        to: str,
        on: Day,
        kind: RateKind = RateKind.SPOT,
        *,
        on_or_before: bool = False,
        cross: str | None = None,
    ) -> Exact:
        """The amount in another currency, unrounded. Raises: RateMissing, UnknownCurrency, WrongType."""
        if not isinstance(amount, (Money, Exact)):
            raise WrongType(value=amount, expected="Money or Exact")
        exact = amount.exact if isinstance(amount, Money) else amount
        rate = self.rate(exact.currency, to, on, kind, on_or_before=on_or_before, cross=cross)
        return Exact(exact.amount * rate, to)

    def _quoted(self, base: str, quote: str, on: date, kind: RateKind, *, on_or_before: bool) -> Fraction | None:
        """The newer of the two directions; of one day, the one quoted this way round."""
        direct = _pick(self._rates.get((base, quote, kind), {}), on, on_or_before=on_or_before)
        inverse = _pick(self._rates.get((quote, base, kind), {}), on, on_or_before=on_or_before)
        if inverse is not None and (direct is None or direct[0] < inverse[0]):
            return 1 / inverse[1]
        return direct[1] if direct is not None else None


def _pick(quoted: dict[date, Fraction], on: date, *, on_or_before: bool) -> tuple[date, Fraction] | None:
    if on in quoted:
        return on, quoted[on]
    earlier = [one for one in quoted if one < on] if on_or_before else []
    return (max(earlier), quoted[max(earlier)]) if earlier else None
