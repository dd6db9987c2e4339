"""The questions about deals on which respected systems disagree, and our answers unless told otherwise."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Final

from attrs import field, frozen

from bizcore.flow.policies import BadPolicies, Policies
from bizcore.kernel.exact import number

QUOTE_DAYS_MAX: Final = 36_500
"""The longest that a policy keeps a quote open, in days."""


class BillingPolicy(Enum):
    """What of an order may be billed: what was DELIVERED (default), or what was ORDERED."""

    DELIVERED = "delivered"
    ORDERED = "ordered"


@frozen(kw_only=True)
class SfaPolicies(Policies):
    """Sales' answers; the scope is a customer.

    `over_delivery` is what may be delivered beyond the order, in percent of the line; `quote_days` how long a quote is open when
    it names no last day, 0 for without end, at most 36,500. Raises: BadPolicies.

    >>> SfaPolicies().billing
    <BillingPolicy.DELIVERED: 'delivered'>
    """

    kind = "policies.sfa"

    billing: BillingPolicy = BillingPolicy.DELIVERED
    over_delivery: Decimal = field(default=Decimal(0), converter=number)
    quote_days: int = 0

    def __attrs_post_init__(self) -> None:
        """Refuse what nothing could be offered or delivered by."""
        Policies.__attrs_post_init__(self)
        if self.over_delivery < 0:
            raise BadPolicies(kind=self.kind, field="over_delivery", why="is not negative")
        if type(self.quote_days) is not int or not 0 <= self.quote_days <= QUOTE_DAYS_MAX:
            raise BadPolicies(kind=self.kind, field="quote_days", why=f"is a whole number up to {QUOTE_DAYS_MAX}")
