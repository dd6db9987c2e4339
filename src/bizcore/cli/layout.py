"""The layout of a folder of records: which files there are, their columns, and how a value of each is read.

`docs/quarter.md` describes the same for people. A record is a document with all its lines; `daybook.csv` says in which order the
records were made known.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from attrs import evolve, field, frozen

from bizcore.change.locks import LockKind
from bizcore.kernel.codec import reader
from bizcore.kernel.currencies import known
from bizcore.kernel.days import day
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import number
from bizcore.kernel.ids import checked_id, checked_text

ROWS_MAX: Final = 1_000_000
CELL_MAX: Final = 2_000

Reader = Callable[[str], Any]


class BadCell(Invalid):
    """A cell, a column or a file that cannot be read; `line` is the line in the file of lines, 0 for the record itself."""

    code = "bad_cell"

    def __init__(self, *, field: str, why: str, line: int = 0) -> None:
        super().__init__(f"{field}: {why}" if field else why, field=field, why=why, line=line)


def _id(text: str) -> str:
    return checked_id(text, "id")


@frozen
class Column:
    """A column: how its cells are read, whether they may be empty, which file's ids they name, and whether those must be there."""

    read: Reader
    needed: bool = True
    names: str = ""
    must: bool = True


ID = Column(_id)
TEXT = Column(checked_text, needed=False)
NAME = Column(checked_text)
DATE = Column(day)
LATER = Column(day, needed=False)
NUMBER = Column(number)
MAYBE = Column(number, needed=False)
CODE = Column(known)
MAYBE_CODE = Column(known, needed=False)
LOCK = Column(reader(LockKind), needed=False)
ANY_ID = Column(_id, needed=False)
ITEM = Column(_id, names="items", must=False)
"""Goods: an item need not be listed, but one that is listed and refused takes along what names it."""


def of(file: str, *, needed: bool = True) -> Column:
    """A column that names a record of another file."""
    return Column(_id, needed, file)


@frozen
class Layout:
    """One file of records, and the columns of its lines when it has any; `needs_lines` refuses a record without them."""

    columns: Mapping[str, Column]
    lines: Mapping[str, Column] = field(factory=dict)
    needs_lines: bool = True


_LINE = {
    "text": NAME,
    "quantity": NUMBER,
    "price": NUMBER,
    "item": Column(_id, needed=False, names="items", must=False),
    "tax": TEXT,
    "discount_percent": MAYBE,
}

LAYOUTS: Final[Mapping[str, Layout]] = {
    "items": Layout({"name": NAME, "unit": TEXT, "category": TEXT}),
    "rates": Layout({"date": DATE, "base": CODE, "quote": CODE, "rate": NUMBER}),
    "leads": Layout(
        {"date": DATE, "name": NAME, "company": TEXT, "email": TEXT, "city": TEXT, "country": TEXT, "source": TEXT}
    ),
    "lead_steps": Layout(
        {
            "lead": of("leads"),
            "step": NAME,
            "date": LATER,
            "customer": ANY_ID,
            "opportunity": TEXT,
            "amount": MAYBE,
            "currency": MAYBE_CODE,
            "reason": TEXT,
        }
    ),
    "deal_steps": Layout({"lead_step": of("lead_steps"), "step": NAME, "date": DATE, "stage": TEXT, "reason": TEXT}),
    "quotes": Layout(
        {"date": DATE, "customer": ID, "currency": CODE, "valid_until": LATER, "deal": of("lead_steps", needed=False)},
        _LINE,
    ),
    "quote_steps": Layout({"quote": of("quotes"), "step": NAME, "date": LATER}),
    "orders": Layout(
        {
            "date": DATE,
            "quote": of("quotes", needed=False),
            "customer": ANY_ID,
            "currency": MAYBE_CODE,
            "reference": TEXT,
        },
        _LINE,
        needs_lines=False,
    ),
    "purchase_orders": Layout(
        {"date": DATE, "vendor": ID, "currency": CODE}, {"item": ITEM, "quantity": NUMBER, "price": NUMBER}
    ),
    "receipts": Layout(
        {"date": DATE, "purchase_order": of("purchase_orders"), "place": ID, "rate": MAYBE},
        {"line": NUMBER, "quantity": NUMBER, "rejected": MAYBE},
    ),
    "moves": Layout({"date": DATE, "item": ITEM, "quantity": NUMBER, "source": ID, "target": ID, "cost": MAYBE}),
    "deliveries": Layout({"date": DATE, "order": of("orders"), "place": ID, "reserve": TEXT}),
    "shipments": Layout({"date": DATE, "delivery": of("deliveries")}, {"line": NUMBER, "quantity": NUMBER}),
    "returns": Layout({"date": DATE, "shipment": of("shipments")}, {"line": NUMBER, "quantity": NUMBER}),
    "vendor_returns": Layout({"date": DATE, "receipt": of("receipts")}, {"line": NUMBER, "quantity": NUMBER}),
    "invoices": Layout({"date": DATE, "order": of("orders"), "terms": TEXT, "rate": MAYBE}),
    "credit_notes": Layout({"date": DATE, "return": of("returns")}),
    "bills": Layout(
        {
            "date": DATE,
            "purchase_order": of("purchase_orders"),
            "reference": TEXT,
            "tax": TEXT,
            "freight": MAYBE,
            "rate": MAYBE,
            "terms": TEXT,
        }
    ),
    "vendor_credits": Layout({"date": DATE, "vendor_return": of("vendor_returns"), "reference": TEXT, "tax": TEXT}),
    "payments": Layout(
        {
            "date": DATE,
            "way": NAME,
            "party": ID,
            "amount": NUMBER,
            "currency": CODE,
            "received": MAYBE,
            "invoice": of("invoices", needed=False),
            "bill": of("bills", needed=False),
        }
    ),
    "entries": Layout({"date": DATE, "text": TEXT}, {"account": ID, "debit": MAYBE, "credit": MAYBE}),
    "closings": Layout({"step": NAME, "period": TEXT, "kind": LOCK, "upto": LATER}),
}
"""Every file by name; each has the column `id` besides those listed, and `NAME_lines.csv` has the column `id` of its record."""

DAYBOOK: Final = {"file": NAME, "id": ID}

COMPANY: Final = {"name": ID, "currency": CODE, "calendar": TEXT, "zone": TEXT, "chart": TEXT}

LINE: Final = "#line"
"""Where the cells of a record's line keep their line number; no column is called so."""


class Problem(NamedTuple):
    """What is wrong with a record as it stands: file, line, field, rule."""

    file: str
    line: int
    field: str
    rule: str


class Name(NamedTuple):
    """A cell that names a record of another file: where it stands, that record's key, and whether it must be there."""

    file: str
    line: int
    field: str
    key: str
    must: bool


@frozen
class Record:
    """One record as read: its cells by column, its lines, where it stands, and the first thing that is wrong with it.

    With a `problem`, `cells` and `lines` hold what could be read all the same, to tell what depends on it.
    """

    file: str
    id: str
    line: int
    cells: Mapping[str, Any] = field(factory=dict)
    lines: tuple[Mapping[str, Any], ...] = ()
    problem: Problem | None = None

    @property
    def key(self) -> str:
        """The idempotency key that its act is applied under."""
        return f"{self.file}:{self.id}"

    def names(self) -> Iterator[Name]:
        """The records of other files it names, its own cells first."""
        layout = LAYOUTS.get(self.file)
        if layout is None:
            return
        parts = [(f"{self.file}.csv", self.line, layout.columns, self.cells)]
        parts += [(f"{self.file}_lines.csv", one.get(LINE, 0), layout.lines, one) for one in self.lines]
        for file, line, columns, cells in parts:
            for name, column in columns.items():
                if column.names and name in cells:
                    yield Name(file, line, name, f"{column.names}:{cells[name]}", column.must)


@frozen
class Folder:
    """Everything a folder holds: the company's settings, and its records in the order they were made known."""

    company: Mapping[str, str]
    records: tuple[Record, ...]


def read_folder(folder: Path) -> Folder:
    """Read a folder of records. A record that cannot be read is kept with its problem; so is a row that belongs to no record.

    Raises: BadCell, when the company or the day book is missing, or a file is no table.
    """
    found = {(one.file, one.id): one for name in LAYOUTS for one in _records(folder, name)}
    order = _daybook(folder)
    times = Counter((one.file, one.id) for one in order)
    records: list[Record] = []
    for one in order:
        key = (one.file, one.id)
        if one.problem is not None:
            records.append(one)
        elif times[key] == 1:
            missing = Problem("daybook.csv", one.line, "id", "there is no such record")
            records.append(found.pop(key, Record(one.file, one.id, one.line, problem=missing)))
        else:
            found.pop(key, None)
            twice = Problem("daybook.csv", one.line, "id", "stands twice")
            records.append(Record(one.file, one.id, one.line, problem=twice))
    # What has no place in the day book is refused first, so that whatever names it is refused after it.
    left = [
        evolve(one, problem=one.problem or Problem(f"{one.file}.csv", one.line, "id", "is not in daybook.csv"))
        for one in found.values()
    ]
    return Folder(_company(folder), (*_strangers(folder), *left, *records))


def _company(folder: Path) -> dict[str, str]:
    rows = _rows(folder / "company.csv", must=True)
    if len(rows) != 1:
        raise BadCell(field="company.csv", why=f"holds one row: {', '.join(COMPANY)}")
    cells, problem = _row(rows[0][1], COMPANY, rows[0][0], "company.csv")
    if problem is not None:
        raise BadCell(field=f"company.csv {problem.field}", why=problem.rule)
    return cells


def _daybook(folder: Path) -> list[Record]:
    """The rows of the day book, each as a record that is not read yet."""
    order: list[Record] = []
    for line, row in _rows(folder / "daybook.csv", must=True):
        cells, problem = _row(row, DAYBOOK, line, "daybook.csv")
        file = cells.get("file", "daybook")
        if problem is None and file not in LAYOUTS:
            problem = Problem("daybook.csv", line, "file", f"{file[:40]!r} is none of {', '.join(LAYOUTS)}")
        order.append(Record(file, cells.get("id", f"line {line}"), line, problem=problem))
    return order


def _strangers(folder: Path) -> Iterator[Record]:
    """Files that the layout does not know: nothing of them enters, and that is said."""
    lines = {f"{name}_lines.csv" for name, layout in LAYOUTS.items() if layout.lines}
    known_files = {"company.csv", "daybook.csv", *lines, *(f"{name}.csv" for name in LAYOUTS)}
    for path in sorted(folder.glob("*.csv")):
        if path.name not in known_files:
            problem = Problem(path.name, 1, "", f"there is no such file in the layout; there are {', '.join(LAYOUTS)}")
            yield Record(path.stem, "", 1, problem=problem)


def _records(folder: Path, name: str) -> list[Record]:
    layout = LAYOUTS[name]
    file = f"{name}.csv"
    lines, broken = _lines(folder, name, layout)
    records: dict[str, Record] = {}
    for number_, row in _rows(folder / file):
        id_ = row.get("id", "")
        cells, problem = _row(row, {"id": ID, **layout.columns}, number_, file)
        mine = lines.pop(id_, [])
        if id_ in records:
            problem = Problem(file, number_, "id", "stands twice")
        elif problem is None and layout.lines and layout.needs_lines and not mine:
            problem = Problem(f"{name}_lines.csv", 0, "id", "the record has no lines")
        problem = problem or broken.get(id_)
        records[id_] = Record(name, id_, number_, cells, tuple(mine), problem)
    for id_, rest in lines.items():
        line = rest[0][LINE]
        problem = Problem(f"{name}_lines.csv", line, "id", "belongs to no record")
        records[id_] = Record(name, id_, line, problem=problem)
    return list(records.values())


def _lines(folder: Path, name: str, layout: Layout) -> tuple[dict[str, list[Mapping[str, Any]]], dict[str, Problem]]:
    """The lines of each record, and of each the first problem with them."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    broken: dict[str, Problem] = {}
    if not layout.lines:
        return found, broken
    path = folder / f"{name}_lines.csv"
    for number_, row in _rows(path):
        id_ = row.get("id", "")
        cells, problem = _row(row, {"id": ID, **layout.lines}, number_, path.name)
        if problem is not None:
            broken.setdefault(id_, problem)
        found.setdefault(id_, []).append({**cells, LINE: number_})
    return found, broken


def _row(
    row: Mapping[str, str], columns: Mapping[str, Column], line: int, file: str
) -> tuple[dict[str, Any], Problem | None]:
    """The cells of a row that can be read, and the first problem with it."""
    cells: dict[str, Any] = {}
    problem: Problem | None = None
    extra = next((name for name in row if name not in columns), None)
    if extra is not None:
        problem = Problem(file, line, extra[:40], f"is no column of {file}; its columns are {', '.join(columns)}")
    for name, column in columns.items():
        text = row.get(name)
        try:
            if text:
                cells[name] = _read(column, text)
            elif column.needed:
                raise BadCell(field=name, why="the column is missing" if text is None else "is empty")
        except Invalid as error:
            why = str(error.facts["why"]) if isinstance(error, BadCell) else error.message
            problem = problem or Problem(file, line, name, why)
    return cells, problem


def _read(column: Column, text: str) -> Any:
    if len(text) > CELL_MAX:
        raise BadCell(field="", why=f"more than {CELL_MAX} characters")
    return column.read(text)


def _rows(path: Path, *, must: bool = False) -> list[tuple[int, dict[str, str]]]:
    """The rows of a file with their line numbers; a file that need not be there has none. Raises: BadCell, for no table."""
    if not path.exists():
        if must:
            raise BadCell(field=path.name, why="is missing")
        return []
    found: list[tuple[int, dict[str, str]]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restkey="too many cells", restval="", strict=True)
            twice = [name for name, times in Counter(reader.fieldnames or ()).items() if times > 1]
            if twice:
                raise BadCell(field=f"{path.name} {twice[0][:40]}", why="the column stands twice")
            for row in reader:
                if len(found) >= ROWS_MAX:
                    raise BadCell(field=path.name, why=f"more than {ROWS_MAX} rows")
                found.append((reader.line_num, {str(name): str(text) for name, text in row.items()}))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadCell(field=path.name, why=f"is no UTF-8 CSV: {error}") from None
    return found
