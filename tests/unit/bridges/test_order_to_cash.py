"""Orders against deliveries and invoices: what is called off is not shipped, what is credited is billed no more."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from bizcore.bridges.order_to_cash import NotBilled, NothingToBill, NothingToCredit, NothingToDeliver
from bizcore.bridges.promises import BeyondOrder, NotItsLine, NotItsOrder
from bizcore.company import Company
from bizcore.finance.documents import CreditNote
from bizcore.finance.lines import Line
from bizcore.finance.policies import FinancePolicies
from bizcore.finance.tax import Prices, TaxRounding
from bizcore.flow.document import Ref
from bizcore.flow.lifecycle import IllegalStep
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.money import Money
from bizcore.kernel.rounding import Rounding
from bizcore.sfa.opportunities import Opportunity
from bizcore.sfa.ordering import NotDone
from bizcore.sfa.orders import Headline, Order, OrderLine
from bizcore.sfa.policies import BillingPolicy, SfaPolicies
from bizcore.supply.fulfilment import Delivery, DeliveryLine, LineQuantity


@pytest.fixture
def acme() -> Company:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.supply.receive("x", 100, place="main", on="2026-01-01", cost=Money("100", "EUR")), key="stock")
    return acme


def taken(acme: Company, *lines: OrderLine, **more: object) -> Order:
    order = Order(id="SO", customer="b", on="2026-01-05", currency="EUR", lines=lines, **more)  # type: ignore[arg-type]
    return acme.apply(acme.sfa.take_order(order)).value


def goods(quantity: int) -> OrderLine:
    return OrderLine("x", quantity, "2", item="x", tax="S20")


def open_quantity(acme: Company, delivery: str) -> Decimal:
    found = acme.supply.deliveries.get(delivery)
    return sum((line.open for line in found.lines), Decimal(0))


def reserved(acme: Company) -> Decimal | int:
    return acme.view().balance("reserved", "main", "x").amount.amount


def test_amending_down_takes_the_rest_off_the_open_delivery_and_lets_go_of_what_it_kept(acme: Company) -> None:
    taken(acme, goods(10))
    acme.apply(acme.order_to_cash.deliver("SO", on="2026-01-05", id="DL"))
    acme.apply(acme.supply.reserve_delivery("DL", on="2026-01-05"))
    acme.apply(acme.order_to_cash.amend("SO", line=1, quantity=4, on="2026-01-06"))
    assert (open_quantity(acme, "DL"), reserved(acme)) == (4, 4)
    with pytest.raises(BizcoreError, match="4 left"):
        acme.apply(acme.supply.ship("DL", [LineQuantity(1, 5)], on="2026-01-07"))
    acme.apply(acme.supply.ship("DL", on="2026-01-07"))
    assert acme.supply.deliveries.get("DL").state == "done"
    assert reserved(acme) == 0


def test_amending_down_to_what_was_shipped_completes_the_delivery_and_to_less_is_refused(acme: Company) -> None:
    taken(acme, goods(10))
    acme.apply(acme.order_to_cash.deliver("SO", on="2026-01-05", id="DL"))
    acme.apply(acme.supply.ship("DL", [LineQuantity(1, 6)], on="2026-01-06"))
    with pytest.raises(BizcoreError) as error:
        acme.apply(acme.order_to_cash.amend("SO", line=1, quantity=5, on="2026-01-06"))
    assert error.value.code == "below_done"
    acme.apply(acme.order_to_cash.amend("SO", line=1, quantity=6, on="2026-01-06"))
    assert acme.supply.deliveries.get("DL").state == "done"
    assert acme.order_to_cash.progress("SO").lines[0].open == 0


def test_amending_down_takes_from_the_latest_delivery_first_and_up_leaves_room_for_another(acme: Company) -> None:
    taken(acme, goods(10))
    acme.apply(acme.order_to_cash.deliver("SO", on="2026-01-05", id="D1"))
    acme.apply(acme.order_to_cash.amend("SO", line=1, quantity=15, on="2026-01-06"))
    acme.apply(acme.order_to_cash.deliver("SO", on="2026-01-06", id="D2"))
    acme.apply(acme.order_to_cash.amend("SO", line=1, quantity=8, on="2026-01-07"))
    assert (open_quantity(acme, "D1"), open_quantity(acme, "D2")) == (8, 0)
    assert acme.supply.deliveries.get("D2").state == "cancelled"


def test_goods_that_came_back_are_delivered_again_and_billed_as_kept(acme: Company) -> None:
    taken(acme, goods(2))
    cash = acme.order_to_cash
    acme.apply(cash.deliver("SO", on="2026-01-05", id="DL"))
    shipped = acme.apply(acme.supply.ship("DL", on="2026-01-06")).value
    acme.apply(cash.bill("SO", on="2026-01-06"))
    back = acme.apply(acme.supply.take_back(shipped.id, on="2026-01-08")).value
    acme.apply(cash.credit(back.id, on="2026-01-08"))
    assert cash.progress("SO").lines[0].open == 2
    acme.apply(cash.deliver("SO", on="2026-01-09", id="D2"))
    with pytest.raises(NothingToDeliver):
        acme.apply(cash.deliver("SO", on="2026-01-09"))
    acme.apply(acme.supply.ship("D2", on="2026-01-10"))
    again = acme.apply(cash.bill("SO", on="2026-01-10")).value
    assert str(again.net) == "4.00 EUR"
    found = cash.progress("SO").lines[0]
    assert (found.figures.delivered, found.figures.billed_net) == (2, 2)


@pytest.mark.parametrize("billing", BillingPolicy)
def test_goods_shipped_again_after_a_credit_are_billed_under_either_policy(
    acme: Company, billing: BillingPolicy
) -> None:
    acme.apply(acme.put(SfaPolicies(billing=billing)))
    taken(acme, goods(2))
    cash = acme.order_to_cash
    acme.apply(cash.deliver("SO", on="2026-01-05", id="DL"))
    shipped = acme.apply(acme.supply.ship("DL", on="2026-01-06")).value
    acme.apply(cash.bill("SO", on="2026-01-06"))
    acme.apply(cash.credit(acme.apply(acme.supply.take_back(shipped.id, on="2026-01-08")).value.id, on="2026-01-08"))
    with pytest.raises(NothingToBill):
        acme.apply(cash.bill("SO", on="2026-01-08"))
    acme.apply(cash.deliver("SO", on="2026-01-09", id="D2"))
    acme.apply(acme.supply.ship("D2", on="2026-01-10"))
    assert str(acme.apply(cash.bill("SO", on="2026-01-10")).value.net) == "4.00 EUR"


def test_an_invoice_credited_as_a_whole_is_billed_again(acme: Company) -> None:
    taken(acme, goods(2))
    cash = acme.order_to_cash
    acme.apply(cash.deliver("SO", on="2026-01-05", id="DL"))
    acme.apply(acme.supply.ship("DL", on="2026-01-06"))
    invoice = acme.apply(cash.bill("SO", on="2026-01-06")).value
    acme.apply(acme.finance.credit(invoice.credited(on="2026-01-07")))
    assert cash.progress("SO").lines[0].figures.credited == 2
    assert str(acme.apply(cash.bill("SO", on="2026-01-08")).value.net) == "4.00 EUR"


def test_cancelling_loses_the_deal_on_its_day(acme: Company) -> None:
    acme.apply(
        acme.sfa.open_opportunity(
            Opportunity(id="D", customer="b", name="bolts", amount=Money("20", "EUR"), on="2026-01-01")
        )
    )
    taken(acme, goods(10), origins=[acme.sfa.opportunities.get("D").ref])
    acme.apply(acme.order_to_cash.cancel("SO", on="2026-01-07"))
    lost = acme.sfa.opportunities.get("D")
    assert (lost.state, str(lost.closed_on)) == ("lost", "2026-01-07")


def test_closing_short_calls_off_what_was_not_billed_of_services(acme: Company) -> None:
    taken(acme, goods(2), OrderLine("Fitting", 3, "50", tax="S20"))
    short = acme.apply(acme.order_to_cash.short_close("SO", on="2026-01-07")).value
    assert [line.cancelled for line in short.lines] == [2, 3]
    with pytest.raises(NothingToBill):
        acme.apply(acme.order_to_cash.bill("SO", on="2026-01-08"))


def test_an_order_is_completed_when_all_of_it_is_delivered_and_billed(acme: Company) -> None:
    taken(acme, goods(2))
    cash = acme.order_to_cash
    acme.apply(cash.deliver("SO", on="2026-01-05", id="DL"))
    acme.apply(acme.supply.ship("DL", on="2026-01-06"))
    with pytest.raises(NotDone):
        acme.apply(cash.complete("SO"))
    acme.apply(cash.bill("SO", on="2026-01-06"))
    assert acme.apply(cash.complete("SO")).value.state == "closed"


# -- promises --------------------------------------------------------------------------------------------------------


def by_hand(acme: Company, quantity: int, **more: object) -> Delivery:
    given = {"customer": "b", "on": "2026-01-06", "origins": [Ref("order", "SO")], **more}
    return acme.apply(acme.supply.plan_delivery([DeliveryLine("x", quantity, "main", source="SO/1")], **given)).value  # type: ignore[arg-type]


def test_a_delivery_planned_by_hand_stays_within_the_order(acme: Company) -> None:
    taken(acme, goods(10))
    acme.apply(acme.order_to_cash.deliver("SO", on="2026-01-05", id="DL"))
    with pytest.raises(BeyondOrder) as error:
        by_hand(acme, 1)
    assert (error.value.facts["planned"], error.value.facts["most"]) == (11, 10)
    acme.apply(acme.put(SfaPolicies(over_delivery="20")))
    by_hand(acme, 2)
    with pytest.raises(BeyondOrder):
        by_hand(acme, 1)


@pytest.mark.parametrize("more", [{"customer": "c"}, {"origins": []}])
def test_a_delivery_that_names_lines_of_an_order_is_of_that_order(acme: Company, more: dict[str, object]) -> None:
    taken(acme, goods(10))
    with pytest.raises(NotItsOrder):
        by_hand(acme, 1, **more)


def test_what_was_planned_under_another_policy_may_still_be_shipped(acme: Company) -> None:
    acme.apply(acme.put(SfaPolicies(over_delivery="20")))
    taken(acme, goods(10))
    planned = by_hand(acme, 12)
    acme.apply(acme.put(SfaPolicies()))
    assert acme.apply(acme.supply.ship(planned.id, on="2026-01-07")).value.lines[0].quantity == 12


# -- credits ---------------------------------------------------------------------------------------------------------


def shipped_and_billed(
    acme: Company, ships: list[int], price: str, tax: str | None = "S20", *, lines: int = 1
) -> list[str]:
    """An order delivered in parts, each part billed as I0, I1, ...; the shipments."""
    taken(acme, *[OrderLine("x", sum(ships), price, item="x", tax=tax)] * lines)
    acme.apply(acme.order_to_cash.deliver("SO", on="2026-01-05", id="DL"))
    found = []
    for at, quantity in enumerate(ships):
        parts = [LineQuantity(line + 1, quantity) for line in range(lines)]
        found.append(acme.apply(acme.supply.ship("DL", parts, on="2026-01-06")).value.id)
        acme.apply(acme.order_to_cash.bill("SO", on="2026-01-06", id=f"I{at}"))
    return found


def credited(acme: Company, shipment: str, quantity: int | None = None) -> CreditNote:
    lines = [] if quantity is None else [LineQuantity(1, quantity)]
    back = acme.apply(acme.supply.take_back(shipment, lines, on="2026-01-08")).value
    return acme.apply(acme.order_to_cash.credit(back.id, on="2026-01-08")).value


@pytest.mark.parametrize(
    ("policies", "price", "lines", "gross"),
    [
        (FinancePolicies(prices=Prices.GROSS), "120", 1, "120.00 EUR"),
        (FinancePolicies(tax_rounding=TaxRounding.LINE), "10.03", 2, "24.08 EUR"),
        (FinancePolicies(rounding_mode=Rounding.DOWN), "0.999", 1, "1.18 EUR"),
    ],
)
def test_what_came_back_is_credited_as_it_was_billed(
    acme: Company, policies: FinancePolicies, price: str, lines: int, gross: str
) -> None:
    acme.apply(acme.put(policies))
    (shipment,) = shipped_and_billed(acme, [1], price, lines=lines)
    assert str(acme.finance.invoices["I0"].gross) == gross
    assert str(credited(acme, shipment).gross) == gross
    assert len(acme.finance.open_items()) == 0


@pytest.mark.parametrize(
    ("price", "tax", "pieces"),
    [("0.335", None, 3), ("33.333", "S19", 3), ("0.33", "S19", 3), ("0.07", "S19", 7), ("0.004", "S19", 9)],
)
def test_the_last_piece_that_comes_back_clears_the_invoice_to_the_cent(
    acme: Company, price: str, tax: str | None, pieces: int
) -> None:
    (shipment,) = shipped_and_billed(acme, [pieces], price, tax)
    notes = [credited(acme, shipment, 1) for _ in range(pieces)]
    billed = acme.finance.invoices["I0"]
    assert sum(one.owed.minor for one in notes) == billed.owed.minor
    assert sum(one.net.minor for one in notes) == billed.net.minor
    assert len(acme.finance.open_items()) == 0
    with pytest.raises(NotBilled):
        acme.apply(acme.order_to_cash.credit(notes[-1].origins[0].id, on="2026-01-08"))


def test_a_return_is_credited_once_and_on_the_invoice_that_billed_it(acme: Company) -> None:
    first, second = shipped_and_billed(acme, [4, 6], "10", None)
    notes = [credited(acme, second), credited(acme, first)]
    assert [(one.credits, str(one.gross)) for one in notes] == [("I1", "60.00 EUR"), ("I0", "40.00 EUR")]
    with pytest.raises(NotBilled):
        acme.apply(acme.order_to_cash.credit(notes[0].origins[0].id, on="2026-01-09"))


def test_what_is_credited_by_hand_is_not_credited_again(acme: Company) -> None:
    first, _ = shipped_and_billed(acme, [4, 6], "10", None)
    acme.apply(acme.finance.credit(acme.finance.invoices["I0"].credited(on="2026-01-08")))
    with pytest.raises(NotBilled):
        credited(acme, first)


def test_goods_that_came_back_before_they_were_billed_are_not_credited(acme: Company) -> None:
    taken(acme, goods(10))
    acme.apply(acme.order_to_cash.deliver("SO", on="2026-01-05", id="DL"))
    shipment = acme.apply(acme.supply.ship("DL", on="2026-01-06")).value
    back = acme.apply(acme.supply.take_back(shipment.id, [LineQuantity(1, 4)], on="2026-01-07")).value
    assert str(acme.apply(acme.order_to_cash.bill("SO", on="2026-01-08")).value.net) == "12.00 EUR"
    with pytest.raises(NotBilled):
        acme.apply(acme.order_to_cash.credit(back.id, on="2026-01-08"))


def test_something_off_the_price_takes_no_piece_back(acme: Company) -> None:
    shipped_and_billed(acme, [10], "10", None)
    off = evolve(acme.finance.invoices["I0"].lines[0], price="1")
    note = CreditNote(customer="b", on="2026-01-08", currency="EUR", lines=[off], credits="I0")
    acme.apply(acme.finance.credit(note))
    assert acme.order_to_cash.progress("SO").lines[0].figures.billed_net == 10
    with pytest.raises(NothingToBill):
        acme.apply(acme.order_to_cash.bill("SO", on="2026-01-09"))


def test_what_is_billed_of_an_order_closed_short_is_to_be_credited(acme: Company) -> None:
    acme.apply(acme.put(SfaPolicies(billing=BillingPolicy.ORDERED)))
    taken(acme, goods(10))
    cash = acme.order_to_cash
    acme.apply(cash.bill("SO", on="2026-01-06"))
    with pytest.raises(NothingToCredit):
        acme.apply(cash.credit_excess("SO", on="2026-01-06"))
    acme.apply(cash.short_close("SO", on="2026-01-07"))
    assert cash.progress("SO").headline is Headline.TO_CREDIT
    assert str(acme.apply(cash.credit_excess("SO", on="2026-01-08")).value.gross) == "24.00 EUR"
    assert cash.progress("SO").headline is Headline.COMPLETED
    assert len(acme.finance.open_items()) == 0


def test_of_a_closed_order_nothing_but_a_credit_is_left_to_do(acme: Company) -> None:
    (shipment,) = shipped_and_billed(acme, [10], "5", None)
    acme.apply(acme.order_to_cash.complete("SO"))
    back = acme.apply(acme.supply.take_back(shipment, on="2026-01-08")).value
    assert acme.order_to_cash.progress("SO").headline is Headline.TO_CREDIT
    acme.apply(acme.order_to_cash.credit(back.id, on="2026-01-08"))
    assert acme.order_to_cash.progress("SO").headline is Headline.COMPLETED


def test_a_cancelled_order_is_not_billed(acme: Company) -> None:
    acme.apply(acme.put(SfaPolicies(billing=BillingPolicy.ORDERED)))
    taken(acme, goods(10))
    acme.apply(acme.order_to_cash.cancel("SO", on="2026-01-06"))
    with pytest.raises(IllegalStep):
        acme.apply(acme.order_to_cash.bill("SO", on="2026-01-07"))


@pytest.mark.parametrize(
    ("policies", "price", "lines", "pieces"),
    [
        (FinancePolicies(prices=Prices.GROSS), "5", 1, 3),
        (FinancePolicies(prices=Prices.GROSS), "9.97", 2, 3),
        (FinancePolicies(tax_rounding=TaxRounding.LINE), "5.03", 3, 2),
    ],
)
def test_returns_in_parts_are_credited_to_the_last_under_every_policy(
    acme: Company, policies: FinancePolicies, price: str, lines: int, pieces: int
) -> None:
    acme.apply(acme.put(policies))
    (shipment,) = shipped_and_billed(acme, [pieces], price, lines=lines)
    for _ in range(pieces):
        parts = [LineQuantity(at + 1, 1) for at in range(lines)]
        back = acme.apply(acme.supply.take_back(shipment, parts, on="2026-01-08")).value
        acme.apply(acme.order_to_cash.credit(back.id, on="2026-01-08"))
    assert len(acme.finance.open_items()) == 0


@pytest.mark.parametrize(("source", "item"), [("SO/01", "x"), ("SO/1", "y")])
def test_a_delivery_names_an_order_line_as_the_order_does(acme: Company, source: str, item: str) -> None:
    taken(acme, goods(10))
    line = DeliveryLine(item, 1, "main", source=source)
    with pytest.raises(NotItsLine):
        acme.apply(acme.supply.plan_delivery([line], customer="b", on="2026-01-06", origins=[Ref("order", "SO")]))


def test_a_discount_is_taken_back_with_the_last_goods(acme: Company) -> None:
    taken(acme, OrderLine("x", 4, "10", item="x", tax="S20"), OrderLine("discount", 1, "-4", tax="S20"))
    acme.apply(acme.order_to_cash.deliver("SO", on="2026-01-05", id="DL"))
    shipment = acme.apply(acme.supply.ship("DL", on="2026-01-06")).value.id
    acme.apply(acme.order_to_cash.bill("SO", on="2026-01-06"))
    assert [str(credited(acme, shipment, at).gross) for at in (1, 3)] == ["12.00 EUR", "31.20 EUR"]
    assert len(acme.finance.open_items()) == 0
    with pytest.raises(NothingToBill):
        acme.apply(acme.order_to_cash.bill("SO", on="2026-01-09"))


def test_what_was_taken_off_the_price_is_not_credited_twice(acme: Company) -> None:
    (shipment,) = shipped_and_billed(acme, [10], "10")
    off = CreditNote(
        customer="b", on="2026-01-07", currency="EUR", lines=[Line("late", 1, "10", tax="S20")], credits="I0"
    )
    acme.apply(acme.finance.credit(off))
    assert [str(credited(acme, shipment, at).gross) for at in (4, 6)] == ["48.00 EUR", "60.00 EUR"]
    assert len(acme.finance.open_items()) == 0
