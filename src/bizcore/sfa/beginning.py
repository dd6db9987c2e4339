"""New documents begin at the beginning: how a deal or an order got further is said by its verbs, never by the document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from attrs import fields_dict

from bizcore.change.view import View
from bizcore.flow.document import Document
from bizcore.kernel.errors import Invalid

D = TypeVar("D", bound=Document)


class NotNew(Invalid):
    """A document that is recorded for the first time already says what only a later verb, or the recording, may say."""

    code = "not_new"

    def __init__(self, *, kind: str, field: str, value: str) -> None:
        super().__init__(
            f"a new {kind} cannot have {field} {value[:60]!r}: it is set later",
            kind=kind,
            field=field,
            value=value[:60],
        )


def begun(view: View, document: D, *, later: Iterable[str] = ()) -> D:
    """A new document with its id, in the first state of its kind.

    `later` are the fields that verbs fill; the number is drawn when recorded, so that no series has a gap or a double.

    Raises: NotNew, AlreadyThere, InvalidId.
    """
    kind = type(document)
    if kind.lifecycle is not None and document.state != kind.lifecycle.initial:
        raise NotNew(kind=kind.kind, field="state", value=document.state)
    known = fields_dict(kind)
    for name in ("number", *later):
        value = getattr(document, name)
        if value != known[name].default:
            raise NotNew(kind=kind.kind, field=name, value=str(value))
    return view.mint(document)
