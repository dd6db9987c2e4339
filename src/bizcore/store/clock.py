"""Where instants, ids and salts come from when the caller names no source of his own: the one place that asks the machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bizcore.kernel.ids import time_ordered

Clock = Callable[[], datetime]
Ids = Callable[[], str]


def machine_clock() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)


def machine_ids() -> str:
    """An id that grows with time, so that an index of keys is filled at its end."""
    return time_ordered(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big"))
