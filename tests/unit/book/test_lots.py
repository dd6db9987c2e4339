"""What leaves a lot takes its share; the last piece takes all; a match picks by its order and nothing else."""

from __future__ import annotations

from datetime import date

import pytest

from bizcore.book.lots import LOTS_MAX, Lot, LotNotOpen, Order, Overdrawn, Use, match, release, release_int
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity


def eur(amount: str | int) -> Money:
    return Money(amount, "EUR")


def pieces(count: int) -> Quantity:
    return Quantity(count, "bolt")


def lot(
    id: str, amount: Money | Quantity, value: Money, day: int = 1, *, due: int | None = None, position: int = 0
) -> Lot:
    return Lot(
        id=id, account="a", party=None, amount=amount, value=value, on=date(2026, 1, day), position=position,
        due=None if due is None else date(2026, 2, due),
    )  # fmt: skip


def test_five_pieces_worth_three_cents_leave_one_by_one_without_a_rest() -> None:
    """The case that proportional rounding gets wrong: 0.6 cents a piece rounds to 1 each, five times 1 is not 3."""
    amount, value, left = 5, 3, []
    while amount:
        share = release_int(amount, value, 1)
        left.append(share)
        amount, value = amount - 1, value - share
    assert (sum(left), value) == (3, 0)
    assert left == [1, 1, 0, 1, 0]


@pytest.mark.parametrize(
    ("amount", "value", "taking", "share"),
    [(3, 100, 1, 33), (2, 67, 1, 34), (2, 67, 2, 67), (8, 1, 4, 1), (8, 1, 3, 0), (3, 0, 2, 0), (-3, -100, -1, -33), (2, -1, 1, -1)],
)  # fmt: skip
def test_a_share_is_rounded_half_away_from_zero(amount: int, value: int, taking: int, share: int) -> None:
    assert release_int(amount, value, taking) == share


@pytest.mark.parametrize("taking", [pieces(6), pieces(-1), pieces(0)])
def test_no_more_than_there_is_and_from_the_right_side(taking: Quantity) -> None:
    with pytest.raises(Overdrawn) as error:
        release(lot("a", pieces(5), eur(3)), taking)
    assert error.value.facts == {"lot": "a", "holds": pieces(5), "taking": taking}


LOTS = [
    lot("old", eur(10), eur(10), 2, due=20, position=7),
    lot("due first", eur(10), eur(10), 3, due=5, position=8),
    lot("undated", eur(10), eur(10), 4, position=9),
    lot("same day, first", eur(10), eur(10), 5, due=21, position=10),
    lot("same day, second", eur(10), eur(10), 5, due=21, position=11),
]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.OLDEST, ["old", "due first", "undated", "same day, first", "same day, second"]),
        (Order.NEWEST, ["same day, second", "same day, first", "undated", "due first", "old"]),
        (Order.DUE, ["due first", "old", "same day, first", "same day, second", "undated"]),
        (Order.EXPIRY, ["due first", "old", "same day, first", "same day, second", "undated"]),
    ],
)
def test_an_order_decides_and_ties_go_to_the_earlier_position(order: Order, expected: list[str]) -> None:
    assert [use.lot for use in match(LOTS, eur(50), order=order).uses] == expected
    assert [use.lot for use in match(LOTS[::-1], eur(50), order=order).uses] == expected


def test_named_lots_are_taken_in_the_order_named_and_no_others() -> None:
    found = match(LOTS, eur(25), order=Order.NAMED, named=["undated", "old"])
    assert [use.lot for use in found.uses] == ["undated", "old"]
    assert (found.rest, found.complete) == (eur(5), False)
    with pytest.raises(LotNotOpen) as error:
        match(LOTS, eur(1), order=Order.NAMED, named=["gone"])
    assert error.value.facts["lot"] == "gone"
    assert "old" in error.value.facts["open"]


def test_the_last_lot_is_taken_in_part() -> None:
    lots = [lot("a", eur(10), eur("9.00"), 1), lot("b", eur(10), eur("9.99"), 2)]
    found = match(lots, eur(13))
    assert found.uses == (Use("a", eur(10), eur("9.00")), Use("b", eur(3), eur("3.00")))
    assert (found.rest, found.complete, found.worth("EUR")) == (eur(0), True, eur("12.00"))


def test_lots_of_the_other_sign_or_unit_are_passed_over() -> None:
    lots = [lot("credit", eur(-10), eur(-10)), lot("dollars", Money(10, "USD"), eur(9)), lot("open", eur(4), eur(4), 2)]
    assert match(lots, eur(10)).uses == (Use("open", eur(4), eur(4)),)
    mirrored = match(lots, eur(-10))
    assert mirrored.uses == (Use("credit", eur(-10), eur(-10)),)
    assert match([], eur(3)).rest == eur(3)


def test_a_match_walks_over_a_largest_number_of_lots() -> None:
    many = [lot(f"{at:05d}", eur("0.01"), eur("0.01")) for at in range(LOTS_MAX + 1)]
    assert len(match(many[:-1], eur(1000)).uses) == LOTS_MAX
    with pytest.raises(Overdrawn):
        match(many, eur(1000))
