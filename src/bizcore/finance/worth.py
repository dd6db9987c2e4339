"""What a payment is worth in the company's currency: it is in it, or its value is stated, received, or follows by a rate."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import NamedTuple

from bizcore.change.view import View
from bizcore.finance.claims import ValueDiffers
from bizcore.finance.documents import OtherCurrency, positive_rate
from bizcore.finance.openitems import Worth
from bizcore.finance.rates import converted, spot
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import NotPositive, Number
from bizcore.kernel.money import Money


class TwoValues(Invalid):
    """The value of a payment is given in more than one way."""

    code = "two_values"

    def __init__(self, *, given: tuple[str, ...]) -> None:
        super().__init__(f"give one of {', '.join(given)}, not several", given=given)


class OtherThanCompany(Invalid):
    """A value is not in the company's currency."""

    code = "other_than_company"

    def __init__(self, *, value: Money, company: str) -> None:
        super().__init__(f"{value}: values are in {company}", value=value, company=company)


class Paid(NamedTuple):
    """An amount paid with its value, and the rate between them, exact: what is written off with it converts alike."""

    worth: Worth
    rate: Fraction

    def worth_of(self, amount: Money, company: str) -> Worth:
        """What another amount is worth at the payment's own rate."""
        return Worth(amount.minor, converted(amount, self.rate, company).minor)


def paid(
    view: View,
    amount: Money,
    *,
    on: date,
    value: Money | None,
    rate: Number | Fraction | None,
    received: Money | None,
) -> Paid:
    """What an amount paid is worth; everything that is given is positive, and what says the same twice agrees.

    Raises: NotPositive, NotARate, TwoValues, ValueDiffers, OtherThanCompany, RateMissing.
    """
    for what, given in (("an amount paid", amount), ("a value", value), ("an amount received", received)):
        if given is not None and given.sign <= 0:
            raise NotPositive(what=what, value=given)
    per = positive_rate(rate)
    if value is not None and per is not None:
        raise TwoValues(given=("value", "rate"))
    company = view.currency
    if value is not None and value.currency != company:
        raise OtherThanCompany(value=value, company=company)
    if received is not None and received.currency == amount.currency and received != amount:
        raise ValueDiffers(amount=amount, value=received, company=company)
    if amount.currency == company:
        stated = converted(amount, per, company) if per is not None else value
        return _stated(amount, amount, stated, company)
    if received is not None and received.currency == company:
        if per is not None:
            raise TwoValues(given=("rate", "received"))
        return _stated(amount, received, value, company)
    if value is not None:
        return _stated(amount, value, None, company)
    per = spot(view, amount.currency, on=on) if per is None else per
    return Paid(Worth(amount.minor, converted(amount, per, company).minor), per)


def _stated(amount: Money, value: Money, again: Money | None, company: str) -> Paid:
    """A value known to the cent; what states it again agrees."""
    if again is not None and again != value:
        raise ValueDiffers(amount=amount, value=again, company=company)
    return Paid(Worth(amount.minor, value.minor), value.exact.amount / amount.exact.amount)


def written_off(write_off: Money | None, amount: Money, paid: Paid, company: str) -> Worth:
    """A write-off converts at the payment's own rate (odoo/odoo#35785: five dollars became a 97,500 credit).

    Raises: OtherCurrency, NotPositive.
    """
    if write_off is None:
        return Worth(0, 0)
    if write_off.currency != amount.currency:
        raise OtherCurrency(field="write_off", value=write_off, currency=amount.currency)
    if write_off.sign <= 0:
        raise NotPositive(what="a write-off", value=write_off)
    return paid.worth_of(write_off, company)
