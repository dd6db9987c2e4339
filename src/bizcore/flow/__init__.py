"""How documents live: kinds, lifecycles, numbers, policies."""
