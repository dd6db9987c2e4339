"""The sales desk: what one does about deals, as bindings."""

from __future__ import annotations

from typing import Final

from bizcore.change.desk import Desk, documents, report, verb
from bizcore.sfa import expiry, leads, opportunities, ordering, outcomes, quotes, revisions, stated
from bizcore.sfa.customers import Customer
from bizcore.sfa.expiry import QuoteExpiry
from bizcore.sfa.leads import Conversion, Lead
from bizcore.sfa.opportunities import Opportunity, Pipeline
from bizcore.sfa.orders import Order
from bizcore.sfa.policies import SfaPolicies
from bizcore.sfa.quotes import Quote


class SfaDesk(Desk):
    """Prospects, deals in progress, quotes, orders."""

    name = "sfa"

    capture: Final = verb(leads.capture)
    work: Final = verb(leads.work)
    qualify: Final = verb(leads.qualify)
    disqualify: Final = verb(leads.disqualify)
    archive: Final = verb(leads.archive)
    convert: Final = verb(leads.convert)

    open_opportunity: Final = verb(opportunities.open_opportunity)
    revise_opportunity: Final = verb(opportunities.revise_opportunity)
    advance: Final = verb(opportunities.advance)
    pin: Final = verb(opportunities.pin)
    count_as: Final = verb(opportunities.count_as)
    win: Final = verb(outcomes.win)
    lose: Final = verb(outcomes.lose)
    reopen: Final = verb(outcomes.reopen)

    quote: Final = verb(quotes.quote)
    send: Final = verb(quotes.send)
    accept: Final = verb(quotes.accept)
    decline: Final = verb(quotes.decline)
    revise: Final = verb(revisions.revise)
    redraft: Final = verb(revisions.redraft)
    withdraw: Final = verb(quotes.withdraw)
    expire: Final = verb(expiry.expire)
    expire_all: Final = verb(expiry.expire_all)

    take_order: Final = verb(ordering.take_order)
    order: Final = verb(ordering.order)
    amend: Final = verb(stated.amend)
    cancel: Final = verb(stated.cancel)
    short_close: Final = verb(stated.short_close)
    complete: Final = verb(stated.complete)
    reopen_order: Final = verb(ordering.reopen_order)

    deals: Final = report(opportunities.deals)
    current_quote: Final = report(revisions.current)
    revisions: Final = report(revisions.revisions)
    lapsed: Final = report(expiry.lapsed)

    leads: Final = documents(Lead)
    conversions: Final = documents(Conversion)
    customers: Final = documents(Customer)
    opportunities: Final = documents(Opportunity)
    pipelines: Final = documents(Pipeline)
    quotes: Final = documents(Quote)
    quote_expiries: Final = documents(QuoteExpiry)
    orders: Final = documents(Order)
    policies: Final = documents(SfaPolicies)
