"""Finance's answers to the questions on which respected systems disagree."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from itertools import pairwise

from attrs import field, frozen

from bizcore.finance.tax import Prices, TaxRounding
from bizcore.finance.terms import Terms
from bizcore.flow.policies import Policies
from bizcore.kernel.errors import Invalid
from bizcore.kernel.maps import Map
from bizcore.kernel.rounding import Rounding


class Reversal(Enum):
    """How a correction looks: SWAP turns the sides (default), STORNO takes the amounts back on their own side.

    Both restore every balance; only the turnovers of a trial balance differ. STORNO is customary in China and parts of
    Europe (red-letter entries).
    """

    SWAP = "swap"
    STORNO = "storno"


class RateDate(Enum):
    """Which recorded rate serves a day: that of the day itself (EXACT, default) or the newest before it (LATEST)."""

    EXACT = "exact"
    LATEST = "latest"


class AgeBy(Enum):
    """What an item's age counts from: the day it fell due (DUE, default) or the day it was opened (OPENED)."""

    DUE = "due"
    OPENED = "opened"


def _terms(value: object) -> Terms:
    return Terms.from_plain(value)


def _roles(value: Mapping[str, str]) -> Map[str]:
    return value if isinstance(value, Map) else Map(value)


class BadBuckets(Invalid):
    """The bounds of an aging report are not whole days that grow."""

    code = "bad_buckets"

    def __init__(self, *, value: str) -> None:
        super().__init__(f"{value} are no buckets: whole days above zero, each above the one before", value=value)


def _buckets(value: object) -> tuple[int, ...]:
    found = tuple(value) if isinstance(value, (tuple, list)) else (None,)
    days = tuple(one for one in found if type(one) is int)
    if len(days) != len(found) or any(after <= before for before, after in pairwise((0, *days))):
        raise BadBuckets(value=repr(value)[:60])
    return days


@frozen(kw_only=True)
class FinancePolicies(Policies):
    """The policies of finance: put a set with `since` and `scope`, and planners use it from that date on.

    `roles` sends a role of the chart to an account of one's own, such as `{"bank": "1010"}`; `buckets` are the upper
    bounds, in days, of an aging report, each included: whole numbers above zero that grow.

    Raises: BadBuckets.

    >>> FinancePolicies().tax_rounding
    <TaxRounding.DOCUMENT: 'document'>
    """

    kind = "policies.finance"

    tax_rounding: TaxRounding = TaxRounding.DOCUMENT
    rounding_mode: Rounding = Rounding.HALF_AWAY
    prices: Prices = Prices.NET
    terms: Terms = field(default=Terms("30 days"), converter=_terms)
    currency: str = ""
    reversal: Reversal = Reversal.SWAP
    rate_date: RateDate = RateDate.EXACT
    age_by: AgeBy = AgeBy.DUE
    buckets: tuple[int, ...] = field(default=(30, 60, 90), converter=_buckets)
    roles: Map[str] = field(default=Map({}), converter=_roles)
