"""JSON Schema files of every value that enters or leaves: `python -m bizcore.interop.schemas FOLDER`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from inspect import isclass
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, Final

from pydantic import TypeAdapter

from bizcore.change.act import Act
from bizcore.company import Company
from bizcore.flow.document import Document
from bizcore.interop.acts import act_type
from bizcore.kernel.value import Answer, Value

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PACKAGES: Final = ("kernel", "book", "flow", "change", "finance", "supply", "sfa", "bridges", "company")
_BASES: Final = (Value, Answer, Act)
"""What others are made of, and acts, whose schema is that of a company."""


def public_values() -> tuple[type[Value], ...]:
    """Every class that has a JSON form, in the order of its file.

    >>> {"Invoice", "Money", "Table"} <= {one.__name__ for one in public_values()}
    True
    """
    found = {one for package in _PACKAGES for one in _classes(package)}
    return tuple(sorted(found, key=file_of))


def _classes(package: str) -> Iterator[type[Value]]:
    root = import_module(f"bizcore.{package}")
    names = [root.__name__, *(one.name for one in walk_packages(root.__path__, f"{root.__name__}."))]
    for name in names:
        for one in vars(import_module(name)).values():
            if isclass(one) and issubclass(one, Value) and one.__module__ == name and one not in _BASES:
                base = issubclass(one, Document) and not one.kind
                if not base and not one.__name__.startswith("_"):
                    yield one


def file_of(cls: type) -> str:
    """The file of a class below the folder: its package and its name.

    >>> from bizcore.finance import Invoice
    >>> file_of(Invoice)
    'finance/Invoice.json'
    """
    return f"{cls.__module__.split('.')[1]}/{cls.__name__}.json"


def schemas() -> Mapping[str, dict[str, Any]]:
    """Every schema by its file. What enters is described, which what leaves fits too; for answers, what leaves."""
    found = {file_of(one): _schema(one, leaves=issubclass(one, Answer)) for one in public_values()}
    acts = act_type(Company.create("schemas", currency="EUR"))
    return {**found, file_of(Act): _schema(acts, leaves=False)}


def _schema(annotation: Any, *, leaves: bool) -> dict[str, Any]:
    described = TypeAdapter(annotation).json_schema(mode="serialization" if leaves else "validation")
    return {"$schema": DIALECT, **described}


def text_of(schema: Mapping[str, Any]) -> str:
    """The text of a file: names sorted, so that a change shows as the lines it changes."""
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def write(folder: Path) -> None:
    """Write every schema below a folder; what else lies there stays."""
    for file, schema in schemas().items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(schema), "utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files into the folder that the command names."""
    options = argparse.ArgumentParser(prog="python -m bizcore.interop.schemas", description=__doc__)
    options.add_argument("folder", type=Path, help="where to write; docs/schemas in the project")
    write(options.parse_args(arguments).folder)


if __name__ == "__main__":
    main()
