"""Damage behind the library's back turns exactly the check red that is about it.

The damage is thorough: a forger who changes a posting changes the kept totals, the open lots and the log with it and links the
hash chain anew, so that only the one relation is wrong that the check looks at. Two damages must show in two checks, because an
entry out of balance cannot be read from the log at all.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from bizcore.change.reading import LogRow
from bizcore.cli.checks import checks
from bizcore.cli.command import run
from bizcore.company import Company
from bizcore.kernel.money import Money
from bizcore.store.chain import START, link
from bizcore.store.opener import open_store
from bizcore.store.schema import LOG_COLUMNS, NOW
from bizcore.supply.costmoves import CostMethod
from bizcore.supply.policies import SupplyPolicies

Damage = Callable[["Forger"], None]
UNIT = 1_000_000
LOG = "log entries = postings"


class Forger:
    """Somebody with the file and the source: every change is carried through to all that follows from it, if so wished."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw

    def sql(self, statement: str, *values: object) -> None:
        assert self.raw.execute(statement, values).rowcount > 0, statement

    def one(self, statement: str, *values: object) -> tuple[Any, ...]:
        found = self.raw.execute(statement, values).fetchone()
        assert found is not None, statement
        return tuple(found)

    def shift(
        self, where: str, *, amount: int = 0, value: int = 0, account: str | None = None, log: bool = True
    ) -> int:
        """Change the first posting that fits, and its totals; in the log too, unless not. Answers with its position."""
        book, period, old, unit, position, line = self.one(
            f"select book, period, account, unit, position, line from bizcore_postings where {where} limit 1"
        )
        new = account or old
        held = self.one(
            "select amount, value from bizcore_postings where book=? and position=? and line=?", book, position, line
        )
        self.sql(
            "update bizcore_postings set amount=amount+?, value=value+?, account=? where book=? and position=? and line=?",
            amount,
            value,
            new,
            book,
            position,
            line,
        )
        for bucket in (period, NOW):
            self._total(book, old, unit, bucket, -1, *held)
            self._total(book, new, unit, bucket, 1, held[0] + amount, held[1] + value)
        if log:
            self.in_log(position, line, lambda posting: _changed(posting, amount, value, new))
        return int(position)

    def _total(self, book: str, account: str, unit: str, period: int, sign: int, amount: int, value: int) -> None:
        self.raw.execute(
            "insert into bizcore_totals select company, ?, ?, ?, ?, 0, 0, 0, 0, position from bizcore_totals where true limit 1"
            " on conflict do nothing",
            (book, account, unit, period),
        )
        sides = [sign * one for one in (max(amount, 0), max(-amount, 0), max(value, 0), max(-value, 0))]
        self.sql(
            "update bizcore_totals set debit=debit+?, credit=credit+?, value_debit=value_debit+?, value_credit=value_credit+?"
            " where book=? and account=? and unit=? and period=?",
            *sides,
            book,
            account,
            unit,
            period,
        )

    def in_log(self, position: int, line: int, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a posting in the log's text and link the chain anew."""
        body = json.loads(self.one("select body from bizcore_log where position=?", position)[0])
        change([one for entry in body["entries"] for one in entry["postings"]][line])
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self.sql("update bizcore_log set body=? where position=?", text, position)
        previous = START
        for found in self.raw.execute(f"select {LOG_COLUMNS} from bizcore_log order by position").fetchall():
            previous = link(previous, LogRow(*found))
            self.sql("update bizcore_log set hash=? where position=?", previous, found[0])


def _changed(posting: dict[str, Any], amount: int, value: int, account: str) -> None:
    posting["account"] = account
    held = posting["amount"]
    places = UNIT if "unit" in held else 100
    held["amount"] = str(Decimal(held["amount"]) + Decimal(amount) / places)
    if "value" in posting:
        posting["value"]["amount"] = str(Decimal(posting["value"]["amount"]) + Decimal(value) / 100)


def without_item(account: str) -> Damage:
    """Postings that open and settle an item forget that they do, and the item with them."""

    def damage(forger: Forger) -> None:
        lot, party = forger.one("select lot, party from bizcore_lots where account=? limit 1", account)
        found = forger.raw.execute(
            "select position, line from bizcore_postings where book='journal' and account=? and lot=?", (account, lot)
        ).fetchall()
        for position, line in found:
            forger.in_log(position, line, lambda posting: posting.pop("lot"))
        forger.sql("update bizcore_postings set lot='' where account=? and lot=?", account, lot)
        forger.sql("delete from bizcore_lots where account=? and lot=? and party=?", account, lot, party)

    return damage


def between(book: str, item: str, *, amount: int = 0, value: int = 0) -> Damage:
    """A receipt is made larger, on both of its sides."""

    def damage(forger: Forger) -> None:
        where = f"book='{book}' and unit='{item}'"
        position = forger.shift(f"{where} and account='main' and amount>0", amount=amount, value=value)
        forger.shift(f"{where} and account='supplier' and position={position}", amount=-amount, value=-value)

    return damage


def larger_invoice(forger: Forger) -> None:
    """One cent more owed and earned than the invoice says, in the books, the item and the log."""
    lot = forger.one("select lot from bizcore_lots where account='1200' and unit='EUR' limit 1")[0]
    position = forger.shift(f"book='journal' and account='1200' and lot='{lot}' and amount>0", amount=1, value=1)
    forger.shift(f"book='journal' and account='4000' and position={position}", amount=-1, value=-1)
    forger.sql("update bizcore_lots set amount=amount+1, value=value+1 where account='1200' and lot=?", lot)


def dearer(forger: Forger) -> None:
    """What is at standard came in a cent dearer, and something else a cent cheaper."""
    between("cost", "gauge", value=1)(forger)
    between("cost", "drill-12", value=-1)(forger)


def swapped_lots(forger: Forger) -> None:
    """One customer owes a cent more, another a cent less: the account does not see it."""
    lots = forger.raw.execute("select lot from bizcore_lots where account='1200' order by lot limit 2").fetchall()
    for cent, (lot,) in zip((1, -1), lots, strict=True):
        forger.sql("update bizcore_lots set value=value+? where account='1200' and lot=?", cent, lot)


def sql(statement: str) -> Damage:
    return lambda forger: forger.sql(statement)


NUMBER = "update bizcore_documents set body=replace(body, 'INV-2026-000002', 'INV-2026-000001') where kind='invoice'"

DAMAGES: list[tuple[str, Damage, set[str]]] = [
    ("receivables = control account", without_item("1200"), set()),
    ("payables = control account", without_item("2000"), set()),
    ("goods received not invoiced = account", without_item("2050"), set()),
    ("stock = quantity in cost", between("stock", "drill-12", amount=UNIT), set()),
    (
        "value = quantity at standard",
        dearer,
        set(),
    ),
    (
        "counted = stock then",
        lambda forger: forger.shift("book='stock' and unit='gauge' and account='shelf' and amount>0", account="elsewhere"),
        set(),
    ),
    ("cost = inventory account", between("cost", "drill-12", value=1), set()),
    (
        "conservation of goods",
        lambda forger: forger.shift("book='stock' and account='supplier' and unit='nut-m8'", amount=-UNIT),
        {LOG},
    ),
    ("document totals = accounts", larger_invoice, set()),
    (
        "debit = credit, assets = liabilities + equity",
        lambda forger: forger.shift("book='journal' and account='6100'", amount=1, value=1),
        {LOG},
    ),
    ("kept totals = postings", sql(f"update bizcore_totals set debit=debit+1 where account='1000' and period<>{NOW}"), set()),
    ("kept totals = postings", sql("update bizcore_totals set debit=debit+1, credit=credit+1 where account='main'"), set()),
    ("open lots = postings", swapped_lots, set()),
    ("open lots = postings", sql("update bizcore_lots set due='2026-12-31' where account='1200'"), set()),
    ("cost layers = moves", sql("update bizcore_derived set body=replace(body, '[[55000000,', '[[54000000,')"), set()),
    ("index keys = documents", sql("delete from bizcore_indexes where name='lead.state'"), set()),
    ("index keys = documents", sql("update bizcore_indexes set key='x' || key where name='invoice.state'"), set()),
    (LOG, lambda forger: forger.shift("book='journal' and account='6100'", account="6000", log=False), set()),
    (LOG, sql("update bizcore_postings set \"on\"='2026-01-30' where \"on\"='2026-01-31'"), set()),
    ("numbers without gap", sql("update bizcore_series set count=count+1 where name='INV-2026' and count=4"), set()),
    # The log has the digest of every document, and the document is found under its old number.
    ("numbers without gap", sql(NUMBER), {"log chain verified", "index keys = documents"}),
    ("log chain verified", sql("update bizcore_log set reason='tidied up' where position=5"), set()),
]  # fmt: skip


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company's file after its quarter, and something that it does not do: goods at standard cost, counted."""
    path = tmp_path_factory.mktemp("sample") / "books.db"
    outcome = run(Path(str(files("bizcore.cli") / "sample")), f"sqlite:///{path}")
    assert outcome.code == 0
    database = open_store(f"sqlite:///{path}")
    company = Company.open("Nordlicht", store=database, actor="checker")
    company.apply(company.put(SupplyPolicies(scope="gauge", cost_method=CostMethod.STANDARD)))
    company.apply(company.supply.set_standard("gauge", Money("40", "EUR"), since="2026-04-01"))
    company.apply(company.supply.receive("gauge", 5, place="shelf", on="2026-04-02", cost=Money("210", "EUR")))
    company.apply(company.supply.count("gauge", 4, place="shelf", on="2026-04-03"))
    database.close()
    return path


def found(path: Path) -> dict[str, bool]:
    database = open_store(f"sqlite:///{path}")
    made = {one.name: one.ok for one in checks(Company.open("Nordlicht", store=database))}
    database.close()
    return made


def damaged(books: Path, folder: Path, damage: Damage) -> set[str]:
    path = folder / "books.db"
    shutil.copy(books, path)
    with sqlite3.connect(path) as raw:
        damage(Forger(raw))
    raw.close()
    return {name for name, ok in found(path).items() if not ok}


def test_every_check_has_its_damage_and_is_green_without(books: Path) -> None:
    green = found(books)
    assert set(green) == {name for name, _, _ in DAMAGES}
    assert all(green.values())


@pytest.mark.parametrize(("name", "damage", "too"), DAMAGES, ids=[f"{at}-{one[0]}" for at, one in enumerate(DAMAGES)])
def test_damage_turns_exactly_that_check_red(
    books: Path, tmp_path: Path, name: str, damage: Damage, too: set[str]
) -> None:
    assert damaged(books, tmp_path, damage) == {name, *too}


def test_a_forger_who_carries_a_true_change_through_is_not_seen(books: Path, tmp_path: Path) -> None:
    """The forger of these tests is thorough: with both sides of one entry changed, every check is green again."""

    def another_rent(forger: Forger) -> None:
        position = forger.shift("book='journal' and account='6100'", amount=1, value=1)
        forger.shift(f"book='journal' and account='1500' and position={position}", amount=-1, value=-1)

    assert damaged(books, tmp_path, another_rent) == set()


def test_a_check_that_cannot_be_made_is_red_and_keeps_no_other_from_being_made(books: Path, tmp_path: Path) -> None:
    def lost_account(forger: Forger) -> None:
        forger.shift("book='journal' and account='6100'", account="nowhere")

    assert damaged(books, tmp_path, lost_account) == {"debit = credit, assets = liabilities + equity"}


def test_a_fork_and_a_past_are_checked_like_the_company_they_are_of() -> None:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.supply.receive("bolt", 5, place="wh", on="2026-01-10", cost=Money("50", "EUR")))
    acme.apply(acme.supply.count("bolt", 4, place="wh", on="2026-01-15"))
    fork = acme.fork()
    for on in ("2026-01-16", "2027-01-16"):
        fork.apply(fork.supply.count("bolt", 3, place="wh", on=on))
    for one in (fork, acme.as_known(1)):
        assert [check.name for check in checks(one) if not check.ok] == []
    assert {check.name: check.detail for check in checks(fork)}["numbers without gap"] == "4 numbers"
