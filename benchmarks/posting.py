"""Posting against the raw limit of the same machine: entry row and two posting rows through sqlite3, WAL, FULL.

    python benchmarks/posting.py --commit 1          one durable entry a commit          goal: >= 0.5 x raw
    python benchmarks/posting.py --commit 100,1000   apply_each, an act each             goal: >= 0.08 x, >= 0.05 x raw
        and the same entries in one act, one Changes                                     goal: >= 0.18 x, >= 0.13 x raw

Both sides alternate in one run with the same settings; the figure is the median of the rounds' ratios. Before anything is printed
the books are checked against the raw rows.

With `--entries 10000` the raw side too has filled its write-ahead log once and writes over it, which syncs faster than a file that
grows: raw gains a half by it, ours, which writes more pages and comes round sooner, has it at 2,000 already.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from rounds import judged, ratios

from bizcore import Company, Money
from bizcore.book.entry import Entry, Posting
from bizcore.change.changes import Changes
from bizcore.change.desk import Desk, verb
from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.store.opener import open_store

ACCOUNTS = [f"{number}" for number in range(1000, 2000)]


def raw(path: Path, entries: int, commit: int) -> float:
    """Entries a second of the raw side: one entry row, two posting rows."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=wal", "synchronous=full", "wal_autocheckpoint=4000"):
        connection.execute(f"pragma {pragma}")
    connection.execute("create table entry(id integer primary key, day text, text text)")
    connection.execute("create table posting(id integer primary key, entry integer, account text, amount integer)")
    begun = time.perf_counter()
    for first in range(0, entries, commit):
        connection.execute("begin immediate")
        for number in range(first, first + commit):
            connection.execute("insert into entry values(?,?,?)", (number, "2026-03-05", "sale"))
            connection.execute(
                "insert into posting values(null,?,?,?)", (number, ACCOUNTS[number % 1000], 100 + number % 7)
            )
            connection.execute(
                "insert into posting values(null,?,?,?)", (number, ACCOUNTS[(number * 7 + 1) % 1000], -100 - number % 7)
            )
        connection.execute("commit")
    took = time.perf_counter() - begun
    assert connection.execute("select count(*), sum(amount) from posting").fetchone() == (2 * entries, 0)
    connection.close()
    return entries / took


def post_all(view: View, entries: Sequence[Entry]) -> Changes[Entry]:
    """Post many entries as one change."""
    posted = [view.mint(one) for one in entries]
    return Changes(posted[0], entries=posted)


class ImportDesk(Desk):
    """What a host writes that brings a day's entries in at once."""

    name = "imports"

    post_all = verb(post_all)


def ours(path: Path, entries: int, commit: int, *, at_once: bool = False) -> float:
    """Entries a second through acts: validated value, act, plan, seal, chain, kept totals, durable; an act each, or one a commit."""
    store = open_store(f"sqlite:///{path}")
    acme = Company.create("acme", currency="EUR", store=store, actor="bench", desks=[ImportDesk])
    prepare(acme)
    post = cast("Any", acme.desk("imports")).post_all
    begun = time.perf_counter()
    if at_once:
        for first in range(0, entries, commit):
            acme.apply(post([entry(number) for number in range(first, first + commit)]), key=f"key {first:09d}")
    else:
        record(acme, entries, commit)
    took = time.perf_counter() - begun
    totals = acme.view().totals(PostingQuery(book="journal"), by=("account",))
    assert sum(one.debit for one in totals) == sum(100 + number % 7 for number in range(entries))
    assert sum(one.value for one in totals) == 0
    acme.close()
    return entries / took


def record(acme: Company, entries: int, commit: int) -> None:
    """Post plain entries, so many a commit, each under its own key."""
    post = acme.finance.post
    for first in range(0, entries, commit):
        acts = [(post(entry(number)), f"key {number:09d}") for number in range(first, first + commit)]
        if commit == 1:
            acme.apply(acts[0][0], key=acts[0][1])
        else:
            acme.apply_each(acts)


def entry(number: int) -> Entry:
    """One of the plain entries that are posted."""
    amount = Money.of_minor(100 + number % 7, "EUR")
    legs = [Posting(ACCOUNTS[number % 1000], amount), Posting(ACCOUNTS[(number * 7 + 1) % 1000], -amount)]
    return Entry("2026-03-05", legs)


def prepare(acme: Company) -> None:
    """A chart of a thousand accounts of our own."""
    from bizcore.finance.chart import Account, Nature

    acme.apply_each(
        [(acme.put(Account(code=code, name=f"Account {code}", nature=Nature.ASSET)), None) for code in ACCOUNTS]
    )


def main() -> None:
    """Print both sides and the ratio for each batch size."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--commit", default="1,100,1000")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--entries", type=int, default=0, help="entries a round; 2,000 one by one, 20,000 in batches")
    given = options.parse_args()
    goals = {1: 0.5, 100: 0.08, 1000: 0.05}
    at_once = {100: 0.18, 1000: 0.13}
    for commit in (int(one) for one in given.commit.split(",")):
        entries = given.entries or (2_000 if commit == 1 else 20_000)
        left, each, once = [], [], []
        for _ in range(given.rounds):
            with tempfile.TemporaryDirectory() as folder:
                left.append(raw(Path(folder) / "raw.db", entries, commit))
                each.append(ours(Path(folder) / "each.db", entries, commit))
                if commit > 1:
                    once.append(ours(Path(folder) / "once.db", entries, commit, at_once=True))
        for name, right, goal in (("acts", each, goals.get(commit)), ("one act", once, at_once.get(commit))):
            if right:
                print(
                    f"commit {commit:5d}, {name:7s}: raw {statistics.median(left):9.0f}/s  ours {statistics.median(right):9.0f}/s"
                    f"  ratio {judged(ratios(right, left), least=goal)}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
