"""The port, the one commit rule, the overlay, the chain, and the adapters that store rows and decide nothing."""
