"""The hash chain over a company's log: it shows edits, insertions and re-ordering by someone without the whole store.

It cannot show that the tail was cut off, nor that the owner wrote everything anew: hand an `Anchor` to a second party.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final, NamedTuple

from bizcore.change.reading import LogRow
from bizcore.change.record import INTENT

VERSION: Final = 1
"""The version of the link's form, hashed with every link."""

START: Final = sha256(b"bizcore log").hexdigest()
"""What the first link goes back to."""

BESIDE: Final = "$beside"
"""Key of an intent whose text lies beside the log, because it holds personal data."""


class Anchor(NamedTuple):
    """A position and the hash there, to keep outside the store."""

    position: int
    hash: str


class Verdict(NamedTuple):
    """What following the chain found: how many links hold, how many documents were erased, the first that does not hold."""

    ok: bool
    links: int
    erased: int
    position: int | None = None
    why: str = ""


def link(previous: str, row: LogRow) -> str:
    """The hash of a log row over the one before it.

    >>> row = LogRow(1, 0, "ann", "", "k", "put", "{}", "{}", "")
    >>> link(START, row) == link(START, row), link(START, row) == link(START, row._replace(actor="bob"))
    (True, False)
    """
    parts = (
        str(VERSION), previous, str(row.position), str(row.instant), row.actor, row.reason, row.key, row.act, row.intent,
        row.body,
    )  # fmt: skip
    return sha256("".join([f"{len(part)}:{part}" for part in parts]).encode()).hexdigest()


def digest(body: str, salt: str = "") -> str:
    """What the log keeps of a document: the body itself lies beside it; a personal one is salted before it is digested."""
    return sha256((salt + body).encode()).hexdigest()


def verify(
    rows: Iterable[LogRow],
    body: Callable[[str, str, int], tuple[str, str] | None],
    *,
    anchor: Anchor | None = None,
) -> Verdict:
    """Follow the chain from its start: every link, every document's digest, and the anchor when there is one.

    `body` gives the stored (body, salt) of a document's version, None when the row is missing; an erased body is empty.
    """
    previous, links, erased, hashes = START, 0, 0, {}
    for row in rows:
        if row.position != links + 1:
            return Verdict(False, links, erased, links + 1, "a position is missing")
        if link(previous, row) != row.hash:
            return Verdict(False, links, erased, row.position, "the hash does not follow")
        for kind, name, _, expected in _digests(row):
            stored = body(kind, name, row.position)
            if stored is None:
                return Verdict(False, links, erased, row.position, f"{kind} {name} is missing")
            if stored == ("", ""):
                erased += 1
            elif digest(*stored) != expected:
                return Verdict(False, links, erased, row.position, f"{kind} {name} was changed")
        previous, links = row.hash, row.position
        hashes[links] = previous
    if anchor is not None and hashes.get(anchor.position) != anchor.hash:
        return Verdict(
            False, links, erased, anchor.position, "the anchor does not match: the tail was cut or rewritten"
        )
    return Verdict(True, links, erased)


def _digests(row: LogRow) -> list[tuple[str, str, int, str]]:
    found = [
        (kind, name, version, expected) for kind, name, version, expected in json.loads(row.body).get("documents", ())
    ]
    if row.intent.startswith(f'{{"{BESIDE}"'):
        found.append((INTENT, row.key, 1, json.loads(row.intent)[BESIDE]))
    return found
