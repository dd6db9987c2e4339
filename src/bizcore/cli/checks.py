"""Control checks: each compares two figures that are kept or computed apart from each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from attrs import frozen

from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.company import Company
from bizcore.finance import chart as charts
from bizcore.finance.documents import Bill, CreditNote, Invoice, VendorCredit
from bizcore.finance.settlement import Payment, Way
from bizcore.flow.document import Document
from bizcore.kernel.money import Money
from bizcore.kernel.table import Column, Table
from bizcore.supply.places import pools
from bizcore.supply.reports import Difference, conserved, stock_equals_cost, worthless_or_held

BOOKS = ("cost", "journal", "reserved", "stock")


@frozen
class Check:
    """One control check: its name, whether the two figures agree, and both of them or where they differ."""

    name: str
    ok: bool
    detail: str

    def to_plain(self) -> dict[str, object]:
        """As JSON types."""
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


def checks(company: Company) -> tuple[Check, ...]:
    """Run every control check on a company.

    Guarantees: nothing is written; a check that is not ok says which figures differ.
    """
    view = company.view()
    return (
        _items(view, "receivables = control account", "receivable"),
        _items(view, "payables = control account", "payable"),
        _items(view, "goods received not invoiced = account", "grni"),
        _differences("stock = quantity in cost", (*stock_equals_cost(view), *worthless_or_held(view))),
        _inventory(view),
        _differences("conservation of goods", conserved(view)),
        _documents(company, view),
        _totals(view),
        _double_entry(company),
        _numbers(company, view),
        _chain(company),
    )


def table(found: tuple[Check, ...]) -> Table:
    """The checks as a table."""
    rows = [[one.name, "ok" if one.ok else "FAILED", one.detail] for one in found]
    return Table([Column("check"), Column("result"), Column("detail")], rows, title="Control checks", key="check")


def _items(view: View, name: str, role: str) -> Check:
    """The sum of the open items kept against what the account holds."""
    account = charts.of(view).role(role)
    lots = sum(lot.value.minor for lot in view.lots("journal", account))
    rows = view.totals(PostingQuery(book="journal", account=account), by=("account",))
    held = sum(row.value for row in rows)
    left, right = Money.of_minor(lots, view.currency), Money.of_minor(held, view.currency)
    return Check(name, left == right, f"items {left}, account {right}")


def _differences(name: str, found: tuple[Difference, ...]) -> Check:
    detail = "; ".join(f"{one.what}: {one.left} against {one.right}" for one in found[:5])
    return Check(name, not found, detail or "no difference")


def _inventory(view: View) -> Check:
    """The value of all cost pools against the inventory account."""
    known = pools(view)
    cost = sum(row.value for row in view.totals(PostingQuery(book="cost"), by=("account",)) if row.key[0] in known)
    account = charts.of(view).role("inventory")
    held = sum(row.value for row in view.totals(PostingQuery(book="journal", account=account), by=("account",)))
    left, right = Money.of_minor(cost, view.currency), Money.of_minor(held, view.currency)
    return Check("cost = inventory account", left == right, f"cost {left}, account {right}")


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


def _documents(company: Company, view: View) -> Check:
    """What invoices, bills, credits and payments say against what the two accounts hold, by currency; hand entries apart."""
    chart = charts.of(view)
    accounts = {chart.role(role): role for role in ("receivable", "payable")}
    said: Counter[tuple[str, str]] = Counter()
    for role, amount in _claims(company):
        said[role, amount.currency] += amount.minor
    for done in company.log():
        if done.act in ("finance.post", "finance.reverse"):
            for posting in (one for entry in done.entries for one in entry.postings if one.account in accounts):
                said[accounts[posting.account], posting.unit] += posting.scaled
    held: Counter[tuple[str, str]] = Counter()
    for row in view.totals(PostingQuery(book="journal"), by=("account", "unit")):
        if row.key[0] in accounts:
            held[accounts[row.key[0]], row.key[1]] = row.amount
    wrong = [
        f"{role}: documents {Money.of_minor(said[role, unit], unit)}, account {Money.of_minor(held[role, unit], unit)}"
        for role, unit in sorted({*said, *held})
        if said[role, unit] != held[role, unit]
    ]
    return Check("document totals = accounts", not wrong, "; ".join(wrong) or "no difference")


def _totals(view: View) -> Check:
    """The totals kept, by period and of now, against the postings summed anew."""
    wrong: list[str] = []
    count = 0
    for book in BOOKS:
        query = PostingQuery(book=book)
        summed: dict[tuple[str, str, str], list[int]] = {}
        for row in view.postings(query):
            count += 1
            mine = summed.setdefault((row.account, row.unit, str(row.period)), [0, 0])
            mine[0] += row.amount
            mine[1] += row.value
        rows = view.totals(query, by=("account", "unit", "period"))
        kept = {(row.key[0], row.key[1], row.key[2]): [row.amount, row.value] for row in rows}
        wrong += [f"{book} {' '.join(key)}" for key in sorted({*kept, *summed}) if kept.get(key) != summed.get(key)]
        now: dict[tuple[str, ...], list[int]] = {}
        for (account, unit, _), sums in kept.items():
            mine = now.setdefault((account, unit), [0, 0])
            mine[0] += sums[0]
            mine[1] += sums[1]
        current = {row.key: [row.amount, row.value] for row in view.totals(query, by=("account", "unit"))}
        wrong += [f"{book} {' '.join(key)} now" for key in sorted({*now, *current}) if now.get(key) != current.get(key)]
    detail = "; ".join(wrong[:5])
    return Check("kept totals = postings", not wrong, detail or f"{count} postings")


def _double_entry(company: Company) -> Check:
    trial = company.finance.trial_balance()
    sheet = company.finance.balance_sheet()
    debit, credit = trial["total", "debit"].value, trial["total", "credit"].value
    assets, other = sheet["assets", "amount"].value, sheet["liabilities_and_equity", "amount"].value
    ok = debit == credit and assets == other
    return Check("debit = credit, assets = liabilities + equity", ok, f"{debit} = {credit}, {assets} = {other}")


def _numbers(company: Company, view: View) -> Check:
    """The numbers that documents carry against how many each series has given."""
    found: Counter[str] = Counter()
    highest: dict[str, int] = {}
    for cls in company.kinds.values():
        if cls.numbering is None:
            continue
        kind: type[Document] = cls
        for one in company.documents(kind):
            if one.number:
                series, _, count = one.number.rpartition("-")
                found[series] += 1
                highest[series] = max(highest.get(series, 0), int(count))
    given = {name: view.series(name) for name in found}
    wrong = [
        f"{name}: {found[name]} documents, highest {highest[name]}, {given[name]} given"
        for name in sorted(found)
        if not found[name] == highest[name] == given[name]
    ]
    return Check("numbers without gap", not wrong, "; ".join(wrong) or f"{sum(found.values())} numbers")


def _chain(company: Company) -> Check:
    verdict = company.verify()
    where = f"position {verdict.position}: {verdict.why}" if verdict.position is not None else ""
    return Check("log chain verified", verdict.ok, where or f"{verdict.links} links")
