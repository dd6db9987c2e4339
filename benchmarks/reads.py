"""Reading a long ledger: a finished trial balance against a raw covering-index GROUP BY over the same postings.

    python benchmarks/reads.py --postings 1000000             goal: <= 0.15 x the raw scan, as a finished Table
    python benchmarks/reads.py --postings 1000000,10000000    goals from 1M to 10M: period end <= 1.3 x, any day <= 4 x
    python benchmarks/reads.py --balance --stream             one balance <= 3 x one raw primary-key select, a day's 10M <= 3 x 1M;
                                                              postings with Money >= 0.35 x raw tuples, constant memory

The ledger has 1,000 accounts and 36 periods. It is filled by the adapter's own rows in large batches (the same tables, statements
and totals as the commit rule writes, but no log: recording ten million acts would measure posting); `--acts` records real acts
instead. The raw side is a file of its own with SQLite's page size and one covering index. Every answer is compared with raw SQL
before a ratio is printed.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from itertools import islice
from pathlib import Path

from posting import ACCOUNTS, prepare
from rounds import duration, in_turn, judged, ratios

from bizcore import Company, Money
from bizcore.book.entry import Entry, Posting
from bizcore.change.reading import PostingQuery
from bizcore.kernel.spans import Span
from bizcore.store import schema
from bizcore.store.opener import open_store

PERIODS = 36
PERIOD_END, ANY_DAY = date(2021, 12, 31), date(2021, 12, 17)
Leg = tuple[date, str, int]


def legs(postings: int) -> Iterator[list[Leg]]:
    """The ledger, a period at a time: two legs an entry."""
    for month in range(PERIODS):
        found: list[Leg] = []
        for at in range(postings // PERIODS // 2):
            on = date(2020 + month // 12, month % 12 + 1, 1 + at % 28)
            amount = 100 + at % 7
            found += [(on, ACCOUNTS[at % 1000], amount), (on, ACCOUNTS[(at * 7 + 1) % 1000], -amount)]
        yield found


def fill_by_acts(acme: Company, postings: int) -> None:
    """Record the ledger through the front door, a thousand acts a commit."""
    for found in legs(postings):
        pairs = list(zip(found[::2], found[1::2], strict=True))
        for first in range(0, len(pairs), 1_000):
            entries = [
                Entry(one[0], [Posting(code, Money.of_minor(minor, "EUR")) for _, code, minor in (one, other)])
                for one, other in pairs[first : first + 1_000]
            ]
            acme.apply_each([(acme.finance.post(one), None) for one in entries])


def fill_by_rows(acme: Company, path: Path, postings: int) -> None:
    """Write what recording would have written to the tables that are read: postings, and the totals that belong to them."""
    number, head = acme._store._number, acme.head  # type: ignore[union-attr]
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("pragma synchronous=off")
        raw.execute("begin")
        now: dict[str, list[int]] = {}
        line = 0
        for found in legs(postings):
            rows, sums = [], dict[str, list[int]]()
            period = found[0][0].year * 100 + found[0][0].month
            for on, account, minor in found:
                line += 1
                at = (number, "journal", period, account, "EUR", 1 + line % head, line)
                rows.append((*at, on.isoformat(), minor, minor, "", "", "", ""))
                for kept in (sums, now):
                    kept.setdefault(account, [0, 0])[minor < 0] += abs(minor)
            raw.executemany(schema.INSERT_POSTING.text, sorted(rows))
            raw.executemany(
                schema.ADD_TOTAL.text,
                [(number, "journal", a, "EUR", period, d, c, d, c, head) for a, (d, c) in sorted(sums.items())],
            )
        raw.executemany(
            schema.ADD_TOTAL.text,
            [(number, "journal", a, "EUR", schema.NOW, d, c, d, c, head) for a, (d, c) in sorted(now.items())],
        )
        raw.execute("commit")


def raw_side(folder: Path, path: Path) -> sqlite3.Connection:
    """The same postings in a table as somebody would make it by hand."""
    raw = sqlite3.connect(folder / "raw.db", isolation_level=None)
    raw.execute("pragma cache_size=-65536")
    raw.execute("attach ? as ours", (str(path),))
    raw.execute('create table posting(id integer primary key, "on" text, account text, amount integer)')
    raw.execute('insert into posting select null, "on", account, amount from ours.bizcore_postings')
    raw.execute('create index posting_account on posting(account, "on", amount)')
    raw.execute("detach ours")
    return raw


class Growth:
    """What each figure was at the size before."""

    def __init__(self) -> None:
        self._before: dict[str, float] = {}

    def grown(self, name: str, took: list[float], most: float) -> str:
        """The growth since the size before, when there was one."""
        known, middle = self._before.get(name), statistics.median(took)
        self._before[name] = middle
        if known is None:
            return ""
        verdict = "met" if middle / known <= most else "MISSED"
        return f"  growth {middle / known:.2f} goal <= {most:g}: {verdict}"


def trial(acme: Company, raw: sqlite3.Connection, postings: int, rounds: int, growth: Growth) -> None:
    """Three trial balances, each beside the raw scan that answers the same."""
    for name, at, most in (("now", None, 1.3), ("period end", PERIOD_END, 1.3), ("any day", ANY_DAY, 4.0)):
        where = "" if at is None else f" where \"on\"<='{at}'"
        scan = f"select account, sum(amount) from posting{where} group by account"

        def ours(day: date | None = at) -> object:
            return acme.finance.trial_balance(at=day)

        def theirs(statement: str = scan) -> object:
            return raw.execute(statement).fetchall()

        expected = {account: minor for account, minor in raw.execute(scan) if minor}
        table = acme.finance.trial_balance(at=at)
        found = {row["account"]: row["balance"].minor for row in table if row["account"] != "total" and row["balance"]}
        assert found == expected, f"the trial balance ({name}) is the sum of the postings"
        took = in_turn(rounds, theirs, ours)
        goal = 0.15 if at is not ANY_DAY and postings >= 1_000_000 else None
        print(
            f"  trial balance, {name:11s} raw scan {duration(took[0])}  Table {duration(took[1])}"
            f"  ratio {judged(ratios(took[1], took[0]), most=goal)}{growth.grown(name, took[1], most)}",
            flush=True,
        )


def one_balance(acme: Company, path: Path, rounds: int, growth: Growth) -> None:
    """One balance now against one raw primary-key select; one at a day."""
    raw = sqlite3.connect(path)
    number = acme._store._number  # type: ignore[union-attr]
    select = "select debit-credit from bizcore_totals where company=? and book=? and account=? and unit=? and period=?"
    view = acme.view()

    def theirs() -> tuple[int]:
        found: tuple[int] = raw.execute(select, (number, "journal", "1001", "EUR", schema.NOW)).fetchone()
        return found

    def ours() -> Money:
        return view.balance("journal", "1001", "EUR").amount  # type: ignore[return-value]

    def at_a_day() -> int:
        query = PostingQuery(book="journal", account="1001", span=Span(None, ANY_DAY))
        return sum(one.amount for one in view.totals(query, by=("account",)))

    assert ours().minor == theirs()[0]
    day = "select sum(amount) from bizcore_postings where account='1001' and \"on\"<?"
    assert at_a_day() == raw.execute(day, (ANY_DAY.isoformat(),)).fetchone()[0]
    took = in_turn(rounds, theirs, ours, at_a_day, times=100)
    print(
        f"  one balance: raw select {duration(took[0])}  ours {duration(took[1])}"
        f"  ratio {judged(ratios(took[1], took[0]), most=3)}"
    )
    print(f"  one balance at a day: ours {duration(took[2])}{growth.grown('balance', took[2], 3.0)}")
    raw.close()


def stream(acme: Company, path: Path, rounds: int, most: int) -> None:
    """Postings as a stream against iterating raw tuples of the same columns."""
    raw = sqlite3.connect(path)
    view = acme.view()
    journal = PostingQuery(book="journal")
    of_minor = Money.of_minor

    def consume(rows: Iterator[object]) -> None:
        deque(islice(rows, most), maxlen=0)

    def theirs() -> Iterator[object]:
        return raw.execute(f"select {schema.POSTING_COLUMNS} from bizcore_postings")

    def with_money() -> Iterator[object]:
        return ((row, of_minor(row.amount, row.unit)) for row in view.postings(journal))

    for mine, other in zip(islice(view.postings(journal), 1_000), theirs(), strict=False):
        assert tuple(mine) == other
    sides: list[Callable[[], None]] = [
        lambda: consume(theirs()),
        lambda: consume(view.postings(journal)),
        lambda: consume(with_money()),
    ]
    took = in_turn(rounds, *sides)
    print(f"  stream of rows: raw {duration(took[0])}  ours {duration(took[1])}  ratio {judged(ratios(*took[:2]))}")
    print(
        f"  stream with Money: raw {duration(took[0])}  ours {duration(took[2])}"
        f"  ratio {judged(ratios(took[0], took[2]), least=0.35)}"
    )
    tracemalloc.start()
    deque(islice(with_money(), 50_000), maxlen=0)
    print(f"  memory of the stream: {tracemalloc.get_traced_memory()[1] / 1e6:.2f} MB at most")
    tracemalloc.stop()
    raw.close()


def main() -> None:
    """Print each size, the ratios to raw, and the growth from size to size."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--postings", default="1000000")
    options.add_argument("--balance", action="store_true")
    options.add_argument("--stream", action="store_true")
    options.add_argument("--acts", action="store_true", help="fill by recording acts")
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    growth = Growth()
    for postings in (int(one) for one in given.postings.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "reads.db"
            acme = Company.create("acme", currency="EUR", store=open_store(f"sqlite:///{path}"), actor="bench")
            prepare(acme)
            if given.acts:
                fill_by_acts(acme, postings)
            else:
                fill_by_rows(acme, path, postings)
            print(f"{postings:,} postings, {len(ACCOUNTS):,} accounts, {PERIODS} periods", flush=True)
            raw = raw_side(Path(folder), path)
            trial(acme, raw, postings, given.rounds, growth)
            if given.balance:
                one_balance(acme, path, given.rounds, growth)
            if given.stream:
                stream(acme, path, given.rounds, 1_000_000)
            raw.close()
            acme.close()


if __name__ == "__main__":
    main()
