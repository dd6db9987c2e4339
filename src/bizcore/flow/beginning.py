"""New documents begin at the beginning: how one got further is said by its verbs, never by the document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from attrs import AttrsInstance, fields

from bizcore.flow.document import Document
from bizcore.kernel.errors import Invalid

D = TypeVar("D", bound=Document)


class NotNew(Invalid):
    """A document that is recorded for the first time already says what only a later verb, or the recording, may say."""

    code = "not_new"

    def __init__(self, *, kind: str, field: str, value: object) -> None:
        text = str(value)[:60]
        super().__init__(
            f"a new {kind} cannot have {field} {text!r}: it is set later", kind=kind, field=field, value=text
        )


def fresh(document: D, *, later: Iterable[str] = (), lines: Iterable[str] = ()) -> D:
    """The document as it was given, once it is sure that it is in the first state of its kind.

    `later` are the fields that verbs fill, `lines` those of each of its lines. Raises: NotNew.
    """
    kind = type(document)
    if kind.lifecycle is not None and document.state != kind.lifecycle.initial:
        raise NotNew(kind=kind.kind, field="state", value=document.state)
    untouched(kind.kind, document, ("number", *later))
    for line in getattr(document, "lines", ()) if lines else ():
        untouched(kind.kind, line, lines)
    return document


def untouched(kind: str, thing: AttrsInstance, names: Iterable[str]) -> None:
    """Refuse fields that are not as a new one has them. Raises: NotNew."""
    known = {one.name: one.default for one in fields(type(thing))}
    for name in names:
        value = getattr(thing, name)
        if value != known[name]:
            raise NotNew(kind=kind, field=name, value=value)
