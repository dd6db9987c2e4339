"""The commit rule: one pure function that every adapter, fork and replay goes through.

Reads still true, keys free, numbers drawn, lots moved, floors held, chain linked. It computes everything first and then puts
it into the overlay at once, so a refusal leaves nothing behind. Adapters lock, read and write rows; they decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import evolve, field, frozen

from bizcore.book.entry import Entry
from bizcore.change.changes import Changes, Derived, Floor, FloorBroken, TooLarge
from bizcore.change.reading import BalanceRow, Head, LogRow, LotRow, PostingQuery, PostingRow, Reading, Row, intact
from bizcore.change.reads import Reads, mark
from bizcore.change.record import ARGUMENT, INTENT
from bizcore.change.settings import Settings
from bizcore.flow.document import SEPARATOR, Document, Ref
from bizcore.kernel.codec import decode, encode
from bizcore.kernel.errors import LawBroken
from bizcore.kernel.ids import checked_text
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.store.chain import BESIDE, START, digest, link
from bizcore.store.overlay import IndexKey, Overlay, Write
from bizcore.store.port import KeyReused, OutOfRange, Stale
from bizcore.store.rows import INT_MAX, moved, posting_rows, sides

BODY_MAX = 8_000_000
"""The most characters that a log body, an intent or a document's body has."""

KEY_MAX = 2_500
"""The most bytes that the names and ids have by which a row is found; PostgreSQL finds none by more than 2,700."""

LARGE = 10**12
"""Minor units from which a total's range is checked before it is written."""

TOTAL_MAX = INT_MAX - 10**18
"""The most that a large amount may bring a total to: it leaves room for a million amounts that are not looked at."""

Kinds = Mapping[str, type[Document]]


@frozen(kw_only=True, eq=False)
class Sealed:
    """One change ready to be recorded: what was planned, under which key, by whom, and what was read for it."""

    changes: Changes[Any]
    key: str
    actor: str
    reason: str
    act: str
    intent: str
    planned_at: int
    reads: Reads
    arguments: Mapping[str, object] = field(factory=dict)
    erases: tuple[Ref, ...] = ()
    answer: tuple[str, ...] | None = None
    """The answer of a last record, which answers with another change's document."""


@frozen(kw_only=True)
class Stamp:
    """Where instants and salts come from: arguments of the store, never of a rule."""

    instant: Callable[[], int]
    salt: Callable[[], str]


def commit(overlay: Overlay, sealed: Sealed, settings: Settings, stamp: Stamp, *, provisional: bool = False) -> LogRow:
    """Record one change in an overlay.

    Guarantees: all or nothing; the log row's hash follows the one before; every kept balance equals the sum of its
    postings; an instant never goes back.
    Raises: Stale (a read is no longer true), KeyReused, FloorBroken, OutOfRange; LawBroken for what no planner may produce.
    """
    head = overlay.head
    if overlay.logged(sealed.key) is not None:
        raise KeyReused(key=sealed.key, fields=("key",))
    if head.position != sealed.planned_at:
        check_reads(overlay, sealed.reads, sealed.planned_at)
    position = head.position + 1
    changes = sealed.changes
    documents, series = _numbered(overlay, changes.documents, provisional=provisional)
    postings = posting_rows(changes.entries, position, settings)
    _check_range(overlay, postings)
    lots = _lots(overlay, postings, position)
    _check_floors(overlay, changes.floors, postings)
    rows, digests, added, removed = _written(overlay, documents, position, stamp)
    personal = any(type(one).personal for one in documents)
    intent = sealed.intent
    if personal:
        salt = stamp.salt()
        rows.append((Row(INTENT, sealed.key, position, 1, intent), salt))
        intent = f'{{"{BESIDE}":"{digest(intent, salt)}"}}'
    body = _body(sealed, digests, series, documents)
    for what, text in (
        ("characters of a body", body),
        ("characters of an intent", sealed.intent),
        *(("characters of a document", row.body) for row, _ in rows),
    ):
        if len(text) > BODY_MAX:
            raise TooLarge(what=what, count=len(text), most=BODY_MAX)
    instant = max(stamp.instant(), head.instant)
    row = LogRow(position, instant, sealed.actor, sealed.reason, sealed.key, sealed.act, intent, body, "")
    row = row._replace(hash=link(head.hash, row))
    overlay.put(
        Write(
            log=row,
            documents=tuple(rows),
            added=added,
            removed=removed,
            postings=postings,
            lots=lots,
            series=tuple(series.items()),
            derived=tuple((one.name, one.key, one.body) for one in _last_of(changes.derived)),
            erased=tuple((one.kind, one.id) for one in sealed.erases),
        )
    )
    return row


def check_reads(reading: Reading, reads: Reads, planned_at: int) -> None:
    """Ask every recorded read again. Raises: Stale, naming the first that changed."""
    for read, seen in reads.items():
        if mark(reading, read) != seen:
            raise Stale(read=" ".join(str(one) for one in read[:4]), planned_at=planned_at, head=reading.head.position)


def _last_of(derived: Iterable[Derived]) -> list[Derived]:
    return list({(one.name, one.key): one for one in derived}.values())


# -- documents -------------------------------------------------------------------------------------------------------


def _numbered(
    overlay: Overlay, documents: tuple[Document, ...], *, provisional: bool
) -> tuple[list[Document], dict[str, int]]:
    series: dict[str, int] = {}
    numbered: list[Document] = []
    for one in documents:
        rule = type(one).numbering
        if rule is None or one.number or one.state in rule.unnumbered:
            numbered.append(one)
            continue
        name = rule.series(one.dated)
        count = series.get(name, overlay.series(name)) + 1
        series[name] = count
        numbered.append(evolve(one, number=rule.provisional(count) if provisional else rule.text(name, count)))
    return numbered, series


def _written(
    overlay: Overlay, documents: list[Document], position: int, stamp: Stamp
) -> tuple[
    list[tuple[Row, str]],
    list[tuple[str, str, int, str]],
    tuple[tuple[str, IndexKey], ...],
    tuple[tuple[str, IndexKey], ...],
]:
    rows: list[tuple[Row, str]] = []
    digests: list[tuple[str, str, int, str]] = []
    added: list[tuple[str, IndexKey]] = []
    removed: list[tuple[str, IndexKey]] = []
    seen: set[tuple[str, str]] = set()
    for one in documents:
        cls = type(one)
        kind = cls.kind
        if not one.id or not kind or (kind, one.id) in seen:
            raise LawBroken(f"a change writes {kind or cls.__name__} {one.id!r} without an id or twice")
        seen.add((kind, one.id))
        before = overlay.doc(kind, one.id)
        body = encode(one)
        salt = stamp.salt() if cls.personal else ""
        rows.append((Row(kind, one.id, position, cls.version, body), salt))
        digests.append((kind, one.id, cls.version, digest(body, salt)))
        new = {(name, checked_key(key)) for name, key in one.index_keys()}
        for name, key in new:
            _check_length(name, key, kind, one.id)
        old = _keys_before(cls, before)
        # What an older version stored may not stand under every index of this one: all its keys are written anew.
        lifted = before is not None and before.version < cls.version
        added += [(name, (key, kind, one.id)) for name, key in sorted(new if lifted else new - old)]
        removed += [(name, (key, kind, one.id)) for name, key in sorted(old if lifted else old - new)]
    return rows, digests, tuple(added), tuple(removed)


def _check_length(*parts: str) -> None:
    """Refuse what no database could find a row by, in every store alike. Raises: TooLarge."""
    if 4 * sum(map(len, parts)) > KEY_MAX:
        count = sum(len(part.encode(errors="surrogatepass")) for part in parts)
        if count > KEY_MAX:
            raise TooLarge(what="bytes of names and ids that a row is found by", count=count, most=KEY_MAX)


def checked_key(key: str) -> str:
    """An index key that a store can hold. Raises: InvalidText."""
    if not key.isascii() or "\x00" in key:
        for part in key.split(SEPARATOR):
            checked_text(part)
    return key


def _keys_before(cls: type[Document], row: Row | None) -> set[tuple[str, str]]:
    if row is None or not row.body:
        return set()
    data = intact(row.body, what=f"{row.kind} {row.id}", position=row.position)
    return decode(cls, cls.lift(data, row.version) if row.version < cls.version else data).index_keys()


def _body(
    sealed: Sealed, digests: list[tuple[str, str, int, str]], series: Mapping[str, int], documents: list[Document]
) -> str:
    """The canonical body; an entry that is an argument of the intent is referred to, not repeated."""
    parts: list[str] = []
    value = sealed.changes.value
    entries = sealed.changes.entries
    if sealed.answer is not None:
        parts.append(f'"answer":{encode(sealed.answer)}')
    elif isinstance(value, Entry):
        at = next(index for index, one in enumerate(entries) if one is value)
        parts.append(f'"answer":["entry",{at}]')
    else:
        kind = type(value).kind
        parts.append(f'"answer":["document",{encode(kind)},{encode(_id_of(value, sealed, documents))}]')
    if digests:
        parts.append(f'"documents":{encode(digests)}')
    if entries:
        parts.append('"entries":[' + ",".join([_entry_text(one, sealed.arguments) for one in entries]) + "]")
    if sealed.erases:
        parts.append(f'"erased":{encode([(one.kind, one.id) for one in sealed.erases])}')
    if series:
        parts.append(f'"numbers":{encode(dict(series))}')
    return "{" + ",".join(parts) + "}"


def _id_of(value: Document, sealed: Sealed, documents: list[Document]) -> str:
    at = next(index for index, one in enumerate(sealed.changes.documents) if one is value)
    return documents[at].id


def _entry_text(entry: Entry, arguments: Mapping[str, object]) -> str:
    for name, given in arguments.items():
        if isinstance(given, Entry) and not given.id and entry.is_but_for_id(given):
            return f'{{"{ARGUMENT}":{encode(name)},"id":{encode(entry.id)}}}'
    return encode(entry)


# -- books -----------------------------------------------------------------------------------------------------------


def _lots(overlay: Overlay, postings: tuple[PostingRow, ...], position: int) -> tuple[tuple[LotRow, bool], ...]:
    work: dict[tuple[str, str, str, str, str], LotRow] = {}
    for row in postings:
        if not row.lot:
            continue
        key = (row.book, row.account, row.party, row.unit, row.lot)
        _check_length(*key)
        known = work.get(key) or overlay.lot(*key)
        work[key] = moved(known, row, position)
    for lot in work.values():
        if not lot.amount and lot.value:
            raise LawBroken(f"lot {lot.lot} of {lot.account} would keep a value of {lot.value} without an amount")
    return tuple((lot, bool(lot.amount or lot.value)) for lot in work.values())


def _check_range(overlay: Overlay, postings: tuple[PostingRow, ...]) -> None:
    """Refuse a posting that would take a kept total beyond 64 bits, in every store alike. Raises: OutOfRange.

    Only large amounts are looked at: below a million millions a total would need a million postings to overflow.
    """
    for row in postings:
        if abs(row.amount) < LARGE and abs(row.value) < LARGE:
            continue
        if max(sides(row.amount, row.value)) > TOTAL_MAX:
            raise OutOfRange(what=f"an amount on {row.account}")
        query = PostingQuery(book=row.book, account=row.account, unit=row.unit)
        for total in overlay.totals(query, by=()):
            mine = sides(row.amount, row.value)
            if any(one + two > TOTAL_MAX for one, two in zip(total[1:], mine, strict=True)):
                raise OutOfRange(what=f"the total of {row.account}")


def _check_floors(overlay: Overlay, floors: Iterable[Floor], postings: tuple[PostingRow, ...]) -> None:
    moves: dict[tuple[str, str, str], int] = {}
    for row in postings:
        key = (row.book, row.account, row.unit)
        moves[key] = moves.get(key, 0) + row.amount
    for floor in floors:
        total = 0
        for book, account, unit, sign in floor.terms:
            below: BalanceRow = overlay.balance(book, account, unit)
            total += sign * (below.amount + moves.get((book, account, unit), 0))
        if total < floor.least_scaled:
            unit = floor.terms[0][2]
            shown = Money.of_minor(total, unit) if isinstance(floor.least, Money) else Quantity.of_scaled(total, unit)
            raise FloorBroken(
                balance=" ".join(
                    f"{'+' if sign > 0 else '-'}{book} {account}" for book, account, _, sign in floor.terms
                ),
                least=str(floor.least),
                would_be=str(shown),
            )


def start(base: Reading | None = None) -> Overlay:
    """An overlay over a reading, or over nothing."""
    return Overlay(base, base.head if base is not None else Head(0, 0, START))


def played(writes: Iterable[Write]) -> Overlay:
    """The state that a sequence of changes leads to, from nothing: the reference for as-known and for every kept table."""
    overlay = start()
    for write in writes:
        overlay.put(write)
    return overlay
