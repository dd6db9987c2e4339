"""The two acts that belong to no domain: putting master data, erasing a personal document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from attrs import evolve, frozen

from bizcore.change.changes import Changes
from bizcore.change.record import INTENT
from bizcore.change.view import DocumentNotFound, View
from bizcore.flow.approval import Approval, ApprovalRequest
from bizcore.flow.document import Document, Ref
from bizcore.flow.policies import Policies
from bizcore.kernel.errors import Refused
from bizcore.kernel.ids import checked_id


class NotMasterData(Refused):
    """The document is of a kind that is recorded and changed by verbs only: it has a lifecycle, a number, or says so."""

    code = "not_master_data"

    def __init__(self, *, kind: str) -> None:
        super().__init__(f"{kind} documents are not put: use the verbs of their desk", kind=kind)


class NotPersonal(Refused):
    """Only documents of a kind marked personal can be erased; books keep the rest."""

    code = "not_personal"

    def __init__(self, *, kind: str) -> None:
        super().__init__(
            f"{kind} documents are not personal data and are kept; reverse or close them instead", kind=kind
        )


@frozen(kw_only=True)
class Erasure(Document):
    """That a document was erased: what remains is its kind, its id and how many versions there were."""

    kind = "erasure"
    by_verb: ClassVar[bool] = True

    of: Ref
    versions: int


def put(view: View, kind: str, document: Document) -> Changes[Document]:
    """Record master data: a new document, or the next version of one with the same id.

    Raises: NotMasterData, InvalidId.
    """
    cls = type(document)
    if cls.by_verb or cls.lifecycle is not None or cls.numbering is not None:
        raise NotMasterData(kind=cls.kind)
    if isinstance(document, Policies) and not document.id:
        since = document.since.isoformat() if document.since else "always"
        document = evolve(document, id=f"{document.scope or 'company'}@{since}")
    if document.id:
        checked_id(document.id, "id")
        if view.seek(cls, document.id) is not None:
            return Changes(document)
    return Changes(view.mint(document))


def erase(view: View, kind: type[Document], id: str) -> Changes[Erasure]:
    """Blank every version of a personal document and of the intents that wrote it; that it existed stays recorded.

    Raises: NotPersonal, DocumentNotFound, Erased.
    """
    if not kind.personal:
        raise NotPersonal(kind=kind.kind)
    if view.seek(kind, id) is None:
        raise DocumentNotFound(kind=kind.kind, id=id)
    ref = Ref(kind.kind, id)
    keys = view.written_by(kind, id)
    erasure = view.mint(Erasure(of=ref, versions=len(keys), origins=(ref,)))
    erases = (ref, *(Ref(INTENT, key) for key in keys), *_asked_for(view, keys))
    return Changes(erasure, erases=tuple(dict.fromkeys(erases)))


def _asked_for(view: View, keys: tuple[str, ...]) -> Iterator[Ref]:
    """What waited for approval before the changes under the keys recorded it: it holds the same data."""
    for approval in sorted({one.id for key in keys for one in view.wrote(key) if one.kind == Approval.kind}):
        yield Ref(ApprovalRequest.kind, approval)
        yield from (Ref(INTENT, key) for key in view.written_by(ApprovalRequest, approval))
