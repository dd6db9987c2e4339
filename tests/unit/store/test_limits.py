"""Each limit is an error, on both stores, and what it refuses leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import pytest

from bizcore.book.entry import Entry, Posting
from bizcore.change import view as views
from bizcore.change.changes import Changes, TooLarge
from bizcore.change.desk import Desk, verb
from bizcore.change.view import TooMany, View
from bizcore.company import Company, facade
from bizcore.company.refusals import BatchTooLarge
from bizcore.kernel.errors import Invalid, LawBroken
from bizcore.kernel.money import Money
from bizcore.store import commit
from bizcore.store.port import OutOfRange
from bizcore.store.rows import INT_MAX, ForeignValue
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, RECEIVABLE, Note, Person, Rule, ToyDesk


def leave(view: View) -> Changes[Entry]:
    """Takes all of an item and leaves a cent."""
    legs = [
        Posting(RECEIVABLE, Money(-1, "USD"), cents(-89), lot="item", party="beta"),
        Posting("abroad", Money(1, "USD"), cents(89)),
    ]
    return Changes(view.mint(Entry("2026-03-05", legs)))


class TornDesk(Desk):
    name = "torn"

    leave: Final = verb(leave)


@pytest.fixture(params=["memory:", "sqlite:///{}/books.db"])
def acme(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Company]:
    kinds = [Note, Person, Rule]
    store = request.param.format(tmp_path)
    with Company.create(
        "acme", currency=CURRENCY, store=store, desks=[ToyDesk, TornDesk], kinds=kinds, actor="ann"
    ) as made:
        yield made
        sound(made)


def toys(company: Company) -> Any:
    return company.desk("toy")


def cents(minor: int) -> Money:
    return Money.of_minor(minor, CURRENCY)


@pytest.mark.parametrize("note", ["x" * 400, "\u20ac" * 400])
def test_a_document_has_a_largest_body(acme: Company, monkeypatch: pytest.MonkeyPatch, note: str) -> None:
    monkeypatch.setattr(commit, "BODY_MAX", 300)
    with pytest.raises(TooLarge) as error:
        acme.apply(toys(acme).note(note, id="n"), key="k")
    assert error.value.facts["most"] == 300
    assert error.value.facts["count"] > 400
    assert acme.head == 0
    assert acme.apply(toys(acme).note("short", id="n"), key="k").position == 1


def test_one_question_has_a_largest_answer(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    acme.apply_each([(toys(acme).note("same", id=f"n{at}"), None) for at in range(5)])
    monkeypatch.setattr(views, "FIND_MAX", 5)
    with pytest.raises(TooMany) as error:
        acme.view().find(Note, "text", "same")
    assert error.value.facts["most"] == 5
    with pytest.raises(TooMany):
        acme.view().all(Note)
    assert len(list(toys(acme).notes)) == 5


def test_a_batch_has_a_largest_length(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facade, "BATCH_MAX", 3)
    acts = [(toys(acme).deposit("cash", cents(1)), f"k{at}") for at in range(4)]
    with pytest.raises(BatchTooLarge) as error:
        acme.apply_each(acts)
    assert error.value.facts == {"count": 4, "most": 3}
    assert (acme.head, len(acme.apply_each(acts[:3]))) == (0, 3)


def test_amounts_and_totals_end_within_64_bits_on_either_side(acme: Company) -> None:
    for amount in (INT_MAX + 1, -(INT_MAX + 1), INT_MAX):
        with pytest.raises(OutOfRange):
            acme.apply(toys(acme).deposit("cash", cents(amount)))
    acme.apply(toys(acme).deposit("cash", cents(commit.TOTAL_MAX)), key="most")
    with pytest.raises(OutOfRange):
        acme.apply(toys(acme).deposit("cash", cents(commit.LARGE)))
    assert acme.view().balance("journal", "cash", CURRENCY).value == cents(commit.TOTAL_MAX)
    for at in range(3):  # below the large ones there is room for a million
        acme.apply(toys(acme).deposit("cash", cents(commit.LARGE - 1)), key=f"small {at}")


def test_a_lot_ends_at_64_bits_too(acme: Company) -> None:
    acme.apply(toys(acme).stack("lot", 1, cents(commit.TOTAL_MAX)), key="most")
    with pytest.raises(OutOfRange):
        acme.apply(toys(acme).stack("lot", 1, cents(commit.LARGE)))
    with pytest.raises(OutOfRange):
        acme.apply(toys(acme).stack("other", 10**13, cents(1)))
    assert acme.head == 1


def test_values_in_another_currency_are_refused(acme: Company) -> None:
    with pytest.raises(ForeignValue) as error:
        acme.apply(
            acme.finance.post(
                Entry("2026-03-05", [Posting("1000", Money(5, "USD")), Posting("4000", Money(-5, "USD"))])
            )
        )
    assert error.value.facts == {"currency": "USD", "company": "EUR"}


@pytest.mark.parametrize("text", ["a\u0000b", "\ud800", "x" * 10_001, 5, None])
def test_text_that_no_store_holds_is_refused_where_it_enters(acme: Company, text: Any) -> None:
    for enter in (
        lambda: acme.apply(toys(acme).note(text), key="k"),
        lambda: acme.apply(toys(acme).note("x"), key="k", reason=text),
    ):
        with pytest.raises(Invalid):
            enter()
    assert acme.head == 0


def test_a_lot_without_an_amount_keeps_no_value(acme: Company) -> None:
    """A planner that takes the last piece and leaves a cent is a bug, and stops."""
    acme.apply(toys(acme).claim("item", "beta", Money(1, "USD"), cents(90)), key="k")
    with pytest.raises(LawBroken):
        acme.apply(cast("Any", acme.desk("torn")).leave())
    assert acme.head == 1
