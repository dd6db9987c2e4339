"""The benchmarks still run: tiny sizes, no figure looked at. Each script checks its own results against its raw side first."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
RUNS = {
    "posting": ["--commit", "1,100", "--entries", "100", "--rounds", "1"],
    "growth": ["--until", "800", "--batch", "100", "--rounds", "2"],
    "growth with random keys": ["--until", "800", "--batch", "100", "--rounds", "2", "--random-keys"],
    "reads": ["--postings", "7200,14400", "--balance", "--stream", "--rounds", "1"],
    "reads of acts": ["--postings", "720", "--balance", "--acts", "--rounds", "1"],
    "postgres": ["--rounds", "1", "--entries", "200"],
    "imports": ["--rounds", "1"],
    "writers": ["--processes", "2", "--seconds", "0.2"],
    "valuation": ["--moves", "4000", "--items", "4", "--rounds", "1"],
    "valuation back-dated": ["--moves", "40000", "--backdate", "--rounds", "1"],
    "entrances": ["--orders", "20", "--rounds", "1"],
    "money": ["--times", "1000", "--rounds", "1"],
}


@pytest.mark.parametrize("name", RUNS)
def test_a_benchmark_checks_itself_and_prints_its_ratios(name: str) -> None:
    script = BENCHMARKS / f"{name.partition(' ')[0]}.py"
    done = subprocess.run(
        [sys.executable, script, *RUNS[name]], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d", done.stdout), "figures are printed"


def test_every_script_is_run_and_explained() -> None:
    """A script that nobody runs rots; one that the page does not name is not found."""
    scripts = {path.stem for path in BENCHMARKS.glob("*.py")} - {"rounds"}
    page = (BENCHMARKS / "README.md").read_text("utf-8")
    ours = {name.partition(" ")[0] for name in RUNS}
    assert {
        "posting",
        "growth",
        "reads",
        "imports",
        "writers",
        "valuation",
        "money",
        "entrances",
        "postgres",
    } <= ours & scripts
    assert [one for one in sorted(ours) if f"`{one}.py`" not in page] == []
