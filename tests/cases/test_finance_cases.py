"""Numeric cases of finance from independent sources: standards, and the tests and issues of other systems.

Facts are copied with their source; the policy a figure belongs to is named. `WAITING` lists what asks for a rule that is not
here yet.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from bizcore.book.entry import Entry, Posting, Unbalanced, credit, debit
from bizcore.company import Company
from bizcore.finance.chart import Account, Nature
from bizcore.finance.documents import Invoice
from bizcore.finance.lines import Adjustment, Line
from bizcore.finance.policies import AgeBy, FinancePolicies
from bizcore.finance.rates import converted
from bizcore.finance.tax import Prices, TaxResult, TaxRounding, compute, payable_rounding
from bizcore.finance.terms import Terms, instalments
from bizcore.finance.totals import StatedTotals, check
from bizcore.kernel.money import Money

WAITING = {
    "FIN-013": "tax graph: a fixed tax inside the base of a percentage",
    "FIN-027": "tax graph: one inclusive price split into two taxes (the document total is checked here)",
    "FIN-043": "cash discount",
    "FIN-046": "cash discount",
    "FIN-049": "revaluation",
    "FIN-050": "revaluation",
    "FIN-054": "translation",
    "FIN-058": "revenue contracts",
    "FIN-060": "revenue contracts",
    "FIN-061": "revenue contracts",
    "FIN-064": "revenue contracts",
    "FIN-066": "revenue contracts",
    "FIN-067": "revenue contracts",
    "FIN-070": "deferral schedules",
    "FIN-074": "fixed assets",
    "FIN-076": "fixed assets",
    "FIN-078": "fixed assets",
    "FIN-083": "cash-flow statement",
    "FIN-090": "bank statements",
    "FIN-092": "pending entries",
    "REL-TAX-03": "tax graph: an excluded tax beside an included one",
    "REL-TAX-07": "tax graph: withholding, a tax that affects the next base",
    "REL-TAX-09": "tax graph: a fixed tax included in a price",
    "REL-TAX-11": "tax graph: taxes as shares of the gross",
    "REL-TAX-13": "tax graph: reverse charge in two parts on one line",
}


LOW = [
    "19.90",
    "9.85",
    "8.29",
    "14.46",
    "35.00",
    "35.00",
    "10.65",
    "1.55",
    "14.37",
    "8.29",
    "16.58",
    "9.95",
    "3.30",
    "3.90",
    "102.12",
    "-109.98",
]
HIGH = ["10.80", "7.60", "9.34", "18.63"]


def lines(*prices: str, tax: str, quantity: str = "1") -> list[Line]:
    return [Line("line", quantity, price, tax=tax) for price in prices]


def figures(result: TaxResult) -> tuple[str, str, str]:
    return tuple(str(one.amount) for one in (result.net, result.tax, result.gross))  # type: ignore[return-value]


# -- tax -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "base", "tax"),
    [
        (TaxRounding.LINE, "100.00", "20.00"),
        (TaxRounding.DOCUMENT_UNROUNDED, "100.00", "20.02"),
        (TaxRounding.DOCUMENT, "100.00", "20.00"),
    ],
)
def test_a_hundred_lines_of_a_thousandth_more(policy: TaxRounding, base: str, tax: str) -> None:
    """FIN-010, REL-TAX-15: tryton/tryton modules/account/tests/test_module.py."""
    result = compute(lines(*["1.001"] * 100, tax="S20"), currency="EUR", rounding=policy)
    assert figures(result)[:2] == (base, tax)


@pytest.mark.parametrize(
    ("gross", "tax", "currency", "expected"),
    [
        ("52.50", "S12", "EUR", ("46.87", "5.63")),  # FIN-017: odoo/odoo test_taxes_computation.py, a tie of 5.625
        ("27000", "S19", "JPY", ("22689", "4311")),  # FIN-019, REL-TAX-05
        ("10920", "S19", "JPY", ("9176", "1744")),  # FIN-019, REL-TAX-05: no net gives 10920, so it is not repaired
        ("50000", "S10", "JPY", ("45455", "4545")),  # FIN-024: frappe/erpnext#52236
        ("10000.00", "S13", "CNY", ("8849.56", "1150.44")),  # FIN-035: rates of odoo/odoo l10n_cn
        ("10000.00", "S9", "CNY", ("9174.31", "825.69")),
        ("10000.00", "S6", "CNY", ("9433.96", "566.04")),
        ("10000.00", "S3", "CNY", ("9708.74", "291.26")),
        ("24900.00", "S28", "INR", ("19453.12", "5446.88")),  # FIN-027, the total: frappe/erpnext#10217
        ("124.40", "S8", "EUR", ("115.19", "9.21")),  # REL-TAX-01: odoo/odoo, 8 % included beside 0 %
    ],
)
@pytest.mark.parametrize("policy", list(TaxRounding))
def test_tax_is_taken_out_of_a_gross_price_first(
    gross: str, tax: str, currency: str, expected: tuple[str, str], policy: TaxRounding
) -> None:
    result = compute(lines(gross, tax=tax), currency=currency, prices=Prices.GROSS, rounding=policy)
    assert figures(result) == (*expected, str(Money(gross, currency).amount))


@pytest.mark.parametrize(("net", "tax"), [("22689", "4311"), ("9176", "1743")])
def test_tax_on_a_net_price_without_decimals(net: str, tax: str) -> None:
    """FIN-019, REL-TAX-05: 9176 and 19 % make 10919, which splits differently: not invertible."""
    assert figures(compute(lines(net, tax="S19"), currency="JPY"))[:2] == (net, tax)


def test_the_unrounded_figures_stay_visible() -> None:
    """REL-TAX-01, rounded globally: base 115.185185, tax 9.214815."""
    result = compute(lines("124.40", tax="S8"), currency="EUR", prices=Prices.GROSS)
    exact = result.tax_lines[0].exact
    assert round(exact, 6) == Fraction("9.214815")
    assert round(Fraction("124.40") - exact, 6) == Fraction("115.185185")


@pytest.mark.parametrize("policy", [TaxRounding.DOCUMENT, TaxRounding.LINE])
def test_a_single_line_says_the_same_by_document_and_by_line(policy: TaxRounding) -> None:
    """FIN-022: odoo/odoo#37896, #28788; with the net not rounded first the total would be 6527.80."""
    line = Line("line", 16, "348.35", tax="S22", discount_percent=4)
    assert figures(compute([line], currency="EUR", rounding=policy)) == ("5350.66", "1177.15", "6527.81")
    assert line.extended == Fraction("5350.656")


def test_a_net_price_list_and_a_gross_one_differ() -> None:
    """FIN-023: odoo/odoo#155833; 3.60 and 5.5 % is shown as 3.80, ten of them cost 37.98."""
    assert figures(compute(lines("3.60", tax="S5.5", quantity="10"), currency="EUR"))[2] == "37.98"
    ten = compute(lines(*["3.60"] * 10, tax="S5.5"), currency="EUR", rounding=TaxRounding.LINE)
    assert figures(ten)[2] == "38.00"
    gross = compute(lines("3.80", tax="S5.5", quantity="10"), currency="EUR", prices=Prices.GROSS)
    assert figures(gross)[2] == "38.00"


def test_the_rest_of_an_inclusive_document_belongs_to_a_line() -> None:
    """FIN-025: frappe/erpnext#58712; rounded apart, the lines would make 757.99."""
    result = compute(lines("379.00", "379.00", tax="S21"), currency="EUR", prices=Prices.GROSS)
    assert figures(result) == ("626.45", "131.55", "758.00")
    assert [str(one.net.amount) for one in result.shares] == ["313.23", "313.22"]


def test_cash_rounding_is_a_line_of_its_own() -> None:
    """FIN-028: EN 16931 BT-114, BR-CO-16; frappe/erpnext#11171."""
    rounding = payable_rounding(Money("12.23", "CHF"), increment="0.05")
    bill = Invoice(customer="c", on="2026-01-05", currency="CHF", lines=[Line("x", 1, "12.23")], rounding=rounding)
    assert (rounding, bill.amount_due) == (Money("0.02", "CHF"), Money("12.25", "CHF"))


def test_many_lines_a_negative_one_two_rates() -> None:
    """FIN-029: ConnectingEurope/eInvoicing-EN16931 ubl/examples/ubl-tc434-example1.xml."""
    result = compute([*lines(*LOW, tax="S6"), *lines(*HIGH, tax="S21")], currency="EUR")
    assert figures(result) == ("229.60", "20.73", "250.33")
    found = [(str(one.rate), str(one.base.amount), str(one.tax.amount)) for one in result.tax_lines]
    assert found == [("6", "183.23", "10.99"), ("21", "46.37", "9.74")]


def test_allowance_charge_exemption_and_prepayment() -> None:
    """FIN-030: ubl-tc434-example2.xml; 365.125 tells half away from zero from half even."""
    bill = Invoice(
        customer="c",
        on="2026-01-05",
        currency="EUR",
        lines=[
            *lines("1273.00", "187.50", tax="S25"),
            *lines("-3.96", "4.96", tax="S15"),
            *lines("-25.00", tax="E0"),
        ],
        allowances=[Adjustment("100.00", tax="S25")],
        charges=[Adjustment("100.00", tax="S25")],
        prepaid=Money("1000.00", "EUR"),
    )
    found = {(one.category, str(one.rate)): (str(one.base.amount), str(one.tax.amount)) for one in bill.tax_lines}
    assert found == {
        ("S", "25"): ("1460.50", "365.13"),
        ("S", "15"): ("1.00", "0.15"),
        ("E", "0"): ("-25.00", "0.00"),
    }
    assert figures(bill.totals) == ("1436.50", "365.28", "1801.78")
    assert bill.amount_due == Money("801.78", "EUR")


def test_payable_with_payments_for_third_parties() -> None:
    """REL-UBL-02: itplr-kosit/xrechnung-testsuite extension 05.01a; the core standard finds BR-CO-16, the extension ties."""
    eur = {
        name: Money(text, "EUR")
        for name, text in (("lines", "283.11"), ("net", "283.11"), ("tax", "53.79"), ("gross", "336.90"))
    }
    core = check(StatedTotals(**eur, payable=Money("366.86", "EUR")))
    assert [(one.rule, one.stated, one.computed) for one in core] == [
        ("BR-CO-16", Money("366.86", "EUR"), Money("336.90", "EUR"))
    ]
    third = Money.sum([Money("19.96", "EUR"), Money("10.00", "EUR")], "EUR")
    assert check(StatedTotals(**eur, third_party=third, payable=Money("366.86", "EUR"))) == ()


# -- terms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", ["2019-01-01", "2019-01-15", "2019-01-31"])
def test_days_counted_from_the_end_of_the_month(on: str) -> None:
    """FIN-038: odoo/odoo addons/account/tests/test_payment_term.py."""
    (one,) = instalments(Money("100", "EUR"), Terms("end of month, 45 days"), on=on)
    assert one.due.isoformat() == "2019-03-17"


@pytest.mark.parametrize(
    ("terms", "due"), [("45 days, end of month", "2021-10-31"), ("end of month, 45 days", "2021-11-14")]
)
def test_the_order_of_steps_is_the_term(terms: str, due: str) -> None:
    """FIN-041: Dolibarr/dolibarr#18694, OCA/account-invoicing#103."""
    (one,) = instalments(Money("100", "EUR"), Terms(terms), on="2021-09-13")
    assert one.due.isoformat() == due


# -- journal ---------------------------------------------------------------------------------------------------------


def test_what_people_typed_does_not_set_the_precision() -> None:
    """FIN-008: beancount/beancount#828, #1030; the balancing leg is exact."""
    for legs, currency, rest in ((("2.0", "4.35"), "USD", "-6.35"), (("4.8", "2.97"), "EUR", "-7.77")):
        given = [Posting("6000", Money(one, currency)) for one in legs]
        with pytest.raises(Unbalanced) as refused:
            Entry("2026-01-05", given)  # type: ignore[arg-type]
        assert -refused.value.by == Money(rest, currency)  # type: ignore[attr-defined]
        assert Entry("2026-01-05", [*given, Posting("1000", Money(rest, currency))])


def test_an_entry_of_three_amounts_balances_exactly() -> None:
    """FIN-007, the case in money: juspay/hyperswitch-control-center#5409."""
    eur = [Money(one, "EUR") for one in ("506.22", "324.71", "181.51")]
    assert Entry("2026-01-05", [debit("1000", eur[0]), credit("4000", eur[1]), credit("4100", eur[2])]).value == eur[0]


def test_corrections_are_further_entries() -> None:
    """FIN-094: tigerbeetle/tigerbeetle docs/coding/recipes/correcting-transfers.md."""
    acme = Company.create("cases", currency="JPY")
    for code in "AXY":
        acme.apply(acme.put(Account(code=code, name=code, nature=Nature.ASSET)))

    def move(source: str, target: str, amount: int) -> str:
        entry = Entry("2026-01-05", [credit(source, Money(amount, "JPY")), debit(target, Money(amount, "JPY"))])
        return acme.apply(acme.finance.post(entry)).value.id

    first = [move("A", "X", 10_000), move("A", "Y", 50)]
    before = [acme.entry(one) for one in first]
    move("X", "A", 1_000)
    move("Y", "A", 5)
    held = {one["account"]: int(one["balance"].amount) for one in acme.finance.trial_balance()}
    assert (held["X"], held["Y"], held["A"]) == (9_000, 45, -9_045)
    assert [acme.entry(one) for one in first] == before


# -- settlement ------------------------------------------------------------------------------------------------------


def test_partial_payments_and_a_write_off_close_an_invoice() -> None:
    """REL-AR-01: tryton/tryton modules/account_invoice/tests/scenario_invoice.rst."""
    acme = Company.create("cases", currency="EUR")
    bill = Invoice(id="I", customer="c", on="2026-01-05", currency="EUR", lines=[Line("x", 1, "240.00")])
    acme.apply(acme.finance.issue(bill))
    left = []
    for amount, off in (("120.00", None), ("20.00", None), ("99.00", Money("1.00", "EUR"))):
        acme.apply(acme.finance.collect(Money(amount, "EUR"), customer="c", on="2026-02-05", to=["I"], write_off=off))
        left.append(str(sum((one["amount"].amount for one in acme.finance.open_items(customer="c")), Decimal("0.00"))))
    assert left == ["120.00", "100.00", "0.00"]
    held = {one["account"]: str(one["balance"].amount) for one in acme.finance.trial_balance()}
    assert (held["1000"], held["6300"], held["1200"]) == ("239.00", "1.00", "0.00")


def test_a_write_off_converts_at_the_payment_rate() -> None:
    """FIN-052: odoo/odoo#35785, where five dollars became a credit of 97,500."""
    acme = Company.create("cases", currency="YER")
    bill = Invoice(id="I", customer="c", on="2026-01-05", currency="USD", rate=400, lines=[Line("x", 1, "1000")])
    acme.apply(acme.finance.issue(bill))
    paid = acme.finance.collect(
        Money("995", "USD"), customer="c", on="2026-02-05", to=["I"], rate=500, write_off=Money("5", "USD")
    )
    assert acme.apply(paid).value.result == Money("100000", "YER")
    held = {one["account"]: str(one["balance"].amount) for one in acme.finance.trial_balance()}
    assert held["1000"] == "497500.00"
    assert held["6300"] == "2500.00"
    assert held["6800"] == "-100000.00"
    assert held["1200"] == "0.00"


def test_a_tie_of_translation_rounds_away_from_zero() -> None:
    """FIN-056: 350,000 yen at 0.0481233 are exactly 16,843.155."""
    assert converted(Money("350000", "JPY"), Fraction("0.0481233"), "CNY") == Money("16843.16", "CNY")


# -- aging, closing, statements --------------------------------------------------------------------------------------


def test_aging_buckets_with_a_partly_applied_receipt() -> None:
    """FIN-081: ekmungai/python-accounting tests/test_aging_schedule.py; the unapplied 10 stand apart."""
    acme = Company.create("cases", currency="EUR")
    acme.apply(acme.put(FinancePolicies(age_by=AgeBy.OPENED, buckets=(30, 90, 180, 270, 365))))
    items = [
        ("I1", "client1", "2026-06-28", "110"),
        ("I2", "client1", "2026-04-30", "50"),
        ("I3", "client2", "2026-01-30", "25"),
        ("I4", "client1", "2025-10-30", "65"),
        ("I5", "client1", "2025-08-30", "85"),
        ("I6", "client2", "2025-06-30", "70"),
        ("I7", "client1", "2024-06-30", "45"),
    ]
    for name, customer, on, amount in items:
        bill = Invoice(id=name, customer=customer, on=on, currency="EUR", lines=[Line("x", 1, amount)])
        acme.apply(acme.finance.issue(bill))
    advance = acme.apply(acme.finance.collect(Money("25", "EUR"), customer="client3", on="2026-06-29")).value
    assert advance.advance == Money("25", "EUR")
    acme.apply(acme.finance.collect(Money("15", "EUR"), customer="client1", on="2026-06-29", to=["I1"]))
    table = acme.finance.receivable_aging(at="2026-06-30")
    found = {
        row["party"]: [int(v.amount) for name, v in row.items() if name not in {"party", "total"}] for row in table
    }
    assert found["client1"] == [95, 50, 0, 65, 85, 45, 0]
    assert found["client2"] == [0, 0, 25, 0, 70, 0, 0]
    assert found["total"] == [95, 50, 25, 65, 155, 45, -25]


def test_closing_a_year_carries_expense_to_retained_earnings() -> None:
    """FIN-082: simonmichael/hledger hledger/test/close.test; the close of a period, not of a file."""
    acme = Company.create("cases", currency="USD")
    for code, nature in (
        ("bank", Nature.ASSET),
        ("cash", Nature.ASSET),
        ("equity", Nature.EQUITY),
        ("liabilities", Nature.LIABILITY),
        ("sweets", Nature.EXPENSE),
    ):
        acme.apply(acme.put(Account(code=code, name=code, nature=nature)))
    for legs in (
        {"bank": 100, "cash": 20, "equity": -120},
        {"sweets": 5, "cash": -5},
        {"cash": 20, "bank": -20},
        {"liabilities": 25, "cash": -25},
    ):
        entry = Entry("2016-05-05", [Posting(code, Money(amount, "USD")) for code, amount in legs.items()])
        acme.apply(acme.finance.post(entry))
    acme.apply(acme.finance.close_year("2016"))
    held = {one["account"]: int(one["balance"].amount) for one in acme.finance.trial_balance()}
    assert (held["bank"], held["cash"], held["liabilities"]) == (80, 10, 25)
    assert (held["sweets"], held["3100"]) == (0, 5)
    assert held["equity"] + held["3100"] == -115


def test_three_statements_tie_together() -> None:
    """FIN-084, balance sheet and income statement: ekmungai/python-accounting docs; its cash flow waits for that statement."""
    acme = Company.create("cases", currency="EUR")
    legs = {"1700": 120, "1200": 70, "1000": 50, "2200": -20, "2000": -120, "4000": -200, "6000": 100}
    acme.apply(acme.finance.post(Entry("2026-03-05", [Posting(code, Money(one, "EUR")) for code, one in legs.items()])))
    sheet, income = acme.finance.balance_sheet(), acme.finance.income_statement()
    assert sheet["assets", "amount"].value == Money("240", "EUR")
    assert sheet["liabilities", "amount"].value == Money("140", "EUR")
    assert sheet["equity", "amount"].value == Money("100", "EUR")
    assert income["result", "amount"].value == Money("100", "EUR")


def test_a_chinese_income_statement() -> None:
    """FIN-086: revenue 6001, cost 6401, administration 6602; operating profit 30,000, gross margin 40 %."""
    acme = Company.create("cases", currency="CNY")
    for code, nature, line in (
        ("6001", Nature.INCOME, "revenue"),
        ("6401", Nature.EXPENSE, "cost_of_sales"),
        ("6602", Nature.EXPENSE, "administrative_expenses"),
    ):
        acme.apply(acme.put(Account(code=code, name=code, nature=nature, line=line)))
    legs = {"1000": "30000", "6001": "-100000.00", "6401": "60000.00", "6602": "10000.00"}
    acme.apply(acme.finance.post(Entry("2026-03-05", [Posting(code, Money(one, "CNY")) for code, one in legs.items()])))
    income = acme.finance.income_statement(period="2026-Q1")
    assert income["result", "amount"].value == Money("30000.00", "CNY")
    assert income["gross_profit", "amount"].value / income["revenue", "amount"].value == Fraction("0.4")


def test_every_waiting_case_says_what_it_waits_for() -> None:
    assert all(WAITING.values())
