"""Damage behind the library's back turns exactly the check red that is about it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from bizcore.cli.checks import checks
from bizcore.cli.command import run
from bizcore.company import Company
from bizcore.store.opener import open_store
from bizcore.store.schema import NOW

Damage = Callable[[sqlite3.Connection], None]
UNIT = 1_000_000


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company's file after its quarter."""
    path = tmp_path_factory.mktemp("sample") / "books.db"
    outcome = run(Path(str(files("bizcore.cli") / "sample")), f"sqlite:///{path}")
    assert outcome.code == 0
    return path


def shift(book: str, account: str, unit: str, *, amount: int = 0, value: int = 0) -> Damage:
    """Change a posting, and the totals with it, so that only what they mean is wrong."""

    def damage(raw: sqlite3.Connection) -> None:
        where = "book=? and account=? and unit=?"
        key = (book, account, unit)
        period, position, line = raw.execute(
            f"select period, position, line from bizcore_postings where {where} limit 1", key
        ).fetchone()
        raw.execute(
            f"update bizcore_postings set amount=amount+?, value=value+? where {where} and period=? and position=? and line=?",
            (amount, value, *key, period, position, line),
        )
        for bucket in (period, NOW):
            raw.execute(
                "update bizcore_totals set debit=debit+?, credit=credit+?, value_debit=value_debit+?, value_credit=value_credit+?"
                f" where {where} and period=?",
                (max(amount, 0), max(-amount, 0), max(value, 0), max(-value, 0), *key, bucket),
            )

    return damage


def sql(statement: str) -> Damage:
    def damage(raw: sqlite3.Connection) -> None:
        assert raw.execute(statement).rowcount > 0

    return damage


def one_lot(account: str, change: str) -> Damage:
    return sql(
        f"update bizcore_lots set {change} where account='{account}' and lot=(select lot from bizcore_lots where account='{account}' limit 1)"
    )


def both(*damages: Damage) -> Damage:
    def damage(raw: sqlite3.Connection) -> None:
        for one in damages:
            one(raw)

    return damage


DAMAGES: dict[str, Damage] = {
    "receivables = control account": one_lot("1200", "value=value+1"),
    "payables = control account": one_lot("2000", "value=value+1"),
    "goods received not invoiced = account": one_lot("2050", "value=value+1"),
    "stock = quantity in cost": both(
        shift("stock", "main", "nut-m8", amount=UNIT), shift("stock", "supplier", "nut-m8", amount=-UNIT)
    ),
    "cost = inventory account": both(
        shift("cost", "main", "nut-m8", value=1), shift("cost", "supplier", "nut-m8", value=-1)
    ),
    "conservation of goods": shift("stock", "supplier", "nut-m8", amount=-UNIT),
    "document totals = accounts": both(
        shift("journal", "1200", "EUR", amount=1, value=1),
        shift("journal", "4000", "EUR", amount=-1, value=-1),
        one_lot("1200", "amount=amount+1, value=value+1"),
    ),
    "kept totals = postings": sql(
        f"update bizcore_totals set debit=debit+1 where account='1000' and unit='EUR' and period<>{NOW}"
    ),
    "debit = credit, assets = liabilities + equity": shift("journal", "6000", "EUR", amount=1, value=1),
    "numbers without gap": sql("update bizcore_series set count=count+1 where name='INV-2026' and count=4"),
    "log chain verified": sql("update bizcore_log set reason='tidied up' where position=5"),
}


def failed(path: Path) -> set[str]:
    database = open_store(f"sqlite:///{path}")
    company = Company.open("Nordlicht", store=database)
    red = {one.name for one in checks(company) if not one.ok}
    database.close()
    return red


def test_every_check_has_its_damage_and_is_green_without(books: Path) -> None:
    database = open_store(f"sqlite:///{books}")
    found = checks(Company.open("Nordlicht", store=database))
    database.close()
    assert {one.name for one in found} == set(DAMAGES)
    assert all(one.ok for one in found)


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_turns_exactly_that_check_red(books: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "books.db"
    shutil.copy(books, path)
    with sqlite3.connect(path) as raw:
        DAMAGES[name](raw)
    raw.close()
    assert failed(path) == {name}
