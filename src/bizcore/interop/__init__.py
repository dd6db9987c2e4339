"""The formats of others: acts as a type of a host's own models, and JSON Schema files of every value."""

from bizcore.interop.acts import act_type

__all__ = ["act_type"]
