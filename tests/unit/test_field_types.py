"""A document whose fields have other types than they declare cannot be built: it would be written and never read again."""

from __future__ import annotations

from typing import Any

import pytest

from bizcore.finance import Bill, Invoice, Line
from bizcore.finance.tax import compute
from bizcore.kernel.codec import WrongType
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import Exact
from bizcore.kernel.rounding import UnknownRule, allocate
from bizcore.sfa.orders import Order, OrderLine
from bizcore.sfa.policies import SfaPolicies
from bizcore.sfa.quotes import Quote, QuoteLine
from bizcore.supply.purchasing import OrderLine as Bought
from bizcore.supply.purchasing import PurchaseOrder

LINE = Line("Work", 1, "120", tax="S20")


def invoice(**given: Any) -> Invoice:
    return Invoice(**{"customer": "b", "on": "2026-01-01", "currency": "EUR", "lines": [LINE], **given})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", None),
        ("text", 5),
        ("text", "a\x00b"),
        ("reference", 5),
        ("prices", "net"),
        ("tax_rounding", "line"),
        ("rounding_mode", "foo"),
        ("tax_rounding", None),
        ("extra", {"a": 5}),
        ("origins", ["x"]),
        ("origins", [5]),
        ("state", 5),
        ("tax_stated", "24.00"),
        ("lines", [Line(None, 1, "120", tax="S20")]),  # type: ignore[arg-type]
        ("lines", [Line(5, 1, "120", tax="S20")]),  # type: ignore[arg-type]
        ("lines", ["Work"]),
        ("lines", [OrderLine("Work", 1, "120")]),
    ],
)
def test_an_invoice_of_other_types_is_refused_when_built_with_the_way_to_it(field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        invoice(**{field: value})
    assert type(refused.value) is not Invalid
    if not isinstance(value, list) and value != {"a": 5}:
        assert (refused.value.path or "").split(".")[0] in {field, ""}


def test_what_is_refused_says_what_is_expected() -> None:
    with pytest.raises(WrongType, match=r"Prices\.NET, Prices\.GROSS") as refused:
        invoice(prices="net")
    assert refused.value.path == "prices"


@pytest.mark.parametrize("text", [None, 5, b"x"])
def test_lines_of_every_document_have_text(text: Any) -> None:
    facts: dict[str, Any] = {"on": "2026-01-01", "currency": "EUR"}
    for build in (
        lambda: Order(customer="b", lines=[OrderLine(text, 1, 1)], **facts),
        lambda: Quote(customer="b", lines=[QuoteLine(text, 1, 1)], **facts),
        lambda: Bill(vendor="b", lines=[Line(text, 1, 1)], **facts),
        lambda: PurchaseOrder(supplier="b", lines=[Bought(text, 1, 1)], **facts),
    ):
        with pytest.raises(Invalid):
            build()


@pytest.mark.parametrize("rule", ["half_away", "up", "foo", None, 3])
def test_rules_are_not_told_by_name(rule: Any) -> None:
    with pytest.raises(UnknownRule):
        Exact("0.125", "EUR").round(rule)
    with pytest.raises(UnknownRule):
        compute([LINE], currency="EUR", rounding=rule)
    with pytest.raises(UnknownRule):
        compute([LINE], currency="EUR", prices=rule)
    with pytest.raises(UnknownRule):
        allocate(100, [1, 1, 1], rule=rule)


def test_policies_are_looked_at_too() -> None:
    for given in ({"quote_days": "5"}, {"quote_days": True}, {"billing": "ordered"}):
        with pytest.raises(WrongType):
            SfaPolicies(**given)  # type: ignore[arg-type]
