"""Markup of what shows itself in a notebook: escaped unless it is markup already, in one look, with nothing from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from html import escape
from typing import Final

from bizcore.kernel.exact import Exact, plain_number
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity

ROWS_MAX: Final = 100
"""The most rows, or steps of an explanation, that are shown; the rest is counted."""

# Colours are the reader's own (currentColor, grey that is half transparent), so that light and dark pages are served by the same
# lines; only the colour of what is negative has to differ. Notebooks say theirs in variables, else the system's choice holds.
# No ids, no scripts, nothing to load: two outputs on one page do not meet. The class is named twice where notebooks have rules of
# their own for cells, which are as specific as that.
_STYLE: Final = (
    "<style>.bizcore{--minus:var(--jp-error-color1,var(--vscode-errorForeground,#b3261e));line-height:1.45;margin:.3em 0}"
    "@media(prefers-color-scheme:dark){.bizcore{--minus:var(--jp-error-color1,var(--vscode-errorForeground,#ff9a8f))}}"
    ".bizcore table{border-collapse:collapse;border:0;margin:.3em 0 .6em;font-size:.93em;font-variant-numeric:tabular-nums}"
    ".bizcore caption{caption-side:top;text-align:left;font-weight:600;color:inherit;white-space:nowrap;padding:.2em .7em .35em}"
    ".bizcore.bizcore th,.bizcore.bizcore td{padding:.22em .7em;border:0;border-bottom:1px solid #8883;text-align:left;"
    "vertical-align:baseline;max-width:34em}"
    ".bizcore.bizcore th{font-weight:600;border-bottom-color:#888c;vertical-align:bottom}"
    ".bizcore.bizcore .n{text-align:right;white-space:nowrap}.bizcore .n span{margin-left:.16em}.bizcore .minus{color:var(--minus)}"
    ".bizcore.bizcore .sum td,.bizcore.bizcore tfoot td{font-weight:600;border-top:1px solid #888c}"
    ".bizcore small{opacity:.7;font-size:.86em;font-weight:400}"
    ".bizcore summary{cursor:pointer}.bizcore .in{margin-left:1.25em}.bizcore .leaf{padding-left:1.05em}"
    ".bizcore mark{background:#8883;color:inherit;border-radius:.6em;padding:0 .5em;font-size:.86em}"
    ".bizcore svg{max-width:100%;height:auto}"
    "@media print{.bizcore tr,.bizcore svg{break-inside:avoid}.bizcore thead{display:table-header-group}}</style>"
)


class Html(str):
    """Text that is markup; every other text is escaped when it is put into some.

    >>> element("b", {}, "1 < 2", Html("<br>"))
    '<b>1 &lt; 2<br></b>'
    """

    __slots__ = ()


NOTHING: Final = Html()


def element(name: str, attributes: Mapping[str, object], *inside: str) -> Html:
    """An element with what is inside it, which is escaped unless it is `Html`.

    >>> element("td", {"class": "n"}, "a & b")
    '<td class="n">a &amp; b</td>'
    """
    said = "".join(f' {key}="{escape(str(value))}"' for key, value in attributes.items())
    return Html(f"<{name}{said}>{joined(inside)}</{name}>")


def joined(parts: Iterable[str]) -> Html:
    """Parts one after the other, escaped unless they are `Html`."""
    return Html("".join([part if isinstance(part, Html) else escape(part) for part in parts]))


class Shown:
    """Shows itself: as HTML in a notebook and as text in a terminal, from the same method of a subclass."""

    __slots__ = ()

    def markup(self) -> Html:
        """The value as markup, without the style around it, to be put into other markup."""
        raise NotImplementedError

    def plain(self) -> str:
        """The value as text."""
        return str(self)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return element("div", {"class": "bizcore"}, Html(_STYLE), self.markup())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """The same value as text and as HTML, of which whoever shows it takes what it can."""
        return {"text/plain": self.plain(), "text/html": self._repr_html_()}


def is_figure(value: object) -> bool:
    """Whether a cell is a number, and stands to the right."""
    return isinstance(value, (Money, Exact, Quantity, Decimal, Fraction, int)) and not isinstance(value, bool)


def cell(value: object, *, unit: str | None = None) -> Html:
    """A table cell: figures to the right, in groups of three, minus in a colour of its own; `unit` is not repeated.

    The groups are parted by style alone: what is copied from the page is the plain number.

    >>> cell(Money("-1234.50", "EUR"), unit="EUR")
    '<td class="n minus">-1<span>234</span>.50</td>'
    >>> cell("a<b"), cell(None)
    ('<td>a&lt;b</td>', '<td></td>')
    """
    if not is_figure(value):
        return element("td", {}, "" if value is None else str(value))
    number, _, own = _text(value).partition(" ")
    inside = _grouped(number)
    if own and own != unit:
        inside = joined([inside, " ", element("small", {}, own)])
    return element("td", {"class": "n minus" if number.startswith("-") else "n"}, inside)


def _text(value: object) -> str:
    return plain_number(value) if isinstance(value, (Decimal, Fraction)) else str(value)


def _grouped(number: str) -> Html:
    """`-1234567.5` with a span around each group of three; a fraction is left as it is."""
    whole, point, rest = number.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    if not digits.isdigit() or len(digits) < 4:
        return joined([number])
    first = len(digits) % 3 or 3
    groups = [digits[at : at + 3] for at in range(first, len(digits), 3)]
    return joined([sign, digits[:first], *(element("span", {}, one) for one in groups), point, rest])


def table(
    head: Sequence[Html], rows: Iterable[Html], *, title: str = "", foot: Sequence[Html] = (), of: int | None = None
) -> Html:
    """A table of rows made by `row`; `of` says how many there are when not all are given."""
    body = list(rows)
    last = list(foot)
    if of is not None and of > len(body):
        more = element("small", {}, f"and {of - len(body)} more rows")
        last.append(row([element("td", {"colspan": len(head)}, more)]))
    return element(
        "table",
        {},
        element("caption", {}, title) if title else NOTHING,
        element("thead", {}, row(head)),
        element("tbody", {}, *body),
        element("tfoot", {}, *last) if last else NOTHING,
    )


def row(cells: Iterable[Html], *, is_sum: bool = False) -> Html:
    """A row of cells; the row of a sum stands out."""
    return element("tr", {"class": "sum"} if is_sum else {}, *cells)


def heading(text: str, *, unit: str | None = None, right: bool = False) -> Html:
    """The head of a column, with the unit that its cells do not repeat."""
    said = (" ", element("small", {}, unit)) if unit else ()
    return element("th", {"class": "n"} if right else {}, text, *said)


def folded(summary: str, *inside: str, is_open: bool = False) -> Html:
    """What opens when one asks for it."""
    within = element("div", {"class": "in"}, *inside)
    return element("details", {"open": ""} if is_open else {}, element("summary", {}, summary), within)


def facts(pairs: Iterable[tuple[str, str]]) -> Html:
    """Names and values in two columns, those that say something."""
    said = [(element("small", {}, name), text) for name, text in pairs if text]
    rows = [row([element("td", {}, name), element("td", {}, text)]) for name, text in said]
    return element("table", {}, element("tbody", {}, *rows))
