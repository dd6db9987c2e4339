"""What policies and accounts may not be put over what the books hold already."""

from __future__ import annotations

from bizcore.change.reading import PostingQuery
from bizcore.change.view import View
from bizcore.finance import chart as charts
from bizcore.finance.chart import CONTROL, Account
from bizcore.finance.policies import FinancePolicies
from bizcore.flow.document import Document
from bizcore.kernel.days import FIRST
from bizcore.kernel.errors import Refused


class NoSuchRole(Refused):
    """Policies name a role that no rule asks for."""

    code = "no_such_role"

    def __init__(self, *, role: str, known: tuple[str, ...]) -> None:
        super().__init__(f"there is no role {role!r}; there are {', '.join(known)}", role=role, known=known)


class RolesShared(Refused):
    """Two roles with a sub-ledger of their own are sent to one account."""

    code = "roles_shared"

    def __init__(self, *, roles: tuple[str, ...], account: str) -> None:
        super().__init__(
            f"{' and '.join(roles)} cannot share account {account}; give each its own", roles=roles, account=account
        )


class RoleInUse(Refused):
    """A role with a sub-ledger is sent to another account on a date, or after its own was posted to."""

    code = "role_in_use"

    def __init__(self, *, role: str, account: str, to: str) -> None:
        super().__init__(
            f"{role} is account {account}, and goes to {to} only for good and before anything was posted: in a set without "
            f"`since`, while {account} is unused; name {account} in roles",
            role=role,
            account=account,
            to=to,
        )


class RoleOfAnotherNature(Refused):
    """A role with a sub-ledger is sent to an account on another side of the statements."""

    code = "role_of_another_nature"

    def __init__(self, *, role: str, account: str) -> None:
        super().__init__(f"account {account} is of another nature than {role} needs", role=role, account=account)


class NatureFixed(Refused):
    """An account with postings changes its nature."""

    code = "nature_fixed"

    def __init__(self, *, account: str, nature: str, asked: str) -> None:
        super().__init__(
            f"account {account} has postings as {nature} and cannot become {asked}; put another account",
            account=account,
            nature=nature,
            asked=asked,
        )


class CurrencyFixed(Refused):
    """An account that holds one currency is to be kept in another."""

    code = "currency_fixed"

    def __init__(self, *, account: str, holds: tuple[str, ...], asked: str) -> None:
        super().__init__(
            f"account {account} holds {', '.join(holds)} and cannot be kept in {asked}; put another account",
            account=account,
            holds=holds,
            asked=asked,
        )


def watch_policies(view: View, document: Document) -> None:
    """Refuse roles that leave a sub-ledger behind, share one, or do not exist.

    Raises: NoSuchRole, RolesShared, RoleInUse, RoleOfAnotherNature, AccountUnknown.
    """
    if not isinstance(document, FinancePolicies):
        return
    since = document.since or FIRST
    if not document.roles and not view.policies(FinancePolicies, on=since).roles:
        return
    chart = charts.of(view, on=since)
    unknown = next((one for one in document.roles if one not in chart.usual), None)
    if unknown is not None:
        raise NoSuchRole(role=unknown, known=tuple(sorted(chart.usual)))
    if document.scope:  # only the roles of the whole company are ever asked for
        return
    sent = {role: document.roles.get(role) or chart.usual[role] for role in CONTROL}
    for role, account in sent.items():
        sharing = tuple(one for one in CONTROL if sent[one] == account)
        if len(sharing) > 1:
            raise RolesShared(roles=sharing, account=account)
        if account == chart.role(role):
            continue
        # Its items are looked for in one account at every date: a role with a sub-ledger moves before anything was posted, for good.
        if document.since is not None or _posted(view, chart.role(role)):
            raise RoleInUse(role=role, account=chart.role(role), to=account)
        if charts.of(view).account(account).nature is not charts.of(view).account(chart.usual[role]).nature:
            raise RoleOfAnotherNature(role=role, account=account)


def watch_account(view: View, document: Document) -> None:
    """Refuse an account of another nature over one with postings, or of one currency over one that holds another.

    Raises: NatureFixed, CurrencyFixed.
    """
    if not isinstance(document, Account):
        return
    known = charts.of(view).seek(document.code)
    if known is None:
        return
    if known.nature is not document.nature and _posted(view, document.code):
        raise NatureFixed(account=document.code, nature=known.nature.value, asked=document.nature.value)
    if document.currency is not None and document.currency != known.currency:
        query = PostingQuery(book="journal", account=document.code)
        units = {row.key[0] for row in view.totals(query, by=("unit",)) if row.amount}
        if units - {document.currency}:
            raise CurrencyFixed(account=document.code, holds=tuple(sorted(units)), asked=document.currency)


def _posted(view: View, account: str) -> bool:
    return next(iter(view.postings(PostingQuery(book="journal", account=account))), None) is not None
