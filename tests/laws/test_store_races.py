"""Two to eight clients at once for the last of something: never oversold, never over the limit, no number missing or twice."""

from __future__ import annotations

import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from bizcore.bridges.order_to_cash.credit_limits import OverCreditLimit
from bizcore.change.changes import FloorBroken
from bizcore.company import Company
from bizcore.finance import Invoice, Line
from bizcore.finance.limits import CreditLimit
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.sfa.orders import Order, OrderLine
from bizcore.supply.costbook import NotCovered
from bizcore.testing.broken import Broken
from bizcore.testing.concurrency import race
from bizcore.testing.crash import Opening, company_at
from bizcore.testing.postgres import new_database
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, ToyDesk

CLIENTS = 8
RACES = 170
"""Of each of the three kinds in each store: more than five hundred."""

PROCESSES = 4
RACES_OF_PROCESSES = 30
THREE = Money("3.00", CURRENCY)
LIMIT = Money("100.00", CURRENCY)


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def opening(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opening:
    where: Path | str = tmp_path_factory.mktemp("races") / "books.db"
    if request.param == "postgresql":
        where = new_database(request.getfixturevalue("postgres_url"))
    return partial(company_at, where)


@pytest.fixture(scope="module")
def clients(opening: Opening) -> Iterator[list[Company]]:
    """Each with connections of its own, as if it were in a process of its own."""
    made = [opening() for _ in range(CLIENTS)]
    yield made
    for one in made:
        one.close()


def toys(company: Company) -> ToyDesk:
    return cast("ToyDesk", company.desk("toy"))


def stocked(acme: Company, items: list[str]) -> None:
    """Three pieces of each item."""
    acme.apply_each(
        [(acme.supply.receive(one, 3, place="main", on="2026-01-05", cost=THREE), f"receive {one}") for one in items]
    )


def raced(clients: list[Company], source: random.Random, call: Callable[[Company, int], Any]) -> list[int]:
    """Let some of the clients call at once; which of them were taken. Whoever was not is told that there is not enough."""
    some = source.sample(clients, source.randint(2, CLIENTS))
    raised = race([partial(call, acme, at) for at, acme in enumerate(some)])
    wrong = [
        one for one in raised if one is not None and not isinstance(one, (FloorBroken, NotCovered, OverCreditLimit))
    ]
    if wrong:
        raise Broken(f"a client met {wrong[0]!r}")
    return [at for at, one in enumerate(raised) if one is None]


def test_the_last_pieces_are_reserved_or_sent_once(clients: list[Company]) -> None:
    source = random.Random("stock")
    items = [f"item {turn}" for turn in range(RACES)]
    stocked(clients[0], items)
    for item in items:

        def call(acme: Company, at: int, item: str = item) -> Any:
            key = f"{item} by {at}"
            if at % 2:
                return acme.apply(acme.supply.issue(item, 2, place="main", on="2026-01-06"), key=key)
            return acme.apply(acme.supply.reserve(item, 2, place="main", on="2026-01-06", for_=key), key=key)

        assert len(raced(clients, source, call)) == 1, "of three pieces two can be had once"
        view = clients[0].view()
        held = view.balance("stock", "main", item).amount
        kept = view.balance("reserved", "main", item).amount
        assert {held, kept} in ({Quantity(3, item), Quantity(2, item)}, {Quantity(1, item), Quantity(0, item)})
    sound(clients[0])


def test_the_last_of_a_limit_is_taken_once(clients: list[Company]) -> None:
    """Some send an order and some an invoice, of a third to a half of what the customer may owe."""
    source = random.Random("limit")
    customers = [f"limit {turn}" for turn in range(RACES)]
    clients[0].apply_each(
        [(clients[0].put(CreditLimit(customer=one, limit=LIMIT)), f"limit of {one}") for one in customers]
    )
    for customer in customers:
        share = Money.of_minor(source.randrange(3_400, 5_000), CURRENCY)

        def call(acme: Company, at: int, customer: str = customer, share: Money = share) -> Any:
            what: dict[str, Any] = {"customer": customer, "on": "2026-03-05", "currency": CURRENCY}
            act: Any = acme.sfa.take_order(Order(lines=[OrderLine("Work", 1, share.amount, tax="Z")], **what))
            if at % 2:
                act = acme.finance.issue(Invoice(lines=[Line("Work", 1, share.amount, tax="Z")], **what))
            return acme.apply(act, key=f"{customer} by {at}")

        assert len(raced(clients, source, call)) == 2, "two shares go into the limit, a third does not"
        assert clients[0].order_to_cash.exposure(customer).total == share + share
    sound(clients[0])


def test_numbers_of_invoices_have_no_gap_and_no_double(clients: list[Company]) -> None:
    """One sender in five has something refused in the same batch, after the number was drawn."""
    source = random.Random("numbers")
    issued = len(list(clients[0].finance.invoices))
    for turn in range(RACES):
        aborted = source.randrange(5)

        def call(acme: Company, at: int, turn: int = turn, aborted: int = aborted) -> Any:
            bill = Invoice(
                customer="beta", on="2026-03-05", currency=CURRENCY, lines=[Line("Work", 1, f"{at + 1}.00", tax="S20")]
            )
            batch: list[Any] = [(acme.finance.issue(bill), f"issue {turn} {at}")]
            if at % 5 == aborted:
                batch += [(toys(acme).transfer(LIMIT, source="nobody", target="used"), f"beyond {turn} {at}")]
            return acme.apply_each(batch)

        issued += len(raced(clients, source, call))
    numbers = [one.number for one in clients[0].finance.invoices]
    first, last = min(numbers), max(numbers)
    assert (len(numbers), len(set(numbers))) == (issued, issued)
    assert [int(one.rpartition("-")[2]) for one in sorted(numbers)] == list(range(1, issued + 1)), (first, last)
    sound(clients[0])


@pytest.mark.skipif(sys.platform == "win32", reason="fork is POSIX")
def test_processes_race_for_the_last_pieces(opening: Opening, clients: list[Company]) -> None:
    """Each process goes through the items in the same order, so that they meet at each."""
    items = [f"piece {turn}" for turn in range(RACES_OF_PROCESSES)]
    stocked(clients[0], items)
    children = []
    for number in range(PROCESSES):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                acme = opening()
                for item in items:
                    try:
                        key = f"{item} by {number}"
                        acme.apply(acme.supply.reserve(item, 2, place="main", on="2026-01-06", for_=key), key=key)
                    except FloorBroken:
                        continue
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * PROCESSES
    kept = Counter({item: clients[0].view().balance("reserved", "main", item).amount for item in items})
    assert [kept[item] for item in items] == [Quantity(2, item) for item in items]
    sound(clients[0])
