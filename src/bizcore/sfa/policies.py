"""The questions about deals on which respected systems disagree, and our answers unless told otherwise."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from attrs import field, frozen

from bizcore.flow.policies import Policies
from bizcore.kernel.exact import number


class BillingPolicy(Enum):
    """What of an order may be billed: what was DELIVERED (default), or what was ORDERED."""

    DELIVERED = "delivered"
    ORDERED = "ordered"


@frozen(kw_only=True)
class SfaPolicies(Policies):
    """Sales' answers; the scope is a customer.

    `over_delivery` is what may be delivered beyond the order, in percent of the line; `quote_days` how long a quote is open when
    it names no last day, 0 for without end.

    >>> SfaPolicies().billing
    <BillingPolicy.DELIVERED: 'delivered'>
    """

    kind = "policies.sfa"

    billing: BillingPolicy = BillingPolicy.DELIVERED
    over_delivery: Decimal = field(default=Decimal(0), converter=number)
    quote_days: int = 0
