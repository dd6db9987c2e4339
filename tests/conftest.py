"""Hypothesis profiles: `ci` is the default; `BIZCORE_HYPOTHESIS=thorough` looks longer, `quick` shorter."""

from __future__ import annotations

import os

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
