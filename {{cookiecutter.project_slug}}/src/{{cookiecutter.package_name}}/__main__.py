"""The command line of the service: `python -m` this package, with `--help` for what it can do."""

import sys

from .platform.core.command_line import main

if __name__ == "__main__":
    sys.exit(main())
