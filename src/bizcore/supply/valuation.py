"""What goods cost: one fold over the moves of an item in a cost pool, on integers.

A fold reads moves in their order and keeps layers: what is left of each receipt with what is left of its value. It works on
millionths of the item's unit and minor units of the company's currency and keeps its answers in flat arrays: a value object
a move would cost eight times the arithmetic. Objects are made for what is looked at.

Rules, the same for every method: an issue takes `round(V*q/Q)` of a layer and all of V with the last q, so quantity 0 has
value 0; an average is one common layer; a return from a customer comes in at the cost it left; what is issued beyond the
stock leaves at a provisional cost and is settled, as a variance, by the receipts that cover it, never averaged.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter

from bizcore.book.lots import release_int
from bizcore.supply.costmoves import (
    REVALUATION,
    SUPPLIER,
    VARIANCE,
    CostMethod,
    CostMove,
    Layer,
    Line,
    Mark,
    NeedsStandards,
    Revalued,
    Short,
    State,
    Used,
    Variance,
)

_QUANTITY, _VALUE = itemgetter(0), itemgetter(1)


class Fold:
    """A fold under way; `fifo`, `moving_average` and `by_methods` start one and run it to its end.

    `values[i]` is what move i changed the pool's value by; `variances` come on top. Guarantees: quantity 0 has value 0;
    the value never has the other sign than the quantity; the values and variances sum to the value of the state.
    """

    def __init__(
        self,
        moves: Sequence[CostMove],
        method: CostMethod = CostMethod.FIFO,
        *,
        start: State | None = None,
        standard: tuple[int, int] = (0, 0),
    ) -> None:
        if method is CostMethod.STANDARD and type(self) is Fold:
            raise NeedsStandards(method=method.value)
        begin = start or State()
        opened: tuple[Layer | Short, ...] = (*begin.layers, *begin.shorts)
        self.moves = moves
        self.method: CostMethod = method
        self.values: array[int] = array("q")
        self.issues: array[int] = array("q")
        self.starts: array[int] = array("q")
        self.use_receipts: array[int] = array("q")
        self.use_quantities: array[int] = array("q")
        self.use_values: array[int] = array("q")
        self.variances: list[Variance] = []
        self.revalued: list[Revalued] = []
        self.claims: dict[int, int] = {}
        self.unknown: list[int] = []
        self.shortages: dict[int, int] = {}
        # Sources below zero are layers and issues from before the start: -1 is the first of `_before`.
        self._before: list[str] = [one.ref for one in opened]
        self._layers: deque[list[int]] = deque(
            [one.quantity, one.value, -1 - number] for number, one in enumerate(begin.layers)
        )
        self._lots: dict[int, str] = {-1 - number: one.lot for number, one in enumerate(opened)}
        base = len(begin.layers)
        self._shorts: list[list[int]] = [
            [one.quantity, one.value, -1 - base - number] for number, one in enumerate(begin.shorts)
        ]
        self._counters: dict[int, str] = {-1 - base - number: one.counter for number, one in enumerate(begin.shorts)}
        self._begun = self._last = begin.last
        self._standard = standard
        self._left: dict[int, list[int]] = {}
        self._varied: dict[int, int] = {}
        self._refs: dict[str, int] | None = None

    # -- answers -------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Where the fold stands."""
        return State(
            tuple(Layer(one[0], one[1], self._ref(one[2]), self._lot(one[2])) for one in self._layers if one[0]),
            tuple(
                Short(one[0], one[1], self._ref(one[2]), self._counter(one[2]), self._lot(one[2]))
                for one in self._shorts
            ),
            self._last_known(),
        )

    @property
    def quantity(self) -> int:
        """What the pool holds."""
        held: int = sum(map(_QUANTITY, self._layers)) - sum(map(_QUANTITY, self._shorts))
        return held

    @property
    def value(self) -> int:
        """What it is worth."""
        worth: int = sum(map(_VALUE, self._layers)) - sum(map(_VALUE, self._shorts))
        return worth

    @property
    def open_layers(self) -> int:
        """How many layers are open."""
        return len(self._layers)

    def cost(self, index: int) -> int:
        """What an issue cost, its variances included; positive."""
        return -self.values[index] + self._varied.get(index, 0)

    def uses(self, index: int) -> tuple[Used, ...]:
        """The receipts an issue was taken from, in the order taken; empty under an average."""
        low = bisect_left(self.issues, index)
        if low == len(self.issues) or self.issues[low] != index:
            return ()
        stop = self.starts[low + 1] if low + 1 < len(self.starts) else len(self.use_receipts)
        return tuple(
            Used(self._ref(self.use_receipts[at]), self.use_quantities[at], self.use_values[at])
            for at in range(self.starts[low], stop)
        )

    def lines(self) -> Iterator[Line]:
        """What the cost book should hold, in order: a line a move, one for each variance, two where a claim differs."""
        at = 0
        for index, move in enumerate(self.moves):
            value = self.values[index]
            claim = self.claims.get(index)
            if claim is None or claim == -value:
                yield Line(index, move.counter, move.quantity, value)
            else:
                yield Line(index, move.counter, move.quantity, -claim)
                yield Line(index, VARIANCE if move.counter == SUPPLIER else REVALUATION, 0, value + claim)
            while at < len(self.variances) and self.variances[at].at == index:
                if self.variances[at].value:
                    yield Line(index, self.variances[at].counter, 0, self.variances[at].value)
                at += 1

    def mark(self) -> Mark:
        """Note where the fold is, to go on from there later."""
        return Mark(
            len(self.values),
            len(self.issues),
            len(self.use_receipts),
            len(self.variances),
            array("q", chain.from_iterable(self._layers)),
            array("q", chain.from_iterable(self._shorts)),
            self._last_known(),
            {index: (one[0], one[1]) for index, one in self._left.items()},
            dict(self._varied),
        )

    def resumed(self, mark: Mark, moves: Sequence[CostMove]) -> Fold:
        """A fold over moves that begin as this one's up to the mark and may differ afterwards; not run yet."""
        new = Fold(moves, self.method, standard=self._standard)
        new.values = self.values[: mark.count]
        new.issues, new.starts = self.issues[: mark.issues], self.starts[: mark.issues]
        new.use_receipts = self.use_receipts[: mark.uses]
        new.use_quantities, new.use_values = self.use_quantities[: mark.uses], self.use_values[: mark.uses]
        new.variances = self.variances[: mark.variances]
        new.claims = {index: claim for index, claim in self.claims.items() if index < mark.count}
        new.unknown = [index for index in self.unknown if index < mark.count]
        new.shortages = {index: need for index, need in self.shortages.items() if index < mark.count}
        new._before, new._lots, new._counters = list(self._before), dict(self._lots), dict(self._counters)
        new._layers.extend(list(mark.layers[at : at + 3]) for at in range(0, len(mark.layers), 3))
        new._shorts.extend(list(mark.shorts[at : at + 3]) for at in range(0, len(mark.shorts), 3))
        new._last, new._begun = mark.last, self._begun
        new._left = {index: [quantity, value] for index, (quantity, value) in mark.left.items()}
        new._varied = dict(mark.varied)
        return new

    # -- the fold ------------------------------------------------------------------------------------------------------

    def run(self, stop: int | None = None) -> Fold:
        """Read the moves up to index `stop`, or all."""
        begin = len(self.values)
        moves = self.moves if not begin and stop is None else self.moves[begin:stop]
        if self.method is CostMethod.FIFO:
            self._run_fifo(moves, begin)
        elif self.method is CostMethod.MOVING_AVERAGE:
            self._run_average(moves, begin)
        else:
            for index, move in enumerate(moves, begin):
                self._step(index, move)
        return self

    def turn(self, method: CostMethod) -> None:
        """Go on by another method: what is left becomes the common layer of an average, or a layer for each lot that is held."""
        self._last = self._last_known()
        self.method = method
        if method in (CostMethod.FIFO, CostMethod.LIFO):
            return
        held, worth = sum(map(_QUANTITY, self._layers)), sum(map(_VALUE, self._layers))
        lots: dict[str, int] = {}
        for move in self.moves[: len(self.values)] if method is CostMethod.SPECIFIC else ():
            lots[move.lot] = lots.get(move.lot, 0) + move.quantity
        self._layers.clear()
        for lot, quantity in [*sorted(lots.items()), ("", held)]:
            took = max(min(quantity, held), 0)
            if took:
                share = release_int(held, worth, took)
                held, worth = held - took, worth - share
                self._layers.append([took, share, self._source("")])
                self._lots[-len(self._before)] = lot

    def _run_fifo(self, moves: Sequence[CostMove], begin: int) -> None:
        layers, shorts = self._layers, self._shorts
        add_layer, drop, add_value = layers.append, layers.popleft, self.values.append
        add_issue, add_start = self.issues.append, self.starts.append
        receipts = self.use_receipts
        use_receipt, use_quantity, use_value = receipts.append, self.use_quantities.append, self.use_values.append
        for index, move in enumerate(moves, begin):
            quantity = move.quantity
            if quantity > 0:
                value = move.value
                if value is None or shorts:
                    self._step(index, move)
                else:
                    add_layer([quantity, value, index])
                    add_value(value)
                continue
            if move.of is not None:
                self._step(index, move)
                continue
            need, cost = -quantity, 0
            held = worth = 0
            add_issue(index)
            add_start(len(receipts))
            while need:
                if not layers:
                    cost += self._go_short(index, need, (held, worth))
                    break
                layer = layers[0]
                held, worth, source = layer
                if held <= need:
                    need -= held
                    cost += worth
                    drop()
                    use_receipt(source)
                    use_quantity(held)
                    use_value(worth)
                else:
                    # Half away from zero; both are positive here (`release_int`, without the call).
                    share = (2 * worth * need + held) // (2 * held)
                    layer[0] = held - need
                    layer[1] = worth - share
                    cost += share
                    use_receipt(source)
                    use_quantity(need)
                    use_value(share)
                    break
            add_value(-cost)

    def _run_average(self, moves: Sequence[CostMove], begin: int) -> None:
        shorts, add_value = self._shorts, self.values.append
        held, worth = self._take_common()
        for index, move in enumerate(moves, begin):
            quantity = move.quantity
            if quantity > 0:
                value = move.value
                if value is not None and not shorts:
                    held += quantity
                    worth += value
                    add_value(value)
                    continue
            elif held and move.of is None:
                after = held + quantity
                if after > 0:
                    # Half away from zero; `quantity` is negative (`release_int`, without the call).
                    cost = (held - 2 * worth * quantity) // (2 * held)
                    held = after
                    worth -= cost
                    add_value(-cost)
                    continue
                if not after:
                    add_value(-worth)
                    self._last = (held, worth)
                    held = worth = 0
                    continue
            self._put_common(held, worth)
            self._step(index, move)
            held, worth = self._take_common()
        self._put_common(held, worth)

    def _take_common(self) -> tuple[int, int]:
        layers = self._layers
        return (layers[0][0], layers[0][1]) if layers else (0, 0)

    def _put_common(self, held: int, worth: int) -> None:
        layers = self._layers
        if not held:
            layers.clear()
        elif layers:
            layers[0][0], layers[0][1] = held, worth
        else:
            layers.append([held, worth, self._source("")])

    def _step(self, index: int, move: CostMove) -> None:
        """One move by the full rules; the loops above are this without the branches that most moves do not need."""
        self.values.append(self._receive(index, move) if move.quantity > 0 else -self._issue(index, move))

    def _receive(self, index: int, move: CostMove) -> int:
        quantity = move.quantity
        value = move.value if move.value is not None else self._derived_value(index, move)
        left, worth = quantity, value
        for short in list(self._shorts):
            if not left:
                break
            if self.method is CostMethod.SPECIFIC and self._lot(short[2]) != move.lot:
                continue
            covered = min(left, short[0])
            actual = release_int(left, worth, covered)
            provisional = release_int(short[0], short[1], covered)
            short[0] -= covered
            short[1] -= provisional
            left -= covered
            worth -= actual
            self._vary(index, short[2], actual - provisional)
        self._shorts[:] = [one for one in self._shorts if one[0]]
        self._last = (quantity, value)
        if left:
            common = self._common(move.lot)
            if common is None:
                # An average is nobody's layer: no receipt can be taken from it by name.
                average = self.method is CostMethod.MOVING_AVERAGE
                self._layers.append([left, worth, self._source("") if average else index])
            else:
                common[0] += left
                common[1] += worth
        return value

    def _issue(self, index: int, move: CostMove) -> int:
        need, cost = -move.quantity, 0
        self.issues.append(index)
        self.starts.append(len(self.use_receipts))
        piece = (0, 0)
        returned = None if move.of is None else self._index_of(move.of)
        while need:
            layer = self._next(move.lot, returned)
            if layer is None:
                cost += self._go_short(index, need, piece)
                break
            piece = (layer[0], layer[1])
            took = min(layer[0], need)
            share = self._share(move, layer, took, returned)
            layer[0] -= took
            layer[1] -= share
            need -= took
            cost += share
            if self.method is not CostMethod.MOVING_AVERAGE:
                self.use_receipts.append(layer[2])
                self.use_quantities.append(took)
                self.use_values.append(share)
            if not layer[0]:
                self._last = piece
                self._layers.remove(layer)
        if move.counter == SUPPLIER and (returned is not None or move.value is not None):
            self.claims[index] = move.value if move.value is not None else self._claim(returned, -move.quantity, cost)
        return cost

    def _share(self, move: CostMove, layer: list[int], took: int, returned: int | None) -> int:
        """What leaves a layer with a part of it: its share, or the claim of what is rejected with the change that brought it."""
        claim = move.value
        if claim is None or returned is None or move.position != self.moves[returned].position:
            return release_int(layer[0], layer[1], took)
        # Never part of an average; and what stays is worth what will be billed for it, with no variance of a cent.
        fits = took == -move.quantity < layer[0] and claim <= layer[1]
        return claim if fits else release_int(layer[0], layer[1], took)

    def _next(self, lot: str, returned: int | None) -> list[int] | None:
        """The layer to take from: the returned receipt's own, else the oldest, the newest, or the lot's."""
        layers = self._layers
        if self.method is CostMethod.SPECIFIC:
            return self._common(lot)
        if returned is not None and self.method is not CostMethod.MOVING_AVERAGE:
            own = next((one for one in layers if one[2] == returned), None)
            if own is not None:
                return own
        if not layers:
            return None
        return layers[-1] if self.method is CostMethod.LIFO else layers[0]

    def _common(self, lot: str) -> list[int] | None:
        if self.method is CostMethod.MOVING_AVERAGE:
            return self._layers[0] if self._layers else None
        if self.method is CostMethod.SPECIFIC:
            return next((one for one in self._layers if self._lot(one[2]) == lot), None)
        return None

    def _go_short(self, index: int, need: int, piece: tuple[int, int]) -> int:
        """Issue beyond the stock at a provisional cost: the last known, else the standard, else 0 and flagged."""
        held, worth = piece if piece[0] else self._last_known()
        if not held:
            held, worth = self._standard
        if not held:
            self.unknown.append(index)
        cost = release_int(held, worth, need) if held else 0
        self._shorts.append([need, cost, index])
        self.shortages[index] = need
        return cost

    def _derived_value(self, index: int, move: CostMove) -> int:
        """The value of goods that come in without a price: what they left for, else what the stock is worth each."""
        quantity, value = move.quantity, 0
        source = None if move.of is None else self._index_of(move.of)
        if source is not None:
            left = self._returnable(source)
            took = min(quantity, left[0])
            if took:
                value = release_int(left[0], left[1], took)
                left[0] -= took
                left[1] -= value
                quantity -= took
        if not quantity:
            return value
        held, worth = self.quantity, self.value
        if held <= 0:
            held, worth = self._last_known()
        if not held:
            held, worth = self._standard
        if not held:
            self.unknown.append(index)
            return value
        return value + release_int(held, worth, quantity)

    def _claim(self, receipt: int | None, quantity: int, cost: int) -> int:
        """What the supplier owes for goods sent back: their share of what the receipt cost."""
        if receipt is None or self.moves[receipt].quantity <= 0:
            return cost
        left = self._returnable(receipt)
        took = min(quantity, left[0])
        if not took:
            return cost
        claim = release_int(left[0], left[1], took)
        left[0] -= took
        left[1] -= claim
        return claim if took == quantity else claim + release_int(quantity, cost, quantity - took)

    def _returnable(self, index: int) -> list[int]:
        """What is left to come back of a move, and at what value."""
        if index not in self._left:
            received = self.moves[index].quantity > 0
            worth = abs(self.claims.get(index, self.values[index])) if received else self.cost(index)
            self._left[index] = [abs(self.moves[index].quantity), worth]
        return self._left[index]

    def _vary(self, index: int, source: int, by: int) -> None:
        """A short was covered at another cost than the provisional one: the issue costs that much more."""
        self.variances.append(Variance(index, self._ref(source), self._counter(source), -by))
        self._varied[source] = self._varied.get(source, 0) + by
        if source in self._left:
            self._left[source][1] += by

    # -- sources -------------------------------------------------------------------------------------------------------

    def _last_known(self) -> tuple[int, int]:
        """The last unit cost; under FIFO the newest receipt's, which no loop notes down, those before the start included."""
        if self.method is CostMethod.FIFO:
            for index in range(len(self.values) - 1, -1, -1):
                if self.moves[index].quantity > 0:
                    return self.moves[index].quantity, self.values[index]
            if self._begun[0]:
                return self._begun
        if self._layers:
            return self._layers[-1][0], self._layers[-1][1]
        return self._last

    def _index_of(self, ref: str) -> int | None:
        if self._refs is None:
            self._refs = {one.ref: index for index, one in enumerate(self.moves) if one.ref}
        index = self._refs.get(ref)
        # A move that comes later in the order of dates has nothing to give back yet.
        return index if index is not None and index < len(self.values) else None

    def _source(self, ref: str) -> int:
        self._before.append(ref)
        return -len(self._before)

    def _ref(self, source: int) -> str:
        return self.moves[source].ref if source >= 0 else self._before[-1 - source]

    def _lot(self, source: int) -> str:
        return self.moves[source].lot if source >= 0 else self._lots.get(source, "")

    def _counter(self, source: int) -> str:
        return self.moves[source].counter if source >= 0 else self._counters[source]
