"""Forecasts from deals: each weighted by itself, categories rolled up; what is overdue is told apart."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from attrs import frozen

from bizcore.kernel.days import Day, day
from bizcore.kernel.exact import Exact
from bizcore.kernel.money import Money
from bizcore.kernel.value import Value
from bizcore.sfa.opportunities import ForecastCategory, Opportunity, StageKind


@frozen(kw_only=True)
class Rollup(Value):
    """The four cumulative figures of a forecast.

    `open_pipeline` counts what is open, so it leaves closed deals out. Source: the cumulative roll-up of forecast categories.
    """

    closed: Money
    commit: Money
    best_case: Money
    open_pipeline: Money


def rollup(deals: Iterable[Opportunity], *, currency: str) -> Rollup:
    """Roll up the amounts of deals by category; a deal in another currency is refused, deals without an amount count nothing.

    Raises: MixedUnits.

    >>> from bizcore.sfa.opportunities import Stage
    >>> deal = Opportunity(customer="b", name="d", on="2026-01-05", amount=Money("100", "EUR"),
    ...                    stage=Stage("negotiation", 75, category=ForecastCategory.COMMIT))
    >>> rollup([deal], currency="EUR").best_case
    Money('100.00', 'EUR')
    """
    sums = dict.fromkeys(ForecastCategory, Money.zero(currency))
    for one in deals:
        if one.amount is not None:
            sums[one.category] += one.amount
    commit = sums[ForecastCategory.CLOSED] + sums[ForecastCategory.COMMIT]
    open_ = sums[ForecastCategory.COMMIT] + sums[ForecastCategory.BEST_CASE] + sums[ForecastCategory.PIPELINE]
    return Rollup(
        closed=sums[ForecastCategory.CLOSED],
        commit=commit,
        best_case=commit + sums[ForecastCategory.BEST_CASE],
        open_pipeline=open_,
    )


def weighted(deals: Iterable[Opportunity], *, currency: str) -> Exact:
    """The sum of each deal's amount times its own probability, never the sum times an average. Raises: MixedUnits."""
    return Exact.sum((one.weighted for one in deals if one.weighted is not None), currency)


def overdue(deals: Iterable[Opportunity], *, on: Day) -> tuple[Opportunity, ...]:
    """The open deals whose expected close is before a day: told apart, never dropped."""
    when: date = day(on)
    return tuple(one for one in deals if one.outcome is StageKind.OPEN and one.close is not None and one.close < when)
