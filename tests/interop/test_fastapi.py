"""A host's application: values are bodies, fields and responses; problems come back as 422 with their paths."""

import json
from typing import Annotated, Any
from urllib.parse import quote

import pytest
from fastapi import Body, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel

from bizcore.change.act import Act
from bizcore.change.changes import Changes
from bizcore.change.committed import Committed
from bizcore.company import Company
from bizcore.finance import Invoice, Line
from bizcore.interop import act_type
from bizcore.kernel.codec import plain
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.money import Money
from bizcore.kernel.table import Table

BILL = Invoice(customer="beta", on="2026-03-05", currency="EUR", lines=[Line("Workshop", 2, "1500.00", tax="S20")])
STATUS = {"invalid": 422, "not_found": 404, "refused": 409, "conflict": 409, "unavailable": 503}


class Offer(BaseModel):
    """A host's own model."""

    title: str
    total: Money
    lines: list[Line] = []
    draft: Invoice | None = None


def application(acme: Company) -> FastAPI:
    app = FastAPI()
    AcmeAct: Any = act_type(acme)  # noqa: N806 - a type

    @app.exception_handler(BizcoreError)
    def refused(_: Request, error: BizcoreError) -> JSONResponse:
        body = error.to_dict()
        return JSONResponse(body, status_code=STATUS.get(str(body["family"]), 500))

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        """Without the inputs: they may be private, and a bare NaN cannot be shown in JSON."""
        told = [{name: one[name] for name in ("type", "loc", "msg", "ctx") if name in one} for one in error.errors()]
        return JSONResponse({"detail": told}, status_code=422)

    @app.post("/totals")
    def totals(invoice: Annotated[Invoice, Body()]) -> dict[str, Money]:
        return {"net": invoice.net, "tax": invoice.tax, "gross": invoice.gross}

    @app.post("/offers")
    def offers(offer: Offer) -> Offer:
        return offer

    @app.post("/plan")
    def plan(act: AcmeAct) -> Changes[Any]:
        return acme.plan(act)

    @app.post("/apply")
    def apply(act: AcmeAct, idempotency_key: Annotated[str, Header()]) -> Committed[Any]:
        return acme.apply(act, key=idempotency_key)

    @app.post("/invoices")
    def issue(invoice: Annotated[Invoice, Body()]) -> Committed[Invoice]:
        return acme.apply(acme.finance.issue(invoice))

    @app.get("/invoices/{id:path}")
    def invoice(id: str) -> Invoice:
        return acme.finance.invoices[id]

    @app.get("/balance-sheet")
    def balance_sheet() -> Table:
        return acme.finance.balance_sheet()

    return app


@pytest.fixture
def acme() -> Company:
    return Company.create("acme", currency="EUR")


@pytest.fixture
def client(acme: Company) -> TestClient:
    return TestClient(application(acme))


def test_a_value_is_a_body_and_a_response(client: TestClient) -> None:
    done = client.post("/totals", json=plain(BILL))
    assert done.status_code == 200
    assert done.json() == {name: {"amount": text, "currency": "EUR"} for name, text in (("net", "3000.00"), ("tax", "600.00"), ("gross", "3600.00"))}  # fmt: skip


def test_a_hosts_model_holds_values(client: TestClient) -> None:
    offer = Offer(title="Spring", total=Money("5.00", "EUR"), lines=[Line("x", 2, "1.50")], draft=BILL)
    assert Offer.model_validate_json(offer.model_dump_json()) == offer
    assert offer.model_dump()["total"] is offer.total
    done = client.post("/offers", json=offer.model_dump(mode="json"))
    assert (done.status_code, done.json()) == (200, offer.model_dump(mode="json"))
    assert done.json()["draft"] == plain(BILL)


def test_problems_are_told_with_their_paths(client: TestClient) -> None:
    bad = {
        "title": "x",
        "total": {"amount": "1.234", "currency": "EUR"},
        "lines": [{"text": "x", "price": 1.5}, {"price": "NaN", "paid": 1}],
    }
    done = client.post("/offers", json=bad)
    assert done.status_code == 422
    assert [(one["type"], one["loc"]) for one in done.json()["detail"]] == [
        ("too_fine", ["body", "total"]),
        ("invalid_amount", ["body", "lines", 0, "price"]),
        ("missing", ["body", "lines", 1, "text"]),
        ("invalid_amount", ["body", "lines", 1, "price"]),
        ("extra_forbidden", ["body", "lines", 1, "paid"]),
    ]
    assert done.json()["detail"][0]["ctx"] == {"value": "1.234", "unit": "EUR", "places": 2}
    unlike = client.post("/totals", json=plain(BILL) | {"lines": []})  # type: ignore[operator]
    assert [(one["type"], one["loc"]) for one in unlike.json()["detail"]] == [("no_lines", ["body"])]


def test_an_act_is_planned_and_applied_once(client: TestClient, acme: Company) -> None:
    act = acme.finance.issue(BILL)
    planned = client.post("/plan", json=act.to_plain())
    assert planned.status_code == 200
    assert planned.json()["act"] == act.to_plain()
    assert [one["kind"] for one in planned.json()["documents"]] == ["invoice"]
    assert acme.head == 0
    first, again = (
        client.post("/apply", json=act.to_plain(), headers={"Idempotency-Key": "order 4711"}) for _ in range(2)
    )
    assert first.json()["value"]["number"] == "INV-2026-000001"
    assert (first.json()["replayed"], again.json()["replayed"]) == (False, True)
    assert first.json()["position"] == again.json()["position"] == acme.head == 1
    found = client.get(f"/invoices/{quote(first.json()['value']['id'])}")
    assert found.json() == first.json()["value"]
    assert {"line": "trade_receivables"}.items() <= client.get("/balance-sheet").json()[0].items()


def test_the_problems_of_an_act_lie_below_its_arguments(client: TestClient) -> None:
    wrong = {
        "act": "finance.collect",
        "arguments": {"amount": {"amount": "1", "currency": "EURO"}, "customer": 5, "why": ""},
    }
    done = client.post("/plan", json=wrong)
    assert {(one["type"], *one["loc"]) for one in done.json()["detail"]} == {
        ("unknown_currency", "body", "arguments", "amount", "currency"),
        ("invalid_text", "body", "arguments", "customer"),
        ("missing", "body", "arguments", "on"),
        ("extra_forbidden", "body", "arguments", "why"),
    }
    put = {"act": "put", "arguments": {"kind": "item", "document": {"id": 5, "base": "piece"}}}
    assert {tuple(one["loc"]) for one in client.post("/plan", json=put).json()["detail"]} >= {
        ("body", "arguments", "document", "id")
    }
    for other, code in (
        ({"act": "finance.nothing", "arguments": {}}, "unknown_act"),
        ([], "bad_arguments"),
        (5, "wrong_type"),
    ):
        assert [one["type"] for one in client.post("/plan", json=other).json()["detail"]] == [code]


def test_a_refusal_is_its_own_body(client: TestClient) -> None:
    missing = client.get("/invoices/nobody")
    assert missing.status_code == 404
    assert missing.json()["facts"] == {"kind": "invoice", "id": "nobody"}


def test_the_openapi_document_holds_the_schemas(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert {"Invoice-Input", "Invoice-Output", "Line-Input", "Money-Output", "Offer-Input", "Rounding"} <= set(schemas)
    assert schemas["Invoice-Input"]["description"] == "What a customer owes for what was sold."
    body = document["paths"]["/plan"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    names = body["discriminator"]["mapping"]
    assert {"finance.issue", "supply.receive", "sfa.quote", "put", "erase"} <= set(names)
    assert schemas[names["finance.issue"].rpartition("/")[2]]["properties"]["act"]["const"] == "finance.issue"
    links = set(json.dumps(document).split('"#/components/schemas/')[1:])
    assert {one.partition('"')[0] for one in links} <= set(schemas)


def test_an_act_of_no_company_is_given_and_not_read(acme: Company) -> None:
    class Queue(BaseModel):
        waiting: list[Act[Any]]

    act = acme.finance.issue(BILL)
    assert Queue(waiting=[act]).model_dump(mode="json") == {"waiting": [act.to_plain()]}
    with pytest.raises(ValueError, match="given and not read"):
        Queue.model_validate({"waiting": [act.to_plain()]})


def test_a_body_with_a_number_that_is_none_is_told_too(client: TestClient) -> None:
    """Python's JSON reads a bare NaN, which no answer in JSON can show again; hence the handler that leaves inputs out."""
    for wrong in ("NaN", "1E+1000000", "9" * 400):
        done = client.post("/totals", json=plain(BILL) | {"lines": [{"text": "x", "price": wrong}]})  # type: ignore[operator]
        assert [(one["type"], one["loc"]) for one in done.json()["detail"]] == [
            ("invalid_amount", ["body", "lines", 0, "price"])
        ]
    bare = '{"customer": "beta", "on": "2026-03-05", "currency": "EUR", "lines": [{"text": "x", "price": NaN}]}'
    done = client.post("/totals", content=bare, headers={"Content-Type": "application/json"})
    assert [(one["type"], one["loc"]) for one in done.json()["detail"]] == [
        ("invalid_amount", ["body", "lines", 0, "price"])
    ]
