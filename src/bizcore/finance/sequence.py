"""What follows from something is not dated before it: the kernel's rule, under the name that finance knows it by."""

from bizcore.kernel.sequence import DatedBefore, check_sequence

__all__ = ["DatedBefore", "check_sequence"]
