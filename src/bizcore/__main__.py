"""`python -m bizcore` is the command `bizcore`."""

import sys

from bizcore.cli import main

if __name__ == "__main__":
    sys.exit(main())
