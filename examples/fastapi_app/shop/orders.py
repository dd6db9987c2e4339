import random
import time
from collections.abc import Callable
from datetime import date
from typing import ParamSpec, TypeVar

from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session as OrmSession

from bizcore.finance import Invoice, Line
from bizcore.store.port import RunAgain
from shop.database import Order, Session, acme

AGAIN = (RunAgain, OperationalError, IntegrityError)
TRIES = 5
P = ParamSpec("P")
R = TypeVar("R")


class NewOrder(BaseModel):
    customer: str
    on: date
    lines: list[Line]


class Placed(BaseModel):
    key: str
    invoice: str
    replayed: bool


def run_again(work: Callable[P, R]) -> Callable[P, R]:
    """Run a whole transaction again when the database wants it."""

    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        tries = 0
        while True:
            try:
                return work(*args, **kwargs)
            except AGAIN:
                tries += 1
                if tries == TRIES:
                    raise
                time.sleep(random.uniform(0, 0.1))

    return run


def write(session: OrmSession, new: NewOrder, key: str) -> Placed:
    invoice = Invoice(customer=new.customer, on=new.on, currency="EUR", lines=new.lines)
    order = session.get(Order, key)
    if order is None:
        order = Order(key=key, customer=new.customer, invoice="")
        session.add(order)
        session.flush()
    books = acme().bind(session.connection())
    done = books.apply(books.finance.issue(invoice), key=f"order {key}")
    order.invoice = done.value.number
    return Placed(key=key, invoice=done.value.number, replayed=done.replayed)


@run_again
def place(new: NewOrder, key: str) -> Placed:
    with Session.begin() as session:
        return write(session, new, key)
