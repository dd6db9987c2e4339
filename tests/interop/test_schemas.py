"""The committed JSON Schema files are what the code says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from bizcore.finance import Invoice
from bizcore.interop.schemas import file_of, public_values, schemas, text_of
from bizcore.kernel.value import Value

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
SCHEMAS = schemas()


@pytest.mark.parametrize("file", SCHEMAS)
def test_a_committed_schema_is_what_the_code_says(file: str) -> None:
    committed = (FOLDER / file).read_text("utf-8") if (FOLDER / file).exists() else ""
    assert committed == text_of(SCHEMAS[file]), (
        "a schema changed: users' programs depend on it, so say so in a fragment in changelog.d and run "
        "`python -m bizcore.interop.schemas docs/schemas`"
    )
    Draft202012Validator.check_schema(json.loads(committed))


def test_no_schema_is_left_of_a_value_that_is_gone() -> None:
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.json")} == set(SCHEMAS)


def test_the_command_writes_them(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text("{}")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "bizcore.interop.schemas", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.json")} == {"own.json", *SCHEMAS}
    assert (tmp_path / file_of(Invoice)).read_text("utf-8") == text_of(SCHEMAS[file_of(Invoice)])


def test_every_class_has_a_file_of_its_own() -> None:
    files = [file_of(one) for one in public_values()]
    assert len(files) == len(set(files)) > 70
    assert all(issubclass(one, Value) for one in public_values())


def test_amounts_dates_and_names_are_described() -> None:
    invoice = SCHEMAS[file_of(Invoice)]
    assert invoice["title"] == "Invoice"
    assert invoice["description"] == "What a customer owes for what was sold."
    assert invoice["additionalProperties"] is False
    assert sorted(invoice["required"]) == ["currency", "customer", "lines", "on"]
    assert invoice["properties"]["on"] == {"format": "date", "title": "On", "type": "string"}
    assert invoice["properties"]["prices"] == {"$ref": "#/$defs/Prices", "default": "net"}
    amount = invoice["$defs"]["Money"]["properties"]["amount"]
    assert [one["type"] for one in amount["anyOf"]] == ["string", "integer"]
    leaving = SCHEMAS["change/Committed.json"]["$defs"]["Money"]["properties"]["amount"]
    assert (leaving["type"], leaving["pattern"]) == ("string", r"^-?[0-9]+(\.[0-9]+)?$")


@pytest.mark.parametrize("text", ["1", "-1.50", "+1", ".5", "5."])
def test_the_pattern_of_amounts_takes_what_the_parser_takes(text: str) -> None:
    Draft202012Validator(SCHEMAS["kernel/Money.json"]).validate({"amount": text, "currency": "EUR"})


@pytest.mark.parametrize("wrong", ["NaN", "1E+3", "1_000", "", "1,5", "１", 1.5, True, None])
def test_the_schema_refuses_what_no_amount_is(wrong: object) -> None:
    assert not Draft202012Validator(SCHEMAS["kernel/Money.json"]).is_valid({"amount": wrong, "currency": "EUR"})
