"""Hypothesis gives a strategy of ours for a type of ours, once the package is installed; and pays nothing for it before."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from bizcore.testing import by_type, strategies
from bizcore.testing.by_type import TYPES

ROOT = Path(__file__).parents[3]
ALL = [(module, name, strategy) for module, types in TYPES.items() for name, strategy in types.items()]
SUBPROCESS = [sys.executable, "-W", "error", "-c"]

# A fresh process loads entry points itself; where the package is only on the path, the hook is called as Hypothesis would.
LOADED = """
import sys, time
import hypothesis
from importlib.metadata import entry_points
if not [one for one in entry_points(group="hypothesis") if one.value == "bizcore.testing.by_type:register"]:
    import bizcore.testing.by_type
    bizcore.testing.by_type.register()
ours = sorted(one for one in sys.modules if one.startswith("bizcore"))
"""


def run(code: str) -> str:
    done = subprocess.run([*SUBPROCESS, LOADED + code], check=True, capture_output=True, text=True, cwd=ROOT)
    return done.stdout.strip()


def test_the_entry_point_is_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["hypothesis"]
    module, _, name = declared["bizcore"].partition(":")
    assert getattr(importlib.import_module(module), name) is by_type.register


def test_importing_hypothesis_loads_nothing_else_of_ours() -> None:
    assert run("print(' '.join(ours))") == "bizcore bizcore.testing bizcore.testing.by_type"


def test_a_type_imported_before_or_after_has_its_strategy() -> None:
    code = """
from hypothesis import strategies as st, find
from bizcore import Money
print(find(st.from_type(Money), lambda _: True))
print([one for one in sys.modules if one.startswith("bizcore.finance")])
from bizcore.finance import Invoice
print(find(st.from_type(Invoice), lambda _: True).net)
"""
    assert run(code).splitlines() == ["1.00 EUR", "[]", "1.00 EUR"]


def test_a_field_of_ones_own_class_has_its_strategy() -> None:
    code = """
import dataclasses
from hypothesis import strategies as st, find
from bizcore import Money, Quantity
@dataclasses.dataclass
class Price:
    amount: Money
    per: Quantity
print(find(st.from_type(Price), lambda _: True))
"""
    assert run(code) == "Price(amount=Money('1.00', 'EUR'), per=Quantity('1', 'piece'))"


@pytest.mark.parametrize(("module", "name", "strategy"), ALL)
def test_a_public_value_is_drawn_and_is_of_its_type(module: str, name: str, strategy: str) -> None:
    cls = getattr(importlib.import_module(module), name)
    by_type.announce(importlib.import_module(module))
    assert strategy in strategies.__all__

    @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.from_type(cls))
    def drawn(value: object) -> None:
        assert type(value) is cls

    drawn()


@pytest.mark.parametrize("name", [one for one in strategies.__all__ if one not in {"lots", "names", "prices", "days"}])
def test_a_strategy_of_values_is_given_for_its_type(name: str) -> None:
    assert name in {strategy for _, _, strategy in ALL} | {"lot"}


@pytest.mark.parametrize(
    "name", ["invoices", "credit_notes", "bills", "vendor_credits", "orders", "purchase_orders", "quotes"]
)
def test_a_document_shrinks_to_one_line_of_one(name: str) -> None:
    simple = find(getattr(strategies, name)(), lambda _: True)
    assert len(simple.lines) == 1
    assert (simple.lines[0].quantity, simple.lines[0].price) == (1, 1)


def test_an_unknown_strategy_is_no_attribute() -> None:
    with pytest.raises(AttributeError):
        strategies.nothing  # noqa: B018
