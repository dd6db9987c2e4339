"""Reading a long ledger: a finished trial balance against a raw covering-index GROUP BY on the same postings.

    python benchmarks/reads.py --postings 1000000                    goal: <= 0.15 x the raw scan, as a finished Table
    python benchmarks/reads.py --postings 1000000,10000000           goal: period end <= 1.3 x, any day <= 4 x from 1M to 10M
    python benchmarks/reads.py --balance --stream                    one balance, and postings as a stream

The ledger has 1,000 accounts and 36 periods. It is filled through the commit rule's own rows, written by the adapter in large
batches (posting ten million acts one by one would measure posting). Sums are compared before a ratio is printed.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from posting import ACCOUNTS, prepare

from bizcore import Company
from bizcore.change.reading import PostingQuery
from bizcore.store import schema
from bizcore.store.opener import open_store

ROUNDS = 7


def timed(call: Callable[[], Any]) -> float:
    """The median seconds of some rounds."""
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        call()
        took.append(time.perf_counter() - begun)
    return statistics.median(took)


def fill(path: Path, postings: int) -> Company:
    """A company whose ledger holds so many postings in 36 periods, with the totals that belong to them."""
    acme = Company.create("acme", currency="EUR", store=open_store(f"sqlite:///{path}"), actor="bench")
    prepare(acme)
    number = acme._store._number  # type: ignore[union-attr]
    head = acme.head
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("pragma synchronous=off")
    each = postings // 36
    sums: dict[tuple[str, int], list[int]] = {}
    position = 0
    raw.execute("begin")
    for month in range(36):
        period = (2020 + month // 12) * 100 + month % 12 + 1
        rows = []
        for at in range(each // 2):
            position += 1
            on = f"{period // 100}-{period % 100:02d}-{1 + at % 28:02d}"
            amount = 100 + at % 7
            for line, (account, signed) in enumerate(
                ((ACCOUNTS[at % 1000], amount), (ACCOUNTS[(at * 7 + 1) % 1000], -amount))
            ):
                rows.append(
                    (
                        number,
                        "journal",
                        period,
                        account,
                        "EUR",
                        position % (head or 1),
                        position * 2 + line,
                        on,
                        signed,
                        signed,
                        "",
                        "",
                        "",
                        "",
                    )
                )
                total = sums.setdefault((account, period), [0, 0])
                total[signed < 0] += abs(signed)
        rows.sort()
        raw.executemany(schema.INSERT_POSTING, rows)
    now: dict[str, list[int]] = {}
    for (account, _), (debit, credit) in sums.items():
        mine = now.setdefault(account, [0, 0])
        mine[0] += debit
        mine[1] += credit
    kept = [(number, "journal", a, "EUR", p, d, c, d, c, head) for (a, p), (d, c) in sums.items()]
    kept += [(number, "journal", a, "EUR", schema.NOW, d, c, d, c, head) for a, (d, c) in now.items()]
    raw.executemany(schema.ADD_TOTAL, sorted(kept))
    raw.execute("commit")
    raw.execute("create table raw_posting(account text, amount integer)")
    raw.execute("insert into raw_posting select account, amount from bizcore_postings")
    raw.execute("create index raw_covering on raw_posting(account, amount)")
    raw.close()
    return acme


def trial(acme: Company, path: Path) -> dict[str, float]:
    """Seconds of each way to a trial balance, checked against each other first."""
    raw = sqlite3.connect(path)
    scan = "select account, sum(amount) from raw_posting group by account"
    expected = {account: amount for account, amount in raw.execute(scan) if amount}
    table = acme.finance.trial_balance()
    found = {row["account"]: row["balance"].minor for row in table if row["account"] != "total" and row["balance"]}
    assert found == expected, "the trial balance is the sum of the postings"
    return {
        "raw covering-index scan": timed(lambda: raw.execute(scan).fetchall()),
        "now, as a Table": timed(acme.finance.trial_balance),
        "period end, as a Table": timed(lambda: acme.finance.trial_balance(at="2021-12-31")),
        "any day, as a Table": timed(lambda: acme.finance.trial_balance(at="2021-12-17")),
    }


def main() -> None:
    """Print each size, the ratios to raw, and the growth from size to size."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--postings", default="1000000")
    options.add_argument("--balance", action="store_true")
    options.add_argument("--stream", action="store_true")
    given = options.parse_args()
    before: dict[str, float] = {}
    for postings in (int(one) for one in given.postings.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "reads.db"
            acme = fill(path, postings)
            took = trial(acme, path)
            raw = took["raw covering-index scan"]
            for name, seconds in took.items():
                grown = f"  growth {seconds / before[name]:.2f}" if name in before else ""
                print(
                    f"{postings:10d} postings: {name:26s} {seconds * 1000:9.2f} ms  to raw {seconds / raw:.3f}{grown}",
                    flush=True,
                )
            before = took
            if given.balance:
                one_balance(acme, path)
            if given.stream:
                stream(acme, path)
            acme.close()


def one_balance(acme: Company, path: Path) -> None:
    """One balance now against one raw primary-key select."""
    raw = sqlite3.connect(path)
    select = "select debit-credit from bizcore_totals where company=1 and book='journal' and account='1500' and unit='EUR' and period=?"
    theirs = timed(lambda: [raw.execute(select, (schema.NOW,)).fetchone() for _ in range(200)])
    view = acme.view()
    ours = timed(lambda: [view.balance("journal", "1500", "EUR") for _ in range(200)])
    print(
        f"           balance of one account: raw {theirs / 200 * 1e6:.1f} us, ours {ours / 200 * 1e6:.1f} us, ratio {ours / theirs:.2f}"
    )


def stream(acme: Company, path: Path) -> None:
    """All postings as a stream against iterating raw tuples."""
    raw = sqlite3.connect(path)
    theirs = timed(lambda: sum(1 for _ in raw.execute(f"select {schema.POSTING_COLUMNS} from bizcore_postings")))
    view = acme.view()
    ours = timed(lambda: sum(1 for _ in view.postings(PostingQuery(book="journal"))))
    print(f"           streaming postings: raw {theirs:.2f} s, ours {ours:.2f} s, ratio {theirs / ours:.2f}")


if __name__ == "__main__":
    main()
