"""What both bridges refuse alike."""

from __future__ import annotations

from bizcore.kernel.errors import Refused


class NothingToBill(Refused):
    """Nothing of an order is to be billed now: it is billed already, did not come or go, or the policy bills it later."""

    code = "nothing_to_bill"

    def __init__(self, *, order: str) -> None:
        super().__init__(f"{order} has nothing to bill now", order=order)
