"""What is fixed when a company is created."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Settings:
    """A company's settings: part of its identity in the store, never changed afterwards.

    `bucket` is the width of the periods that postings are clustered by: `month`, or `day` for companies that post millions
    of entries a month.
    """

    name: str
    currency: str
    chart: str = "ifrs"
    calendar: str = "calendar-year"
    zone: str = "UTC"
    bucket: str = "month"
