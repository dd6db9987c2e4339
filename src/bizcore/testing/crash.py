"""kill -9 at random instants: what was acknowledged is there, nothing is there in part."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, cast

from bizcore.book.entry import Entry
from bizcore.change.act import Act
from bizcore.change.reading import PostingQuery
from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.store.clock import machine_clock, machine_ids
from bizcore.store.port import Database
from bizcore.store.sqlite import SqliteDatabase
from bizcore.testing.broken import Broken
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk

Opening = Callable[[], Company]
"""Opens the company of a series, made when it is not there, in connections of its own: a forked process calls it again."""

_LATEST: Final = 0.045
"""Seconds after which the latest kill comes: some thirty commits."""


class Crashed(NamedTuple):
    """What a series of kills showed."""

    kills: int
    between: int
    """Kills after the first and before the last acknowledgement that the process would have given."""

    acknowledged: int


def company_at(where: Path | str) -> Company:
    """The company of a series in connections of this process's own: in the file of a path, or in the database of a URL."""
    if isinstance(where, Path):
        database: Database = SqliteDatabase(where, clock=machine_clock, ids=machine_ids)
    else:
        from bizcore.store.sql import SqlStore

        database = SqlStore.from_url(where, clock=machine_clock, ids=machine_ids)
    return Company.create(
        "acme", currency=CURRENCY, store=database, desks=[ToyDesk], kinds=[Note, Person, Rule], actor="ann"
    )


def kill_at_random(opening: Opening, *, kills: int, seed: str) -> Crashed:
    """Let a process write and kill it, again and again in one store; look after each.

    Guarantees checked: every acknowledged key is there; nothing is there in part; all that is kept is sound; the key that was
    under way gives exactly one entry when it is sent again. Raises: Broken. POSIX only.
    """
    source = random.Random(seed)
    between = acknowledged = 0
    opening().close()
    for turn in range(kills):
        # One kill in five is timed from the start and may hit the first commit; the others from the first acknowledgement, so
        # that on a busy machine too they come between acknowledgements.
        acks = _killed(opening, turn, source.uniform(0, _LATEST), lines=2 if turn % 5 else 1)
        between += bool(acks)
        acknowledged += len(acks)
        _judge(opening, turn, acks)
    with opening() as acme:
        sound(acme)
    return Crashed(kills, between, acknowledged)


def _killed(opening: Opening, turn: int, after: float, *, lines: int) -> list[str]:
    """Start a writer, wait until it has said so many lines and a while longer, kill it; the keys it acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _write_for_ever(opening, turn, writing)
    os.close(writing)
    said = b""
    while said.count(b"\n") < lines:
        more = os.read(reading, 4096)
        if not more:
            os.waitpid(child, 0)
            raise Broken(f"turn {turn}: the writer ended by itself")
        said += more
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as stream:
        text = (said + stream.read()).decode()
    return [line for line in text.split("\n")[:-1] if line]


def _write_for_ever(opening: Opening, turn: int, pipe: int) -> NoReturn:
    try:
        acme = opening()
        os.write(pipe, b"\n")
        for number in range(1_000_000):
            key = f"turn {turn:04d} {number:06d}"
            acme.apply(_deposit(acme), key=key)
            os.write(pipe, f"{key}\n".encode())
    finally:
        os._exit(1)


def _deposit(company: Company) -> Act[Entry]:
    return cast("ToyDesk", company.desk("toy")).deposit("cash", Money.of_minor(7, CURRENCY))


def _judge(opening: Opening, turn: int, acks: list[str]) -> None:
    acme = opening()
    try:
        view = acme.view()
        lost = [key for key in acks if acme._reading().logged(key) is None]
        if lost:
            raise Broken(f"kill {turn}: {len(lost)} acknowledged changes are lost, the first is {lost[0]}")
        rows = list(view.postings(PostingQuery(book="journal")))
        held = view.balance("journal", "cash", CURRENCY).value.minor
        if sum(row.amount for row in rows) or held != 7 * acme.head or len(rows) != 2 * acme.head:
            raise Broken(f"kill {turn}: {len(rows)} postings and {held} cents for {acme.head} changes")
        if turn % 40 == 0:
            sound(acme)
        under_way = f"turn {turn:04d} {len(acks):06d}"
        was_there = acme._reading().logged(under_way) is not None
        head = acme.head
        answers = [acme.apply(_deposit(acme), key=under_way) for _ in range(2)]
        if acme.head != head + (not was_there) or answers[0].position != answers[1].position:
            raise Broken(f"kill {turn}: sending {under_way} again gave another entry")
    finally:
        acme.close()
