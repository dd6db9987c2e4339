from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated

from fastapi import Body, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from bizcore import BizcoreError, Money, Table
from bizcore.finance import Invoice
from shop.database import acme, engine
from shop.orders import NewOrder, Placed, place

STATUS = {"invalid": 422, "not_found": 404, "refused": 409, "conflict": 409, "unavailable": 503}


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    acme()  # refuses to start without tables, instead of failing at the first order
    yield
    engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.exception_handler(BizcoreError)
def refused(_: Request, error: BizcoreError) -> JSONResponse:
    body = error.to_dict()
    again = {"Retry-After": "1"} if getattr(error, "retry", False) else {}
    return JSONResponse(body, status_code=STATUS.get(str(body["family"]), 500), headers=again)


@app.exception_handler(RequestValidationError)
def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    """Without what was sent: it may be private."""
    told = [{name: one[name] for name in ("type", "loc", "msg", "ctx") if name in one} for one in error.errors()]
    return JSONResponse({"detail": told}, status_code=422)


@app.post("/orders", status_code=201)
def new_order(new: NewOrder, idempotency_key: Annotated[str, Header()]) -> Placed:
    return place(new, idempotency_key)


@app.post("/totals")
def totals(invoice: Annotated[Invoice, Body()]) -> dict[str, Money]:
    return {"net": invoice.net, "tax": invoice.tax, "gross": invoice.gross}


@app.get("/invoices/{key}")
def invoice_of(key: str) -> Invoice:
    known = acme().committed(f"order {key}")
    return known.value


@app.get("/balance-sheet")
def balance_sheet(at: date | None = None) -> Table:
    return acme().finance.balance_sheet(at=at)


@app.get("/open")
def open_invoices() -> Table:
    return acme().finance.receivable_aging()
