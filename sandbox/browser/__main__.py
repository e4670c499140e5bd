"""`python -m sandbox.browser` is the browser stand-in."""

import sys

from sandbox.browser.command import main

if __name__ == "__main__":
    sys.exit(main())
