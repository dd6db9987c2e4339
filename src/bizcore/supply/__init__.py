"""Goods: items, places, stock, what they cost, buying and delivering them."""
