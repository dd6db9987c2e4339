"""Payment terms: one small grammar, and the instalments that follow from it."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar, Final, NamedTuple

from attrs import field, frozen

from bizcore.kernel.codec import encode
from bizcore.kernel.days import LAST, Day, day
from bizcore.kernel.errors import Invalid, shown
from bizcore.kernel.exact import Exact, number
from bizcore.kernel.money import Money
from bizcore.kernel.value import Value

TEXT_MAX: Final = 400
_STEPS_MAX: Final = 3_660


class BadTerms(Invalid):
    """Payment terms that cannot be read."""

    code = "bad_terms"

    def __init__(self, *, text: str, why: str) -> None:
        super().__init__(f"{text!r} are no payment terms: {why}", text=text, why=why)


class TermsOverrun(Invalid):
    """The portions before the last exceed the total."""

    code = "terms_overrun"

    def __init__(self, *, terms: str, total: Money, by: Money) -> None:
        super().__init__(f"{terms!r} asks for {by} more than {total}", terms=terms, total=total, by=by)


class DueBeforeStart(Invalid):
    """The terms name a day before the document's own."""

    code = "due_before_start"

    def __init__(self, *, due: date, on: date) -> None:
        super().__init__(f"due {due.isoformat()} is before {on.isoformat()}", due=due, on=on)


class DueOutOfRange(Invalid):
    """The due date lies outside the calendar."""

    code = "due_out_of_range"

    def __init__(self, *, on: date, terms: str) -> None:
        super().__init__(f"{terms!r} from {on.isoformat()} leaves the calendar", on=on, terms=terms)


class Share(Enum):
    """What a portion's figure is a share of."""

    TOTAL = "total"
    REST = "rest"
    FIXED = "fixed"
    REMAINDER = "remainder"


class Portion(NamedTuple):
    """A part of the total and the steps from the document's date to the day it falls due."""

    share: Share
    figure: Fraction
    steps: tuple[tuple[str, int], ...]

    def of(self, total: Money, rest: Money) -> Money:
        """The amount, before anything is known of the portions after it; fixed amounts take the total's sign."""
        return Exact(self.share_of(total, rest.exact.amount), total.currency).round()

    def share_of(self, total: Money, rest: Fraction) -> Fraction:
        """The same, not rounded."""
        if self.share is Share.TOTAL:
            return total.exact.amount * self.figure
        if self.share is Share.REST:
            return rest * self.figure
        return self.figure * total.sign

    def due(self, on: date) -> date:
        """The day it falls due: the steps in their order, because "45 days, end of month" is not "end of month, 45 days"."""
        for name, count in self.steps:
            on = _STEPS[name](on, count)
        return on


def _text(value: object) -> str:
    if type(value) is not str:
        raise BadTerms(text=shown(value), why="terms are text")
    if len(value) > TEXT_MAX:
        raise BadTerms(text=value[:60], why=f"at most {TEXT_MAX} characters")
    return " ".join(value.lower().replace(",", " ").replace(";", " ; ").split()).replace(" ;", ";")


@frozen(repr=False)
class Terms(Value):
    """What is due when: portions separated by `;`, each an amount and steps.

    Amount: `30%`, `30% of rest`, `100.00`, `rest`; the last portion is the rest whether it says so or not, and percentages
    up to it must make 100. Steps, in order: `now`, `30 days`, `2 months` (clamped to the month's end), `end of month`,
    `day 15` (of this month, or of the next when past), `on 2026-04-01`.

    Guarantees: an unreadable text is refused when built; in JSON, terms are their text.
    Raises: BadTerms.

    >>> Terms("30% now; rest end of month, +45 days")
    Terms('30% now; rest end of month +45 days')
    >>> Terms("30 days").portions[0].due(date(2026, 1, 31))
    datetime.date(2026, 3, 2)
    """

    json_form: ClassVar[Any] = _text

    text: str = field(default="now", converter=_text)

    def __attrs_post_init__(self) -> None:
        """Read the text once, so that a value that exists can be used."""
        _portions(self.text)

    @property
    def portions(self) -> tuple[Portion, ...]:
        """The parts in their order."""
        return _portions(self.text)

    def to_plain(self) -> str:
        """The text."""
        return self.text

    def to_json(self) -> str:
        """The text in quotes."""
        return encode(self.text)

    @classmethod
    def from_plain(cls, data: object) -> Terms:
        """Read the text; an instance passes. Raises: BadTerms."""
        return data if isinstance(data, Terms) else cls(data)

    def __str__(self) -> str:
        """The text."""
        return self.text

    def __repr__(self) -> str:
        """The call that builds it."""
        return f"Terms({self.text!r})"


@frozen
class Instalment(Value):
    """An amount and the day it falls due."""

    due: date
    amount: Money


def instalments(total: Money, terms: Terms, *, on: Day) -> tuple[Instalment, ...]:
    """Split a total into what is due when.

    Portions are taken in the order of the terms, each at most what is left; the last is the remainder, so that nothing is lost to
    rounding. The
    instalments come in the order they fall due.

    Guarantees: amounts sum to `total`; instalments(-total) mirrors instalments(total); due dates never decrease and never
    precede `on` (a day of the month already past is the next month's).
    Raises: TermsOverrun, when the portions before the last exceed the total; DueBeforeStart, for a stated day before `on`.
    Source: EN 16931 BT-9; two readings of "45 days end of month": frappe/erpnext#22201, Dolibarr/dolibarr#18694.

    >>> for one in instalments(Money("100.00", "EUR"), Terms("30% now; rest 30 days"), on="2026-01-31"):
    ...     print(one.due, one.amount)
    2026-01-31 30.00 EUR
    2026-03-02 70.00 EUR
    """
    start = day(on)
    rest, unrounded, parts = total, total.exact.amount, []
    for portion in terms.portions[:-1]:
        amount = portion.of(total, rest)
        unrounded -= portion.share_of(total, unrounded)
        if abs(amount) > abs(rest):
            if unrounded * total.sign < 0:
                raise TermsOverrun(terms=terms.text, total=total, by=amount - rest)
            amount = rest  # only rounding asks for more: ten times 10 % of 15 yen are 2 each
        parts.append(Instalment(_due(portion, start, terms), amount))
        rest -= amount
    parts.append(Instalment(_due(terms.portions[-1], start, terms), rest))
    return tuple(sorted(parts, key=lambda one: one.due))


def _due(portion: Portion, on: date, terms: Terms) -> date:
    try:
        due = portion.due(on)
    except (OverflowError, ValueError):
        raise DueOutOfRange(on=on, terms=terms.text) from None
    if due > LAST:
        raise DueOutOfRange(on=on, terms=terms.text)
    if due < on:
        raise DueBeforeStart(due=due, on=on)
    return due


# -- steps -----------------------------------------------------------------------------------------------------------


def _days(on: date, count: int) -> date:
    return on + timedelta(days=count)


def _months(on: date, count: int) -> date:
    year, month = divmod(on.year * 12 + on.month - 1 + count, 12)
    return date(year, month + 1, min(on.day, monthrange(year, month + 1)[1]))


def _end_of_month(on: date, _: int) -> date:
    return on.replace(day=monthrange(on.year, on.month)[1])


def _day_of_month(on: date, count: int) -> date:
    here = on.replace(day=min(count, monthrange(on.year, on.month)[1]))
    if here >= on:
        return here
    after = _months(on.replace(day=1), 1)
    return after.replace(day=min(count, monthrange(after.year, after.month)[1]))


def _stated(_: date, ordinal: int) -> date:
    return date.fromordinal(ordinal)


_STEPS: Final[dict[str, Callable[[date, int], date]]] = {
    "days": _days,
    "months": _months,
    "end": _end_of_month,
    "day": _day_of_month,
    "on": _stated,
}

# -- grammar ---------------------------------------------------------------------------------------------------------

_AMOUNT: Final = re.compile(
    r"(?:(?P<percent>[0-9.]+) ?%(?P<of_rest> of rest)?|(?P<rest>rest)|(?P<fixed>[0-9.]+)(?! (?:days?|months?)\b))(?: |$)",
    re.ASCII,
)
_STEP: Final = re.compile(
    r"(?P<now>now)|\+?(?P<count>[0-9]{1,4}) (?P<unit>days?|months?)|(?P<end>end of month)|day (?P<day>[0-9]{1,2})"
    r"|on (?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})",
    re.ASCII,
)


@lru_cache(maxsize=512)
def _portions(text: str) -> tuple[Portion, ...]:
    parts = [one.strip() for one in text.split(";")]
    found = [_portion(one, text, last=index == len(parts) - 1) for index, one in enumerate(parts)]
    last = found[-1]
    if last.share is Share.TOTAL:
        if sum(one.figure for one in found if one.share is Share.TOTAL) != 1 or len({one.share for one in found}) > 1:
            raise BadTerms(text=text, why="the last portion must be the rest, or percentages must make 100")
    elif last.share is not Share.REMAINDER:
        raise BadTerms(text=text, why="the last portion must be the rest")
    if any(one.share is Share.REMAINDER for one in found[:-1]):
        raise BadTerms(text=text, why="nothing can follow the rest")
    return tuple(found)


def _portion(part: str, text: str, *, last: bool) -> Portion:
    head = _AMOUNT.match(part)
    if head is None:
        if not last:
            raise BadTerms(text=text, why=f"{part!r} names no amount")
        return Portion(Share.REMAINDER, Fraction(1), _steps(part, text))
    steps = _steps(part[head.end() :], text)
    if head["rest"]:
        return Portion(Share.REMAINDER, Fraction(1), steps)
    try:
        figure = Fraction(number(head["percent"] or head["fixed"]))
    except Invalid:
        raise BadTerms(text=text, why=f"{part!r} has no readable figure") from None
    if head["fixed"]:
        return Portion(Share.FIXED, figure, steps)
    if figure > 100:
        raise BadTerms(text=text, why=f"{part!r} is more than all")
    return Portion(Share.REST if head["of_rest"] else Share.TOTAL, figure / 100, steps)


def _steps(part: str, text: str) -> tuple[tuple[str, int], ...]:
    steps: list[tuple[str, int]] = []
    rest = part.strip()
    if not rest:
        raise BadTerms(text=text, why="a portion says when it is due: now, 30 days, end of month")
    while rest:
        found = _STEP.match(rest)
        if found is None:
            raise BadTerms(text=text, why=f"{rest!r} is no step")
        if found["count"]:
            count = int(found["count"])
            if count > _STEPS_MAX:
                raise BadTerms(text=text, why=f"at most {_STEPS_MAX} at a step")
            steps.append(("days" if found["unit"].startswith("day") else "months", count))
        elif found["end"]:
            steps.append(("end", 0))
        elif found["day"]:
            if not 1 <= int(found["day"]) <= 31:
                raise BadTerms(text=text, why="a month has days 1 to 31")
            steps.append(("day", int(found["day"])))
        elif found["date"]:
            steps.append(("on", _ordinal(found["date"], text)))
        rest = rest[found.end() :].strip()
    return tuple(steps)


def _ordinal(value: str, text: str) -> int:
    try:
        return date.fromisoformat(value).toordinal()
    except ValueError:
        raise BadTerms(text=text, why=f"{value} is no date") from None
