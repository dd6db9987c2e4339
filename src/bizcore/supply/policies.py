"""The questions about goods on which respected systems disagree, and our answers unless told otherwise."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from attrs import field, frozen

from bizcore.change.view import View
from bizcore.flow.policies import BadPolicies, Policies
from bizcore.kernel.days import Day
from bizcore.kernel.exact import number
from bizcore.supply.costmoves import BackDating, CostMethod
from bizcore.supply.items import Item


class NegativeStock(Enum):
    """What happens when more is to leave than is there."""

    REFUSE = "refuse"
    PROVISIONAL = "provisional"
    """It leaves at a provisional cost; the receipts that cover it settle the difference as a variance."""


class Picking(Enum):
    """Which physical lots leave first; independent of the cost method."""

    FEFO = "fefo"
    """First expiry first, lots without expiry last; expired lots are not available."""
    FIFO = "fifo"


@frozen(kw_only=True)
class SupplyPolicies(Policies):
    """Supply's answers; the scope is an item, an item category, or, for what is asked of its cost, a cost pool.

    `over_receipt` is what may be received beyond the order, in percent of the line. A `cost_method` values the moves of the
    dates it is in force on, whenever they are entered: from `since` on, goods go on from what they were worth. One without
    `since` was always in force: it restates an item from its beginning with its next move, at the first open dates where dates
    are locked (IAS 8: retrospectively). So does `back_dating`: what a late move does is said by the policies of its own date.

    >>> SupplyPolicies().cost_method, SupplyPolicies().negative_stock
    (<CostMethod.FIFO: 'fifo'>, <NegativeStock.REFUSE: 'refuse'>)
    """

    kind = "policies.supply"

    cost_method: CostMethod = CostMethod.FIFO
    negative_stock: NegativeStock = NegativeStock.REFUSE
    back_dating: BackDating = BackDating.RESTATE
    picking: Picking = Picking.FEFO
    over_receipt: Decimal = field(default=Decimal(0), converter=number)

    def __attrs_post_init__(self) -> None:
        """Refuse what nothing could be received by."""
        Policies.__attrs_post_init__(self)
        if self.over_receipt < 0:
            raise BadPolicies(kind=self.kind, field="over_receipt", why="is not negative")


def policies_for(view: View, item: str, *, on: Day, pool: str = "") -> SupplyPolicies:
    """The policies in force for an item: its own, else its category's, a cost pool's, the company's, or the defaults."""
    found = view.policies(SupplyPolicies, on=on, scope=item)
    if found.scope == item:
        return found
    known = view.seek(Item, item)
    for scope in (known.category if known is not None else "", pool):
        if scope:
            found = view.policies(SupplyPolicies, on=on, scope=scope)
        if scope and found.scope == scope:
            return found
    return found
