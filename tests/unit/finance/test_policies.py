"""Finance policies and accounts: what is refused when they are built, and when they are put over what the books hold."""

from __future__ import annotations

from typing import Any

import pytest

from bizcore.finance.policies import BadBuckets, FinancePolicies


@pytest.mark.parametrize("buckets", [(0, 30), (-1,), (30, 30), (60, 30), (True, 30), ("30",), (30.0,), 30, "30"])
def test_buckets_are_whole_days_above_zero_and_grow(buckets: Any) -> None:
    with pytest.raises(BadBuckets):
        FinancePolicies(buckets=buckets)


@pytest.mark.parametrize("buckets", [(), (30,), [7, 14, 400]])
def test_buckets_are_kept_as_given(buckets: Any) -> None:
    assert FinancePolicies(buckets=buckets).buckets == tuple(buckets)
