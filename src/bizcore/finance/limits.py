"""Credit limits: what a customer may owe, agreed and not yet paid."""

from __future__ import annotations

from attrs import field, frozen

from bizcore.flow.document import Document
from bizcore.kernel.errors import Invalid
from bizcore.kernel.ids import checked_id
from bizcore.kernel.money import Money


class BadLimit(Invalid):
    """A credit limit is an amount that is not negative."""

    code = "bad_limit"

    def __init__(self, *, value: object) -> None:
        super().__init__(f"a credit limit is an amount that is not negative, not {value}", value=value)


def _customer(value: object) -> str:
    return checked_id(value, "customer")


def _limit(value: object) -> Money:
    if not isinstance(value, Money) or value.sign < 0:
        raise BadLimit(value=value)
    return value


@frozen(kw_only=True)
class CreditLimit(Document):
    """What a customer may owe in the company's currency. One for each customer; putting another replaces it, from then on.

    It has no business date: a limit speaks of what is taken on from now on, and a date could be chosen to go round it.

    >>> CreditLimit(customer="beta", limit=Money("250", "EUR")).id
    'beta'
    """

    kind = "credit_limit"

    customer: str = field(converter=_customer)
    limit: Money = field(converter=_limit)

    def __attrs_post_init__(self) -> None:
        """The customer is the identity."""
        Document.__attrs_post_init__(self)
        object.__setattr__(self, "id", self.customer)
