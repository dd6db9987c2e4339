"""The source is small enough to see, says what it is for, and keeps to its own rules."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "bizcore"
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in SOURCE.rglob("*.py"))
DRAWERS = {"utils", "util", "common", "helpers", "helper", "misc", "tools", "base", "shared"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def exceptions() -> frozenset[tuple[str, str]]:
    """(rule, place) of every row in docs/violations.md."""
    rows = (ROOT / "docs" / "violations.md").read_text("utf-8").splitlines()
    cells = [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows if row.startswith("| `")]
    return frozenset((row[0], row[1]) for row in cells)


def excused(rule: str, place: str) -> bool:
    return (rule, place) in exceptions()


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text("utf-8"))


def definitions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.ClassDef | Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{prefix}{child.name}"
            yield name, child
            yield from definitions(child, f"{name}.")
        elif not isinstance(child, ast.expr):
            yield from definitions(child, prefix)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_at_most_500_lines(module: str) -> None:
    lines = len((ROOT / module).read_text("utf-8").splitlines())
    assert lines <= 500 or excused("module-lines", module), f"{lines} lines"


@pytest.mark.parametrize("module", MODULES)
def test_a_function_has_at_most_60_lines_without_its_docstring(module: str) -> None:
    long = {}
    for name, node in definitions(tree(module)):
        if isinstance(node, ast.ClassDef):
            continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if ast.get_docstring(node, clean=False) is not None:
            doc = node.body[0]
            lines -= (doc.end_lineno or doc.lineno) - doc.lineno + 1
        if lines > 60 and not excused("function-lines", f"{module}:{name}"):
            long[name] = lines
    assert not long


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_a_name_of_its_own(module: str) -> None:
    """Neither a drawer nor the standard library's: a reader finds a rule by its file name."""
    path = Path(module)
    name = path.parent.name if path.stem == "__init__" else path.stem
    assert name not in DRAWERS
    assert name == "__main__" or name not in sys.stdlib_module_names or excused("stdlib-name", module)


@pytest.mark.parametrize("module", MODULES)
def test_what_is_public_has_a_docstring(module: str) -> None:
    silent = [] if ast.get_docstring(tree(module)) or not tree(module).body else ["the module"]
    for name, node in definitions(tree(module)):
        inside = name.rpartition(".")[0]
        local = any(
            isinstance(owner, Function) and inside.startswith(other) for other, owner in definitions(tree(module))
        )
        method = "." in name and not isinstance(node, ast.ClassDef)  # short methods speak by name
        public = not any(part.startswith("_") for part in name.split("."))
        stub = any(
            isinstance(one, ast.Name) and one.id == "overload" for one in node.decorator_list
        )  # the last one speaks
        if public and not method and not local and not stub and not ast.get_docstring(node):
            silent.append(name)
    assert [name for name in silent if not excused("docstring", f"{module}:{name}")] == []


@pytest.mark.parametrize("module", MODULES)
def test_no_rule_is_an_assert(module: str) -> None:
    """`-O` removes them; a rule raises."""
    found = [node.lineno for node in ast.walk(tree(module)) if isinstance(node, ast.Assert)]
    assert not found or module.startswith("src/bizcore/testing/"), f"lines {found}"


@pytest.mark.parametrize("module", MODULES)
def test_only_the_command_line_prints(module: str) -> None:
    calls = [node for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]
    printed = [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]
    assert not printed or re.match(r"src/bizcore/cli(/|\.py)", module), f"lines {printed}"


@pytest.mark.parametrize("module", MODULES)
def test_no_star_import(module: str) -> None:
    stars = [node for node in ast.walk(tree(module)) if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
    assert not stars


def test_every_exception_is_still_needed() -> None:
    """A row of docs/violations.md names a known rule and a place that exists; the list shrinks."""
    rules = {"module-lines", "function-lines", "stdlib-name", "docstring"}
    for rule, place in exceptions():
        module, _, name = place.partition(":")
        assert rule in rules, rule
        assert (ROOT / module).exists(), place
        assert not name or name in {known for known, _ in definitions(tree(module))}, place
        if rule == "module-lines":
            assert len((ROOT / module).read_text("utf-8").splitlines()) > 500, place


def test_a_code_names_one_refusal() -> None:
    """Whoever branches on `code`, as an API's clients do, must not meet two rules under one."""
    taken: dict[str, list[str]] = {}
    for module in MODULES:
        for name, node in definitions(tree(module)):
            if isinstance(node, ast.ClassDef):
                for line in node.body:
                    match line:
                        case ast.Assign(targets=[ast.Name("code")], value=ast.Constant(str(code))):
                            taken.setdefault(code, []).append(f"{module} {name}")
                        case ast.AnnAssign(target=ast.Name("code"), value=ast.Constant(str(code))):
                            taken.setdefault(code, []).append(f"{module} {name}")
    assert len(taken) > 150
    assert {code: places for code, places in taken.items() if len(places) > 1} == {}
