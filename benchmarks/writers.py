"""Several processes write one SQLite file: nobody fails, nobody starves, and the total is near what one alone reaches.

python benchmarks/writers.py --processes 1,4,8

Goals at 4 processes: slowest >= 0.5 x fastest, 99th percentile of the waits <= 50 ms, total >= 0.7 x one process. Every process
applies entries for five seconds, one commit each, from the moment all of them are ready. Afterwards the log holds what was
answered and nothing else, the books balance, and the hash chain is whole.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from multiprocessing.context import SpawnContext
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import NamedTuple

from bizcore import Company, Money
from bizcore.book.entry import Entry, Posting
from bizcore.change.reading import PostingQuery
from bizcore.store.opener import open_store

ACCOUNTS = ("1000", "4000")


class Report(NamedTuple):
    """What one process did: entries, the 99th percentile of their seconds, the worst of them."""

    count: int
    late: float
    worst: float


def opened(path: str) -> Company:
    return Company.create("acme", currency="EUR", store=open_store(f"sqlite:///{path}"), actor="bench")


def write(path: str, worker: int, seconds: float, start: Barrier, results: Queue[Report]) -> None:
    """Apply entries until the time is over."""
    acme = opened(path)
    amount = Money.of_minor(100, "EUR")
    entry = Entry("2026-03-05", [Posting(ACCOUNTS[0], amount), Posting(ACCOUNTS[1], -amount)])
    acme.plan(acme.finance.post(entry))  # what is imported late is imported now
    start.wait(timeout=60)
    took = []
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        acme.apply(acme.finance.post(entry), key=f"{worker} {len(took):07d}")
        took.append(time.perf_counter() - begun)
    acme.close()
    took.sort()
    results.put(Report(len(took), took[int(len(took) * 0.99)], took[-1]))


def run(context: SpawnContext, processes: int, seconds: float) -> list[Report]:
    """Run so many writers on a new file, and check the books."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "w.db")
        opened(path).close()
        start, results = context.Barrier(processes), context.Queue()
        workers = [context.Process(target=write, args=(path, at, seconds, start, results)) for at in range(processes)]
        for one in workers:
            one.start()
        found: list[Report] = [results.get(timeout=seconds + 120) for _ in workers]
        for one in workers:
            one.join()
            assert one.exitcode == 0
        check(path, sum(one.count for one in found))
        return found


def check(path: str, entries: int) -> None:
    """Every entry that was answered is in the log, and nothing else; totals, postings and chain agree."""
    acme = opened(path)
    assert acme.head == entries
    rows = acme.view().totals(PostingQuery(book="journal"), by=("account",))
    assert {row.key[0]: row.amount for row in rows} == {ACCOUNTS[0]: 100 * entries, ACCOUNTS[1]: -100 * entries}
    assert sum(1 for _ in acme.view().postings(PostingQuery(book="journal"))) == 2 * entries
    assert acme.verify().ok
    acme.close()


def main() -> None:
    """Print each number of processes against one process of the same run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--processes", default="1,4,8")
    options.add_argument("--seconds", type=float, default=5.0)
    given = options.parse_args()
    context = multiprocessing.get_context("spawn")
    alone = run(context, 1, given.seconds)[0].count / given.seconds
    print(f"one process alone: {alone:.0f} entries/s", flush=True)
    for processes in (int(one) for one in given.processes.split(",")):
        found = run(context, processes, given.seconds)
        counts = [one.count for one in found]
        total = sum(counts) / given.seconds
        fair, late = min(counts) / max(counts), max(one.late for one in found)
        met = (
            ""
            if processes != 4
            else f"  goals {'met' if fair >= 0.5 and late <= 0.05 and total >= 0.7 * alone else 'MISSED'}"
        )
        print(
            f"{processes} processes: {total:6.0f} entries/s, {total / alone:.2f} of one alone;"
            f" slowest {fair:.2f} of fastest; 99th {late * 1000:.1f} ms, worst {max(one.worst for one in found) * 1000:.0f} ms;"
            f" none failed, books and chain checked{met}",
            flush=True,
        )


if __name__ == "__main__":
    main()
