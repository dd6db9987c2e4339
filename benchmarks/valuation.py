"""What goods cost: folds over many moves against bare integer loops that keep only a total.

    python benchmarks/valuation.py --moves 1000000    FIFO >= 0.28 x, moving average >= 0.5 x a bare loop; >= 9 x accfifo
    python benchmarks/valuation.py --backdate         back-dated receipt <= 0.6 x a full replay, past date <= 0.02 x

Public moves go in, 1,000 items; the cost and the lots of every issue can be asked for afterwards. Both sides' totals are compared
before a ratio is printed, and the back-dated fold with the replay, line by line.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import deque
from collections.abc import Sequence
from datetime import date, timedelta
from importlib import import_module

from rounds import duration, in_turn, judged, ratios, seconds

from bizcore.book.lots import release_int
from bizcore.supply.costmoves import CostMove
from bizcore.supply.methods import fifo, moving_average
from bizcore.supply.timeline import Timeline
from bizcore.supply.valuation import Fold

SCALE = 1_000_000
Bare = list[tuple[int, int]]


def moves_of(count: int, seed: int) -> list[CostMove]:
    """Receipts and issues of one item in random sizes, never beyond the stock, which stays about ten receipts deep."""
    source = random.Random(seed)
    held, found = 0, []
    for number in range(count):
        on = (date(2020, 1, 1) + timedelta(days=number * 2_000 // count)).isoformat()
        if held < 20 or source.random() < (0.5 if held < 400 else 0.25):
            quantity = source.randint(20, 60)
            value = quantity * source.randint(90, 110)
            found.append(CostMove(on, number + 1, 1, quantity * SCALE, value, ref=f"r{number}"))
        else:
            quantity = -source.randint(1, min(held, 40))
            found.append(CostMove(on, number + 1, 1, quantity * SCALE, counter="customer"))
        held += quantity
    return found


def bare(moves: Sequence[CostMove]) -> Bare:
    """What the raw side gets: quantity and value, nothing else."""
    return [(one.quantity, one.value or 0) for one in moves]


def bare_fifo(moves: Bare) -> int:
    """The cost of everything issued; a deque of [quantity, value], the rule for rests in line."""
    layers: deque[list[int]] = deque()
    total = 0
    for quantity, value in moves:
        if quantity > 0:
            layers.append([quantity, value])
            continue
        need = -quantity
        while need:
            layer = layers[0]
            held, worth = layer
            if held <= need:
                need -= held
                total += worth
                layers.popleft()
            else:
                share = (2 * worth * need + held) // (2 * held)
                layer[0] = held - need
                layer[1] = worth - share
                total += share
                need = 0
    return total


def bare_average(moves: Bare) -> int:
    """The cost of everything issued, by one running average."""
    held = worth = total = 0
    for quantity, value in moves:
        if quantity > 0:
            held += quantity
            worth += value
        else:
            share = (2 * worth * -quantity + held) // (2 * held)
            held += quantity
            worth -= share
            total += share
    return total


def issued(fold: Fold) -> int:
    """The cost of everything a fold issued."""
    return -sum(one for one in fold.values if one < 0)


def check(items: Sequence[list[CostMove]]) -> None:
    """Totals are equal, and every issue's cost is what was taken of its receipts."""
    for moves in items:
        done = fifo(moves)
        assert issued(done) == bare_fifo(bare(moves))
        assert issued(moving_average(moves)) == bare_average(bare(moves))
        for index in done.issues[:: max(1, len(done.issues) // 20)]:
            uses = done.uses(index)
            assert sum(one.value for one in uses) == done.cost(index)
            assert sum(one.quantity for one in uses) == -moves[index].quantity
    assert release_int(3, 10, 1) == (2 * 10 + 3) // 6, "the raw loops round as the library does"


def folds(count: int, items: int, rounds: int) -> None:
    """Goal 6."""
    each = [moves_of(count // items, seed) for seed in range(items)]
    check(each)
    raw = [bare(moves) for moves in each]
    name = f"{count:,} moves, {items:,} items"
    took = in_turn(rounds, lambda: [bare_fifo(one) for one in raw], lambda: [fifo(one) for one in each])
    print(f"FIFO, {name}: raw {duration(took[0])}  ours {duration(took[1])}  ratio {judged(ratios(*took), least=0.28)}")
    took = in_turn(rounds, lambda: [bare_average(one) for one in raw], lambda: [moving_average(one) for one in each])
    print(
        f"average, {name}: raw {duration(took[0])}  ours {duration(took[1])}  ratio {judged(ratios(*took), least=0.5)}"
    )
    peer(min(count, 100_000), rounds)


def peer(count: int, rounds: int) -> None:
    """accfifo on one item, where it is installed."""
    try:
        accfifo = import_module("accfifo")
    except ImportError:
        print("accfifo is not installed here; its goal is not measured")
        return
    moves = moves_of(count, 1)
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        # It changes the entries it is given, so each round has new ones, made before the clock starts.
        entries = [
            accfifo.Entry(one.quantity // SCALE, (one.value or 0) * SCALE / one.quantity if one.quantity > 0 else 0)
            for one in moves
        ]
        begun = time.perf_counter()
        theirs = accfifo.FIFO(entries)
        took[0].append(time.perf_counter() - begun)
        took[1].append(seconds(lambda: fifo(moves)))
    done = fifo(moves)
    assert theirs.stock * SCALE == done.quantity
    assert abs(theirs.valuation - done.value) < len(done.state.layers) + 1, "within a cent a layer: theirs are floats"
    print(f"FIFO to accfifo, {count:,} moves: accfifo {duration(took[0])}  ours {duration(took[1])}", end="")
    print(f"  ratio {judged(ratios(*took), least=9)}")


def backdate(count: int, rounds: int) -> None:
    """Goal 7."""
    moves = moves_of(count, 1)
    line = Timeline(moves)
    middle = moves[len(moves) // 2]
    late = CostMove(middle.on, count + 1, 1, 30 * SCALE, 30 * 95, ref="late")
    new = line.with_move(late)
    replayed = fifo(new.moves)
    assert list(new.fold.lines()) == list(replayed.lines())
    assert new.fold.state == replayed.state
    days = [moves[len(moves) * part // 17].on for part in range(1, 17)]
    for on in days:
        until = [one for one in moves if one.on <= on]
        assert line.at(on) == (sum(one.quantity for one in until), fifo(until).value)

    took = in_turn(rounds, lambda: fifo(new.moves), lambda: line.with_move(late))
    print(f"back-dated receipt amid {count:,}: full replay {duration(took[0])}  ours {duration(took[1])}", end="")
    print(f"  ratio {judged(ratios(took[1], took[0]), most=0.6)}")
    took = in_turn(rounds, lambda: fifo(moves), lambda: [line.at(on) for on in days])
    each = [one / len(days) for one in took[1]]
    print(f"value at a past date amid {count:,}: full replay {duration(took[0])}  ours {duration(each)}", end="")
    print(f"  ratio {judged(ratios(each, took[0]), most=0.02)}")


def main() -> None:
    """Print both sides and the ratio of each."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--moves", type=int, default=1_000_000)
    options.add_argument("--items", type=int, default=1_000)
    options.add_argument("--backdate", action="store_true", help="only that, amid a tenth of the moves")
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    if given.backdate:
        backdate(given.moves // 10, given.rounds)
    else:
        folds(given.moves, given.items, given.rounds)


if __name__ == "__main__":
    main()
