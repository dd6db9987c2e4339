"""The command line: `bizcore quarter` replays a folder of records, prints the statements and checks them."""

from bizcore.cli.command import main

__all__ = ["main"]
