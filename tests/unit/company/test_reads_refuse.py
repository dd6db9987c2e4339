"""What cannot be there is not found, what is of another type is told so, a damaged row names its position: never the driver's error."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bizcore.change.act import Act
from bizcore.change.reading import Damaged
from bizcore.change.view import DocumentNotFound, EntryNotFound
from bizcore.company import Company
from bizcore.company.refusals import UnknownKey
from bizcore.flow.document import Ref
from bizcore.kernel.codec import WrongType
from bizcore.kernel.errors import Invalid, NotFound, Unavailable
from bizcore.kernel.ids import InvalidId
from bizcore.sfa.leads import Lead
from bizcore.store.chain import Anchor
from bizcore.supply.items import Item

LONE = "\ud800"
HUGE = 10**5000


@pytest.fixture(params=["memory:", "sqlite:///{}/books.db"])
def acme(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Company]:
    with Company.create("acme", currency="EUR", store=request.param.format(tmp_path), actor="ann") as made:
        made.apply(made.sfa.capture(Lead(id="L", name="Ada", on="2026-01-05")), key="l")
        yield made


def qualify(acme: Company) -> Act[Any]:
    return acme.act('{"act":"sfa.qualify","arguments":{"lead":"\\ud800","on":"2026-01-01"}}')


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda acme: acme.committed(LONE), UnknownKey),
        (lambda acme: acme.get(Lead, LONE), DocumentNotFound),
        (lambda acme: acme.sfa.leads[LONE], DocumentNotFound),
        (lambda acme: acme.entry(LONE), EntryNotFound),
        (lambda acme: acme.plan(acme.erase(Ref("lead", LONE))), NotFound),
        (lambda acme: acme.plan(qualify(acme)), (NotFound, Invalid)),
        (lambda acme: acme.committed([]), WrongType),
        (lambda acme: acme.committed(HUGE), WrongType),
        (lambda acme: acme.get(Lead, HUGE), WrongType),
        (lambda acme: acme.get(Lead, [HUGE]), WrongType),
        (lambda acme: acme.entry(HUGE), WrongType),
        (lambda acme: acme.trace(HUGE), WrongType),
        (lambda acme: acme.log(after=HUGE).__next__(), (Invalid, StopIteration)),
        (lambda acme: acme.verify(anchor=Anchor([], "x")), WrongType),  # type: ignore[arg-type]
        (lambda acme: acme.verify(anchor=Anchor(1, [])), WrongType),  # type: ignore[arg-type]
        (lambda acme: acme.acting(HUGE), InvalidId),
        (lambda acme: Company.open(HUGE, store=acme._database), InvalidId),
        (lambda acme: Company.open("acme", store=acme._database, authorize=1), WrongType),
        (lambda acme: Company.open("acme", store=acme._database, kinds=HUGE), WrongType),
        (lambda _: Company.open("acme", store=HUGE), Invalid),
    ],
)
def test_what_cannot_be_is_refused_in_every_store(acme: Company, ask: Callable[[Company], Any], kind: Any) -> None:
    with pytest.raises(kind):
        ask(acme)


def test_a_trace_and_a_view_of_what_cannot_be_are_empty(acme: Company) -> None:
    assert list(acme.trace(Ref("lead", LONE))) == []
    view = acme.view()
    assert view.lots("journal", "1100", LONE) == ()
    assert list(view.find(Lead, "state", LONE)) == []
    assert view.written_by(Lead, LONE) == ()


# -- damage ------------------------------------------------------------------------------------------------------------


def damaged(tmp_path: Path, statement: str) -> Company:
    url = f"sqlite:///{tmp_path}/books.db"
    with Company.create("acme", currency="EUR", store=url, actor="ann") as made:
        made.apply(made.put(Item(id="bolt", name="Bolt")), key="k")
    with closing(sqlite3.connect(tmp_path / "books.db")) as connection, connection:
        connection.execute(statement)
    return Company.open("acme", store=url, actor="ann")


@pytest.mark.parametrize(
    ("statement", "ask"),
    [
        ("update bizcore_documents set body='{\"id'", lambda acme: acme.get(Item, "bolt")),
        ("update bizcore_documents set body='{\"id'", lambda acme: acme.trace(Ref("item", "bolt"))),
        ("update bizcore_documents set body='{\"id'", lambda acme: acme.apply(acme.put(Item(id="bolt", name="B")))),
        ("update bizcore_log set body='{'", lambda acme: acme.committed("k").value),
        ("update bizcore_log set body='{'", lambda acme: next(acme.log()).documents),
        ("update bizcore_log set body='{'", lambda acme: next(acme.log()).entries),
        ("update bizcore_log set intent='{'", lambda acme: acme.apply(acme.put(Item(id="nut", name="N")), key="k")),
    ],
)
def test_a_damaged_row_is_told_by_its_position(tmp_path: Path, statement: str, ask: Callable[[Company], Any]) -> None:
    with damaged(tmp_path, statement) as acme:
        with pytest.raises(Damaged) as error:
            ask(acme)
        assert isinstance(error.value, Unavailable)
        assert (error.value.code, error.value.facts["position"], error.value.retry) == ("damaged", 1, False)
        assert not acme.verify().ok


@pytest.mark.parametrize(
    "statement", ["update bizcore_companies set settings='{'", "update bizcore_meta set value='first'"]
)
def test_a_damaged_head_of_the_store_is_told(tmp_path: Path, statement: str) -> None:
    with pytest.raises(Damaged):
        damaged(tmp_path, statement)
