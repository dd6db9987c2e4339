"""Places: where goods are. Inside ones belong to a cost pool; outside ones are where goods come from and go to."""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import field, frozen

from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.flow.document import Document, Indexes
from bizcore.kernel.errors import Invalid, Refused
from bizcore.kernel.ids import checked_id

MAIN: Final = "main"
"""The cost pool of places that name no other."""

OUTSIDE: Final = frozenset(
    {
        "supplier",
        "customer",
        "scrap",
        "opening",
        "production",
        "adjustment",
        "transit",
        "variance",
        "revaluation",
        "demand",
    }
)
"""The places beyond the company's own stock; every quantity that is not inside is in one of them, so all sum to zero."""


class ReservedName(Invalid):
    """The name of an outside place is taken by the trade itself."""

    code = "reserved_name"

    def __init__(self, *, what: str, name: str) -> None:
        super().__init__(f"{name!r} is an outside place and cannot be {what}", what=what, name=name)


class OutsidePlace(Invalid):
    """Goods of ours lie at a place of ours: nothing is taken from an outside one, picked there or kept there."""

    code = "outside_place"

    def __init__(self, *, place: str) -> None:
        super().__init__(f"{place!r} is an outside place: name a place of ours", place=place)


class GoodsLieThere(Refused):
    """The cost pool of a place, or whose goods lie there, changes only while it is empty: the books would not follow."""

    code = "goods_lie_there"
    allowed: tuple[str, ...] = ("transfer the goods elsewhere first",)

    def __init__(self, *, place: str, pool: str | None, item: str) -> None:
        super().__init__(
            f"{item} lies at {place}, {f'in pool {pool}' if pool else 'not owned'}: move it away before that changes",
            place=place,
            pool=pool,
            item=item,
        )


class ChangesOwner(Refused):
    """Goods become ours, or another's, by an act that says so: carrying them gives the books no value to enter."""

    code = "changes_owner"
    allowed: tuple[str, ...] = ("issue", "receive")

    def __init__(self, *, item: str, source: str, target: str) -> None:
        super().__init__(
            f"{item} would change its owner between {source} and {target}: issue what is given away, receive what becomes ours",
            item=item,
            source=source,
            target=target,
        )


def pool_name(value: object) -> str:
    """The name of a cost pool. Raises: InvalidId, ReservedName."""
    pool = checked_id(value, "pool")
    if pool in OUTSIDE:
        raise ReservedName(what="a cost pool", name=pool)
    return pool


@frozen(kw_only=True)
class Place(Document):
    """A place for goods: its cost pool (places of one pool share a cost), and whether what lies there is ours.

    A place need not be registered: an unknown one is ours and in the pool `main`.

    >>> Place(id="shop", pool="retail").owned
    True
    """

    kind = "place"
    indexes: ClassVar[Indexes] = {"pool": lambda one: [(one.pool,)]}

    name: str = ""
    pool: str = field(default=MAIN, converter=pool_name)
    owned: bool = True

    def __attrs_post_init__(self) -> None:
        """The outside places are not registered."""
        if self.id in OUTSIDE:
            raise ReservedName(what="a registered place", name=self.id)


def pool_of(view: View, place: str) -> str | None:
    """The cost pool of a place, None outside."""
    if place in OUTSIDE:
        return None
    return _costed(view.seek(Place, place))


def check_owner(view: View, item: str, *, source: str, target: str) -> None:
    """Goods at both places are ours, or at neither. Raises: ChangesOwner."""
    if (pool_of(view, source) is None) != (pool_of(view, target) is None):
        raise ChangesOwner(item=item, source=source, target=target)


def _costed(place: Place | None) -> str | None:
    if place is None:
        return MAIN
    return place.pool if place.owned else None


def watch(view: View, place: Place) -> None:
    """What lies at a place is costed in one pool, and is ours or not, as long as it lies there. Raises: GoodsLieThere."""
    pool = _costed(view.seek(Place, place.id))
    if pool == _costed(place):
        return
    for row in view.totals(PostingQuery(book="stock", account=place.id), by=("unit",)):
        if row.amount:
            raise GoodsLieThere(place=place.id, pool=pool, item=row.key[0])


def pools(view: View) -> frozenset[str]:
    """Every cost pool."""
    return frozenset({MAIN, *(one.pool for one in view.all(Place))})
