"""What is found by a key is found in every store, in one order, however long the key is and whatever letters it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, cast

import pytest
import sqlalchemy as sa

from bizcore.book.entry import Entry, Posting
from bizcore.change.changes import Changes, TooLarge
from bizcore.change.desk import Desk, verb
from bizcore.change.view import View
from bizcore.company import Company
from bizcore.flow.document import key_of
from bizcore.kernel.ids import InvalidText
from bizcore.kernel.money import Money
from bizcore.store.commit import KEY_MAX
from bizcore.store.sql import SqlStore, upgrade
from bizcore.testing.postgres import new_database
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk

WORDS = [
    *("a", "A", "Z", "z", "a b", "a-b", "a_b", "10", "9", "é", "ß", "中", "文", "中文", "笔记"),
    *("😀", "😀😀", "\ue000", "\uffff", "\U0010ffff", "\U0010ffffa", "a\x1fb"),
]  # fmt: skip


def _many(first: int, count: int) -> str:
    """Letters that no database packs smaller."""
    return "".join(chr(first + one * one * 7919 % 5_003) for one in range(count))


LONG = [_many(0x4E00, length) for length in (75, 76, 99, 100, 101, 900, 3_300, 10_000)]


def heap(view: View, account: str, lot: str, party: str) -> Changes[Entry]:
    """Opens a lot under three names."""
    one = Money("1.00", CURRENCY)
    return Changes(view.mint(Entry("2026-03-05", [Posting(account, one, lot=lot, party=party), Posting("cash", -one)])))


class HeapDesk(Desk):
    name = "heap"

    heap: Final = verb(heap)


def company(store: Any) -> Company:
    return Company.create(
        "acme", currency=CURRENCY, store=store, desks=[ToyDesk, HeapDesk], kinds=[Note, Person, Rule], actor="ann"
    )


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def acme(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Company]:
    if request.param != "postgresql":
        with company("memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/books.db") as made:
            yield made
        return
    engine = sa.create_engine(new_database(request.getfixturevalue("postgres_url")))
    with engine.begin() as connection:
        upgrade(connection)
    yield company(SqlStore(engine))
    engine.dispose()


def toys(of: Company) -> ToyDesk:
    return cast("ToyDesk", of.desk("toy"))


def test_the_order_is_that_of_the_letters_numbers(acme: Company) -> None:
    for at, word in enumerate(WORDS):
        acme.apply(toys(acme).note(word, id=f"n{at}"))
    view = acme.view()
    assert [one.text for one in view.find(Note, "text")] == sorted(WORDS, key=lambda word: key_of([word]))
    for word in WORDS:
        assert [one.text for one in view.find(Note, "text", word)] == [word]
    sound(acme)


def test_a_long_text_is_found_by_all_of_it(acme: Company) -> None:
    for at, text in enumerate(LONG):
        acme.apply(toys(acme).note(text, id=f"n{at}"))
    view = acme.view()
    for text in LONG:
        assert [one.text for one in view.find(Note, "text", text)] == [text]
        assert not list(view.find(Note, "text", text[:-1] + "x"))
    acme.apply(toys(acme).edit("n6", "short"))
    assert not list(acme.view().find(Note, "text", LONG[6]))
    sound(acme)


def test_ids_that_no_database_finds_together_are_refused(acme: Company) -> None:
    held, legs = chr(0x1F300) * 190, []
    for length, key in ((150, "k"), (250, "l")):
        lot = "".join(chr(0x1F300 + one * 7 % 700) for one in range(length))
        party = "".join(chr(0x1F300 + one * 11 % 700) for one in range(length - 50))
        legs.append((held + lot[:10], lot, party, key))
    first, second = legs
    acme.apply(cast("HeapDesk", acme.desk("heap")).heap(*first[:3]), key="k")
    with pytest.raises(TooLarge) as refused:
        acme.apply(cast("HeapDesk", acme.desk("heap")).heap(*second[:3]), key="l")
    assert refused.value.most == KEY_MAX
    assert acme.head == 1
    sound(acme)


def test_nul_in_a_key_is_refused(acme: Company) -> None:
    with pytest.raises(InvalidText):
        acme.apply(toys(acme).note("a\0b", id="n"))
    assert acme.head == 0


@pytest.mark.parametrize("write", [lambda text: text, lambda text: text + "x" * 400])
def test_a_component_that_is_short_stands_as_it_is(write: Callable[[str], str]) -> None:
    text = write("a" * 75)
    assert key_of([text]).startswith("a" * 75)
    assert (key_of([text]) == text + "\x1f") == (len(text) <= 300)
