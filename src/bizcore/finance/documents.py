"""Invoices, bills and their credit notes: four documents, one arithmetic. They compute with nothing set up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from attrs import field, frozen

from bizcore.finance import tax as taxes
from bizcore.finance.lines import Adjustment, Line
from bizcore.finance.tax import Prices, TaxAmount, TaxLine, TaxResult, TaxRounding
from bizcore.finance.terms import Instalment, Terms, instalments
from bizcore.flow.document import Document, Indexes, Keys, NoLines
from bizcore.flow.lifecycle import Lifecycle
from bizcore.flow.numbering import Numbering
from bizcore.kernel.codec import reader
from bizcore.kernel.currencies import digits
from bizcore.kernel.days import Day, day
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import fraction, plain_number
from bizcore.kernel.explain import Explanation
from bizcore.kernel.ids import checked_id
from bizcore.kernel.money import Money
from bizcore.kernel.rounding import Rounding

LINES_MAX = 5_000


class TooManyLines(Invalid):
    """A document has more lines than the limit."""

    code = "too_many_lines"

    def __init__(self, *, count: int, most: int) -> None:
        super().__init__(f"{count} lines, at most {most}; split the document", count=count, most=most)


class Uncategorised(Invalid):
    """Lines have tax categories and an allowance or a charge has none: EN 16931 taxes all of them (BR-32, BR-37)."""

    code = "uncategorised"

    def __init__(self, *, reason: str, amount: str) -> None:
        what = f"of {amount}" + (f" for {reason}" if reason else "")
        super().__init__(f"an allowance or charge {what} has no tax code; give it one", reason=reason, amount=amount)


class StatedAndComputed(Invalid):
    """The tax is stated and a line has a category: one of the two decides."""

    code = "stated_and_computed"

    def __init__(self, *, tax: str, stated: Money) -> None:
        super().__init__(f"the tax is stated as {stated}, and a line says {tax}; leave one out", tax=tax, stated=stated)


class NotMoney(Invalid):
    """An amount of a document is given without its currency."""

    code = "not_money"

    def __init__(self, *, field: str, value: object) -> None:
        super().__init__(f"{field} {repr(value)[:60]} is not money; give Money", field=field, value=repr(value)[:60])


class BadPrepaid(Invalid):
    """What was prepaid is negative or more than the document's gross."""

    code = "bad_prepaid"

    def __init__(self, *, prepaid: Money, gross: Money) -> None:
        super().__init__(
            f"{prepaid} cannot have been prepaid of {gross}; it is between nothing and that",
            prepaid=prepaid,
            gross=gross,
        )


class RoundingTooLarge(Invalid):
    """A cash rounding of more than five units of the currency rounds to no coin: the coarsest is of ten forints or yen."""

    code = "rounding_too_large"

    def __init__(self, *, rounding: Money) -> None:
        super().__init__(f"{rounding} is no cash rounding; it is at most five {rounding.currency}", rounding=rounding)


class OtherCurrency(Invalid):
    """An amount of a document is in another currency than the document."""

    code = "other_currency"

    def __init__(self, *, field: str, value: Money, currency: str) -> None:
        super().__init__(f"{field} {value}: it has to be in {currency}", field=field, value=value, currency=currency)


def _lines(value: Iterable[object]) -> tuple[Line, ...]:
    return _read_lines(value)  # type: ignore[no-any-return]


def _adjustments(value: Iterable[object]) -> tuple[Adjustment, ...]:
    return _read_adjustments(value)  # type: ignore[no-any-return]


_read_lines = reader(tuple[Line, ...])
_read_adjustments = reader(tuple[Adjustment, ...])


def _terms(value: object) -> Terms:
    return Terms.from_plain(value)


def positive_rate(value: object) -> Fraction | None:
    """A rate, exact and above zero, or none where it may be left out. Raises: NotARate."""
    if value is None:
        return None
    found = fraction(value)
    if found <= 0:
        raise NotARate(value=str(value)[:40])
    return found


class NotARate(Invalid):
    """An exchange rate is positive."""

    code = "not_a_rate"

    def __init__(self, *, value: str) -> None:
        super().__init__(f"{value} is no exchange rate; it is a positive number", value=value)


def _currency(value: str) -> str:
    digits(value)
    return value


def _party(value: object) -> str:
    return checked_id(value, "party")


def _optional_id(value: object) -> str | None:
    return value if value is None or (type(value) is str and value) else checked_id(value, "id")


@frozen(kw_only=True)
class TradeDocument(Document):
    """What invoices, bills and credit notes share: lines, tax, totals, terms, currency.

    `tax_stated` is the tax when it came with the document (lines then have no tax code). `rate` is the company's currency
    per unit of the document's; a source that states functional values gives `Line.value` and `tax_value` instead.
    `prepaid` (BT-113) and `rounding` (BT-114) lead to the amount due (BT-115). `tax_rounding`, `rounding_mode` and
    `prices` are the policies the document was made with: its totals never change afterwards.
    """

    sign: ClassVar[int] = 1
    """Turns the document's amounts into postings: +1 claims from a customer and credits from a vendor, else -1."""

    on: date = field(converter=day)
    currency: str = field(converter=_currency)
    lines: tuple[Line, ...] = field(converter=_lines)
    allowances: tuple[Adjustment, ...] = field(default=(), converter=_adjustments)
    charges: tuple[Adjustment, ...] = field(default=(), converter=_adjustments)
    terms: Terms = field(default=Terms("now"), converter=_terms)
    prepaid: Money | None = None
    rounding: Money | None = None
    tax_stated: Money | None = None
    tax_value: Money | None = None
    rate: Fraction | None = field(default=None, converter=positive_rate)
    tax_rounding: TaxRounding = TaxRounding.DOCUMENT
    rounding_mode: Rounding = Rounding.HALF_AWAY
    prices: Prices = Prices.NET
    reference: str = ""
    text: str = ""

    def __attrs_post_init__(self) -> None:
        """Check what concerns more than one field."""
        Document.__attrs_post_init__(self)
        if not self.lines:
            raise NoLines(kind=type(self).kind)
        if len(self.lines) > LINES_MAX:
            raise TooManyLines(count=len(self.lines), most=LINES_MAX)
        self._check_amounts()
        coded = next((one.tax for one in self.items if one.tax is not None), None)
        if self.tax_stated is not None and coded is not None:
            raise StatedAndComputed(tax=coded, stated=self.tax_stated)
        bare = next((one for one in (*self.allowances, *self.charges) if one.tax is None and one.amount), None)
        if coded is not None and bare is not None:
            raise Uncategorised(reason=bare.reason, amount=plain_number(bare.amount))

    def _check_amounts(self) -> None:
        """Amounts are money of the document's currency, and what was prepaid and rounded is within the gross and a unit."""
        for name in ("prepaid", "rounding", "tax_stated", "tax_value"):
            value: object = getattr(self, name)
            if value is not None and type(value) is not Money:
                raise NotMoney(field=name, value=value)
            if isinstance(value, Money) and name != "tax_value" and value.currency != self.currency:
                raise OtherCurrency(field=name, value=value, currency=self.currency)
        if self.rounding is not None and abs(self.rounding) > Money(5, self.currency):
            raise RoundingTooLarge(rounding=self.rounding)
        if self.prepaid is not None and self.prepaid and not 0 < self.prepaid.minor <= self.owed.minor:
            raise BadPrepaid(prepaid=self.prepaid, gross=self.owed)

    @property
    def party(self) -> str:
        """The other side: the customer or the vendor."""
        raise NotImplementedError

    @property
    def items(self) -> tuple[Line | Adjustment, ...]:
        """Everything that is taxed: lines, allowances with their sign turned, charges."""
        return (*self.lines, *(one.off for one in self.allowances), *self.charges)

    @cached_property
    def totals(self) -> TaxResult:
        """The tax computation, by the policies the document was made with."""
        return self._computed(self.tax_rounding)

    def _computed(self, rounding: TaxRounding) -> TaxResult:
        mode, prices = self.rounding_mode, self.prices
        if self.tax_stated is not None:
            return taxes.stated(self.items, self.tax_stated, currency=self.currency, mode=mode, prices=prices)
        return taxes.compute(self.items, currency=self.currency, rounding=rounding, mode=mode, prices=prices)

    @property
    def tax_amount(self) -> TaxAmount:
        """Whether the tax was computed or stated."""
        return TaxAmount.COMPUTED if self.tax_stated is None else TaxAmount.STATED

    @property
    def net(self) -> Money:
        """The sum of lines, allowances and charges without tax (BT-109)."""
        return self.totals.net

    @property
    def tax(self) -> Money:
        """The tax of all categories together (BT-110)."""
        return self.totals.tax

    @property
    def gross(self) -> Money:
        """Net and tax (BT-112)."""
        return self.totals.gross

    @property
    def tax_lines(self) -> tuple[TaxLine, ...]:
        """Base, rate and tax of each category and rate (BG-23)."""
        return self.totals.tax_lines

    @property
    def owed(self) -> Money:
        """The gross and its cash rounding: what the party's account is charged with."""
        return self.gross if self.rounding is None else self.gross + self.rounding

    @property
    def amount_due(self) -> Money:
        """What remains to be paid (BT-115): gross, less what was prepaid, plus rounding."""
        return self.owed if self.prepaid is None else self.owed - self.prepaid

    @property
    def instalments(self) -> tuple[Instalment, ...]:
        """What of the amount due falls due when."""
        return instalments(self.amount_due, self.terms, on=self.on)

    def explain(self) -> Explanation:
        """Why the gross is what it is: each tax line, each line's net, and what another policy would give when that differs.

        >>> print(Invoice(customer="beta", on="2026-03-05", currency="EUR",
        ...               lines=[Line("Workshop", 2, "1500.00", tax="S20")]).explain())  # doctest: +ELLIPSIS
        gross = net + tax...
        """
        totals = self.totals
        steps = [
            Explanation(
                rule="line net = quantity x price, rounded (BT-131)",
                result=str(share.net),
                inputs=(("text", _label(item)), ("exact", plain_number(item.extended))),
            )
            for item, share in zip(self.items, totals.shares, strict=True)
        ]
        steps += [self._explained(one) for one in totals.tax_lines]
        return Explanation(
            rule="gross = net + tax (BR-CO-15)",
            result=str(totals.gross),
            inputs=(("net", str(totals.net)), ("tax", str(totals.tax)), ("policy", self.tax_rounding.value)),
            steps=tuple(steps),
            refused=self._alternatives(),
        )

    def _explained(self, one: TaxLine) -> Explanation:
        if not one.category:
            return Explanation(
                rule="tax as stated by the document", result=str(one.tax), inputs=(("base", str(one.base)),)
            )
        return Explanation(
            rule="tax = base x rate, rounded per category and rate (BR-CO-17)",
            result=str(one.tax),
            inputs=(
                ("category", one.category),
                ("rate", f"{plain_number(one.rate)} %"),
                ("base", str(one.base)),
                ("exact", plain_number(one.exact)),
            ),
        )

    def _alternatives(self) -> tuple[str, ...]:
        if self.tax_stated is not None:
            return ()
        grosses = [(one, self._computed(one).gross) for one in TaxRounding if one is not self.tax_rounding]
        return tuple(
            f"{gross}, which tax rounding {one.value} would give" for one, gross in grosses if gross != self.gross
        )


def _label(item: Line | Adjustment) -> str:
    return (item.text if isinstance(item, Line) else item.reason) or "document allowance or charge"


def _keys(one: Any) -> Keys:
    return [(one.party,)]


def _dates(one: Any) -> Keys:
    return [(one.on.isoformat(),)]


def _credits(one: Any) -> Keys:
    return [(one.credits,)] if one.credits else []


def _references(one: Any) -> Keys:
    return [(one.vendor, one.reference)] if one.reference else []


INDEXES: Mapping[str, Any] = {"party": _keys, "on": _dates}

ISSUED = Lifecycle("invoice", "draft", {("draft", "issue"): "issued"})
RECORDED = Lifecycle("bill", "draft", {("draft", "record"): "recorded"})


@frozen(kw_only=True)
class Invoice(TradeDocument):
    """What a customer owes for what was sold.

    Guarantees: net + tax = gross, per line and in all; instalments sum to the amount due.
    Raises: NoLines, InvalidAmount, UnknownTaxCode, UnknownCurrency, NotADate, StatedAndComputed, Uncategorised.

    >>> bill = Invoice(customer="beta", on="2026-03-05", currency="EUR",
    ...                lines=[Line("Workshop", 2, "1500.00", tax="S20")])
    >>> str(bill.net), str(bill.tax), str(bill.gross)
    ('3000.00 EUR', '600.00 EUR', '3600.00 EUR')
    """

    kind = "invoice"
    lifecycle: ClassVar[Lifecycle | None] = ISSUED
    numbering: ClassVar[Numbering | None] = Numbering(prefix="INV")
    indexes: ClassVar[Indexes] = INDEXES
    sign = 1

    customer: str = field(converter=_party)

    @property
    def party(self) -> str:
        """The customer."""
        return self.customer

    def credited(self, *, on: Day, id: str = "") -> CreditNote:
        """The credit note that takes this invoice back whole."""
        return CreditNote(
            id=id,
            customer=self.customer,
            on=on,
            currency=self.currency,
            lines=self.lines,
            allowances=self.allowances,
            charges=self.charges,
            rounding=self.rounding,
            tax_stated=self.tax_stated,
            tax_value=self.tax_value,
            rate=self.rate,
            tax_rounding=self.tax_rounding,
            rounding_mode=self.rounding_mode,
            prices=self.prices,
            credits=self.id or None,
            origins=(self.ref,) if self.id else (),
        )


@frozen(kw_only=True)
class CreditNote(TradeDocument):
    """An invoice with its signs turned; `credits` names the invoice it takes back, whole or in part.

    Guarantees: the same lines give minus the invoice's postings, cent by cent.

    >>> invoice = Invoice(customer="beta", on="2026-03-05", currency="EUR", lines=[Line("Workshop", 1, "10", tax="S20")])
    >>> str(invoice.credited(on="2026-03-20").gross)
    '12.00 EUR'
    """

    kind = "credit_note"
    lifecycle: ClassVar[Lifecycle | None] = ISSUED
    numbering: ClassVar[Numbering | None] = Numbering(prefix="CN")
    indexes: ClassVar[Indexes] = {**INDEXES, "credits": _credits}
    sign = -1

    customer: str = field(converter=_party)
    credits: str | None = field(default=None, converter=_optional_id)

    @property
    def party(self) -> str:
        """The customer."""
        return self.customer


@frozen(kw_only=True)
class Bill(TradeDocument):
    """What we owe a vendor; `reference` is the vendor's own number.

    >>> str(Bill(vendor="mill", on="2026-03-05", currency="EUR", reference="R-77",
    ...          lines=[Line("Steel", 10, "9.90", tax="S19")]).gross)
    '117.81 EUR'
    """

    kind = "bill"
    lifecycle: ClassVar[Lifecycle | None] = RECORDED
    numbering: ClassVar[Numbering | None] = Numbering(prefix="BILL")
    indexes: ClassVar[Indexes] = {**INDEXES, "reference": _references}
    sign = -1

    vendor: str = field(converter=_party)

    @property
    def party(self) -> str:
        """The vendor."""
        return self.vendor


@frozen(kw_only=True)
class VendorCredit(TradeDocument):
    """A bill with its signs turned; `credits` names the bill it takes back, whole or in part.

    >>> str(VendorCredit(vendor="mill", on="2026-03-09", currency="EUR", lines=[Line("Steel back", 1, "9.90")]).gross)
    '9.90 EUR'
    """

    kind = "vendor_credit"
    lifecycle: ClassVar[Lifecycle | None] = RECORDED
    numbering: ClassVar[Numbering | None] = Numbering(prefix="VC")
    indexes: ClassVar[Indexes] = {**INDEXES, "credits": _credits}
    sign = 1

    vendor: str = field(converter=_party)
    credits: str | None = field(default=None, converter=_optional_id)

    @property
    def party(self) -> str:
        """The vendor."""
        return self.vendor
