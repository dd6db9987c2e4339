"""The store contract: an adapter is believed when this suite passes, with a second witness that looks behind its back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final, cast

from attrs import evolve

from bizcore.change.act import Act
from bizcore.change.changes import Changes, FloorBroken
from bizcore.change.reading import PostingQuery
from bizcore.company import Company
from bizcore.flow.document import Ref
from bizcore.flow.lifecycle import IllegalStep
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.spans import Span
from bizcore.store.chain import link
from bizcore.store.commit import Sealed, commit, start
from bizcore.store.opener import open_store
from bizcore.store.port import (
    ClosedStore,
    CompanyExists,
    CompanyNotFound,
    Database,
    KeyReused,
    OutOfRange,
    Stale,
    Store,
)
from bizcore.testing.broken import Broken, refused, same
from bizcore.testing.plot import MemoOne, MemoTwo, eur, seen_of, story, usd
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, POOL, RECEIVABLE, SOURCE, Note, Person, Rule, ToyDesk

TABLES: Final = ("log", "documents", "indexes", "postings", "lots")


class StoreContract:
    """Subclass it, say how to `open` an empty database, how to see its `raw_rows` and how to `damage` it; let pytest collect it.

    `raw_rows` and `damage` must not go through the adapter: they are the second witness. Tables are `log`, `documents`, `indexes`,
    `postings`, `lots`; a row is a tuple in any shape, only their number and the text in them is looked at.
    """

    bucket: str = "month"
    """The period that totals are kept by; a second subclass with `day` proves the other one."""

    def open(self) -> Database:
        """A new, empty database. Override."""
        raise NotImplementedError

    def raw_rows(self, database: Database, table: str) -> Sequence[tuple[Any, ...]]:
        """What lies in a table, read behind the adapter's back. Override."""
        raise NotImplementedError

    def damage(self, database: Database) -> None:
        """Change who the third log row says has acted, behind the adapter's back. Override."""
        raise NotImplementedError

    def again(self, database: Database) -> Database | None:
        """The place of a database opened anew, as another process would; None where nothing outlives it. Override."""
        return None

    # -- helpers -------------------------------------------------------------------------------------------------------

    def company(self, database: Database | None = None, name: str = "acme") -> Company:
        """A company with the toy desk."""
        return Company.create(
            name,
            currency=CURRENCY,
            bucket=self.bucket,
            store=database or self.open(),
            desks=[ToyDesk],
            kinds=[Note, Person, Rule],
            actor="ann",
        )

    @staticmethod
    def toys(company: Company) -> ToyDesk:
        """The toy desk of a company."""
        return cast("ToyDesk", company.desk("toy"))

    @staticmethod
    def store(company: Company) -> Store:
        """The store behind a company."""
        store = company._store
        if store is None:
            raise Broken("the company has no store")
        return store

    def sealed(self, company: Company, changes: Changes[Any], key: str, planned_at: int) -> Sealed:
        """Changes ready for the port, as the facade would send them."""
        act = changes.act
        if act is None or changes.reads is None:
            raise Broken("the changes were not planned")
        return Sealed(
            changes=changes, key=key, actor="ann", reason="", act=act.name, intent=act.intent, planned_at=planned_at,
            reads=changes.reads, arguments=act.arguments,
        )  # fmt: skip

    # -- companies -----------------------------------------------------------------------------------------------------

    def test_creating_twice_is_one_company_and_other_settings_are_refused(self) -> None:
        database = self.open()
        self.company(database)
        same(self.company(database).name, "acme", "the company again")
        with refused(CompanyExists) as seen:
            Company.create("acme", currency="USD", bucket=self.bucket, store=database)
        same(seen[0].facts["differs"], ("currency",), "what differs")
        with refused(CompanyNotFound):
            Company.open("nobody", store=database)

    def test_another_companys_rows_cannot_be_seen(self) -> None:
        database = self.open()
        acme, other = self.company(database), self.company(database, "other")
        acme.apply(self.toys(acme).deposit("cash", eur(5)), key="k")
        acme.apply(self.toys(acme).note("secret", id="n"), key="note")
        same(other.head, 0, "the other company's head")
        same(other.view().seek(Note, "n"), None, "the other company's documents")
        same(other.view().balance("journal", "cash", CURRENCY).value, eur(0), "the other company's balance")
        same(list(other.log()), [], "the other company's log")
        same(dict(self.store(other).known(["k"])), {}, "the other company's keys")
        other.apply(self.toys(other).deposit("cash", eur(7)), key="k")
        same(acme.view().balance("journal", "cash", CURRENCY).value, eur(5), "our balance")

    # -- writing -------------------------------------------------------------------------------------------------------

    def test_what_was_answered_is_written(self) -> None:
        database = self.open()
        acme = self.company(database)
        acme.apply(self.toys(acme).deposit("cash", eur(5)), key="k1")
        acme.apply(self.toys(acme).note("hello", id="n"), key="k2")
        same(len(self.raw_rows(database, "log")), 2, "raw log rows")
        same(len(self.raw_rows(database, "postings")), 2, "raw postings")
        same(len(self.raw_rows(database, "documents")), 1, "raw documents")

    def test_what_a_key_stands_for_is_known(self) -> None:
        acme = self.company()
        done = acme.apply_each([(self.toys(acme).deposit("cash", eur(at)), f"k{at}") for at in range(1, 600)])
        known = self.store(acme).known(["k599", "nobody", "k1", "k300"])
        same({key: row.position for key, row in known.items()}, {"k1": 1, "k300": 300, "k599": 599}, "what is known")
        same([one.hash for one in (known["k1"], known["k599"])], [done[0].hash, done[-1].hash], "the rows known")
        same(dict(self.store(acme).known([])), {}, "nothing asked")
        again = acme.apply_each([(self.toys(acme).deposit("cash", eur(at)), f"k{at}") for at in (600, 2)])
        same([(one.position, one.replayed) for one in again], [(600, False), (2, True)], "new and known in one batch")

    def test_the_same_key_gives_the_first_answer_and_another_act_is_refused(self) -> None:
        database = self.open()
        acme = self.company(database)
        toys = self.toys(acme)
        first = acme.apply(toys.half(source=SOURCE, target="cash"), key="k")
        acme.apply(toys.deposit("cash", eur(50)), key="more")
        again = acme.apply(toys.half(source=SOURCE, target="cash"), key="k")
        same(
            (again.replayed, again.position, again.value.id), (True, first.position, first.value.id), "the answer again"
        )
        with refused(KeyReused) as seen:
            acme.apply(toys.half(source=SOURCE, target="bank"), key="k")
        same(seen[0].facts["fields"], ("target",), "the fields that differ")
        same(len(self.raw_rows(database, "log")), 2, "raw log rows")

    def test_a_key_that_is_taken_is_refused_by_the_port(self) -> None:
        acme = self.company()
        changes = acme.plan(self.toys(acme).deposit("cash", eur(5)))
        self.store(acme).apply([self.sealed(acme, changes, "k", 0)])
        with refused(KeyReused):
            self.store(acme).apply([self.sealed(acme, changes, "k", 0)])
        same(acme.head, 1, "the head")

    def test_a_read_that_changed_makes_a_change_stale(self) -> None:
        acme = self.company()
        toys = self.toys(acme)
        acme.apply(toys.note("one", id="n"), key="n")
        acme.apply(toys.stack("lot", 5, eur("0.03")), key="lot")
        acme.apply(toys.deposit("cash", eur(9)), key="cash")
        plans: list[Changes[Any]] = [
            acme.plan(toys.edit("n", "mine")),
            acme.plan(toys.take("lot", 1)),
            acme.plan(toys.half(source="cash", target="b")),
        ]
        head = acme.head
        acme.apply(toys.edit("n", "theirs"), key="e")
        acme.apply(toys.take("lot", 2), key="t")
        acme.apply(toys.half(source="cash", target="c"), key="h")
        for at, plan in enumerate(plans):
            with refused(Stale):
                self.store(acme).apply([self.sealed(acme, plan, f"stale {at}", head)])
        same(acme.head, head + 3, "the head")

    def test_what_is_refused_in_the_writers_place_leaves_it_to_plan_again(self) -> None:
        database = self.open()
        acme = self.company(database)
        toys, store = self.toys(acme), self.store(acme)
        acme.apply(toys.deposit("cash", eur(8)), key="cash")
        late = self.sealed(acme, acme.plan(toys.half(source="cash", target="b")), "late", acme.head)
        prepared = start(store.view())
        commit(prepared, late, store.settings, database.stamp)
        acme.apply(toys.half(source="cash", target="c"), key="first")
        with store.first():
            for overlay in (None, prepared):
                with refused(Stale):
                    store.apply([late], prepared=overlay)
            again = acme.plan(toys.half(source="cash", target="b"))
            store.apply([self.sealed(acme, again, "late", acme.head)])
        same(acme.view().balance("journal", "cash", CURRENCY).value, eur(2), "what stayed")
        same([one.key for one in acme.log()], ["cash", "first", "late"], "the keys")

    def test_a_read_that_is_still_true_does_not_conflict(self) -> None:
        acme = self.company()
        toys = self.toys(acme)
        acme.apply(toys.note("one", id="n"), key="n")
        plan = acme.plan(toys.edit("n", "mine"))
        acme.apply(toys.deposit("cash", eur(1)), key="else")
        self.store(acme).apply([self.sealed(acme, plan, "edit", 1)])
        same(acme.get(Note, "n").text, "mine", "the note")

    def test_a_policy_put_is_in_force_for_the_next_plan(self) -> None:
        acme = self.company()
        toys = self.toys(acme)
        for rule, fee in ((Rule(fee=5), 5), (Rule(since="2026-02-01", fee=7), 7), (Rule(since="2026-05-01", fee=9), 7)):
            before = acme.plan(toys.charge("cash", "2026-03-01"))
            acme.apply(acme.put(rule))
            same(acme.plan(toys.charge("cash", "2026-03-01")).value.value, Money.of_minor(fee, CURRENCY), "the fee")
            if before.value.value != Money.of_minor(fee, CURRENCY):
                with refused(Stale):
                    acme.apply(before, key=f"before {fee}")

    def test_a_floor_holds_whoever_was_first(self) -> None:
        acme = self.company()
        toys = self.toys(acme)
        acme.apply(toys.deposit("cash", eur(10)), key="d")
        plan = acme.plan(toys.transfer(eur(6), source="cash", target="a"))
        acme.apply(toys.transfer(eur(6), source="cash", target="b"), key="first")
        with refused(FloorBroken):
            self.store(acme).apply([self.sealed(acme, plan, "second", 1)])
        with refused(FloorBroken):
            acme.apply(toys.transfer(eur("4.01"), source="cash", target="a"), key="third")
        same(acme.view().balance("journal", "cash", CURRENCY).value, eur(4), "what stayed")

    def test_a_batch_is_written_whole_or_not_at_all(self) -> None:
        database = self.open()
        acme = self.company(database)
        toys = self.toys(acme)
        acts: list[tuple[Act[Any], str | None]] = [
            (toys.deposit("cash", eur(1)), "a"),
            (toys.note("n", id="n"), "b"),
            (toys.edit("missing", "x"), "c"),
        ]
        with refused(BizcoreError) as seen:
            acme.apply_each(acts)
        same(getattr(seen[0], "index", None), 2, "the index of the act that failed")
        good = [self.sealed(acme, acme.plan(toys.deposit("cash", eur(1))), key, 0) for key in ("x", "y")]
        taken = [good[0], evolve(good[1], key="x")]
        with refused(BizcoreError):
            self.store(acme).apply(taken)
        same(
            (acme.head, len(self.raw_rows(database, "log")), len(self.raw_rows(database, "postings"))),
            (0, 0, 0),
            "rows",
        )
        done = acme.apply_each(acts[:2])
        same([one.position for one in done], [1, 2], "positions of a batch")

    def test_a_lot_opens_shrinks_and_is_gone_with_its_last_piece(self) -> None:
        database = self.open()
        acme = self.company(database)
        toys = self.toys(acme)
        acme.apply(toys.claim("item", "beta", usd(3), eur("1.00")), key="1")
        acme.apply(toys.claim("item", "gamma", usd(5), eur(2)), key="2")
        same(len(self.raw_rows(database, "lots")), 2, "raw lots")
        acme.apply(toys.settle("item", "beta", usd(1)), key="3")
        (lot,) = acme.view().lots("journal", RECEIVABLE, "beta")
        same((lot.amount, lot.value, lot.party, lot.position), (usd(2), eur("0.67"), "beta", 3), "what is open")
        acme.apply(toys.settle("item", "beta", usd(2)), key="4")
        same(acme.view().lots("journal", RECEIVABLE, "beta"), (), "what is open of beta")
        same([lot.party for lot in acme.view().lots("journal", RECEIVABLE)], ["gamma"], "who owes")
        same(len(self.raw_rows(database, "lots")), 1, "raw lots")
        acme.apply(toys.claim("item", "beta", usd(1), eur(1)), key="5")
        same([lot.amount for lot in acme.view().lots("journal", RECEIVABLE, "beta")], [usd(1)], "what is open anew")

    def test_numbers_have_no_gap_although_acts_are_refused(self) -> None:
        acme = self.company()
        toys = self.toys(acme)
        for at in range(6):
            with_id = "same" if at % 2 else ""
            try:
                acme.apply(toys.note("x", id=with_id), key=f"k{at}")
            except BizcoreError:
                continue
        numbers = sorted(one.number for one in toys.notes)
        same(numbers, [f"N-{at:06d}" for at in range(1, 5)], "numbers")

    def test_what_does_not_fit_is_refused_and_leaves_nothing(self) -> None:
        acme = self.company()
        toys = self.toys(acme)
        for amount in (Money.of_minor(2**63, CURRENCY), Money("1" + "0" * 30, CURRENCY)):
            with refused(OutOfRange):
                acme.apply(toys.deposit("cash", amount), key="big")
        large = Money.of_minor(2**62, CURRENCY)
        acme.apply(toys.deposit("cash", large), key="fits")
        with refused(OutOfRange):
            acme.apply(toys.deposit("cash", large), key="sum")
        same((acme.head, acme.view().balance("journal", "cash", CURRENCY).value), (1, large), "what is there")

    def test_what_was_kept_is_there_when_the_place_is_opened_anew(self) -> None:
        database = self.open()
        acme = Company.create(
            "acme", currency=CURRENCY, bucket=self.bucket, store=database, zone="Asia/Shanghai", desks=[ToyDesk],
            kinds=[Note, Person, Rule], actor="ann",
        )  # fmt: skip
        toys = self.toys(acme)
        acme.apply(toys.note("gone", id="n"), key="note")
        acme.apply(toys.edit("n", "kept"), key="edit")
        acme.apply(toys.claim("item", "beta", usd(3), eur("1.00")), key="claim")
        acme.apply(toys.settle("item", "beta", usd(1)), key="settle")
        fresh = self.again(database)
        if fresh is None:
            same(self.store(acme).capabilities.durable, False, "whether it is durable, with nothing to be opened anew")
            return
        same([one for one in fresh.companies() if one == "acme"], ["acme"], "the companies")
        opened = Company.open("acme", store=fresh, desks=[ToyDesk], kinds=[Note, Person, Rule], actor="ann")
        same(opened.settings, acme.settings, "the settings")
        same((opened.head, opened.state_hash()), (acme.head, acme.state_hash()), "head and state")
        same([one.id for one in opened.view().find(Note, "text", "kept")], ["n"], "what an index finds")
        same([one.id for one in opened.view().find(Note, "text", "gone")], [], "what an index found before")
        same([lot.amount for lot in opened.view().lots("journal", RECEIVABLE, "beta")], [usd(2)], "what is open")
        same(opened.committed("settle").hash, acme.committed("settle").hash, "the hash of the last change")
        same(
            opened.apply(self.toys(opened).note("next", id="m"), key="next").value.number, "N-000002", "the next number"
        )
        same(opened.verify().ok, True, "the chain")
        sound(opened)
        fresh.close()
        with refused(ClosedStore):
            _ = opened.head

    # -- reading -------------------------------------------------------------------------------------------------------

    def test_the_log_is_in_order_and_its_chain_holds(self) -> None:
        acme = self.told()
        rows = list(self.store(acme).log())
        same([row.position for row in rows], list(range(1, len(rows) + 1)), "positions")
        same([row.position for row in self.store(acme).log(after=5)], list(range(6, len(rows) + 1)), "the log after 5")
        for before, row in pairwise(rows):
            same(link(before.hash, row), row.hash, f"the hash at {row.position}")
            same(row.instant >= before.instant, True, "instants never go back")
        same(acme.verify().ok, True, "the chain")
        same(acme.verify(anchor=acme.anchor()).ok, True, "the chain with its anchor")

    def test_damage_behind_the_store_is_found(self) -> None:
        database = self.open()
        acme = self.company(database)
        for at in range(5):
            acme.apply(self.toys(acme).deposit("cash", eur(at)), key=f"k{at}")
        same(acme.verify().ok, True, "the chain before")
        self.damage(database)
        verdict = acme.verify()
        same((verdict.ok, verdict.position), (False, 3), "the chain after")

    def test_a_view_stays_as_it_was(self) -> None:
        acme = self.company()
        toys = self.toys(acme)
        acme.apply(toys.deposit("cash", eur(5)), key="d")
        acme.apply(toys.stack("lot", 5, eur(1)), key="s")
        acme.apply(toys.note("old", id="n"), key="n")
        view, before = acme.view(), seen_of(acme)
        acme.apply(toys.deposit("cash", eur(7)), key="d2")
        acme.apply(toys.take("lot", 5), key="t")
        acme.apply(toys.edit("n", "new"), key="e")
        same(view.balance("journal", "cash", CURRENCY).value, eur(5), "the balance seen")
        same([lot.amount for lot in view.lots("cost", POOL)], [Quantity(5, "piece")], "the lots seen")
        same(view.get(Note, "n").text, "old", "the note seen")
        same([one.id for one in view.find(Note, "text", "old")], ["n"], "the index seen")
        same(seen_of(acme.as_known(3)), before, "everything as known")

    def test_as_known_answers_never_change(self) -> None:
        """What was answered then, what is answered now about then, and what memory says after so many acts are the same."""
        acme, memory = self.company(), self.company(open_store("memory:"))
        seen, instants = [seen_of(acme)], []
        for act, key in story(acme):
            instants.append(acme.apply(act, key=key).instant)
            memory.apply(act, key=key)
            seen.append(seen_of(acme))
            _alike(seen_of(memory), seen[-1], f"memory at {acme.head}")
        for position, answer in enumerate(seen):
            _alike(seen_of(acme.as_known(position)), answer, f"as known at {position}")
        for position, instant in enumerate(instants, 1):
            last = max(at for at, one in enumerate(instants, 1) if one == instant)
            same(acme.as_known(instant).head, last, f"the head as known when {position} was recorded")

    def test_kept_totals_balances_and_lots_are_their_postings(self) -> None:
        acme = self.company()
        sound(acme)
        for act, key in story(acme):
            acme.apply(act, key=key)
            sound(acme)

    def test_totals_of_any_span_are_those_of_memory(self) -> None:
        theirs, memory = self.told(), self.company(open_store("memory:"))
        for act, key in story(memory):
            memory.apply(act, key=key)
        bounds = (None, date.min, date(2026, 1, 1), date(2026, 2, 15), date(9999, 12, 1), date.max)
        for begin, end in ((one, other) for one in bounds for other in bounds if not one or not other or one <= other):
            query = PostingQuery(book="journal", span=Span(begin, end))
            answers = [sorted(one.view().totals(query, by=("account", "unit"))) for one in (theirs, memory)]
            same(answers[0], answers[1], f"the totals from {begin} to {end}")

    def test_equal_acts_give_the_state_that_memory_has(self) -> None:
        theirs = self.told()
        memory = self.company(open_store("memory:"))
        for act, key in story(memory):
            memory.apply(act, key=key)
        same(theirs.state_hash(), memory.state_hash(), "the state hash")

    def test_a_fork_is_apart_until_it_is_applied_and_refused_when_stale(self) -> None:
        acme = self.company()
        toys = self.toys(acme)
        acme.apply(toys.deposit("cash", eur(8)), key="d")
        fork, late = acme.fork(), acme.fork()
        for one in (fork, late):
            one.apply(self.toys(one).half(source="cash", target="a"))
            one.apply(self.toys(one).half(source="cash", target="b"))
        same(acme.view().balance("journal", "cash", CURRENCY).value, eur(8), "the base")
        same(fork.view().balance("journal", "cash", CURRENCY).value, eur(2), "the fork")
        acme.apply(fork, key="fork")
        same(acme.view().balance("journal", "cash", CURRENCY).value, eur(2), "the base after")
        with refused(Stale):
            acme.apply(late, key="late")
        same(acme.apply(fork, key="fork").replayed, True, "the fork again")

    # -- kinds and people ----------------------------------------------------------------------------------------------

    def test_a_document_of_an_earlier_version_is_lifted_and_a_newer_one_refused(self) -> None:
        database = self.open()
        early = Company.create("acme", currency=CURRENCY, store=database, kinds=[MemoOne], actor="ann")
        early.apply(early.put(MemoOne(id="m", title="hello")), key="k")
        late = Company.open("acme", store=database, kinds=[MemoTwo], actor="ann")
        same(late.get(MemoTwo, "m").headline, "hello", "the lifted document")
        late.apply(late.put(MemoTwo(id="m2", headline="new")), key="k2")
        late.apply(late.put(MemoTwo(id="m", headline="hello", extra={"said": "twice"})), key="k3")
        for state in (late, late.as_known(late.head)):
            same([one.id for one in state.view().find(MemoTwo, "headline", "hello")], ["m"], "found by the new index")
        late.apply(late.put(MemoTwo(id="m", headline="bye")), key="k4")
        same([one.id for one in late.view().find(MemoTwo, "headline")], ["m", "m2"], "found by the new index")
        with refused(BizcoreError) as seen:
            early.get(MemoOne, "m2")
        same(seen[0].code, "newer_kind", "the refusal of a newer kind")
        same(late.verify().ok, True, "the chain")

    def test_an_erased_person_leaves_no_text_and_a_chain_that_verifies(self) -> None:
        database = self.open()
        acme = self.company(database)
        toys = self.toys(acme)
        acme.apply(toys.deposit("cash", eur(5)), key="d")
        acme.apply(toys.meet("p", "Canary Jones"), key="meet")
        acme.apply(toys.meet("q", "Grace"), key="meet other")
        same("Canary" in repr([self.raw_rows(database, table) for table in TABLES]), True, "the name before")
        acme.apply(acme.erase(Ref("toy_person", "p")), key="erase")
        verdict = acme.verify()
        same((verdict.ok, verdict.erased), (True, 2), "the chain, with body and intent erased")
        text = repr([self.raw_rows(database, table) for table in TABLES])
        same("Canary" in text, False, "the name in any raw row")
        same(list(acme.view().find(Person, "name", "Canary Jones")), [], "the index")
        with refused(BizcoreError) as seen:
            acme.get(Person, "p")
        same(seen[0].code, "erased", "the refusal")
        with refused(BizcoreError):
            acme.as_known(2).get(Person, "p")
        same([one.id for one in toys.people], ["q"], "who is still known")
        for name in ("Canary Jones", "Grace"):
            with refused(BizcoreError) as seen:
                acme.apply(toys.meet("p", name), key="meet")
            same(seen[0].code, "intent_erased", "the refusal of any act under the key")
        same(acme.apply(toys.meet("q", "Grace"), key="meet other").replayed, True, "the key of who is still known")

    def test_an_illegal_step_writes_nothing(self) -> None:
        acme = self.company()
        toys = self.toys(acme)
        acme.apply(toys.note("x", id="n"), key="n")
        acme.apply(toys.close("n"), key="c")
        with refused(IllegalStep):
            acme.apply(toys.edit("n", "y"), key="e")
        same(acme.head, 2, "the head")

    def told(self) -> Company:
        """A company after the contract's story."""
        acme = self.company()
        for act, key in story(acme):
            acme.apply(act, key=key)
        return acme


def _alike(found: Sequence[object], expected: Sequence[object], what: str) -> None:
    for at, (one, other) in enumerate(zip(found, expected, strict=True)):
        same(one, other, f"{what}, question {at}")
