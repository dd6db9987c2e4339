"""`import bizcore` is free, and what is heavy is loaded only by who uses it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bizcore

HEAVY = ("sqlalchemy", "pydantic", "numpy", "scipy", "babel", "hypothesis", "pandas", "rich", "attrs", "decimal")
SOURCE = Path(bizcore.__file__).parent


def fresh(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_bizcore_loads_nothing_heavy() -> None:
    loaded = fresh("import sys; before = set(sys.modules); import bizcore; print(*sorted(set(sys.modules) - before))")
    assert not set(HEAVY) & {name.partition(".")[0] for name in loaded.split()}
    assert [name for name in loaded.split() if name.startswith("bizcore.")] == []


def test_import_bizcore_takes_under_five_milliseconds() -> None:
    """The best of several fresh interpreters: a busy machine adds time, it never takes any away."""
    program = "import time; t = time.perf_counter(); import bizcore; print(time.perf_counter() - t)"
    assert min(float(fresh(program)) for _ in range(5)) < 0.005


def test_the_top_level_knows_its_names() -> None:
    assert bizcore.__all__ == sorted(bizcore.__all__)
    assert set(bizcore.__all__) == set(bizcore._HOMES)
    assert set(bizcore.__all__) <= set(dir(bizcore))
    with pytest.raises(AttributeError, match="no attribute 'Transaction'"):
        bizcore.Transaction  # noqa: B018 - the access is the test


def test_type_checkers_see_the_same_table() -> None:
    """The names under TYPE_CHECKING come from the very modules that are loaded lazily."""
    body = ast.parse((SOURCE / "__init__.py").read_text("utf-8")).body
    block = next(node for node in body if isinstance(node, ast.If))
    seen = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == bizcore._HOMES


@pytest.mark.parametrize("name", bizcore.__all__)
def test_every_name_is_where_the_table_says(name: str) -> None:
    assert getattr(bizcore, name).__module__.startswith("bizcore.")


def test_a_company_in_memory_needs_nothing_heavy() -> None:
    """Formats and locale text are loaded when used; a script that keeps books pays for neither."""
    heavy = [name for name in HEAVY if name not in {"attrs", "decimal"}]
    loaded = fresh("import sys, bizcore; bizcore.Company; print(*sorted(sys.modules))")
    assert not set(heavy) & {name.partition(".")[0] for name in loaded.split()}
