"""What is there and what it is worth, at any date, down to the postings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction

from attrs import frozen

from bizcore.book.lots import release_int
from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import NotFound
from bizcore.kernel.exact import Exact
from bizcore.kernel.explain import Explanation
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.spans import Span
from bizcore.kernel.table import Column, Table
from bizcore.kernel.value import Value
from bizcore.supply.atstandard import Standard
from bizcore.supply.cost import folded
from bizcore.supply.costbook import Kept, kept, read
from bizcore.supply.costmoves import REVALUATION, VARIANCE, BackDating, CostMethod
from bizcore.supply.counts import Count
from bizcore.supply.items import scaled_decimal
from bizcore.supply.methods import by_methods, methods_for
from bizcore.supply.movements import MOVEMENTS, Movement
from bizcore.supply.places import OUTSIDE, pool_of, pools
from bizcore.supply.valuation import Fold

_DAY = timedelta(days=1)
_LAST = date.max.isoformat()
_SAID = {VARIANCE: "purchase variance", REVALUATION: "revaluation"}
POSTINGS = (
    Column("on", "On", kind="date"),
    Column("account", "Account"),
    Column("item", "Item"),
    Column("quantity", "Quantity", kind="quantity"),
    Column("value", "Value", kind="money"),
    Column("position", "Position", kind="number"),
)


class MoveNotFound(NotFound):
    """No cost was booked for a move of that name."""

    code = "move_not_found"

    def __init__(self, *, move: str) -> None:
        super().__init__(f"no cost was booked for move {move[:200]!r}; a move is named document/line", move=move[:200])


def stock_on_hand(view: View, *, at: Day | None = None) -> Table:
    """What lies where: on hand, reserved and available by place and item, at the end of a day or with all that is posted.

    Goods that have expired by that day are not available; without a day none is taken to have expired.
    """
    rows: list[tuple[object, ...]] = []
    upto = _upto(at)
    reserved = {
        row.key: row.amount for row in view.totals(PostingQuery(book="reserved", span=upto), by=("account", "unit"))
    }
    expired = {} if at is None else _expired(view, day(at))
    for row in view.totals(PostingQuery(book="stock", span=upto), by=("account", "unit")):
        place, item = row.key
        if place in OUTSIDE or not (row.amount or reserved.get(row.key)):
            continue
        kept = reserved.get(row.key, 0)
        free = row.amount - kept - expired.get((place, item), 0)
        rows.append((place, item, *(Quantity.of_scaled(one, item) for one in (row.amount, kept, free))))

    def postings(row: int, column: str) -> Table:
        place, item = str(rows[row][0]), str(rows[row][1])
        book = "reserved" if column == "reserved" else "stock"
        return _postings(view, PostingQuery(book=book, account=place, unit=item, span=upto))

    return Table(
        [
            Column("place", "Place"),
            Column("item", "Item"),
            Column("on_hand", "On hand", kind="quantity"),
            Column("reserved", "Reserved", kind="quantity"),
            Column("available", "Available", kind="quantity"),
        ],
        rows,
        title="Stock on hand" + _as_of(at),
        postings=postings,
    )


def _expired(view: View, at: date) -> dict[tuple[str, str], int]:
    """What had expired on a day, by place and item: the open lots as they were then, which is less what was posted since."""
    held: dict[tuple[str, str, str], int] = {}
    dues: dict[tuple[str, str, str], str] = {}
    places = {row.key[0] for row in view.totals(PostingQuery(book="stock"), by=("account",))} - OUTSIDE
    for place in places:
        for one in view.lots("stock", place):
            if isinstance(one.amount, Quantity):
                held[place, one.amount.unit, one.id] = one.amount.scaled
                dues[place, one.amount.unit, one.id] = one.due.isoformat() if one.due else ""
    for row in view.postings(PostingQuery(book="stock", span=Span(at + _DAY, None))):
        if row.lot:
            key = (row.account, row.unit, row.lot)
            held[key] = held.get(key, 0) - row.amount
            if key not in dues:
                query = PostingQuery(book="stock", account=row.account, unit=row.unit, lot=row.lot)
                dues[key] = next((found.due for found in view.postings(query) if found.due), "")
    found: dict[tuple[str, str], int] = {}
    for (place, item, lot), scaled in held.items():
        if "" < dues[place, item, lot] < at.isoformat():
            found[place, item] = found.get((place, item), 0) + scaled
    return found


def stock_valuation(view: View, *, at: Day | None = None) -> Table:
    """What the goods of each cost pool are worth, item by item; the unit cost is value / quantity, shown rounded.

    Guarantees: each value is the sum of the postings behind it, and quantity 0 has value 0. At standard cost a cell explains
    itself by the standard, its date, and what was posted as purchase variance and as revaluation by then.
    """
    rows: list[tuple[object, ...]] = []
    upto = _upto(at)
    known = pools(view)
    for row in view.totals(PostingQuery(book="cost", span=upto), by=("account", "unit")):
        pool, item = row.key
        if pool not in known or not (row.amount or row.value):
            continue
        value = Money.of_minor(row.value, view.currency)
        rows.append((pool, item, Quantity.of_scaled(row.amount, item), value, unit_cost(row.amount, value)))

    def postings(row: int, column: str) -> Table:
        return _postings(view, PostingQuery(book="cost", account=str(rows[row][0]), unit=str(rows[row][1]), span=upto))

    def explain(row: int, column: str) -> Explanation:
        return _why_worth(view, [str(one) for one in rows[row]], column, at)

    return Table(
        [
            Column("pool", "Cost pool"),
            Column("item", "Item"),
            Column("quantity", "Quantity", kind="quantity"),
            Column("value", "Value", kind="money"),
            Column("unit_cost", "Unit cost", kind="money"),
        ],
        rows,
        title="Stock valuation" + _as_of(at),
        explain=explain,
        postings=postings,
    )


def _why_worth(view: View, row: list[str], column: str, at: Day | None) -> Explanation:
    """Why an item in a pool is worth what it is: at standard cost, the standard; else the method, and the moves are the postings."""
    pool, item, quantity, value, each = row
    methods = methods_for(view, item, pool)
    on = _LAST if at is None else day(at).isoformat()
    result = {"quantity": quantity, "value": value, "unit_cost": each}.get(column, item)
    found = methods.standard(on) if methods.on(on) is CostMethod.STANDARD else None
    if found is None:
        return Explanation(f"{column} of {item} in {pool} by {methods.on(on).value}", result, {"quantity": quantity})
    sums = dict.fromkeys((VARIANCE, REVALUATION), 0)
    for one in view.postings(PostingQuery(book="cost", account=pool, unit=item, span=_upto(at))):
        counter = json.loads(one.dims)["with"]
        if counter in sums:
            sums[counter] += one.value
    steps = [_standard(view, item, *found)]
    steps += [_varied(view, name, by) for name, by in sums.items() if by]
    return Explanation(f"{column} of {item} in {pool} at standard", result, {"quantity": quantity}, steps=steps)


def _standard(view: View, item: str, since: str, standard: Standard) -> Explanation:
    per = f"for {scaled_decimal(standard[0])}"
    cost = str(Money.of_minor(standard[1], view.currency))
    return Explanation(f"standard cost of {item} from {since}", f"{cost} {per}")


def _varied(view: View, counter: str, by: int) -> Explanation:
    """A variance as the ledger has it: what goods were bought for beyond the standard, what a new standard makes them worth more."""
    return Explanation(_SAID[counter], str(Money.of_minor(-by if counter == VARIANCE else by, view.currency)))


def unit_cost(scaled: int, value: Money) -> Money | None:
    """Value by quantity, rounded to be shown; never stored."""
    if not scaled:
        return None
    return Exact(value.exact.amount / Fraction(scaled, Quantity.SCALE), value.currency).round()


def cost_of(view: View, move: str) -> Explanation:
    """Why a move of goods cost what it did: the rule, and the receipts it was taken from. `move` is `document/line`.

    The line of a count is what it came to book, by all that is known now. At standard cost it names the standard, its date, and the
    variance of this move.
    Raises: MoveNotFound, NoStandard.
    """
    document, _, text = move.rpartition("/")
    at = int(text) if text.isdecimal() else 0
    for place, item, on in _ends(view, document, at):
        pool = pool_of(view, place)
        if pool is not None:
            return _explained(view, pool, item, move, on=on)
    raise MoveNotFound(move=move)


def _ends(view: View, document: str, at: int) -> Iterator[tuple[str, str, date]]:
    """The places between which a line of a movement, or of a count, moved goods, with the item and the day."""
    counted, moved = view.seek(Count, document), _movement(view, document)
    if counted is not None and 1 <= at <= len(counted.lines):
        yield counted.place, counted.lines[at - 1].item, counted.on
    if moved is not None and 1 <= at <= len(moved.lines):
        for place in moved.ends(moved.lines[at - 1]):
            yield place, moved.lines[at - 1].item, moved.on


def _explained(view: View, pool: str, item: str, move: str, *, on: date) -> Explanation:
    fold = folded(view, pool, item, on=on)
    parts = [
        _part(view, fold, pool, item, move, at) for at, one in enumerate(fold.moves) if move in (one.ref, one.count)
    ]
    if not parts:
        raise MoveNotFound(move=move)
    if len(parts) == 1:
        return parts[0][1]
    # Of a count's line, where lots have costs of their own or late moves are valued as they become known.
    worth = str(Money.of_minor(abs(sum(value for value, _ in parts)), view.currency))
    return Explanation(f"cost of {move}", worth, steps=[one for _, one in parts])


def _part(view: View, fold: Fold, pool: str, item: str, move: str, index: int) -> tuple[int, Explanation]:
    """What one move of a fold changed the pool's value by, and why."""
    what = fold.moves[index]
    cost = fold.cost(index) if what.quantity < 0 else fold.values[index]
    methods = methods_for(view, item, pool)
    latest = max(one.on for one in fold.moves[: index + 1])
    before = by_methods(fold.moves[:index], methods)
    # A standard that came into force between the move before and this one had changed the value by then.
    worth = before.value + sum(one.value for one in before.revalued if one.ahead and one.on <= latest)
    method = methods.on(latest)
    standard = methods.standard(latest) if method is CostMethod.STANDARD else None
    named = [] if standard is None else [_standard(view, item, *standard)]
    varied = [
        _varied(view, line.counter, line.value)
        for line in fold.lines()
        if line.move == index and not line.quantity and line.counter in _SAID
    ]
    why = Explanation(
        f"cost of {move} by {method.value}",
        str(Money.of_minor(cost, view.currency)),
        {
            "quantity": scaled_decimal(what.quantity),
            "on": what.on,
            "held before": scaled_decimal(before.quantity),
            "worth before": Money.of_minor(worth, view.currency),
            "booked then": Money.of_minor(abs(fold.values[index]), view.currency),
        },
        steps=named
        + varied
        + [
            Explanation(
                f"from {use.receipt or 'stock'}",
                str(Money.of_minor(use.value, view.currency)),
                {"quantity": scaled_decimal(use.quantity)},
            )
            for use in fold.uses(index)
        ],
    )
    return (-cost if what.quantity < 0 else cost), why


def _movement(view: View, document: str) -> Movement | None:
    for kind in MOVEMENTS:
        found = view.seek(kind, document)
        if found is not None:
            return found
    return None


# -- checks ----------------------------------------------------------------------------------------------------------


@frozen
class Difference(Value):
    """Where two figures that must agree do not: what, and both."""

    what: str
    left: str
    right: str


def stock_equals_cost(view: View) -> tuple[Difference, ...]:
    """Per pool and item, stock over its places against the quantity in the cost book; empty when they agree."""
    held: dict[tuple[str, str], int] = {}
    for row in view.totals(PostingQuery(book="stock"), by=("account", "unit")):
        pool = pool_of(view, row.key[0])
        if pool is not None:
            held[pool, row.key[1]] = held.get((pool, row.key[1]), 0) + row.amount
    known = pools(view)
    costed = {
        (row.key[0], row.key[1]): row.amount
        for row in view.totals(PostingQuery(book="cost"), by=("account", "unit"))
        if row.key[0] in known
    }
    return tuple(
        Difference(
            f"{pool} {item}",
            str(scaled_decimal(held.get((pool, item), 0))),
            str(scaled_decimal(costed.get((pool, item), 0))),
        )
        for pool, item in sorted({*held, *costed})
        if held.get((pool, item), 0) != costed.get((pool, item), 0)
    )


def conserved(view: View) -> tuple[Difference, ...]:
    """Per item, the sum over all places, inside and outside, is nothing; empty when it is."""
    return tuple(
        Difference(row.key[0], str(scaled_decimal(row.amount)), "0")
        for row in view.totals(PostingQuery(book="stock"), by=("unit",))
        if row.amount
    )


def worthless_or_held(view: View) -> tuple[Difference, ...]:
    """Per pool and item, quantity 0 has value 0 and the value never has the other sign; empty when so.

    Where each lot has a cost of its own, one can be short while another is there: then it is so lot by lot.
    """
    known = pools(view)
    found: list[Difference] = []
    for row in view.totals(PostingQuery(book="cost"), by=("account", "unit")):
        pool, item = row.key
        if pool not in known or not (row.amount * row.value < 0 or (not row.amount and row.value)):
            continue
        last = kept(view, pool, item)
        if last is None or not (last.state.layers and last.state.shorts):
            shown = str(Money.of_minor(row.value, view.currency))
            found.append(Difference(f"{pool} {item}", str(scaled_decimal(row.amount)), shown))
    return tuple(found)


def layers_as_folded(view: View) -> tuple[Difference, ...]:
    """Per pool and item, the layers kept between changes against all moves folded anew; empty when they agree.

    Items of which a pool has other methods than those its layers were kept by are passed over: the next move folds anew, with
    all pools that feed each other, and does not use them.
    """
    known = pools(view)
    states: dict[str, list[tuple[str, Kept]]] = {}
    behind: set[str] = set()
    for row in view.totals(PostingQuery(book="cost"), by=("account", "unit")):
        pool, item = row.key
        last = kept(view, pool, item) if pool in known else None
        if last is None or not last.on:
            continue
        states.setdefault(item, []).append((pool, last))
        if last.methods != methods_for(view, item, pool).upto(last.on):
            behind.add(item)
    found: list[Difference] = []
    for item, pool, last in ((item, *one) for item, of in states.items() if item not in behind for one in of):
        fold = folded(view, pool, item, on=last.on)
        if fold.state != last.state:
            found.append(Difference(f"{pool} {item}", str(last.state), str(fold.state)))
    return tuple(found)


def at_standard(view: View) -> tuple[Difference, ...]:
    """Per pool and item, what is valued at standard cost against its quantity at the standard, each time one comes into force and
    now; empty when they agree. A method that was put after the last move is passed over: the next one brings the value there.
    """
    known = pools(view)
    found: list[Difference] = []
    for row in view.totals(PostingQuery(book="cost"), by=("account", "unit")):
        pool, item = row.key
        last = kept(view, pool, item) if pool in known else None
        methods = methods_for(view, item, pool) if last is not None and last.on else None
        if last is None or methods is None or methods.plain or last.methods != methods.upto(last.on):
            continue
        changed = next((since for since, _ in methods.steps if since > last.on), None)
        rules = [one for one in methods.rules if changed is None or one.since < changed]
        known_late = any(answer is BackDating.CORRECT_TODAY for _, answer in methods.late)
        for rule, until in zip(rules, [*(one.since for one in rules[1:]), changed], strict=True):
            # A late move valued as it becomes known has its old date and the standard of today: only the whole agrees.
            if rule.standard is None or (known_late and until is not None):
                continue
            query = PostingQuery(book="cost", account=pool, unit=item, span=Span(None, until))
            held = [(one.amount, one.value) for one in view.totals(query, by=("unit",))]
            quantity, value = held[0] if held else (0, 0)
            worth = release_int(*rule.standard, quantity)
            if value != worth and until is not None:
                # What corrects a locked day is booked on the first open one, and says which day it is about.
                value = sum(by for (on, _), by in read(view, pool, item).booked.items() if on < until)
            if value != worth:
                shown = [str(Money.of_minor(one, view.currency)) for one in (value, worth)]
                found.append(Difference(f"{pool} {item}{f' before {until}' if until else ''}", *shown))
    return tuple(found)


# -- helpers ---------------------------------------------------------------------------------------------------------


def _upto(at: Day | None) -> Span:
    return Span(None, None if at is None else day(at) + _DAY)


def _as_of(at: Day | None) -> str:
    return "" if at is None else f" at {day(at).isoformat()}"


def _postings(view: View, query: PostingQuery) -> Table:
    def rows() -> Iterator[tuple[object, ...]]:
        for row in sorted(view.postings(query), key=lambda one: (one.on, one.position, one.line)):
            yield (
                date.fromisoformat(row.on),
                row.account,
                row.unit,
                Quantity.of_scaled(row.amount, row.unit),
                Money.of_minor(row.value, view.currency),
                row.position,
            )

    return Table(POSTINGS, list(rows()), title="Postings")
