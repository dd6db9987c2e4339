"""Whatever a user adds goes through the same entrance: kinds, desks, values of one's own."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from pydantic import TypeAdapter, ValidationError

from bizcore.change.act import WrongType
from bizcore.company import Company
from bizcore.flow.document import Document
from bizcore.interop import act_type
from bizcore.interop.schemas import public_values
from bizcore.kernel.codec import decode, plain
from bizcore.kernel.shapes import shape
from bizcore.kernel.value import Answer, Value
from bizcore.testing.toys import Note, ToyDesk


@attrs.frozen
class Bare:
    """A class without the base, as a part of one that has it."""

    name: str


@attrs.frozen(kw_only=True)
class Memo(Document):
    """A kind of a user. It has parts."""

    kind = "memo"
    text: str
    parts: tuple[Bare, ...] = ()


def parts_of(annotation: Any) -> Iterator[type]:
    form, parts = shape(annotation)
    for one in parts:
        if form == "class":
            yield one
        else:
            yield from parts_of(one)


@pytest.mark.parametrize(
    "cls",
    [one for one in public_values() if attrs.has(one) and not issubclass(one, Answer)],
    ids=lambda one: one.__name__,
)
def test_what_a_value_is_made_of_is_a_value(cls: Any) -> None:
    hints = typing.get_type_hints(cls)
    parts = {part for one in attrs.fields(cls) if one.init for part in parts_of(hints[one.name])}
    assert {one for one in parts if attrs.has(one) and not issubclass(one, Value)} == set()


def test_every_kind_of_a_company_has_a_schema() -> None:
    kinds = Company.create("kinds", currency="EUR").kinds.values()
    assert set(kinds) <= set(public_values())


def test_a_kind_of_ones_own_needs_nothing_more() -> None:
    memo = Memo(text="call beta", parts=(Bare("a"), Bare("b")))
    adapter = TypeAdapter(Memo)
    assert adapter.validate_json(adapter.dump_json(memo)) == decode(Memo, plain(memo)) == memo
    schema = adapter.json_schema()
    assert schema["description"] == "A kind of a user."
    assert {"text", "parts", "id", "extra"} <= set(schema["properties"])
    with pytest.raises(ValidationError) as error:
        adapter.validate_python({"text": "x", "parts": [{"name": "a"}, {"nam": "b"}]})
    assert {one["loc"] for one in error.value.errors()} == {("parts", 1, "name"), ("parts", 1, "nam")}


def test_the_verbs_of_ones_own_desk_are_acts() -> None:
    made = Company.create("own", currency="EUR", kinds=[Note], desks=[ToyDesk])
    adapter = TypeAdapter(act_type(made))
    toys: Any = made.desk("toy")
    act = toys.note("x")
    assert adapter.validate_json(act.to_json()) == adapter.validate_python(act) == act
    assert "toy_note" in adapter.json_schema()["$defs"]
    assert "toy_note" not in TypeAdapter(act_type(Company.create("none", currency="EUR"))).json_schema()["$defs"]


def test_an_act_is_read_from_text_or_from_parsed_json() -> None:
    acme = Company.create("acme", currency="EUR")
    act = acme.finance.reverse("e1", on="2026-03-05")
    assert acme.act(act.to_json()) == acme.act(act.to_plain()) == act
    for wrong in (None, 5, 1.5, b"{}"):
        with pytest.raises(WrongType):
            acme.act(wrong)  # type: ignore[arg-type]
