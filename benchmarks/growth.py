"""Does posting slow down as the ledger grows? Batches of 1,000 entries through `apply_each`, 20,000 entries a period.

    python benchmarks/growth.py --until 1000000       goal at 10,000,000 postings: >= 0.8 x the rate at 10,000
    python benchmarks/growth.py --until 10000000      the long run
    python benchmarks/growth.py --random-keys         keys that do not grow: >= 0.25 x at 4,000,000

The rate at the end is set against the rate at the first 10,000 postings of the same run. The books are checked at the end.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from datetime import date
from pathlib import Path

from posting import ACCOUNTS, prepare

from bizcore import Company, Money
from bizcore.book.entry import Entry, Posting
from bizcore.change.reading import PostingQuery
from bizcore.store.opener import open_store

BATCH = 1_000
PERIOD = 20_000


def day_of(number: int) -> date:
    """The date of an entry: a month holds 20,000."""
    months = number // PERIOD
    return date(2000 + months // 12, months % 12 + 1, 1 + number % 28)


def batch(acme: Company, first: int, source: random.Random | None) -> float:
    """Record one batch; the seconds it took, with building the values."""
    post = acme.finance.post
    begun = time.perf_counter()
    acts = []
    for number in range(first, first + BATCH):
        amount = Money.of_minor(100 + number % 7, "EUR")
        legs = [Posting(ACCOUNTS[number % 1000], amount), Posting(ACCOUNTS[(number * 7 + 1) % 1000], -amount)]
        key = f"key {number:012d}" if source is None else f"{source.getrandbits(128):032x}"
        acts.append((post(Entry(day_of(number), legs)), key))
    acme.apply_each(acts)
    return time.perf_counter() - begun


def main() -> None:
    """Print the rate at marks on the way, and the ratio of the last to the first."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--until", type=int, default=1_000_000, help="postings")
    options.add_argument("--random-keys", action="store_true")
    given = options.parse_args()
    source = random.Random(1) if given.random_keys else None
    with tempfile.TemporaryDirectory() as folder:
        acme = Company.create(
            "acme", currency="EUR", store=open_store(f"sqlite:///{Path(folder) / 'g.db'}"), actor="bench"
        )
        prepare(acme)
        entries = given.until // 2
        marks = sorted({5_000, 50_000, 250_000, 500_000, 1_000_000, 2_000_000, entries} & set(range(entries + 1)))
        recent: list[float] = []
        base = 0.0
        for first in range(0, entries, BATCH):
            recent = [*recent[-9:], batch(acme, first, source)]
            done = first + BATCH
            if done in marks:
                rate = BATCH / sorted(recent)[len(recent) // 2]
                base = base or rate
                print(
                    f"{2 * done:10d} postings: {rate:8.0f} entries/s  ratio to the first mark {rate / base:.2f}",
                    flush=True,
                )
        totals = list(acme.view().totals(PostingQuery(book="journal"), by=("account",)))
        assert sum(one.debit for one in totals) == sum(100 + number % 7 for number in range(entries))
        assert sum(one.value for one in totals) == 0
        acme.close()


if __name__ == "__main__":
    main()
