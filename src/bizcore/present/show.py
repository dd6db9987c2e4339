"""Tables as text in a locale, by CLDR through babel."""

from __future__ import annotations

import unicodedata
from copy import copy
from datetime import date
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal

from bizcore.kernel.currencies import digits
from bizcore.kernel.errors import Invalid
from bizcore.kernel.exact import plain_number
from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.table import Table
from bizcore.present.labels import label

_CONTEXT: Final = Context(prec=700)
"""Our own: babel computes in the host's context, which may keep five digits; 700 hold every figure that can exist."""


class UnknownLocale(Invalid):
    """CLDR has no locale of that name."""

    code = "unknown_locale"

    def __init__(self, *, locale: str) -> None:
        super().__init__(f"there is no locale {locale[:40]!r}; write zh_CN, de_DE, en_GB", locale=locale[:40])


def show(table: Table, locale: str = "en_GB") -> str:
    """Render a table in a locale: figures, currencies and dates by CLDR, titles and statement lines by our labels.

    Guarantees: every figure keeps all its places; nothing is rounded for show. Raises: UnknownLocale.

    >>> from bizcore.kernel.table import Column
    >>> statement = Table([Column("line"), Column("amount", kind="money")], [["Assets", Money("1234.50", "CNY")]], title="Balance sheet")
    >>> print(show(statement, locale="zh_CN"))
    资产负债表
    项目        金额
    资产  ¥1,234.50
    """
    try:
        found = Locale.parse(locale)
    except (ValueError, UnknownLocaleError, TypeError):
        raise UnknownLocale(locale=str(locale)) from None
    language = found.language
    head = [label(one.title or one.name, language) for one in table.columns]
    with localcontext(_CONTEXT):
        rows = [[_cell(value, locale, language) for value in row] for row in table.rows]
    right = [any(not isinstance(row[at], (str, type(None))) for row in table.rows) for at in range(len(head))]
    widths = [max(_width(row[at]) for row in [head, *rows]) for at in range(len(head))]
    lines = [label(table.title, language)] if table.title else []
    for row in [head, *rows]:
        cells = (_padded(text, width, to_right) for text, width, to_right in zip(row, widths, right, strict=True))
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _cell(value: object, locale: str, language: str) -> str:
    match value:
        case None:
            return ""
        case Money():
            return _money(value, locale)
        case Quantity():
            return f"{_number(value.amount, locale)} {value.unit}"
        case Decimal() | Fraction() | int():
            return _number(value, locale)
        case date():
            return format_date(value, format="medium", locale=locale)
        case _:
            return label(str(value), language)


def _money(value: Money, locale: str) -> str:
    """The locale's pattern with the places that books keep: CLDR's own would show 1234 yen as 1,234.00, or the lek without its
    qindarka, depending on whether it is asked for the pattern's places or for the currency's.
    """
    known = Locale.parse(locale)
    pattern = copy(known.currency_formats["standard"])
    places = digits(value.currency)
    pattern.frac_prec = (places, places)
    shown: str = pattern.apply(value.amount, known, currency=value.currency, currency_digits=False)
    return shown


def _number(value: Decimal | Fraction | int, locale: str) -> str:
    text = plain_number(Fraction(value))
    return text if "/" in text else format_decimal(Decimal(text), locale=locale, decimal_quantization=False)


def _width(text: str) -> int:
    """Columns on a terminal: wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _padded(text: str, width: int, to_right: bool) -> str:
    gap = " " * (width - _width(text))
    return gap + text if to_right else text + gap
