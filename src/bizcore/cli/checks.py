"""Control checks: each compares two figures that are kept or computed apart from each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Final, NamedTuple

from attrs import frozen

from bizcore.book.entry import Entry
from bizcore.change.documents import Documents
from bizcore.change.reading import PostingQuery, PostingRow
from bizcore.change.view import View
from bizcore.company import Company
from bizcore.company.refusals import ReadOnly
from bizcore.finance import chart as charts
from bizcore.finance.documents import Bill, CreditNote, Invoice, VendorCredit
from bizcore.finance.settlement import Payment, Way
from bizcore.flow.document import Document, Ref
from bizcore.kernel.codec import encode
from bizcore.kernel.errors import BizcoreError, LawBroken
from bizcore.kernel.money import Money
from bizcore.kernel.table import Column, Table
from bizcore.supply.places import pools
from bizcore.supply.reports import (
    Difference,
    at_standard,
    conserved,
    layers_as_folded,
    stock_equals_cost,
    worthless_or_held,
)
from bizcore.supply.stocktaking import counts_hold

BOOKS: Final = ("cost", "journal", "reserved", "stock")

SHOWN: Final = 5
"""How many differences a detail names."""


@frozen
class Check:
    """One control check: its name, whether the two figures agree, and both of them or where they differ."""

    name: str
    ok: bool
    detail: str

    def to_plain(self) -> dict[str, object]:
        """As JSON types."""
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


class Finding(NamedTuple):
    """What a comparison found."""

    ok: bool
    detail: str


def checks(company: Company) -> tuple[Check, ...]:
    """Run every control check on a company.

    Guarantees: nothing is written; a check that is not ok says which figures differ, or why it cannot be made; no check keeps
    another from being made. A fork and a past are checked alike; the log's chain is that of the company they are of.

    >>> all(one.ok for one in checks(Company.create("acme", currency="EUR")))
    True
    """
    view = company.view()
    return tuple(Check(name, *_made(compare, company, view)) for name, compare in _CHECKS.items())


def table(found: Iterable[Check]) -> Table:
    """The checks as a table."""
    rows = [[one.name, "ok" if one.ok else "FAILED", one.detail] for one in found]
    return Table([Column("check"), Column("result"), Column("detail")], rows, title="Control checks", key="check")


Compare = Callable[[Company, View], Finding]


def _made(compare: Compare, company: Company, view: View) -> Finding:
    # Damage can be such that the figures cannot be computed at all: that is a red check, not the end of the others.
    try:
        return compare(company, view)
    except (BizcoreError, LawBroken, ValueError, LookupError, TypeError) as error:
        return Finding(False, f"cannot be computed: {error}")


def _unless(wrong: Iterable[str], fine: str) -> Finding:
    """Fine, unless there are differences: then the first of them, and how many more."""
    found = list(wrong)
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return Finding(not found, "; ".join(found[:SHOWN]) + more if found else fine)


def _differences(found: Iterable[Difference]) -> Finding:
    return _unless((f"{one.what}: {one.left} against {one.right}" for one in found), "no difference")


# -- sub-ledgers and goods -------------------------------------------------------------------------------------------


def _items(role: str) -> Compare:
    """The sum of the open items kept, against what the account of a role holds."""

    def compare(_: Company, view: View) -> Finding:
        account = charts.of(view).role(role)
        items = sum(lot.value.minor for lot in view.lots("journal", account))
        return _equal(view, "items", items, "account", _held(view, account))

    return compare


def _held(view: View, account: str) -> int:
    return sum(row.value for row in view.totals(PostingQuery(book="journal", account=account), by=("account",)))


def _equal(view: View, one: str, left: int, other: str, right: int) -> Finding:
    shown = [Money.of_minor(minor, view.currency) for minor in (left, right)]
    return Finding(left == right, f"{one} {shown[0]}, {other} {shown[1]}")


def _stock(_: Company, view: View) -> Finding:
    """What lies in owned places, against the quantities in the cost book."""
    return _differences((*stock_equals_cost(view), *worthless_or_held(view)))


def _standard(_: Company, view: View) -> Finding:
    """What the cost book holds of goods at standard cost, against their quantity at the standard in force."""
    return _differences(at_standard(view))


def _counted(_: Company, view: View) -> Finding:
    """What lay at a place at the moment of each count, by all that is recorded now, against what was counted."""
    return _differences(counts_hold(view))


def _inventory(_: Company, view: View) -> Finding:
    """The value of all cost pools, against the inventory account."""
    known = pools(view)
    cost = sum(row.value for row in view.totals(PostingQuery(book="cost"), by=("account",)) if row.key[0] in known)
    return _equal(view, "cost", cost, "account", _held(view, charts.of(view).role("inventory")))


def _conserved(_: Company, view: View) -> Finding:
    """What came in from outside, against what is there or went out: over all places every item sums to nothing."""
    return _differences(conserved(view))


# -- documents and statements ----------------------------------------------------------------------------------------


def _claims(company: Company) -> Iterator[tuple[str, Money]]:
    """What each document adds to the account of receivables or payables."""
    for invoice in company.documents(Invoice):
        yield "receivable", invoice.owed
    for note in company.documents(CreditNote):
        yield "receivable", -note.owed
    for bill in company.documents(Bill):
        yield "payable", -bill.owed
    for credit in company.documents(VendorCredit):
        yield "payable", credit.owed
    for payment in company.documents(Payment):
        role = payment.against.role
        for amount in (payment.amount, payment.written_off):
            if amount is not None:
                yield role, -amount if payment.way is Way.IN else amount


def _documents(company: Company, view: View) -> Finding:
    """What invoices, bills, credits and payments say, against what the two accounts hold, by currency; hand entries apart."""
    chart = charts.of(view)
    accounts = {chart.role(role): role for role in ("receivable", "payable")}
    said: defaultdict[tuple[str, str], int] = defaultdict(int)
    for role, amount in _claims(company):
        said[role, amount.currency] += amount.minor
    for done in company.log():
        if done.act in ("finance.post", "finance.reverse"):
            for posting in (one for entry in done.entries for one in entry.postings if one.account in accounts):
                said[accounts[posting.account], posting.unit] += posting.scaled
    held: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in view.totals(PostingQuery(book="journal"), by=("account", "unit")):
        if row.key[0] in accounts:
            held[accounts[row.key[0]], row.key[1]] = row.amount
    wrong = (
        f"{role}: documents {Money.of_minor(said[role, unit], unit)}, account {Money.of_minor(held[role, unit], unit)}"
        for role, unit in sorted({*said, *held})
        if said[role, unit] != held[role, unit]
    )
    return _unless(wrong, "no difference")


def _statements(company: Company, _: View) -> Finding:
    """All debits of the trial balance against all its credits, and assets against liabilities and equity: one law, seen twice."""
    trial, sheet = company.finance.trial_balance(), company.finance.balance_sheet()
    debit, credit = trial["total", "debit"].value, trial["total", "credit"].value
    assets, other = sheet["assets", "amount"].value, sheet["liabilities_and_equity", "amount"].value
    signs = ["=" if left == right else "is not" for left, right in ((debit, credit), (assets, other))]
    return Finding(debit == credit and assets == other, f"{debit} {signs[0]} {credit}, {assets} {signs[1]} {other}")


# -- what is kept twice ----------------------------------------------------------------------------------------------


def _totals(_: Company, view: View) -> Finding:
    """The totals kept, debit and credit apart, by period and of now, against the postings summed anew."""
    wrong: list[str] = []
    count = 0
    for book in BOOKS:
        query = PostingQuery(book=book)
        summed: defaultdict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for row in view.postings(query):
            count += 1
            for key in ((row.account, row.unit, str(row.period)), (row.account, row.unit)):
                mine = summed[key]
                mine[row.amount < 0] += abs(row.amount)
                mine[2 + (row.value < 0)] += abs(row.value)
        kept = {
            one.key: list(one[1:])
            for by in (("account", "unit", "period"), ("account", "unit"))
            for one in view.totals(query, by=by)
        }
        # A group that only zeros were posted to has no total: the port leaves it out.
        posted = {key: sums for key, sums in summed.items() if any(sums)}
        wrong += [f"{book} {' '.join(key)}" for key in sorted({*kept, *posted}) if kept.get(key) != posted.get(key)]
    return _unless(wrong, f"{count} postings")


Open = tuple[str, str, int, int]


def _lots(_: Company, view: View) -> Finding:
    """The open lots kept, each with its dates, amount and value, against the lots that the postings leave open."""
    wrong: list[str] = []
    count = 0
    for book in BOOKS:
        accounts = {row.key[0] for row in view.totals(PostingQuery(book=book), by=("account",))}
        left = _left_open(view.postings(PostingQuery(book=book)))
        kept: dict[tuple[str, ...], Open] = {}
        for account in accounts:
            for lot in view.lots(book, account):
                scaled = lot.amount.minor if isinstance(lot.amount, Money) else lot.amount.scaled
                unit = lot.amount.currency if isinstance(lot.amount, Money) else lot.amount.unit
                due = lot.due.isoformat() if lot.due else ""
                kept[account, lot.party or "", unit, lot.id] = (lot.on.isoformat(), due, scaled, lot.value.minor)
        count += len(kept)
        wrong += [f"{book} {' '.join(key)}" for key in sorted({*kept, *left}) if kept.get(key) != left.get(key)]
    return _unless(wrong, f"{count} open")


def _left_open(rows: Iterable[PostingRow]) -> dict[tuple[str, ...], Open]:
    """Lots folded from postings in the order they were recorded; one that a change leaves with nothing is closed."""
    left: dict[tuple[str, ...], Open] = {}
    ordered = sorted((one for one in rows if one.lot), key=lambda one: (one.position, one.line))
    for _, change in groupby(ordered, key=lambda one: one.position):
        for row in change:
            key = (row.account, row.party, row.unit, row.lot)
            on, due, amount, value = left.get(key, (row.on, row.due, 0, 0))
            left[key] = (on, due, amount + row.amount, value + row.value)
        left = {key: lot for key, lot in left.items() if lot[2] or lot[3]}
    return left


def _layers(_: Company, view: View) -> Finding:
    """The cost layers kept between changes, against all moves folded anew."""
    return _differences(layers_as_folded(view))


def _indexes(company: Company, view: View) -> Finding:
    """The keys that documents are found under, against the keys that they have."""
    has: set[tuple[str, str, Ref]] = set()
    names = {"origin"}
    for kind in company.kinds.values():
        names |= {f"{kind.kind}.{name}" for name in ("extra", "number", "state", *kind.indexes)}
        for one in Documents(kind, lambda: view):
            has |= {(name, key, one.ref) for name, key in one.index_keys()}
    kept = {(name, key, ref) for name in names for key, ref in view.keys(name)}
    return _unless((f"{ref} under {name}" for name, _, ref in sorted(kept ^ has, key=str)), f"{len(has)} keys")


def _log(company: Company, view: View) -> Finding:
    """The entries in the log, against the postings that reports read: each with all it says."""
    said: defaultdict[tuple[str, ...], list[tuple[object, ...]]] = defaultdict(list)
    for done in company.log():
        for entry in done.entries:
            said[entry.storage_book, str(done.position)] += _as_rows(entry, view.currency)
    kept: defaultdict[tuple[str, ...], list[tuple[object, ...]]] = defaultdict(list)
    for book in {*BOOKS, *(book for book, _ in said)}:
        for row in sorted(view.postings(PostingQuery(book=book)), key=lambda one: (one.position, one.line)):
            kept[book, str(row.position)].append(
                (row.account, row.unit, row.on, row.party, row.lot, row.due, row.dims, row.amount, row.value)
            )
    wrong = (
        f"{book} at position {position}"
        for book, position in sorted({*said, *kept}, key=lambda key: (int(key[1]), key[0]))
        if said.get((book, position)) != kept.get((book, position))
    )
    return _unless(wrong, f"{sum(len(rows) for rows in said.values())} postings")


def _as_rows(entry: Entry, currency: str) -> Iterator[tuple[object, ...]]:
    for one in entry.postings:
        value = one.scaled if isinstance(one.amount, Money) else 0
        if one.value is not None:
            value = one.value.minor
        due = one.due.isoformat() if one.due else ""
        dims = encode(one.dims) if one.dims else ""
        yield one.account, one.unit, entry.on.isoformat(), one.party or "", one.lot or "", due, dims, one.scaled, value


def _numbers(company: Company, view: View) -> Finding:
    """The numbers that documents carry, against those that each series has given: every one of them, once."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for cls in company.kinds.values():
        if cls.numbering is None:
            continue
        kind: type[Document] = cls
        for one in company.documents(kind):
            if one.number:
                series, _, count = one.number.rpartition("-")
                # In a fork a number goes on from those given, and gets its series when the fork is applied.
                ahead = count.startswith("?")
                found[cls.numbering.series(one.dated) if ahead else series].append(int(count.removeprefix("?")))
    wrong = (
        f"{name}: {given} given, documents carry {', '.join(map(str, sorted(numbers)[-SHOWN:]))}"
        for name, numbers in sorted(found.items())
        if sorted(numbers) != list(range(1, (given := view.series(name)) + 1))
    )
    return _unless(wrong, f"{sum(map(len, found.values()))} numbers")


def _chain(company: Company, _: View) -> Finding:
    """The hashes in the log, against the log and the documents hashed anew; a fork or a past has no log of its own."""
    try:
        verdict = company.verify()
    except ReadOnly:
        return Finding(True, "a fork or a past: verify the company that it is of")
    return Finding(
        verdict.ok, f"{verdict.links} links" if verdict.ok else f"position {verdict.position}: {verdict.why}"
    )


_CHECKS: Final[dict[str, Compare]] = {
    "receivables = control account": _items("receivable"),
    "payables = control account": _items("payable"),
    "goods received not invoiced = account": _items("grni"),
    "stock = quantity in cost": _stock,
    "value = quantity at standard": _standard,
    "counted = stock then": _counted,
    "cost = inventory account": _inventory,
    "conservation of goods": _conserved,
    "document totals = accounts": _documents,
    "debit = credit, assets = liabilities + equity": _statements,
    "kept totals = postings": _totals,
    "open lots = postings": _lots,
    "cost layers = moves": _layers,
    "index keys = documents": _indexes,
    "log entries = postings": _log,
    "numbers without gap": _numbers,
    "log chain verified": _chain,
}
