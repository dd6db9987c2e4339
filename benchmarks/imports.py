"""What an import costs in a fresh process, in milliseconds above `pass`, and what it must not bring with it.

python benchmarks/imports.py        goals: `import bizcore` <= 5 ms; `from bizcore import Company` <= 100 ms above `pass`,
                                    < 150 ms in all, <= 3.5 x `import attrs`; none of the heavy packages loaded
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

HEAVY = ("sqlalchemy", "pydantic", "numpy", "scipy", "babel", "hypothesis")
PROGRAMS = {
    "pass": "pass",
    "import attrs": "import attrs",
    "import bizcore": "import bizcore",
    "from bizcore import Company": "from bizcore import Company",
    "the finance desk too": "from bizcore import Company; Company.create('a', currency='EUR').finance",
}
ROUNDS = 15


def seconds(program: str) -> float:
    """One fresh process."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - begun


def main() -> None:
    """Print each import above `pass`, and what is loaded that must not be."""
    check = f"import sys; from bizcore import Company; print([m for m in {HEAVY!r} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", check], check=True, capture_output=True, text=True).stdout.strip()
    assert loaded == "[]", f"heavy packages were imported: {loaded}"
    took: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS):
        for name, program in PROGRAMS.items():
            took[name].append(seconds(program))
    nothing = statistics.median(took["pass"])
    attrs = statistics.median(took["import attrs"]) - nothing
    for name, times in took.items():
        above = statistics.median(times) - nothing
        print(
            f"{name:30s} {statistics.median(times) * 1000:7.1f} ms  above pass {above * 1000:6.1f} ms  to attrs {above / attrs:5.2f}"
        )
    print("heavy packages loaded: none")


if __name__ == "__main__":
    main()
