"""Which moves of stock cross a cost pool's border: sources and targets paired, item by item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import define, frozen

from bizcore.book.entry import Entry, Posting
from bizcore.book.lots import release_int
from bizcore.change.view import View
from bizcore.kernel.errors import Invalid
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.supply.places import OUTSIDE, check_owner, pool_of


class Unpaired(Invalid):
    """A stock entry whose legs do not pair up: a quantity leaves nowhere or arrives from nowhere."""

    code = "unpaired"

    def __init__(self, *, item: str) -> None:
        super().__init__(f"the legs of {item} do not pair up", item=item)


@frozen(kw_only=True)
class Crossing:
    """Goods that crossed a border: from and to are a pool or an outside place."""

    entry: Entry
    item: str
    source: str
    target: str
    source_pool: bool
    target_pool: bool
    quantity: int
    cost: int | None
    dims: Map[str]
    party: str | None
    number: int

    @property
    def ref(self) -> str:
        """The move's name."""
        return self.dims.get("ref", "")


def crossed(view: View, entries: Iterable[Entry]) -> list[Crossing]:
    """The moves of stock entries between a pool and what is outside it. Raises: Unpaired, ChangesOwner."""
    found: list[Crossing] = []
    known: dict[str, str | None] = {}
    for entry in entries:
        if entry.book != "stock":
            continue
        for source, target, quantity, worth in _pairs(entry, view.currency):
            for place in (source.account, target.account):
                if place not in known:
                    known[place] = pool_of(view, place)
            out, into = known[source.account], known[target.account]
            if out == into:
                continue
            if OUTSIDE.isdisjoint((source.account, target.account)):
                check_owner(view, source.unit, source=source.account, target=target.account)
            dims = _named(entry, dict(source.dims) | dict(target.dims), len(found) + 1)
            if dims["ref"] in {one.ref for one in found if one.entry is entry}:
                dims["ref"] = f"{entry.id}/{len(found) + 1}"
            found.append(
                Crossing(
                    entry=entry,
                    item=source.unit,
                    source=source.account if out is None else out,
                    target=target.account if into is None else into,
                    source_pool=out is not None,
                    target_pool=into is not None,
                    quantity=quantity,
                    cost=worth,
                    dims=Map(dims),
                    party=source.party or target.party,
                    number=len(found),
                )
            )
    return found


def _named(entry: Entry, dims: dict[str, str], number: int) -> dict[str, str]:
    """The dimensions of a crossing; a reversal is a move of its own that brings back the one it reverses."""
    own = f"{entry.id}/{number}"
    if entry.reverses is not None and "ref" in dims:
        return {name: text for name, text in dims.items() if name != "cost"} | {"of": dims["ref"], "ref": own}
    return {"ref": own} | dims


@define
class _Leg:
    """A posting with what is left of its quantity and of the cost stated for it."""

    posting: Posting
    left: int
    worth: int | None

    def take(self, quantity: int) -> int | None:
        """Take a part, with its share of the cost; all that is left of it goes with the last."""
        share = None if self.worth is None else release_int(self.left, self.worth, quantity)
        if share is not None and self.worth is not None:
            self.worth -= share
        self.left -= quantity
        return share


def _pairs(entry: Entry, currency: str) -> Iterator[tuple[Posting, Posting, int, int | None]]:
    """Sources and targets of an entry paired item by item in their order; a stated cost is shared by quantity."""
    for item in dict.fromkeys(one.unit for one in entry.postings):
        legs = [
            (one, _Leg(one, abs(one.scaled), _stated(one, currency)))
            for one in entry.postings
            if one.unit == item and one.scaled
        ]
        sources = [leg for one, leg in legs if one.scaled < 0]
        for target in (leg for one, leg in legs if one.scaled > 0):
            while target.left:
                if not sources:
                    raise Unpaired(item=item)
                source = sources[0]
                took = min(source.left, target.left)
                given, taken = source.take(took), target.take(took)
                yield source.posting, target.posting, took, given if taken is None else taken
                if not source.left:
                    sources.pop(0)


def _stated(posting: Posting, currency: str) -> int | None:
    text = posting.dims.get("cost")
    return None if text is None else Money(text, currency).minor
