"""What comes back of a move: no more than went, and not before it went, whichever document says so."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from bizcore.change.view import View
from bizcore.kernel.errors import NotFound, Refused
from bizcore.supply.movements import MOVEMENTS, Movement

_ZERO = Decimal(0)


class ReturnedMore(Refused):
    """More comes back than went."""

    code = "returned_more"

    def __init__(self, *, of: str, moved: Decimal, returned: Decimal) -> None:
        super().__init__(f"{returned} of {of} would be returned, {moved} went", of=of, moved=moved, returned=returned)


class ReturnedBefore(Refused):
    """Goods come back on a day before they went."""

    code = "returned_before"

    def __init__(self, *, of: str, on: date, first: date) -> None:
        super().__init__(
            f"what {of} moved on {first} cannot come back on {on}; from {first} on it can", of=of, on=on, first=first
        )


class NoSuchMove(NotFound):
    """The movement has no such line."""

    code = "no_such_move"

    def __init__(self, *, of: str, lines: int) -> None:
        super().__init__(f"there is no move {of}; the document has {lines} lines", of=of, lines=lines)


def split_ref(ref: str | None) -> tuple[str, int] | None:
    """A line's name as document and number; None when it names no line."""
    if ref is None or "/" not in ref:
        return None
    document, _, line = ref.rpartition("/")
    return (document, int(line)) if line.isdecimal() and len(line) < 10 else None


def returned(view: View, movement: Movement) -> dict[str, Decimal]:
    """What came back of a movement by now, by the name of its moves."""
    found: dict[str, Decimal] = {}
    for kind in MOVEMENTS:
        for later in view.find(kind, "of", movement.id):
            for one in later.lines:
                if one.of is not None:
                    found[one.of] = found.get(one.of, _ZERO) + one.quantity
    return found


def check_back(view: View, movement: Movement) -> None:
    """Refuse lines that bring back what did not go. Raises: NoSuchMove, ReturnedBefore, ReturnedMore."""
    before: dict[str, Decimal] = {}
    for line in movement.lines:
        if line.of is None:
            continue
        origin, at = _moved(view, line.of)
        if movement.on < origin.on:
            raise ReturnedBefore(of=origin.id, on=movement.on, first=origin.on)
        of, moved = origin.move_ref(at), origin.lines[at - 1]
        if of not in before:
            before[of] = returned(view, origin).get(of, _ZERO)
        before[of] += line.quantity
        most = moved.quantity if moved.item == line.item else _ZERO
        if before[of] > most:
            raise ReturnedMore(of=of, moved=most, returned=before[of])


def _moved(view: View, of: str) -> tuple[Movement, int]:
    document, at = split_ref(of) or ("", 0)
    found: Movement | None = None
    for kind in MOVEMENTS if document else ():
        found = found or view.seek(kind, document)
    # A name is one text: `x/01` is not `x/1`, though both are the first line.
    if found is None or not 1 <= at <= len(found.lines) or found.move_ref(at) != of:
        raise NoSuchMove(of=of, lines=len(found.lines) if found is not None else 0)
    return found, at
