"""Money in, money out: payments settle open items, what is left stays open, the exchange result is realised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple

from attrs import field, frozen

from bizcore.book.entry import Entry
from bizcore.book.lots import Lot, Order
from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.finance import chart as charts
from bizcore.finance.chart import CONTROL, EXCHANGE, Chart, Nature
from bizcore.finance.claims import exchange_result, take
from bizcore.finance.documents import Bill, CreditNote, Invoice, OtherCurrency, TradeDocument, VendorCredit
from bizcore.finance.invoices import OtherParty
from bizcore.finance.openitems import Cleared, Legs, Settled, Worth, clear, document_of, lots_of
from bizcore.finance.worth import Paid, paid, written_off
from bizcore.flow.document import Document, Indexes, Ref
from bizcore.flow.numbering import Numbering
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Invalid, NotFound, Refused
from bizcore.kernel.exact import NotPositive, Number
from bizcore.kernel.money import Money
from bizcore.kernel.sequence import check_sequence


class Overpaid(Refused):
    """More is paid, refunded, written off or settled than is open."""

    code = "overpaid"

    def __init__(self, *, documents: tuple[str, ...], open: Money, by: Money, allowed: tuple[str, ...]) -> None:
        super().__init__(
            f"{', '.join(documents)}: {open} is open, {by} too much; {' or '.join(allowed)}",
            documents=documents,
            open=open,
            by=by,
            allowed=allowed,
        )


class NothingOpen(NotFound):
    """Nothing of that document is open, or nothing that way."""

    code = "nothing_open"

    def __init__(self, *, id: str, party: str) -> None:
        super().__init__(f"nothing of {id!r} is open for {party!r}", id=id, party=party)


class NotABank(Refused):
    """The account named as the bank of a payment holds something else than money."""

    code = "not_a_bank"

    def __init__(self, *, account: str, why: str) -> None:
        super().__init__(f"account {account} is no bank account: {why}", account=account, why=why)


class OneParty(Invalid):
    """A refund is a customer's or a vendor's: exactly one of them is named."""

    code = "one_party"

    def __init__(self, *, customer: str | None, vendor: str | None) -> None:
        super().__init__(
            f"name a customer or a vendor, one of them; not {customer!r} and {vendor!r}",
            customer=customer,
            vendor=vendor,
        )


class Way(Enum):
    """Whether money comes in or goes out."""

    IN = "in"
    OUT = "out"


class Against(Enum):
    """Whose open items are settled."""

    CUSTOMER = "customer"
    VENDOR = "vendor"

    @property
    def role(self) -> str:
        """The role of the account that holds them."""
        return "receivable" if self is Against.CUSTOMER else "payable"

    @property
    def sign(self) -> int:
        """The sign of a claim on that account: customers owe us, we owe vendors."""
        return 1 if self is Against.CUSTOMER else -1

    @property
    def claims(self) -> type[TradeDocument]:
        """The kind of document that opens them."""
        return Invoice if self is Against.CUSTOMER else Bill

    @property
    def credits(self) -> type[TradeDocument]:
        """The kind of document that credits them."""
        return CreditNote if self is Against.CUSTOMER else VendorCredit


def _documents(one: Any) -> list[tuple[str, ...]]:
    return [(found,) for found in sorted({document_of(use.lot) or use.lot for use in one.settles})]


def _settled(value: Iterable[Settled]) -> tuple[Settled, ...]:
    return tuple(value)


@frozen(kw_only=True)
class Payment(Document):
    """Money that came in or went out, and what it settled: a fact, never matched again.

    `value` is what it is worth in the company's currency, `received` what the bank account shows when that is in another
    currency, `settles` what it took from which item, `advance` what was left over, `result` the realised exchange gain
    (negative: loss), `written_off` what was given up with it.
    """

    kind = "payment"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="PAY")
    indexes: ClassVar[Indexes] = {
        "party": lambda one: [(one.party,)],
        "on": lambda one: [(one.on.isoformat(),)],
        "settles": _documents,
    }

    way: Way
    against: Against
    party: str
    on: date = field(converter=day)
    amount: Money
    value: Money
    bank: str
    received: Money | None = None
    written_off: Money | None = None
    settles: tuple[Settled, ...] = field(default=(), converter=_settled)
    advance: Money | None = None
    result: Money | None = None
    text: str = ""


@frozen(kw_only=True)
class Settlement(Document):
    """That an open advance or credit was set against items: no money moved, only who owes what."""

    kind = "settlement"
    by_verb: ClassVar[bool] = True
    indexes: ClassVar[Indexes] = {
        "party": lambda one: [(one.party,)],
        "on": lambda one: [(one.on.isoformat(),)],
        "settles": _documents,
    }

    against: Against
    party: str
    on: date = field(converter=day)
    source: str
    settles: tuple[Settled, ...] = field(default=(), converter=_settled)
    result: Money | None = None


def collect(
    view: View,
    amount: Money,
    *,
    customer: str,
    on: Day,
    to: Sequence[str] = (),
    bank: str | None = None,
    value: Money | None = None,
    rate: Number | Fraction | None = None,
    received: Money | None = None,
    write_off: Money | None = None,
    text: str = "",
) -> Changes[Payment]:
    """Take in a customer's money and settle what it pays: the invoices named, else the oldest due first.

    `amount` is in the invoices' currency; `received` what the bank account shows when it is kept in another one; `value` or
    `rate` what the amount is worth, else the rate recorded for the day. `write_off` settles more than was paid; it converts
    at the payment's rate.

    Guarantees: what is not settled stays as an advance, an open item with the payment's id; the realised exchange result
    is posted in the same entry.
    Raises: DocumentNotFound (an invoice in `to`), OtherParty, NothingOpen (it is open the other way), Overpaid (they get more
    than is open), NotABank, AccountUnknown, OtherCurrency, NotPositive, NotARate, TwoValues, ValueDiffers (values that contradict
    each other), OtherThanCompany, RateMissing.

    >>> from bizcore import Company
    >>> acme = Company.create("acme", currency="EUR")
    >>> paid = acme.apply(acme.finance.collect(Money("50", "EUR"), customer="beta", on="2026-03-05"), key="bank 17").value
    >>> str(paid.advance)
    '50.00 EUR'
    """
    terms = _Terms(Against.CUSTOMER, Way.IN, customer, day(on), tuple(to), bank, received, write_off, text)
    return _pay(view, terms, amount, paid(view, amount, on=day(on), value=value, rate=rate, received=received))


def pay(
    view: View,
    amount: Money,
    *,
    vendor: str,
    on: Day,
    to: Sequence[str] = (),
    bank: str | None = None,
    value: Money | None = None,
    rate: Number | Fraction | None = None,
    received: Money | None = None,
    write_off: Money | None = None,
    text: str = "",
) -> Changes[Payment]:
    """Pay a vendor and settle what it pays: the bills named, else the oldest due first; the mirror of `collect`.

    `received` is what left the bank account when that is kept in another currency.

    Raises: what `collect` raises, of the bills in `to`.
    """
    terms = _Terms(Against.VENDOR, Way.OUT, vendor, day(on), tuple(to), bank, received, write_off, text)
    return _pay(view, terms, amount, paid(view, amount, on=day(on), value=value, rate=rate, received=received))


def refund(
    view: View,
    amount: Money,
    *,
    customer: str | None = None,
    vendor: str | None = None,
    on: Day,
    to: Sequence[str] = (),
    bank: str | None = None,
    value: Money | None = None,
    rate: Number | Fraction | None = None,
    text: str = "",
) -> Changes[Payment]:
    """Pay money back to a customer, or take back a vendor's, against the credits or advances named, else the oldest.

    Raises: OneParty; Overpaid, also when no document is named: nobody is refunded more than is open; else what `collect` raises.
    """
    if customer is not None and vendor is None:
        against, way, party = Against.CUSTOMER, Way.OUT, customer
    elif vendor is not None and customer is None:
        against, way, party = Against.VENDOR, Way.IN, vendor
    else:
        raise OneParty(customer=customer, vendor=vendor)
    terms = _Terms(against, way, party, day(on), tuple(to), bank, None, None, text)
    return _pay(view, terms, amount, paid(view, amount, on=day(on), value=value, rate=rate, received=None))


def settle(view: View, payment: str, *, to: Sequence[str], on: Day, amount: Money | None = None) -> Changes[Settlement]:
    """Set an open advance, or a credit note's credit, against documents named; as much as both sides have open.

    `payment` is the id of the payment or credit note. An advance releases its own value, not the day's rate; the difference
    to what the documents release is realised.

    Guarantees: both sides shrink by the same amount; no bank account is touched; it is not dated before either side.
    Raises: DocumentNotFound, NothingOpen (the payment is used up, or the documents are settled), DatedBefore, NotPositive,
    Overpaid (`amount` is more than both sides have).
    Source: an advance at one rate and the bill at another, frappe/erpnext#34754.
    """
    found = _source(view, payment)
    chart = charts.of(view, on=on)
    account = chart.role(found.against.role)
    lots = view.lots("journal", account, found.party)
    sign = found.against.sign
    sources = [lot for lot in lots_of(lots, payment) if _minor(lot) * sign < 0]
    if not sources:
        raise NothingOpen(id=payment, party=found.party)
    currency = str(sources[0].amount.unit)
    named = _named(view, lots, tuple(to), found.against.claims, party=found.party, sign=sign, currency=currency)
    for lot in (*sources, *named):
        check_sequence("a settlement", day(on), cause=f"item {lot.id}", since=lot.on)
    both = min(sum(abs(_minor(lot)) for lot in sources), sum(abs(_minor(lot)) for lot in named))
    if not both:
        raise NothingOpen(id=", ".join(to), party=found.party)
    open_both = Money.of_minor(both, currency)
    asked = open_both if amount is None else amount
    if asked.sign <= 0:
        raise NotPositive(what="what is settled", value=asked)
    if asked > open_both:
        raise Overpaid(documents=tuple(to), open=open_both, by=asked - open_both, allowed=("settle at most that",))
    out = Legs(view.currency)
    ids = [lot.id for lot in sources]
    given = clear(sources, Worth(-sign * asked.minor, 0), currency, order=Order.NAMED, named=ids)
    worth = Worth(sign * asked.minor, -sum(one.value for _, one in given.taken))
    cleared = clear(named, worth, currency, order=Order.NAMED, named=[lot.id for lot in named])
    take(out, given, account=account, currency=currency, party=found.party)
    take(out, cleared, account=account, currency=currency, party=found.party)
    exchange_result(out, cleared, chart)
    document = view.mint(
        Settlement(
            against=found.against,
            party=found.party,
            on=on,
            source=payment,
            settles=_settles(cleared, currency, view.currency),
            result=_money(cleared.result, view.currency),
            origins=(found.ref, *_origins(cleared, found.against.claims)),
        )
    )
    entry = Entry(document.on, out.postings(), text=f"settlement {found.party}"[:200])
    return Changes(document, entries=[view.mint(entry)])


class _Terms(NamedTuple):
    """What a payment is apart from its amount."""

    against: Against
    way: Way
    party: str
    on: date
    to: tuple[str, ...]
    bank: str | None
    received: Money | None
    write_off: Money | None
    text: str

    @property
    def sign(self) -> int:
        """The sign of the bank leg, and of the items that are settled."""
        return 1 if self.way is Way.IN else -1

    @property
    def way_of_claims(self) -> bool:
        """Whether claims are settled, not credits: customers pay in, vendors are paid out."""
        return self.sign == self.against.sign


class _Source(NamedTuple):
    """The payment or credit note whose open rest is set against documents."""

    ref: Ref
    against: Against
    party: str


def _source(view: View, id: str) -> _Source:
    credit: TradeDocument | None = view.seek(CreditNote, id)
    if credit is not None:
        return _Source(credit.ref, Against.CUSTOMER, credit.party)
    credit = view.seek(VendorCredit, id)
    if credit is not None:
        return _Source(credit.ref, Against.VENDOR, credit.party)
    found = view.get(Payment, id)
    return _Source(found.ref, found.against, found.party)


def _minor(lot: Lot) -> int:
    return lot.amount.minor if isinstance(lot.amount, Money) else 0


def _pay(view: View, terms: _Terms, amount: Money, given: Paid) -> Changes[Payment]:
    chart = charts.of(view, on=terms.on)
    account = chart.role(terms.against.role)
    bank = terms.bank or chart.role("bank")
    _check_bank(chart, bank, terms.received or amount)
    worth = given.worth
    off = written_off(terms.write_off, amount, given, view.currency)
    total = Worth(terms.sign * (worth.amount + off.amount), terms.sign * (worth.value + off.value))
    cleared = _cleared(view, terms, view.lots("journal", account, terms.party), total, amount.currency)
    rest = cleared.rest
    claims = terms.against.claims if terms.way_of_claims else terms.against.credits
    payment = view.mint(
        Payment(
            way=terms.way,
            against=terms.against,
            party=terms.party,
            on=terms.on,
            amount=amount,
            value=Money.of_minor(worth.value, view.currency),
            bank=bank,
            received=terms.received,
            written_off=terms.write_off,
            settles=_settles(cleared, amount.currency, view.currency),
            advance=_money(abs(rest.amount), amount.currency),
            result=_money(cleared.result, view.currency),
            text=terms.text,
            origins=_origins(cleared, claims),
        )
    )
    out = Legs(view.currency)
    _bank_side(out, terms, amount, worth, bank=bank, exchange=chart.role(EXCHANGE))
    if off.amount:
        out.add(chart.role("write_offs"), amount.currency, Worth(terms.sign * off.amount, terms.sign * off.value))
    take(out, cleared, account=account, currency=amount.currency, party=terms.party)
    exchange_result(out, cleared, chart)
    out.add(account, amount.currency, Worth(-rest.amount, -rest.value), party=terms.party, lot=payment.id, due=terms.on)
    postings = out.postings()
    chart.check(one.account for one in postings)
    entry = Entry(terms.on, postings, text=f"payment {terms.way.value} {terms.party} {terms.text}".strip()[:200])
    return Changes(payment, entries=[view.mint(entry)])


def _check_bank(chart: Chart, bank: str, amount: Money) -> None:
    """Refuse an account that holds no money, or not this one. Raises: AccountUnknown, NotABank, OtherCurrency."""
    account = chart.account(bank)
    if account.nature not in (Nature.ASSET, Nature.LIABILITY):
        raise NotABank(account=bank, why=f"it is {account.nature.value}, and money lies in an asset or is owed")
    played = chart.roles(bank) & set(CONTROL)
    if played or chart.opens_items(bank):
        raise NotABank(account=bank, why=f"it holds {', '.join(sorted(played)) or 'open items'}")
    kept = account.currency
    if kept is not None and kept != amount.currency:
        raise OtherCurrency(field="bank", value=amount, currency=kept)


def _cleared(view: View, terms: _Terms, lots: Sequence[Lot], total: Worth, currency: str) -> Cleared:
    if terms.to:
        claims = terms.against.claims if terms.way_of_claims else terms.against.credits
        named = _named(view, lots, terms.to, claims, party=terms.party, sign=terms.sign, currency=currency)
        cleared = clear(named, total, currency, order=Order.NAMED, named=[lot.id for lot in named])
    else:
        cleared = clear(lots, total, currency, order=Order.DUE)
    # Only a plain payment leaves an advance: what was named, refunded or written off cannot be more than is open.
    if cleared.rest.amount and (terms.to or terms.write_off is not None or not terms.way_of_claims):
        by = Money.of_minor(abs(cleared.rest.amount), currency)
        whole = Money.of_minor(abs(total.amount), currency)
        if not terms.way_of_claims:
            allowed: tuple[str, ...] = ("refund at most that",)
        elif terms.write_off is not None:
            allowed = ("write off less",)
        else:
            allowed = ("name no document to keep the rest as an advance",)
        raise Overpaid(documents=terms.to or (terms.party,), open=whole - by, by=by, allowed=allowed)
    return cleared


def _named(
    view: View,
    lots: Sequence[Lot],
    to: tuple[str, ...],
    claims: type[TradeDocument],
    *,
    party: str,
    sign: int,
    currency: str,
) -> list[Lot]:
    """The open items of the documents named, in that order; a document that is settled has none."""
    found: list[Lot] = []
    for one in dict.fromkeys(to):
        of_it = lots_of(lots, one)
        if not of_it:
            document = view.get(claims, one)
            if document.party != party:
                raise OtherParty(document=one, party=document.party, given=party)
        for lot in of_it:
            if str(lot.amount.unit) != currency:
                raise OtherCurrency(field="amount", value=Money.zero(currency), currency=str(lot.amount.unit))
            if _minor(lot) * sign > 0:
                found.append(lot)
        if of_it and not any(_minor(lot) * sign > 0 for lot in of_it):
            raise NothingOpen(id=one, party=party)  # it is open the other way: a credit is refunded or settled
    return found


def _bank_side(out: Legs, terms: _Terms, amount: Money, worth: Worth, *, bank: str, exchange: str) -> None:
    sign, received = terms.sign, terms.received
    if received is None or received.currency == amount.currency:
        out.add(bank, amount.currency, Worth(sign * worth.amount, sign * worth.value))
        return
    # The entry itself changes currency here; the exchange account takes both legs and keeps no value.
    into = Worth(sign * received.minor, sign * worth.value)
    out.add(bank, received.currency, into)
    out.add(exchange, received.currency, Worth(-into.amount, -into.value))
    out.add(exchange, amount.currency, Worth(sign * worth.amount, sign * worth.value))


def _settles(cleared: Cleared, currency: str, company: str) -> tuple[Settled, ...]:
    return tuple(
        Settled(lot.id, Money.of_minor(abs(worth.amount), currency), Money.of_minor(abs(worth.value), company))
        for lot, worth in cleared.taken
    )


def _origins(cleared: Cleared, claims: type[TradeDocument]) -> tuple[Ref, ...]:
    """The documents settled; an item that no document opened has no origin to name."""
    found = dict.fromkeys(document_of(lot.id) for lot, _ in cleared.taken)
    return tuple(Ref(claims.kind, one) for one in found if one is not None)


def _money(minor: int, currency: str) -> Money | None:
    return Money.of_minor(minor, currency) if minor else None
