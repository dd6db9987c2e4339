"""Tax of a document: one arithmetic core, every disputed question a named policy.

Source: EN 16931-1, BG-23 (tax breakdown), BT-131 (line net), BR-CO-17 (tax = base x rate, rounded once per category and
rate). Rates are percentages, as on the invoice: `S20` is standard rate, twenty percent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from attrs import frozen

from bizcore.kernel.currencies import digits
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import Number, fraction
from bizcore.kernel.money import Money
from bizcore.kernel.rounding import Rounding, UnknownRule, divide, quantise
from bizcore.kernel.value import Value


class TaxRounding(Enum):
    """When tax is rounded.

    DOCUMENT: line nets are rounded, their sum per category and rate is taxed, the tax rounded once (EN 16931; default).
    LINE: the tax of each line is rounded and added up. DOCUMENT_UNROUNDED: the unrounded lines are taxed together
    ("round globally" elsewhere); the base shown is still the sum of the rounded lines.
    """

    DOCUMENT = "document"
    LINE = "line"
    DOCUMENT_UNROUNDED = "document_unrounded"


class Prices(Enum):
    """Whether prices are before tax (NET, default) or contain it (GROSS)."""

    NET = "net"
    GROSS = "gross"


class TaxAmount(Enum):
    """Whether the tax follows from categories (COMPUTED) or was given with the document (STATED)."""

    COMPUTED = "computed"
    STATED = "stated"


CATEGORIES: Final = {
    "S": "standard rate",
    "Z": "zero rated",
    "E": "exempt",
    "AE": "reverse charge",
    "K": "intra-community supply",
    "G": "export outside the EU",
    "O": "outside the scope of tax",
    "L": "Canary Islands general indirect tax",
    "M": "tax of Ceuta and Melilla",
    "B": "transferred, Italy",
}
"""The categories of EN 16931 (BT-118, from UNCL 5305)."""

_RATED: Final = frozenset({"S", "L", "M", "B"})
_CODE: Final = re.compile(r"(AE|[SZEKGOLMB])([0-9]{1,3}(?:\.[0-9]{1,6})?)?", re.ASCII)


class UnknownTaxCode(Invalid):
    """A tax code is not a category with its rate."""

    code = "unknown_tax_code"

    def __init__(self, *, value: str, why: str) -> None:
        super().__init__(f"{value!r} is no tax code: {why}; write S20, S7.5, Z, E, AE, K, G or O", value=value, why=why)


class TaxCode(NamedTuple):
    """A category and its rate in percent; the category is empty where no tax is computed."""

    category: str
    rate: Decimal


NO_TAX: Final = TaxCode("", Decimal(0))


def tax_code(value: str | None) -> TaxCode:
    """Read a category with its rate; None is no tax.

    Guarantees: `E` and `E0` are the same code; `O` has no rate; S, L, M and B have one.
    Raises: UnknownTaxCode.

    >>> tax_code("S7.5")
    TaxCode(category='S', rate=Decimal('7.5'))
    """
    return NO_TAX if value is None else _parsed(value)


@lru_cache(maxsize=256)
def _parsed(value: str) -> TaxCode:
    found = _CODE.fullmatch(value) if type(value) is str else None
    if found is None:
        raise UnknownTaxCode(value=str(value)[:40], why="it is not a category and a rate in percent")
    category, rate = found[1], Decimal(found[2] or 0)
    if category in _RATED and found[2] is None:
        raise UnknownTaxCode(value=value, why=f"category {category} needs its rate")
    if category == "O" and found[2] is not None:
        raise UnknownTaxCode(value=value, why="what is outside the scope of tax has no rate")
    if category not in _RATED and rate:
        raise UnknownTaxCode(value=value, why=f"category {category} has no rate but zero")
    return TaxCode(category, rate)


class Taxed(Protocol):
    """What can be taxed: an amount that nobody has rounded yet, net or gross by the document's `Prices`, and its code."""

    @property
    def extended(self) -> Fraction:
        """The amount in the document's currency, exact."""

    @property
    def tax(self) -> str | None:
        """The tax code, None for no tax."""


@frozen
class TaxLine(Value):
    """Tax of one category and rate: `rate` in percent, `exact` the tax before it was rounded, in the currency."""

    category: str
    rate: Decimal
    base: Money
    tax: Money
    exact: Fraction


@frozen
class LineTax(Value):
    """The share of one line: net + tax = gross."""

    net: Money
    tax: Money
    gross: Money


@frozen
class TaxResult(Value):
    """Totals of a document, its tax by category and rate, and the share of each line in the order given."""

    net: Money
    tax: Money
    gross: Money
    tax_lines: tuple[TaxLine, ...]
    shares: tuple[LineTax, ...]


def compute(
    lines: Sequence[Taxed],
    *,
    currency: str,
    rounding: TaxRounding = TaxRounding.DOCUMENT,
    mode: Rounding = Rounding.HALF_AWAY,
    prices: Prices = Prices.NET,
) -> TaxResult:
    """Compute the tax of a document from its lines; document allowances are lines of negative amount.

    With NET prices line nets are rounded and taxed; with GROSS prices the tax is taken out first and the net is the rest,
    `tax = gross * r / (1 + r)`, because the gross is what was agreed.

    Guarantees: net + tax = gross, for the document, for every line, and in every currency; lines sum to the totals; the
    same lines with turned signs give the same figures with turned signs (for symmetric modes).
    Raises: UnknownTaxCode, UnknownCurrency, UnknownRule.
    Source: EN 16931-1; inclusive extraction with a tie, odoo/odoo test_taxes_computation.py.

    >>> from bizcore.finance.lines import Line
    >>> result = compute([Line("Workshop", 2, "1500.00", tax="S20"), Line("Book", 1, "19.99", tax="S7")], currency="EUR")
    >>> str(result.net), str(result.tax), str(result.gross)
    ('3019.99 EUR', '601.40 EUR', '3621.39 EUR')
    """
    for given, cls in ((rounding, TaxRounding), (prices, Prices)):
        if not isinstance(given, cls):
            raise UnknownRule(given=given, known=tuple(f"{cls.__name__}.{one.name}" for one in cls))
    scale = 10 ** digits(currency)
    exact = [one.extended * scale for one in lines]
    rounded = [divide(one.numerator, one.denominator, mode) for one in exact]
    groups: dict[TaxCode, list[int]] = {}
    for index, line in enumerate(lines):
        groups.setdefault(tax_code(line.tax), []).append(index)
    nets, taxes = [0] * len(lines), [0] * len(lines)
    tax_lines = []
    for code in sorted(groups):
        members = groups[code]
        ratio = Fraction(code.rate) / 100
        if prices is Prices.GROSS:
            ratio = ratio / (1 + ratio)
        source = exact if rounding is TaxRounding.DOCUMENT_UNROUNDED else rounded
        shares = [ratio * source[index] for index in members]
        total = _total(shares, rounding, mode)
        if prices is Prices.NET:
            spread = _line_taxes(total, shares, rounding, mode)
            for index, tax in zip(members, spread, strict=True):
                nets[index], taxes[index] = rounded[index], tax
        else:
            gross = sum(rounded[index] for index in members)
            # Nets are spread, not taxes: of two equal lines the first then shows the larger net (frappe/erpnext#58712).
            spread = spread_exact(gross - total, [source[i] - s for i, s in zip(members, shares, strict=True)])
            if rounding is TaxRounding.LINE:
                spread = [rounded[i] - _q(s, mode) for i, s in zip(members, shares, strict=True)]
            for index, net in zip(members, spread, strict=True):
                nets[index], taxes[index] = net, rounded[index] - net
        base = sum(nets[index] for index in members)
        tax_lines.append(
            TaxLine(
                code.category,
                code.rate,
                Money.of_minor(base, currency),
                Money.of_minor(total, currency),
                sum(shares, Fraction(0)) / scale,
            )
        )
    return _result(nets, taxes, tax_lines, currency)


def stated(
    lines: Sequence[Taxed],
    tax: Money,
    *,
    currency: str,
    mode: Rounding = Rounding.HALF_AWAY,
    prices: Prices = Prices.NET,
) -> TaxResult:
    """Take over a tax amount that came with the document; it is spread over the lines by their amounts.

    Guarantees: the document's tax is the one stated, cent by cent; net + tax = gross for the document and every line.

    >>> from bizcore.finance.lines import Line
    >>> str(stated([Line("Helmet", 3, "10.00")], Money("2.51", "USD"), currency="USD").gross)
    '32.51 USD'
    """
    scale = 10 ** digits(currency)
    rounded = [divide((one.extended * scale).numerator, (one.extended * scale).denominator, mode) for one in lines]
    total = sum(rounded)
    if total:
        shares = [Fraction(tax.minor * one, total) for one in rounded]
    else:
        shares = [Fraction(tax.minor), *[Fraction(0)] * (len(rounded) - 1)] if rounded else []
    taxes = spread_exact(tax.minor, shares)
    nets = rounded if prices is Prices.NET else [one - t for one, t in zip(rounded, taxes, strict=True)]
    base = Money.of_minor(sum(nets), currency)
    line = TaxLine("", Decimal(0), base, tax, Fraction(tax.minor, scale))
    return _result(nets, taxes, [line], currency)


def spread_exact(total: int, exact: Sequence[Fraction]) -> list[int]:
    """Round exact parts to integers that sum to `total`: the largest remainders are rounded up, ties by position.

    Unlike `allocate`, parts may have either sign: a returned line stands among sold ones.

    Guarantees: the sum is `total`; turned signs give turned parts; each part is within one of its exact value whenever
    `total` is within one of the exact sum.

    >>> spread_exact(3, [Fraction(1, 2), Fraction(5, 2)]), spread_exact(-3, [Fraction(-1, 2), Fraction(-5, 2)])
    ([1, 2], [-1, -2])
    """
    if not exact:
        return []
    sign = total or next((one.numerator for one in exact if one), 0)
    if sign < 0:
        return [-one for one in spread_exact(-total, [-one for one in exact])]
    floors = [one.numerator // one.denominator for one in exact]
    each, more = divmod(total - sum(floors), len(exact))
    order = sorted(range(len(exact)), key=lambda index: (floors[index] - exact[index], index))
    for index in order[:more]:
        floors[index] += 1
    return [one + each for one in floors]


def payable_rounding(total: Money, *, increment: Number, mode: Rounding = Rounding.HALF_AWAY) -> Money:
    """What must be added so that a total can be paid in cash (BT-114): coins of 0.05, or whole francs.

    >>> str(payable_rounding(Money("12.23", "CHF"), increment="0.05"))
    '0.02 CHF'
    """
    exact = total.exact.amount
    rounded = quantise(exact, fraction(increment), mode)
    minor = (rounded - exact) * 10 ** digits(total.currency)
    if minor.denominator != 1:
        raise CoinTooFine(increment=str(increment), currency=total.currency)
    return Money.of_minor(minor.numerator, total.currency)


class CoinTooFine(Invalid):
    """The cash increment is finer than the currency."""

    code = "coin_too_fine"

    def __init__(self, *, increment: str, currency: str) -> None:
        super().__init__(f"{currency} has no coin of {increment}", increment=increment, currency=currency)


def _q(value: Fraction, mode: Rounding) -> int:
    return divide(value.numerator, value.denominator, mode)


def _total(shares: Sequence[Fraction], rounding: TaxRounding, mode: Rounding) -> int:
    if rounding is TaxRounding.LINE:
        return sum(_q(one, mode) for one in shares)
    return _q(sum(shares, Fraction(0)), mode)


def _line_taxes(total: int, shares: Sequence[Fraction], rounding: TaxRounding, mode: Rounding) -> list[int]:
    if rounding is TaxRounding.LINE:
        return [_q(one, mode) for one in shares]
    return spread_exact(total, shares)


def _result(nets: list[int], taxes: list[int], tax_lines: list[TaxLine], currency: str) -> TaxResult:
    net, tax = sum(nets), sum(taxes)
    shares = tuple(
        LineTax(Money.of_minor(n, currency), Money.of_minor(t, currency), Money.of_minor(n + t, currency))
        for n, t in zip(nets, taxes, strict=True)
    )
    return TaxResult(
        Money.of_minor(net, currency),
        Money.of_minor(tax, currency),
        Money.of_minor(net + tax, currency),
        tuple(tax_lines),
        shares,
    )
