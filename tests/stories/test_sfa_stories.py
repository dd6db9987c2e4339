"""Stories of sales: one line a fact, `->` what is known after it. A sales manager can review them."""

from __future__ import annotations

from typing import Any

import pytest

from bizcore.company import Company
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.money import Money
from bizcore.sfa.leads import Lead
from bizcore.sfa.opportunities import Opportunity
from bizcore.sfa.orders import Order, OrderLine
from bizcore.sfa.quotes import Quote, QuoteLine
from bizcore.supply.fulfilment import LineQuantity


class Story:
    """Reads a line, does it, compares what follows `->`: `refused CODE`, or the deal and the order in words."""

    def __init__(self) -> None:
        self.acme = Company.create("story", currency="EUR")
        self.acme.apply(
            self.acme.supply.receive("bolt", 100, place="main", on="2026-01-01", cost=Money("100", "EUR")), key="stock"
        )

    def run(self, text: str) -> None:
        for line in filter(None, map(str.strip, text.splitlines())):
            told, _, expected = (part.strip() for part in line.partition("->"))
            on, verb, *words = told.split()
            try:
                self.acme.apply(self.act(on, verb, words), key=told)
                answer = self.state(expected.split(" ")[0])
            except BizcoreError as error:
                answer = f"refused {error.code}"
            assert answer == expected if expected else not answer.startswith("refused"), (line, answer)

    def state(self, what: str) -> str:
        if what == "deal":
            deal: Opportunity = next(iter(self.acme.sfa.opportunities))
            amount = "no amount" if deal.amount is None else str(deal.amount)
            return f"deal {deal.stage.name} {deal.probability}% {amount}"
        if what == "order":
            found = self.acme.order_to_cash.progress("SO")
            return f"order {found.headline.value} delivered {found.delivered} billed {found.billed}"
        return ""

    def act(self, on: str, verb: str, words: list[str]) -> Any:
        sfa, cash = self.acme.sfa, self.acme.order_to_cash
        match verb, words:
            case "lead", [name]:
                return sfa.capture(Lead(id=name, name=name, on=on))
            case "qualify", [name]:
                return sfa.qualify(name, on=on)
            case "convert", [name, amount]:
                return sfa.convert(name, on=on, opportunity="deal", opportunity_id="D", amount=Money(amount, "EUR"))
            case "advance", [stage]:
                return sfa.advance("D", stage=stage, on=on)
            case "quote", [name, quantity, price, *until]:
                lines = [QuoteLine("Bolt", quantity, price, item="bolt", tax="S20")]
                last = until[0] if until else None
                quote = Quote(id=name, customer="ada", on=on, currency="EUR", lines=lines, valid_until=last)
                return sfa.quote(quote, opportunity="D")
            case "send", [name]:
                return sfa.send(name)
            case "accept", [name]:
                return sfa.accept(name, on=on)
            case "order", [quote]:
                return sfa.order(quote, on=on, id="SO")
            case "fit", [quantity, price]:
                lines = [
                    OrderLine("Bolt", 1, "2", item="bolt", tax="S20"),
                    OrderLine("Fitting", quantity, price, tax="S20"),
                ]
                return sfa.take_order(Order(id="SO", customer="ada", on=on, currency="EUR", lines=lines))
            case "deliver", []:
                return cash.deliver("SO", on=on, id="DL")
            case "ship", [quantity]:
                return self.acme.supply.ship("DL", [LineQuantity(1, quantity)], on=on)
            case "bill", []:
                return cash.bill("SO", on=on)
            case "cancel", []:
                return cash.cancel("SO", on=on)
            case "close", []:
                return cash.short_close("SO", on=on)
            case "lose", [reason]:
                return sfa.lose("D", on=on, reason=reason)
            case "reopen", []:
                return sfa.reopen("D")
        pytest.fail(f"no such line: {verb} {words}")


def test_a_late_acceptance_needs_a_new_quote_and_the_order_decides_the_deal() -> None:
    """The first quote runs out; the second is ordered; what is agreed then is the amount of the deal."""
    Story().run("""
        2026-01-05  lead ada
        2026-01-06  convert ada 500               -> refused illegal_step
        2026-01-06  qualify ada
        2026-01-07  convert ada 500               -> deal qualification 10% 500.00 EUR
        2026-01-08  convert ada 500               -> refused already_converted
        2026-01-09  quote Q1 40 10 2026-01-31
        2026-01-09  send Q1
        2026-01-10  advance negotiation           -> deal negotiation 75% 500.00 EUR
        2026-02-01  accept Q1                     -> refused quote_expired
        2026-02-01  quote Q2 40 9 2026-02-28
        2026-02-01  order Q2                      -> refused illegal_step
        2026-02-02  send Q2
        2026-02-28  accept Q2                     -> deal negotiation 75% 500.00 EUR
        2026-03-02  order Q2                      -> deal won 100% 360.00 EUR
        2026-03-02  order Q2                      -> deal won 100% 360.00 EUR
        2026-03-03  order Q2                      -> refused illegal_step
        2026-03-03  lose price                    -> refused deal_closed
        2026-03-03  reopen                        -> refused orders_decide
    """)


def test_an_order_shipped_in_part_is_billed_in_part_and_closed_short() -> None:
    """Ten are agreed, six go out and are billed, the customer does not want the rest."""
    Story().run("""
        2026-01-05  lead ada
        2026-01-05  qualify ada
        2026-01-05  convert ada 20
        2026-01-05  quote Q 10 2
        2026-01-05  send Q
        2026-01-06  accept Q
        2026-01-06  order Q                       -> order to_deliver_and_bill delivered 0 billed 0
        2026-01-07  bill                          -> refused nothing_to_bill
        2026-01-07  deliver
        2026-01-08  ship 6                        -> order to_deliver_and_bill delivered 3/5 billed 0
        2026-01-08  cancel                        -> refused underway
        2026-01-09  bill                          -> order to_deliver_and_bill delivered 3/5 billed 3/5
        2026-01-10  close                         -> order completed delivered 1 billed 1
        2026-01-10  ship 1                        -> refused illegal_step
        2026-01-10  reopen                        -> refused orders_decide
    """)


def test_a_cancelled_order_loses_the_deal_which_may_be_opened_again() -> None:
    """Nothing was shipped yet, so the order goes as a whole; the deal goes with it and is taken up again."""
    Story().run("""
        2026-01-05  lead ada
        2026-01-05  qualify ada
        2026-01-05  convert ada 20
        2026-01-06  advance proposal
        2026-01-06  quote Q 10 2
        2026-01-06  send Q
        2026-01-06  accept Q
        2026-01-07  order Q                       -> deal won 100% 20.00 EUR
        2026-01-08  cancel                        -> deal lost 0% 20.00 EUR
        2026-01-08  cancel                        -> deal lost 0% 20.00 EUR
        2026-01-09  reopen                        -> deal proposal 40% 20.00 EUR
        2026-01-10  lose price                    -> deal lost 0% 20.00 EUR
    """)


def test_services_are_billed_without_a_delivery() -> None:
    """The fitting is billed as agreed; the bolt once it is delivered."""
    Story().run("""
        2026-01-06  fit 3 50                      -> order to_deliver_and_bill delivered 0 billed 0
        2026-01-07  bill                          -> order to_deliver_and_bill delivered 0 billed 75/76
        2026-01-08  deliver
        2026-01-08  ship 1                        -> order to_bill delivered 1 billed 75/76
        2026-01-09  bill                          -> order completed delivered 1 billed 1
    """)
