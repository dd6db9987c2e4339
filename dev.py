#!/usr/bin/env python3
"""Sets up what a job needs in .venv and does it: `python3 dev.py quarter [ARGS]` or `python3 dev.py test [PYTEST ARGS]`.

Standard library only: it has to run on a machine that has nothing but git and Python 3.11 or newer.
"""

import sys

if sys.version_info < (3, 11):  # before anything that an older Python lacks
    sys.exit("bizcore needs Python 3.11 or newer; this is " + sys.version.split()[0])

import hashlib
import os
import pathlib
import shutil
import subprocess
import time
import tomllib
import venv

HERE = pathlib.Path(__file__).resolve().parent
HOME = HERE / ".venv"
BIN = HOME / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
MADE = f"{sys.version}\n{HERE}"  # another Python or another folder (scripts hold paths): made anew
# An environment that is active around us lends neither its packages nor its settings.
ENV = {k: v for k, v in os.environ.items() if k not in {"PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX"}}
ENV |= {"VIRTUAL_ENV": str(HOME), "PATH": f"{BIN}{os.pathsep}{ENV.get('PATH', os.defpath)}", "PIP_USER": "0"}
CHECKS = {
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "."),
    "types": ("mypy",),
    "layers": ("lint-imports", "--no-cache"),  # its cache forgets that a new module changes what an old import means
    "public types": ("pyright", "--verifytypes", "bizcore", "--ignoreexternal"),
    "tests": ("pytest", "-n", "2"),
}


def run(*command: object, quiet: bool = False, cwd: pathlib.Path = HERE) -> int:
    """Run it with .venv first on PATH; its exit code."""
    sink = subprocess.DEVNULL if quiet else None
    try:
        return subprocess.run(
            [str(c) for c in command], env=ENV, cwd=cwd, stdout=sink, stderr=sink, check=False
        ).returncode
    except OSError:  # not there, or not for this machine
        return 127


def installer() -> tuple[object, ...]:
    """The command that installs packages into a fresh or kept .venv: uv, its own pip, or the system's pip."""
    made = HOME / "made-for"
    kept = made.exists() and made.read_text("utf-8") == MADE and run(PYTHON, "-c", "", quiet=True) == 0
    if not kept:
        shutil.rmtree(HOME, ignore_errors=True)
    uv, own = shutil.which("uv"), (PYTHON, "-m", "pip")
    if uv and (kept or run(uv, "venv", "--quiet", "--python", sys.executable, HOME) == 0):
        command: tuple[object, ...] = (uv, "pip", "install", "--python", PYTHON)
    elif kept and run(*own, "--version", quiet=True) == 0:
        command = (*own, "install", "--disable-pip-version-check")
    else:
        try:
            from ensurepip import bootstrap as _  # noqa: F401 - the bare name can be an empty namespace package

            venv.create(HOME, with_pip=True, clear=True)
            command = (*own, "install", "--disable-pip-version-check")
        except (ImportError, subprocess.CalledProcessError, SystemExit):  # Debian without python3-venv
            venv.create(HOME, with_pip=False, clear=True)
            command = (sys.executable, "-m", "pip", "--python", PYTHON, "install", "--disable-pip-version-check")
            if run(sys.executable, "-m", "pip", "--version", quiet=True) != 0:
                sys.exit("no way to install packages: have one of uv, python3-venv (apt install python3-venv) or pip")
    made.write_text(MADE, "utf-8")
    return command


def prepare(group: str) -> None:
    """Install bizcore (editable) and the dependency group, unless that was done for this very pyproject.toml."""
    text = (HERE / "pyproject.toml").read_bytes()
    want, stamp = hashlib.sha256(text + MADE.encode()).hexdigest(), HOME / f"ready-{group}"
    if PYTHON.exists() and stamp.exists() and stamp.read_text("utf-8") == want:
        return
    print(f"-- setting up .venv for {group!r} (once)", flush=True)
    groups, install = tomllib.loads(text.decode())["dependency-groups"], installer()
    if code := run(*install, "--quiet", "-e", HERE, *groups[group]):
        sys.exit(code)
    for wish in groups.get(f"{group}-where-it-can-be-had", ()):
        if run(*install, "--quiet", wish, quiet=True):
            print(f"-- {wish} is not to be had for this machine; what needs it will be skipped", flush=True)
    stamp.write_text(want, "utf-8")


def test(*pytest_args: str) -> int:
    """Every check in order, the cheap ones first; stops at the first that fails and returns its exit code."""
    for name, (tool, *options) in CHECKS.items():
        print(f"-- {name}: {tool}", flush=True)
        if tool == "pyright" and run(BIN / tool, "--version", quiet=True) != 0:
            print("-- public types: SKIPPED, pyright finds no Node that runs on this machine", flush=True)
            continue
        began = time.perf_counter()
        code = run(BIN / tool, *options, *(pytest_args if tool == "pytest" else ()))
        print(
            f"-- {name}: {'ok' if code == 0 else f'FAILED ({code})'}, {time.perf_counter() - began:.1f} s", flush=True
        )
        if code:
            return code
    return 0


def main(job: str = "", *args: str) -> int:
    """Do the job."""
    if job not in {"quarter", "test"}:
        print(__doc__)
        return 0 if job in {"help", "-h", "--help"} else 2
    prepare(job)
    return test(*args) if job == "test" else run(BIN / "bizcore", "quarter", *args, cwd=pathlib.Path.cwd())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
