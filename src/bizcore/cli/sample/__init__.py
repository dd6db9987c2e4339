"""The sample company: a small wholesaler of fasteners, its first quarter of 2026."""
