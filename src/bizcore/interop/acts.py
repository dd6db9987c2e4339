"""An act as a type that pydantic and FastAPI read: which acts there are, only a company can say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from bizcore.change.act import Act, signature_of
from bizcore.company import Company
from bizcore.flow.document import Ref
from bizcore.kernel.entrance import Schema, choice_schema, described, names_schema, schema_of


def act_type(company: Company) -> Any:
    """The type of the acts of a company, for a field, a body or a `TypeAdapter`: `{"act": name, "arguments": {...}}`.

    Guarantees: what it reads is what `Company.act` reads; every problem is told with its path below `arguments`; the JSON
    Schema names every verb of the company's desks with the types of its arguments. Reading an act applies nothing.

    >>> from pydantic import TypeAdapter
    >>> adapter = TypeAdapter(act_type(Company.create("acme", currency="EUR")))
    >>> adapter.validate_python({"act": "finance.reverse", "arguments": {"entry": "e1", "on": "2026-03-05"}})
    <finance.reverse(entry='e1', on=datetime.date(2026, 3, 5)) not applied>
    """
    return Annotated[Act[Any], _Acts(company)]


class _Acts:
    """What stands beside `Act` in the annotated type: the company whose verbs they are."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Schema:
        """A union by the name of the act, which describes; the company reads."""
        forms = {name: _form(name, planner, handler) for name, planner in sorted(self._company._verbs.items())}
        forms["erase"] = _named("erase", schema_of(Ref, handler))
        forms["put"] = _named("put", self._put(handler))
        union: Schema = {"type": "tagged-union", "discriminator": "act", "choices": forms}
        return {
            **choice_schema(self._read, union, below=("arguments",)),
            "serialization": handler(source)["serialization"],
        }

    def __get_pydantic_json_schema__(self, schema: Schema, handler: Any) -> Schema:
        """Entering it is one of the forms, leaving it is any act."""
        if handler.mode == "serialization":
            leaving: Schema = handler(names_schema(dict(zip(_NAMES, ({"type": "str"}, {"type": "dict"}), strict=True))))
            return described(Act, leaving)
        return described(Act, handler(schema["schema"]))

    def _read(self, data: Any) -> object:
        if isinstance(data, Act):
            return data
        return self._company.act(data)

    def _put(self, handler: Any) -> Schema:
        kinds = sorted(self._company.kinds.items())
        forms = {
            kind: _under(f"put_{kind}", {"kind": _literal(kind), "document": schema_of(cls, handler)})
            for kind, cls in kinds
        }
        union: Schema = {"type": "tagged-union", "discriminator": "kind", "choices": forms}
        return choice_schema(lambda data: self._read({"act": "put", "arguments": data}), union)


_NAMES: Final = ("act", "arguments")


def _form(name: str, planner: Callable[..., Any], handler: Any) -> Schema:
    signature = signature_of(planner)
    arguments = {one: schema_of(hint, handler) for one, hint in signature.types.items()}
    return _named(name, names_schema(arguments, required=signature.required))


def _named(name: str, arguments: Schema) -> Schema:
    return _under(name, dict(zip(_NAMES, (_literal(name), arguments), strict=True)))


def _under(name: str, names: Mapping[str, Schema]) -> Schema:
    """A form with a name of its own, because OpenAPI's discriminators point at names."""
    return {**names_schema(names), "ref": f"bizcore.acts.{name.replace('.', '_')}:0"}


def _literal(text: str) -> Schema:
    return {"type": "literal", "expected": [text]}
