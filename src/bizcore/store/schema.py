"""The tables of the SQL stores, and why they are clustered as they are.

Company first in every key. Postings by period first, so that the hot part of the tree is one period however long the ledger is
(an account-first index costs 2.5 to 5 times in bulk); no second index on postings. Totals by account first, with what an
account holds now behind its newest period: the two rows that a posting adds to share a page, and a balance is one seek. The log
and the documents are rowid tables whose rowid grows, so that long bodies stay on leaf pages. Index rows are closed, never
deleted, so that an old position can still be asked. The head is the last log row: inserting the next position is the
compare-and-set, so a commit writes no row more than it must.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = 1

NOW: Final = 99_999_999
"""The period of what an account holds now; it sorts behind every real one."""

POSITION_BITS: Final = 40
"""A log row's id is its company's number and its position in one integer."""

TABLES: Final = (
    "create table if not exists bizcore_meta(name text primary key, value text not null) strict, without rowid",
    (
        "create table if not exists bizcore_companies(id integer primary key, name text not null unique,"
        " settings text not null) strict"
    ),
    (
        "create table if not exists bizcore_log(id integer primary key, company integer not null, position integer not null,"
        " instant integer not null, actor text not null, reason text not null, key text not null, act text not null,"
        " intent text not null, body text not null, hash text not null) strict"
    ),
    "create unique index if not exists bizcore_log_key on bizcore_log(company, key)",
    (
        "create table if not exists bizcore_documents(rid integer primary key, company integer not null, kind text not null,"
        " id text not null, position integer not null, version integer not null, body text not null, salt text not null) strict"
    ),
    "create unique index if not exists bizcore_documents_key on bizcore_documents(company, kind, id, position)",
    (
        "create table if not exists bizcore_indexes(company integer not null, name text not null, key text not null,"
        " kind text not null, id text not null, since integer not null, until integer,"
        " primary key(company, name, key, kind, id, since)) strict, without rowid"
    ),
    (
        "create table if not exists bizcore_postings(company integer not null, book text not null, period integer not null,"
        ' account text not null, unit text not null, position integer not null, line integer not null, "on" text not null,'
        " amount integer not null, value integer not null, party text not null, lot text not null, due text not null,"
        " dims text not null, primary key(company, book, period, account, unit, position, line)) strict, without rowid"
    ),
    (
        "create table if not exists bizcore_totals(company integer not null, book text not null, account text not null,"
        " unit text not null, period integer not null, debit integer not null, credit integer not null,"
        " value_debit integer not null, value_credit integer not null, position integer not null,"
        " primary key(company, book, account, unit, period)) strict, without rowid"
    ),
    (
        "create table if not exists bizcore_lots(company integer not null, book text not null, account text not null,"
        ' party text not null, unit text not null, lot text not null, "on" text not null, due text not null,'
        " amount integer not null, value integer not null, position integer not null,"
        " primary key(company, book, account, party, unit, lot)) strict, without rowid"
    ),
    (
        "create table if not exists bizcore_series(company integer not null, name text not null, count integer not null,"
        " position integer not null, primary key(company, name, position)) strict, without rowid"
    ),
    (
        "create table if not exists bizcore_derived(company integer not null, name text not null, key text not null,"
        " body text not null, position integer not null, primary key(company, name, key)) strict, without rowid"
    ),
)

LOG_COLUMNS: Final = "position, instant, actor, reason, key, act, intent, body, hash"

POSTING_COLUMNS: Final = 'book, period, account, unit, position, line, "on", amount, value, party, lot, due, dims'

LOT_COLUMNS: Final = 'book, account, party, unit, lot, "on", due, amount, value, position'

HEAD: Final = "select position, instant, hash from bizcore_log where id>? and id<=? order by id desc limit 1"
INSERT_LOG: Final = "insert into bizcore_log values(?,?,?,?,?,?,?,?,?,?,?)"
INSERT_DOCUMENT: Final = (
    "insert into bizcore_documents(company, kind, id, position, version, body, salt) values(?,?,?,?,?,?,?)"
)
INSERT_INDEX: Final = "insert into bizcore_indexes values(?,?,?,?,?,?,null)"
CLOSE_INDEX: Final = (
    "update bizcore_indexes set until=? where company=? and name=? and key=? and kind=? and id=? and until is null"
)
INSERT_POSTING: Final = "insert into bizcore_postings values(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
ADD_TOTAL: Final = (
    "insert into bizcore_totals values(?,?,?,?,?,?,?,?,?,?) on conflict do update set debit=debit+excluded.debit,"
    " credit=credit+excluded.credit, value_debit=value_debit+excluded.value_debit,"
    " value_credit=value_credit+excluded.value_credit, position=excluded.position"
)
PUT_LOT: Final = "insert or replace into bizcore_lots values(?,?,?,?,?,?,?,?,?,?,?)"
DROP_LOT: Final = "delete from bizcore_lots where company=? and book=? and account=? and party=? and unit=? and lot=?"
PUT_SERIES: Final = "insert into bizcore_series values(?,?,?,?)"
PUT_DERIVED: Final = "insert or replace into bizcore_derived values(?,?,?,?,?)"
ERASE_DOCUMENT: Final = "update bizcore_documents set body='', salt='' where company=? and kind=? and id=?"
ERASE_INDEX: Final = "delete from bizcore_indexes where company=? and kind=? and id=? and name not like '%.state'"
