"""An offer changes by revisions, of which one is current, and is over at the end of its last day where the seller is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bizcore.company import Company
from bizcore.flow.beginning import NotNew
from bizcore.flow.document import Ref
from bizcore.flow.lifecycle import IllegalStep
from bizcore.flow.policies import BadPolicies
from bizcore.kernel.days import NaiveInstant, NotADate, local_day
from bizcore.kernel.errors import BizcoreError, Invalid
from bizcore.kernel.money import Money
from bizcore.kernel.sequence import DatedBefore
from bizcore.sfa.expiry import RUN_MAX, StillOpen
from bizcore.sfa.opportunities import Opportunity
from bizcore.sfa.policies import SfaPolicies
from bizcore.sfa.quotes import BadQuote, DayOrInstant, Quote, QuoteExpired, QuoteLine
from bizcore.sfa.revisions import DraftPending

LINE = QuoteLine("Bolt", 10, "2")


def company(zone: str = "UTC") -> Company:
    return Company.create("acme", currency="EUR", zone=zone)


def do(acme: Company, *acts: Any) -> Any:
    return [acme.apply(one).value for one in acts][-1]


def refused(acme: Company, act: Any, error: type[BizcoreError]) -> BizcoreError:
    head, state = acme.head, acme.state_hash()
    with pytest.raises(error) as caught:
        acme.apply(act)
    assert (acme.head, acme.state_hash()) == (head, state)
    return caught.value


def offer(id: str = "q", until: str | None = "2026-01-31") -> Quote:
    return Quote(id=id, customer="beta", on="2026-01-05", currency="EUR", lines=[LINE], valid_until=until)


def out(acme: Company, id: str = "q", until: str | None = "2026-01-31") -> Quote:
    sent: Quote = do(acme, acme.sfa.quote(offer(id, until)), acme.sfa.send(id))
    return sent


# -- revisions -------------------------------------------------------------------------------------------------------


def test_a_revision_takes_the_place_of_the_one_before_when_it_is_sent() -> None:
    acme = company()
    do(acme, acme.sfa.open_opportunity(Opportunity(id="d", customer="beta", name="deal", on="2026-01-05")))
    do(acme, acme.sfa.quote(offer(), opportunity="d"))
    number = do(acme, acme.sfa.send("q")).number
    second = do(acme, acme.sfa.revise("q", on="2026-01-10", lines=[QuoteLine("Bolt", 10, "1.50")], id="q2"))
    assert (second.revision, second.first, second.number, second.state) == (2, "q", "", "draft")
    assert str(second.valid_until) == "2026-02-05"  # as many days as the one before
    assert acme.sfa.current_quote("q2").id == "q"
    assert do(acme, acme.sfa.send("q2")).number == f"{number}-2"
    assert (acme.sfa.quotes["q"].state, acme.sfa.current_quote("q").id) == ("superseded", "q2")
    for late in (acme.sfa.accept("q", on="2026-01-11"), acme.sfa.order("q", on="2026-01-11")):
        assert isinstance(refused(acme, late, IllegalStep), IllegalStep)
    order = do(acme, acme.sfa.accept("q2", on="2026-01-11"), acme.sfa.order("q2", on="2026-01-11"))
    assert (order.origins[0], order.net) == (Ref("quote", "q2"), Money("15", "EUR"))
    assert acme.sfa.opportunities["d"].state == "won"
    assert {Ref("quote", "q"), Ref("quote", "q2"), Ref("opportunity", "d")} <= set(acme.trace(order).refs)
    assert [row["number"] for row in acme.sfa.revisions("q")] == [number, f"{number}-2"]


def test_the_series_has_no_gap_where_an_offer_was_revised() -> None:
    acme = company()
    out(acme)
    do(acme, acme.sfa.revise("q", on="2026-01-10", id="q2"), acme.sfa.send("q2"))
    assert out(acme, "other").number == "QUO-2026-000002"


def test_a_number_of_a_revision_is_provisional_in_a_fork_only() -> None:
    acme = company()
    fork = acme.fork()
    out(fork)
    do(fork, fork.sfa.revise("q", on="2026-01-10", id="q2"), fork.sfa.send("q2"))
    assert fork.sfa.quotes["q2"].number == "QUO-?1-2"
    acme.apply(fork)
    assert acme.sfa.quotes["q2"].number == "QUO-2026-000001-2"


def test_one_draft_at_a_time_is_changed_where_it_lies() -> None:
    acme = company()
    do(acme, acme.sfa.quote(offer()))
    assert refused(acme, acme.sfa.revise("q", on="2026-01-06"), IllegalStep).facts["allowed"] == (
        "redraft",
        "send",
        "withdraw",
    )
    changed = do(acme, acme.sfa.redraft("q", lines=[QuoteLine("Nut", 1, "1")], on="2026-01-06"))
    assert (changed.revision, changed.net, str(changed.valid_until)) == (1, Money("1", "EUR"), "2026-02-01")
    do(acme, acme.sfa.send("q"), acme.sfa.revise("q", on="2026-01-10", id="q2"))
    assert refused(acme, acme.sfa.revise("q", on="2026-01-11"), DraftPending).facts["draft"] == "q2"
    do(acme, acme.sfa.withdraw("q2"))
    assert do(acme, acme.sfa.revise("q", on="2026-01-11", id="q3")).revision == 3
    assert do(acme, acme.sfa.send("q3")).number.endswith("-3")


@pytest.mark.parametrize("end", ["decline", "expire"])
def test_what_was_declined_or_is_over_is_revised(end: str) -> None:
    acme = company()
    out(acme)
    do(acme, acme.sfa.decline("q") if end == "decline" else acme.sfa.expire("q", on="2026-02-01"))
    revised = do(acme, acme.sfa.revise("q", on="2026-02-02", valid_until="2026-02-10", id="q2"))
    assert acme.sfa.current_quote("q").state == f"{end}d".replace("ee", "e")
    do(acme, acme.sfa.send("q2"), acme.sfa.accept("q2", on="2026-02-10"))
    assert (acme.sfa.quotes["q"].state, revised.net) == ("superseded", Money("20", "EUR"))


def test_what_was_accepted_stays_and_the_draft_of_a_later_revision_is_withdrawn() -> None:
    acme = company()
    out(acme)
    do(acme, acme.sfa.revise("q", on="2026-01-10", id="q2"), acme.sfa.accept("q", on="2026-01-12"))
    assert acme.sfa.quotes["q2"].state == "withdrawn"
    refused(acme, acme.sfa.send("q2"), IllegalStep)
    assert refused(acme, acme.sfa.revise("q", on="2026-01-13"), IllegalStep).facts["allowed"] == ("order",)
    do(acme, acme.sfa.order("q", on="2026-01-13"))
    refused(acme, acme.sfa.revise("q", on="2026-01-13"), IllegalStep)


def test_a_new_quote_is_no_revision() -> None:
    acme = company()
    out(acme)
    forged = Quote(customer="beta", on="2026-01-05", currency="EUR", lines=[LINE], revision=2, first="q")
    refused(acme, acme.sfa.quote(forged), NotNew)
    for facts in ({"revision": 2}, {"first": "q"}, {"revision": 0}):
        with pytest.raises(BadQuote):
            Quote(customer="beta", on="2026-01-05", currency="EUR", lines=[LINE], **facts)


# -- expiry ----------------------------------------------------------------------------------------------------------

ZONES = ["Pacific/Kiritimati", "America/St_Johns", "Europe/Brussels", "Pacific/Apia", "Asia/Beirut", "UTC"]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("until", ["2026-01-31", "2026-03-29", "2026-10-25", "2026-03-28"])
def test_a_quote_is_open_until_the_seller_s_midnight(zone: str, until: str) -> None:
    """The last microsecond of the day where the seller is, on days of 23, 24 and 25 hours, is still in time."""
    acme = company(zone)
    out(acme, until=until)
    after = datetime.combine(date.fromisoformat(until) + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
    end = after.astimezone(UTC)
    refused(acme, acme.sfa.expire("q", at=end - timedelta(microseconds=1)), StillOpen)
    late = refused(acme, acme.sfa.accept("q", at=end), QuoteExpired)
    assert late.facts["on"] == date.fromisoformat(until) + timedelta(days=1)
    assert late.allowed == ("revise",)
    taken = do(acme, acme.sfa.accept("q", at=end - timedelta(microseconds=1)))
    assert str(taken.accepted_on) == until


def test_one_instant_is_in_time_here_and_late_there() -> None:
    at = datetime(2026, 1, 31, 10, 30, tzinfo=UTC)  # on Kiritimati it is 1 February already
    early, late = company("America/St_Johns"), company("Pacific/Kiritimati")
    for acme in (early, late):
        out(acme)
    assert do(early, early.sfa.accept("q", at=at)).state == "accepted"
    refused(late, late.sfa.accept("q", at=at), QuoteExpired)


def test_a_day_is_told_once_and_an_instant_has_a_zone() -> None:
    acme = company()
    out(acme)
    refused(acme, acme.sfa.accept("q"), DayOrInstant)
    refused(acme, acme.sfa.accept("q", on="2026-01-10", at=datetime(2026, 1, 10, tzinfo=UTC)), DayOrInstant)
    with pytest.raises(NaiveInstant):
        acme.sfa.accept("q", at=datetime(2026, 1, 10))  # noqa: DTZ001 - a naive one is refused
    act = acme.sfa.accept("q", at=datetime(2026, 1, 10, 23, 30, tzinfo=UTC))
    assert acme.act(act.to_json()) == act
    with pytest.raises(NotADate):
        local_day("9999-12-31T23:30:00Z", "Pacific/Kiritimati")


def test_expired_follows_from_a_day_and_closing_all_twice_closes_once() -> None:
    acme = company()
    for name, until in (
        ("a", "2026-01-10"),
        ("b", "2026-01-20"),
        ("c", None),
        ("d", "2026-01-08"),
        ("e", "2026-01-09"),
    ):
        out(acme, name, until)
    do(acme, acme.sfa.accept("d", on="2026-01-08"), acme.sfa.decline("e"))
    assert [acme.sfa.quotes[name].state_on("2026-01-11") for name in "abcde"] == [
        "expired", "sent", "sent", "accepted", "declined",
    ]  # fmt: skip
    assert [row["quote"] for row in acme.sfa.lapsed(on="2026-01-25")] == ["a", "b"]
    first = do(acme, acme.sfa.expire_all(on="2026-01-11"))
    assert (first.quotes, first.more) == (("a",), False)
    assert do(acme, acme.sfa.expire_all(at=datetime(2026, 1, 11, tzinfo=UTC))).quotes == ()
    assert do(acme, acme.sfa.expire_all(on="2026-01-21")).quotes == ("b",)
    assert [acme.sfa.quotes[name].state for name in "abcde"] == ["expired", "expired", "sent", "accepted", "declined"]


def test_a_run_closes_so_many_and_says_what_it_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bizcore.sfa.expiry.RUN_MAX", 2)
    assert RUN_MAX == 1_000
    acme = company()
    for at in range(5):
        out(acme, f"q{at}", f"2026-01-{20 - at}")
    runs = [do(acme, acme.sfa.expire_all(on="2026-02-01")) for _ in range(3)]
    assert [(one.quotes, one.more) for one in runs] == [(("q4", "q3"), True), (("q2", "q1"), True), (("q0",), False)]


# -- the ends of the calendar, and the order of things ---------------------------------------------------------------


def test_a_last_day_beyond_the_calendar_is_refused() -> None:
    acme = company()
    do(acme, acme.sfa.quote(offer("long", "9990-12-31")))
    refused(acme, acme.sfa.redraft("long", on="9997-12-31"), NotADate)
    refused(acme, acme.sfa.redraft("long", on="2050-01-01"), NotADate)
    do(acme, acme.sfa.send("long"))
    refused(acme, acme.sfa.revise("long", on="9997-12-31"), NotADate)
    do(acme, acme.put(SfaPolicies(quote_days=36_500)))
    late = Quote(customer="beta", on="9997-12-31", currency="EUR", lines=[LINE])
    refused(acme, acme.sfa.quote(late), NotADate)


@pytest.mark.parametrize("given", [{"quote_days": -1}, {"quote_days": 36_501}, {"over_delivery": "-1"}])
def test_policies_by_which_nothing_could_be_offered_cannot_be_built(given: Any) -> None:
    with pytest.raises(BadPolicies) as caught:
        SfaPolicies(**given)
    assert caught.value.facts["field"] in given


def test_an_offer_is_answered_ordered_and_revised_after_it_was_made() -> None:
    acme = company()
    out(acme)
    error = refused(acme, acme.sfa.accept("q", on="2026-01-04"), DatedBefore)
    assert (error.facts["on"], error.facts["since"]) == (date(2026, 1, 4), date(2026, 1, 5))
    refused(acme, acme.sfa.revise("q", on="2026-01-04"), DatedBefore)
    do(acme, acme.sfa.accept("q", on="2026-01-05"))
    out(acme, "r")
    do(acme, acme.sfa.accept("r", on="2026-01-20"))
    refused(acme, acme.sfa.order("r", on="2026-01-19"), DatedBefore)
    do(acme, acme.sfa.order("r", on="2026-01-20"))


@pytest.mark.parametrize(
    "given",
    [{"lines": None}, {"lines": "ab"}, {"lines": [5]}, {"revision": "2", "first": "q"}, {"revision": 0, "first": "q"}],
)
def test_a_quote_of_other_types_cannot_be_built(given: Any) -> None:
    with pytest.raises(Invalid):
        Quote(**{"customer": "beta", "on": "2026-01-05", "currency": "EUR", "lines": [LINE], **given})
