"""Clients in parallel: the total stays in every read, a key is one entry, the last pieces take the last cents."""

from __future__ import annotations

import os
import random
import struct
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, cast

from bizcore.change.act import Act
from bizcore.change.changes import FloorBroken
from bizcore.change.reading import PostingQuery
from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.testing.broken import Broken
from bizcore.testing.crash import Opening
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, SOURCE, ToyDesk

ACCOUNTS: Final = tuple(f"account {n}" for n in range(8))
EACH: Final = 100


class Banked(NamedTuple):
    """What the processes of a bank did together."""

    transfers: int
    refused: int
    reads: int
    slowest_share: float
    """The transfers of the slowest process as a share of the fastest one's."""


def bank(opening: Opening, *, processes: int, seconds: float) -> Banked:
    """Processes move money at random and read the whole; nobody else writes.

    Guarantees checked: every read shows the same total and no balance below nothing; no error reaches a caller but a floor.
    Raises: Broken. POSIX only.
    """
    acme = opening()
    toys = cast("ToyDesk", acme.desk("toy"))
    for name in ACCOUNTS:
        acme.apply(toys.deposit(name, Money.of_minor(EACH, CURRENCY)), key=f"open {name}")
    acme.close()
    pipes = [_forked(opening, worker, seconds) for worker in range(processes)]
    results = [_collected(*one) for one in pipes]
    wrong = [one for one in results if one is None or one[3]]
    if wrong:
        raise Broken(f"{len(wrong)} of {processes} processes saw a wrong total or an error")
    with opening() as acme:
        sound(acme)
    made = [one for one in results if one is not None]
    transfers = [one[0] for one in made]
    return Banked(
        sum(transfers), sum(one[1] for one in made), sum(one[2] for one in made), min(transfers) / max(*transfers, 1)
    )


def _forked(opening: Opening, worker: int, seconds: float) -> tuple[int, int]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            os.write(writing, struct.pack("4q", *_work(opening, worker, seconds)))
        finally:
            os._exit(0)
    os.close(writing)
    return child, reading


def _collected(child: int, reading: int) -> tuple[int, int, int, int] | None:
    with os.fdopen(reading, "rb") as stream:
        data = stream.read()
    os.waitpid(child, 0)
    return cast("tuple[int, int, int, int]", struct.unpack("4q", data)) if len(data) == 32 else None


def _work(opening: Opening, worker: int, seconds: float) -> tuple[int, int, int, int]:
    acme = opening()
    toys = cast("ToyDesk", acme.desk("toy"))
    source = random.Random(worker)
    done = refused = reads = wrong = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        giver, taker = source.sample(ACCOUNTS, 2)
        amount = Money.of_minor(source.randrange(1, 60), CURRENCY)
        try:
            acme.apply(toys.transfer(amount, source=giver, target=taker), key=f"{worker} {done + refused:07d}")
            done += 1
        except FloorBroken:
            refused += 1
        rows = acme.view().totals(PostingQuery(book="journal"), by=("account",))
        held = {row.key[0]: row.amount for row in rows if row.key[0] != SOURCE}
        wrong += sum(held.values()) != EACH * len(ACCOUNTS) or min(held.values()) < 0
        reads += 1
    acme.close()
    return done, refused, reads, wrong


def threads_with_keys(company: Company, acts: Sequence[tuple[str, Act[Any]]], *, threads: int) -> None:
    """Threads send the same acts under the same keys, each in its own order and each twice, as if answers got lost.

    Guarantees checked: each key is one record and all its answers are the same one. Raises: Broken.
    """
    before = company.head
    answers: dict[str, set[int]] = {key: set() for key, _ in acts}
    errors: list[BaseException] = []
    start = threading.Barrier(threads)

    def send(worker: int) -> None:
        mine = list(acts) * 2
        random.Random(worker).shuffle(mine)
        start.wait()
        try:
            for key, act in mine:
                answers[key].add(company.apply(act, key=key).position)
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that waits
            errors.append(error)

    workers = [threading.Thread(target=send, args=(worker,)) for worker in range(threads)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    if errors:
        raise Broken(f"{len(errors)} threads failed, one with {errors[0]!r}")
    sound(company)
    twice = [key for key, found in answers.items() if len(found) != 1]
    if twice or company.head != before + len(acts):
        raise Broken(f"{company.head - before} records for {len(acts)} keys; more than one answer: {twice[:3]}")


def race(calls: Sequence[Callable[[], Any]]) -> list[BaseException | None]:
    """Run calls at the same instant, each in a thread; give what each raised."""
    start = threading.Barrier(len(calls))
    raised: list[BaseException | None] = [None] * len(calls)

    def run(at: int) -> None:
        start.wait()
        try:
            calls[at]()
        except BaseException as error:  # noqa: BLE001 - it is the answer
            raised[at] = error

    workers = [threading.Thread(target=run, args=(at,)) for at in range(len(calls))]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    return raised
