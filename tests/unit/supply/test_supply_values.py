"""Values of goods: what cannot be built, what computes with nothing set up."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from bizcore.flow.lifecycle import IllegalStep
from bizcore.kernel.codec import decode, encode, plain
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import Exact
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import NoConversion, Quantity
from bizcore.supply.costmoves import CostMethod, CostMove
from bizcore.supply.fulfilment import Delivery, DeliveryLine, LineQuantity
from bizcore.supply.items import Item, scaled_decimal
from bizcore.supply.matching import Mismatch, Tolerance, match_bill
from bizcore.supply.methods import fifo, moving_average
from bizcore.supply.movements import Issue, MoveLine, Receipt
from bizcore.supply.places import Place
from bizcore.supply.policies import SupplyPolicies
from bizcore.supply.purchasing import OrderLine, PurchaseOrder, ReceivedLine, billed
from bizcore.supply.reservations import Reservation
from bizcore.supply.valuation import Fold

ONE = 1_000_000


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (lambda: Item(id="nut", packaging={"box": 0}), "bad_factor"),
        (lambda: Item(id="nut", packaging={"box": -1}), "bad_factor"),
        (lambda: Place(id="customer"), "reserved_name"),
        (lambda: Place(id="shop", pool="supplier"), "reserved_name"),
        (lambda: MoveLine("nut", 0), "not_positive"),
        (lambda: MoveLine("nut", "-1"), "not_positive"),
        (lambda: MoveLine("nut", "NaN"), "invalid_amount"),
        (lambda: MoveLine("nut", 1.5), "invalid_amount"),
        (lambda: MoveLine("nut", True), "invalid_amount"),
        (lambda: MoveLine("nut", "0.0000001"), "too_fine"),
        (lambda: MoveLine("nut", 1, cost=Money("-1", "EUR")), "negative_cost"),
        (lambda: MoveLine("a\nb", 1), "invalid_id"),
        (lambda: Receipt(on="2026-01-01", source="wh", target="wh", lines=[MoveLine("nut", 1)]), "same_place"),
        (lambda: Receipt(on="2026-01-01", source="supplier", target="wh", lines=[]), "empty_movement"),
        (lambda: OrderLine("nut", 0, 1), "not_positive"),
        (lambda: OrderLine("nut", 1, -1), "below_zero"),
        (lambda: ReceivedLine(1, 2, 3), "rejected_more"),
        (lambda: DeliveryLine("nut", "-2", "wh"), "not_positive"),
        (lambda: Delivery(customer="beta", on="2026-01-01", lines=[]), "no_lines"),
        (lambda: LineQuantity(1, 0), "not_positive"),
        (lambda: Tolerance(-1), "bad_tolerance"),
        (lambda: CostMove("2026-01-01", 1, 1, 0), "bad_move"),
        (lambda: CostMove("2026-01-01", 1, 1, 5, -1), "bad_move"),
    ],
)
def test_what_cannot_be_is_not_built(build, code) -> None:
    with pytest.raises(Invalid) as refused:
        build()
    assert refused.value.code == code


def test_units_of_an_item() -> None:
    bolt = Item(id="bolt", unit="PCE", packaging={"box": 12, "third": "1/3"})
    assert bolt.base("2.5") == Quantity("2.5", "bolt")
    assert bolt.base("0.5", "box") == Quantity(6, "bolt")
    assert bolt.base(3, "third") == Quantity(1, "bolt")
    with pytest.raises(NoConversion) as refused:
        bolt.base(1, "pallet")
    assert refused.value.facts["known"] == ("box", "third")
    with pytest.raises(Invalid) as fine:
        bolt.base(1, "third")
    assert fine.value.code == "too_fine"


@pytest.mark.parametrize(("scaled", "text"), [(0, "0"), (1, "0.000001"), (-2_500_000, "-2.5"), (10 * ONE, "10")])
def test_millionths_read_as_a_number_without_padding(scaled: int, text: str) -> None:
    assert str(scaled_decimal(scaled)) == text


def test_documents_keep_through_json() -> None:
    for one in (
        Item(id="bolt", unit="PCE", packaging={"box": Fraction(12), "third": Fraction(1, 3)}),
        Place(id="shop", pool="retail"),
        SupplyPolicies(id="p", cost_method=CostMethod.LIFO, scope="bolt"),
        Issue(
            id="i", on="2026-01-01", source="wh", target="customer", lines=[MoveLine("nut", "1.50", lot="A", of="x/1")]
        ),
        PurchaseOrder(id="po", supplier="ace", on="2026-01-01", currency="EUR", lines=[OrderLine("nut", 1, "0.123")]),
        Delivery(id="d", customer="beta", on="2026-01-01", lines=[DeliveryLine("nut", 2, "wh", source="o/1")]),
        Reservation(
            id="r", item="nut", place="wh", quantity=2, left=1, on="2026-01-01", until="2026-02-01", for_="o/1"
        ),
    ):
        assert decode(type(one), plain(one)) == one
        assert encode(decode(type(one), plain(one))) == encode(one)


def test_an_order_computes_with_nothing_set_up() -> None:
    order = PurchaseOrder(supplier="ace", on="2026-01-01", currency="EUR", lines=[OrderLine("nut", 3, "0.333")])
    assert order.net == Exact("0.999", "EUR")
    with pytest.raises(IllegalStep) as refused:
        order.to("receive")
    assert refused.value.allowed == ("cancel", "order")
    done = billed(order.to("order"), 1, 2)
    assert (done.line(1).billed, done.line(1).unbilled) == (Decimal(2), Decimal(-2))


def test_a_bill_is_matched_by_quantity_and_price() -> None:
    assert match_bill(ordered=10, received=10, billed=10, price="1.00", bill_price="1.00") == ()
    (found,) = match_bill(
        ordered=10, received=10, billed=10, price="1.00", bill_price="1.06", price_tolerance=Tolerance(5)
    )
    assert (found.kind, found.by, found.allowed) == (Mismatch.PRICE, Decimal("0.06"), Decimal("0.05"))


@pytest.mark.parametrize("method", [CostMethod.FIFO, CostMethod.MOVING_AVERAGE, CostMethod.LIFO])
def test_a_third_of_a_euro_leaves_no_cent_behind(method: CostMethod) -> None:
    out = [CostMove("2026-01-02", 2 + at, 1, -ONE, counter="customer") for at in range(3)]
    fold = Fold([CostMove("2026-01-01", 1, 1, 3 * ONE, 100), *out], method).run()
    assert [fold.cost(at) for at in (1, 2, 3)] == [33, 34, 33]
    assert (fold.quantity, fold.value) == (0, 0)


@pytest.mark.parametrize("fold", [fifo, moving_average])
def test_half_a_cent_goes_away_from_zero(fold) -> None:
    done = fold([CostMove("2026-01-01", 1, 1, 2 * ONE, 1), CostMove("2026-01-02", 2, 1, -ONE, counter="customer")])
    assert (done.cost(1), done.value) == (1, 0)


def test_an_issue_names_the_receipts_it_was_taken_from() -> None:
    done = fifo(
        [
            CostMove("2026-01-01", 1, 1, 2 * ONE, 100, ref="a/1"),
            CostMove("2026-01-02", 2, 1, 2 * ONE, 300, ref="b/1"),
            CostMove("2026-01-03", 3, 1, -3 * ONE, counter="customer", ref="c/1"),
        ]
    )
    assert [tuple(one) for one in done.uses(2)] == [("a/1", 2 * ONE, 100), ("b/1", ONE, 150)]
    assert done.uses(0) == ()


def test_an_issue_of_unknown_cost_is_flagged() -> None:
    done = fifo([CostMove("2026-01-01", 1, 1, -ONE, counter="customer")])
    assert (done.value, done.unknown, done.shortages) == (0, [0], {0: ONE})


def test_a_stated_claim_that_leaves_an_untouched_receipt_makes_no_variance() -> None:
    done = fifo(
        [
            CostMove("2026-01-01", 1, 1, 60 * ONE, 738, ref="r/1"),
            CostMove("2026-01-01", 1, 2, -5 * ONE, 61, counter="supplier", of="r/1"),
        ]
    )
    assert (done.value, [line.counter for line in done.lines()]) == (677, ["supplier", "supplier"])
    over = fifo(
        [
            CostMove("2026-01-01", 1, 1, 60 * ONE, 738, ref="r/1"),
            CostMove("2026-01-01", 1, 2, -5 * ONE, 800, counter="supplier", of="r/1"),
        ]
    )
    assert [(line.counter, line.value) for line in over.lines()] == [
        ("supplier", 738),
        ("supplier", -800),
        ("variance", 738),
    ]


def test_what_is_found_of_a_lot_costs_what_the_lot_does() -> None:
    """IAS 2.23: specific costs are attributed to identified goods."""
    bought = [
        CostMove("2026-01-05", 1, at, 5 * ONE, cost, lot=lot) for at, cost, lot in ((1, 5500, "A"), (2, 4000, "B"))
    ]
    found = [CostMove("2026-01-06", 2, at, ONE, lot=lot, counter="adjustment") for at, lot in ((1, "A"), (2, "B"))]
    assert list(Fold([*bought, *found], CostMethod.SPECIFIC).run().values)[2:] == [1100, 800]
