"""Laws of deals: a lead converts once, an order's figures add up, what comes back never exceeds what went."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bizcore.company import Company
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.money import Money
from bizcore.sfa.leads import AlreadyConverted, Lead
from bizcore.sfa.opportunities import Opportunity, StageKind, outcome_of_orders
from bizcore.sfa.orders import Figures, Order, OrderLine, Status, progress
from bizcore.sfa.quotes import Quote, QuoteExpired, QuoteLine
from bizcore.supply.fulfilment import LineQuantity

AMOUNT = st.integers(0, 50).map(Decimal)


@st.composite
def figures(draw: st.DrawFn) -> Figures:
    shipped, billed = draw(AMOUNT), draw(AMOUNT)
    return Figures(
        shipped=shipped, returned=draw(st.integers(0, int(shipped))), billed=billed, credited=draw(st.integers(0, int(billed))),
        cancelled=draw(st.integers(0, 10)),
    )  # fmt: skip


PRICES = st.sampled_from(["0", "1.50", "9", "-2"])
ITEMS = st.sampled_from(["x", None])


@given(st.lists(st.tuples(st.integers(10, 60), PRICES, ITEMS, figures()), min_size=1, max_size=5))
def test_ordered_and_over_delivered_are_open_delivered_and_cancelled(
    lines: list[tuple[int, str, str | None, Figures]],
) -> None:
    order = Order(
        id="o",
        customer="b",
        on="2026-01-05",
        currency="EUR",
        lines=[OrderLine("x", quantity, price, item=item) for quantity, price, item, _ in lines],
    )
    found = progress(order, {f"o/{at}": one for at, (*_, one) in enumerate(lines, 1)})
    for line, (_, _, item, one) in zip(found.lines, lines, strict=True):
        assert line.done == (one.delivered if item else one.billed_net)
        assert line.ordered + line.over_delivered == line.open + line.done + one.cancelled
    assert 0 <= found.delivered <= 1
    assert 0 <= found.billed <= 1
    goods = [line for line in found.lines if line.goods]
    assert (found.delivery_status is Status.ALL) == all(line.open == 0 for line in goods)
    assert (found.billing_status is Status.ALL) == all(one.figures.billed_net >= one.target for one in found.lines)
    if goods and len({abs(Decimal(price)) for _, price, *_ in lines}) == 1:
        delivered = sum(min(line.figures.delivered, line.target) for line in goods)
        agreed = sum(line.target for line in goods)
        assert found.delivered == (Fraction(delivered) / Fraction(agreed) if agreed else 1)


@given(st.lists(st.sampled_from(["open", "closed", "cancelled"]), max_size=6))
def test_orders_say_won_when_one_stands_and_lost_when_none_does(states: list[str]) -> None:
    found = outcome_of_orders(states)
    assert (found is StageKind.WON) == any(state != "cancelled" for state in states)
    assert (found is StageKind.LOST) == (bool(states) and set(states) == {"cancelled"})
    assert (found is None) == (not states)


DEAL_VERBS = ["order", "quote", "cancel", "close", "win", "lose", "reopen", "advance", "pin", "revise"]


@given(st.lists(st.tuples(st.sampled_from(DEAL_VERBS), st.integers(0, 3)), min_size=1, max_size=12))
@settings(max_examples=60)
def test_a_deal_with_orders_is_won_exactly_when_they_say_so(verbs: list[tuple[str, int]]) -> None:
    acme = Company.create("acme", currency="EUR")
    deal = acme.apply(acme.sfa.open_opportunity(Opportunity(customer="b", name="d", on="2026-01-05")), key="d").value
    made: list[str] = []
    for at, (verb, which) in enumerate(verbs):
        order = made[which % len(made)] if made else "none"
        acts: dict[str, Any] = {
            "order": lambda at=at: acme.sfa.take_order(
                Order(customer="b", on="2026-01-06", currency="EUR", lines=[OrderLine("x", 1, at + 1)], origins=[deal.ref])
            ),
            "quote": lambda: acme.sfa.order("q", on="2026-01-07"),
            "cancel": lambda order=order: acme.sfa.cancel(order, delivered=0, billed=0, on="2026-01-08"),
            "close": lambda order=order: acme.sfa.short_close(order, delivered={}),
            "win": lambda: acme.sfa.win(deal.id, on="2026-01-09"),
            "lose": lambda: acme.sfa.lose(deal.id, on="2026-01-09", reason="price"),
            "reopen": lambda: acme.sfa.reopen(deal.id),
            "advance": lambda: acme.sfa.advance(deal.id, stage="negotiation", on="2026-01-09"),
            "pin": lambda: acme.sfa.pin(deal.id, probability=100),
            "revise": lambda: acme.sfa.revise_opportunity(deal.id, amount=Money("77", "EUR")),
        }  # fmt: skip
        if verb == "quote":
            quote = Quote(id="q", customer="b", on="2026-01-05", currency="EUR", lines=[QuoteLine("x", 1, 5)])
            for step in (
                acme.sfa.quote(quote, opportunity=deal.id),
                acme.sfa.send("q"),
                acme.sfa.accept("q", on="2026-01-06"),
            ):
                with suppress(BizcoreError):
                    acme.apply(step, key=f"q {step.name}")
        with suppress(BizcoreError):
            done = acme.apply(acts[verb](), key=f"act {at}")
            if verb in ("order", "quote"):
                made.append(done.value.id)
        now, orders = acme.get(Opportunity, deal.id), list(acme.sfa.orders)
        if orders:
            standing = [one.net for one in orders if one.state != "cancelled"]
            assert (now.outcome is StageKind.WON) == bool(standing)
            if standing:
                assert now.amount == Money.sum(standing, "EUR")


VERBS = ["work", "qualify", "convert", "disqualify", "archive"]


@given(st.lists(st.sampled_from(VERBS), max_size=8))
@settings(max_examples=60)
def test_a_lead_converts_once(verbs: list[str]) -> None:
    acme = Company.create("acme", currency="EUR")
    lead = acme.apply(acme.sfa.capture(Lead(name="Ada", on="2026-01-05")), key="lead").value.id
    acts: dict[str, Any] = {
        "work": acme.sfa.work(lead),
        "qualify": acme.sfa.qualify(lead, on="2026-01-06"),
        "convert": acme.sfa.convert(lead, on="2026-01-07", opportunity="deal", amount=Money("1", "EUR")),
        "disqualify": acme.sfa.disqualify(lead, reason="no"),
        "archive": acme.sfa.archive(lead),
    }
    for at, verb in enumerate(verbs):
        head, before = acme.head, acme.state_hash()
        try:
            acme.apply(acts[verb], key=f"{verb} {at}")
        except BizcoreError:
            assert (acme.head, acme.state_hash()) == (head, before)
    assert len(acme.sfa.conversions) <= 1
    assert len(acme.sfa.customers) == len(acme.sfa.opportunities) == len(acme.sfa.conversions)


def test_converting_again_says_what_became_of_it() -> None:
    acme = Company.create("acme", currency="EUR")
    lead = acme.apply(acme.sfa.capture(Lead(name="Ada", on="2026-01-05")), key="lead").value.id
    acme.apply(acme.sfa.qualify(lead, on="2026-01-06"), key="q")
    convert = acme.sfa.convert(lead, on="2026-01-07", customer="beta")
    first = acme.apply(convert, key="c")
    assert acme.apply(convert, key="c").value == first.value
    with pytest.raises(AlreadyConverted) as error:
        acme.apply(convert, key="again")
    assert error.value.facts["customer"] == "beta"


@given(st.integers(1, 30), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=40)
def test_shipped_returned_billed_and_credited_keep_their_order(
    ordered: int, shipped: int, returned: int, again: int
) -> None:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.supply.receive("x", 100, place="main", on="2026-01-01", cost=Money("100", "EUR")), key="stock")
    order = acme.apply(
        acme.sfa.take_order(
            Order(customer="b", on="2026-01-05", currency="EUR", lines=[OrderLine("x", ordered, "2", item="x")])
        ),
        key="o",
    ).value.id
    delivery = acme.apply(acme.order_to_cash.deliver(order, on="2026-01-05"), key="d").value.id
    acts: list[tuple[str, Any]] = []
    if shipped:
        acts.append(("ship", acme.supply.ship(delivery, [LineQuantity(1, shipped)], on="2026-01-06")))
    acts.append(("bill", acme.order_to_cash.bill(order, on="2026-01-07")))
    acts += [
        (f"back {at}", acme.supply.take_back("ship#1", [LineQuantity(1, n)], on="2026-01-08"))
        for at, n in enumerate((returned, again))
        if n
    ]
    acts += [(f"credit {at}", acme.order_to_cash.credit(f"back {at}#1", on="2026-01-09")) for at in (0, 1)]
    for key, act in acts:
        try:
            acme.apply(act, key=key)
        except BizcoreError:
            continue
    line = acme.order_to_cash.progress(order).lines[0].figures
    assert line.returned <= line.shipped <= ordered
    assert line.credited <= line.billed <= line.shipped
    assert line.billed_net >= 0


def test_a_quote_is_accepted_through_its_last_day_and_ordered_once() -> None:
    acme = Company.create("acme", currency="EUR")
    lines = [QuoteLine("x", 2, "10", tax="S20", discount_percent=10)]
    for name, on, taken in (("a", "2026-01-31", True), ("b", "2026-02-01", False)):
        quote = Quote(id=name, customer="beta", on="2026-01-05", currency="EUR", lines=lines, valid_until="2026-01-31")
        acme.apply(acme.sfa.quote(quote))
        acme.apply(acme.sfa.send(name))
        if taken:
            acme.apply(acme.sfa.accept(name, on=on))
        else:
            with pytest.raises(QuoteExpired):
                acme.apply(acme.sfa.accept(name, on=on))
    order = acme.apply(acme.sfa.order("a", on="2026-02-02")).value
    assert (order.net, order.origins[0].id) == (Money("18.00", "EUR"), "a")
    with pytest.raises(BizcoreError):
        acme.apply(acme.sfa.order("a", on="2026-02-02"))
    with pytest.raises(BizcoreError):
        acme.apply(acme.sfa.order("b", on="2026-02-02"))
    acme.apply(acme.sfa.expire("b", on="2026-02-01"))


def test_an_order_is_cancelled_whole_or_closed_short() -> None:
    acme = Company.create("acme", currency="EUR")
    acme.apply(acme.supply.receive("x", 100, place="main", on="2026-01-01", cost=Money("100", "EUR")), key="stock")
    made = [
        Order(id=name, customer="b", on="2026-01-05", currency="EUR", lines=[OrderLine("x", 10, "2", item="x")])
        for name in ("a", "b")
    ]
    for one in made:
        acme.apply(acme.sfa.take_order(one))
        delivery = acme.apply(acme.order_to_cash.deliver(one.id, on="2026-01-05", id=f"d {one.id}")).value
        acme.apply(acme.supply.reserve_delivery(delivery.id, on="2026-01-05"))
    acme.apply(acme.supply.ship("d a", [LineQuantity(1, 4)], on="2026-01-06"))
    with pytest.raises(BizcoreError) as error:
        acme.apply(acme.order_to_cash.cancel("a", on="2026-01-07"))
    assert error.value.code == "underway"
    acme.apply(acme.order_to_cash.cancel("b", on="2026-01-07"))
    short = acme.apply(acme.order_to_cash.short_close("a", on="2026-01-07")).value
    assert (short.state, short.lines[0].cancelled) == ("closed", 6)
    assert acme.view().balance("reserved", "main", "x").amount.amount == 0
    assert acme.order_to_cash.progress("a").delivery_status.value == "all"


STEPS = st.tuples(
    st.sampled_from(["revise", "redraft", "withdraw", "send", "accept", "decline", "expire", "order"]),
    st.integers(0, 9),
    st.integers(1, 28),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_of_an_offer_s_revisions_exactly_one_is_current(steps: list[tuple[str, int, int]]) -> None:
    """Whatever is tried in whatever order: one stands, the ones before it are superseded, one is ordered at most."""
    acme = Company.create("acme", currency="EUR")
    lines = [QuoteLine("x", 2, "10")]
    acme.apply(acme.sfa.quote(Quote(id="q", customer="b", on="2026-01-01", currency="EUR", lines=lines)), key="new")
    acme.apply(acme.sfa.send("q"), key="out")
    for at, (verb, which, day) in enumerate(steps):
        known = [one.id for one in acme.sfa.quotes]
        quote, on = known[which % len(known)], f"2026-02-{day:02d}"
        dated: dict[str, Any] = {} if verb in ("withdraw", "send", "decline") else {"on": on}
        with suppress(BizcoreError):
            acme.apply(getattr(acme.sfa, verb)(quote, **dated), key=f"step {at}")
        chain = sorted(acme.sfa.quotes, key=lambda one: one.revision)
        standing = [one for one in chain if one.state not in ("superseded", "withdrawn", "draft")]
        assert [one.id for one in standing] == [acme.sfa.current_quote("q").id]
        drafts = [one for one in chain if one.state == "draft"]
        assert len(drafts) <= 1
        assert all(one.revision > standing[0].revision for one in drafts)
        assert len({one.number for one in chain if one.number}) == sum(1 for one in chain if one.number)
        ordered = [one.origins[0].id for one in acme.sfa.orders]
        assert ordered in ([], [standing[0].id])


def test_of_two_who_revise_or_answer_at_once_one_is_first(tmp_path: Path) -> None:
    """Two clients of one file: the draft is sent while the customer accepts, and the offer is revised twice."""
    acme = Company.create("acme", currency="EUR", store=f"sqlite:///{tmp_path}/a.db", actor="ann")
    for at in range(6):
        lines = [QuoteLine("x", 2, "10")]
        quote = Quote(id=f"q{at}", customer="b", on="2026-01-01", currency="EUR", lines=lines)
        acme.apply(acme.sfa.quote(quote), key=f"new {at}")
        acme.apply(acme.sfa.send(f"q{at}"), key=f"out {at}")
        first = acme.sfa.revise(f"q{at}", on="2026-01-05", id=f"r{at}")
        second = acme.sfa.revise(f"q{at}", on="2026-01-05", id=f"s{at}")
        assert _race(acme, first, second, f"revise {at}") == 1
        draft = next(one.id for one in acme.sfa.quotes.where(state="draft"))
        assert _race(acme, acme.sfa.send(draft), acme.sfa.accept(f"q{at}", on="2026-01-06"), f"answer {at}") == 1
        states = sorted(one.state for one in acme.sfa.quotes if f"q{at}" in (one.id, one.first))
        assert states in (["accepted", "withdrawn"], ["sent", "superseded"])
    acme.close()


def _race(acme: Company, one: Any, other: Any, key: str) -> int:
    """How many of two acts, sent at once, are taken."""
    taken: list[str] = []
    barrier = Barrier(2)

    def send(name: str, act: Any) -> None:
        barrier.wait()
        with suppress(BizcoreError):
            acme.apply(act, key=f"{key} {name}")
            taken.append(name)

    threads = [Thread(target=send, args=pair) for pair in (("a", one), ("b", other))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return len(taken)
