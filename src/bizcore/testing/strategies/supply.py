"""Strategies for the documents of supply: items, places, lines that move, receipts, purchase orders, deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from bizcore.supply.fulfilment import Delivery, DeliveryLine
from bizcore.supply.items import Item
from bizcore.supply.movements import Issue, MoveLine, Receipt, Transfer
from bizcore.supply.places import Place
from bizcore.supply.purchasing import OrderLine, PurchaseOrder
from bizcore.testing.strategies.finance import prices
from bizcore.testing.strategies.values import days, moneys

ITEMS: Final = ("bolt", "nut", "washer")


def items() -> st.SearchStrategy[Item]:
    """Items in pieces."""
    return st.sampled_from(ITEMS).map(lambda name: Item(id=name, name=name.title()))


def places() -> st.SearchStrategy[Place]:
    """Places of ours."""
    return st.sampled_from(["main", "yard", "shop"]).map(lambda name: Place(id=name))


def moves(*, items: Sequence[str] = ITEMS, costs: bool = True) -> st.SearchStrategy[MoveLine]:
    """Lines of movements, at a cost or without; the simplest is one piece at 1.00."""
    cost = moneys(limit="10000", least="0.01") if costs else st.none()
    return st.builds(
        lambda item, quantity, cost: MoveLine(item, quantity, cost=cost),
        st.sampled_from(list(items)),
        st.integers(1, 100),
        cost,
    )


def receipts() -> st.SearchStrategy[Receipt]:
    """Goods that came from a supplier, at a cost."""
    some = st.lists(moves(), min_size=1, max_size=5)
    return st.builds(lambda on, lines: Receipt(on=on, source="supplier", target="main", lines=lines), days(), some)


def issues() -> st.SearchStrategy[Issue]:
    """Goods that went to a customer."""
    some = st.lists(moves(costs=False), min_size=1, max_size=5)
    return st.builds(lambda on, lines: Issue(on=on, source="main", target="customer", lines=lines), days(), some)


def transfers() -> st.SearchStrategy[Transfer]:
    """Goods carried from one place of ours to another."""
    some = st.lists(moves(costs=False), min_size=1, max_size=5)
    return st.builds(lambda on, lines: Transfer(on=on, source="main", target="yard", lines=lines), days(), some)


def purchase_lines(*, items: Sequence[str] = ITEMS) -> st.SearchStrategy[OrderLine]:
    """Lines of purchase orders; the simplest is one piece at 1.00."""
    return st.builds(OrderLine, st.sampled_from(list(items)), st.integers(1, 100), prices())


def purchase_orders(*, currencies: Sequence[str] = ("EUR",), lines: int = 5) -> st.SearchStrategy[PurchaseOrder]:
    """Orders to a supplier, not sent yet; the simplest has one line of 1.00."""
    return st.builds(
        lambda on, currency, some: PurchaseOrder(supplier="mill", on=on, currency=currency, lines=some),
        days(),
        st.sampled_from(list(currencies)),
        st.lists(purchase_lines(), min_size=1, max_size=lines),
    )


def deliveries() -> st.SearchStrategy[Delivery]:
    """What a customer is to get, nothing of it done."""
    line = st.builds(
        lambda item, quantity: DeliveryLine(item, quantity, "main"), st.sampled_from(ITEMS), st.integers(1, 100)
    )
    some = st.lists(line, min_size=1, max_size=5)
    return st.builds(lambda on, lines: Delivery(customer="beta", on=on, lines=lines), days(), some)
