"""Accounts and charts: what an account is by nature is code, what it is called is data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from attrs import field, frozen

from bizcore.change.view import View
from bizcore.finance.policies import FinancePolicies
from bizcore.flow.document import Document
from bizcore.kernel.days import LAST, Day
from bizcore.kernel.errors import NotFound
from bizcore.kernel.ids import checked_id
from bizcore.kernel.maps import Map


class Nature(Enum):
    """What an account is; never a label, because labels get translated and natures must not."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"

    @property
    def sign(self) -> int:
        """The side on which it grows: +1 debit, -1 credit."""
        return 1 if self in (Nature.ASSET, Nature.EXPENSE) else -1

    @property
    def lasting(self) -> bool:
        """Whether its balance is carried into the next year."""
        return self in (Nature.ASSET, Nature.LIABILITY, Nature.EQUITY)


EXCHANGE: Final = "exchange"
"""The role where one entry changes currency; its value is zero after every entry, so that statements leave it out."""


CONTROL: Final = ("receivable", "payable", "grni", "inventory")
"""The roles whose account has a sub-ledger: the verbs look for its items, and for its value, in one account only."""


class AccountUnknown(NotFound):
    """No account has this code, neither in the chart nor put by the company."""

    code = "account_unknown"

    def __init__(self, *, account: str, chart: str) -> None:
        super().__init__(
            f"there is no account {account!r} in chart {chart!r}; put an Account first", account=account, chart=chart
        )


class RoleUnknown(NotFound):
    """The chart has no account for a role."""

    code = "role_unknown"

    def __init__(self, *, role: str, chart: str) -> None:
        super().__init__(
            f"chart {chart!r} has no account for {role!r}; name one in FinancePolicies.roles", role=role, chart=chart
        )


class ChartUnknown(NotFound):
    """No chart of that name comes with the library."""

    code = "chart_unknown"

    def __init__(self, *, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"there is no chart {name!r}; there are {', '.join(known)}", name=name, known=known)


def _code(value: object) -> str:
    return checked_id(value, "account")


def _names(value: Mapping[str, str]) -> Map[str]:
    return value if isinstance(value, Map) else Map(value)


@frozen(kw_only=True)
class Account(Document):
    """An account of the books: its code is its identity, its nature decides where it stands in the statements.

    `line` is the statement line it adds up in, `names` its name in other languages, `currency` the one it is kept in (a
    bank account), `open_items` whether each posting opens or reduces an item that stays until it is settled.

    >>> Account(code="1010", name="Cash box", nature=Nature.ASSET, line="cash").id
    '1010'
    """

    kind = "account"

    code: str = field(converter=_code)
    name: str
    nature: Nature
    line: str = ""
    names: Map[str] = field(default=Map({}), converter=_names)
    currency: str | None = None
    open_items: bool = False

    def __attrs_post_init__(self) -> None:
        """The code is the id."""
        Document.__attrs_post_init__(self)
        if self.id != self.code:
            object.__setattr__(self, "id", self.code)


class Chart:
    """The accounts of a company: those of its chart, overridden and extended by those it put itself.

    Lookups are lazy: an account that came with the chart costs no read.
    """

    def __init__(
        self, name: str, accounts: Mapping[str, Account], roles: Mapping[str, str], view: View, on: Day
    ) -> None:
        self.name = name
        self._accounts = accounts
        self._roles = roles
        self._view = view
        self._on = on
        self._own: dict[str, str] | None = None
        self._put: dict[str, Account | None] = {}

    def role(self, name: str) -> str:
        """The code of the account that plays a role: the policies' choice, else the chart's. Raises: RoleUnknown."""
        if self._own is None:
            self._own = dict(self._view.policies(FinancePolicies, on=self._on).roles)
        found = self._own.get(name) or self._roles.get(name)
        if found is None:
            raise RoleUnknown(role=name, chart=self.name)
        return found

    @property
    def usual(self) -> Mapping[str, str]:
        """The account of each role as the chart itself has it."""
        return self._roles

    def roles(self, code: str) -> frozenset[str]:
        """The roles an account plays."""
        return frozenset(name for name in self._roles if self.role(name) == code)

    def check(self, codes: Iterable[str]) -> None:
        """Refuse what is not there. Raises: AccountUnknown."""
        for code in codes:
            if code not in self._accounts and self._override(code) is None:
                raise AccountUnknown(account=code, chart=self.name)

    def account(self, code: str) -> Account:
        """An account by its code. Raises: AccountUnknown."""
        found = self.seek(code)
        if found is None:
            raise AccountUnknown(account=code, chart=self.name)
        return found

    def seek(self, code: str) -> Account | None:
        """An account by its code, or None."""
        return self._override(code) or self._accounts.get(code)

    def opens_items(self, code: str) -> bool:
        """Whether postings to the account open items: the chart says so, or the company's own account, which cannot take it back
        from an account whose sub-ledger the verbs depend on.
        """
        known = self._accounts.get(code)
        return (known is not None and known.open_items) or self.account(code).open_items

    def _override(self, code: str) -> Account | None:
        """What the company put itself, asked once."""
        if code not in self._put:
            self._put[code] = self._view.seek(Account, code)
        return self._put[code]

    def accounts(self) -> Iterator[Account]:
        """Every account, by code."""
        found = {**self._accounts, **{one.code: one for one in self._view.all(Account)}}
        return (found[code] for code in sorted(found))


LATEST: Final = LAST


def of(view: View, *, on: Day = LATEST) -> Chart:
    """The chart of a company, with the roles in force on a day. Raises: ChartUnknown."""
    accounts, roles = _named(view.chart)
    return Chart(view.chart, accounts, roles, view, on)


@lru_cache(maxsize=16)
def _named(name: str) -> tuple[dict[str, Account], dict[str, str]]:
    from bizcore.finance.charts import CHARTS

    rows = CHARTS.get(name)
    if rows is None:
        raise ChartUnknown(name=name, known=tuple(sorted(CHARTS)))
    accounts: dict[str, Account] = {}
    roles: dict[str, str] = {}
    for row in rows():
        accounts[row["code"]] = _account(row)
        roles.update(dict.fromkeys(row["roles"].split(), row["code"]))
    return accounts, roles


def _account(row: Mapping[str, Any]) -> Account:
    return Account(
        code=row["code"],
        name=row["name"],
        nature=Nature(row["nature"]),
        line=row["line"],
        names=Map({"zh_CN": row["zh_CN"]}),
        open_items=row["open_items"] == "yes",
    )
