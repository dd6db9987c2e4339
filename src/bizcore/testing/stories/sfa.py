"""Scenes of sales: for every verb one that tells it, and one that must be refused."""

from __future__ import annotations

from typing import Final

from bizcore.sfa.leads import Lead
from bizcore.sfa.opportunities import ForecastCategory, Opportunity
from bizcore.sfa.orders import Figures, Order, OrderLine
from bizcore.sfa.quotes import Quote, QuoteLine
from bizcore.testing.stories.teller import CURRENCY, Scenes, Teller, Wrongs

# -- leads -----------------------------------------------------------------------------------------------------------


def capture(t: Teller) -> Lead:
    """Somebody asks."""
    made: Lead = t.tell(t.sfa.capture(Lead(name="Ada", on=t.day())))
    return made


def work(t: Teller) -> Lead:
    """Somebody answers."""
    made: Lead = t.tell(t.sfa.work(t.some(t.all(Lead, state="new"), lambda: capture(t)).id))
    return made


def qualify(t: Teller) -> Lead:
    """It is worth a deal."""
    lead = t.some(t.all(Lead, state=("working", "new")), lambda: capture(t))
    made: Lead = t.tell(t.sfa.qualify(lead.id, on=t.day(lead.on)))
    return made


def disqualify(t: Teller) -> Lead:
    """It is not."""
    lead = t.some(t.all(Lead, state=("new", "working", "qualified")), lambda: capture(t))
    made: Lead = t.tell(t.sfa.disqualify(lead.id, reason="no budget"))
    return made


def archive(t: Teller) -> Lead:
    """It is put away."""
    lead = t.some(t.all(Lead, state=("new", "working", "disqualified")), lambda: capture(t))
    made: Lead = t.tell(t.sfa.archive(lead.id))
    return made


def convert(t: Teller) -> Lead:
    """A qualified lead becomes a customer with a deal."""
    lead = t.some(t.all(Lead, state="qualified"), lambda: qualify(t))
    t.tell(t.sfa.convert(lead.id, on=t.day(lead.qualified_on), opportunity="deal", amount=t.money()))
    return lead


# -- deals -----------------------------------------------------------------------------------------------------------


def opened(t: Teller) -> Opportunity:
    """A deal begins."""
    deal = Opportunity(customer="beta", name="deal", on=t.day(), amount=t.money())
    made: Opportunity = t.tell(t.sfa.open_opportunity(deal))
    return made


def deal(t: Teller) -> Opportunity:
    """A deal that is open: one there is, or a new one."""
    return t.some(t.all(Opportunity, state="open"), lambda: opened(t))


def revise_opportunity(t: Teller) -> None:
    """It is worth something else than was thought."""
    t.tell(t.sfa.revise_opportunity(deal(t).id, amount=t.money()))


def advance(t: Teller) -> None:
    """It comes nearer."""
    one = deal(t)
    t.tell(t.sfa.advance(one.id, stage=t.choose(("proposal", "negotiation")), on=t.day(one.on)))


def pin(t: Teller) -> None:
    """Somebody knows better how likely it is."""
    t.tell(t.sfa.pin(deal(t).id, probability=t.number(0, 100)))


def count_as(t: Teller) -> None:
    """Somebody counts on it."""
    t.tell(t.sfa.count_as(deal(t).id, category=t.choose((ForecastCategory.COMMIT, ForecastCategory.BEST_CASE))))


def win(t: Teller) -> Opportunity:
    """It is won."""
    one = deal(t)
    made: Opportunity = t.tell(t.sfa.win(one.id, on=t.day(one.on)))
    return made


def lose(t: Teller) -> Opportunity:
    """It is lost."""
    one = deal(t)
    made: Opportunity = t.tell(t.sfa.lose(one.id, on=t.day(one.on), reason="price"))
    return made


def reopen(t: Teller) -> None:
    """A lost deal comes back."""
    ordered = {ref.id for order in t.all(Order) for ref in order.origins}
    lost = [one for one in t.all(Opportunity, state="lost") if one.id not in ordered]
    t.tell(t.sfa.reopen(t.some(lost, lambda: lose(t)).id))


# -- quotes ----------------------------------------------------------------------------------------------------------


def quoted(t: Teller) -> Quote:
    """Something is offered."""
    lines = [QuoteLine("Service", t.number(1, 5), t.price(), tax="S20")]
    made: Quote = t.tell(t.sfa.quote(Quote(customer="beta", on=t.day(), currency=CURRENCY, lines=lines)))
    return made


def sent(t: Teller) -> Quote:
    """An offer is sent."""
    made: Quote = t.tell(t.sfa.send(t.some(t.all(Quote, state="draft"), lambda: quoted(t)).id))
    return made


def _sent(t: Teller) -> Quote:
    return t.some([one for one in t.all(Quote, state="sent") if one.valid_until is None], lambda: sent(t))


def accepted(t: Teller) -> Quote:
    """An offer is accepted."""
    one = _sent(t)
    made: Quote = t.tell(t.sfa.accept(one.id, on=t.day(one.on)))
    return made


def declined(t: Teller) -> Quote:
    """An offer is declined."""
    made: Quote = t.tell(t.sfa.decline(_sent(t).id))
    return made


def expire(t: Teller) -> None:
    """An offer's last day is over."""
    lines = [QuoteLine("Service", 1, t.price())]
    on = t.day()
    offer = Quote(customer="beta", on=on, currency=CURRENCY, lines=lines, valid_until=on)
    made = t.tell(t.sfa.quote(offer))
    t.tell(t.sfa.send(made.id))
    t.tell(t.sfa.expire(made.id, on=f"{int(on[:4]) + 1}{on[4:8]}01"))


def revised(t: Teller) -> Quote:
    """Something else is offered instead of what is out."""
    one = sent(t)
    lines = [QuoteLine("Service", t.number(1, 5), t.price(), tax="S20")]
    made: Quote = t.tell(t.sfa.revise(one.id, on=t.day(one.on), lines=lines))
    return made


def redraft(t: Teller) -> None:
    """An offer nobody has seen becomes another."""
    one = t.some(t.all(Quote, state="draft"), lambda: quoted(t))
    t.tell(t.sfa.redraft(one.id, lines=[QuoteLine("Service", t.number(1, 5), t.price(), tax="S20")]))


def withdraw(t: Teller) -> Quote:
    """An offer nobody has seen is given up."""
    made: Quote = t.tell(t.sfa.withdraw(t.some(t.all(Quote, state="draft"), lambda: quoted(t)).id))
    return made


def expire_all(t: Teller) -> None:
    """Every offer whose last day is over is closed."""
    t.tell(t.sfa.expire_all(on=t.day()))


# -- orders ----------------------------------------------------------------------------------------------------------


def taken(t: Teller, *, item: str | None = None, quantity: int | None = None) -> Order:
    """A customer orders a service, or goods."""
    lines = [OrderLine("Service", quantity or t.number(1, 5), t.price(), tax="S20", item=item)]
    made: Order = t.tell(t.sfa.take_order(Order(customer="beta", on=t.day(), currency=CURRENCY, lines=lines)))
    return made


def order(t: Teller) -> None:
    """An accepted quote becomes an order."""
    one = t.some(t.all(Quote, state="accepted"), lambda: accepted(t))
    t.tell(t.sfa.order(one.id, on=t.day(one.accepted_on)))


def stated(t: Teller, *, state: str = "open") -> Order:
    """An order that the books hold nothing else of: its figures are stated."""
    view = t.company.view()
    found = [one for one in t.all(Order, state=state) if not view.origin_of(one.ref)]
    return t.some(found, lambda: taken(t))


def amend(t: Teller) -> None:
    """Another quantity is agreed."""
    t.tell(t.sfa.amend(stated(t).id, line=1, quantity=t.number(1, 9), delivered=0, billed=0))


def cancel(t: Teller) -> None:
    """An order is called off."""
    one = stated(t)
    t.tell(t.sfa.cancel(one.id, delivered=0, billed=0, on=t.day(one.on)))


def short_closed(t: Teller) -> Order:
    """An order ends with what was billed of it."""
    one = stated(t)
    made: Order = t.tell(t.sfa.short_close(one.id, delivered={"1": 0}, billed={"1": 0}))
    return made


def complete(t: Teller) -> None:
    """An order ends with all of it billed."""
    one = stated(t)
    figures = {}
    for at, line in enumerate(one.lines, 1):
        done = line.quantity - line.cancelled
        shipped = done if line.item else 0
        figures[one.line_ref(at)] = Figures(shipped=shipped, billed=done, cancelled=line.cancelled)
    t.tell(t.sfa.complete(one.id, figures=figures))


def reopen_order(t: Teller) -> None:
    """An order that was closed goes on."""
    t.tell(t.sfa.reopen_order(t.some(t.all(Order, state="closed"), lambda: short_closed(t)).id))


SCENES: Final[Scenes] = {
    "sfa.take_order": (taken,),
    "sfa.capture": (capture,),
    "sfa.work": (work,),
    "sfa.qualify": (qualify,),
    "sfa.disqualify": (disqualify,),
    "sfa.archive": (archive,),
    "sfa.convert": (convert,),
    "sfa.open_opportunity": (opened,),
    "sfa.revise_opportunity": (revise_opportunity,),
    "sfa.advance": (advance,),
    "sfa.pin": (pin,),
    "sfa.count_as": (count_as,),
    "sfa.win": (win,),
    "sfa.lose": (lose,),
    "sfa.reopen": (reopen,),
    "sfa.quote": (quoted,),
    "sfa.send": (sent,),
    "sfa.accept": (accepted,),
    "sfa.decline": (declined,),
    "sfa.expire": (expire,),
    "sfa.expire_all": (expire_all,),
    "sfa.revise": (revised,),
    "sfa.redraft": (redraft,),
    "sfa.withdraw": (withdraw,),
    "sfa.order": (order,),
    "sfa.amend": (amend,),
    "sfa.cancel": (cancel,),
    "sfa.short_close": (short_closed,),
    "sfa.complete": (complete,),
    "sfa.reopen_order": (reopen_order,),
}

WRONG: Final[Wrongs] = {
    "sfa.take_order": (lambda t: t.sfa.take_order(taken(t)),),
    "sfa.capture": (lambda t: t.sfa.capture(capture(t)),),
    "sfa.work": (lambda t: t.sfa.work(qualify(t).id),),
    "sfa.qualify": (lambda t: t.sfa.qualify(disqualify(t).id, on=t.day()),),
    "sfa.disqualify": (lambda t: t.sfa.disqualify(archive(t).id, reason="late"),),
    "sfa.archive": (lambda t: t.sfa.archive(archive(t).id),),
    "sfa.convert": (
        lambda t: t.sfa.convert(convert(t).id, on=t.day(), opportunity="again"),
        lambda t: t.sfa.convert(capture(t).id, on=t.day()),
    ),
    "sfa.open_opportunity": (lambda t: t.sfa.open_opportunity(opened(t)),),
    "sfa.revise_opportunity": (lambda t: t.sfa.revise_opportunity(win(t).id, amount=t.money()),),
    "sfa.advance": (lambda t: t.sfa.advance(deal(t).id, stage="no stage", on=t.day()),),
    "sfa.pin": (lambda t: t.sfa.pin(deal(t).id, probability=101),),
    "sfa.count_as": (lambda t: t.sfa.count_as(deal(t).id, category=ForecastCategory.CLOSED),),
    "sfa.win": (lambda t: t.sfa.win(lose(t).id, on=t.day()),),
    "sfa.lose": (lambda t: t.sfa.lose(deal(t).id, on=t.day(), reason=""),),
    "sfa.reopen": (lambda t: t.sfa.reopen(deal(t).id),),
    "sfa.quote": (lambda t: t.sfa.quote(quoted(t)),),
    "sfa.send": (lambda t: t.sfa.send(sent(t).id),),
    "sfa.accept": (lambda t: t.sfa.accept(quoted(t).id, on=t.day()),),
    "sfa.decline": (lambda t: t.sfa.decline(declined(t).id),),
    "sfa.expire": (lambda t: t.sfa.expire(sent(t).id, on=t.day()),),
    "sfa.expire_all": (lambda t: t.sfa.expire_all(),),
    "sfa.revise": (lambda t: t.sfa.revise(accepted(t).id, on=t.day()),),
    "sfa.redraft": (lambda t: t.sfa.redraft(sent(t).id, on=t.day()),),
    "sfa.withdraw": (lambda t: t.sfa.withdraw(withdraw(t).id),),
    "sfa.order": (lambda t: t.sfa.order(quoted(t).id, on=t.day()),),
    "sfa.amend": (lambda t: t.sfa.amend(stated(t).id, line=9, quantity=1, delivered=0, billed=0),),
    "sfa.cancel": (lambda t: t.sfa.cancel(stated(t).id, delivered=1, billed=0, on=t.day()),),
    "sfa.short_close": (lambda t: t.sfa.short_close(short_closed(t).id, delivered={"1": 0}),),
    "sfa.complete": (lambda t: t.sfa.complete(stated(t).id, figures={}),),
    "sfa.reopen_order": (lambda t: t.sfa.reopen_order(stated(t).id),),
}
