"""Exact numbers: the one strict parser, canonical text, and `Exact`, an amount not yet rounded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, overload

from bizcore.kernel.currencies import digits, known
from bizcore.kernel.errors import Invalid
from bizcore.kernel.rounding import Rounding, divide, quantise
from bizcore.kernel.value import Value

if TYPE_CHECKING:
    from bizcore.kernel.money import Money

Number = Decimal | int | str
"""What a signature takes as a number: exact ones only."""

DIGITS_MAX: Final = 38
EXPONENT_MAX: Final = 20
TEXT_MAX: Final = 80
RATIO_DIGITS_MAX: Final = 300
"""Digits above and below the line of a fraction that arithmetic made: far beyond any chain of rates and prices."""

_ABOVE_ALL: Final = 10**DIGITS_MAX
_RATIO_ABOVE_ALL: Final = 10**RATIO_DIGITS_MAX
_short: Final = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?").fullmatch
"""Text that is surely within all limits: nearly all there is."""

_ALLOWED: Final = frozenset("0123456789.+-")
_CONTEXT: Final = Context(prec=200, Emax=999_999, Emin=-999_999)
"""Our own: the host may have set precision 5."""


class InvalidAmount(Invalid):
    """Not an exact, finite number of reasonable size."""

    code = "invalid_amount"

    def __init__(self, *, value: object, why: str) -> None:
        shown = value if isinstance(value, str) else f"a {type(value).__name__}"
        shown = shown if len(shown) <= 40 else shown[:37] + "..."
        super().__init__(f"{shown!r} is not an amount: {why}", value=shown, why=why)


class NotPositive(Invalid):
    """A quantity or an amount that is to be above zero is not; its direction is the verb."""

    code = "not_positive"

    def __init__(self, *, what: str, value: object) -> None:
        super().__init__(f"{what} must be above zero, not {value}", what=what, value=str(value))


class MixedUnits(Invalid):
    """Two currencies, or two units, in one sum."""

    code = "mixed_units"

    def __init__(self, *, left: str, right: str) -> None:
        super().__init__(f"{left} and {right} do not add up; convert one of them first", left=left, right=right)


def number(value: object) -> Decimal:
    """Read a number strictly: Decimal, int, or ASCII text of digits with one point and a sign.

    Guarantees: finite, at most 38 digits, exponent within -20..20 (text has none), never float or bool; answers in microseconds whatever the
    text. Raises: InvalidAmount.

    >>> number("12.50"), number(3)
    (Decimal('12.50'), Decimal('3'))
    """
    if type(value) is str:
        if _short(value):
            found = Decimal(value)
            return found if found or not found.is_signed() else _checked(found, value)  # there is no minus nothing
        return _parsed(value)
    if isinstance(value, Decimal):
        if _short(str(value)) and (value or not value.is_signed()):  # taking the number apart costs six times as much
            return value
        return _checked(value, value)
    if type(value) is int:
        if -_ABOVE_ALL < value < _ABOVE_ALL:
            return Decimal(value)
        raise InvalidAmount(value="a whole number", why=f"more than {DIGITS_MAX} digits")
    if isinstance(value, float):
        raise InvalidAmount(value=value, why="a float is not exact; give text, Decimal or int")
    if isinstance(value, bool):
        raise InvalidAmount(value=value, why="true and false are no numbers")
    raise InvalidAmount(value=value, why="give text, Decimal or int")


def _parsed(text: str) -> Decimal:
    if not 0 < len(text) <= TEXT_MAX:
        raise InvalidAmount(value=text, why=f"between 1 and {TEXT_MAX} characters are read")
    if not _ALLOWED.issuperset(text):
        raise InvalidAmount(value=text, why="only ASCII digits, one point and a sign are read")
    try:
        found = _CONTEXT.create_decimal(text)
    except InvalidOperation:
        raise InvalidAmount(value=text, why="it does not read as a number") from None
    return _checked(found, text)


def _checked(found: Decimal, shown: object) -> Decimal:
    sign, figures, exponent = found.as_tuple()
    if not isinstance(exponent, int):
        raise InvalidAmount(value=shown if isinstance(shown, str) else str(found), why="it is not finite")
    if not -EXPONENT_MAX <= exponent <= EXPONENT_MAX:
        raise InvalidAmount(value=shown, why=f"an exponent beyond {EXPONENT_MAX}")
    # The zeros of a positive exponent count: its canonical text writes them out, and that text has to be read again.
    if len(figures) + max(exponent, 0) > DIGITS_MAX and any(figures):
        raise InvalidAmount(value=shown, why=f"more than {DIGITS_MAX} digits")
    return found if any(figures) or not sign else Decimal((0, figures, exponent))


def fraction(value: object) -> Fraction:
    """Read a number strictly as a fraction; takes `1/3` and Fraction too, of at most 300 digits above and below the line.

    Guarantees: reads everything that `plain_number` writes for a fraction it has let pass. Raises: InvalidAmount.

    >>> fraction("1/3"), fraction("0.25")
    (Fraction(1, 3), Fraction(1, 4))
    """
    if type(value) is Fraction:
        if -_RATIO_ABOVE_ALL < value.numerator < _RATIO_ABOVE_ALL and value.denominator < _RATIO_ABOVE_ALL:
            return value
        raise InvalidAmount(value=value, why=f"more than {RATIO_DIGITS_MAX} digits above or below the line")
    if type(value) is str and len(value) <= 2 * RATIO_DIGITS_MAX + 2 and value.count("/") == 1:
        above, below = value.split("/")
        if _is_whole(below) and int(below):
            return Fraction(int(above) if _is_whole(above.removeprefix("-")) else Fraction(number(above))) / int(below)
    return Fraction(number(value))


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= RATIO_DIGITS_MAX


def positive(what: str, value: Decimal) -> Decimal:
    """The value, above zero. Raises: NotPositive."""
    if value <= 0:
        raise NotPositive(what=what, value=plain_number(value))
    return value


def plain_number(value: Decimal | Fraction) -> str:
    """Canonical text: no exponent, no trailing zeros; a fraction as `1/3` when it does not end in decimals, or only after more
    digits than the parser takes. Raises: InvalidAmount, when it is not finite.

    >>> plain_number(Decimal("1.50E+2")), plain_number(Fraction(1, 8)), plain_number(Fraction(-2, 3))
    ('150', '0.125', '-2/3')
    """
    if value.__class__ is Decimal:
        text = str(value)
        if "E" not in text and value.is_finite():
            return _trimmed(text)
    if isinstance(value, Fraction):
        above, below = value.numerator, value.denominator
        twos = (below & -below).bit_length() - 1
        rest, fives = below >> twos, 0
        while rest % 5 == 0:
            rest //= 5
            fives += 1
        places = max(twos, fives)
        if rest != 1 or places > EXPONENT_MAX:
            return f"{above}/{below}"
        scaled = above * 10**places // below
        return decimal_text(scaled, places) if -_ABOVE_ALL < scaled < _ABOVE_ALL else f"{above}/{below}"
    if not value.is_finite():
        raise InvalidAmount(value=str(value), why="it is not finite")
    return _trimmed(format(value, "f"))


def _trimmed(text: str) -> str:
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "", "-") else text


def decimal_text(scaled: int, places: int) -> str:
    """An integer of the smallest step as decimal text with all its places.

    >>> decimal_text(-5, 2), decimal_text(1200, 0)
    ('-0.05', '1200')
    """
    if not places:
        return str(scaled)
    text = str(abs(scaled)).rjust(places + 1, "0")
    return f"{'-' if scaled < 0 else ''}{text[:-places]}.{text[-places:]}"


def code_of(currency: object) -> str:
    """The interned code of a known currency. Raises: UnknownCurrency."""
    return known(currency)


class Exact(Value):
    """An amount of a currency as exact as it was computed: a unit price, a converted figure, an order line.

    It becomes `Money` when somebody rounds it, by name.

    >>> price = Exact("0.125", "EUR")
    >>> (price * 3).round(), price * 3
    (Money('0.38', 'EUR'), Exact('0.375', 'EUR'))
    """

    __slots__ = ("amount", "currency")

    json_form: ClassVar[Any] = {"amount": fraction, "currency": known}

    amount: Fraction
    currency: str

    def __init__(self, amount: Number | Fraction, currency: str) -> None:
        object.__setattr__(self, "amount", fraction(amount))
        object.__setattr__(self, "currency", code_of(currency))

    @classmethod
    def sum(cls, amounts: Iterable[Exact], currency: str) -> Exact:
        """Add in one loop. Raises: MixedUnits."""
        total = Fraction(0)
        for one in amounts:
            if one.currency != currency:
                raise MixedUnits(left=currency, right=one.currency)
            total += one.amount
        return cls(total, currency)

    @property
    def sign(self) -> int:
        """1, 0 or -1."""
        return (self.amount > 0) - (self.amount < 0)

    def round(self, mode: Rounding = Rounding.HALF_AWAY, *, increment: Number | None = None) -> Money:
        """To the currency's minor unit, or to a multiple of an increment of it.

        Raises: TooFine, when the increment is no whole number of minor units: that would round twice.
        """
        from bizcore.kernel.money import Money, TooFine

        places = digits(self.currency)
        amount = self.amount
        if increment is not None:
            step = fraction(increment)
            if (step * 10**places).denominator != 1:
                raise TooFine(value=increment, unit=self.currency, places=places)
            amount = quantise(amount, step, mode)
        return Money.of_minor(divide(amount.numerator * 10**places, amount.denominator, mode), self.currency)

    def _same(self, other: object) -> Fraction:
        if not isinstance(other, Exact):
            raise InvalidAmount(value=other, why="exact amounts go with exact amounts")
        if self.currency != other.currency:
            raise MixedUnits(left=self.currency, right=other.currency)
        return other.amount

    def __add__(self, other: Exact) -> Exact:
        """Add amounts of one currency."""
        return Exact(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Exact) -> Exact:
        """Subtract amounts of one currency."""
        return Exact(self.amount - self._same(other), self.currency)

    def __mul__(self, other: Number | Fraction) -> Exact:
        """Multiply by an exact number."""
        return Exact(self.amount * fraction(other), self.currency)

    __rmul__ = __mul__

    @overload
    def __truediv__(self, other: Exact) -> Fraction: ...

    @overload
    def __truediv__(self, other: Number | Fraction) -> Exact: ...

    def __truediv__(self, other: Exact | Number | Fraction) -> Exact | Fraction:
        """Divide by an exact number; by an amount of the same currency it is a ratio."""
        below = self._same(other) if isinstance(other, Exact) else fraction(other)
        if not below:
            raise InvalidAmount(value=str(other), why="nothing can be divided by it")
        ratio = self.amount / below
        return ratio if isinstance(other, Exact) else Exact(ratio, self.currency)

    def __neg__(self) -> Exact:
        """The other sign."""
        return Exact(-self.amount, self.currency)

    def __abs__(self) -> Exact:
        """Without sign."""
        return Exact(abs(self.amount), self.currency)

    def __bool__(self) -> bool:
        """Whether it is not zero."""
        return bool(self.amount)

    def __eq__(self, other: object) -> bool:
        """Equal in amount and currency."""
        return isinstance(other, Exact) and (self.amount, self.currency) == (other.amount, other.currency)

    def __hash__(self) -> int:
        """By amount and currency."""
        return hash((self.amount, self.currency))

    def __lt__(self, other: Exact) -> bool:
        """Compare amounts of one currency."""
        return self.amount < self._same(other)

    def __le__(self, other: Exact) -> bool:
        """Compare amounts of one currency."""
        return self.amount <= self._same(other)

    def __gt__(self, other: Exact) -> bool:
        """Compare amounts of one currency."""
        return self.amount > self._same(other)

    def __ge__(self, other: Exact) -> bool:
        """Compare amounts of one currency."""
        return self.amount >= self._same(other)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse."""
        raise AttributeError(name)

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse."""
        raise AttributeError(name)

    def __reduce__(self) -> tuple[type[Exact], tuple[Fraction, str]]:
        """Copy and pickle by content."""
        return Exact, (self.amount, self.currency)

    def __repr__(self) -> str:
        """As it is written."""
        return f"Exact({plain_number(self.amount)!r}, {self.currency!r})"

    def __str__(self) -> str:
        """Amount and currency."""
        return f"{plain_number(self.amount)} {self.currency}"

    def to_plain(self) -> dict[str, str]:
        """The JSON form, as a dictionary."""
        return {"amount": plain_number(self.amount), "currency": self.currency}

    def to_json(self) -> str:
        """The JSON form, as canonical text."""
        return f'{{"amount":"{plain_number(self.amount)}","currency":"{self.currency}"}}'

    @classmethod
    def from_plain(cls, data: object) -> Exact:
        """Read the JSON form; an instance passes. Raises: InvalidAmount, UnknownCurrency."""
        if isinstance(data, cls):
            return data
        if not isinstance(data, dict) or set(data) != {"amount", "currency"}:
            raise InvalidAmount(value=data, why='expected {"amount": text, "currency": code}')
        return cls(data["amount"], data["currency"])
