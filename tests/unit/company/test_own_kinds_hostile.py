"""Classes that somebody hands in as kinds and desks, wrong in every way: each is refused when it is handed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import field, frozen

from bizcore.change.changes import Changes
from bizcore.change.desk import Desk, verb
from bizcore.change.view import View
from bizcore.company import Company
from bizcore.company.own import BadDesk, BadKind, NameTaken, NotFrozen, SeriesTaken, UnreadableField
from bizcore.flow.document import Document, Ref
from bizcore.flow.lifecycle import BadLifecycle, Lifecycle
from bizcore.flow.numbering import BadNumbering, Numbering


def kind(types: dict[str, Any] | None = None, /, **given: Any) -> type[Document]:
    """A class with these fields and class attributes."""
    names: dict[str, Any] = {"kind": "rental", "__annotations__": types or {}, "__module__": __name__, **given}
    made: type[Document] = frozen(kw_only=True)(type("Rental", (Document,), names))
    return made


def opened(*kinds: type[Document], desks: Any = ()) -> Company:
    return Company.create("acme", currency="EUR", kinds=kinds, desks=desks)


@pytest.mark.parametrize("hint", ["Nope", "1 +", "Document.nope", "1/0"])
def test_a_type_that_cannot_be_worked_out_is_an_unreadable_field(hint: str) -> None:
    with pytest.raises(UnreadableField):
        opened(kind({"text": hint}))


@pytest.mark.parametrize("name", ["id", "number", "state", "origins", "extra"])
def test_what_every_document_has_is_not_declared_anew(name: str) -> None:
    with pytest.raises(NameTaken):
        opened(kind({name: int}, **{name: 0}))


@pytest.mark.parametrize(
    "given",
    [
        {"indexes": None},
        {"indexes": ["text"]},
        {"indexes": {"text": 5}},
        {"indexes": {5: len}},
        {"indexes": {"a\x1fb": len}},
        {"lifecycle": "draft"},
        {"lifecycle": {("draft", "send"): "sent"}},
        {"numbering": "INV"},
        {"personal": "yes"},
        {"by_verb": 1},
    ],
)
def test_a_class_attribute_of_another_type_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(BadKind):
        opened(kind(**given))


def test_a_field_is_written_under_its_own_name_and_begins_as_something_frozen() -> None:
    with pytest.raises(UnreadableField):
        opened(kind({"text": str}, text=field(alias="words")))
    with pytest.raises(NotFrozen):
        opened(kind({"texts": tuple[str, ...]}, texts=field(factory=list)))
    with pytest.raises(NotFrozen):
        opened(kind({"texts": tuple[str, ...]}, texts=field(default=[])))
    assert opened(kind({"texts": tuple[str, ...]}, texts=field(factory=list, converter=tuple)))


@pytest.mark.parametrize(("prefix", "by"), [("INV-2026", "ever"), ("INV", "ever"), ("INV", "year")])
def test_a_series_that_somebody_else_draws_from_is_taken(prefix: str, by: str) -> None:
    with pytest.raises(SeriesTaken):
        opened(kind(numbering=Numbering(prefix=prefix, by=by)))


@pytest.mark.parametrize(
    "given",
    [
        {"prefix": ""},
        {"prefix": "A\x00"},
        {"prefix": 5},
        {"prefix": "A", "by": "month"},
        {"prefix": "A", "width": 0},
        {"prefix": "A", "width": "6"},
    ],
)
def test_a_numbering_by_which_nothing_could_be_numbered_cannot_be_built(given: dict[str, Any]) -> None:
    with pytest.raises(BadNumbering):
        Numbering(**given)


@pytest.mark.parametrize(
    "steps",
    [
        None,
        [],
        {"ab": "c"},
        {("off", "a", "b"): "on"},
        {("off", 5): "on"},
        {("off", "a\nb"): "on"},
        {("off", "a\u00a0b"): "on"},
        {("off", "a"): "on\x1f"},
    ],
)
def test_a_table_that_is_none_cannot_be_built(steps: Any) -> None:
    with pytest.raises(BadLifecycle):
        Lifecycle("lamp", "off", steps)


def test_a_first_state_is_text_and_a_condition_a_function() -> None:
    for initial, conditions in ((5, {}), ("off", {"press": 5}), ("off", 5)):
        with pytest.raises(BadLifecycle):
            Lifecycle("lamp", initial, {("off", "press"): "on"}, conditions=conditions)  # type: ignore[arg-type]


def untold(view, words):  # type: ignore[no-untyped-def]
    """Says no types."""


def several(view: View, *words: str) -> Changes[Document]:
    """Takes any number."""


def named(view: View, **words: str) -> Changes[Document]:
    """Takes any name."""


def placed(view: View, words: str, /) -> Changes[Document]:
    """Takes no names."""


def nothing() -> Changes[Document]:
    """Takes no view."""


async def later(view: View) -> Changes[Document]:
    """Answers later."""


@pytest.mark.parametrize("rule", [untold, several, named, placed, nothing, later])
def test_a_verb_whose_arguments_could_not_be_read_is_refused(rule: Callable[..., Any]) -> None:
    desk = type("Rentals", (Desk,), {"name": "rentals", "rent": verb(rule)})
    with pytest.raises(BadDesk):
        opened(desks=[desk])


def rent(view: View, words: str) -> Changes[Document]:
    """One verb."""


def back(view: View, words: str) -> Changes[Document]:
    """Another verb."""


def test_no_two_verbs_go_by_one_name_a_former_one_too() -> None:
    for verbs in (
        {"rent": verb(rent), "back": verb(back, was=("rent",))},
        {"a": verb(rent, was=("x",)), "b": verb(back, was=("x",))},
    ):
        with pytest.raises(BadDesk):
            opened(desks=[type("Rentals", (Desk,), {"name": "rentals", **verbs})])
    with pytest.raises(BadDesk):
        opened(desks=[type("Work", (Desk,), {"name": "put", "rent": verb(rent)})])


def test_two_changes_as_one_keep_what_either_erases() -> None:
    def note(name: str) -> Changes[Document]:
        return Changes(kind()(id=name), erases=[Ref("lead", name)])

    assert (note("a") + note("b")).erases == (Ref("lead", "a"), Ref("lead", "b"))
