"""Laws of the calculations: tax, line nets, terms."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizcore.finance.crediting import in_part, taken_back
from bizcore.finance.documents import CreditNote, Invoice
from bizcore.finance.lines import Adjustment, Line
from bizcore.finance.tax import Prices, TaxRounding, compute, spread_exact, stated
from bizcore.finance.terms import Terms, TermsOverrun, instalments
from bizcore.kernel.exact import Exact
from bizcore.kernel.money import Money
from bizcore.kernel.rounding import Rounding

CURRENCIES = ("EUR", "JPY", "KWD")
CODES = (None, "S20", "S19", "S7.5", "S5.5", "Z", "E", "AE", "O")

decimals = st.decimals(min_value=-5_000, max_value=5_000, places=4, allow_nan=False)
lines = st.lists(
    st.builds(
        lambda quantity, price, tax, discount: Line("x", quantity, price, tax=tax, discount_percent=discount),
        decimals,
        decimals,
        st.sampled_from(CODES),
        st.sampled_from([Decimal(0), Decimal("2.5"), Decimal(100)]),
    ),
    min_size=1,
    max_size=8,
)
policies = st.sampled_from(list(TaxRounding))
prices = st.sampled_from(list(Prices))
days = st.dates(min_value=date(2000, 1, 1), max_value=date(2080, 12, 31))


def negated(line: Line) -> Line:
    return Line(line.text, -line.quantity, line.price, tax=line.tax, discount_percent=line.discount_percent)


@given(lines, st.sampled_from(CURRENCIES), policies, prices)
def test_net_and_tax_are_gross_for_the_document_and_every_line(
    given_lines: list[Line], currency: str, policy: TaxRounding, kind: Prices
) -> None:
    """No cent is lost between a line, its category and the document, whatever the policy."""
    result = compute(given_lines, currency=currency, rounding=policy, prices=kind)
    assert result.net + result.tax == result.gross
    assert all(one.net + one.tax == one.gross for one in result.shares)
    for part in ("net", "tax", "gross"):
        assert Money.sum((getattr(one, part) for one in result.shares), currency) == getattr(result, part)
    assert Money.sum((one.tax for one in result.tax_lines), currency) == result.tax
    assert Money.sum((one.base for one in result.tax_lines), currency) == result.net


@given(lines, st.sampled_from(CURRENCIES), policies, prices)
def test_turned_signs_give_turned_figures(
    given_lines: list[Line], currency: str, policy: TaxRounding, kind: Prices
) -> None:
    """A document taken back is the document with its signs turned, cent by cent."""
    there = compute(given_lines, currency=currency, rounding=policy, prices=kind)
    back = compute([negated(one) for one in given_lines], currency=currency, rounding=policy, prices=kind)
    assert (back.net, back.tax, back.gross) == (-there.net, -there.tax, -there.gross)
    assert [(one.net, one.tax) for one in back.shares] == [(-one.net, -one.tax) for one in there.shares]


@given(lines, st.randoms())
def test_the_order_of_lines_does_not_change_the_tax(given_lines: list[Line], random: object) -> None:
    mixed = list(given_lines)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = compute(given_lines, currency="EUR"), compute(mixed, currency="EUR")
    assert (one.net, one.tax, one.tax_lines) == (other.net, other.tax, other.tax_lines)


@given(lines, policies)
def test_document_tax_is_within_half_a_cent_of_the_exact_one(given_lines: list[Line], policy: TaxRounding) -> None:
    """Each category rounds once; per line, each line does."""
    result = compute(given_lines, currency="EUR", rounding=policy)
    for one in result.tax_lines:
        members = sum(1 for line in given_lines if (line.tax or "") != "") if policy is TaxRounding.LINE else 1
        assert abs(one.tax.exact.amount - one.exact) <= Fraction(max(members, 1), 200)


@given(lines, st.integers(-10_000, 10_000), prices)
def test_a_stated_tax_is_kept_to_the_cent(given_lines: list[Line], minor: int, kind: Prices) -> None:
    result = stated(given_lines, Money.of_minor(minor, "EUR"), currency="EUR", prices=kind)
    assert result.tax == Money.of_minor(minor, "EUR")
    assert all(one.net + one.tax == one.gross for one in result.shares)
    assert Money.sum((one.tax for one in result.shares), "EUR") == result.tax


@given(st.integers(-1_000, 1_000), st.lists(st.fractions(-50, 50, max_denominator=97), min_size=1, max_size=12))
def test_spreading_sums_exactly_and_is_odd(total: int, exact: list[Fraction]) -> None:
    parts = spread_exact(total, exact)
    assert sum(parts) == total
    if total or any(exact):
        assert spread_exact(-total, [-one for one in exact]) == [-one for one in parts]


@given(lines)
def test_a_credit_note_is_minus_its_invoice(given_lines: list[Line]) -> None:
    invoice = Invoice(
        customer="c", on="2026-03-05", currency="EUR", lines=given_lines, charges=[Adjustment("3.33", tax="Z")]
    )
    note = invoice.credited(on="2026-04-05")
    assert isinstance(note, CreditNote)
    assert note.totals == invoice.totals
    assert (note.sign, invoice.sign) == (-1, 1)


# -- terms -----------------------------------------------------------------------------------------------------------

steps = st.lists(
    st.one_of(
        st.just("now"),
        st.integers(0, 400).map(lambda n: f"{n} days"),
        st.integers(0, 30).map(lambda n: f"+{n} months"),
        st.just("end of month"),
        st.integers(1, 31).map(lambda n: f"day {n}"),
    ),
    min_size=1,
    max_size=3,
).map(" ".join)
portions = st.one_of(
    st.integers(0, 40).map(lambda n: f"{n}%"),
    st.decimals(0, 60, places=2).map(lambda n: f"{n}% of rest"),
)
terms = st.builds(
    lambda parts, last: Terms("; ".join([*(f"{amount} {step}" for amount, step in parts), f"rest {last}"])),
    st.lists(st.tuples(portions, steps), max_size=2),
    steps,
)
totals = st.builds(Money.of_minor, st.integers(-10_000_000, 10_000_000), st.sampled_from(CURRENCIES))


@given(totals, terms, days)
def test_instalments_sum_to_the_total(total: Money, agreed: Terms, on: date) -> None:
    """Nothing is lost or made when a total is split over time."""
    parts = instalments(total, agreed, on=on)
    assert Money.sum((one.amount for one in parts), total.currency) == total


@given(totals, terms, days)
def test_instalments_of_a_credit_mirror_those_of_the_invoice(total: Money, agreed: Terms, on: date) -> None:
    there, back = instalments(total, agreed, on=on), instalments(-total, agreed, on=on)
    assert [(one.due, -one.amount) for one in there] == [(one.due, one.amount) for one in back]


@given(totals, terms, days)
def test_due_dates_never_decrease_and_never_precede_the_document(total: Money, agreed: Terms, on: date) -> None:
    dues = [one.due for one in instalments(total, agreed, on=on)]
    assert dues == sorted(dues)
    assert dues[0] >= on


@given(
    st.builds(Money.of_minor, st.integers(-10_000_000, 10_000_000), st.just("EUR")),
    st.decimals(0, 200_000, places=2),
    days,
)
def test_a_fixed_amount_beyond_the_total_is_refused(total: Money, fixed: Decimal, on: date) -> None:
    agreed = Terms(f"{fixed} now; rest 30 days")
    if Exact(fixed, "EUR").round().amount > abs(total.amount) and total:
        with pytest.raises(TermsOverrun) as refused:
            instalments(total, agreed, on=on)
        assert refused.value.by.sign == total.sign  # type: ignore[attr-defined]
        return
    parts = instalments(total, agreed, on=on)
    assert all(one.amount.sign in (0, total.sign) for one in parts)


@given(terms)
def test_terms_are_read_back_from_their_text(agreed: Terms) -> None:
    assert Terms(str(agreed)) == agreed
    assert Terms.from_plain(agreed.to_plain()) == agreed


@given(days, st.integers(1, 31))
def test_a_day_of_the_month_is_the_next_such_day(on: date, day: int) -> None:
    """Beside a slower model: walk on until the day, or the month's last when it is shorter."""
    (one,) = instalments(Money("1", "EUR"), Terms(f"day {day}"), on=on)
    walked = on
    while walked.day != day and not (walked.day < day and (walked + timedelta(days=1)).day == 1):
        walked += timedelta(days=1)
    assert one.due == walked


@st.composite
def takings(draw: st.DrawFn) -> tuple[Invoice, list[dict[int, Decimal]]]:
    """An invoice, and its pieces in the parts in which they come back."""
    sold = [
        Line(f"line {at}", pieces, price, tax=tax, discount_percent=off)
        for at, (pieces, price, tax, off) in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        st.integers(1, 4),
                        st.decimals(min_value=0, max_value=50, places=4, allow_nan=False),
                        st.sampled_from(CODES),
                        st.sampled_from([Decimal(0), Decimal("2.5")]),
                    ),
                    min_size=1,
                    max_size=3,
                )
            )
        )
    ]
    invoice = Invoice(
        id="I",
        customer="beta",
        on="2026-03-05",
        currency=draw(st.sampled_from(CURRENCIES)),
        lines=sold,
        tax_rounding=draw(policies),
        prices=draw(prices),
        rounding_mode=draw(st.sampled_from([Rounding.HALF_AWAY, Rounding.HALF_EVEN, Rounding.DOWN])),
    )
    pieces = draw(st.permutations([at for at, line in enumerate(sold, 1) for _ in range(int(line.quantity))]))
    parts: list[dict[int, Decimal]] = []
    for at in pieces:
        if not parts or draw(st.booleans()):
            parts.append({})
        parts[-1][at] = parts[-1].get(at, Decimal(0)) + 1
    return invoice, parts


@given(takings())
def test_what_is_taken_back_in_parts_is_the_whole(given_parts: tuple[Invoice, list[dict[int, Decimal]]]) -> None:
    """However many credit notes take an invoice back: together they are it, line by line and in what is owed."""
    invoice, parts = given_parts
    notes: list[CreditNote] = []
    for part in parts:
        notes.append(in_part(invoice, part, notes, on="2026-03-09"))
    whole = {at: line.quantity for at, line in enumerate(invoice.lines, 1)}
    assert taken_back(invoice, notes) == whole
    assert Money.sum((one.owed for one in notes), invoice.currency) == invoice.owed
    if invoice.prices is Prices.NET:
        assert Money.sum((one.net for one in notes), invoice.currency) == invoice.net
