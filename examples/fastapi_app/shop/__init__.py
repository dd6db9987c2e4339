"""A shop that keeps its books beside its orders."""
