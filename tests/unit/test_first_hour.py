"""The code of the first-hour pages, of the page on own documents and of the notebook is what a user would write: `mypy --strict` passes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs" / "first-hour").glob("*.md")), ROOT / "docs" / "how-to" / "own-documents.md"]
NOTEBOOK = ROOT / "examples" / "first_quarter.ipynb"


@pytest.mark.slow
def test_a_type_checker_accepts_what_the_pages_show(tmp_path: Path) -> None:
    assert len(PAGES) == 4
    modules = []
    for page in PAGES:
        blocks = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        assert blocks
        module = tmp_path / f"sketch_{page.stem.replace('-', '_')}.py"
        module.write_text("\n".join(blocks), encoding="utf-8")
        modules.append(str(module))
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    module = tmp_path / "sketch_quarter.py"
    module.write_text(
        "\n".join("".join(one["source"]) for one in cells if one["cell_type"] == "code"), encoding="utf-8"
    )
    modules.append(str(module))
    wrong = tmp_path / "sketch_wrong.py"
    wrong.write_text('from bizcore import Money\nprint(Money("1", "EUR") + 1)\nMoney(1.5, "EUR")\n', encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run([*command, *modules], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    refused = subprocess.run([*command, str(wrong)], capture_output=True, text=True, check=False)
    assert refused.stdout.count("error:") == 2, refused.stdout
