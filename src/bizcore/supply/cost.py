"""The follower that values goods: a stock entry that crosses a cost pool's border gets its cost entry.

The target is the fold of the pool's moves in the order (date, position). What an earlier date changes in later costs is
posted at once, as target minus booked, so every change leaves its pools true; a move at the end goes on from the layers kept
with the last change. A pool that is fed by a restated pool follows in the same change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

from attrs import define, field

from bizcore.book.entry import Entry, Posting
from bizcore.change.changes import Changes, Derived
from bizcore.change.locks import first_open
from bizcore.change.view import View
from bizcore.flow.document import Document
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import LawBroken
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.store.port import OutOfRange
from bizcore.supply import costbook
from bizcore.supply.costbook import Kept, Key, Known
from bizcore.supply.costmoves import CostMove, Line
from bizcore.supply.counts import COUNT, Count
from bizcore.supply.crossings import Crossing, crossed
from bizcore.supply.methods import Methods, by_methods, methods_for
from bizcore.supply.places import pools
from bizcore.supply.policies import SupplyPolicies, policies_for
from bizcore.supply.standards import StandardCost
from bizcore.supply.valuation import Fold

D = TypeVar("D", bound=Document | Entry)
Name = tuple[str, str]
"""A pool and an item."""


def cost(view: View, changes: Changes[D]) -> Changes[D]:
    """Add to changes the cost entries that their stock entries ask for, and what those restate.

    Guarantees: per item and pool, quantity in cost = stock in its places, quantity 0 has value 0; planned again when all
    is recorded, it adds nothing.
    Raises: NoStandard; NotCovered, where goods left before they came and the policy does not value that provisionally; ChangesOwner, where they pass between a place of ours and one that is not;
    OutOfRange.
    """
    crossings = crossed(view, changes.entries)
    if not crossings:
        return changes
    follow = _Following(view)
    for one in crossings:
        follow.take(one)
    try:
        entries = follow.entries(crossings)
    except OverflowError:
        # A fold counts in 64 bits, like the store that would refuse its answer.
        raise OutOfRange(what=f"the cost of {crossings[0].item}") from None
    return changes.adding(entries=entries, derived=follow.derived())


def restated(view: View, standard: StandardCost) -> Changes[StandardCost]:
    """A standard that is being set, with what it changes in the pools it is for and in those that they feed.

    Guarantees: what is booked is what follows from the dates; set again, it posts nothing.
    Raises: NoStandard, OutOfRange.
    """
    follow = _Following(view, setting=standard)
    item, on = standard.item, standard.since.isoformat()
    for pool in [standard.pool] if standard.pool else sorted(pools(view)):
        if view.balance("cost", pool, item).position:
            follow.account(pool, item, on)
    try:
        entries = follow.corrections(item)
    except OverflowError:
        raise OutOfRange(what=f"the cost of {item}") from None
    return Changes(standard, entries=entries, derived=follow.derived())


def folded(view: View, pool: str, item: str, *, on: Day) -> Fold:
    """The cost of an item in a pool folded from its beginning, by the policies of a date, together with what feeds it."""
    follow = _Following(view)
    follow.account(pool, item, day(on).isoformat())
    fold = next(one.fold for one in follow.connected(item) if one.pool == pool)
    if fold is None:
        raise LawBroken(f"the cost of {item} in {pool} was not folded")
    return fold


# -- following -------------------------------------------------------------------------------------------------------


@define
class _Account:
    """An item in a pool while a change is followed."""

    pool: str
    item: str
    policies: SupplyPolicies
    methods: Methods
    kept: Kept | None
    new: list[CostMove] = field(factory=list)
    between: dict[str, str] = field(factory=dict)
    origins: dict[str, str] = field(factory=dict)
    heirs: set[str] = field(factory=set)
    moments: dict[str, int] = field(factory=dict)
    known: Known | None = None
    fed: dict[str, int] = field(factory=dict)
    fold: Fold | None = None

    @property
    def moves(self) -> tuple[CostMove, ...]:
        """What is booked and what is new; of each line of a count, what it came to."""
        moves = (*(self.known.moves if self.known is not None else ()), *self.new)
        return costbook.with_counts(moves, self.moments, self.methods) if self.moments else moves

    def read(self, view: View) -> None:
        """Read the cost book, and where what is new comes back from."""
        self.known = costbook.read(view, self.pool, self.item)
        for one in (*self.known.moves, *self.new):
            if one.count and one.count not in self.moments:
                self.moments[one.count] = view.position_of(Count, one.count.rpartition("/")[0]) or one.position
        self.between.update(self.known.between)
        self.origins.update(self.known.origins)
        self.heirs.update(self.known.heirs)
        here = {one.ref for one in self.moves}
        for one in self.new:
            if one.of is not None and one.of not in here and one.quantity > 0 and one.value is None:
                origin = _left_from(view, one.of, self.item)
                if origin is not None and one.ref not in self.between:
                    self.origins[one.ref] = origin


def _left_from(view: View, move: str, item: str) -> str | None:
    """The pool that a move took goods out of."""
    for pool in sorted(pools(view)):
        if view.balance("cost", pool, item).position and any(
            one.ref == move and one.quantity < 0 for one in costbook.read(view, pool, item).moves
        ):
            return pool
    return None


def _feed_returns(accounts: Mapping[str, _Account]) -> bool:
    """Value what came back to another pool than it left, and with it all that came back of the same issue; whether it changed."""
    changed = False
    issues = {
        (account.origins[move.ref], move.of)
        for account in accounts.values()
        for move in account.moves
        if move.ref in account.origins
    }
    for pool, of in sorted(issues, key=str):
        fold = accounts[pool].fold
        sent = None if fold is None else next((at for at, one in enumerate(fold.moves) if one.ref == of), None)
        if fold is None or sent is None:
            raise LawBroken(f"{of} did not leave {pool}")
        back = {
            move.ref: (account, move)
            for account in accounts.values()
            for move in account.moves
            if move.of == of and move.quantity > 0 and move.value is None
            if account.origins.get(move.ref, account.pool) == pool
        }
        moves = [move for _, move in back.values()]
        for ref, share in costbook.shares(fold, sent, moves, accounts[pool].methods).items():
            fed = back[ref][0].fed
            changed = changed or fed.get(ref) != share
            fed[ref] = share
    return changed


class _Following:
    def __init__(self, view: View, *, setting: StandardCost | None = None) -> None:
        self._view = view
        self._setting = setting
        self._position = view.head.position + 1
        self._accounts: dict[Name, _Account] = {}
        self._touched: set[Name] = set()

    def take(self, crossing: Crossing) -> None:
        """Note the moves that a crossing is: one seen from each pool it touches."""
        one = crossing
        on = one.entry.on.isoformat()
        for pool, counter, signed, both in (
            (one.source, one.target, -one.quantity, one.target_pool),
            (one.target, one.source, one.quantity, one.source_pool),
        ):
            if not (one.source_pool if signed < 0 else one.target_pool):
                continue
            account = self.account(pool, one.item, on)
            account.new.append(
                CostMove(
                    on,
                    self._position,
                    one.number,
                    signed,
                    None if both else one.cost,
                    counter,
                    one.dims.get("of"),
                    one.ref,
                    one.dims.get("lot", ""),
                    one.dims.get(COUNT, ""),
                )
            )
            if both:
                account.between[one.ref] = counter

    def account(self, pool: str, item: str, on: str) -> _Account:
        """An item in a pool, with the policies of a date."""
        found = self._accounts.get((pool, item))
        if found is None:
            policies = policies_for(self._view, item, on=on, pool=pool)
            methods = methods_for(self._view, item, pool, setting=self._setting)
            found = _Account(pool, item, policies, methods, costbook.kept(self._view, pool, item))
            self._accounts[pool, item] = found
        return found

    def entries(self, crossings: list[Crossing]) -> list[Entry]:
        """One cost entry for each stock entry that crosses a border, then the corrections, date by date."""
        lines: dict[tuple[str, str, str], list[Line]] = {}
        corrections: dict[tuple[str, str, Key], int] = {}
        for item in dict.fromkeys(one.item for one in crossings):
            accounts = [one for (_, name), one in self._accounts.items() if name == item]
            if all(self._simple(one) for one in accounts):
                for account in accounts:
                    self._go_on(account, lines)
            else:
                self._refold(item, lines, corrections)
        entries = [self._entry(entry, crossings, lines) for entry in dict.fromkeys(one.entry for one in crossings)]
        return entries + self._corrected(corrections)

    def corrections(self, item: str) -> list[Entry]:
        """What the accounts of an item noted are corrected by, where nothing new moves."""
        corrections: dict[tuple[str, str, Key], int] = {}
        if self._accounts:
            self._refold(item, {}, corrections)
        return self._corrected(corrections)

    @staticmethod
    def _simple(account: _Account) -> bool:
        if account.between or any(one.count != one.ref for one in account.new if one.count):
            return False
        return costbook.goes_on(account.kept, account.new, account.methods)

    def _go_on(self, account: _Account, lines: dict[tuple[str, str, str], list[Line]]) -> None:
        """Go on from the layers kept with the last change."""
        start, after = (None, "") if account.kept is None else (account.kept.state, account.kept.on)
        moves = account.methods.in_order(account.new, after=after)
        account.fold = by_methods(moves, account.methods, start=start, after=after)
        costbook.check_covered(account.fold, None, account.policies, pool=account.pool, item=account.item)
        self._touched.add((account.pool, account.item))
        self._note(account, account.fold, lines)

    def _refold(
        self, item: str, lines: dict[tuple[str, str, str], list[Line]], corrections: dict[tuple[str, str, Key], int]
    ) -> None:
        """Fold an item's pools from the beginning, those that feed each other until what they give each other stands."""
        accounts = self.connected(item)
        for account in accounts:
            known = account.known
            if known is None:
                raise LawBroken(f"the cost of {item} in {account.pool} was not read")
            fold = account.fold
            if fold is None:
                raise LawBroken(f"the cost of {item} in {account.pool} was not folded")
            before = costbook.valued(known.moves, account.fed, account.methods) if fold.shortages else None
            costbook.check_covered(fold, before, account.policies, pool=account.pool, item=item)
            costbook.check_passed_on(fold, account.between, pool=account.pool, item=item)
            self._note(account, fold, lines)
            if account.new:
                self._touched.add((account.pool, item))
            wanted = costbook.targets(fold)
            for line in (line for one in account.new for line in lines[account.pool, item, one.ref] if line.move >= 0):
                key = (fold.moves[line.move].on, line.counter)
                wanted[key] -= line.value
            for key in sorted({*wanted, *known.booked}):
                by = wanted.get(key, 0) - known.booked.get(key, 0)
                # What passes between two pools is one line for both; the first by name writes it.
                if by and not (key[1] in account.between.values() and key[1] < account.pool):
                    corrections[account.pool, item, key] = by
                    self._touched |= {(account.pool, item), (key[1], item)}
        for account in accounts:
            self._reopen(account, corrections)

    def _reopen(self, account: _Account, corrections: dict[tuple[str, str, Key], int]) -> None:
        """Post nothing where layers change and no value does, as when the parts of a day's line change places.

        Whoever planned to go on from the layers as they were has read that balance, and must see that it moved.
        """
        kept, fold = account.kept, account.fold
        if kept is None or fold is None or kept.state == fold.state or (account.pool, account.item) in self._touched:
            return
        latest = fold.moves[-1]
        corrections[account.pool, account.item, (latest.on, latest.counter)] = 0
        self._touched |= {(account.pool, account.item), (latest.counter, account.item)}

    def connected(self, item: str) -> list[_Account]:
        """Every pool of the item that is fed by, or feeds, one that this change touches, folded together."""
        found: dict[str, _Account] = {one.pool: one for (_, name), one in self._accounts.items() if name == item}
        waiting = list(found.values())
        while waiting:
            account = waiting.pop()
            if account.known is None:
                account.read(self._view)
                if account.known is None:
                    raise LawBroken(f"the cost of {item} in {account.pool} was not read")
            for pool in {*account.between.values(), *account.origins.values(), *account.heirs} - set(found):
                on = max(one.on for one in (*account.known.moves, *account.new))
                found[pool] = self.account(pool, item, on)
                waiting.append(found[pool])
        accounts = sorted(found.values(), key=lambda one: one.pool)
        self._settle(accounts)
        return accounts

    @staticmethod
    def _settle(accounts: list[_Account]) -> None:
        # What a move passes on depends on earlier moves only, so each round settles at least one move more.
        rounds = 2 + sum(len(one.between) + len(one.origins) for one in accounts)
        by_pool = {one.pool: one for one in accounts}
        for _ in range(rounds):
            changed = False
            for account in accounts:
                account.fold = costbook.valued(account.moves, account.fed, account.methods)
                for index, move in enumerate(account.fold.moves):
                    if move.quantity < 0 and move.ref in account.between:
                        fed = by_pool[account.between[move.ref]].fed
                        if fed.get(move.ref) != -account.fold.values[index]:
                            fed[move.ref] = -account.fold.values[index]
                            changed = True
            if not _feed_returns(by_pool) and not changed:
                return
        raise LawBroken("pools that feed each other do not settle")

    @staticmethod
    def _note(account: _Account, fold: Fold, lines: dict[tuple[str, str, str], list[Line]]) -> None:
        for ref, found in costbook.lines_by_ref(fold, (one.ref for one in account.new)).items():
            lines[account.pool, account.item, ref] = found
        for one in account.new:
            # A part of what a count came to: its goods are booked here, their value as the count's.
            if one.count and not lines[account.pool, account.item, one.ref]:
                lines[account.pool, account.item, one.ref] = [Line(-1, one.counter, one.quantity, 0)]

    # -- entries -----------------------------------------------------------------------------------------------------

    def _entry(
        self, stock: Entry, crossings: list[Crossing], lines: Mapping[tuple[str, str, str], list[Line]]
    ) -> Entry:
        postings: list[Posting] = []
        for one in crossings:
            if one.entry is not stock:
                continue
            # Goods between two pools are seen from the one they leave; the other side is the same line turned.
            pool = one.source if one.source_pool else one.target
            for line in lines[pool, one.item, one.ref]:
                postings += self._legs(pool, one, line)
            if one.source_pool and one.target_pool:
                # What they cover where they arrive is settled there alone: no line of the other pool turned.
                for line in lines[one.target, one.item, one.ref]:
                    if not line.quantity:
                        postings += self._legs(one.target, one, line)
            postings += self._inherited(one)
        text = f"cost of {stock.text}" if stock.text else "cost"
        extra = Map({"stock": stock.id})
        return self._view.mint(Entry(stock.on, postings, book="cost", text=text, about=stock.about, extra=extra))

    def _legs(self, pool: str, crossing: Crossing, line: Line) -> tuple[Posting, Posting]:
        amount = Quantity.of_scaled(line.quantity, crossing.item)
        value = Money.of_minor(line.value, self._view.currency)
        dims = crossing.dims if line.quantity else Map({"ref": crossing.ref})
        origin = self._origin(crossing)
        if origin is not None and line.quantity:
            dims = dims.set(costbook.ORIGIN, origin)
        if crossing.source_pool and crossing.target_pool and line.quantity:
            dims = dims.without("cost").set("pool", "both") if "cost" in dims else dims.set("pool", "both")
        return (
            Posting(pool, amount, value, dims=dims.set("with", line.counter)),
            Posting(line.counter, -amount, -value, party=crossing.party, dims=dims.set("with", pool)),
        )

    def _origin(self, crossing: Crossing) -> str | None:
        account = self._accounts.get((crossing.target, crossing.item))
        return None if account is None else account.origins.get(crossing.ref)

    def _inherited(self, crossing: Crossing) -> list[Posting]:
        """A posting of nothing, by which the pool that goods left finds the one they came back to when it is restated."""
        origin = self._origin(crossing)
        if origin is None:
            return []
        self._touched.add((origin, crossing.item))
        dims = Map({"ref": crossing.ref, "with": crossing.target, costbook.HEIR: crossing.target})
        nothing = Money.of_minor(0, self._view.currency)
        return [Posting(origin, Quantity.of_scaled(0, crossing.item), nothing, dims=dims)]

    def _corrected(self, corrections: Mapping[tuple[str, str, Key], int]) -> list[Entry]:
        """The corrections as entries: one for each date corrected, at that date or, when it is locked, the first open."""
        by_date: dict[str, list[tuple[str, str, str, int]]] = {}
        for (pool, item, (on, counter)), value in corrections.items():
            by_date.setdefault(on, []).append((pool, item, counter, value))
        found: list[Entry] = []
        for about in sorted(by_date):
            asked = day(about)
            booked: date = first_open(self._view, "stock", asked)
            postings: list[Posting] = []
            for pool, item, counter, value in sorted(by_date[about]):
                nothing, worth = Quantity.of_scaled(0, item), Money.of_minor(value, self._view.currency)
                dims = Map({"about": about}) if booked != asked else Map[str]({})
                postings.append(Posting(pool, nothing, worth, dims=dims.set("with", counter)))
                postings.append(Posting(counter, nothing, -worth, dims=dims.set("with", pool)))
            entry = Entry(booked, postings, book="cost", text="cost restated", about=asked if booked != asked else None)
            found.append(self._view.mint(entry))
        return found

    def derived(self) -> list[Derived]:
        """The layers after this change, for the next to go on from."""
        found: list[Derived] = []
        for account in self._accounts.values():
            # A balance that this change does not touch keeps its position, and with it what was kept before.
            if account.fold is None or (account.pool, account.item) not in self._touched:
                continue
            latest = max((one.on for one in account.fold.moves), default="")
            on = max(latest, account.kept.on) if account.kept is not None else latest
            found.append(costbook.keep(account.pool, account.item, account.fold, on, account.methods))
        return found
