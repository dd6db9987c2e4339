"""The files of an application that a page shows: fenced blocks that have a `title`."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

collect_ignore = ["django_cases.py"]  # run by Django's own runner, in the project of test_django_app.py

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r'^```\w* title="([^"]+)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)


def files_of(page: str) -> dict[str, str]:
    """Name and text of each file."""
    return dict(_BLOCK.findall((ROOT / page).read_text("utf-8")))


def write_files(page: str, folder: Path) -> None:
    """As a reader would type them."""
    for name, text in files_of(page).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


def example_of(folder: str) -> dict[str, str]:
    """The files that lie in the examples."""
    top = ROOT / "examples" / folder
    return {
        path.relative_to(top).as_posix(): path.read_text("utf-8")
        for path in sorted(top.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="session")
def pages() -> SimpleNamespace:
    """What reads and writes the files of a page."""
    return SimpleNamespace(files_of=files_of, write_files=write_files, example_of=example_of)
