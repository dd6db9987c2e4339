"""What leaves through pydantic enters again as the same value, and the two ways in agree."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from bizcore.company import Company
from bizcore.interop import act_type
from bizcore.interop.schemas import public_values
from bizcore.kernel.codec import decode, encode, plain
from bizcore.kernel.errors import BizcoreError
from bizcore.kernel.maps import Map
from bizcore.kernel.value import Answer
from bizcore.testing.stories import DOMAINS, Told, stories
from bizcore.testing.values import values

CLASSES = [one for one in public_values() if not issubclass(one, Answer)]
WRONG = st.sampled_from([None, True, 0, 1.5, "", "NaN", "1E+9", "2026-03-05T00:00", [], {}, {"amount": "1", "currency": "EUR"}, ["x"]])  # fmt: skip
EVERY = pytest.mark.parametrize("cls", CLASSES, ids=lambda one: f"{one.__module__}.{one.__name__}")
FEW = settings(max_examples=15, deadline=None)


@cache
def adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


@cache
def schema(cls: Any, mode: Any) -> Draft202012Validator:
    described = adapter(cls).json_schema(mode=mode)
    Draft202012Validator.check_schema(described)
    return Draft202012Validator(described)


@EVERY
@FEW
@given(data=st.data())
def test_a_value_enters_as_it_left(cls: type, data: st.DataObject) -> None:
    value = data.draw(values(cls))
    left = adapter(cls).dump_json(value)
    assert json.loads(left) == adapter(cls).dump_python(value, mode="json") == plain(value)
    assert adapter(cls).validate_json(left) == adapter(cls).validate_json(encode(value)) == value
    assert adapter(cls).validate_python(value) is value or cls is Map  # a mapping is built anew, of the values it had


@EVERY
@FEW
@given(data=st.data())
def test_pydantic_reads_what_the_codec_reads_and_nothing_else(cls: type, data: st.DataObject) -> None:
    body: Any = plain(data.draw(values(cls)))
    if isinstance(body, dict) and body and data.draw(st.booleans()):
        body[data.draw(st.sampled_from(sorted(body)))] = data.draw(WRONG)
    try:
        value: Any = decode(cls, body)
    except BizcoreError:
        with pytest.raises(ValidationError):
            adapter(cls).validate_python(body)
    else:
        assert adapter(cls).validate_python(body) == value


@EVERY
@FEW
@given(data=st.data())
def test_what_is_written_fits_the_json_schema(cls: type, data: st.DataObject) -> None:
    body = plain(data.draw(values(cls)))
    schema(cls, "validation").validate(body)
    schema(cls, "serialization").validate(body)


@settings(max_examples=15, deadline=None)
@given(story=stories(domains=DOMAINS, acts=12))
def test_an_act_enters_as_it_left(story: Told) -> None:
    acts = acts_of_a_company()
    for act, _, _ in story.acts:
        assert acts.validate_json(acts.dump_json(act)) == act
        assert acts.validate_json(act.to_json()) == act
        schema_of_acts().validate(act.to_plain())


@cache
def acts_of_a_company() -> TypeAdapter[Any]:
    return TypeAdapter(act_type(Company.create("acts", currency="EUR")))


@cache
def schema_of_acts() -> Draft202012Validator:
    return Draft202012Validator(acts_of_a_company().json_schema())
