"""`python -m munshi` is the `munshi` command."""

import sys

from munshi.cli import main

if __name__ == "__main__":
    sys.exit(main())
