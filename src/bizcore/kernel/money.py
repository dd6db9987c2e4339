"""Money: an integer of a currency's minor unit. What is finer is `Exact`, until somebody rounds it by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any, ClassVar, Final, NoReturn

from bizcore.kernel.currencies import digits, known
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import Exact, InvalidAmount, MixedUnits, Number, decimal_text, number
from bizcore.kernel.rounding import Allocation, allocate
from bizcore.kernel.value import Value


class TooFine(Invalid):
    """The amount is finer than its unit can hold; round it by name first."""

    code = "too_fine"

    def __init__(self, *, value: object, unit: str, places: int) -> None:
        super().__init__(
            f"{str(value)[:60]} is finer than the {places} places of {unit[:60]}; round it by name first",
            value=str(value)[:60],
            unit=unit,
            places=places,
        )


class Money(Value):
    """An amount of money, exact to the currency's minor unit.

    `amount`: Decimal, int or text; `currency`: an ISO 4217 code that has a minor unit.

    Guarantees: never a fraction of a minor unit; amounts of two currencies are never added; immutable and hashable.
    Raises: InvalidAmount (float, bool, NaN, too long), TooFine, UnknownCurrency, MixedUnits.

    >>> Money("12.30", "CNY") + Money("0.70", "CNY")
    Money('13.00', 'CNY')
    >>> Money("100.00", "EUR").split([1, 1, 1])
    (Money('33.34', 'EUR'), Money('33.33', 'EUR'), Money('33.33', 'EUR'))
    """

    __slots__ = ("currency", "minor")

    json_form: ClassVar[Any] = {"amount": number, "currency": known}

    minor: int
    currency: str

    def __init__(self, amount: Number, currency: str) -> None:
        try:
            code, places, least = _forms[currency]
        except (KeyError, TypeError):
            code, places, least = _form(currency)
        if type(amount) is Decimal and amount.same_quantum(least) and amount.adjusted() < _SHORT:
            # Finite, in minor units and not long: known without taking the number apart, which costs more than the rest.
            minor = int(amount.scaleb(places, _CONTEXT))
        else:
            read = number(amount)
            scaled = read.scaleb(places, _CONTEXT)
            minor = int(scaled)
            if minor != scaled:
                raise TooFine(value=read, unit=currency, places=places)
        _set_minor(self, minor)
        _set_currency(self, code)

    @classmethod
    def of_minor(cls, minor: int, currency: str) -> Money:
        """From whole minor units. Raises: UnknownCurrency, InvalidAmount."""
        if type(minor) is not int:
            raise InvalidAmount(value=minor, why="minor units are whole numbers")
        try:
            code = _forms[currency][0]
        except (KeyError, TypeError):
            code = _form(currency)[0]
        made = _new(Money)
        _set_minor(made, minor)
        _set_currency(made, code)
        return made

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing of a currency."""
        return _money(0, known(currency))

    @staticmethod
    def sum(amounts: Iterable[Money], currency: str) -> Money:
        """Add in one loop of integers; the currency says what an empty sum is. Raises: MixedUnits, InvalidAmount.

        >>> Money.sum([], "EUR")
        Money('0.00', 'EUR')
        """
        total = 0
        one: Any = None
        try:
            for one in amounts:
                if one.currency is not currency and one.currency != currency:
                    raise MixedUnits(left=currency, right=one.currency)
                total += one.minor
        except (AttributeError, TypeError):  # asked afterwards, because asking each would cost more than adding it
            if isinstance(one, Money) or (one is None and hasattr(amounts, "__next__")):
                raise  # not an amount failed, but what gives them
            raise InvalidAmount(value=one, why="only money adds up to money") from None
        return _money(total, known(currency))

    @property
    def amount(self) -> Decimal:
        """The amount with all its places."""
        return Decimal(decimal_text(self.minor, digits(self.currency)))

    @property
    def exact(self) -> Exact:
        """The same, for arithmetic that is rounded later."""
        return Exact(Fraction(self.minor, 10 ** digits(self.currency)), self.currency)

    @property
    def unit(self) -> str:
        """The currency: what a posting's amount is counted in."""
        return self.currency

    @property
    def sign(self) -> int:
        """1, 0 or -1."""
        return (self.minor > 0) - (self.minor < 0)

    def split(
        self, weights: Sequence[int | Fraction], *, rule: Allocation = Allocation.LARGEST_REMAINDER
    ) -> tuple[Money, ...]:
        """Share out by weights; the parts sum to the whole. Raises: BadWeights."""
        return tuple(_money(one, self.currency) for one in allocate(self.minor, weights, rule=rule))

    def __add__(self, other: Money) -> Money:
        """Add amounts of one currency."""
        if other.__class__ is not Money:
            return NotImplemented
        currency = self.currency
        if currency is not other.currency and currency != other.currency:
            raise MixedUnits(left=currency, right=other.currency)
        made = _new(Money)
        _set_minor(made, self.minor + other.minor)
        _set_currency(made, currency)
        return made

    def __sub__(self, other: Money) -> Money:
        """Subtract amounts of one currency."""
        if other.__class__ is not Money:
            return NotImplemented
        if self.currency != other.currency:
            raise MixedUnits(left=self.currency, right=other.currency)
        return _money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        """The other sign."""
        return _money(-self.minor, self.currency)

    def __pos__(self) -> Money:
        """The same."""
        return self

    def __abs__(self) -> Money:
        """Without sign."""
        return _money(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        """Whether it is not zero."""
        return self.minor != 0

    def __mul__(self, other: int | Decimal | Fraction) -> Money | Exact:
        """A whole number of times is money; anything else is exact until rounded."""
        if type(other) is int:
            return _money(self.minor * other, self.currency)
        if isinstance(other, (Decimal, Fraction)):
            return self.exact * other
        raise InvalidAmount(value=other, why="money is multiplied by int, Decimal or Fraction")

    __rmul__ = __mul__

    def __truediv__(self, other: Money) -> Fraction:
        """The ratio of two amounts of one currency."""
        if not isinstance(other, Money):
            raise InvalidAmount(value=other, why="money is divided by money; to share it out, split it")
        if self.currency != other.currency:
            raise MixedUnits(left=self.currency, right=other.currency)
        if not other.minor:
            raise InvalidAmount(value=str(other), why="nothing can be divided by it")
        return Fraction(self.minor, other.minor)

    def _same(self, other: object) -> int:
        if not isinstance(other, Money):
            raise InvalidAmount(value=other, why="money is compared with money")
        if self.currency != other.currency:
            raise MixedUnits(left=self.currency, right=other.currency)
        return other.minor

    def __eq__(self, other: object) -> bool:
        """Equal in amount and currency."""
        return isinstance(other, Money) and self.minor == other.minor and self.currency == other.currency

    def __hash__(self) -> int:
        """By amount and currency."""
        return hash((self.minor, self.currency))

    def __lt__(self, other: Money) -> bool:
        """Compare amounts of one currency."""
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        """Compare amounts of one currency."""
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        """Compare amounts of one currency."""
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        """Compare amounts of one currency."""
        return self.minor >= self._same(other)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse."""
        raise AttributeError(name)

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse."""
        raise AttributeError(name)

    def __reduce__(self) -> tuple[object, tuple[int, str]]:
        """Copy and pickle by content."""
        return Money.of_minor, (self.minor, self.currency)

    def __repr__(self) -> str:
        """As it is written."""
        return f"Money({decimal_text(self.minor, digits(self.currency))!r}, {self.currency!r})"

    def __str__(self) -> str:
        """Amount and currency."""
        return f"{decimal_text(self.minor, digits(self.currency))} {self.currency}"

    def to_plain(self) -> dict[str, str]:
        """The JSON form, as a dictionary."""
        return {"amount": decimal_text(self.minor, digits(self.currency)), "currency": self.currency}

    def to_json(self) -> str:
        """The JSON form, as canonical text."""
        return f'{{"amount":"{decimal_text(self.minor, digits(self.currency))}","currency":"{self.currency}"}}'

    @classmethod
    def from_plain(cls, data: object) -> Money:
        """Read the JSON form; an instance passes. Raises: InvalidAmount, TooFine, UnknownCurrency."""
        if isinstance(data, Money):
            return data
        if not isinstance(data, dict) or set(data) != {"amount", "currency"}:
            raise InvalidAmount(value=data, why='expected {"amount": text, "currency": code}')
        return cls(data["amount"], data["currency"])


_CONTEXT: Final = Context(prec=200, Emax=999_999, Emin=-999_999)
_SHORT: Final = 30
_forms: dict[str, tuple[str, int, Decimal]] = {}
_new = object.__new__
_slots: Any = Money
_set_minor = _slots.minor.__set__
_set_currency = _slots.currency.__set__


def _money(minor: int, currency: str) -> Money:
    """Build without checks: only for what cannot fail."""
    made = _new(Money)
    _set_minor(made, minor)
    _set_currency(made, currency)
    return made


def _form(currency: str) -> tuple[str, int, Decimal]:
    """A currency's interned code, its places and its minor unit; kept, because every amount asks for them."""
    code, places = known(currency), digits(currency)
    return _forms.setdefault(code, (code, places, Decimal((0, (1,), -places))))
