"""Policies are documents with a date: the set in force on a business date, narrowed by scope."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from attrs import field, frozen

from bizcore.flow.document import Document, Indexes
from bizcore.kernel.days import optional_day
from bizcore.kernel.errors import Invalid


class BadPolicies(Invalid):
    """An answer that is out of its range."""

    code = "bad_policies"

    def __init__(self, *, kind: str, field: str, why: str) -> None:
        super().__init__(f"{kind}: {field} {why}", kind=kind, field=field, why=why)


@frozen(kw_only=True)
class Policies(Document):
    """A domain's answers to the questions on which respected systems disagree.

    A subclass has one enum field a question, each with a documented default. `since` is the first date it is in force,
    None for always; `scope` narrows it (an item category, a party), empty for the whole company. One set stands for one
    scope and date: putting another under the same pair replaces it.
    """

    kind = "policies"
    indexes: ClassVar[Indexes] = {
        "since": lambda one: [(one.scope, one.since.isoformat() if one.since else "0001-01-01")]
    }

    since: date | None = field(default=None, converter=optional_day)
    scope: str = ""
