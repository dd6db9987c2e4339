"""The project of docs/how-to/django.md, from the page alone: its migrations, commands and tests, on two databases."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

import bizcore
from bizcore.testing.postgres import new_database

PAGE = "docs/how-to/django.md"
HARD = """from shop.settings import *
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(BASE / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["timeout"] = 60
"""

Manage = Callable[..., str]


@pytest.fixture(params=["postgresql", "sqlite"])
def manage(request: pytest.FixtureRequest, pages: Any, tmp_path: Path) -> Manage:
    """`manage.py` of the page's project in an empty folder, in a process of its own, where a warning is an error."""
    pages.write_files(PAGE, tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(Path(bizcore.__file__).parents[1]), "PYTHONWARNINGS": "error"}
    for name in ("PGDATABASE", "DJANGO_SETTINGS_MODULE"):
        environment.pop(name, None)
    if request.param == "postgresql":
        url = make_url(new_database(request.getfixturevalue("postgres_url")))
        host = url.host or url.query["host"]
        environment |= {"PGDATABASE": str(url.database), "PGHOST": str(host), "PGUSER": str(url.username)}
        if url.port:
            environment["PGPORT"] = str(url.port)
        if url.password:
            environment["PGPASSWORD"] = str(url.password)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_the_examples_are_the_files_of_the_page(pages: Any) -> None:
    assert pages.example_of("django_app") == pages.files_of(PAGE)


def test_migrations_and_commands_run_as_the_page_says(manage: Manage, tmp_path: Path) -> None:
    manage("makemigrations", "--check")
    manage("migrate")
    manage("migrate", "shop", "zero")
    manage("migrate")
    for _ in range(2):
        manage("found", "acme")
    first, again = manage("rent", "acme", "--on", "2026-03-31"), manage("rent", "acme", "--on", "2026-03-31")
    assert (first, again) == ("rent 2026-03-31: position 1\n", "rent 2026-03-31: position 1 (was there)\n")
    manage("rent", "acme")
    for _ in range(2):
        manage("relay", "acme")
    told = [json.loads(line) for line in (tmp_path / "outbox.jsonl").read_text("utf-8").splitlines()]
    assert [one["id"] for one in told] == ["acme/1", "acme/2"]


def test_the_projects_own_tests_pass(manage: Manage) -> None:
    assert "Ran 6 tests" in manage("test", "--noinput")


@pytest.mark.slow
def test_the_harder_cases_pass(manage: Manage, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parent / "django_cases.py", tmp_path / "shop" / "test_cases.py")
    (tmp_path / "hard.py").write_text(HARD, "utf-8")
    said = manage("test", "shop.test_cases", "--noinput", "--settings", "hard")
    assert "Ran 16 tests" in said, said
