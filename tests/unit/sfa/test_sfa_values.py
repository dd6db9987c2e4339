"""Stages, deals, quotes, orders and progress as values: nothing is set up."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from bizcore.kernel.codec import decode, encode
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import Exact
from bizcore.kernel.money import Money
from bizcore.sfa.customers import Customer
from bizcore.sfa.forecast import overdue, weighted
from bizcore.sfa.leads import Lead
from bizcore.sfa.opportunities import (
    BadStage,
    ForecastCategory,
    NoSuchStage,
    Opportunity,
    Pipeline,
    Stage,
    StageKind,
    settled,
)
from bizcore.sfa.orders import BadCancelled, Figures, Headline, NoOrderLine, Order, OrderLine, Status, progress
from bizcore.sfa.policies import BillingPolicy
from bizcore.sfa.quotes import Quote, QuoteLine

WON = Stage("won", 100, StageKind.WON)
LOST = Stage("lost", 0, StageKind.LOST)


def deal(**facts: Any) -> Opportunity:
    return Opportunity(customer="beta", name="d", on="2026-01-05", **facts)


def order(*lines: OrderLine, state: str = "open") -> Order:
    return Order(id="o", customer="beta", on="2026-01-10", currency="EUR", lines=lines, state=state)


def test_won_counts_as_closed_and_lost_is_omitted_whatever_is_said() -> None:
    assert WON.category is ForecastCategory.CLOSED
    assert Stage("lost", 0, StageKind.LOST, ForecastCategory.COMMIT).category is ForecastCategory.OMITTED


@pytest.mark.parametrize(
    "bad",
    [
        lambda: Stage("s", 101),
        lambda: Stage("s", -1),
        lambda: Stage("won", 90, StageKind.WON),
        lambda: Stage("lost", 10, StageKind.LOST),
        lambda: Stage("s", 50, StageKind.OPEN, ForecastCategory.CLOSED),
        lambda: Pipeline(stages=[Stage("a", 10), WON]),
        lambda: Pipeline(stages=[WON, LOST]),
        lambda: Pipeline(stages=[Stage("a", 10), Stage("a", 20), WON, LOST]),
        lambda: deal(pinned=120),
        lambda: deal(counted_as=ForecastCategory.CLOSED),
    ],
)
def test_a_stage_that_cannot_be_meant_is_refused(bad: Any) -> None:
    with pytest.raises(BadStage):
        bad()


def test_zero_and_a_hundred_by_hand_are_allowed_and_decide_nothing() -> None:
    assert [Stage("s", one).kind for one in (0, 100)] == [StageKind.OPEN, StageKind.OPEN]
    assert deal(pinned=100).outcome is StageKind.OPEN


def test_a_pipeline_says_which_stages_it_has() -> None:
    with pytest.raises(NoSuchStage) as error:
        Pipeline().stage("nowhere")
    assert error.value.facts["stages"] == ("qualification", "proposal", "negotiation", "won", "lost")


def test_the_end_overrides_what_was_set_by_hand() -> None:
    kept = {"pinned": 30, "counted_as": ForecastCategory.COMMIT, "amount": Money("200", "EUR")}
    open_, won, lost = deal(**kept), deal(stage=WON, **kept), deal(stage=LOST, **kept)
    assert [one.probability for one in (open_, won, lost)] == [30, 100, 0]
    assert [one.category.value for one in (open_, won, lost)] == ["commit", "closed", "omitted"]
    assert weighted([open_, won, lost], currency="EUR") == Exact("260", "EUR")
    assert deal().weighted is None


def test_overdue_deals_are_open_and_their_close_is_past() -> None:
    late, today, undated = deal(close="2026-01-31"), deal(close="2026-02-01"), deal()
    assert overdue([late, today, undated, deal(close="2026-01-31", stage=WON)], on="2026-02-01") == (late,)


def test_orders_settle_a_deal_and_its_amount_once() -> None:
    eur, usd = Money("70", "EUR"), Money("70", "USD")
    told = [("closed", eur), ("cancelled", Money("5", "EUR")), ("open", eur)]
    found = settled(deal(amount=Money("9", "EUR")), told, pipeline=Pipeline(), on=None)
    assert (found.outcome, found.amount) == (StageKind.WON, Money("140", "EUR"))
    assert settled(found, told, pipeline=Pipeline(), on=None) == found
    foreign = settled(deal(amount=Money("9", "EUR")), [("open", usd)], pipeline=Pipeline(), on=None)
    assert (foreign.outcome, foreign.amount) == (StageKind.WON, Money("9", "EUR"))
    assert settled(deal(), [("open", usd)], pipeline=Pipeline(), on=None).amount == usd
    none = settled(deal(amount=eur), [], pipeline=Pipeline(), on=None)
    assert none == deal(amount=eur)


def test_lost_by_its_orders_a_deal_keeps_its_amount() -> None:
    found = settled(deal(stage=WON, amount=Money("70", "EUR")), [("cancelled", Money("70", "EUR"))],
                    pipeline=Pipeline(), on=None)  # fmt: skip
    assert (found.outcome, found.amount, found.reason) == (StageKind.LOST, Money("70", "EUR"), "orders cancelled")


# -- quotes and orders -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        lambda: QuoteLine("x", 0, 1),
        lambda: QuoteLine("x", 1, 1, discount_percent=101),
        lambda: QuoteLine("x", 1, 1, discount_percent=-1),
        lambda: Quote(customer="b", on="2026-01-05", currency="EUR", lines=[]),
        lambda: Quote(customer="b", on="2026-01-05", currency="EUR", lines=[QuoteLine("x")], valid_until="2026-01-04"),
        lambda: Quote(customer="b", on="2026-01-05", currency="XXX", lines=[QuoteLine("x")]),
        lambda: OrderLine("x", 0, 1),
        lambda: OrderLine("x", 1, 1, discount_percent=101),
        order,
    ],
)
def test_what_cannot_be_offered_or_ordered_is_refused(bad: Any) -> None:
    with pytest.raises(Invalid):
        bad()


def test_a_whole_discount_leaves_nothing() -> None:
    lines = [QuoteLine("x", 4, "2.8207", discount_percent=100), QuoteLine("x", 5, "2.8207", discount_percent=100)]
    assert Quote(customer="b", on="2026-01-05", currency="EUR", lines=lines).net == Money("0", "EUR")


@pytest.mark.parametrize(
    "value",
    [
        Lead(name="Ada", on="2026-01-05", extra={"campaign": "fair"}),
        Customer(name="Beta", since="2026-01-05"),
        deal(amount=Money("9", "EUR"), pinned="33.5", stage=WON, open_stage=Stage("a", 10), close="2026-03-01"),
        Pipeline(id="p", stages=[Stage("a", "12.5"), WON, LOST]),
        Quote(customer="b", on="2026-01-05", currency="EUR", lines=[QuoteLine("x", "1.5", "0.333", extra={"a": "b"})]),
        order(OrderLine("x", 2, 1, item="x", cancelled=1, extra={"a": "b"})),
    ],
)
def test_each_kind_is_read_as_it_was_written(value: Any) -> None:
    import json

    assert decode(type(value), json.loads(encode(value))) == value
    assert hash(value) == hash(decode(type(value), json.loads(encode(value))))


# -- progress --------------------------------------------------------------------------------------------------------


def test_over_delivery_of_one_line_never_pays_for_another() -> None:
    both = order(OrderLine("a", 10, 1, item="a"), OrderLine("b", 10, 1, item="b"))
    found = progress(both, {"o/1": Figures(shipped=20)})
    assert (found.delivered, found.delivery_status) == (Fraction(1, 2), Status.PART)


def test_a_line_that_costs_nothing_is_still_to_be_delivered() -> None:
    both = order(OrderLine("goods", 1, 100, item="a"), OrderLine("sample", 1, 0, item="b"))
    found = progress(both, {"o/1": Figures(shipped=1, billed=1)})
    assert (found.delivery_status, found.billing_status) == (Status.PART, Status.PART)
    done = progress(both, {f"o/{at}": Figures(shipped=1, billed=1) for at in (1, 2)})
    assert done.headline is Headline.COMPLETED


def test_services_are_billed_not_delivered() -> None:
    mixed = order(OrderLine("goods", 4, 10, item="a"), OrderLine("fitting", 2, 50))
    found = progress(mixed, {"o/1": Figures(shipped=4, billed=4)})
    assert (found.delivery_status, found.billing_status) == (Status.ALL, Status.PART)
    assert found.headline is Headline.TO_BILL
    assert [found.lines[1].to_bill(policy) for policy in BillingPolicy] == [2, 2]
    assert progress(order(OrderLine("fitting", 2, 50)), {}).headline is Headline.TO_BILL


@pytest.mark.parametrize(
    ("figures", "delivered", "ordered"),
    [
        ({}, 0, 10),
        ({"shipped": 4}, 4, 10),
        ({"shipped": 4, "billed": 4}, 0, 6),
        ({"shipped": 12, "billed": 4}, 8, 6),  # the excess is billed only as delivered
        ({"shipped": 10, "returned": 3, "billed": 10}, -3, -3),
        ({"shipped": 10, "returned": 3, "billed": 10, "credited": 3}, 0, 0),
        ({"shipped": 13, "returned": 3, "billed": 10, "credited": 3}, 3, 3),  # replaced after it was credited
        ({"shipped": 4, "billed": 10, "cancelled": 6}, -6, -6),
    ],
)
def test_what_is_to_be_billed_depends_on_the_policy(figures: dict[str, int], delivered: int, ordered: int) -> None:
    line = progress(order(OrderLine("x", 10, 1, item="x")), {"o/1": Figures(**figures)}).lines[0]
    assert (line.to_bill(BillingPolicy.DELIVERED), line.to_bill(BillingPolicy.ORDERED)) == (delivered, ordered)


def test_the_headline_follows_both_axes() -> None:
    one = order(OrderLine("x", 2, 1, item="x"))
    told = [{}, {"shipped": 2}, {"billed": 2}, {"shipped": 2, "billed": 2}]
    assert [progress(one, {"o/1": Figures(**figures)}).headline.value for figures in told] == [
        "to_deliver_and_bill",
        "to_bill",
        "to_deliver",
        "completed",
    ]
    cancelled = order(OrderLine("x", 2, 1, item="x", cancelled=2), state="cancelled")
    assert progress(cancelled, {}).headline is Headline.CANCELLED


def test_what_may_still_be_delivered_is_never_negative() -> None:
    line = progress(order(OrderLine("x", 10, 1, item="x")), {"o/1": Figures(shipped=12)}).lines[0]
    assert (line.may_deliver(), line.may_deliver(over_percent=50)) == (0, 3)
    assert line.over_delivered == Decimal(2)


def test_an_order_knows_its_lines() -> None:
    with pytest.raises(NoOrderLine):
        order(OrderLine("x")).line(0)
    with pytest.raises(NoOrderLine):
        order(OrderLine("x")).line(2)


@pytest.mark.parametrize("cancelled", [-1, 5])
def test_what_is_called_off_was_ordered(cancelled: int) -> None:
    with pytest.raises(BadCancelled):
        OrderLine("x", 4, 1, cancelled=cancelled)


def test_figures_of_no_line_are_refused() -> None:
    with pytest.raises(NoOrderLine):
        progress(order(OrderLine("x", 4, 1, item="x")), {"1": Figures(shipped=4)})


@pytest.mark.parametrize("stage", [WON, LOST, Stage("s", 50)])
def test_the_state_of_a_deal_is_what_its_stage_means(stage: Stage) -> None:
    assert deal(stage=stage, state="nowhere").state == stage.kind.value
