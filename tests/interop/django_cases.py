"""Cases for the project of docs/how-to/django.md, run by its own `manage.py test`: what can go wrong around a company in `atomic`."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import skipUnless

from django.db import connection, connections, transaction
from django.http import HttpRequest, JsonResponse
from django.test import TestCase, TransactionTestCase, override_settings
from django.urls import path

from bizcore import Company, Money, open_store
from bizcore.book.entry import Entry, credit, debit
from bizcore.finance.chart import AccountUnknown
from bizcore.store.bound import Autocommit, CannotBind, TransactionEnded
from bizcore.store.host import HostStore
from bizcore.testing.sound import sound
from shop.books import books, found, run_again
from shop.management.commands.relay import hand_on
from shop.models import Order
from shop.views import NewOrder, place


class Boom(Exception):
    """Something of the host's fails."""


ONE = Money("1.00", "EUR")
NEW = NewOrder.model_validate({"customer": "beta", "on": "2026-03-05", "lines": [{"text": "Chair", "price": "40.00"}]})


def post(acme: Company, key: str) -> Any:
    entry = Entry("2026-03-05", [debit("6000", ONE), credit("1000", ONE)])
    return acme.apply(acme.finance.post(entry), key=key)


def wrong(acme: Company) -> None:
    post_to_nowhere = Entry("2026-03-05", [debit("nowhere", ONE), credit("1000", ONE)])
    acme.apply(acme.finance.post(post_to_nowhere), key="wrong")


def order(company: str, key: str) -> None:
    Order.objects.create(company=company, key=key, customer="beta", invoice="")


def keys(company: str) -> list[str]:
    return sorted(Order.objects.filter(company=company).values_list("key", flat=True))


@run_again
def log_of(company: str) -> list[tuple[int, str]]:
    return [(one.position, one.key) for one in books(company, "ann").log()]


def fails_after_writing(request: HttpRequest) -> JsonResponse:
    order(request.headers["Company"], "k")
    post(books(request.headers["Company"], "ann"), "k")
    if "fail" in request.GET:
        wrong(books(request.headers["Company"], "ann"))
    return JsonResponse({})


urlpatterns = [path("fails", fails_after_writing)]


class Committing(TransactionTestCase):
    """Each test has a company of its own, because what is committed stays."""

    def setUp(self) -> None:
        self.company = self.id().rpartition(".")[2]
        found(self.company)

    def at_once(self, work: Callable[[int], Any], count: int = 4) -> list[Any]:
        def one(number: int) -> Any:
            try:
                return work(number)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, range(count)))

    def test_outside_atomic_is_refused(self) -> None:
        with self.assertRaises(Autocommit):
            HostStore(connection)
        with transaction.atomic():
            kept = books(self.company, "ann")
        with self.assertRaises(TransactionEnded):
            post(kept, "k")
        with self.assertRaises(TransactionEnded):
            _ = kept.head
        with transaction.atomic():
            post(books(self.company, "ann"), "k")
        self.assertEqual(log_of(self.company), [(1, "k")])

    def test_an_exception_takes_both_back(self) -> None:
        with self.assertRaises(Boom), transaction.atomic():
            order(self.company, "k")
            post(books(self.company, "ann"), "k")
            raise Boom
        self.assertEqual((log_of(self.company), keys(self.company)), ([], []))

    def test_a_caught_refusal_leaves_the_transaction_usable(self) -> None:
        with transaction.atomic():
            acme = books(self.company, "ann")
            order(self.company, "a")
            with self.assertRaises(AccountUnknown):
                wrong(acme)
            order(self.company, "b")
            post(acme, "k")
        self.assertEqual((log_of(self.company), keys(self.company)), ([(1, "k")], ["a", "b"]))

    def test_a_nested_atomic_goes_alone(self) -> None:
        with transaction.atomic():
            acme = books(self.company, "ann")
            post(acme, "outer")
            order(self.company, "outer")
            with self.assertRaises(Boom), transaction.atomic():
                post(acme, "inner")
                order(self.company, "inner")
                raise Boom
            self.assertEqual(acme.head, 1)
            with transaction.atomic():
                post(acme, "second")
        self.assertEqual((log_of(self.company), keys(self.company)), ([(1, "outer"), (2, "second")], ["outer"]))

    def test_on_commit_runs_when_it_is_there_and_not_otherwise(self) -> None:
        seen: list[Any] = []
        for fails in (True, False):
            try:
                with transaction.atomic():
                    post(books(self.company, "ann"), "k")
                    transaction.on_commit(lambda: seen.append(log_of(self.company)))
                    if fails:
                        raise Boom
            except Boom:
                self.assertEqual(seen, [])
        self.assertEqual(seen, [[(1, "k")]])

    def test_atomic_requests(self) -> None:
        settings = connection.settings_dict
        self.addCleanup(settings.__setitem__, "ATOMIC_REQUESTS", settings["ATOMIC_REQUESTS"])
        settings["ATOMIC_REQUESTS"] = True
        headers = {"Company": self.company, "Authorization": "Bearer token of ann"}
        with override_settings(ROOT_URLCONF=__name__):
            refused = self.client.get("/fails?fail", headers=headers)
            self.assertEqual((refused.status_code, refused.json()["code"]), (404, "account_unknown"))
            self.assertEqual((log_of(self.company), keys(self.company)), ([], []))
            self.assertEqual(self.client.get("/fails", headers=headers).status_code, 200)
        self.assertEqual((log_of(self.company), keys(self.company)), ([(1, "k")], ["k"]))

    def test_one_order_from_many_at_once_is_one(self) -> None:
        answers = self.at_once(lambda _: place(self.company, "ann", "k", NEW))
        self.assertEqual(sorted(one["replayed"] for one in answers), [False, True, True, True])
        self.assertEqual((log_of(self.company), keys(self.company)), ([(1, "order k")], ["k"]))

    def test_many_orders_at_once_are_numbered_without_a_gap(self) -> None:
        self.at_once(lambda number: [place(self.company, "ann", f"{number}.{i}", NEW) for i in range(5)])
        numbers = sorted(Order.objects.filter(company=self.company).values_list("invoice", flat=True))
        self.assertEqual(numbers, [f"INV-2026-{n:06}" for n in range(1, 21)])
        with transaction.atomic():
            sound(books(self.company, "ann"))

    def test_a_relay_that_crashes_loses_nothing_and_says_which_are_the_same(self) -> None:
        with transaction.atomic():
            acme = books(self.company, "ann")
            for number in range(5):
                post(acme, f"k{number}")
        heard: list[str] = []

        def crash(message: dict[str, Any]) -> None:
            heard.append(message["id"])
            if message["id"].endswith("/3"):
                raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            hand_on(self.company, crash)
        hand_on(self.company, lambda message: heard.append(message["id"]))
        self.assertEqual(hand_on(self.company, crash), 0)
        self.assertEqual(list(dict.fromkeys(heard)), [f"{self.company}/{n}" for n in range(1, 6)])
        self.assertEqual(len(heard), 8)

    def test_a_relay_beside_writers_misses_nothing_and_keeps_the_order(self) -> None:
        heard: list[str] = []
        done = threading.Event()

        def relay() -> None:
            while hand_on(self.company, lambda message: heard.append(message["key"])) or not done.is_set():
                pass

        def write(number: int) -> None:
            for one in range(5):
                place(self.company, "ann", f"{number}.{one}", NEW)

        def either(number: int) -> None:
            if number < 2:
                relay()
                return
            try:
                write(number)
            finally:
                finished.append(number)
                if len(finished) == 2:
                    done.set()

        finished: list[int] = []
        self.at_once(either)
        self.assertEqual(list(dict.fromkeys(heard)), [key for _, key in log_of(self.company)])
        self.assertEqual(len(set(heard)), 10)

    @skipUnless(connection.vendor == "postgresql", "SQLite has no snapshot that somebody else writes behind")
    def test_a_transaction_that_must_run_again_does(self) -> None:
        tries: list[int] = []

        @run_again
        def work() -> int:
            tries.append(1)
            if len(tries) == 1:
                with connection.cursor() as cursor:
                    cursor.execute("set transaction isolation level repeatable read")
            acme = books(self.company, "ann")
            if len(tries) == 1:
                self.at_once(lambda _: run_again(lambda: post(books(self.company, "bob"), "theirs"))(), count=1)
            return int(post(acme, "ours").position)

        self.assertEqual((work(), len(tries)), (2, 2))

    @skipUnless(connection.vendor == "postgresql", "a file sends nobody away")
    def test_a_server_that_sends_everybody_away_is_come_back_to(self) -> None:
        def send_away(pid: int) -> None:
            with connection.cursor() as cursor:
                cursor.execute("select pg_terminate_backend(%s)", [pid])

        tries: list[int] = []

        @run_again
        def work() -> None:
            tries.append(1)
            order(self.company, "k")
            if len(tries) < 3:
                pid = connection.connection.info.backend_pid
                if len(tries) == 1:
                    self.at_once(lambda _: send_away(pid), count=1)
                    post(books(self.company, "ann"), "k")
                post(books(self.company, "ann"), "k")
                self.at_once(lambda _: send_away(pid), count=1)
            post(books(self.company, "ann"), "k")

        work()
        self.assertEqual((log_of(self.company), keys(self.company), len(tries)), ([(1, "k")], ["k"], 3))

    def test_a_company_opened_elsewhere_is_bound(self) -> None:
        name = connection.settings_dict["NAME"]
        if connection.vendor == "sqlite":
            database: Any = open_store(f"sqlite:///{name}")
        else:
            database = open_store(f"postgresql:///{name}")
        self.addCleanup(database.close)
        acme = Company.open(self.company, store=database, actor="ann")
        with self.assertRaises(Autocommit):
            acme.bind(connection)
        for fails in (True, False):
            try:
                with transaction.atomic():
                    order(self.company, "k")
                    bound = acme.bind(connection)
                    post(bound, "k")
                    with self.assertRaises(AccountUnknown):
                        wrong(bound)
                    with self.assertRaises(CannotBind):
                        bound.bind(connection)
                    if fails:
                        raise Boom
            except Boom:
                self.assertEqual((acme.head, keys(self.company)), (0, []))
        self.assertEqual((acme.head, keys(self.company)), (1, ["k"]))
        sound(acme)


class Wrapped(TestCase):
    """Django's own transaction around each test: both tests find nothing of the other."""

    @classmethod
    def setUpTestData(cls) -> None:
        found("wrapped")

    def test_one(self) -> None:
        post(books("wrapped", "ann"), "k")
        self.assertEqual(log_of("wrapped"), [(1, "k")])

    test_two = test_one

    def test_on_commit_is_captured(self) -> None:
        with self.captureOnCommitCallbacks(execute=True) as callbacks, transaction.atomic():
            post(books("wrapped", "ann"), "k")
            transaction.on_commit(lambda: json.dumps(log_of("wrapped")))
        self.assertEqual(len(callbacks), 1)
