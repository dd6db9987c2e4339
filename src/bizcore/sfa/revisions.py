"""Revisions: how an offer changes, before it is out and afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from attrs import evolve

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.kernel.days import Day, day, days_after, optional_day
from bizcore.kernel.errors import Refused
from bizcore.kernel.sequence import check_sequence
from bizcore.kernel.table import Column, Table
from bizcore.sfa.quotes import PAST, Quote, QuoteLine, revisions_of


class DraftPending(Refused):
    """The offer has a later revision already that is not out yet: that one is changed, sent or withdrawn."""

    code = "draft_pending"
    allowed: tuple[str, ...] = ("redraft", "send", "withdraw")

    def __init__(self, *, quote: str, draft: str) -> None:
        super().__init__(
            f"{quote} is being revised as {draft}: change that draft, send or withdraw it", quote=quote, draft=draft
        )


def revise(
    view: View,
    quote: str,
    *,
    on: Day,
    lines: Iterable[QuoteLine] | None = None,
    valid_until: Day | None = None,
    id: str = "",
) -> Changes[Quote]:
    """Draft the next revision of an offer that is out, declined or over; what is left out stays as it was.

    Without `valid_until` it is open as many days as the one before.

    Guarantees: the revision before stays the current one until the new one is sent; it is among the new one's origins.
    Raises: IllegalStep (a draft is changed by redraft; what was accepted is ordered and the order amended), DraftPending,
    AlreadyThere, BadQuote, DatedBefore, NotADate (a last day beyond the calendar).
    """
    found = view.get(Quote, quote).to("revise")
    check_sequence("a revision", day(on), cause=f"quote {quote}", since=found.on)
    known = revisions_of(view, found)
    draft = next((one.id for one in known if one.state == "draft"), None)
    if draft is not None:
        raise DraftPending(quote=quote, draft=draft)
    offered = [ref for ref in found.origins if ref.kind != Quote.kind]
    made = Quote(
        id=id,
        customer=found.customer,
        on=on,
        currency=found.currency,
        lines=found.lines if lines is None else lines,
        valid_until=_last_day(found, day(on), optional_day(valid_until)),
        revision=max(one.revision for one in known) + 1,
        first=found.first or found.id,
        origins=(found.ref, *offered),
        extra=found.extra,
    )
    return Changes(view.mint(made))


def redraft(
    view: View,
    quote: str,
    *,
    on: Day | None = None,
    lines: Iterable[QuoteLine] | None = None,
    valid_until: Day | None = None,
) -> Changes[Quote]:
    """Change a draft, which nobody has seen: it stays the same revision, and what is left out stays.

    Another `on` moves the last day with it. Raises: IllegalStep, BadQuote, NotADate.
    """
    found = view.get(Quote, quote).to("redraft")
    when = found.on if on is None else day(on)
    until = _last_day(found, when, optional_day(valid_until))
    return Changes(evolve(found, on=when, lines=found.lines if lines is None else lines, valid_until=until))


def _last_day(before: Quote, on: date, given: date | None) -> date | None:
    """The last day given, else as many days after its own day as the one before."""
    if given is not None or before.valid_until is None:
        return given
    return days_after(on, (before.valid_until - before.on).days)


def current(view: View, quote: str) -> Quote:
    """The current revision of an offer, by the id of any of its revisions.

    Guarantees: it is the one that went out last; an offer that never went out has its first draft. Raises: DocumentNotFound.
    """
    known = revisions_of(view, view.get(Quote, quote))
    out = [one for one in known if one.state not in PAST and one.state != "draft"]
    return out[-1] if out else known[0]


def revisions(view: View, quote: str) -> Table:
    """Every revision of an offer: its number, state, last day and net. Raises: DocumentNotFound."""
    columns = [Column(name) for name in ("revision", "quote", "number", "state", "on", "valid_until")]
    rows = [
        [one.revision, one.id, one.number, one.state, one.on, one.valid_until, one.net]
        for one in revisions_of(view, view.get(Quote, quote))
    ]
    return Table([*columns, Column("net", kind="money")], rows, title=f"revisions of {quote}")
