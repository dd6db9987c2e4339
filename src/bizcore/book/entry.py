"""Entries and postings, and the two laws: values sum to zero, amounts sum to zero in every unit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from operator import attrgetter
from typing import Final

from attrs import evolve, field, frozen

from bizcore.kernel.days import Day, day, optional_day
from bizcore.kernel.errors import Invalid
from bizcore.kernel.ids import checked_id, checked_ref, checked_text
from bizcore.kernel.maps import Map
from bizcore.kernel.markup import Html, Shown, cell, heading, row, table
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.value import Value

Amount = Money | Quantity

POSTINGS_MAX: Final = 10_000
"""The most postings one entry holds."""

NO_DIMS: Final[Map[str]] = Map({})


class Unbalanced(Invalid):
    """The amounts of one unit, or the values of an entry, do not sum to zero."""

    code = "unbalanced"

    def __init__(self, *, unit: str, by: Amount) -> None:
        super().__init__(f"the entry is out of balance in {unit} by {by}", unit=unit, by=by)


class ValueMissing(Invalid):
    """A posting in a foreign unit needs its value in the company's currency."""

    code = "value_missing"

    def __init__(self, *, account: str, units: tuple[str, ...]) -> None:
        super().__init__(
            f"the posting to {account} needs a value: the entry is in {', '.join(units)}", account=account, units=units
        )


class TooManyPostings(Invalid):
    """An entry is larger than the limit."""

    code = "too_many_postings"

    def __init__(self, *, count: int, most: int) -> None:
        super().__init__(f"{count} postings in one entry, at most {most}; split the entry", count=count, most=most)


class NoPostings(Invalid):
    """An entry of fewer than two postings says nothing."""

    code = "no_postings"

    def __init__(self, *, count: int) -> None:
        super().__init__(f"an entry has at least two postings, this one {count}", count=count)


def _account(value: object) -> str:
    return checked_id(value, "account")


def _amount(value: object) -> Amount:
    if type(value) is Money or type(value) is Quantity:
        return value
    raise NotAnAmount(value=value)


class NotAnAmount(Invalid):
    """A posting's amount is neither money nor a quantity."""

    code = "not_an_amount"

    def __init__(self, *, value: object) -> None:
        super().__init__(
            f"{repr(value)[:60]} is not an amount; give Money(amount, currency) or Quantity(amount, item)",
            value=repr(value)[:60],
        )


def _value(value: object) -> Money | None:
    if value is None or type(value) is Money:
        return value
    raise NotAnAmount(value=value)


def _optional_id(value: object) -> str | None:
    return None if value is None else checked_ref(value, "id")  # lots are named after minted ids, which carry a `#`


@frozen
class Posting(Value):
    """One line of an entry: an account or place, an amount in a unit, and its value in the company's currency.

    `amount`: debit and inflow positive, credit and outflow negative. `value`: None when the amount is itself in the
    company's currency, or, for goods moving between places, when no value moves. `party`, `lot`, `due`: the open item or
    physical lot that the posting opens or reduces. `dims`: dimensions for analysis.

    >>> Posting("1200", Money("119.00", "EUR"), party="beta", lot="INV-1", due="2026-04-04").party
    'beta'
    """

    account: str = field(converter=_account)
    amount: Amount = field(converter=_amount)
    value: Money | None = field(default=None, converter=_value)
    party: str | None = field(default=None, kw_only=True, converter=_optional_id)
    lot: str | None = field(default=None, kw_only=True, converter=_optional_id)
    due: date | None = field(default=None, kw_only=True, converter=optional_day)
    dims: Map[str] = field(default=NO_DIMS, kw_only=True)

    @property
    def unit(self) -> str:
        """The currency or the item."""
        amount = self.amount
        return amount.currency if type(amount) is Money else amount.unit

    @property
    def scaled(self) -> int:
        """The amount as the store keeps it: minor units of money, millionths of a quantity."""
        amount = self.amount
        return amount.minor if isinstance(amount, Money) else amount.scaled

    @property
    def worth(self) -> int:
        """The value in minor units of the company's currency; a money amount without a value is its own."""
        if self.value is not None:
            return self.value.minor
        return self.amount.minor if type(self.amount) is Money else 0

    def negated(self) -> Posting:
        """The same line with both signs turned."""
        return evolve(self, amount=-self.amount, value=None if self.value is None else -self.value)


def debit(account: str, amount: Amount, value: Money | None = None, *, party: str | None = None) -> Posting:
    """A posting that adds to the left side.

    >>> debit("1000", Money("5.00", "EUR"))
    Posting(account='1000', amount=Money('5.00', 'EUR'), value=None, party=None, lot=None, due=None, dims=Map({}))
    """
    return Posting(account, amount, value, party=party)


def credit(account: str, amount: Amount, value: Money | None = None, *, party: str | None = None) -> Posting:
    """A posting that adds to the right side.

    >>> credit("4000", Money("5.00", "EUR")).amount
    Money('-5.00', 'EUR')
    """
    return Posting(account, -amount, None if value is None else -value, party=party)


def _postings(value: Sequence[Posting]) -> tuple[Posting, ...]:
    return tuple(value)


@frozen
class Entry(Shown, Value):
    """What one fact changes in one book; it exists only in balance.

    Guarantees: amounts sum to zero in every unit; values sum to zero in one currency.
    Raises: Unbalanced, ValueMissing, NoPostings, TooManyPostings.

    `on` is the business date a lock looks at. `ledger` names a parallel set of books that holds only differences,
    `period` a special period such as `2026-13`, `about` the date that a late correction is about.

    >>> sale = Entry("2026-03-05", [debit("1000", Money("5.00", "EUR")), credit("4000", Money("5.00", "EUR"))])
    >>> sale.value
    Money('5.00', 'EUR')
    """

    on: date = field(converter=day)
    postings: tuple[Posting, ...] = field(converter=_postings)
    book: str = field(default="journal", kw_only=True)
    text: str = field(default="", kw_only=True, converter=checked_text)
    ledger: str = field(default="main", kw_only=True)
    period: str = field(default="", kw_only=True)
    about: date | None = field(default=None, kw_only=True, converter=optional_day)
    reverses: str | None = field(default=None, kw_only=True)
    extra: Map[str] = field(default=NO_DIMS, kw_only=True)
    id: str = field(default="", kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the two laws once, in one pass over integers."""
        postings = self.postings
        if len(postings) < 2:
            raise NoPostings(count=len(postings))
        if len(postings) > POSTINGS_MAX:
            raise TooManyPostings(count=len(postings), most=POSTINGS_MAX)
        sums: dict[str, int] = {}
        value = 0
        unvalued = ""
        currency = ""
        for one in postings:
            amount = one.amount
            if type(amount) is Money:
                unit, scaled = amount.currency, amount.minor
                if one.value is None:
                    unvalued, worth = one.account, scaled
                else:
                    worth = one.value.minor
                    currency = self._one_currency(currency, one.value.currency)
            else:
                unit, scaled = one.unit, one.scaled
                worth = 0 if one.value is None else one.value.minor
                if one.value is not None:
                    currency = self._one_currency(currency, one.value.currency)
            sums[unit] = sums.get(unit, 0) + scaled
            value += worth
        for unit, total in sums.items():
            if total:
                raise Unbalanced(unit=unit, by=_amount_of(postings, unit, total))
        if unvalued and (len(sums) > 1 or (currency and currency not in sums)):
            raise ValueMissing(account=unvalued, units=tuple(sorted(sums)))
        if value:
            raise Unbalanced(unit="value", by=Money.of_minor(value, currency or self.currency))

    @staticmethod
    def _one_currency(known: str, new: str) -> str:
        if known and known != new:
            raise MixedValues(currencies=(known, new))
        return new

    @property
    def currency(self) -> str:
        """The currency of the values, empty when no value moves."""
        for one in self.postings:
            if one.value is not None:
                return one.value.currency
        first = self.postings[0].amount
        return first.currency if type(first) is Money else ""

    @property
    def value(self) -> Money:
        """What the entry moves: the sum of its positive values."""
        return Money.of_minor(sum(one.worth for one in self.postings if one.worth > 0), self.currency)

    @property
    def storage_book(self) -> str:
        """The key of the book in the store: a parallel ledger is a book of its own."""
        return self.book if self.ledger == "main" else f"{self.book}:{self.ledger}"

    def identified(self, id: str) -> Entry:
        """The same entry under an id; what was balanced stays so, and is not checked again."""
        made = object.__new__(Entry)
        for name in _FIELDS:
            object.__setattr__(made, name, getattr(self, name))
        object.__setattr__(made, "id", id)
        return made

    def is_but_for_id(self, other: Entry) -> bool:
        """Whether the two say the same, whatever their ids."""
        return self.postings is other.postings and _but_postings(self) == _but_postings(other)

    def reversed(self, on: Day) -> Entry:
        """The entry that undoes this one: every line with both signs turned, linked to the original."""
        return evolve(
            self, on=on, postings=tuple(one.negated() for one in self.postings), reverses=self.id or None, id=""
        )

    def markup(self) -> Html:
        """The postings, left side first: debit and credit, or what comes in and what goes out."""
        units = {one.unit for one in self.postings}
        unit = units.pop() if len(units) == 1 else None
        more = [name for name in ("party", "lot", "due") if any(getattr(one, name) for one in self.postings)]
        valued = any(one.value is not None for one in self.postings)
        rows = []
        for one in sorted(self.postings, key=_is_right):
            size = cell(-one.amount if one.scaled < 0 else one.amount, unit=unit)
            cells = [cell(one.account), *(cell(getattr(one, name)) for name in more)]
            cells += [cell(None), size] if _is_right(one) else [size, cell(None)]
            rows.append(row([*cells, cell(one.value, unit=self.currency)] if valued else cells))
        first, *sides = ("account", "debit", "credit") if self.book == "journal" else ("place", "in", "out")
        head = [heading(name) for name in (first, *more)]
        head += [heading(name, unit=unit, right=True) for name in sides]
        head += [heading("value", unit=self.currency, right=True)] if valued else []
        title = f"{self.on.isoformat()} {self.storage_book}" + (f" {self.text}" if self.text else "")
        return table(head, rows, title=title)

    def __str__(self) -> str:
        """Ledger notation: one line of head, one a posting."""
        head = f"{self.on.isoformat()} {self.book}" + (f" {self.text}" if self.text else "")
        width = max(len(one.account) for one in self.postings)
        lines = [
            f"  {one.account:<{width}}  {one.amount!s:>18}"
            + ("" if one.value is None else f"  = {one.value}")
            + (f"  {one.party}" if one.party else "")
            for one in self.postings
        ]
        return "\n".join([head, *lines])


def _is_right(one: Posting) -> bool:
    """Whether it stands on the credit side; a posting without an amount stands where its value does."""
    return (one.scaled or one.worth) < 0


_FIELDS: Final = ("on", "postings", "book", "text", "ledger", "period", "about", "reverses", "extra")
_but_postings: Final = attrgetter(*(name for name in _FIELDS if name != "postings"))


class MixedValues(Invalid):
    """The values of an entry are in two currencies; a company has one."""

    code = "mixed_values"

    def __init__(self, *, currencies: tuple[str, ...]) -> None:
        super().__init__(
            f"values in {' and '.join(currencies)}: one entry has one value currency", currencies=currencies
        )


def _amount_of(postings: Sequence[Posting], unit: str, total: int) -> Amount:
    for one in postings:
        if one.unit == unit and type(one.amount) is Money:
            return Money.of_minor(total, unit)
    return Quantity.of_scaled(total, unit)
