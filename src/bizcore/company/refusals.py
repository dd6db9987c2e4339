"""What a company refuses as such, before any rule of a domain is asked."""

from __future__ import annotations

from bizcore.change.view import Erased
from bizcore.kernel.errors import BizcoreError, Invalid, NotFound, Refused


class NobodyActs(Refused):
    """A change in a kept store needs somebody who makes it."""

    code = "nobody_acts"
    allowed: tuple[str, ...] = ("Company.open(..., actor=)", "acting(actor)", "apply(..., actor=)")

    def __init__(self) -> None:
        super().__init__("nobody acts: name an actor when opening, by acting(actor), or in apply(..., actor=)")


class NotAuthorized(Refused):
    """The host's `authorize` said no; nothing was written."""

    code = "not_authorized"

    def __init__(self, *, actor: str, act: str) -> None:
        super().__init__(f"{actor or 'nobody'} may not {act}", actor=actor, act=act)


class ReadOnly(Refused):
    """A company as known at some position is only looked at."""

    code = "read_only"
    allowed: tuple[str, ...] = ("fork",)

    def __init__(self) -> None:
        super().__init__("this company is as it was known then: look at it, or fork it")


class UnknownKey(NotFound):
    """No change was recorded under the key."""

    code = "unknown_key"

    def __init__(self, *, key: str) -> None:
        super().__init__(f"nothing was recorded under key {key[:80]!r}", key=key[:80])


class IntentErased(Erased):
    """What the key stood for was erased with somebody's data: nobody can tell any more whether this is the same act."""

    code = "intent_erased"

    def __init__(self, *, key: str) -> None:
        BizcoreError.__init__(
            self,
            f"what key {key!r} stood for was erased, so nobody can tell whether this is the same act; "
            "committed(key) tells what it wrote, a new act takes a new key",
            kind="intent",
            id=key,
            key=key,
        )


class NotApplicable(Invalid):
    """Only acts, changes, forks and work are applied."""

    code = "not_applicable"

    def __init__(self, *, what: object) -> None:
        super().__init__(
            f"{type(what).__name__} cannot be applied: give an act, changes, a fork, or work with key and request",
            what=type(what).__name__,
        )


class NotAStep(NotApplicable):
    """Work answers with one of its steps: what applying in its fork gave."""

    code = "not_a_step"

    def __init__(self, *, what: object) -> None:
        key = getattr(what, "key", None)
        shown = f"the answer of key {key!r}" if isinstance(key, str) else f"a {type(what).__name__}"
        BizcoreError.__init__(
            self,
            f"work returned {shown}, which is none of its steps: return what apply gave in the fork that work is called with",
            what=type(what).__name__,
        )


class UseTheFork(Refused):
    """While work runs, the company it is for is written to in its fork alone, so that all or nothing holds."""

    code = "use_the_fork"
    allowed: tuple[str, ...] = ("apply, in the fork that work is called with",)

    def __init__(self, *, company: str) -> None:
        super().__init__(
            f"work for {company!r} is under way here: apply in the fork that it was given, not in the company",
            company=company,
        )


class OtherCompany(Invalid):
    """A fork or changes were made on another company than the one they are sent to."""

    code = "other_company"

    def __init__(self, *, made_on: str, sent_to: str) -> None:
        where = f"company {made_on!r}" if made_on != sent_to else f"the {made_on!r} of another store"
        super().__init__(
            f"this was made on {where}, not on {sent_to!r}: apply it there, or its acts here, with fork.replay(company)",
            made_on=made_on,
            sent_to=sent_to,
        )


class UnknownZone(Invalid):
    """No time zone of that name."""

    code = "unknown_zone"

    def __init__(self, *, zone: str) -> None:
        super().__init__(f"there is no time zone {zone!r}", zone=zone)


class UnknownBucket(Invalid):
    """The width of a period bucket is `month` or `day`."""

    code = "unknown_bucket"

    def __init__(self, *, bucket: object) -> None:
        super().__init__(f"bucket is 'month' or 'day', not {str(bucket)[:40]!r}", bucket=str(bucket)[:40])


class UnknownDesk(NotFound):
    """The company has no desk of that name."""

    code = "unknown_desk"

    def __init__(self, *, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"there is no desk {name!r}; there are {', '.join(known)}", name=name, known=known)


class UnknownKind(Invalid):
    """No kind of document of that name is known here."""

    code = "unknown_kind"

    def __init__(self, *, kind: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"kind {kind[:60]!r} is not known here; give its class in open(kinds=[...])", kind=kind[:60], known=known
        )


class BatchTooLarge(Invalid):
    """A batch holds more acts than the limit."""

    code = "batch_too_large"

    def __init__(self, *, count: int, most: int) -> None:
        super().__init__(f"{count} acts in one batch, at most {most}; send several", count=count, most=most)
