"""Tables of the shop and of its books."""
