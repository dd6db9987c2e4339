"""Behavioural cases of sales from independent sources; each names its id and source."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bizcore.bridges.order_to_cash.credit_limits import OverCreditLimit
from bizcore.company import Company
from bizcore.finance.documents import Invoice
from bizcore.finance.limits import CreditLimit
from bizcore.finance.lines import Line
from bizcore.finance.tax import TaxRounding
from bizcore.kernel.days import local_day
from bizcore.kernel.exact import Exact
from bizcore.kernel.money import Money
from bizcore.sfa.customers import Customer
from bizcore.sfa.forecast import rollup, weighted
from bizcore.sfa.leads import Lead
from bizcore.sfa.opportunities import ForecastCategory, Opportunity, Pipeline, Stage, StageKind
from bizcore.sfa.orders import BelowDone, Figures, Headline, Order, OrderLine, Status, progress
from bizcore.sfa.outcomes import ReasonNeeded
from bizcore.sfa.policies import BillingPolicy, SfaPolicies
from bizcore.sfa.quotes import Quote, QuoteLine

WAITING = {
    "pricelist-*, pricing-*, tier-*, cpq-slab, discount-stack-*, discount-line-then-order, discount-order-*, promotion-*": "price lists and discounts",
    "quote-partially-ordered": "ordering lines of a quote apart",
    "order-down-payment": "down payments on the final invoice",
    "order-return-two-receipts": "return orders received in parts",
    "order-amendment-revision": "amending party, item and price",
    "lead-duplicate-scope, lead-round-robin, score-*, match-keys-*, email-*, phone-*": "matching, assignment, scoring",
    "attribution, forecast-consume-percent, commission-*, credit-split-100": "campaigns, planning, commission",
    "sla-*, complaint-*": "service",
    "sync-*, upsert-*, edi-*": "connectors",
    "party-erase": "refusing to erase a party that open documents need",
}


def order(*lines: OrderLine) -> Order:
    return Order(id="o", customer="beta", on="2026-01-10", currency="EUR", lines=lines)


def test_tax_round_mode() -> None:
    """odoo/odoo#37896."""
    line = Line("x", 16, "348.35", tax="S22", discount_percent=4)
    per_line, unrounded = (
        Invoice(customer="b", on="2026-01-05", currency="EUR", lines=[line], tax_rounding=rounding)
        for rounding in (TaxRounding.LINE, TaxRounding.DOCUMENT_UNROUNDED)
    )
    assert (per_line.gross, unrounded.gross) == (Money("6527.81", "EUR"), Money("6527.80", "EUR"))


@pytest.mark.parametrize(("days", "until"), [(5, "2020-05-07"), (0, None)])
def test_quote_validity_days(days: int, until: str | None) -> None:
    """odoo/odoo, test_sale_order (validity days); 0 days means no expiry."""
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(SfaPolicies(quote_days=days)), key="p")
    quote = Quote(customer="b", on="2020-05-02", currency="EUR", lines=[QuoteLine("x", 1, 1)])
    found = acme.apply(acme.sfa.quote(quote), key="q").value.valid_until
    assert (found.isoformat() if found else None) == until


def test_quote_number_timezone() -> None:
    """odoo/odoo, test_sale_order (sale sequence): half an hour before the year ends in London it has begun in Brussels."""
    acme = Company.create("acme", currency="EUR", zone="Europe/Brussels")
    on = local_day("2019-12-31T23:30:00Z", acme.settings.zone)
    order = Order(customer="b", on=on, currency="EUR", lines=[OrderLine("x", 1, 1)])
    assert acme.apply(acme.sfa.take_order(order), key="o").value.number.startswith("SO-2020-")


def test_order_over_delivery_capped() -> None:
    """frappe/erpnext, test_sales_order."""
    found = progress(order(OrderLine("x", 10, 1, item="x")), {"o/1": Figures(shipped=12)})
    assert (found.delivered, found.lines[0].figures.delivered, found.lines[0].open) == (1, 12, 0)


def test_order_amend_floor() -> None:
    """frappe/erpnext, test_sales_order (update child)."""
    acme = Company.create("acme", currency="EUR")
    made = acme.apply(
        acme.sfa.take_order(
            Order(customer="b", on="2026-01-10", currency="EUR", lines=[OrderLine("x", 4, 200, item="x")])
        ),
        key="o",
    ).value
    amended = acme.apply(acme.sfa.amend(made.id, line=1, quantity=7, delivered=4, billed=0), key="a").value
    assert (amended.net, amended.revision) == (Money("1400", "EUR"), 2)
    found = progress(amended, {f"{made.id}/1": Figures(shipped=4)})
    assert (found.lines[0].open, found.headline) == (3, Headline.TO_DELIVER_AND_BILL)
    with pytest.raises(BelowDone):
        acme.apply(acme.sfa.amend(made.id, line=1, quantity=2, delivered=4, billed=0))


@pytest.mark.parametrize(("delivered", "accepted"), [("110", True), ("110.02", False)])
def test_order_over_limit_allowance(delivered: str, accepted: bool) -> None:
    """frappe/erpnext, controllers/status_updater; there 110.01 passes too, by a tolerance that an exact limit does not need."""
    untouched = progress(order(OrderLine("x", 100, 1, item="x")), {}).lines[0]
    assert (Decimal(delivered) <= untouched.may_deliver(over_percent=10)) is accepted


def test_order_close_reopen_reserve() -> None:
    """frappe/erpnext, test_sales_order (reserved quantity for partial delivery): what is open is what is to be reserved."""
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.sfa.take_order(order(OrderLine("x", 10, 1, item="x"))))
    reserved = []
    for act, shipped in (
        (acme.sfa.short_close("o", delivered={"1": 5}), 5),
        (acme.sfa.reopen_order("o"), 5),
        (None, 0),
        (acme.sfa.cancel("o", delivered=0, billed=0), 0),
    ):
        now = acme.apply(act).value if act else acme.get(Order, "o")
        figures = Figures(shipped=shipped, cancelled=now.lines[0].cancelled)
        reserved.append(progress(now, {"o/1": figures}).lines[0].open)
    assert reserved == [0, 5, 10, 0]


def test_order_invoice_policy() -> None:
    """odoo/odoo, test_sale_to_invoice."""
    both = progress(order(OrderLine("service", 5, 1), OrderLine("goods", 4, 1, item="x")), {"o/1": Figures(billed=3)})
    assert both.lines[0].to_bill(BillingPolicy.ORDERED) == 2
    assert both.lines[1].to_bill(BillingPolicy.DELIVERED) == 0
    assert progress(order(OrderLine("service", 5, 1)), {}).lines[0].to_bill(BillingPolicy.ORDERED) == 5


def test_delivery_billed_net_of_return() -> None:
    """frappe/erpnext#50832."""
    figures = {"o/1": Figures(shipped=22540, returned=2530, billed=20010)}
    found = progress(order(OrderLine("x", 20010, 1, item="x")), figures)
    assert (found.delivery_status, found.billing_status, found.headline) == (Status.ALL, Status.ALL, Headline.COMPLETED)
    assert found.lines[0].to_bill(BillingPolicy.DELIVERED) == 0


def test_lead_convert_fill_empty() -> None:
    """Salesforce help: what happens when a lead is converted."""
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(Customer(id="beta", name="Beta", phone="2")), key="c")
    lead = acme.apply(acme.sfa.capture(Lead(name="Beta", phone="1", city="Bonn", on="2026-01-05")), key="l").value
    acme.apply(acme.sfa.qualify(lead.id, on="2026-01-06"), key="q")
    done = acme.apply(acme.sfa.convert(lead.id, on="2026-01-07", customer="beta"), key="v").value
    customer = acme.get(Customer, "beta")
    assert (customer.phone, customer.city) == ("2", "Bonn")
    assert done.differs == ("phone",)


def test_opp_stage_probability_suitecrm() -> None:
    """salesagility/SuiteCRM, default probabilities."""
    names = ["Prospecting", "Qualification", "Needs Analysis", "Value Proposition", "Id. Decision Makers", "Perception Analysis",
             "Proposal/Price Quote", "Negotiation/Review"]  # fmt: skip
    stages = [
        Stage(name, probability) for name, probability in zip(names, (10, 20, 25, 30, 40, 50, 65, 80), strict=True)
    ]
    pipeline = Pipeline(
        id="suite", stages=[*stages, Stage("Closed Won", 100, StageKind.WON), Stage("Closed Lost", 0, StageKind.LOST)]
    )
    assert [stage.probability for stage in pipeline.stages] == [10, 20, 25, 30, 40, 50, 65, 80, 100, 0]


@pytest.mark.parametrize(("reason", "note", "accepted"), [("", "", False), ("Other", "", False), ("Other", "x", True)])
def test_opp_lost_needs_reason(reason: str, note: str, accepted: bool) -> None:
    """frappe/crm, test_crm_deal."""
    acme = Company.create("acme", currency="EUR")
    deal = acme.apply(acme.sfa.open_opportunity(Opportunity(customer="b", name="d", on="2026-01-05")), key="o").value
    act = acme.sfa.lose(deal.id, on="2026-01-06", reason=reason, note=note)
    if accepted:
        assert acme.apply(act).value.outcome is StageKind.LOST
    else:
        with pytest.raises(ReasonNeeded):
            acme.apply(act)


def deal(amount: str, probability: str, category: ForecastCategory = ForecastCategory.PIPELINE) -> Opportunity:
    closed = category is ForecastCategory.CLOSED
    stage = Stage("s", 100, StageKind.WON) if closed else Stage("s", 50, category=category)
    return Opportunity(
        customer="b", name="d", on="2026-01-05", amount=Money(amount, "EUR"), stage=stage, pinned=Decimal(probability)
    )


def test_forecast_weight_each_deal() -> None:
    """odoo/odoo#32011; weighting the sum by an average would give 148.50."""
    assert weighted([deal("100", "99"), deal("200", "0")], currency="EUR") == Exact("99", "EUR")


def test_forecast_cumulative_rollup() -> None:
    """Trailhead: cumulative forecast roll-up."""
    amounts = {
        ForecastCategory.CLOSED: "50",
        ForecastCategory.COMMIT: "150",
        ForecastCategory.BEST_CASE: "100",
        ForecastCategory.PIPELINE: "200",
    }
    found = rollup([deal(amount, "50", category) for category, amount in amounts.items()], currency="EUR")
    assert [str(one.amount) for one in (found.closed, found.commit, found.best_case, found.open_pipeline)] == [
        "50.00",
        "200.00",
        "300.00",
        "450.00",
    ]


def test_credit_exposure_block() -> None:
    """metasfresh/metasfresh#3414: exposure is what is used and this order."""
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.put(CreditLimit(customer="b", limit=Money("250", "EUR"))))
    used, asked = (
        Order(customer="b", on="2026-01-05", currency="EUR", lines=[OrderLine("x", 1, price, tax="Z")])
        for price in ("246.05", "64.20")
    )
    acme.apply(acme.sfa.take_order(used))
    with pytest.raises(OverCreditLimit):
        acme.apply(acme.sfa.take_order(asked))
