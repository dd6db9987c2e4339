"""Acts are intents in normal form: equal spellings are one act, JSON goes both ways, nothing is read or written."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from bizcore.change.act import BadArguments, UnknownAct
from bizcore.change.changes import CHANGES_MAX, Changes, TooLarge
from bizcore.company import Company
from bizcore.finance.documents import Invoice
from bizcore.finance.lines import Line
from bizcore.flow.document import Document
from bizcore.kernel.errors import Invalid
from bizcore.kernel.money import Money
from bizcore.sfa.customers import Customer
from bizcore.supply.items import Item


@pytest.fixture
def acme() -> Company:
    return Company.create("acme", currency="EUR")


def test_three_spellings_of_a_number_are_one_act(acme: Company) -> None:
    acts = [
        acme.supply.receive("bolt", quantity, place="main", on="2026-03-05") for quantity in (2, "2", Decimal("2.00"))
    ]
    assert len(set(acts)) == 1
    assert acts[0] == acts[1] == acts[2]
    assert len({act.intent for act in acts}) == 1


def test_a_default_that_is_given_is_not_written(acme: Company) -> None:
    plain = acme.supply.receive("bolt", 2, place="main", on="2026-03-05")
    said = acme.supply.receive("bolt", 2, place="main", on="2026-03-05", source="supplier", cost=None)
    assert plain == said
    assert "source" not in json.loads(plain.intent)


def test_an_act_is_not_applied_and_says_so(acme: Company) -> None:
    act = acme.finance.collect(Money("5", "EUR"), customer="beta", on="2026-03-05")
    assert repr(act).endswith("not applied>")
    assert acme.head == 0


def test_what_a_planned_change_does_to_what_was_there_is_shown(acme: Company) -> None:
    acme.apply(acme.put(Item(id="bolt", name="Bolt", extra={"colour": "grey"})))
    changed = acme.plan(acme.put(Item(id="bolt", name="Bolt M8", extra={"colour": "grey", "size": "8"})))
    other = acme.plan(acme.put(Item(id="nut", name="Nut")))
    assert repr(changed).splitlines()[1:] == ["  item bolt", "    extra.size nothing -> 8", "    name Bolt -> Bolt M8"]
    assert repr(other).splitlines()[1:] == ["  item nut"]
    assert repr(changed + other).splitlines()[-1] == "  item nut"
    acme.apply(acme.put(Item(id="bolt", name="Bolt M10")))
    assert "name Bolt -> Bolt M8" in repr(changed)  # as it stood where it was planned
    acme.close()
    assert "item bolt" in repr(changed)


def test_acts_go_through_json_and_back(acme: Company) -> None:
    bill = Invoice(customer="beta", on="2026-03-05", currency="EUR", lines=[Line("Workshop", 2, "1500.00", tax="S20")])
    acts: list[Any] = [
        acme.finance.issue(bill),
        acme.finance.collect(Money("5", "EUR"), customer="beta", on="2026-03-05", to=["a", "b"]),
        acme.supply.receive("bolt", "2.5", place="main", on="2026-03-05", cost=Money("1", "EUR")),
        acme.put(Item(id="bolt", name="Bolt")),
        acme.erase(Customer(id="beta").ref),
    ]
    for act in acts:
        assert acme.act(act.to_json()) == act
        assert acme.act(act.to_json()).to_json() == act.to_json()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"act":"finance.post"}', '{"act":"no.such","arguments":{}}', '{"act":"finance.post","arguments":{"entry":5}}',
     '{"act":"finance.collect","arguments":{"amount":{"amount":"1","currency":"EUR"},"customer":"b","on":"2026-03-05","colour":1}}',
     "[" * 100_000, '{"act":"put","arguments":{"kind":"nothing","document":{}}}'],
)  # fmt: skip
def test_text_that_is_no_act_is_refused(acme: Company, text: str) -> None:
    with pytest.raises(Invalid):
        acme.act(text)


def test_an_unknown_act_names_itself(acme: Company) -> None:
    with pytest.raises(UnknownAct) as error:
        acme.act('{"act":"finance.psot","arguments":{}}')
    assert error.value.facts["name"] == "finance.psot"


def test_a_call_that_does_not_fit_is_refused_before_anything_is_read(acme: Company) -> None:
    collect: Any = acme.finance.collect
    for call in (
        collect,
        lambda: collect(Money("1", "EUR"), Money("2", "EUR")),
        lambda: collect(Money("1", "EUR"), colour=1),
    ):
        with pytest.raises(BadArguments):
            call()


def test_the_error_of_a_part_says_where_it_stands(acme: Company) -> None:
    with pytest.raises(Invalid) as error:
        acme.finance.issue(
            {"customer": "beta", "on": "2026-03-05", "currency": "EUR", "lines": [{"text": "x", "price": "1,5"}]}
        )  # type: ignore[arg-type]
    assert error.value.path == "invoice.lines.0.price" or error.value.path.startswith("invoice.lines.0")
    assert error.value.to_dict()["path"] == error.value.path


def test_a_change_has_a_largest_size() -> None:
    class Thing(Document):
        kind = "thing"

    with pytest.raises(TooLarge):
        Changes(Thing(id="a"), documents=[Thing(id=str(at)) for at in range(CHANGES_MAX + 1)])


def test_printing_changes_shows_every_entry(acme: Company) -> None:
    bill = Invoice(customer="beta", on="2026-03-05", currency="EUR", lines=[Line("Workshop", 2, "1500.00", tax="S20")])
    text = repr(acme.plan(acme.finance.issue(bill)))
    assert "finance.issue" in text
    assert "3600.00 EUR" in text
    assert acme.head == 0
