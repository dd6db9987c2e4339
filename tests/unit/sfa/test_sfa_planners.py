"""The verbs of sales: what each records, and what each refuses without writing."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from bizcore.change.view import AlreadyThere
from bizcore.company import Company
from bizcore.company.master import NotMasterData
from bizcore.finance.documents import Invoice
from bizcore.finance.lines import Line
from bizcore.flow.beginning import NotNew
from bizcore.flow.document import Ref
from bizcore.flow.lifecycle import IllegalStep
from bizcore.kernel.errors import BizcoreError, NotFound
from bizcore.kernel.money import Money
from bizcore.sfa.customers import Customer
from bizcore.sfa.expiry import StillOpen
from bizcore.sfa.leads import Conversion, Lead, NoDeal
from bizcore.sfa.opportunities import (
    BadStage,
    DealClosed,
    ForecastCategory,
    Opportunity,
    Pipeline,
    Stage,
    StageKind,
)
from bizcore.sfa.ordering import FromQuote, NotDone
from bizcore.sfa.orders import BadCancelled, Figures, NoOrderLine, Order, OrderLine
from bizcore.sfa.outcomes import DealOpen, OrdersDecide, ReasonNeeded
from bizcore.sfa.quotes import Quote, QuoteLine
from bizcore.sfa.stated import FiguresKnown

LINE = OrderLine("Bolt", 10, "2", item="bolt")


@pytest.fixture
def acme() -> Company:
    return Company.create("acme", currency="EUR")


def do(acme: Company, act: Any) -> Any:
    return acme.apply(act).value


def refused(acme: Company, act: Any, error: type[BizcoreError]) -> BizcoreError:
    head, state = acme.head, acme.state_hash()
    with pytest.raises(error) as caught:
        acme.apply(act)
    assert (acme.head, acme.state_hash()) == (head, state)
    return caught.value


def qualified(acme: Company, **facts: str) -> str:
    lead = do(acme, acme.sfa.capture(Lead(id="l", on="2026-01-05", **{"name": "Ada", **facts}))).id
    do(acme, acme.sfa.qualify(lead, on="2026-01-06"))
    return str(lead)


def opened(acme: Company, **facts: Any) -> str:
    deal = Opportunity(id="d", customer="beta", name="deal", on="2026-01-05", **facts)
    return str(do(acme, acme.sfa.open_opportunity(deal)).id)


def ordered(acme: Company, id: str = "o", *, lines: tuple[OrderLine, ...] = (LINE,), deal: str = "d") -> Order:
    origins = [acme.sfa.opportunities[deal].ref] if deal else []
    order = Order(id=id, customer="beta", on="2026-01-10", currency="EUR", lines=lines, origins=origins)
    return acme.apply(acme.sfa.take_order(order)).value


# -- leads -----------------------------------------------------------------------------------------------------------


def test_conversion_makes_party_and_deal_with_pointers_both_ways(acme: Company) -> None:
    lead = qualified(acme, company="Beta GmbH", email="ada@beta.example")
    made: Conversion = do(acme, acme.sfa.convert(lead, on="2026-01-07", opportunity="deal", amount=Money("9", "EUR")))
    found, deal, customer = acme.sfa.leads[lead], acme.sfa.opportunities[made.opportunity], acme.sfa.customers["l"]
    assert (found.state, found.customer, found.opportunity) == ("converted", customer.id, deal.id)
    assert (made.created, customer.name, customer.email) == (True, "Beta GmbH", "ada@beta.example")
    assert (deal.stage.name, deal.open_stage, deal.amount) == ("qualification", deal.stage, Money("9", "EUR"))
    assert found.ref in deal.origins
    assert found.ref in customer.origins
    assert customer.since is None


@pytest.mark.parametrize("end", ["new", "disqualify", "archive"])
def test_only_a_qualified_lead_converts(acme: Company, end: str) -> None:
    lead = do(acme, acme.sfa.capture(Lead(name="Ada", on="2026-01-05"))).id
    if end == "disqualify":
        do(acme, acme.sfa.disqualify(lead, reason="no budget"))
    if end == "archive":
        do(acme, acme.sfa.archive(lead))
    refused(acme, acme.sfa.convert(lead, on="2026-01-07"), IllegalStep)


def test_facts_of_a_deal_without_a_deal_are_refused(acme: Company) -> None:
    lead = qualified(acme)
    for facts in ({"amount": Money("1", "EUR")}, {"close": "2026-02-01"}, {"opportunity_id": "d"}):
        refused(acme, acme.sfa.convert(lead, on="2026-01-07", **facts), NoDeal)


def test_a_lead_that_is_not_there_is_not_found(acme: Company) -> None:
    refused(acme, acme.sfa.work("nobody"), NotFound)


def test_the_role_of_customer_begins_with_the_earliest_order(acme: Company) -> None:
    do(acme, acme.put(Customer(id="beta", name="Beta")))
    for name, on in (("late", "2026-03-01"), ("early", "2026-02-01"), ("later", "2026-04-01")):
        order = Order(id=name, customer="beta", on=on, currency="EUR", lines=[LINE])
        do(acme, acme.sfa.take_order(order))
    assert str(acme.sfa.customers["beta"].since) == "2026-02-01"


# -- deals -----------------------------------------------------------------------------------------------------------


def test_a_deal_moves_by_stage_and_a_pin_stays_until_released(acme: Company) -> None:
    deal = opened(acme, amount=Money("100", "EUR"))
    do(acme, acme.sfa.pin(deal, probability=33))
    moved = do(acme, acme.sfa.advance(deal, stage="negotiation", on="2026-01-06"))
    assert (moved.stage.name, moved.probability) == ("negotiation", 33)
    assert do(acme, acme.sfa.pin(deal, probability=None)).probability == 75
    assert do(acme, acme.sfa.count_as(deal, category=ForecastCategory.BEST_CASE)).category.value == "best_case"
    assert do(acme, acme.sfa.count_as(deal, category=None)).category.value == "commit"
    row = next(iter(acme.sfa.deals()))
    assert (row["stage"], row["category"], row["weighted"]) == ("negotiation", "commit", Money("75", "EUR"))
    refused(acme, acme.sfa.advance(deal, stage="won", on="2026-01-07"), BadStage)
    refused(acme, acme.sfa.advance(deal, stage="nowhere", on="2026-01-07"), NotFound)


def test_changing_a_pipeline_rewrites_no_deal(acme: Company) -> None:
    stages = [Stage("talk", 20), Stage("won", 100, StageKind.WON), Stage("lost", 0, StageKind.LOST)]
    do(acme, acme.put(Pipeline(id="own", stages=stages)))
    deal = opened(acme, pipeline="own")
    do(acme, acme.sfa.lose(deal, on="2026-01-09", reason="price"))
    do(acme, acme.put(Pipeline(id="own", stages=[Stage("meet", 5), *stages[1:]])))
    back = do(acme, acme.sfa.reopen(deal))
    assert (back.stage, back.closed_on, back.reason) == (stages[0], None, "")
    refused(acme, acme.sfa.reopen(deal), DealOpen)


def test_a_closed_deal_does_not_move(acme: Company) -> None:
    deal = opened(acme)
    do(acme, acme.sfa.win(deal, on="2026-01-09"))
    for act in (
        acme.sfa.advance(deal, stage="proposal", on="2026-01-10"),
        acme.sfa.pin(deal, probability=5),
        acme.sfa.count_as(deal, category=None),
        acme.sfa.win(deal, on="2026-01-10"),
        acme.sfa.lose(deal, on="2026-01-10", reason="price"),
    ):
        refused(acme, act, DealClosed)


@pytest.mark.parametrize(("reason", "note"), [("", ""), ("  ", ""), ("Other", ""), ("other", " ")])
def test_lost_needs_a_reason(acme: Company, reason: str, note: str) -> None:
    refused(acme, acme.sfa.lose(opened(acme), on="2026-01-06", reason=reason, note=note), ReasonNeeded)


def test_an_order_wins_its_deal_and_its_cancellation_loses_it(acme: Company) -> None:
    deal = opened(acme, amount=Money("5", "EUR"))
    ordered(acme)
    won = acme.sfa.opportunities[deal]
    assert (won.outcome, won.amount, str(won.closed_on)) == (StageKind.WON, Money("20", "EUR"), "2026-01-10")
    refused(acme, acme.sfa.reopen(deal), OrdersDecide)
    ordered(acme, "p")
    assert acme.sfa.opportunities[deal].amount == Money("40", "EUR")
    do(acme, acme.sfa.amend("p", line=1, quantity=11, delivered=0, billed=0))
    assert acme.sfa.opportunities[deal].amount == Money("42", "EUR")
    do(acme, acme.sfa.cancel("o", delivered=0, billed=0, on="2026-01-11"))
    assert (acme.sfa.opportunities[deal].outcome, acme.sfa.opportunities[deal].amount) == (
        StageKind.WON,
        Money("22", "EUR"),
    )
    do(acme, acme.sfa.cancel("p", delivered=0, billed=0, on="2026-01-12"))
    lost = acme.sfa.opportunities[deal]
    assert (lost.outcome, str(lost.closed_on), lost.reason) == (StageKind.LOST, "2026-01-12", "orders cancelled")
    do(acme, acme.sfa.reopen(deal))
    refused(acme, acme.sfa.win(deal, on="2026-01-13"), OrdersDecide)
    do(acme, acme.sfa.lose(deal, on="2026-01-13", reason="price"))


def test_an_order_of_a_quote_wins_the_deal_the_quote_was_for(acme: Company) -> None:
    deal = opened(acme)
    lines = [QuoteLine("Bolt", 10, "2", item="bolt", discount_percent=10, extra={"page": "7"})]
    quote = Quote(id="q", customer="beta", on="2026-01-05", currency="EUR", lines=lines)
    do(acme, acme.sfa.quote(quote, opportunity=deal))
    do(acme, acme.sfa.send("q"))
    do(acme, acme.sfa.accept("q", on="2026-01-06"))
    order = do(acme, acme.sfa.order("q", on="2026-01-08"))
    assert (order.lines[0].extra["page"], order.net) == ("7", Money("18", "EUR"))
    assert (acme.sfa.opportunities[deal].outcome, acme.sfa.opportunities[deal].amount) == (StageKind.WON, order.net)


# -- quotes and orders -----------------------------------------------------------------------------------------------


def test_a_quote_goes_its_way(acme: Company) -> None:
    quote = Quote(id="q", customer="beta", on="2026-01-05", currency="EUR", lines=[QuoteLine("x", 1, 1)])
    assert do(acme, acme.sfa.quote(quote)).number == ""
    refused(acme, acme.sfa.accept("q", on="2026-01-06"), IllegalStep)
    assert do(acme, acme.sfa.send("q")).number.startswith("QUO-2026-")
    refused(acme, acme.sfa.expire("q", on="2030-01-01"), StillOpen)
    refused(acme, acme.sfa.order("q", on="2026-01-07"), IllegalStep)
    do(acme, acme.sfa.decline("q"))
    refused(acme, acme.sfa.accept("q", on="2026-01-06"), IllegalStep)
    refused(acme, acme.sfa.quote(quote, opportunity="none"), NotFound)


def test_closing_short_calls_off_what_is_open(acme: Company) -> None:
    lines = (LINE, OrderLine("Fitting", 5, "50"), OrderLine("Nut", 4, "1", item="nut"))
    ordered(acme, lines=lines, deal="")
    refused(acme, acme.sfa.short_close("o", delivered={"4": 1}), NoOrderLine)
    refused(acme, acme.sfa.short_close("o", delivered={"one": 1}), NoOrderLine)
    assert [line.cancelled for line in do(acme, acme.sfa.short_close("o", delivered={"1": 4})).lines] == [6, 0, 4]
    assert [line.cancelled for line in do(acme, acme.sfa.reopen_order("o")).lines] == [0, 0, 0]
    again = do(acme, acme.sfa.short_close("o", delivered={"1": 12}, billed={"2": 3}))
    assert [line.cancelled for line in again.lines] == [0, 2, 4]


def test_an_order_is_complete_when_its_figures_say_so(acme: Company) -> None:
    ordered(acme, deal="")
    part = acme.sfa.complete("o", figures={"o/1": Figures(shipped=10, billed=9)})
    assert refused(acme, part, NotDone).facts["status"] == "to_bill"
    assert do(acme, acme.sfa.complete("o", figures={"o/1": Figures(shipped=10, billed=10)})).state == "closed"
    refused(acme, acme.sfa.cancel("o", delivered=0, billed=0), IllegalStep)


def test_an_amendment_names_a_line(acme: Company) -> None:
    ordered(acme, deal="")
    refused(acme, acme.sfa.amend("o", line=2, quantity=1, delivered=0, billed=0), NoOrderLine)
    refused(acme, acme.sfa.amend("o", line=1, quantity=0, delivered=0, billed=0), BizcoreError)


# -- what is new begins at the beginning -----------------------------------------------------------------------------


ORDER = {"customer": "beta", "on": "2026-01-10", "currency": "EUR"}
OFFER = {**ORDER, "lines": [QuoteLine("x", 1, 1)]}
DEAL = {"customer": "beta", "name": "deal", "on": "2026-01-05"}


@pytest.mark.parametrize(
    ("act", "field"),
    [
        (lambda sfa: sfa.take_order(Order(**ORDER, lines=[LINE], state="closed")), "state"),
        (lambda sfa: sfa.take_order(Order(**ORDER, lines=[LINE], number="SO-2026-000002")), "number"),
        (lambda sfa: sfa.take_order(Order(**ORDER, lines=[LINE], revision=2)), "revision"),
        (lambda sfa: sfa.take_order(Order(**ORDER, lines=[LINE, OrderLine("x", 2, 1, cancelled=1)])), "cancelled"),
        (lambda sfa: sfa.quote(Quote(**OFFER, state="accepted")), "state"),
        (lambda sfa: sfa.quote(Quote(**OFFER, accepted_on="2026-01-11")), "accepted_on"),
        (lambda sfa: sfa.capture(Lead(name="Ada", on="2026-01-05", state="converted")), "state"),
        (lambda sfa: sfa.capture(Lead(name="Ada", on="2026-01-05", customer="beta")), "customer"),
        (lambda sfa: sfa.open_opportunity(Opportunity(**DEAL, stage=Stage("won", 100, StageKind.WON))), "state"),
        (lambda sfa: sfa.open_opportunity(Opportunity(**DEAL, closed_on="2026-01-06")), "closed_on"),
    ],
)
def test_what_is_new_cannot_say_that_it_is_further(acme: Company, act: Any, field: str) -> None:
    assert refused(acme, act(acme.sfa), NotNew).facts["field"] == field


def test_deals_and_conversions_are_not_put(acme: Company) -> None:
    opened(acme)
    deal = acme.sfa.opportunities["d"]
    refused(acme, acme.put(evolve(deal, stage=Stage("won", 100, StageKind.WON))), NotMasterData)
    refused(acme, acme.put(Conversion(lead="nobody", on="2026-01-05", customer="beta")), NotMasterData)


def test_what_is_known_of_an_open_deal_is_corrected(acme: Company) -> None:
    deal = opened(acme, amount=Money("5", "EUR"), owner="eve")
    found = do(acme, acme.sfa.revise_opportunity(deal, amount=Money("7", "EUR"), close="2026-03-31"))
    assert (found.name, found.amount, str(found.close), found.owner) == ("deal", Money("7", "EUR"), "2026-03-31", "eve")
    assert do(acme, acme.sfa.revise_opportunity(deal, name="bigger", owner="")).owner == ""
    ordered(acme)
    refused(acme, acme.sfa.revise_opportunity(deal, amount=Money("9", "EUR")), DealClosed)


def test_deals_are_found_by_what_became_of_them(acme: Company) -> None:
    opened(acme)
    assert [one.state for one in acme.sfa.opportunities.where(state="open")] == ["open"]
    do(acme, acme.sfa.win("d", on="2026-01-09"))
    assert [one.id for one in acme.sfa.opportunities.where(state="won")] == ["d"]
    assert not list(acme.sfa.opportunities.where(state="open"))


def test_a_lead_is_not_taken_for_a_customer_who_happens_to_have_its_id(acme: Company) -> None:
    do(acme, acme.put(Customer(id="l", name="Somebody else")))
    lead = qualified(acme, city="Bonn")
    refused(acme, acme.sfa.convert(lead, on="2026-01-07"), AlreadyThere)
    assert acme.sfa.customers["l"].city == ""
    do(acme, acme.sfa.convert(lead, on="2026-01-07", customer="l"))
    assert acme.sfa.customers["l"].city == "Bonn"


def test_no_less_than_nothing_was_delivered(acme: Company) -> None:
    ordered(acme, deal="")
    refused(acme, acme.sfa.short_close("o", delivered={"1": -1}), BadCancelled)


def test_the_order_of_a_quote_is_made_from_it(acme: Company) -> None:
    quote = do(acme, acme.sfa.quote(Quote(id="q", **OFFER)))
    refused(acme, acme.sfa.take_order(Order(**ORDER, lines=[LINE], origins=[quote.ref])), FromQuote)


# -- stated figures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("follower", ["delivery", "invoice"])
def test_figures_are_not_stated_of_an_order_that_the_books_know(acme: Company, follower: str) -> None:
    ordered(acme, deal="")
    done = acme.order_to_cash.deliver("o", on="2026-01-11", id="D")
    if follower == "invoice":
        bill = Invoice(
            customer="beta", on="2026-01-11", currency="EUR", lines=[Line("x", 1, "2")], origins=[Ref("order", "o")]
        )
        done = acme.finance.issue(bill)
    do(acme, done)
    for act in (
        acme.sfa.cancel("o", delivered=0, billed=0, on="2026-01-12"),
        acme.act(acme.sfa.cancel("o", delivered=0, billed=0).to_json()),
        acme.sfa.amend("o", line=1, quantity=1, delivered=0, billed=0),
        acme.sfa.short_close("o", delivered={}),
        acme.sfa.complete("o", figures={"o/1": Figures(shipped=10, billed=10)}),
    ):
        assert [one.kind for one in refused(acme, act, FiguresKnown).facts["by"]] == [follower]
    assert do(acme, acme.order_to_cash.short_close("o", on="2026-01-12")).state == "closed"
