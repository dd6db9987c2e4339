"""The facade: who may act, what is kept, what is refused."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any, cast

import pytest

from bizcore.book.entry import POSTINGS_MAX, Entry, Posting, TooManyPostings, credit, debit
from bizcore.change.act import Act
from bizcore.change.desk import verbs_of
from bizcore.change.view import DocumentNotFound
from bizcore.company import Company, compare, wiring
from bizcore.company.facade import BATCH_MAX
from bizcore.company.master import NotMasterData, NotPersonal
from bizcore.company.refusals import (
    BatchTooLarge,
    NobodyActs,
    NotApplicable,
    NotAuthorized,
    ReadOnly,
    UnknownDesk,
    UnknownKey,
    UnknownZone,
)
from bizcore.finance.documents import Invoice
from bizcore.finance.lines import Line
from bizcore.flow.document import Ref
from bizcore.kernel.errors import BizcoreError, Invalid
from bizcore.kernel.ids import InvalidId
from bizcore.kernel.money import Money
from bizcore.kernel.table import Column, Table
from bizcore.sfa.customers import Customer
from bizcore.store.opener import UnknownStore, open_store
from bizcore.store.port import ClosedStore, SchemaNewer, Stale, StoreUnavailable
from bizcore.supply.items import Item

FIVE = Money("5.00", "EUR")


def sale(on: str = "2026-03-05") -> Entry:
    return Entry(on, [debit("1000", FIVE), credit("4000", FIVE)])


@pytest.fixture
def acme() -> Company:
    return Company.create("acme", currency="EUR")


# -- who acts --------------------------------------------------------------------------------------------------------


def test_a_kept_store_needs_somebody_who_acts(tmp_path: Path) -> None:
    acme = Company.create("acme", currency="EUR", store=f"sqlite:///{tmp_path}/a.db")
    with pytest.raises(NobodyActs) as error:
        acme.apply(acme.finance.post(sale()))
    assert error.value.allowed
    assert acme.acting("ann").apply(acme.finance.post(sale())).actor == "ann"
    assert acme.apply(acme.finance.post(sale()), actor="bob").actor == "bob"
    acme.close()


def test_what_is_not_authorized_writes_nothing_for_every_act_there_is() -> None:
    asked: list[str] = []

    def nobody(actor: str, act: Act[Any]) -> bool:
        asked.append(act.name)
        return False

    acme = Company.create("acme", currency="EUR", authorize=nobody, actor="ann")
    acts = [
        Act(name, {}, planner)
        for desk in wiring.DESKS
        for name, planner in verbs_of(wiring.desk_class(desk, {})).items()
    ]  # type: ignore[arg-type]
    assert len(acts) > 50
    for act in acts:
        with pytest.raises(NotAuthorized):
            acme.apply(act)
        with pytest.raises(NotAuthorized):
            acme.plan(act)
        with pytest.raises(NotAuthorized):
            acme.fork().apply(act)
    with pytest.raises(NotAuthorized):
        acme.apply(acme.put(Item(id="x", name="x")))
    with pytest.raises(NotAuthorized):
        acme.apply_each([(acts[0], None)])
    assert set(asked) >= {act.name for act in acts}
    assert acme.head == 0


def test_authorize_is_asked_again_inside_apply() -> None:
    answers = iter([True, False])
    acme = Company.create("acme", currency="EUR", authorize=lambda *_: next(answers), actor="ann")
    with pytest.raises(NotAuthorized):
        acme.apply(acme.finance.post(sale()))
    assert acme.head == 0


# -- what is kept ----------------------------------------------------------------------------------------------------


def test_a_company_opened_again_is_as_it_was(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    acme = Company.create("acme", currency="EUR", store=url, actor="ann")
    done = acme.apply(acme.finance.post(sale()), key="k", reason="because")
    state = acme.state_hash()
    acme.close()
    with pytest.raises(ClosedStore):
        _ = acme.head
    again = Company.open("acme", store=url)
    assert (again.head, again.state_hash(), again.committed("k").reason) == (1, state, "because")
    assert again.entry(done.value.id) == done.value
    with pytest.raises(UnknownKey):
        again.committed("other")
    again.close()


def test_instants_come_from_the_stores_clock_and_never_go_back() -> None:
    times = [datetime(2026, 3, 5, 12, tzinfo=UTC) + timedelta(hours=step) for step in (0, 1, -1, 2)]
    clock = iter(times)
    acme = Company.create("acme", currency="EUR", store=open_store("memory:", clock=lambda: next(clock)))
    seen = [acme.apply(acme.finance.post(sale())).instant for _ in times]
    assert seen == [times[0], times[1], times[1], times[3]]
    assert acme.as_known(times[1]).head == 3
    assert acme.as_known(times[0]).head == 1


def test_ids_come_from_the_store_so_that_a_run_can_be_repeated() -> None:
    def told() -> str:
        count = iter(range(100))
        acme = Company.create("acme", currency="EUR", store=open_store("memory:", ids=lambda: f"id{next(count):04d}"))
        acme.apply(acme.finance.post(sale()))
        return acme.state_hash()

    assert told() == told()


def test_a_newer_schema_is_refused_at_open(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Company.create("acme", currency="EUR", store=f"sqlite:///{path}", actor="ann").close()
    with sqlite3.connect(path) as raw:
        raw.execute("update bizcore_meta set value='99' where name='schema'")
    raw.close()
    with pytest.raises(SchemaNewer) as error:
        Company.open("acme", store=f"sqlite:///{path}")
    assert error.value.facts["stored"] == 99


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    for url in ("nosuch:///x", "", "sqlite:///", "memory"):
        with pytest.raises(UnknownStore):
            open_store(url)
    (tmp_path / "text.db").write_text("this is no database, but it is long enough to look like a file of one" * 20)
    with pytest.raises(StoreUnavailable):
        open_store(f"sqlite:///{tmp_path}/text.db")
    with pytest.raises(StoreUnavailable):
        open_store(f"sqlite:///{tmp_path}/a.db?synchronous=off")
    assert open_store(f"sqlite:///{tmp_path}/b.db?synchronous=normal")


def test_a_third_partys_store_is_found_by_its_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="toy", value="bizcore.store.memory:MemoryDatabase", group="bizcore.stores")

    def entry_points(*, group: str, name: str | None = None) -> EntryPoints:
        return EntryPoints([point] if name in (None, "toy") and group == "bizcore.stores" else [])

    class Loaded:
        pass

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    monkeypatch.setattr(EntryPoint, "load", lambda _: lambda url, **_: (url, Loaded))
    assert cast("Any", open_store("toy://x"))[0] == "toy://x"


# -- documents, forks, pasts -----------------------------------------------------------------------------------------


def test_master_data_is_put_and_put_again(acme: Company) -> None:
    acme.apply(acme.put(Item(id="bolt", name="Bolt")), key="1")
    acme.apply(acme.put(Item(id="bolt", name="Bolt M8", extra={"colour": "zinc"})), key="2")
    assert acme.get(Item, "bolt").name == "Bolt M8"
    assert [one.id for one in acme.supply.items.where(extra={"colour": "zinc"})] == ["bolt"]
    assert acme.as_known(1).get(Item, "bolt").name == "Bolt"
    with pytest.raises(NotMasterData):
        acme.apply(acme.put(Invoice(customer="b", on="2026-03-05", currency="EUR", lines=[Line("x", 1, 1)])))
    with pytest.raises(NotApplicable):
        acme.put("bolt")  # type: ignore[type-var]
    with pytest.raises(DocumentNotFound):
        acme.get(Item, "nut")


def test_documents_are_found_page_by_page(acme: Company) -> None:
    acme.apply_each([(acme.put(Item(id=f"item {at:02d}", name="x")), None) for at in range(7)])
    items = acme.supply.items
    first = items.page(3)
    assert [one.id for one in first.documents] == ["item 00", "item 01", "item 02"]
    second = items.page(3, first.next)
    last = items.page(3, second.next)
    assert ([one.id for one in last.documents], last.next) == (["item 06"], "")
    assert len(items) == 7
    assert items.get("nobody") is None
    assert len(items.table("id", "name")) == 7
    with pytest.raises(Invalid):
        items.table("colour")
    with pytest.raises(Invalid):
        items.where(party="beta")


def test_only_personal_documents_are_erased(acme: Company) -> None:
    acme.apply(acme.put(Customer(id="beta", name="Pam Sample", email="pam@example.org")), key="c")
    acme.apply(acme.put(Item(id="bolt", name="Bolt")), key="i")
    acme.apply(acme.erase(Ref("customer", "beta")), key="e")
    assert acme.verify().ok
    with pytest.raises(BizcoreError) as error:
        acme.get(Customer, "beta")
    assert error.value.code == "erased"
    with pytest.raises(NotPersonal):
        acme.apply(acme.erase(Ref("item", "bolt")))


def test_one_erased_document_does_not_hide_the_others(acme: Company) -> None:
    acme.apply_each([(acme.put(Customer(id=f"c{at}", name="Pam", extra={"from": "fair"})), None) for at in range(5)])
    for at in (1, 4):
        acme.apply(acme.erase(Ref("customer", f"c{at}")))
    customers = acme.documents(Customer)
    assert [one.id for one in customers] == ["c0", "c2", "c3"]
    assert [one.id for one in customers.page(2).documents] == ["c0", "c2"]
    assert [one.id for one in customers.page(2, "c2").documents] == ["c3"]
    assert [one.id for one in customers.where(extra={"from": "fair"})] == ["c0", "c2", "c3"]
    assert (len(customers), len(customers.table("id"))) == (3, 3)
    assert [one.id for one in acme.view().all(Customer)] == ["c0", "c2", "c3"]


def test_changes_in_hand_are_applied_as_shown_or_refused_as_stale(acme: Company) -> None:
    bill = Invoice(customer="beta", on="2026-03-05", currency="EUR", lines=[Line("x", 1, "100", tax="S20")])
    issued = acme.apply(acme.finance.issue(bill), key="i").value
    pay = acme.finance.collect(Money("120", "EUR"), customer="beta", on="2026-03-06", to=[issued.id])
    shown, late = acme.plan(pay), acme.plan(pay)
    done = acme.apply(shown, key="p")
    assert [posting.account for entry in done.entries for posting in entry.postings] == [
        posting.account for entry in shown.entries for posting in entry.postings
    ]
    with pytest.raises(Stale):
        acme.apply(late, key="late")


def test_work_is_all_or_nothing_and_answers_again(acme: Company) -> None:
    def steps(inside: Company) -> Any:
        first = inside.apply(inside.finance.post(sale()))
        assert inside.entry(first.value.id) == first.value
        return inside.apply(inside.finance.reverse(first.value.id, on="2026-03-06"))

    done = acme.apply(steps, key="W", request={"order": 4711})
    assert (done.key, acme.head) == ("W", 3)
    assert [one.key for one in acme.log()] == ["W#1", "W#2", "W"]
    assert acme.apply(steps, key="W", request={"order": 4711}).replayed
    with pytest.raises(BizcoreError) as error:
        acme.apply(steps, key="W", request={"order": 4712})
    assert error.value.facts["fields"] == ("request",)

    def torn(inside: Company) -> Any:
        inside.apply(inside.finance.post(sale()))
        return inside.apply(inside.finance.reverse("nobody#1", on="2026-03-06"))

    with pytest.raises(BizcoreError):
        acme.apply(torn, key="T", request=1)
    assert acme.head == 3


def test_the_past_is_only_looked_at(acme: Company) -> None:
    acme.apply(acme.finance.post(sale()))
    past = acme.as_known(0)
    with pytest.raises(ReadOnly):
        past.apply(past.finance.post(sale()))
    whatif = past.fork()
    whatif.apply(whatif.finance.post(sale()))
    assert (whatif.head, past.head, acme.head) == (1, 0, 1)


def test_numbers_look_provisional_in_a_fork(acme: Company) -> None:
    bill = Invoice(customer="beta", on="2026-03-05", currency="EUR", lines=[Line("x", 1, "100")])
    whatif = acme.fork()
    assert whatif.apply(whatif.finance.issue(bill)).value.number == "INV-?1"
    done = acme.apply(whatif, key="F")
    assert done.value.number == "INV-2026-000001"


def test_reports_are_put_side_by_side(acme: Company) -> None:
    whatif = acme.fork()
    whatif.apply(whatif.finance.post(sale()))
    table = compare(lambda one: one.finance.trial_balance(), base=acme, whatif=whatif)
    row = next(one for one in table if one["account"] == "4000")
    assert (row["base balance"], row["whatif balance"]) == (None, -FIVE)
    assert ([one.name for one in table.columns[:3]], row["name"]) == (["account", "name", "base debit"], "Sales")


def test_text_that_differs_stands_beside_each_other_and_text_that_does_not_once(acme: Company) -> None:
    columns = [Column("id"), Column("name"), Column("state"), Column("head")]
    states = iter(("open", "closed"))
    table = compare(lambda one: Table(columns, [["a", "A", next(states), one.head]]), x=acme, y=acme)
    assert table.to_dicts() == [
        {"id": "a", "name": "A", "x state": "open", "x head": 0, "y state": "closed", "y head": 0}
    ]
    empty = compare(lambda _: Table(columns, []), x=acme)
    assert [one.name for one in empty.columns] == ["id", "x name", "x state", "x head"]


# -- limits and names ------------------------------------------------------------------------------------------------


def test_each_limit_is_an_error(acme: Company) -> None:
    with pytest.raises(TooManyPostings):
        Entry("2026-03-05", [Posting("1000", FIVE)] * (POSTINGS_MAX + 1))
    with pytest.raises(BatchTooLarge):
        acme.apply_each([(acme.finance.post(sale()), None)] * (BATCH_MAX + 1))
    for key in ("", "x" * 201, "a#1", "a\nb", 5):
        with pytest.raises(InvalidId):
            acme.apply(acme.finance.post(sale()), key=key)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        acme.finance.post(Entry("2026-03-05", [debit("1000", FIVE), credit("4000", FIVE)], text="x" * 20_000))
    assert acme.head == 0


def test_settings_are_checked() -> None:
    for wrong in ({"currency": "XXX"}, {"currency": "EUR", "calendar": "lunar"}, {"currency": "EUR", "bucket": "week"}):
        with pytest.raises(Invalid):
            Company.create("acme", **wrong)  # type: ignore[arg-type]
    with pytest.raises(UnknownZone):
        Company.create("acme", currency="EUR", zone="Mars/Olympus")
    with pytest.raises(InvalidId):
        Company.create("a#b", currency="EUR")
    with pytest.raises(UnknownDesk):
        Company.create("acme", currency="EUR").desk("marketing")


def test_only_acts_are_applied(acme: Company) -> None:
    for what in (5, "post", None, sale()):
        with pytest.raises(NotApplicable):
            acme.apply(what)  # type: ignore[call-overload]
