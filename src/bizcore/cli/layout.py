"""The layout of a folder of records: which files there are, their columns, and how a value of each is read.

`docs/quarter.md` describes the same for people. A record is a document with all its lines; `daybook.csv` says in which order the
records were made known.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from bizcore.kernel.currencies import known
from bizcore.kernel.days import day
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import number
from bizcore.kernel.ids import checked_id

ROWS_MAX: Final = 1_000_000
CELL_MAX: Final = 2_000

Reader = Callable[[str], Any]


class BadCell(Invalid):
    """A cell, a column or a file that cannot be read; it says where."""

    code = "bad_cell"

    def __init__(self, *, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}" if field else why, field=field, why=why)


def _id(text: str) -> str:
    return checked_id(text, "id")


def _text(text: str) -> str:
    return text


@frozen
class Column:
    """A column: how its cells are read, whether they may be empty, and which file's ids they name."""

    read: Reader
    needed: bool = True
    names: str = ""


ID = Column(_id)
TEXT = Column(_text, needed=False)
NAME = Column(_text)
DATE = Column(day)
LATER = Column(day, needed=False)
NUMBER = Column(number)
MAYBE = Column(number, needed=False)
CODE = Column(known)
ANY_ID = Column(_id, needed=False)


def of(file: str, *, needed: bool = True) -> Column:
    """A column that names a record of another file."""
    return Column(_id, needed, file)


@frozen
class Layout:
    """One file of records, and the columns of its lines when it has any; `needs_lines` refuses a record without them."""

    columns: Mapping[str, Column]
    lines: Mapping[str, Column] = field(factory=dict)
    needs_lines: bool = True


_LINE = {"text": NAME, "quantity": NUMBER, "price": NUMBER, "item": ANY_ID, "tax": TEXT, "discount_percent": MAYBE}

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
            "currency": TEXT,
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
        {"date": DATE, "quote": of("quotes", needed=False), "customer": ANY_ID, "currency": TEXT, "reference": TEXT},
        _LINE,
        needs_lines=False,
    ),
    "purchase_orders": Layout(
        {"date": DATE, "vendor": ID, "currency": CODE}, {"item": ID, "quantity": NUMBER, "price": NUMBER}
    ),
    "receipts": Layout(
        {"date": DATE, "purchase_order": of("purchase_orders"), "place": ID, "rate": MAYBE},
        {"line": NUMBER, "quantity": NUMBER, "rejected": MAYBE},
    ),
    "moves": Layout({"date": DATE, "item": ID, "quantity": NUMBER, "source": ID, "target": ID, "cost": MAYBE}),
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
    "closings": Layout({"step": NAME, "period": TEXT, "kind": TEXT, "upto": LATER}),
}
"""Every file by name; each has the column `id` besides those listed, and `NAME_lines.csv` has the column `id` of its record."""

DAYBOOK: Final = {"file": NAME, "id": ID}


@frozen
class Record:
    """One record as read: its cells by column, its lines, where it stands, and what of it could not be read."""

    file: str
    id: str
    line: int
    cells: Mapping[str, Any] = field(factory=dict)
    lines: tuple[Mapping[str, Any], ...] = ()
    problem: tuple[str, int, str, str] | None = None
    """File, line, field and rule of the first thing that is wrong with it."""

    @property
    def key(self) -> str:
        """The idempotency key that its act is applied under."""
        return f"{self.file}:{self.id}"

    def names(self) -> tuple[tuple[str, str, str], ...]:
        """The records of other files it names: column, file, id."""
        columns = LAYOUTS[self.file].columns
        found = [(name, column.names, self.cells.get(name)) for name, column in columns.items() if column.names]
        return tuple((name, file, id_) for name, file, id_ in found if id_)


@frozen
class Folder:
    """Everything a folder holds: the company's settings, and its records in the order they were made known."""

    company: Mapping[str, str]
    records: tuple[Record, ...]


def read_folder(folder: Path) -> Folder:
    """Read a folder of records. A record that cannot be read is kept with its problem.

    Raises: BadCell, when the company or the day book itself cannot be read.
    """
    company_rows = _rows(folder / "company.csv")
    if len(company_rows) != 1:
        raise BadCell(field="company.csv", why="holds one row: name, currency, calendar, zone")
    order = [(line, _row(row, DAYBOOK, line, "daybook.csv")) for line, row in _rows_numbered(folder / "daybook.csv")]
    found: dict[tuple[str, str], Record] = {}
    for name in dict.fromkeys(row["file"] for _, row in order):
        if name not in LAYOUTS:
            raise BadCell(
                field="daybook.csv", why=f"there is no kind of record {name[:40]!r}; there are {', '.join(LAYOUTS)}"
            )
        found.update(((name, one.id), one) for one in _records(folder, name))
    records = []
    for line, row in order:
        key = (row["file"], row["id"])
        missing = Record(row["file"], row["id"], line, problem=("daybook.csv", line, "id", "there is no such record"))
        records.append(found.pop(key, missing))
    for (file, _), one in found.items():
        problem = (f"{file}.csv", one.line, "id", "is not in daybook.csv")
        records.append(Record(file, one.id, one.line, problem=one.problem or problem))
    return Folder(company_rows[0], tuple(records))


def _records(folder: Path, name: str) -> list[Record]:
    layout = LAYOUTS[name]
    file = f"{name}.csv"
    lines, broken = _lines(folder, name, layout)
    records: list[Record] = []
    seen: set[str] = set()
    for number_, row in _rows_numbered(folder / file):
        id_ = row.get("id", "")
        problem = _problem(row, {"id": ID, **layout.columns}, file, number_)
        if problem is None and id_ in seen:
            problem = (file, number_, "id", "stands twice")
        seen.add(id_)
        mine = lines.pop(id_, [])
        if problem is None and layout.lines and layout.needs_lines and not mine and id_ not in broken:
            problem = (f"{name}_lines.csv", 0, "id", "the record has no lines")
        problem = problem or broken.get(id_)
        if problem is not None:
            records.append(Record(name, id_, number_, problem=problem))
            continue
        cells = _row(row, layout.columns, number_, file)
        records.append(Record(name, id_, number_, cells, tuple(mine)))
    for id_, rest in lines.items():
        line = rest[0]["#line"] if rest else 0
        records.append(Record(name, id_, line, problem=(f"{name}_lines.csv", line, "id", "belongs to no record")))
    return records


def _lines(
    folder: Path, name: str, layout: Layout
) -> tuple[dict[str, list[Mapping[str, Any]]], dict[str, tuple[str, int, str, str]]]:
    good: dict[str, list[Mapping[str, Any]]] = {}
    broken: dict[str, tuple[str, int, str, str]] = {}
    path = folder / f"{name}_lines.csv"
    if not layout.lines or not path.exists():
        return good, broken
    for number_, row in _rows_numbered(path):
        id_ = row.get("id", "")
        problem = _problem(row, {"id": ID, **layout.lines}, path.name, number_)
        if problem is not None:
            broken.setdefault(id_, problem)
        else:
            good.setdefault(id_, []).append({**_row(row, layout.lines, number_, path.name), "#line": number_})
    return good, broken


def _problem(
    row: Mapping[str, str], columns: Mapping[str, Column], file: str, line: int
) -> tuple[str, int, str, str] | None:
    try:
        _row(row, columns, line, file)
    except BadCell as error:
        return file, line, str(error.facts["field"]), str(error.facts["why"])
    return None


def _row(row: Mapping[str, str], columns: Mapping[str, Column], line: int, file: str) -> dict[str, Any]:
    """Read the cells of a row. Raises: BadCell, naming the first field that is wrong."""
    extra = next((name for name in row if name not in columns and name != "id"), None)
    if extra is not None:
        raise BadCell(field=str(extra)[:40], why=f"is no column of {file}; its columns are id, {', '.join(columns)}")
    cells: dict[str, Any] = {}
    for name, column in columns.items():
        text = row.get(name)
        if text is None:
            if column.needed:
                raise BadCell(field=name, why="the column is missing")
            continue
        if len(text) > CELL_MAX:
            raise BadCell(field=name, why=f"more than {CELL_MAX} characters")
        if not text:
            if column.needed:
                raise BadCell(field=name, why="is empty")
            continue
        try:
            cells[name] = column.read(text)
        except Invalid as error:
            raise BadCell(field=name, why=error.message) from None
    return cells


def _rows_numbered(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of a file with their line numbers. Raises: BadCell, for a file that is no table."""
    if not path.exists():
        return []
    found: list[tuple[int, dict[str, str]]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restkey="too many cells", restval="", strict=True)
            for row in reader:
                if len(found) >= ROWS_MAX:
                    raise BadCell(field=path.name, why=f"more than {ROWS_MAX} rows")
                found.append((reader.line_num, {str(name): str(text) for name, text in row.items()}))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadCell(field=path.name, why=f"is no UTF-8 CSV: {error}") from None
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        raise BadCell(field=path.name, why="is missing")
    return [row for _, row in _rows_numbered(path)]
