"""Master data is put; what verbs record is not, because their rules would be passed over."""

from __future__ import annotations

import pytest

from bizcore.change.locks import Lock, LockKind
from bizcore.company import Company
from bizcore.company.master import Erasure, NotMasterData
from bizcore.finance.journal import EntryReversal
from bizcore.finance.settlement import Settlement
from bizcore.flow.document import Document, Ref
from bizcore.kernel.ids import InvalidText
from bizcore.supply.items import Item


@pytest.mark.parametrize("kind", [Lock, Erasure, EntryReversal, Settlement])
def test_what_only_verbs_record_says_so(kind: type[Document]) -> None:
    assert kind.by_verb


def test_a_hard_lock_is_not_moved_back_by_putting_another() -> None:
    acme = Company.create("acme", currency="EUR")
    for lock in (
        Lock(id="hard", closes=LockKind.HARD, upto="2020-01-01"),
        Erasure(id="e", of=Ref("lead", "x"), versions=1),
    ):
        with pytest.raises(NotMasterData):
            acme.apply(acme.put(lock))
    assert acme.head == Company.create("other", currency="EUR").head


def test_a_text_that_could_not_be_read_again_is_never_put() -> None:
    acme = Company.create("acme", currency="EUR")
    with pytest.raises(InvalidText):
        acme.apply(acme.put(Item(id="x", unit="P\x00")))
    assert not list(acme.supply.items)
