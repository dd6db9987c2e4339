"""What one company recorded becomes an act of another one, once: no transaction over both, two logs and a key between them.

The source's log is read in order; what a rule makes of a change is applied to the target under a key that names the source, the
position and the beginning of the change's hash: a source set back to a backup goes on with other changes at the same positions. So the target's log is all that is known about what was relayed: whoever stops between reading and applying, or relays at the
same time as somebody else, sends the same act under the same key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from attrs import frozen

from bizcore.change.act import Act
from bizcore.change.committed import Committed
from bizcore.company.facade import Company
from bizcore.kernel.errors import BizcoreError, Conflict, Unavailable


class Rule(Protocol):
    """What a company makes of another one's changes."""

    @property
    def name(self) -> str:
        """Begins the keys of its acts: two rules between the same companies have two names."""

    def acts(self, source: Company, target: Company, done: Committed[Any]) -> Iterable[Act[Any]]:
        """The target's acts that follow from a change of the source: of the same change always as many, in the same order.

        What is in them may depend on the target too: what was recorded first stands. What it raises is a refusal of the target's, as if `apply` had raised it.
        """


@frozen(kw_only=True)
class Waiting:
    """An act that the target has not recorded: what it follows from, and why it was refused when it was tried.

    `key` is the key it is sent under; `act` its name, empty when the rule could not make it.
    """

    position: int
    key: str
    act: str = ""
    error: BizcoreError | None = None


@frozen(kw_only=True)
class Relayed:
    """What relaying did: keys `sent` now, how many were `known` before, what is `waiting`.

    `upto` is the position of the source up to which nothing is waiting: the next time may begin there. It is a matter of speed only.
    """

    sent: tuple[str, ...]
    known: int
    waiting: tuple[Waiting, ...]
    upto: int


class _Due(NamedTuple):
    position: int
    key: str
    act: Act[Any] | None
    error: BizcoreError | None


def relay(source: Company, target: Company, rule: Rule, *, after: int = 0, actor: str | None = None) -> Relayed:
    """Apply to one company what follows from the changes of another, in the order of its log.

    `after` is a position of the source before which all is known to be relayed, from an earlier `upto`; `actor` acts in the target.

    Guarantees: each act is recorded once, however often, by however many and after whatever crash this is called; an act that is
    refused waits, is tried again the next time and holds up nobody; one that was settled by hand, by applying what is right under its
    key, is known.
    Raises: Unavailable or Conflict with `retry`, of either store: what was sent stays, call again.

    >>> from bizcore.company.intercompany import Sales
    >>> from bizcore.finance import Invoice, Line
    >>> acme, beta = (Company.create(name, currency="EUR") for name in ("acme", "beta"))
    >>> invoice = Invoice(customer="beta", on="2026-03-05", currency="EUR", lines=[Line("Workshop", 2, "1500")])
    >>> done = acme.apply(acme.finance.issue(invoice))
    >>> relay(acme, beta, Sales()).sent, relay(acme, beta, Sales()).known
    (('sales acme 1.1 ...',), 1)
    >>> [(bill.vendor, bill.reference, str(bill.gross)) for bill in beta.finance.bills]
    [('acme', 'INV-2026-000001', '3000.00 EUR')]
    """
    sent: list[str] = []
    waiting: list[Waiting] = []
    known, upto = 0, after
    for position, found in _translated(source, target, rule, after):
        for one in found:
            try:
                if one.act is not None and target._reading().logged(one.key) is not None:
                    known += 1
                elif one.act is not None:
                    done = target.apply(one.act, key=one.key, actor=actor, reason=f"{source.name} at {position}")
                    sent += [] if done.replayed else [one.key]
                    known += done.replayed
            except BizcoreError as error:
                # Somebody else may have been first, and have seen another state of the target.
                if target._reading().logged(one.key) is not None:
                    known += 1
                else:
                    one = one._replace(error=_lasting(error))
            if one.error is not None:
                waiting.append(_waiting(one))
        if not waiting:
            upto = position
    return Relayed(sent=tuple(sent), known=known, waiting=tuple(waiting), upto=upto)


def not_relayed(source: Company, target: Company, rule: Rule, *, after: int = 0) -> tuple[Waiting, ...]:
    """What follows from the source's changes and is not in the target's log; nothing is applied."""
    reading = target._reading()
    return tuple(
        _waiting(one)
        for _, found in _translated(source, target, rule, after)
        for one in found
        if one.act is None or reading.logged(one.key) is None
    )


def _translated(source: Company, target: Company, rule: Rule, after: int) -> Iterator[tuple[int, list[_Due]]]:
    """Every change of the source and what follows from it; a rule that is refused gives what it had made before, and the error."""
    for done in source.log(after=after):
        found: list[_Due] = []
        acts = iter(rule.acts(source, target, done))
        while True:
            key = f"{rule.name} {source.name} {done.position}.{len(found) + 1} {done.hash[:8]}"
            try:
                found.append(_Due(done.position, key, next(acts), None))
            except StopIteration:
                break
            except BizcoreError as error:
                found.append(_Due(done.position, key, None, _lasting(error)))
                break
        yield done.position, found


def _lasting(error: BizcoreError) -> BizcoreError:
    """A refusal of this act; what concerns the store, or would go well at once, is raised."""
    if isinstance(error, Unavailable) or (isinstance(error, Conflict) and error.retry):
        raise error
    return error


def _waiting(one: _Due) -> Waiting:
    return Waiting(position=one.position, key=one.key, act=one.act.name if one.act else "", error=one.error)
