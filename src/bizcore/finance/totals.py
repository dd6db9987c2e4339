"""Totals that came with a document, checked by the rules of EN 16931: what does not tie is a finding, not a crash."""

from __future__ import annotations

from attrs import frozen

from bizcore.kernel.money import Money
from bizcore.kernel.value import Value


@frozen(kw_only=True)
class StatedTotals(Value):
    """The totals a received document states (BG-22).

    `third_party` are payments for third parties that the XRechnung extension adds to what is payable; the core standard
    has none.
    """

    lines: Money
    allowances: Money | None = None
    charges: Money | None = None
    net: Money
    tax: Money
    gross: Money
    prepaid: Money | None = None
    rounding: Money | None = None
    third_party: Money | None = None
    payable: Money


@frozen(kw_only=True)
class Finding(Value):
    """A rule that stated totals do not keep; the document's own amount stands, the computed one is beside it."""

    rule: str
    field: str
    stated: Money
    computed: Money


def check(totals: StatedTotals) -> tuple[Finding, ...]:
    """Compare stated totals with each other.

    Guarantees: never raises for figures that do not tie; no finding means every sum holds to the cent.
    Source: EN 16931-1 BR-CO-13, BR-CO-15, BR-CO-16.

    >>> eur = lambda text: Money(text, "EUR")
    >>> [one.rule for one in check(StatedTotals(lines=eur("10"), net=eur("10"), tax=eur("2"), gross=eur("12"),
    ...                                         payable=eur("13")))]
    ['BR-CO-16']
    """
    zero = Money.zero(totals.net.currency)
    net = totals.lines - (totals.allowances or zero) + (totals.charges or zero)
    payable = totals.gross - (totals.prepaid or zero) + (totals.rounding or zero) + (totals.third_party or zero)
    rules = (
        ("BR-CO-13", "net", totals.net, net),
        ("BR-CO-15", "gross", totals.gross, totals.net + totals.tax),
        ("BR-CO-16", "payable", totals.payable, payable),
    )
    return tuple(
        Finding(rule=rule, field=name, stated=stated, computed=computed)
        for rule, name, stated, computed in rules
        if stated != computed
    )
