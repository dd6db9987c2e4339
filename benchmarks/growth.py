"""Does posting slow down as the ledger grows? Batches of 1,000 acts through `apply_each`, 20,000 entries a period.

    python benchmarks/growth.py                       to 1,000,000 postings
    python benchmarks/growth.py --until 10000000      the long run; goal there: >= 0.8 x the rate at 10,000
    python benchmarks/growth.py --random-keys --until 4000000      keys that do not grow; goal there: >= 0.25 x

At each mark ten batches of the long ledger alternate with ten batches of a new one that has 10,000 postings, so that both see
the same machine; the ratio is of their median rates. At the end the books are checked, kept totals against the postings.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from datetime import date
from itertools import count
from pathlib import Path

from posting import ACCOUNTS, prepare
from rounds import judged, ratios

from bizcore import Company, Money
from bizcore.book.entry import Entry, Posting
from bizcore.change.reading import PostingQuery
from bizcore.store.opener import open_store

PERIOD = 20_000
MARKS = (20_000, 100_000, 500_000, 1_000_000, 2_000_000, 4_000_000, 7_000_000, 10_000_000)


def day_of(number: int) -> date:
    """The date of an entry: a month holds 20,000."""
    months = number // PERIOD
    return date(2000 + months // 12, months % 12 + 1, 1 + number % 28)


class Ledger:
    """A company under load: each batch posts the next entries."""

    def __init__(self, path: Path, *, batch: int, source: random.Random | None) -> None:
        self.path = path
        self.company = Company.create("acme", currency="EUR", store=open_store(f"sqlite:///{path}"), actor="bench")
        prepare(self.company)
        self.entries = 0
        self._batch = batch
        self._source = source

    def post(self) -> float:
        """Record one batch; the seconds it took, with building the values."""
        post = self.company.finance.post
        begun = time.perf_counter()
        acts = []
        for number in range(self.entries, self.entries + self._batch):
            amount = Money.of_minor(100 + number % 7, "EUR")
            legs = [Posting(ACCOUNTS[number % 1000], amount), Posting(ACCOUNTS[(number * 7 + 1) % 1000], -amount)]
            key = f"key {number:012d}" if self._source is None else f"{self._source.getrandbits(128):032x}"
            acts.append((post(Entry(day_of(number), legs)), key))
        self.company.apply_each(acts)
        self.entries += self._batch
        return time.perf_counter() - begun

    def until(self, entries: int) -> None:
        """Post up to a number of entries."""
        while self.entries < entries:
            self.post()

    def close(self) -> None:
        """Check the books: kept totals, raw postings and what was asked for say the same."""
        expected = sum(100 + number % 7 for number in range(self.entries))
        totals = self.company.view().totals(PostingQuery(book="journal"), by=("account",))
        assert sum(one.debit for one in totals) == sum(one.credit for one in totals) == expected
        self.company.close()
        raw = sqlite3.connect(self.path)
        found = raw.execute("select count(*), sum(max(amount, 0)), sum(amount) from bizcore_postings").fetchone()
        assert found == (2 * self.entries, expected, 0), "the postings are what was posted"
        raw.close()


def main() -> None:
    """Print the rate at each mark, beside that of a small ledger in the same minute."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--until", type=int, default=1_000_000, help="postings")
    options.add_argument("--random-keys", action="store_true")
    options.add_argument("--batch", type=int, default=1_000)
    options.add_argument("--rounds", type=int, default=10, help="batches of each side at a mark")
    given = options.parse_args()
    source = random.Random(1) if given.random_keys else None
    goal = {(10_000_000, False): 0.8, (4_000_000, True): 0.25}
    with tempfile.TemporaryDirectory() as folder:
        numbers = count()

        def ledger() -> Ledger:
            return Ledger(Path(folder) / f"{next(numbers)}.db", batch=given.batch, source=source)

        long = ledger()
        for mark in sorted({one for one in MARKS if one < given.until} | {given.until}):
            long.until(mark // 2 - given.rounds * given.batch)
            small = ledger()
            small.until(min(5_000, mark // 2))
            took: tuple[list[float], list[float]] = ([], [])
            for _ in range(given.rounds):
                took[0].append(small.post())
                took[1].append(long.post())
            small.close()
            rates = [given.batch / statistics.median(one) for one in took]
            found = judged(ratios(*took), least=goal.get((mark, given.random_keys)))
            print(
                f"{2 * long.entries:10d} postings: {rates[1]:7.0f} entries/s, beside {rates[0]:7.0f}/s at 10,000  ratio {found}",
                flush=True,
            )
        long.close()
        print("the books balance: kept totals, postings and what was asked for agree")


if __name__ == "__main__":
    main()
