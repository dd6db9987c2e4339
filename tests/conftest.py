"""Hypothesis profiles: `ci` is the default; `BIZCORE_HYPOTHESIS=thorough` looks longer, `quick` shorter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Seeds stay random: each run looks elsewhere, and print_blob says how to repeat what it found. No deadline: a busy machine
# is not a bug, speed is measured in benchmarks.
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=False, print_blob=True, suppress_health_check=_SLOW
)
settings.register_profile("quick", settings.get_profile("ci"), max_examples=15)
settings.register_profile("thorough", settings.get_profile("ci"), max_examples=2_000)
settings.load_profile(os.environ.get("BIZCORE_HYPOTHESIS", "ci"))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL; where none can run the tests that need it are skipped, saying why, and fail in continuous integration."""
    from bizcore.testing.postgres import NoServer, postgres

    try:
        server = postgres()
        url = server.__enter__()
    except NoServer as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL here: {error}")
    try:
        yield url
    finally:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def postgres_engine(postgres_url: str) -> Iterator[Any]:
    """Connections to it, for all tests of a process."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(postgres_url, pool_size=10, max_overflow=20)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def three_servers() -> Iterator[list[Any]]:
    """Three PostgreSQL servers of the module's own, to be killed and started again."""
    from bizcore.testing.postgres import NoServer, Server

    servers: list[Any] = []
    try:
        for _ in range(3):
            servers.append(Server())
            servers[-1].start()
    except NoServer as error:
        for one in servers:
            one.stop()
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL here: {error}")
    yield servers
    for one in servers:
        one.stop()
