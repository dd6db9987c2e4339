"""Tables in a locale."""

from __future__ import annotations

import decimal
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from bizcore.kernel.money import Money
from bizcore.kernel.quantity import Quantity
from bizcore.kernel.table import Column, Table
from bizcore.present.labels import label
from bizcore.present.show import UnknownLocale, show


def shown(value: object, locale: str) -> str:
    """One cell as it is shown, with its narrow and hard spaces made plain."""
    text = show(Table([Column("x")], [[value]]), locale).partition("\n")[2].strip()
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("value", "locale", "text"),
    [
        (Money("1234567.80", "EUR"), "de_DE", "1.234.567,80 €"),
        (Money("1234567.80", "INR"), "en_IN", "₹12,34,567.80"),
        (Money("-1234.50", "CNY"), "zh_CN", "-¥1,234.50"),
        (Money("1234", "JPY"), "ja_JP", "￥1,234"),
        (Money("1.200", "KWD"), "de_DE", "1,200 KWD"),
        (
            Money("1234.50", "ALL"),
            "de_DE",
            "1.234,50 ALL",
        ),  # CLDR shows the lek without its hundredths; books keep them
        (Quantity("1234.000001", "kg"), "fr_FR", "1 234,000001 kg"),
        (Decimal("1234.5678"), "de_CH", "1’234.5678"),
        (Fraction(1, 3), "de_DE", "1/3"),
        (date(2026, 3, 5), "de_DE", "05.03.2026"),
        (None, "de_DE", ""),
    ],
)
def test_figures_and_dates_follow_the_locale(value: object, locale: str, text: str) -> None:
    assert shown(value, locale) == text


def test_nothing_is_rounded_whatever_the_host_keeps() -> None:
    with decimal.localcontext(decimal.Context(prec=5)) as host:
        assert shown(Money("1234567.89", "EUR"), "en_GB") == "€1,234,567.89"
        assert shown(Money("12345678901234567890123456789012345.67", "EUR"), "en_GB").endswith("345.67")
        assert host.prec == 5


def test_statement_lines_speak_the_language_and_columns_align_by_their_width() -> None:
    rows = [["Assets", Money("1.00", "CNY")], ["Accounts of nobody", Money("10.00", "CNY")]]
    text = show(Table([Column("line"), Column("debit")], rows, title="Trial balance"), "zh_CN")
    assert text.splitlines() == [
        label("Trial balance", "zh"),
        "项目                  借方",
        "资产                 ¥1.00",
        "Accounts of nobody  ¥10.00",
    ]


@pytest.mark.parametrize("locale", ["xx_YY", "", "../de", "german", "🙂"])
def test_what_is_no_locale_is_refused(locale: str) -> None:
    with pytest.raises(UnknownLocale):
        show(Table([], []), locale)
