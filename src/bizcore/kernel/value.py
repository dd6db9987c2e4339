"""The base of what enters and leaves as JSON: hosts that speak pydantic find their way in here, and nothing is imported for it."""

from __future__ import annotations

from typing import Any, ClassVar


class Value:
    """A value with a JSON form: usable as a field of a host's own models, a FastAPI body or response, and in JSON Schema.

    A class of attrs fields needs nothing more; one whose form is other than its fields says so in `json_form`: the reader of
    the text it is, or the readers of the names it has.

    Guarantees: what `pydantic.TypeAdapter` reads of it is what `codec.decode` reads, and what it writes is what
    `codec.plain` gives; importing it imports no pydantic.

    >>> from attrs import frozen
    >>> @frozen
    ... class Tag(Value):
    ...     name: str
    >>> from pydantic import TypeAdapter
    >>> TypeAdapter(Tag).validate_json('{"name": "urgent"}'), TypeAdapter(Tag).dump_json(Tag("urgent"))
    (Tag(name='urgent'), b'{"name":"urgent"}')
    """

    __slots__ = ()

    json_form: ClassVar[Any] = None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> dict[str, Any]:
        """Asked by pydantic, once a type: how it is read and written."""
        from bizcore.kernel.entrance import value_schema

        return value_schema(cls, source, handler)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: dict[str, Any], handler: Any) -> dict[str, Any]:
        """Asked by pydantic: the JSON Schema, which is that of the form."""
        from bizcore.kernel.entrance import described

        return described(cls, handler.resolve_ref_schema(handler(schema["schema"])))


class Argument:
    """Stands in the `json_form` of a generic answer for its argument: `Committed[Invoice]` has an invoice there."""


class Answer(Value):
    """What only leaves: the answer of an act or a report. It is written, and never read.

    `to_plain` gives its JSON form, `json_form` the type of that: the names with their types, or one type.
    """

    __slots__ = ()

    def to_plain(self) -> Any:
        """The answer as JSON types."""
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> dict[str, Any]:
        """Asked by pydantic, once a type: how it is written."""
        from bizcore.kernel.entrance import answer_schema

        return answer_schema(cls, source, handler)
