"""`bizcore quarter`: arguments, exit codes, what is printed and written."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from attrs import frozen

from bizcore.cli.checks import Check, checks
from bizcore.cli.checks import table as checks_table
from bizcore.cli.figures import figures, quarter_end
from bizcore.cli.layout import BadCell, Folder, Record, read_folder
from bizcore.cli.replay import Replay, Replayed
from bizcore.company import Company
from bizcore.kernel.errors import BizcoreError, LawBroken
from bizcore.kernel.table import Column, Table

FINE: Final = 0
CHECK_FAILED: Final = 1
REFUSED: Final = 2
STORE_OR_USAGE: Final = 3


class Usage(argparse.ArgumentParser):
    """A parser whose usage errors leave with the code of this command."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Say it and leave."""
        self.print_usage(sys.stderr)
        self.exit(STORE_OR_USAGE, f"bizcore: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the answer is its exit code: 0 fine, 1 a check failed, 2 rows refused, 3 store or usage."""
    parser = Usage(prog="bizcore", description="Books, stock and deals that always add up.")
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=Usage)
    quarter = verbs.add_parser("quarter", help="replay a folder of records and print statements and checks")
    quarter.add_argument("folder", nargs="?", type=Path, help="CSV records; the sample company when left out")
    quarter.add_argument("--store", help="where the books are kept; sqlite:///quarter/books.db when left out")
    quarter.add_argument("--out", type=Path, default=Path("quarter"), help="where the statements are written (quarter)")
    quarter.add_argument("--json", type=Path, help="one JSON file with everything")
    given = parser.parse_args(arguments)
    store = given.store
    try:
        if store is None:
            Path("quarter").mkdir(exist_ok=True)
            store = "sqlite:///quarter/books.db"
        if given.folder is not None and not given.folder.is_dir():
            raise BadCell(field=str(given.folder), why="is no folder")
        with as_file(files("bizcore.cli") / "sample") as sample:
            outcome = run(given.folder or sample, store)
        outcome.write(given.out, given.json)
    except (BizcoreError, OSError) as error:
        print(f"bizcore: {error}", file=sys.stderr)
        return STORE_OR_USAGE
    except LawBroken as error:
        print(f"bizcore: the books are damaged: {error}", file=sys.stderr)
        return CHECK_FAILED
    print(outcome.text())
    # How often it ran is no part of the output, which is the same every time.
    print(outcome.replayed, file=sys.stderr)
    return outcome.code


@frozen
class Outcome:
    """What a run gives: the statements, the checks, the figures, what was refused."""

    at: date | None
    replayed: Replayed
    statements: tuple[tuple[str, Table], ...]
    found: tuple[Check, ...]
    figures: dict[str, object]

    @property
    def code(self) -> int:
        """The exit code: a failed check weighs more than a refused row."""
        if not all(one.ok for one in self.found):
            return CHECK_FAILED
        return REFUSED if self.replayed.refused else FINE

    def text(self) -> str:
        """Everything for people."""
        when = f", as at {self.at.isoformat()}" if self.at else ""
        parts = [f"{self.figures['company']}, in {self.figures['currency']}{when}"]
        parts += [str(table) for _, table in self.statements]
        if self.replayed.refused:
            parts.append(str(self._refusals()))
        parts.append(str(checks_table(self.found)))
        return "\n\n".join(parts)

    def _refusals(self) -> Table:
        rows = [[one.record, one.file, one.line, one.field, one.rule, one.because] for one in self.replayed.refused]
        names = ("record", "file", "line", "field", "rule", "because of")
        return Table([Column(name) for name in names], rows, title="Refused records")

    def to_plain(self) -> dict[str, object]:
        """Everything as JSON types; nothing in it depends on when or how often it ran."""
        return {
            **self.figures,
            "answers": {"sent": self.replayed.sent, "answered": self.replayed.answered},
            "as_at": self.at.isoformat() if self.at else None,
            "checks": [one.to_plain() for one in self.found],
            "refused": [one.to_plain() for one in self.replayed.refused],
            "statements": {name: table.to_plain() for name, table in self.statements},
        }

    def write(self, folder: Path, whole: Path | None) -> None:
        """Write each statement as JSON and CSV, and everything as one JSON file when asked."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in (*self.statements, ("checks", checks_table(self.found))):
            (folder / f"{name}.json").write_text(_json(table.to_plain()), encoding="utf-8")
            (folder / f"{name}.csv").write_text(table.to_csv(), encoding="utf-8")
        if whole is not None:
            whole.parent.mkdir(parents=True, exist_ok=True)
            whole.write_text(_json(self.to_plain()), encoding="utf-8")


def _json(data: object) -> str:
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def run(folder: Path, store: str) -> Outcome:
    """Replay a folder into a store and look at the result.

    Raises: BadCell (the folder cannot be read at all), and what the store refuses.
    """
    read = read_folder(folder)
    with opened(read, store) as company:
        replayed = Replay(company).run(read.records, _progress)
        return outcome(company, replayed)


def opened(read: Folder, store: str) -> Company:
    """The company that a folder is about, made when it is not there yet. Raises: BadCell, CompanyExists."""
    row = read.company
    for name in ("name", "currency"):
        if not row.get(name):
            raise BadCell(field=f"company.csv {name}", why="is empty")
    return Company.create(
        row["name"],
        currency=row["currency"],
        calendar=row.get("calendar") or "calendar-year",
        zone=row.get("zone") or "UTC",
        chart=row.get("chart") or "ifrs",
        store=store,
        actor="quarter",
    )


def outcome(company: Company, replayed: Replayed) -> Outcome:
    """Statements, checks and figures of a company, as at the end of the last quarter that anything is posted in.

    Raises: LawBroken, when the books are damaged such that a statement cannot be made.
    """
    finance, supply = company.finance, company.supply
    at = quarter_end(company)
    statements = (
        ("trial_balance", finance.trial_balance(at=at)),
        ("income_statement", finance.income_statement()),
        ("balance_sheet", finance.balance_sheet(at=at)),
        ("receivable_aging", finance.receivable_aging(at=at)),
        ("payable_aging", finance.payable_aging(at=at)),
        ("stock_valuation", supply.stock_valuation(at=at)),
    )
    return Outcome(at, replayed, statements, checks(company), figures(company))


def _progress(records: Iterable[Record]) -> Iterator[Record]:
    """Show how far a replay is on standard error: a bar where rich is installed, plain lines else."""
    known = tuple(records)
    try:
        from rich.console import Console
        from rich.progress import track
    except ImportError:
        for at, one in enumerate(known, 1):
            if at % 500 == 0 or at == len(known):
                print(f"{at} of {len(known)} records", file=sys.stderr)
            yield one
        return
    yield from track(known, description="records", console=Console(stderr=True), transient=True)
