"""What a log row holds: the answer, the entries, the documents by digest, the numbers drawn.

The body is JSON: `answer` (`["document", kind, id]` or `["entry", n]`), `documents` as `[kind, id, version, digest]`, `entries` in
full or, when an argument of the intent was posted unchanged, as a reference to it, `numbers` as series and count.
"""

from __future__ import annotations

from typing import Any

from bizcore.book.entry import Entry
from bizcore.change.reading import LogRow, intact
from bizcore.kernel.codec import decode

ARGUMENT = "$argument"
"""Key of an entry that is an argument of the intent."""

INTENT = "$intent"
"""Kind under which the intent of a change that writes personal data lies beside the log."""


def body_of(row: LogRow) -> dict[str, Any]:
    """The parsed body of a log row. Raises: Damaged."""
    body: dict[str, Any] = intact(row.body, what="a change", position=row.position)
    return body


def entries(row: LogRow) -> tuple[Entry, ...]:
    """The entries that a change posted, as values."""
    return tuple(_entry(one, row) for one in body_of(row).get("entries", ()))


def _entry(data: dict[str, Any], row: LogRow) -> Entry:
    if ARGUMENT not in data:
        return decode(Entry, data)
    found = intact(row.intent, what="an intent", position=row.position)[data[ARGUMENT]]
    return decode(Entry, found).identified(data["id"])
