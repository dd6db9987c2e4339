"""What a change amounts to in the company's currency, which a rule holds against its limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from attrs import fields

from bizcore.change.changes import Changes
from bizcore.change.view import View
from bizcore.flow.approval import Approval, ApprovalRequest
from bizcore.flow.document import Document
from bizcore.kernel.exact import Exact
from bizcore.kernel.money import Money

_ASKED: Final = frozenset({Approval.kind, ApprovalRequest.kind})
"""What says the amount that was asked for, and has none itself."""


def amount_of(view: View, changes: Changes[Any]) -> Money | None:
    """What a change amounts to in the company's currency: what it moves between accounts, else the largest document it writes.

    Documents in another currency count at the rate of their own day; None where there is none. Raises: BadRate.
    """
    moved: dict[tuple[str, str, str | None], int] = {}
    for entry in changes.entries:
        for posting in entry.postings if entry.book == "journal" else ():
            key = (entry.ledger, posting.account, posting.party)
            moved[key] = moved.get(key, 0) + posting.worth
    total = sum(worth for worth in moved.values() if worth > 0)
    if total:
        return Money.of_minor(total, view.currency)
    from bizcore.finance.rates import converted, spot  # not needed for what posts
    from bizcore.kernel.rates import RateMissing

    most = Money.of_minor(0, view.currency)
    for document, said in [(one, said) for one in changes.documents for said in _said(one)]:
        if said.currency == view.currency:
            most = max(most, abs(said))
            continue
        if document.dated is None:
            return None
        try:
            most = max(most, abs(converted(said, spot(view, said.currency, on=document.dated), view.currency)))
        except RateMissing:
            return None
    return most


def _said(document: Document) -> Iterator[Money]:
    """What a document says that it amounts to: with tax, else without; one that says neither, every amount it holds."""
    if document.kind in _ASKED:
        return
    for name in ("gross", "net", "amount"):
        said = getattr(document, name, None)
        if isinstance(said, (Money, Exact)):
            yield said if isinstance(said, Money) else said.round()
            return
    for one in fields(type(document)):
        held = getattr(document, one.name)
        if isinstance(held, Money):
            yield held
