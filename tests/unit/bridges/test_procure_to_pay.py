"""Bills against orders and receipts: goods received not invoiced opens by order line and clears to the cent."""

from __future__ import annotations

from fractions import Fraction

import pytest
from attrs import evolve

from bizcore.bridges.procure_to_pay import (
    AlreadyCredited,
    CreditThroughOrder,
    MatchPolicies,
    Mismatched,
    NotALine,
    NothingToCredit,
    NothingToMatch,
    NotOfAnOrder,
    TaxDiffers,
)
from bizcore.cli.checks import checks
from bizcore.company import Company
from bizcore.finance.documents import Bill, OtherCurrency, VendorCredit
from bizcore.finance.lines import Line
from bizcore.finance.policies import FinancePolicies
from bizcore.finance.rates import ExchangeRate
from bizcore.finance.tax import TaxRounding
from bizcore.flow.document import Ref
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.money import Money
from bizcore.kernel.rates import RateMissing
from bizcore.kernel.sequence import DatedBefore
from bizcore.supply.fulfilment import LineQuantity
from bizcore.supply.matching import Mismatch
from bizcore.supply.purchasing import BelowZero, NothingToReceive, OrderLine, PurchaseOrder, ReceivedLine
from bizcore.supply.returns import ReturnedAll

GRNI, VARIANCE, PAYABLE, STOCK = "2050", "5100", "2000", "1400"


@pytest.fixture
def acme() -> Company:
    return Company.create("acme", currency="EUR")


def ordered(acme: Company, *lines: OrderLine, currency: str = "EUR") -> str:
    order = PurchaseOrder(supplier="ace", on="2026-01-05", currency=currency, lines=lines)
    return acme.apply(acme.supply.order(order), key="po").value.id


def eur(acme: Company, account: str) -> str:
    return str(acme.view().balance("journal", account, "EUR").value.amount)


def open_lots(acme: Company) -> dict[str, str]:
    return {lot.id: str(lot.value.amount) for lot in acme.view().lots("journal", GRNI)}


def test_goods_received_open_an_item_by_order_line_and_the_bill_clears_it(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 100, "0.12"), OrderLine("nut", 10, "1.005"))
    acme.apply(acme.supply.receive_order(po, on="2026-01-10", place="wh"), key="gr")
    assert open_lots(acme) == {f"{po}/1": "-12.00", f"{po}/2": "-10.05"}
    bill = acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", reference="R-1", tax="S20"), key="bill").value
    assert (str(bill.net), str(bill.gross)) == ("22.05 EUR", "26.46 EUR")
    assert open_lots(acme) == {}
    assert (eur(acme, GRNI), eur(acme, VARIANCE), eur(acme, PAYABLE)) == ("0.00", "0.00", "-26.46")
    assert Ref("purchase_order", po) in bill.origins
    assert acme.trace(bill).kinds() == ("purchase_order", "receipt", "bill")


def test_a_bill_in_parts_clears_by_quantity_and_the_last_piece_takes_the_rest(acme: Company) -> None:
    po = ordered(acme, OrderLine("cent", 3, "0.3333"))
    acme.apply(acme.supply.receive_order(po, on="2026-01-10", place="wh"), key="gr")
    assert open_lots(acme) == {f"{po}/1": "-1.00"}
    for n in (1, 2, 3):
        acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", lines={"1": 1}), key=f"bill {n}")
    assert open_lots(acme) == {}
    assert eur(acme, GRNI) == "0.00"
    assert eur(acme, VARIANCE) == "-0.01"  # three bills of 0.33 for goods of 1.00
    with pytest.raises(NothingToMatch):
        acme.apply(acme.procure_to_pay.bill(po, on="2026-01-21"))


def test_rejected_goods_are_not_billed(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 100, "0.12"))
    acme.apply(acme.supply.receive_order(po, [ReceivedLine(1, 60, 5)], on="2026-01-10", place="wh"), key="gr")
    bill = acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20"), key="bill").value
    assert str(bill.net) == "6.60 EUR"
    assert (eur(acme, GRNI), eur(acme, STOCK)) == ("0.00", "6.60")


@pytest.mark.parametrize(
    ("lines", "prices", "kind"),
    [({"1": 61}, None, Mismatch.OVER_BILL), (None, {"1": "0.13"}, Mismatch.PRICE)],
)
def test_what_does_not_match_is_refused_with_its_figures(
    acme: Company, lines: dict[str, int] | None, prices: dict[str, str] | None, kind: Mismatch
) -> None:
    po = ordered(acme, OrderLine("bolt", 100, "0.12"))
    acme.apply(acme.supply.receive_order(po, [ReceivedLine(1, 60)], on="2026-01-10", place="wh"), key="gr")
    head = acme.head
    with pytest.raises(Mismatched) as error:
        acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", lines=lines, prices=prices), key="bill")
    assert [one.kind for one in error.value.facts["discrepancies"]] == [kind]  # type: ignore[attr-defined]
    assert acme.head == head


def test_a_price_within_tolerance_is_a_variance(acme: Company) -> None:
    acme.apply(acme.put(MatchPolicies(price_percent=10)), key="policies")
    po = ordered(acme, OrderLine("bolt", 100, "0.12"))
    acme.apply(acme.supply.receive_order(po, on="2026-01-10", place="wh"), key="gr")
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", prices={"1": "0.13"}), key="bill")
    assert (eur(acme, GRNI), eur(acme, VARIANCE), eur(acme, PAYABLE)) == ("0.00", "1.00", "-13.00")


def test_freight_is_an_expense_beside_the_goods(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 100, "0.12"))
    acme.apply(acme.supply.receive_order(po, on="2026-01-10", place="wh"), key="gr")
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", freight=Money("5.00", "EUR")), key="bill")
    assert (eur(acme, "6100"), eur(acme, PAYABLE), eur(acme, GRNI)) == ("5.00", "-17.00", "0.00")


def test_a_foreign_bill_passes_through_exchange_and_leaves_its_rate_difference_as_variance(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 100, "0.10"), currency="USD")
    acme.apply(acme.supply.receive_order(po, on="2026-01-12", place="wh", rate="0.90"), key="gr")
    bill = acme.apply(acme.procure_to_pay.bill(po, on="2026-01-25", rate="0.92"), key="bill").value
    assert str(bill.gross) == "10.00 USD"
    view = acme.view()
    assert str(view.balance("journal", PAYABLE, "USD").value) == "-9.20 EUR"
    exchange = [view.balance("journal", "9000", unit).value.minor for unit in ("EUR", "USD")]
    assert sum(exchange) == 0
    assert (eur(acme, GRNI), eur(acme, VARIANCE)) == ("0.00", "0.20")


def test_goods_returned_after_the_bill_are_credited_and_clear_the_claim(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 100, "0.12"))
    receipt = acme.apply(acme.supply.receive_order(po, on="2026-01-10", place="wh"), key="gr").value.id
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20"), key="bill")
    back = acme.apply(acme.supply.return_to_vendor(receipt, [LineQuantity(1, 25)], on="2026-01-22"), key="back").value
    assert open_lots(acme) == {f"{po}/1": "3.00"}
    note = acme.apply(acme.procure_to_pay.credit(back.id, on="2026-01-30"), key="credit").value
    assert str(note.gross) == "3.00 EUR"
    assert (eur(acme, GRNI), eur(acme, PAYABLE)) == ("0.00", "-9.00")
    with pytest.raises(NothingToCredit):
        acme.apply(acme.procure_to_pay.credit(back.id, on="2026-01-31"))


def test_what_is_complete_says_so(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 100, "0.12"))
    receipt = acme.apply(acme.supply.receive_order(po, on="2026-01-10", place="wh")).value
    with pytest.raises(NothingToReceive):
        acme.apply(acme.supply.receive_order(po, on="2026-01-11", place="wh"))
    with pytest.raises(NothingToMatch):
        acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", lines={"1": 0}))
    acme.apply(acme.supply.return_to_vendor(receipt.id, on="2026-01-12"))
    with pytest.raises(ReturnedAll):
        acme.apply(acme.supply.return_to_vendor(receipt.id, on="2026-01-12"))


def test_a_line_key_is_a_number(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 1, "1"))
    with pytest.raises(NotALine):
        acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", lines={"first": 1}))


def test_the_match_table_shows_what_is_unbilled(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 100, "0.12"))
    acme.apply(acme.supply.receive_order(po, [ReceivedLine(1, 60)], on="2026-01-10", place="wh"), key="gr")
    table = acme.procure_to_pay.match(po)
    assert str(table["1", "unbilled"].value) == "60 bolt"
    assert acme.documents(Bill).get("nobody") is None


# -- billed ahead, and credited as billed ----------------------------------------------------------------------------


def received(acme: Company, po: str, *quantities: int, on: str = "2026-01-10", **more: object) -> str:
    lines = [ReceivedLine(at, one) for at, one in enumerate(quantities, 1)]
    return acme.apply(acme.supply.receive_order(po, lines, on=on, place="wh", **more)).value.id  # type: ignore[arg-type]


def sent_back(acme: Company, receipt: str, *lines: LineQuantity) -> str:
    return acme.apply(acme.supply.return_to_vendor(receipt, lines, on="2026-01-22")).value.id


def test_what_is_billed_before_it_came_waits_for_it(acme: Company) -> None:
    acme.apply(acme.put(MatchPolicies(quantity_percent=10)))
    po = ordered(acme, OrderLine("bolt", 100, "1"))
    received(acme, po, 96)
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", lines={"1": 100}))
    assert (open_lots(acme), eur(acme, VARIANCE)) == ({f"{po}/1": "4.00"}, "0.00")
    received(acme, po, 4, on="2026-01-25")
    assert (open_lots(acme), eur(acme, VARIANCE), eur(acme, GRNI)) == ({}, "0.00", "0.00")
    with pytest.raises(NothingToMatch):
        acme.apply(acme.procure_to_pay.bill(po, on="2026-01-26"))


def test_what_is_billed_and_will_never_come_is_a_variance(acme: Company) -> None:
    acme.apply(acme.put(MatchPolicies(quantity_percent=10)))
    po = ordered(acme, OrderLine("bolt", 100, "1"))
    received(acme, po, 100)
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", lines={"1": 105}))
    assert (open_lots(acme), eur(acme, VARIANCE)) == ({}, "5.00")


def test_a_credit_takes_back_what_was_billed_at_the_price_and_the_tax_of_the_bill(acme: Company) -> None:
    acme.apply(acme.put(MatchPolicies(price_percent=20)))
    po = ordered(acme, OrderLine("bolt", 10, "10"))
    receipt = received(acme, po, 10)
    bill = acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", prices={"1": 11}, tax="S20")).value
    note = acme.apply(acme.procure_to_pay.credit(sent_back(acme, receipt), on="2026-01-30")).value
    assert (note.credits, note.gross, note.tax) == (bill.id, bill.gross, bill.tax)
    assert {name: eur(acme, name) for name in (GRNI, VARIANCE, PAYABLE, STOCK)} == dict.fromkeys(
        (GRNI, VARIANCE, PAYABLE, STOCK), "0.00"
    )
    assert len(acme.finance.open_items()) == 0


def test_a_stated_tax_is_credited_by_its_share_and_whole_with_the_last_piece(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 3, "10"))
    receipt = received(acme, po, 3)
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", tax_stated=Money("1.00", "EUR")))
    notes = [
        acme.apply(acme.procure_to_pay.credit(sent_back(acme, receipt, LineQuantity(1, 1)), on="2026-01-30")).value
        for _ in range(3)
    ]
    assert [str(one.tax.amount) for one in notes] == ["0.33", "0.34", "0.33"]
    assert len(acme.finance.open_items()) == 0


def test_each_return_is_credited_once(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"))
    receipt = received(acme, po, 10)
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20"))
    four, three = sent_back(acme, receipt, LineQuantity(1, 4)), sent_back(acme, receipt, LineQuantity(1, 3))
    credit = acme.procure_to_pay.credit
    assert acme.apply(credit(four, on="2026-01-30")).value.lines[0].quantity == 4
    with pytest.raises(NothingToCredit):
        acme.apply(credit(four, on="2026-01-30"))
    assert acme.apply(credit(three, on="2026-01-30")).value.lines[0].quantity == 3
    assert (eur(acme, GRNI), eur(acme, VARIANCE)) == ("0.00", "0.00")


def test_lots_of_one_order_line_go_back_and_are_credited_together(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"))
    lots = [ReceivedLine(1, 4, lot="L1"), ReceivedLine(1, 6, lot="L2")]
    receipt = acme.apply(acme.supply.receive_order(po, lots, on="2026-01-10", place="wh")).value.id
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20"))
    acme.apply(acme.procure_to_pay.credit(sent_back(acme, receipt), on="2026-01-30"))
    assert (eur(acme, GRNI), eur(acme, VARIANCE), eur(acme, PAYABLE)) == ("0.00", "0.00", "0.00")
    assert acme.supply.purchase_orders[po].lines[0].unbilled == 0


def test_what_two_bills_billed_is_credited_on_both(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"))
    receipt = received(acme, po, 10)
    for at in (4, 6):
        acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", id=f"B{at}", lines={"1": at}, tax="S20"))
    acme.apply(acme.procure_to_pay.credit(sent_back(acme, receipt), on="2026-01-30"))
    notes = acme.documents(VendorCredit)
    assert sorted((one.credits, str(one.gross)) for one in notes) == [("B4", "48.00 EUR"), ("B6", "72.00 EUR")]
    assert len(acme.finance.open_items()) == 0
    assert (eur(acme, GRNI), eur(acme, VARIANCE)) == ("0.00", "0.00")


def test_a_foreign_credit_has_the_rate_of_its_bill(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"), currency="USD")
    receipt = received(acme, po, 10, rate="0.9")
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", rate="0.9"))
    note = acme.apply(acme.procure_to_pay.credit(sent_back(acme, receipt), on="2026-01-30")).value
    assert (str(note.gross), note.rate) == ("100.00 USD", Fraction(9, 10))
    assert (eur(acme, GRNI), eur(acme, VARIANCE)) == ("0.00", "0.00")


def test_a_bill_has_the_terms_and_tax_policies_of_its_vendor(acme: Company) -> None:
    acme.apply(acme.put(FinancePolicies(scope="ace", tax_rounding=TaxRounding.LINE, terms="60 days")))
    po = ordered(acme, OrderLine("bolt", 1, "10.03"), OrderLine("nut", 1, "10.03"))
    received(acme, po, 1, 1)
    with pytest.raises(OtherCurrency):
        acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", freight=Money("7", "USD")))
    bill = acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", tax="S19", freight=Money("10.00", "EUR"))).value
    assert (str(bill.tax), bill.terms.text, bill.charges[0].tax) == ("5.72 EUR", "60 days", "S19")


@pytest.mark.parametrize(
    "given",
    [{"lines": {"1": 4, "01": 5}}, {"lines": {"0": 4}}, {"prices": {"2": 9}}, {"lines": {"1": 4}, "prices": {"7": 9}}],
)
def test_no_line_is_dropped_silently(acme: Company, given: dict[str, dict[str, int]]) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"), OrderLine("nut", 10, "10"))
    received(acme, po, 10)
    with pytest.raises(BizcoreError) as error:
        acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", **given))  # type: ignore[arg-type]
    assert error.value.code in ("not_a_line", "no_such_line")


def test_a_wrong_bill_is_taken_back_and_the_order_billed_anew(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"), OrderLine("nut", 4, "1.005"))
    received(acme, po, 10, 4)
    before = {name: eur(acme, name) for name in (GRNI, VARIANCE, PAYABLE, "1300")}
    acme.apply(acme.put(MatchPolicies(price_percent=50)))
    wrong = acme.apply(
        acme.procure_to_pay.bill(po, on="2026-01-20", id="B", prices={"1": 12}, tax="S20", freight=Money("9.99", "EUR"))
    ).value
    note = acme.apply(acme.procure_to_pay.take_back_bill("B", on="2026-01-21")).value
    assert (note.credits, note.gross) == ("B", wrong.gross)
    assert {name: eur(acme, name) for name in before} == before
    assert [one.unbilled for one in acme.supply.purchase_orders[po].lines] == [10, 4]
    assert str(acme.apply(acme.procure_to_pay.bill(po, on="2026-01-22")).value.net) == "104.02 EUR"
    assert (open_lots(acme), eur(acme, VARIANCE)) == ({}, "0.00")
    with pytest.raises(AlreadyCredited):
        acme.apply(acme.procure_to_pay.take_back_bill("B", on="2026-01-23"))


def test_a_foreign_bill_is_taken_back_at_its_own_values(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"), currency="USD")
    received(acme, po, 10, rate="0.9")
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", id="B", rate="0.95"))
    acme.apply(acme.procure_to_pay.take_back_bill("B", on="2026-01-21"))
    assert (open_lots(acme), eur(acme, VARIANCE)) == ({f"{po}/1": "-90.00"}, "0.00")


def test_a_bill_of_no_order_is_finances_own(acme: Company) -> None:
    bill = Bill(id="B", vendor="ace", on="2026-01-20", currency="EUR", lines=[Line("rent", 1, "9")])
    acme.apply(acme.finance.bill(bill))
    with pytest.raises(NotOfAnOrder):
        acme.apply(acme.procure_to_pay.take_back_bill("B", on="2026-01-21"))


def test_goods_of_a_foreign_order_come_in_at_the_rate_of_the_day(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"), currency="USD")
    with pytest.raises(RateMissing):
        acme.apply(acme.procure_to_pay.receive(po, on="2026-01-10", place="wh"))
    acme.apply(acme.put(ExchangeRate(base="USD", quote="EUR", on="2026-01-10", rate="0.9")))
    acme.apply(acme.procure_to_pay.receive(po, on="2026-01-10", place="wh"))
    assert (eur(acme, STOCK), open_lots(acme)) == ("90.00", {f"{po}/1": "-90.00"})


def test_a_settled_order_line_keeps_no_cent_open(acme: Company) -> None:
    """Parts of a line are rounded: what of its open item is left with the last piece is a purchase variance."""
    po = ordered(acme, OrderLine("bolt", 10, "7.7777"))
    receipt = received(acme, po, 3)
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20"))
    sent_back(acme, receipt, LineQuantity(1, 2))
    received(acme, po, 2, on="2026-01-25")
    assert acme.supply.purchase_orders[po].lines[0].unbilled == 0
    assert (open_lots(acme), eur(acme, GRNI), eur(acme, VARIANCE)) == ({}, "0.00", "-0.01")


def test_all_goods_back_leave_no_claim(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 3, "1.6667"))
    receipt = received(acme, po, 3)
    for on in ("2026-01-15", "2026-01-20", "2026-01-12"):
        acme.apply(acme.supply.return_to_vendor(receipt, [LineQuantity(1, 1)], on=on))
    assert (open_lots(acme), eur(acme, GRNI), eur(acme, VARIANCE), eur(acme, STOCK)) == ({}, "0.00", "0.00", "0.00")


def all_checks(acme: Company) -> None:
    assert [one for one in checks(acme) if not one.ok] == []


def test_pieces_that_went_back_are_not_billed_ahead(acme: Company) -> None:
    acme.apply(acme.put(MatchPolicies(quantity_amount=9)))
    po = ordered(acme, OrderLine("bolt", 3, "10"))
    receipt = received(acme, po, 2)
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20"))
    back = sent_back(acme, receipt)
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-23", lines={"1": 1}))
    assert (eur(acme, VARIANCE), eur(acme, GRNI)) == ("0.00", "30.00")
    acme.apply(acme.procure_to_pay.credit(back, on="2026-01-24"))
    assert (eur(acme, VARIANCE), eur(acme, GRNI)) == ("0.00", "10.00")
    all_checks(acme)


def test_goods_billed_ahead_and_rejected_leave_the_checks_green(acme: Company) -> None:
    acme.apply(acme.put(MatchPolicies(quantity_amount=9)))
    po = ordered(acme, OrderLine("bolt", 1, "10"))
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-06", lines={"1": 1}))
    acme.apply(acme.supply.receive_order(po, [ReceivedLine(1, 1, 1)], on="2026-01-10", place="wh"))
    assert eur(acme, GRNI) == "10.00"
    all_checks(acme)


@pytest.mark.parametrize("given", [{"prices": {"1": -10}}, {"lines": {"1": -3}}])
def test_a_bill_is_of_nothing_below_zero(acme: Company, given: dict[str, dict[str, int]]) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"))
    received(acme, po, 10)
    with pytest.raises(BelowZero):
        acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", **given))  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_free_goods_are_billed_for_nothing(acme: Company, currency: str) -> None:
    po = ordered(acme, OrderLine("bolt", 5, "0"), currency=currency)
    more = {"rate": "0.9"} if currency == "USD" else {}
    received(acme, po, 5, **more)
    bill = acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", **more)).value  # type: ignore[arg-type]
    assert (bill.gross.minor, acme.supply.purchase_orders[po].lines[0].unbilled) == (0, 0)


def test_pieces_of_an_orders_bill_are_taken_back_through_the_order(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"))
    received(acme, po, 10)
    bill = acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", tax="S19")).value
    note = VendorCredit(vendor="ace", on="2026-01-21", currency="EUR", credits=bill.id, lines=bill.lines)
    with pytest.raises(CreditThroughOrder):
        acme.apply(acme.finance.credit_from_vendor(note))
    off = evolve(note, lines=[evolve(bill.lines[0], price="0.5")])
    assert str(acme.apply(acme.finance.credit_from_vendor(off)).value.net) == "5.00 EUR"


def test_a_foreign_bill_keeps_the_rate_that_was_looked_up(acme: Company) -> None:
    for on, rate in (("2026-01-20", "0.9"), ("2026-01-30", "0.5")):
        acme.apply(acme.put(ExchangeRate(base="USD", quote="EUR", on=on, rate=rate)))
    po = ordered(acme, OrderLine("bolt", 10, "10"), currency="USD")
    receipt = received(acme, po, 10, rate="0.9")
    assert acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20")).value.rate == Fraction(9, 10)
    acme.apply(acme.procure_to_pay.credit(sent_back(acme, receipt), on="2026-01-30"))
    assert (eur(acme, VARIANCE), eur(acme, GRNI)) == ("0.00", "0.00")


def test_a_tax_stated_for_two_bills_is_shared_between_their_credits(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"))
    receipt = received(acme, po, 10)
    for _ in range(2):
        acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", lines={"1": 5}, tax_stated=Money("9.50", "EUR")))
    acme.apply(acme.procure_to_pay.credit(sent_back(acme, receipt), on="2026-01-30", tax_stated=Money("19.00", "EUR")))
    assert len(acme.finance.open_items()) == 0
    all_checks(acme)


def test_a_tax_that_does_not_follow_from_the_bill_is_refused(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"))
    receipt = received(acme, po, 10)
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", tax="S19"))
    back = sent_back(acme, receipt, LineQuantity(1, 5))
    for told in ({"tax_stated": Money("9.49", "EUR")}, {"tax": "S7"}):
        with pytest.raises(TaxDiffers):
            acme.apply(acme.procure_to_pay.credit(back, on="2026-01-30", **told))  # type: ignore[arg-type]
    told = {"tax_stated": Money("9.50", "EUR"), "tax": "S19", "prices": {"1": 10}}
    assert str(acme.apply(acme.procure_to_pay.credit(back, on="2026-01-30", **told)).value.gross) == "59.50 EUR"  # type: ignore[arg-type]


def test_what_undoes_is_not_dated_before_what_it_undoes(acme: Company) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"))
    receipt = received(acme, po, 10)
    acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", id="B"))
    back = sent_back(acme, receipt, LineQuantity(1, 5))
    for act in (
        acme.procure_to_pay.credit(back, on="2026-01-21"),
        acme.procure_to_pay.take_back_bill("B", on="2026-01-19"),
    ):
        with pytest.raises(DatedBefore):
            acme.apply(act)


@pytest.mark.parametrize("named", [True, False])
def test_what_a_vendor_took_off_the_price_is_not_credited_again_with_the_goods(acme: Company, named: bool) -> None:
    po = ordered(acme, OrderLine("bolt", 10, "10"))
    receipt = received(acme, po, 10)
    bill = acme.apply(acme.procure_to_pay.bill(po, on="2026-01-20", tax="S20")).value
    off = evolve(bill.lines[0], price="1") if named else Line("late", 1, "10", tax="S20")
    note = VendorCredit(vendor="ace", on="2026-01-21", currency="EUR", credits=bill.id, lines=[off])
    acme.apply(acme.finance.credit_from_vendor(note))
    for quantity, gross in ((4, "48.00 EUR"), (6, "60.00 EUR")):
        back = sent_back(acme, receipt, LineQuantity(1, quantity))
        assert str(acme.apply(acme.procure_to_pay.credit(back, on="2026-01-30")).value.gross) == gross
    line = acme.supply.purchase_orders[po].lines[0]
    assert (line.billed, line.unbilled) == (0, 0)
    assert len(acme.finance.open_items()) == 0
    assert {name: eur(acme, name) for name in (GRNI, VARIANCE, "6000")} == dict.fromkeys(
        (GRNI, VARIANCE, "6000"), "0.00"
    )
    all_checks(acme)
