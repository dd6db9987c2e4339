"""Bills against orders and receipts: goods received not invoiced opens by order line and clears to the cent."""

from __future__ import annotations

import pytest

from bizcore.bridges.procure_to_pay import MatchPolicies, Mismatched, NotALine, NothingToMatch
from bizcore.company import Company
from bizcore.finance.documents import Bill
from bizcore.flow.document import Ref
from bizcore.kernel.money import Money
from bizcore.supply.fulfilment import LineQuantity
from bizcore.supply.matching import Mismatch
from bizcore.supply.purchasing import NothingToReceive, OrderLine, PurchaseOrder, ReceivedLine
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
    with pytest.raises(NothingToMatch):
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
