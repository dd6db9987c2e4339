"""kill -9 at random instants: what was acknowledged is there, nothing is there in part."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, Protocol, cast

from bizcore.book.entry import Entry
from bizcore.change.act import Act
from bizcore.change.reading import PostingQuery
from bizcore.company import Company
from bizcore.kernel.errors import Unavailable
from bizcore.kernel.money import Money
from bizcore.store.clock import machine_clock, machine_ids
from bizcore.store.port import Database, RunAgain
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


# -- the server is killed --------------------------------------------------------------------------------------------


class Outage(NamedTuple):
    """What a series of kills of a server showed."""

    kills: int
    acknowledged: int
    refused: Counter[str]
    """The codes of the refusals that clients met, each of which says that trying again may help."""


class Killable(Protocol):
    """A server that can be killed and started again."""

    def kill(self) -> None:
        """Kill it at once."""

    def start(self) -> None:
        """Start it, and wait until it answers."""


def kill_the_server(server: Killable, opening: Opening, *, kills: int, clients: int, seed: str) -> Outage:
    """Kill the server while processes write with keys, each sending a key again until it is answered.

    Guarantees checked: clients meet refusals that may be tried again and nothing else; every acknowledged key is there exactly
    once, where it was said to be; nothing is there in part; all that is kept is sound. Raises: Broken. POSIX only.
    """
    source = random.Random(seed)
    opening().close()
    children = [_client(opening, number) for number in range(clients)]
    for _ in range(kills):
        time.sleep(source.uniform(0.05, 0.3))
        server.kill()
        server.start()
    time.sleep(0.3)
    answers: dict[str, int] = {}
    refused: Counter[str] = Counter()
    for child, reading in children:
        os.kill(child, signal.SIGTERM)
        with os.fdopen(reading, "rb") as stream:
            lines = stream.read().decode().split("\n")[:-1]
        os.waitpid(child, 0)
        for what, _, key in (line.partition(" ") for line in lines):
            if what == "failed":
                raise Broken(f"a client met {key}")
            if what.isdecimal():
                answers[key] = int(what)
            else:
                refused[what] += 1
    with opening() as acme:
        found = {one.key: one.position for one in acme.log()}
        lost = [key for key, position in answers.items() if found.get(key) != position]
        if lost:
            raise Broken(f"{len(lost)} acknowledged changes are lost or elsewhere, the first is {lost[0]}")
        # A client that is told to end may have one change under way that nobody was told of.
        held = acme.view().balance("journal", "cash", CURRENCY).value.minor
        if not len(answers) <= acme.head <= len(answers) + clients or held != 7 * acme.head or len(found) != acme.head:
            raise Broken(f"{acme.head} changes and {held} cents for {len(answers)} acknowledged")
        sound(acme)
    return Outage(kills, len(answers), refused)


def _client(opening: Opening, number: int) -> tuple[int, int]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _send_until_answered(opening, number, writing)
        except BaseException as error:  # noqa: BLE001 - told to who waits
            os.write(writing, f"failed {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(1)
    os.close(writing)
    return child, reading


def _send_until_answered(opening: Opening, client: int, pipe: int) -> NoReturn:
    acme = opening()
    for number in range(1_000_000):
        key = f"client {client} {number:06d}"
        while True:
            try:
                done = acme.apply(_deposit(acme), key=key)
            except (Unavailable, RunAgain) as error:
                if not error.retry:
                    raise
                os.write(pipe, f"{error.code} {key}\n".encode())
                time.sleep(0.02)
            else:
                os.write(pipe, f"{done.position} {key}\n".encode())
                break
    os._exit(0)
