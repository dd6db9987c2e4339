"""What follows from something is not dated before it."""

from __future__ import annotations

from datetime import date

from bizcore.kernel.errors import Refused


class DatedBefore(Refused):
    """What follows from something is dated before it."""

    code = "dated_before"

    def __init__(self, *, what: str, on: date, cause: str, since: date) -> None:
        super().__init__(
            f"{what} on {on.isoformat()} is before {cause} of {since.isoformat()}; date it {since.isoformat()} or later",
            what=what,
            on=on,
            cause=cause,
            since=since,
        )


def check_sequence(what: str, on: date, *, cause: str, since: date) -> None:
    """Refuse a consequence dated before its cause. Raises: DatedBefore."""
    if on < since:
        raise DatedBefore(what=what, on=on, cause=cause, since=since)
