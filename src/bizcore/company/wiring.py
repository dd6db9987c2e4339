"""Which desks, followers and guards a company has, by name: a domain is imported when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final

from bizcore.change.changes import Changes
from bizcore.change.desk import Desk
from bizcore.change.view import View
from bizcore.flow.document import Document
from bizcore.kernel.errors import LawBroken

DESKS: Final[Mapping[str, str]] = {
    "finance": "bizcore.finance.desk:FinanceDesk",
    "supply": "bizcore.supply.desk:SupplyDesk",
    "sfa": "bizcore.sfa.desk:SfaDesk",
    "order_to_cash": "bizcore.bridges.order_to_cash:OrderToCashDesk",
    "procure_to_pay": "bizcore.bridges.procure_to_pay:ProcureToPayDesk",
}

FOLLOWERS: Final = (
    ("stock", "bizcore.supply.counting:hold"),
    ("stock", "bizcore.supply.cost:cost"),
    ("cost", "bizcore.bridges.goods_to_ledger:follow"),
)
"""A follower adds entries for entries of a book; in this order, so that counts stay true, cost follows stock and the
journal follows cost."""

GUARDS: Final = (
    ("stock", "bizcore.change.locks:guard"),
    ("cost", "bizcore.change.locks:guard"),
    ("journal", "bizcore.finance.closing:guard"),
)
"""A guard looks at the entries of a book and only refuses."""

WATCHES: Final = (
    ("delivery", "bizcore.bridges.promises:watch"),
    ("vendor_credit", "bizcore.bridges.procure_to_pay:watch"),
    ("invoice", "bizcore.finance.closing:watch_tax"),
    ("credit_note", "bizcore.finance.closing:watch_tax"),
    ("bill", "bizcore.finance.closing:watch_tax"),
    ("vendor_credit", "bizcore.finance.closing:watch_tax"),
    ("policies.finance", "bizcore.finance.watches:watch_policies"),
    ("account", "bizcore.finance.watches:watch_account"),
    ("credit_limit", "bizcore.bridges.order_to_cash.credit_limits:watch_limit"),
    ("order", "bizcore.bridges.order_to_cash.credit_limits:watch_order"),
    ("shipment", "bizcore.bridges.order_to_cash.credit_limits:watch_shipment"),
    ("invoice", "bizcore.bridges.order_to_cash.credit_limits:watch_invoice"),
    ("item", "bizcore.supply.items:watch"),
    ("place", "bizcore.supply.places:watch"),
    ("approval_rules", "bizcore.company.approvals:watch"),
    ("identity", "bizcore.company.approvals:watch"),
)
"""A watch looks at the documents of a kind that a change writes, before they are written, and only refuses: what is put may
contradict what the books hold already."""

KINDS: Final = (
    "bizcore.change.locks:Lock",
    "bizcore.company.master:Erasure",
    "bizcore.flow.approval:ApprovalRules",
    "bizcore.flow.approval:Identity",
    "bizcore.flow.approval:Approval",
    "bizcore.flow.approval:ApprovalRequest",
)
"""Kinds that belong to no desk."""


@cache
def load(path: str) -> Any:
    """Import `module:name`."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def desk_class(name: str, own: Mapping[str, type[Desk]]) -> type[Desk]:
    """The class of a desk: a user's own, else ours."""
    found: type[Desk] = own[name] if name in own else load(DESKS[name])
    return found


def followed(view: View, changes: Changes[Any]) -> Changes[Any]:
    """The changes with what follows from them."""
    for book, path in FOLLOWERS:
        if book in _books(changes):
            changes = load(path)(view, changes)
    return changes


def _books(changes: Changes[Any]) -> set[str]:
    return {entry.book for entry in changes.entries}


def guarded(view: View, changes: Changes[Any]) -> None:
    """Let every guard and every watch look. Raises: Refused; LawBroken, for a state that no verb leads to."""
    books = _books(changes)
    for book, path in GUARDS:
        if book in books:
            guard: Callable[[View, Changes[Any]], None] = load(path)
            guard(view, changes)
    _check_states(view, changes)
    kinds = {one.kind for one in changes.documents}
    for kind, path in WATCHES if kinds else ():
        if kind in kinds:
            watch: Callable[[View, Document], None] = load(path)
            for one in changes.documents:
                if one.kind == kind:
                    watch(view, one)


def _check_states(view: View, changes: Changes[Any]) -> None:
    """A document moves along its table, whoever's rule moves it."""
    for one in changes.documents:
        lifecycle = type(one).lifecycle
        before = view.seek(type(one), one.id) if lifecycle is not None else None
        if lifecycle is not None and before is not None and not lifecycle.leads(before.state, one.state):
            raise LawBroken(f"{one.kind} {one.id!r} went from {before.state} to {one.state}, where no verb leads")


def kinds(own: Mapping[str, type[Document]], desks: Mapping[str, type[Desk]]) -> dict[str, type[Document]]:
    """Every kind of document by name: ours, the desks', the user's."""
    from bizcore.change.desk import kinds_of

    classes: list[type[Document]] = [load(path) for path in KINDS]
    for name in (*DESKS, *desks):
        classes += kinds_of(desk_class(name, desks))
    return {one.kind: one for one in classes} | dict(own)
