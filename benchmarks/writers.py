"""Several processes write one SQLite file: nobody fails, nobody starves, and the total is what one alone would reach.

python benchmarks/writers.py --processes 1,4,8      goals at 4: slowest >= 0.5 x fastest, 99th <= 50 ms, total >= 0.7 x one process
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

from bizcore import Company, Money
from bizcore.book.entry import Entry, Posting
from bizcore.change.reading import PostingQuery
from bizcore.store.opener import open_store


def write(path: str, worker: int, seconds: float, results: Any) -> None:
    """Apply entries until the time is over; report how many, and the 99th percentile of their times."""
    acme = Company.create("acme", currency="EUR", store=open_store(f"sqlite:///{path}"), actor="bench")
    took = []
    end = time.perf_counter() + seconds
    number = 0
    while (begun := time.perf_counter()) < end:
        amount = Money.of_minor(100, "EUR")
        entry = Entry("2026-03-05", [Posting("1000", amount), Posting("4000", -amount)])
        acme.apply(acme.finance.post(entry), key=f"{worker} {number:07d}")
        took.append(time.perf_counter() - begun)
        number += 1
    acme.close()
    took.sort()
    results.put((number, took[int(len(took) * 0.99)] if took else 0.0))


def run(processes: int, seconds: float) -> tuple[list[int], float]:
    """Run so many writers on a new file; check the books; give their counts and the worst 99th percentile."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "w.db")
        acme = Company.create("acme", currency="EUR", store=open_store(f"sqlite:///{path}"), actor="bench")
        acme.close()
        context = multiprocessing.get_context("spawn")
        results = context.Queue()
        workers = [context.Process(target=write, args=(path, at, seconds, results)) for at in range(processes)]
        for one in workers:
            one.start()
        found = [results.get(timeout=seconds + 60) for _ in workers]
        for one in workers:
            one.join()
        acme = Company.open("acme", store=open_store(f"sqlite:///{path}"), actor="bench")
        entries = sum(count for count, _ in found)
        assert acme.head == entries, "every entry that was answered is in the log, and nothing else"
        totals = {row.key[0]: row.amount for row in acme.view().totals(PostingQuery(book="journal"), by=("account",))}
        assert totals == {"1000": 100 * entries, "4000": -100 * entries}
        acme.close()
        return [count for count, _ in found], max(worst for _, worst in found)


def main() -> None:
    """Print each number of processes against one process of the same run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--processes", default="1,4,8")
    options.add_argument("--seconds", type=float, default=5.0)
    given = options.parse_args()
    alone = 0.0
    for processes in (int(one) for one in given.processes.split(",")):
        counts, worst = run(processes, given.seconds)
        total = sum(counts) / given.seconds
        alone = alone or total
        print(
            f"{processes} processes: {total:7.0f} entries/s  to one {total / alone:.2f}  slowest/fastest {min(counts) / max(counts):.2f}"
            f"  99th {worst * 1000:.1f} ms  none failed, the books balance"
        )


if __name__ == "__main__":
    main()
