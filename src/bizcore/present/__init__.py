"""Locale text: the one place where CLDR decides how figures, dates and labels look."""

from bizcore.present.show import show

__all__ = ["show"]
