"""Quantities: exact amounts of a unit, and conversions by exact factors."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, ClassVar, NoReturn

from bizcore.kernel.codec import WrongType
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import InvalidAmount, MixedUnits, NotPositive, Number, fraction, plain_number
from bizcore.kernel.ids import checked_id
from bizcore.kernel.money import TooFine
from bizcore.kernel.rounding import Rounding, quantise
from bizcore.kernel.value import Value


class NoConversion(Invalid):
    """There is no factor from one unit to the other."""

    code = "no_conversion"

    def __init__(self, *, unit: str, to: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no factor from {unit} to {to}; known are {', '.join(known)}", unit=unit, to=to, known=known)


def _unit(value: object) -> str:
    return checked_id(value, "unit")


class Quantity(Value):
    """An exact amount of a unit; in the books the unit is the item and the amount counts its base unit.

    Guarantees: arithmetic never rounds; two units are never added. Books keep at most six places (`scaled`).
    Raises: InvalidAmount, InvalidId, MixedUnits, TooFine.

    >>> Quantity("1.5", "kg") + Quantity(2, "kg"), Quantity("1.5", "kg").scaled
    (Quantity('3.5', 'kg'), 1500000)
    """

    __slots__ = ("amount", "unit")

    PLACES: ClassVar[int] = 6
    SCALE: ClassVar[int] = 1_000_000

    json_form: ClassVar[Any] = {"amount": fraction, "unit": _unit}

    amount: Fraction
    unit: str

    def __init__(self, amount: Number | Fraction, unit: str) -> None:
        object.__setattr__(self, "amount", fraction(amount))
        object.__setattr__(self, "unit", checked_id(unit, "unit"))

    @classmethod
    def of_scaled(cls, scaled: int, unit: str) -> Quantity:
        """From millionths, as books keep them."""
        if type(scaled) is not int:
            raise InvalidAmount(value=scaled, why="scaled quantities are whole numbers")
        made = object.__new__(cls)
        object.__setattr__(made, "amount", Fraction(scaled, cls.SCALE))
        object.__setattr__(made, "unit", unit)
        return made

    @property
    def scaled(self) -> int:
        """In millionths, as books keep it. Raises: TooFine."""
        scaled = self.amount * self.SCALE
        if scaled.denominator != 1:
            raise TooFine(value=plain_number(self.amount), unit=self.unit, places=self.PLACES)
        return scaled.numerator

    @property
    def sign(self) -> int:
        """1, 0 or -1."""
        return (self.amount > 0) - (self.amount < 0)

    def _same(self, other: object) -> Fraction:
        if not isinstance(other, Quantity):
            raise InvalidAmount(value=other, why="quantities go with quantities")
        if self.unit != other.unit:
            raise MixedUnits(left=self.unit, right=other.unit)
        return other.amount

    def __add__(self, other: Quantity) -> Quantity:
        """Add quantities of one unit."""
        return Quantity(self.amount + self._same(other), self.unit)

    def __sub__(self, other: Quantity) -> Quantity:
        """Subtract quantities of one unit."""
        return Quantity(self.amount - self._same(other), self.unit)

    def __mul__(self, other: Number | Fraction) -> Quantity:
        """Multiply by an exact number."""
        return Quantity(self.amount * fraction(other), self.unit)

    __rmul__ = __mul__

    def __truediv__(self, other: Quantity) -> Fraction:
        """The ratio of two quantities of one unit."""
        below = self._same(other)
        if not below:
            raise InvalidAmount(value=str(other), why="nothing can be divided by it")
        return self.amount / below

    def __neg__(self) -> Quantity:
        """The other sign."""
        return Quantity(-self.amount, self.unit)

    def __abs__(self) -> Quantity:
        """Without sign."""
        return Quantity(abs(self.amount), self.unit)

    def __bool__(self) -> bool:
        """Whether it is not zero."""
        return bool(self.amount)

    def __eq__(self, other: object) -> bool:
        """Equal in amount and unit."""
        return isinstance(other, Quantity) and (self.amount, self.unit) == (other.amount, other.unit)

    def __hash__(self) -> int:
        """By amount and unit."""
        return hash((self.amount, self.unit))

    def __lt__(self, other: Quantity) -> bool:
        """Compare quantities of one unit."""
        return self.amount < self._same(other)

    def __le__(self, other: Quantity) -> bool:
        """Compare quantities of one unit."""
        return self.amount <= self._same(other)

    def __gt__(self, other: Quantity) -> bool:
        """Compare quantities of one unit."""
        return self.amount > self._same(other)

    def __ge__(self, other: Quantity) -> bool:
        """Compare quantities of one unit."""
        return self.amount >= self._same(other)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse."""
        raise AttributeError(name)

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse."""
        raise AttributeError(name)

    def __reduce__(self) -> tuple[type[Quantity], tuple[Fraction, str]]:
        """Copy and pickle by content."""
        return Quantity, (self.amount, self.unit)

    def __repr__(self) -> str:
        """As it is written."""
        return f"Quantity({plain_number(self.amount)!r}, {self.unit!r})"

    def __str__(self) -> str:
        """Amount and unit."""
        return f"{plain_number(self.amount)} {self.unit}"

    def to_plain(self) -> dict[str, str]:
        """The JSON form, as a dictionary."""
        return {"amount": plain_number(self.amount), "unit": self.unit}

    def to_json(self) -> str:
        """The JSON form, as canonical text."""
        from json.encoder import encode_basestring_ascii

        return f'{{"amount":"{plain_number(self.amount)}","unit":{encode_basestring_ascii(self.unit)}}}'

    @classmethod
    def from_plain(cls, data: object) -> Quantity:
        """Read the JSON form; an instance passes. Raises: InvalidAmount, InvalidId."""
        if isinstance(data, cls):
            return data
        if not isinstance(data, dict) or set(data) != {"amount", "unit"}:
            raise InvalidAmount(value=data, why='expected {"amount": text, "unit": text}')
        return cls(data["amount"], data["unit"])


def convert(
    quantity: Quantity,
    to: str,
    *,
    factors: Mapping[str, Fraction],
    step: Fraction | None = None,
    mode: Rounding | None = None,
) -> Quantity:
    """Convert between units by exact factors; rounded only when a step is named, half away from zero unless `mode` says else.

    `factors`: how many base units one of each unit is.

    Guarantees: there and back is the same quantity when nothing is rounded.
    Raises: NoConversion, NotPositive (a factor), InvalidAmount, WrongType.

    >>> convert(Quantity(5, "box"), "piece", factors={"box": Fraction(12), "piece": Fraction(1)})
    Quantity('60', 'piece')
    """
    if not isinstance(quantity, Quantity):
        raise WrongType(value=quantity, expected="a Quantity")
    if not isinstance(factors, Mapping):
        raise WrongType(value=factors, expected="factors by unit")
    for unit in (quantity.unit, checked_id(to, "unit")):
        if unit not in factors:
            raise NoConversion(unit=quantity.unit, to=to, known=tuple(sorted(map(str, factors))))
    exact = quantity.amount * _factor(factors[quantity.unit]) / _factor(factors[to])
    if step is not None:
        exact = quantise(exact, fraction(step), mode or Rounding.HALF_AWAY)
    return Quantity(exact, to)


def _factor(value: Fraction) -> Fraction:
    found = fraction(value)
    if found <= 0:
        raise NotPositive(what="a factor of units", value=plain_number(found))
    return found
