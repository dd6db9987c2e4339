"""Every Python example in the README and in docs runs: fenced `python` blocks and doctest prompts, a page top to bottom.

What an example prints is written as `>>>` with its answer; a plain block only has to run. A page starts in an empty folder of
its own, so that an example may keep a file.
"""

from __future__ import annotations

import os
import pathlib
import tempfile
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser


def start(namespace: dict[str, object]) -> None:
    namespace["_home"] = pathlib.Path.cwd()
    namespace["_folder"] = folder = tempfile.TemporaryDirectory(prefix="bizcore-docs-", ignore_cleanup_errors=True)
    os.chdir(folder.name)


def finish(namespace: dict[str, object]) -> None:
    os.chdir(namespace["_home"])  # type: ignore[arg-type]
    namespace["_folder"].cleanup()  # type: ignore[attr-defined]


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(doctest_optionflags=ELLIPSIS | NORMALIZE_WHITESPACE), SkipParser()],
    patterns=["README.md", "docs/**/*.md", "docs/*.md"],
    setup=start,
    teardown=finish,
).pytest()
