"""Tables: what every report answers with."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from typing import Any, ClassVar, Final, Literal

from attrs import field, frozen

from bizcore.kernel import markup
from bizcore.kernel.codec import WrongType
from bizcore.kernel.errors import Invalid, NotFound, Unavailable
from bizcore.kernel.exact import EXPONENT_MAX, plain_number
from bizcore.kernel.explain import Explanation
from bizcore.kernel.markup import ROWS_MAX, Html, Shown, cell, folded, heading, is_figure, joined
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.rounding import divide
from bizcore.kernel.value import Answer, Value

Kind = Literal["text", "money", "quantity", "number", "date"]

_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


class NoSuchCell(NotFound):
    """The table has no such row or column."""

    code = "no_such_cell"

    def __init__(self, *, row: object, column: object) -> None:
        super().__init__(
            f"the table has no cell {str(row)[:60]!r}, {str(column)[:60]!r}", row=str(row)[:60], column=str(column)[:60]
        )


class BadTable(Invalid):
    """A row does not fit the columns."""

    code = "bad_table"

    def __init__(self, *, row: int, cells: int, columns: int) -> None:
        super().__init__(f"row {row} has {cells} cells for {columns} columns", row=row, cells=cells, columns=columns)


class MissingExtra(Unavailable):
    """An optional package is not installed."""

    code = "missing_extra"
    retry = False

    def __init__(self, *, package: str, command: str) -> None:
        super().__init__(f"{package} is not installed; run: {command}", package=package, command=command)


@frozen
class Column(Value):
    """A column: its name in data, its title for people, what its cells are, and their unit when it is one for all."""

    name: str
    title: str = ""
    kind: Kind = "text"
    unit: str | None = None


@frozen
class Cell(Shown):
    """One cell: its value, why it is what it is, and the postings behind it."""

    value: Any
    _explain: Callable[[], Explanation] = field(repr=False)
    _postings: Callable[[], Table] = field(repr=False)

    def explain(self) -> Explanation:
        """Why the figure is what it is."""
        return self._explain()

    @property
    def postings(self) -> Table:
        """The postings that sum to the figure; empty where there are none."""
        return self._postings()

    def __str__(self) -> str:
        """The explanation, and how many postings lie behind it."""
        return f"{self.explain()}\n{_counted(self.postings)}"

    def markup(self) -> Html:
        """The explanation; the postings open when one asks for them."""
        postings = self.postings
        behind = folded(_counted(postings), postings.markup()) if len(postings) else Html()
        return joined([self.explain().markup(), behind])


def _counted(postings: Table) -> str:
    return "1 posting" if len(postings) == 1 else f"{len(postings)} postings"


def _columns(value: Iterable[Column]) -> tuple[Column, ...]:
    if not isinstance(value, Iterable):
        raise WrongType(value=value, expected="columns")
    columns = tuple(value)
    for one in columns:
        if not isinstance(one, Column):
            raise WrongType(value=one, expected="a Column")
    return columns


def _rows(value: Iterable[Sequence[object]]) -> tuple[tuple[Any, ...], ...]:
    if not isinstance(value, Iterable):
        raise WrongType(value=value, expected="rows")
    return tuple(_row(one) for one in value)


def _row(value: Sequence[object]) -> tuple[Any, ...]:
    try:
        return tuple(value)
    except TypeError:
        raise WrongType(value=value, expected="a row of cells") from None


@frozen(eq=False, repr=False)
class Table(Shown, Answer):
    """Rows with typed columns. Cells are Money, Quantity, Decimal, int, date, text or None.

    `table[row, column]` takes row numbers, or the text in the column named by `key`, and column names. Iterating gives
    dictionaries. `explain` and `postings` answer for a (row number, column name).

    >>> table = Table([Column("account"), Column("debit", kind="money")], [["1000", Money("5.00", "EUR")]], key="account")
    >>> table["1000", "debit"].value, table.to_dicts()
    (Money('5.00', 'EUR'), [{'account': '1000', 'debit': Money('5.00', 'EUR')}])
    """

    json_form: ClassVar[Any] = list[dict[str, Any]]

    columns: tuple[Column, ...] = field(converter=_columns)
    rows: tuple[tuple[Any, ...], ...] = field(converter=_rows)
    title: str = field(default="", kw_only=True)
    key: str = field(default="", kw_only=True)
    _explain: Callable[[int, str], Explanation] | None = field(default=None, kw_only=True)
    _postings: Callable[[int, str], Table] | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse rows of another width."""
        width = len(self.columns)
        for at, row in enumerate(self.rows):
            if len(row) != width:
                raise BadTable(row=at, cells=len(row), columns=width)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Each row as a dictionary."""
        names = [one.name for one in self.columns]
        return (dict(zip(names, row, strict=True)) for row in self.rows)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def __getitem__(self, at: tuple[int | str, str]) -> Cell:
        """A cell. Raises: NoSuchCell."""
        given: object = at
        if not isinstance(given, tuple) or len(given) != 2:
            raise NoSuchCell(row=given, column="")
        row, column = at
        index = self._row(row, column)
        place = next((number for number, one in enumerate(self.columns) if one.name == column), None)
        if place is None:
            raise NoSuchCell(row=row, column=column)
        value = self.rows[index][place]

        def explain() -> Explanation:
            if self._explain is not None:
                return self._explain(index, column)
            return Explanation(f"{self.title or 'table'}, {column}", _text(value))

        def postings() -> Table:
            return self._postings(index, column) if self._postings is not None else Table([], [])

        return Cell(value, explain, postings)

    def _row(self, row: int | str, column: str) -> int:
        if isinstance(row, int):
            if -len(self.rows) <= row < len(self.rows):
                return row % len(self.rows)
        elif self.key:
            for index, text in enumerate(self.column(self.key)):
                if text == row:
                    return index
        raise NoSuchCell(row=row, column=column)

    def column(self, name: str) -> tuple[Any, ...]:
        """The cells of a column. Raises: NoSuchCell."""
        for place, one in enumerate(self.columns):
            if one.name == name:
                return tuple(row[place] for row in self.rows)
        raise NoSuchCell(row="", column=name)

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as dictionaries of exact values."""
        return list(self)

    def to_plain(self) -> list[dict[str, object]]:
        """The rows as JSON types; figures as exact text."""
        return [{name: _plain(value) for name, value in row.items()} for row in self]

    def to_csv(self) -> str:
        """Comma-separated text with a header; text that a spreadsheet would run as a formula is led by a quote."""
        head = _csv_line([_harmless(one.name) for one in self.columns])
        return "".join((head, *(_csv_line([_csv(value) for value in row]) for row in self.rows)))

    def to_pandas(self) -> Any:
        """A pandas frame; figures become floats, for looking. Raises: MissingExtra."""
        return _package("pandas").DataFrame(
            {one.name: [_float(v) for v in self.column(one.name)] for one in self.columns}
        )

    def to_polars(self) -> Any:
        """A polars frame; figures stay exact decimals, thirds and the like to 20 places. Raises: MissingExtra."""
        return _package("polars").DataFrame(
            {one.name: [_decimal(v) for v in self.column(one.name)] for one in self.columns}
        )

    def __repr__(self) -> str:
        """The same as `str`."""
        return str(self)

    def __str__(self) -> str:
        """Aligned text: figures to the right."""
        cells = [[one.title or one.name for one in self.columns], *[[_text(v) for v in row] for row in self.rows]]
        widths = [max(len(row[at]) for row in cells) for at in range(len(self.columns))]
        right = [any(is_figure(row[at]) for row in self.rows) for at in range(len(widths))]
        lines = [self.title] if self.title else []
        lines += ["  ".join(map(_aligned, row, widths, right)).rstrip() for row in cells]
        return "\n".join(lines)

    def markup(self) -> Html:
        """A table of the first hundred rows; a unit that is one for all stands in the head."""
        right = [any(is_figure(row[at]) for row in self.rows) for at in range(len(self.columns))]
        head = [
            heading(one.title or one.name, unit=one.unit, right=to_right)
            for one, to_right in zip(self.columns, right, strict=True)
        ]
        body = [
            markup.row(
                (cell(value, unit=one.unit) for value, one in zip(row, self.columns, strict=True)),
                is_sum=row[:1] == ("total",),
            )
            for row in self.rows[:ROWS_MAX]
        ]
        return markup.table(head, body, title=self.title, of=len(self.rows))


def _aligned(text: str, width: int, to_right: bool) -> str:
    return text.rjust(width) if to_right else text.ljust(width)


def _text(value: object) -> str:
    if value is None:
        return ""
    return plain_number(value) if isinstance(value, (Decimal, Fraction)) else str(value)


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | str():
            return value
        case Money() | Quantity():
            return value.to_plain()
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items()}
        case _:
            return value.isoformat() if isinstance(value, date) else _text(value)


def _csv(value: object) -> str:
    match value:
        case None:
            return ""
        case Money() | Quantity():
            return plain_number(value.amount) if isinstance(value, Quantity) else str(value.amount)
        case str():
            return _harmless(value)
        case _:
            return _text(value)


def _csv_line(cells: list[str]) -> str:
    """One line. Before Python 3.13 only characters of the line's end are quoted, so a lone CR inside a text would begin a row,
    with a formula that no quote leads; hence an end with CR, cut off again.
    """
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n") + "\n"


def _harmless(text: str) -> str:
    """OWASP ASVS 1.2.10; the quote itself is doubled, so that reading back is exact."""
    return f"'{text}" if text.startswith(_RISKY) else text


def _float(value: object) -> object:
    if isinstance(value, (Money, Quantity)):
        value = value.amount
    return float(value) if isinstance(value, (Decimal, Fraction)) else value


def _decimal(value: object) -> object:
    if isinstance(value, (Money, Quantity)):
        value = value.amount
    if not isinstance(value, Fraction):
        return value
    # Never by dividing Decimals: the host's context would round.
    scaled = divide(value.numerator * 10**EXPONENT_MAX, value.denominator)
    return Decimal(plain_number(Fraction(scaled, 10**EXPONENT_MAX)))


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise MissingExtra(package=name, command=f"pip install {name}") from None
