"""Scenes of supply: for every verb one that tells it, and one that must be refused."""

from __future__ import annotations

from typing import Any, Final

from bizcore.change.act import Act
from bizcore.change.reading import PostingQuery
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.supply.counts import CountLine
from bizcore.supply.fulfilment import Delivery, DeliveryLine, LineQuantity
from bizcore.supply.movements import Issue, MoveLine, Receipt, Shipment
from bizcore.supply.purchasing import OrderLine, PurchaseOrder, ReceivedLine
from bizcore.supply.reservations import Reservation
from bizcore.testing.stories.teller import CURRENCY, Scenes, Teller, Wrongs

ITEM: Final = "bolt"
MAIN: Final = "main"
YARD: Final = "yard"


def receive(t: Teller) -> Receipt:
    """Goods come in at a cost, on a day of their own: later recordings may be of earlier days."""
    quantity = t.number(1, 20)
    made: Receipt = t.tell(t.supply.receive(ITEM, quantity, place=MAIN, on=t.day(), cost=t.money(5_000)))
    return made


def receive_lines(t: Teller) -> None:
    """Two items come in together."""
    goods = [MoveLine(item, t.number(1, 20), cost=t.money(5_000)) for item in (ITEM, "nut")]
    t.tell(t.supply.receive_lines(goods, place=MAIN, on=t.day()))


def there(t: Teller, place: str = MAIN) -> int:
    """How many bolts may leave a place."""
    view = t.company.view()
    kept = view.balance("stock", place, ITEM).amount, view.balance("reserved", place, ITEM).amount
    held, reserved = (one.scaled if isinstance(one, Quantity) else 0 for one in kept)
    return max(held - reserved, 0) // Quantity.SCALE


def leaving(t: Teller) -> tuple[int, str]:
    """Some of the bolts there are, and a day on which they are there; some come in when there are none."""
    if not there(t):
        receive(t)
    return t.number(1, there(t)), t.day(last_move(t))


def last_move(t: Teller) -> str:
    """The last day on which bolts moved or were kept."""
    view = t.company.view()
    rows = [row.on for book in ("stock", "reserved") for row in view.postings(PostingQuery(book=book, unit=ITEM))]
    return max(rows) if rows else t.open_from.isoformat()


def issue(t: Teller) -> Issue:
    """Goods go out."""
    quantity, on = leaving(t)
    made: Issue = t.tell(t.supply.issue(ITEM, quantity, place=MAIN, on=on))
    return made


def issue_lines(t: Teller) -> None:
    """Goods go out as lines."""
    quantity, on = leaving(t)
    t.tell(t.supply.issue_lines([MoveLine(ITEM, quantity)], place=MAIN, on=on))


def transfer(t: Teller) -> None:
    """Goods are carried to the yard."""
    quantity, on = leaving(t)
    t.tell(t.supply.transfer(ITEM, quantity, source=MAIN, target=YARD, on=on))


def adjust(t: Teller) -> None:
    """Some are found missing, or more than was thought."""
    quantity, on = leaving(t)
    t.tell(t.supply.adjust(ITEM, -quantity if t.coin() else quantity, place=MAIN, on=on))


def move(t: Teller) -> None:
    """Goods go to a customer by the general verb."""
    quantity, on = leaving(t)
    t.tell(t.supply.move(ITEM, quantity, source=MAIN, target=t.choose(("customer", YARD)), on=on))


def count(t: Teller) -> None:
    """Bolts are counted: as many as are kept for others, or more."""
    on = t.day(last_move(t))
    kept_back = t.company.view().balance("reserved", MAIN, ITEM).amount
    least = kept_back.scaled // Quantity.SCALE if isinstance(kept_back, Quantity) else 0
    t.tell(t.supply.count(ITEM, t.number(least, least + 20), place=MAIN, on=on))


def count_lines(t: Teller) -> None:
    """Two items are counted together where nothing is kept for others."""
    t.tell(
        t.supply.count_lines([CountLine(item, t.number(0, 20)) for item in ("pin", "rivet")], place=YARD, on=t.day())
    )


def set_standard(t: Teller) -> None:
    """What bolts are to cost from a day on."""
    t.tell(t.supply.set_standard(ITEM, t.money(5_000), since=t.day()))


def kept(t: Teller, *, until: bool = False) -> Reservation:
    """Goods are kept for a customer, for good or until a day."""
    quantity, on = leaving(t)
    last = on if until else None
    made: Reservation = t.tell(t.supply.reserve(ITEM, quantity, place=MAIN, on=on, for_="beta", until=last))
    return made


def release(t: Teller) -> None:
    """What is kept is let go."""
    found = t.some([one for one in t.all(Reservation) if one.left and one.state == "held"], lambda: kept(t))
    t.tell(t.supply.release(found.id, on=t.day(max(found.on, t.open_from))))


def expire(t: Teller) -> None:
    """What was kept until a day is let go on a later one."""
    found = kept(t, until=True)
    t.tell(t.supply.expire(found.id, on=_next(found.on.isoformat())))


def _next(on: str) -> str:
    from datetime import date, timedelta

    return (date.fromisoformat(on) + timedelta(days=1)).isoformat()


# -- purchase orders -------------------------------------------------------------------------------------------------


def purchase(t: Teller) -> PurchaseOrder:
    """What one orders: bolts, from the mill."""
    line = OrderLine(ITEM, t.number(1, 20), f"0.{t.number(10, 99)}")
    return PurchaseOrder(supplier="mill", on=t.day(), currency=CURRENCY, lines=[line])


def drafted(t: Teller) -> PurchaseOrder:
    """An order that is not sent yet."""
    made: PurchaseOrder = t.tell(t.supply.draft_order(purchase(t)))
    return made


def ordered(t: Teller) -> PurchaseOrder:
    """An order at once."""
    made: PurchaseOrder = t.tell(t.supply.order(purchase(t)))
    return made


def _awaited(t: Teller) -> PurchaseOrder:
    found = [one for one in t.all(PurchaseOrder, state="ordered") if not any(line.billed for line in one.lines)]
    return t.some(found, lambda: ordered(t))


def _untouched(t: Teller) -> PurchaseOrder:
    found = [one for one in t.all(PurchaseOrder, state="ordered") if not any(i.received or i.billed for i in one.lines)]
    return t.some(found, lambda: ordered(t))


def confirm_order(t: Teller) -> None:
    """What was drafted is ordered."""
    t.tell(t.supply.confirm_order(t.some(t.all(PurchaseOrder, state="draft"), lambda: drafted(t)).id))


def came(t: Teller) -> tuple[PurchaseOrder, Receipt]:
    """Goods of an order come, some of a line or all of it."""
    order = _awaited(t)
    open_ = int(order.lines[0].open)
    lines = [ReceivedLine(1, t.number(1, open_))] if t.coin() else ()
    made: Receipt = t.tell(t.supply.receive_order(order.id, lines, on=t.day(order.on), place=MAIN))
    return t.company.get(PurchaseOrder, order.id), made


def close_order(t: Teller) -> None:
    """Nothing more is expected of an order."""
    t.tell(t.supply.close_order(_awaited(t).id))


def cancel_order(t: Teller) -> None:
    """An order of which nothing came is called off."""
    t.tell(t.supply.cancel_order(_untouched(t).id))


# -- deliveries ------------------------------------------------------------------------------------------------------


def planned(t: Teller) -> Delivery:
    """What a customer is to get."""
    quantity, on = leaving(t)
    lines = [DeliveryLine(ITEM, quantity, MAIN)]
    made: Delivery = t.tell(t.supply.plan_delivery(lines, customer="beta", on=on))
    return made


def reserve_delivery(t: Teller) -> None:
    """Goods are kept for a delivery."""
    one = planned(t)
    t.tell(t.supply.reserve_delivery(one.id, on=t.day(one.on)))


def pick(t: Teller) -> None:
    """Goods are taken from the shelf for a delivery."""
    one = planned(t)
    t.tell(t.supply.pick(one.id, on=t.day(one.on)))


def shipped(t: Teller) -> Shipment:
    """Goods are sent, some of a line or all of it."""
    one = planned(t)
    lines = [LineQuantity(1, t.number(1, int(one.lines[0].open)))] if t.coin() else ()
    made: Shipment = t.tell(t.supply.ship(one.id, lines, on=t.day(one.on)))
    return made


def call_off(t: Teller) -> None:
    """Some of what was to be delivered is called off."""
    one = planned(t)
    t.tell(t.supply.call_off(one.id, line=1, quantity=t.number(1, int(one.lines[0].open)), on=t.day(one.on)))


def cancel_delivery(t: Teller) -> None:
    """All of what was to be delivered is called off."""
    one = planned(t)
    t.tell(t.supply.cancel_delivery(one.id, on=t.day(one.on)))


def take_back(t: Teller) -> None:
    """A customer sends goods back after others came at another cost; they come in at what they cost when they left."""
    gone = issue(t)
    if t.coin():
        receive(t)
    line = LineQuantity(1, t.number(1, int(gone.lines[0].quantity)))
    t.tell(t.supply.take_back(gone.id, [line], on=t.day(max(gone.on.isoformat(), last_move(t)))))


def return_to_vendor(t: Teller) -> None:
    """Goods go back to where they came from."""
    receipt = receive(t)
    t.tell(t.supply.return_to_vendor(receipt.id, on=t.day(last_move(t))))


# -- what must be refused --------------------------------------------------------------------------------------------


def _oversold(t: Teller) -> Act[Any]:
    receive(t)
    return t.supply.issue(ITEM, there(t) + t.number(1, 5), place=MAIN, on=t.day(last_move(t)))


def _too_early(t: Teller) -> Act[Any]:
    """All that is there leaves, on a day before it came."""
    return t.supply.issue("washer", 1, place=MAIN, on=t.day())


def _more_reserved(t: Teller) -> Act[Any]:
    receive(t)
    return t.supply.reserve(ITEM, there(t) + t.number(1, 5), place=MAIN, on=t.day(last_move(t)), for_="beta")


def _more_back(t: Teller) -> Act[Any]:
    gone = issue(t)
    more = LineQuantity(1, gone.lines[0].quantity + t.number(1, 5))
    return t.supply.take_back(gone.id, [more], on=t.day(last_move(t)))


def _more_to_vendor(t: Teller) -> Act[Any]:
    receipt = receive(t)
    more = LineQuantity(1, receipt.lines[0].quantity + t.number(1, 5))
    return t.supply.return_to_vendor(receipt.id, [more], on=t.day(last_move(t)))


def _more_received(t: Teller) -> Act[Any]:
    order = ordered(t)
    more = ReceivedLine(1, order.lines[0].quantity + t.number(1, 5))
    return t.supply.receive_order(order.id, [more], on=t.day(order.on), place=MAIN)


def _more_shipped(t: Teller) -> Act[Any]:
    one = planned(t)
    return t.supply.ship(one.id, [LineQuantity(1, one.lines[0].open + 1)], on=t.day(one.on))


def _called_off(t: Teller) -> str:
    one = planned(t)
    t.tell(t.supply.cancel_delivery(one.id, on=t.day(one.on)))
    return one.id


def _made_before(t: Teller) -> PurchaseOrder:
    one = ordered(t)
    t.tell(t.supply.cancel_order(one.id))
    return one


SCENES: Final[Scenes] = {
    "supply.receive": (receive,),
    "supply.issue": (issue,),
    "supply.take_back": (take_back,),
    "supply.transfer": (transfer,),
    "supply.adjust": (adjust,),
    "supply.move": (move,),
    "supply.count": (count,),
    "supply.count_lines": (count_lines,),
    "supply.set_standard": (set_standard,),
    "supply.receive_lines": (receive_lines,),
    "supply.issue_lines": (issue_lines,),
    "supply.reserve": (kept,),
    "supply.release": (release,),
    "supply.expire": (expire,),
    "supply.draft_order": (drafted,),
    "supply.order": (ordered,),
    "supply.confirm_order": (confirm_order,),
    "supply.receive_order": (came,),
    "supply.close_order": (close_order,),
    "supply.cancel_order": (cancel_order,),
    "supply.plan_delivery": (planned,),
    "supply.reserve_delivery": (reserve_delivery,),
    "supply.pick": (pick,),
    "supply.ship": (shipped,),
    "supply.call_off": (call_off,),
    "supply.cancel_delivery": (cancel_delivery,),
    "supply.return_to_vendor": (return_to_vendor,),
}

WRONG: Final[Wrongs] = {
    "supply.receive": (
        lambda t: t.supply.receive(ITEM, t.number(1, 5), place=MAIN, on=t.locked_day(), cost=t.money(5_000)),
    ),
    "supply.issue": (_oversold, _too_early),
    "supply.take_back": (_more_back,),
    "supply.transfer": (lambda t: t.supply.transfer("washer", 1, source=MAIN, target=YARD, on=t.day()),),
    "supply.adjust": (lambda t: t.supply.adjust("washer", -t.number(1, 5), place=MAIN, on=t.day()),),
    "supply.move": (lambda t: t.supply.move(ITEM, 1, source="supplier", target="customer", on=t.day()),),
    "supply.count": (lambda t: t.supply.count(ITEM, -t.number(1, 5), place=MAIN, on=t.day()),),
    "supply.count_lines": (
        lambda t: t.supply.count_lines([CountLine(ITEM, 1)], place="customer", on=t.day()),
        lambda t: t.supply.count_lines([CountLine(ITEM, 1), CountLine(ITEM, 2)], place=MAIN, on=t.day()),
    ),
    "supply.set_standard": (lambda t: t.supply.set_standard(ITEM, Money("1.00", "USD"), since=t.day()),),
    "supply.receive_lines": (
        lambda t: t.supply.receive_lines([MoveLine(ITEM, 1)], place=MAIN, on=t.day(), source=YARD),
    ),
    "supply.issue_lines": (lambda t: t.supply.issue_lines([MoveLine("washer", 1)], place=MAIN, on=t.day()),),
    "supply.reserve": (_more_reserved,),
    "supply.release": (lambda t: t.supply.release("no reservation", on=t.day()),),
    "supply.expire": (lambda t: t.supply.expire((one := kept(t)).id, on=t.day(one.on)),),
    "supply.draft_order": (lambda t: t.supply.draft_order(ordered(t)),),
    "supply.order": (lambda t: t.supply.order(ordered(t)),),
    "supply.confirm_order": (lambda t: t.supply.confirm_order(ordered(t).id),),
    "supply.receive_order": (_more_received, lambda t: t.supply.receive_order("no order", on=t.day(), place=MAIN)),
    "supply.close_order": (lambda t: t.supply.close_order(drafted(t).id),),
    "supply.cancel_order": (
        lambda t: t.supply.cancel_order(came(t)[0].id),
        lambda t: t.supply.cancel_order(_made_before(t).id),
    ),
    "supply.plan_delivery": (
        lambda t: t.supply.plan_delivery([DeliveryLine(ITEM, 2, MAIN, shipped=1)], customer="beta", on=t.day()),
    ),
    "supply.reserve_delivery": (lambda t: t.supply.reserve_delivery(_called_off(t), on=t.day()),),
    "supply.pick": (lambda t: t.supply.pick(_called_off(t), on=t.day()),),
    "supply.ship": (_more_shipped,),
    "supply.call_off": (lambda t: t.supply.call_off(planned(t).id, line=2, quantity=1, on=t.day(last_move(t))),),
    "supply.cancel_delivery": (lambda t: t.supply.cancel_delivery(_called_off(t), on=t.day()),),
    "supply.return_to_vendor": (_more_to_vendor,),
}
