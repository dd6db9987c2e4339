"""Cases of log, keys and range from independent sources; each names its id and source."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bizcore.book.entry import Entry, credit, debit
from bizcore.company import Company
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.money import Money
from bizcore.store.opener import open_store
from bizcore.testing.concurrency import threads_with_keys

WAITING = {
    "REL-HASH-05": "a second version of the chain's form",
    "REL-STD-01, REL-STD-03": "standard cost; drop shipment",
    "REL-CAMT-02": "bank statements",
    "REL-BOM-02": "bills of material",
    "SUP-065, SUP-067": "landed cost",
    "SUP-071, SUP-073": "net realisable value; standard cost variances",
    "SUP-075 .. SUP-083": "manufacturing",
    "SUP-085 .. SUP-161": "planning, scheduling, inventory theory",
    "discount-100pct-order": "discounts on a whole order",
}


def sale() -> Entry:
    return Entry("2026-03-05", [debit("1000", Money("5", "EUR")), credit("4000", Money("5", "EUR"))])


def chained(path: Path, entries: int) -> Company:
    acme = Company.create("acme", currency="EUR", store=open_store(f"sqlite:///{path}"), actor="ann")
    for at in range(entries):
        acme.apply(acme.finance.post(sale()), key=f"k{at}")
    return acme


def tampered(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as raw:
        assert raw.execute(statement).rowcount
    raw.close()


def test_rel_hash_01_a_changed_date_is_located(tmp_path: Path) -> None:
    """odoo/odoo, test_account_inalterable_hash: the fourth of six entries."""
    path = tmp_path / "a.db"
    acme = chained(path, 6)
    change = "update bizcore_log set intent=replace(intent, '2026-03-{}', '2026-03-{}') where position=4"
    tampered(path, change.format("05", "06"))
    verdict = acme.verify()
    assert (verdict.ok, verdict.position) == (False, 4)
    tampered(path, change.format("06", "05"))
    assert acme.verify().ok
    acme.close()


def test_rel_hash_03_a_forged_hash_is_located(tmp_path: Path) -> None:
    """odoo/odoo, test_account_inalterable_hash: the stored hash of the last entry."""
    path = tmp_path / "a.db"
    acme = chained(path, 4)
    tampered(path, f"update bizcore_log set hash='{'0' * 64}' where position=4")
    assert acme.verify().position == 4
    acme.close()


def test_rel_hash_07_a_cut_tail_shows_only_against_an_anchor(tmp_path: Path) -> None:
    """Derived: what a chain alone cannot see."""
    path = tmp_path / "a.db"
    acme = chained(path, 10)
    anchor = acme.anchor()
    tampered(path, "delete from bizcore_log where position>8")
    assert acme.verify().ok
    verdict = acme.verify(anchor=anchor)
    assert (verdict.ok, verdict.position) == (False, 10)
    acme.close()


@pytest.mark.parametrize("url", ["memory:", "sqlite:///{}/a.db"])
def test_rel_bank_02_a_retry_with_the_same_key(tmp_path: Path, url: str) -> None:
    """tigerbeetle, reliable-transaction-submission."""
    acme = Company.create("acme", currency="EUR", store=url.format(tmp_path), actor="ann")
    act = acme.finance.post(sale())
    assert len({acme.apply(act, key="k").value.id for _ in range(3)}) == 1
    threads_with_keys(acme, [("once", act)], threads=8)
    assert acme.head == 2
    with pytest.raises(BizcoreError) as error:
        acme.apply(acme.finance.post(sale().reversed("2026-03-06")), key="k")
    assert error.value.code == "key_reused"


@pytest.mark.parametrize("url", ["memory:", "sqlite:///{}/a.db"])
def test_rel_num_04_amounts_beyond_64_bit_are_refused_before_the_transaction(tmp_path: Path, url: str) -> None:
    """Measured on CPython 3.11 and SQLite 3.40: the driver would raise OverflowError."""
    acme = Company.create("acme", currency="EUR", store=url.format(tmp_path), actor="ann")
    huge = Money.of_minor(9223372036854775808, "EUR")
    with pytest.raises(BizcoreError) as error:
        acme.apply(acme.finance.post(Entry("2026-03-05", [debit("1000", huge), credit("4000", huge)])))
    assert (error.value.code, acme.head) == ("out_of_range", 0)
