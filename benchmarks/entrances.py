"""A ten-line order in and out: JSON text through the pydantic entrance, and the canonical text.

python benchmarks/entrances.py

Goals: JSON text to a validated value through pydantic >= 0.75 x parsing it and building the same value by hand; canonical text
>= 2.5 x `json.dumps(sort_keys=True)` of a ready dictionary of the same document. The ready dictionary has its numbers as text
already; what it costs to make one stands beside it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from random import Random
from typing import Any

from pydantic import TypeAdapter
from rounds import duration, in_turn, judged, ratios

from bizcore.kernel.codec import encode, plain
from bizcore.kernel.exact import plain_number
from bizcore.sfa.orders import Order, OrderLine


def order(random: Random) -> Order:
    """A ten-line order; no field that is filled holds its default, so that all are written."""
    lines = [
        OrderLine(
            f"Bolt M{at}",
            random.randint(2, 900),
            f"{random.randint(1, 9_999)}.{random.randint(1, 99):02}",
            tax="S20",
            item=f"bolt-{at}",
            discount_percent=f"{random.randint(1, 20)}.5",
        )
        for at in range(10)
    ]
    return Order(customer="beta", on="2026-03-05", currency="EUR", reference="PO 4711", lines=lines)


def by_hand(data: dict[str, Any]) -> Order:
    """What a host writes without an entrance: the constructors check, and an error says nothing of where it was."""
    return Order(
        customer=data["customer"],
        on=data["on"],
        currency=data["currency"],
        reference=data["reference"],
        state=data["state"],
        lines=[
            OrderLine(
                one["text"], one["quantity"], one["price"], tax=one["tax"], item=one["item"], discount_percent=one["discount_percent"]
            )
            for one in data["lines"]
        ],
    )  # fmt: skip


def dictionary(one: Order) -> dict[str, Any]:
    """The order's JSON form, made by hand."""
    lines = [
        {
            "text": line.text, "quantity": plain_number(line.quantity), "price": plain_number(line.price), "tax": line.tax,
            "item": line.item, "discount_percent": plain_number(line.discount_percent),
        }
        for line in one.lines
    ]  # fmt: skip
    return {
        "customer": one.customer, "on": one.on.isoformat(), "currency": one.currency, "reference": one.reference,
        "state": one.state, "lines": lines,
    }  # fmt: skip


def dumped(data: object) -> str:
    """The canonical text, by the standard library."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def main() -> None:
    """Print both sides and the ratio of each."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--orders", type=int, default=1_000)
    options.add_argument("--rounds", type=int, default=9)
    given = options.parse_args()
    random = Random(1)
    orders = [order(random) for _ in range(given.orders)]
    texts = [encode(one) for one in orders]
    parsed = [json.loads(text) for text in texts]
    read = TypeAdapter(Order).validate_json
    assert [read(text) for text in texts] == orders == [by_hand(one) for one in parsed]
    assert texts == [dumped(one) for one in parsed] == [dumped(dictionary(one)) for one in orders]
    assert [plain(one) for one in orders] == parsed

    def compare(
        name: str,
        raw: Callable[[Any], object],
        raws: list[Any],
        ours: Callable[[Any], object],
        own: list[Any],
        goal: float | None,
    ) -> None:
        def all_of(one: Callable[[Any], object], what: list[Any]) -> Callable[[], object]:
            return lambda: [one(each) for each in what]

        took = in_turn(given.rounds, all_of(raw, raws), all_of(ours, own))
        each = [[seconds / given.orders for seconds in side] for side in took]
        print(
            f"{name:46s} raw {duration(each[0])}  ours {duration(each[1])}  ratio {judged(ratios(*took), least=goal)}",
            flush=True,
        )

    compare(
        "text to order, to parsing and building by hand",
        lambda text: by_hand(json.loads(text)),
        texts,
        read,
        texts,
        0.75,
    )
    compare("text to order, to building from parsed JSON", by_hand, parsed, read, texts, None)
    compare("order to text, to json.dumps of a ready dict", dumped, parsed, encode, orders, 2.5)
    compare(
        "order to text, to a dict by hand and json.dumps",
        lambda one: dumped(dictionary(one)),
        orders,
        encode,
        orders,
        None,
    )


if __name__ == "__main__":
    main()
