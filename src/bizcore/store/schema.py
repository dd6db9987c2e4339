"""The tables of the SQL stores, and why they are clustered as they are.

Company first in every key. Postings by period first, so that the hot part of the tree is one period however long the ledger is
(an account-first index costs 2.5 to 5 times in bulk); no second index on postings. Totals by account first, with what an
account holds now behind its newest period: the two rows that a posting adds to share a page, and a balance is one seek. The log
and the documents lie in the order of their arrival, so that long bodies stay on leaf pages. Index rows are closed, never
deleted, so that an old position can still be asked. The head is the last log row: inserting the next position is the
compare-and-set, so a commit writes no row more than it must.

Statements stand here once, in the SQL that SQLite and PostgreSQL share, with `?` for what is bound and the prefix `bizcore_` before
every table; `speech` says them as a connection wants them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

VERSION: Final = 1

NOW: Final = 99_999_999
"""The period of what an account holds now; it sorts behind every real one."""

POSITION_BITS: Final = 40
"""A log row's id is its company's number and its position in one integer."""

INT: Final = "int"
TEXT: Final = "text"


class Table(NamedTuple):
    """A table: its columns with their types in order, what identifies a row, and what else is unique."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    unique: tuple[str, ...] = ()
    arriving: bool = False
    """Whether SQLite keeps its rows in the order of their arrival instead of that of their key."""

    nullable: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The table's name with the prefix it has everywhere in this package."""
        return f"bizcore_{self.name}"


class Statement(NamedTuple):
    """What writes rows of a table, a row at a time; an insert also says what its conflict clause is, so that many rows can go in one."""

    text: str
    table: Table | None = None
    conflict: str = ""


def _columns(text: str) -> tuple[tuple[str, str], ...]:
    """Columns as they are written below: names, `:` behind those that hold integers."""
    return tuple((one.rstrip(":"), INT if one.endswith(":") else TEXT) for one in text.split())


META: Final = Table("meta", _columns("name value"), ("name",))
COMPANIES: Final = Table("companies", _columns("id: name settings"), ("id",), unique=("name",), arriving=True)
LOG: Final = Table(
    "log",
    _columns("id: company: position: instant: actor reason key act intent body hash"),
    ("id",),
    unique=("company", "key"),
    arriving=True,
)
DOCUMENTS: Final = Table(
    "documents",
    _columns("company: kind id position: version: body salt"),
    ("company", "kind", "id", "position"),
    arriving=True,
)
INDEXES: Final = Table(
    "indexes",
    _columns("company: name key kind id since: until:"),
    ("company", "name", "key", "kind", "id", "since"),
    nullable=("until",),
)
POSTINGS: Final = Table(
    "postings",
    _columns("company: book period: account unit position: line: on amount: value: party lot due dims"),
    ("company", "book", "period", "account", "unit", "position", "line"),
)
TOTALS: Final = Table(
    "totals",
    _columns("company: book account unit period: debit: credit: value_debit: value_credit: position:"),
    ("company", "book", "account", "unit", "period"),
)
LOTS: Final = Table(
    "lots",
    _columns("company: book account party unit lot on due amount: value: position:"),
    ("company", "book", "account", "party", "unit", "lot"),
)
SERIES: Final = Table("series", _columns("company: name count: position:"), ("company", "name", "position"))
DERIVED: Final = Table("derived", _columns("company: name key body position:"), ("company", "name", "key"))

TABLES: Final = (META, COMPANIES, LOG, DOCUMENTS, INDEXES, POSTINGS, TOTALS, LOTS, SERIES, DERIVED)

LOG_COLUMNS: Final = "position, instant, actor, reason, key, act, intent, body, hash"

POSTING_COLUMNS: Final = 'book, period, account, unit, position, line, "on", amount, value, party, lot, due, dims'

LOT_COLUMNS: Final = 'book, account, party, unit, lot, "on", due, amount, value, position'

HEAD: Final = "select position, instant, hash from bizcore_log where id>? and id<=? order by id desc limit 1"

ADD_COMPANY: Final = (
    "insert into bizcore_companies(id, name, settings) select coalesce(max(id), 0)+1, ?, ? from bizcore_companies where true"
    " on conflict do nothing"
)


def named(columns: tuple[str, ...]) -> str:
    """Columns as a list in a statement; `on` is a word of SQL."""
    return ", ".join('"on"' if one == "on" else one for one in columns)


def names(table: Table) -> str:
    """All columns of a table as a list in a statement."""
    return named(tuple(name for name, _ in table.columns))


def _insert(table: Table, conflict: str = "") -> Statement:
    marks = ",".join("?" * len(table.columns))
    return Statement(
        f"insert into {table.title} as t({names(table)}) values({marks}){conflict}", table=table, conflict=conflict
    )


def _over(table: Table) -> str:
    """The conflict clause that lets the newer row win."""
    rest = ", ".join(f'"{name}"=excluded."{name}"' for name, _ in table.columns if name not in table.key)
    return f" on conflict({named(table.key)}) do update set {rest}"


def _adding(*sums: str) -> str:
    """The conflict clause that adds to a kept total."""
    added = ", ".join(f"{one}=t.{one}+excluded.{one}" for one in sums)
    return f" on conflict({named(TOTALS.key)}) do update set {added}, position=excluded.position"


INSERT_LOG: Final = _insert(LOG)
INSERT_DOCUMENT: Final = _insert(DOCUMENTS)
INSERT_INDEX: Final = _insert(INDEXES)
CLOSE_INDEX: Final = Statement(
    "update bizcore_indexes set until=? where company=? and name=? and key=? and kind=? and id=? and until is null"
)
INSERT_POSTING: Final = _insert(POSTINGS)
ADD_TOTAL: Final = _insert(TOTALS, _adding("debit", "credit", "value_debit", "value_credit"))
PUT_LOT: Final = _insert(LOTS, _over(LOTS))
DROP_LOT: Final = Statement(
    "delete from bizcore_lots where company=? and book=? and account=? and party=? and unit=? and lot=?"
)
PUT_SERIES: Final = _insert(SERIES)
PUT_DERIVED: Final = _insert(DERIVED, _over(DERIVED))
ERASE_DOCUMENT: Final = Statement("update bizcore_documents set body='', salt='' where company=? and kind=? and id=?")
ERASE_INDEX: Final = Statement(
    "delete from bizcore_indexes where company=? and kind=? and id=? and name not like '%.state'"
)


def sqlite_tables() -> list[str]:
    """What makes the tables in SQLite: strict, because an ordinary table turns a total that overflows into a float."""
    made: list[str] = []
    for table in TABLES:
        options = " strict" if table.arriving else " strict, without rowid"
        made += _made(table, integer="integer", text="text", options=options)
    return made


def postgresql_tables() -> list[str]:
    """What makes the tables in PostgreSQL; text sorts by its bytes, whatever the database's language."""
    made: list[str] = []
    for table in TABLES:
        made += _made(table, integer="bigint", text='text collate "C"', options="")
    return made


def _made(table: Table, *, integer: str, text: str, options: str) -> list[str]:
    lines = [
        f"{named((name,))} {integer if kind == INT else text}{'' if name in table.nullable else ' not null'}"
        for name, kind in table.columns
    ]
    lines.append(f"primary key({named(table.key)})")
    made = [f"create table if not exists {table.title}({', '.join(lines)}){options}"]
    if table.unique:
        made.append(f"create unique index if not exists {table.title}_key on {table.title}({named(table.unique)})")
    return made
