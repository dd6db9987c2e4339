import json
from io import StringIO

from django.core.management import call_command
from django.test import TestCase

from shop.books import books, found
from shop.models import Order

ORDER = {
    "customer": "beta",
    "on": "2026-03-05",
    "lines": [{"text": "Chair", "quantity": "2", "price": "40.00", "tax": "S20"}],
}


class Orders(TestCase):
    @classmethod
    def setUpTestData(cls):
        found("acme")
        found("globex")

    def send(self, key, order=ORDER, token="token of ann"):
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        return self.client.post("/orders", json.dumps(order), content_type="application/json", headers=headers)

    def ask(self, path, token="token of ann"):
        return self.client.get(path, headers={"Authorization": f"Bearer {token}"})

    def test_the_same_key_gets_the_first_answer(self):
        first, again = self.send("k"), self.send("k")
        self.assertEqual((first.status_code, first.json()["replayed"]), (201, False))
        self.assertEqual(again.json(), {**first.json(), "replayed": True})
        self.assertEqual(books("acme", "test").head, 1)

    def test_another_order_under_the_key_is_refused(self):
        self.send("k")
        refused = self.send("k", {**ORDER, "customer": "gamma"})
        self.assertEqual((refused.status_code, refused.json()["code"]), (409, "key_reused"))
        self.assertEqual(Order.objects.get().customer, "beta")

    def test_a_refusal_takes_the_orders_row_back(self):
        acme = books("acme", "test")
        acme.apply(acme.finance.close_month("2026-03"), key="close")
        refused = self.send("k")
        self.assertEqual((refused.status_code, refused.json()["code"]), (409, "locked"))
        self.assertFalse(Order.objects.exists())

    def test_a_wrong_tenant_gets_nothing(self):
        self.send("k")
        self.assertEqual(self.ask("/orders/k").json()["value"]["customer"], "beta")
        self.assertEqual(self.ask("/orders/k", token="token of bob").status_code, 404)
        self.assertEqual(len(self.ask("/open").json()), 2)
        self.assertEqual([row["party"] for row in self.ask("/open", token="token of bob").json()], ["total"])
        self.assertEqual(self.ask("/open", token="").status_code, 401)
        self.assertEqual(self.send("k", token="token of bob").json()["replayed"], False)

    def test_what_is_no_order_is_told_by_its_path(self):
        wrong = self.send("k", {**ORDER, "lines": [{"text": "Chair", "price": 0.1}]})
        self.assertEqual((wrong.status_code, wrong.json()["detail"][0]["loc"][:3]), (422, ["lines", 0, "price"]))

    def test_a_night_that_runs_twice_posts_once(self):
        for _ in range(2):
            call_command("rent", "acme", "--on", "2026-03-31", stdout=StringIO())
        self.assertEqual(books("acme", "test").head, 1)
