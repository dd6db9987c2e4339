"""The import contract bites: each violation planted in a copy of the source is found and named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What a layer needs to exist for a violation to be planted there; real packages take precedence over these.
SKELETON = ("kernel", "book", "flow", "change", "store", "finance", "supply", "sfa", "bridges", "present", "testing")

PLANTED = {
    "a domain imports another": (
        "finance",
        "import bizcore.sfa",
        "bizcore.finance is not allowed to import bizcore.sfa",
    ),
    "a domain is reached by a detour": (
        "supply",
        "from bizcore.bridges import planted_bridge",
        "bizcore.supply is not allowed to import bizcore.bridges",
    ),
    "the kernel imports a book": (
        "kernel",
        "import bizcore.book",
        "bizcore.kernel is not allowed to import bizcore.book",
    ),
    "book and flow are strangers": (
        "book",
        "import bizcore.flow",
        "bizcore.book is not allowed to import bizcore.flow",
    ),
    "the change imports the store": (
        "change",
        "import bizcore.store",
        "bizcore.change is not allowed to import bizcore.store",
    ),
    "a bridge imports a bridge": ("bridges", "from bizcore.bridges import planted_bridge", "planted_bridge"),
    "a domain imports an adapter": ("finance", "import bizcore.store.sqlite", "-> bizcore.store.sqlite"),
    "the store's commit rule imports an adapter": ("store", "import bizcore.store.memory", "-> bizcore.store.memory"),
    "the kernel imports babel": ("kernel", "import babel", "bizcore is not allowed to import babel"),
    "a domain imports pydantic": ("sfa", "import pydantic", "bizcore is not allowed to import pydantic"),
    "a store imports sqlalchemy": ("store", "import sqlalchemy", "bizcore is not allowed to import sqlalchemy"),
    "the kernel imports hypothesis": ("kernel", "import hypothesis", "bizcore is not allowed to import hypothesis"),
    "a domain imports rich": ("finance", "import rich", "bizcore is not allowed to import rich"),
    "a package nobody declared": ("stray", "", "bizcore.stray"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache', '--config', 'pyproject.toml'])"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src"), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.csv"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    package = tmp_path / "src" / "bizcore"
    for name in SKELETON:
        (package / name).mkdir(exist_ok=True)
        (package / name / "__init__.py").touch()
    for path in ("store/memory.py", "store/sqlite.py", "store/opener.py", "bridges/planted_bridge.py"):
        (package / path).touch()
    return tmp_path


def plant(folder: Path, package: str, line: str) -> None:
    home = folder / "src" / "bizcore" / package
    home.mkdir(exist_ok=True)
    (home / "__init__.py").touch()
    (home / "planted.py").write_text(f"{line}\n", "utf-8")


def test_the_source_keeps_the_contract(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_violation_is_found_and_named(case: str, copy: Path) -> None:
    package, line, named = PLANTED[case]
    plant(copy, package, line)
    result = lint(copy)
    assert result.returncode == 1, result.stdout + result.stderr
    assert named in " ".join(result.stdout.split())


def test_the_opener_and_the_test_kit_may_reach_adapters(copy: Path) -> None:
    package = copy / "src" / "bizcore"
    with (package / "store" / "opener.py").open("a", encoding="utf-8") as opener:
        opener.write("\nfrom bizcore.store import memory, sqlite\n")
    plant(copy, "testing", "from bizcore.store import memory, sqlite\nimport hypothesis, pytest")
    plant(copy, "present", "import babel")
    result = lint(copy)
    assert result.returncode == 0, result.stdout + result.stderr
