"""Kinds and desks of one's own: what is refused when they are handed in, and that they live like ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
from attrs import evolve, field, frozen

from bizcore.change.act import Act
from bizcore.change.changes import Changes
from bizcore.change.desk import Desk, documents, verb
from bizcore.change.view import DocumentNotFound, Erased, View
from bizcore.company import Company
from bizcore.company.master import NotMasterData
from bizcore.company.own import (
    BadDesk,
    BadKind,
    KindTaken,
    NameTaken,
    NoKind,
    NoLift,
    NotFrozen,
    SeriesTaken,
    UnreadableField,
)
from bizcore.company.refusals import UnknownDesk, UnknownKind
from bizcore.finance.desk import FinanceDesk
from bizcore.finance.documents import Invoice
from bizcore.flow.document import Document, Indexes, Ref, UnknownState
from bizcore.flow.lifecycle import BadLifecycle, ConditionUnmet, IllegalStep, Lifecycle
from bizcore.flow.numbering import Numbering
from bizcore.kernel.codec import WrongType
from bizcore.kernel.errors import LawBroken
from bizcore.kernel.ids import InvalidId
from bizcore.kernel.maps import Map
from bizcore.kernel.money import Money

# -- classes that are refused ----------------------------------------------------------------------------------------


@attrs.define
class Changeable:
    text: str = ""


@frozen
class Holding:
    inside: Changeable


@frozen(kw_only=True)
class Nameless(Document):
    text: str = ""


@frozen(kw_only=True)
class Origin(Document):
    kind = "origin"


@frozen(kw_only=True)
class Hidden(Document):
    kind = "$intent"


@frozen(kw_only=True)
class Blank(Document):
    kind = " "


@frozen(kw_only=True)
class Bill(Document):
    kind = "invoice"


@frozen(kw_only=True)
class Series(Document):
    kind = "series"
    numbering: ClassVar[Numbering | None] = Numbering(prefix="INV")


class Plain(Document):
    kind = "plain"
    text: str = ""


@attrs.define(kw_only=True, slots=False)
class Defined(Document):
    kind = "defined"

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


@frozen(kw_only=True)
class Listing(Document):
    kind = "listing"
    texts: list[str] = field(factory=list)


@frozen(kw_only=True)
class Deep(Document):
    kind = "deep"
    holdings: tuple[Holding, ...] = ()


@frozen(kw_only=True)
class Floating(Document):
    kind = "floating"
    weight: float = 0.0


@frozen(kw_only=True)
class Private(Document):
    kind = "private"
    _text: str = ""


@frozen(kw_only=True)
class Unknown(Document):
    kind = "unknown"
    what: Nowhere = None  # type: ignore[name-defined]  # noqa: F821 - a type that is not there


@frozen(kw_only=True)
class Shadow(Document):
    kind = "shadow"
    dated: str = ""  # type: ignore[assignment]


@frozen(kw_only=True)
class Indexed(Document):
    kind = "indexed"
    indexes: ClassVar[Indexes] = {"state": lambda one: [(one.id,)]}


@frozen(kw_only=True)
class Later(Document):
    kind = "later"
    version: ClassVar[int] = 2


@frozen(kw_only=True)
class Zero(Document):
    kind = "zero"
    version: ClassVar[int] = 0


@frozen(kw_only=True)
class Note(Document):
    """A good one: personal, found by its party."""

    kind = "note"
    personal: ClassVar[bool] = True
    indexes: ClassVar[Indexes] = {"party": lambda one: [(one.party,)]}

    party: str
    text: str = ""
    parts: tuple[Map[str], ...] = ()
    parent: Note | None = None
    worth: Money | None = None


@frozen(kw_only=True)
class OtherNote(Document):
    kind = "note"


@pytest.mark.parametrize(
    ("cls", "error"),
    [
        (Nameless, NoKind), (Origin, NoKind), (Hidden, NoKind), (Blank, InvalidId), (Bill, KindTaken), (Series, SeriesTaken),
        (Plain, NotFrozen), (Defined, NotFrozen), (Listing, NotFrozen), (Deep, NotFrozen), (Floating, UnreadableField),
        (Private, UnreadableField), (Unknown, UnreadableField), (Shadow, NameTaken), (Indexed, NameTaken), (Later, NoLift),
        (Zero, BadKind), (Document, NoKind), (str, WrongType),
    ],
)  # fmt: skip
def test_a_class_is_checked_when_it_is_handed_in(cls: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Company.create("acme", currency="EUR", kinds=[cls])

    class Binding(Desk):
        name = "binding"
        found = documents(cls)

    if cls is not str:
        with pytest.raises(error):
            Company.create("acme", currency="EUR", desks=[Binding])


def test_two_classes_of_one_kind_are_refused_and_one_given_twice_is_one() -> None:
    with pytest.raises(KindTaken):
        Company.create("acme", currency="EUR", kinds=[Note, OtherNote])
    assert Company.create("acme", currency="EUR", kinds=[Note, Note, Invoice]).kinds["note"] is Note


# -- desks -----------------------------------------------------------------------------------------------------------


def note(view: View, note: Note) -> Changes[Note]:
    return Changes(view.mint(note))


def unreadable(view: View, weight: float) -> Changes[Note]:
    raise NotImplementedError


class Notes(Desk):
    name = "notes"
    note = verb(note, was=("remark",))
    notes = documents(Note)


class Unnamed(Desk):
    note = verb(note)


class Ours(Desk):
    name = "finance"


class Reserved(Desk):
    name = "approval"


class Dotted(Desk):
    name = "my.notes"


class Weighing(Desk):
    name = "weighing"
    weigh = verb(unreadable)


class Twin(Desk):
    name = "notes"


@pytest.mark.parametrize("desks", [[Unnamed], [Ours], [Reserved], [Dotted], [Weighing], [Notes, Twin]])
def test_a_desk_is_checked_when_it_is_handed_in(desks: list[type[Desk]]) -> None:
    with pytest.raises(BadDesk):
        Company.create("acme", currency="EUR", desks=desks)


def test_a_desk_is_found_by_its_class_or_its_name() -> None:
    acme = Company.create("acme", currency="EUR", desks=[Notes])
    assert isinstance(acme.desk(Notes), Notes)
    assert isinstance(acme.desk("notes"), Notes)
    assert isinstance(acme.desk(FinanceDesk), FinanceDesk)
    for wrong in (Twin, Unnamed, Ours):
        with pytest.raises(UnknownDesk):
            acme.desk(wrong)
    with pytest.raises(WrongType):
        acme.desk(5)  # type: ignore[call-overload]


# -- living ----------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class NewNote(Document):
    """The same kind a version later."""

    kind = "note"
    version: ClassVar[int] = 2
    personal: ClassVar[bool] = True
    indexes: ClassVar[Indexes] = {"party": lambda one: [(one.customer,)]}

    customer: str
    text: str = ""

    @classmethod
    def lift(cls, data: dict[str, object], version: int) -> dict[str, object]:
        return {"customer" if name == "party" else name: value for name, value in data.items()}


def test_own_documents_are_put_found_forked_looked_back_at_and_erased(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/a.db"
    acme = Company.create("acme", currency="EUR", store=store, actor="ann", kinds=[Note])
    acme.apply(acme.put(Note(id="n", party="beta", text="Ada called", worth=Money("1", "EUR"))), key="one")
    act = acme.put(Note(id="n", party="beta", text="Ada came", extra={"room": "7"}, origins=[Ref("lead", "l")]))
    assert acme.act(act.to_json()) == act
    fork = acme.fork()
    fork.apply(act)
    assert [fork.get(Note, "n").text, acme.get(Note, "n").text] == ["Ada came", "Ada called"]
    done = acme.apply(fork, key="two")
    found = acme.documents(Note)
    assert [one.text for one in found.where(party="beta", extra={"room": "7"})] == ["Ada came"]
    assert acme.as_known(1).get(Note, "n").text == "Ada called"
    assert done.value in list(found)
    assert Ref("note", "n") in acme.trace(Ref("note", "n"))
    state = acme.state_hash()
    acme.close()

    bare = Company.open("acme", store=store, actor="ann")  # without the class: the same log and state
    assert bare.state_hash() == state
    assert next(row.key for row in bare.log()) == "one"
    with pytest.raises(UnknownKind):
        _ = bare.committed("one").value
    with pytest.raises(UnknownKind):
        bare.erase(Ref("note", "n"))
    bare.close()

    newer = Company.open("acme", store=store, actor="ann", kinds=[NewNote])
    assert newer.get(NewNote, "n").customer == "beta"
    newer.apply(newer.put(evolve(newer.get(NewNote, "n"), text="Ada left")), key="three")
    assert (
        newer.apply(newer.put(NewNote(id="n", customer="beta", text="Ada left")), key="four").value.text == "Ada left"
    )
    newer.apply(newer.erase(Ref("note", "n")), key="gone")
    with pytest.raises(Erased):
        newer.get(NewNote, "n")
    assert newer.verify().ok
    newer.close()
    assert all(b"Ada" not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_desk_brings_its_kinds_and_its_former_names() -> None:
    acme = Company.create("acme", currency="EUR", desks=[Notes])
    act = acme.desk(Notes).note(Note(party="beta"))
    former = acme.act(act.to_json().replace("notes.note", "notes.remark"))
    made = acme.apply(former, key="k").value
    assert acme.desk(Notes).notes[made.id] == made
    assert acme.committed("k").value == made
    with pytest.raises(DocumentNotFound):
        acme.get(Note, "none")


# -- lifecycles ------------------------------------------------------------------------------------------------------


def deposit_paid(one: Any) -> str:
    return "" if one.deposit else "no deposit was paid"


@frozen(kw_only=True)
class Rental(Document):
    kind = "rental"
    lifecycle: ClassVar[Lifecycle | None] = Lifecycle(
        "rental",
        "reserved",
        {("reserved", "hand_over"): "out", ("reserved", "cancel"): "cancelled", ("out", "take_back"): "back"},
        conditions={"hand_over": deposit_paid},
    )

    deposit: bool = False


def test_a_step_is_taken_when_its_condition_is_met_and_a_refusal_names_the_legal_ones() -> None:
    reserved = Rental(id="r")
    with pytest.raises(ConditionUnmet) as unmet:
        reserved.to("hand_over")
    assert (unmet.value.facts["why"], unmet.value.facts["allowed"]) == ("no deposit was paid", ("cancel",))
    out = evolve(reserved, deposit=True).to("hand_over")
    with pytest.raises(IllegalStep) as illegal:
        out.to("cancel")
    assert illegal.value.facts["allowed"] == ("take_back",)
    assert Rental.lifecycle is not None
    assert "reserved --> out: hand_over [deposit paid]" in Rental.lifecycle.diagram()
    assert "reserved --> cancelled: cancel\n" in Rental.lifecycle.diagram()
    acme = Company.create("acme", currency="EUR", kinds=[Rental])
    with pytest.raises(NotMasterData):
        acme.apply(acme.put(reserved))


def test_a_rule_that_writes_a_state_beside_the_table_is_a_bug() -> None:
    def book(view: View, id: str) -> Changes[Rental]:
        return Changes(view.mint(Rental(id=id)))

    def write(view: View, id: str, state: str) -> Changes[Rental]:
        return Changes(evolve(view.get(Rental, id), state=state))

    acme = Company.create("acme", currency="EUR", kinds=[Rental])
    acme.apply(Act("book", Map({"id": "r"}), book))
    for state in ("reserved", "back"):  # the same, or several steps at once
        assert acme.apply(Act("write", Map({"id": "r", "state": state}), write)).value.state == state
    head = acme.head
    for way in (acme.apply, acme.plan, acme.fork().apply):
        with pytest.raises(LawBroken):
            way(Act("write", Map({"id": "r", "state": "out"}), write))
    assert acme.head == head


def test_a_document_is_in_a_state_that_its_table_has() -> None:
    with pytest.raises(UnknownState) as error:
        Rental(state="stolen")
    assert error.value.facts["states"] == ("back", "cancelled", "out", "reserved")


@pytest.mark.parametrize(
    ("steps", "conditions"),
    [
        ({("on", "press"): "off"}, {}),
        ({("off", "press"): "on", ("lost", "find"): "off"}, {}),
        ({("off", "press hard"): "on"}, {}),
        ({("off", "press"): ""}, {}),
        ({("off", "press"): "on"}, {"pull": deposit_paid}),
    ],
)
def test_a_table_by_which_nothing_could_live_is_refused(steps: Any, conditions: Any) -> None:
    with pytest.raises(BadLifecycle):
        Lifecycle("lamp", "off", steps, conditions=conditions)
