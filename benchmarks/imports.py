"""What an import costs in a fresh process, in milliseconds above `pass`, and what it must not bring with it.

python benchmarks/imports.py

Goals: `import bizcore` <= 5 ms above `pass`; `from bizcore import Company` <= 100 ms above it, < 150 ms in all and <= 3.5 x
`import attrs`; sqlalchemy, pydantic, numpy, scipy, babel and hypothesis are not loaded. Modules are compiled beforehand into a
folder of our own, as an installer would have done it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

from rounds import judged, seconds, spread

HEAVY = ("sqlalchemy", "pydantic", "numpy", "scipy", "babel", "hypothesis")
PROGRAMS = {
    "pass": "pass",
    "import attrs": "import attrs",
    "import bizcore": "import bizcore",
    "from bizcore import Company": "from bizcore import Company",
    "a company's finance desk": "from bizcore import Company; Company.create('a', currency='EUR').finance",
}
GOALS = {"import bizcore": 5.0, "from bizcore import Company": 100.0}


def main() -> None:
    """Print each import above `pass`, and refuse what must not be loaded."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=15)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        settings["PYTHONPYCACHEPREFIX"] = folder

        def fresh(program: str) -> str:
            return subprocess.run(
                [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=settings
            ).stdout

        check = "import sys; from bizcore import Company; print(*sys.modules)"
        loaded = {name.partition(".")[0] for name in fresh(check).split()} & set(HEAVY)
        assert not loaded, f"heavy packages were imported: {loaded}"
        for program in PROGRAMS.values():
            fresh(program)
        took: dict[str, list[float]] = {name: [] for name in PROGRAMS}
        for _ in range(given.rounds):
            for name, program in PROGRAMS.items():
                took[name].append(1000 * seconds(lambda: fresh(program)))  # noqa: B023 - called at once
    print(f"{'pass':28s} {spread(took['pass'])} ms")
    attrs = statistics.median(took["import attrs"]) - statistics.median(took["pass"])
    for name in list(PROGRAMS)[1:]:
        above = [one - nothing for one, nothing in zip(took[name], took["pass"], strict=True)]
        print(f"{name:28s} above pass {judged(above, most=GOALS.get(name))} ms", end="")
        print(f"  in all {statistics.median(took[name]):.0f} ms  to attrs {statistics.median(above) / attrs:.2f}")
    print(f"not loaded: {', '.join(HEAVY)}")


if __name__ == "__main__":
    main()
