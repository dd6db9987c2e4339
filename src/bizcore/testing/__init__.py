"""Proof for other people's code: strategies, stories, the store contract, faults, crashes, clients in parallel."""
