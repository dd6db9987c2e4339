"""The sales desk: what one does about deals, as bindings."""

from __future__ import annotations

from bizcore.change.desk import Desk, documents, report, verb
from bizcore.sfa import leads, opportunities, orders, quotes
from bizcore.sfa.customers import Customer
from bizcore.sfa.leads import Conversion, Lead
from bizcore.sfa.opportunities import Opportunity, Pipeline
from bizcore.sfa.orders import Order
from bizcore.sfa.policies import SfaPolicies
from bizcore.sfa.quotes import Quote


class SfaDesk(Desk):
    """Prospects, deals in progress, quotes, orders."""

    name = "sfa"

    capture = verb(leads.capture)
    work = verb(leads.work)
    qualify = verb(leads.qualify)
    disqualify = verb(leads.disqualify)
    archive = verb(leads.archive)
    convert = verb(leads.convert)

    open_opportunity = verb(opportunities.open_opportunity)
    advance = verb(opportunities.advance)
    pin = verb(opportunities.pin)
    win = verb(opportunities.win)
    lose = verb(opportunities.lose)
    reopen = verb(opportunities.reopen)

    quote = verb(quotes.quote)
    send = verb(quotes.send)
    accept = verb(quotes.accept)
    decline = verb(quotes.decline)
    expire = verb(quotes.expire)

    take_order = verb(orders.take_order)
    order = verb(orders.order)
    amend = verb(orders.amend)
    cancel = verb(orders.cancel)
    short_close = verb(orders.short_close)

    deals = report(opportunities.deals)

    leads = documents(Lead)
    conversions = documents(Conversion)
    customers = documents(Customer)
    opportunities = documents(Opportunity)
    pipelines = documents(Pipeline)
    quotes = documents(Quote)
    orders = documents(Order)
    policies = documents(SfaPolicies)
