"""Where the program begins: from its first line to its last, Ctrl-C ends it without a traceback."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import NoReturn

from sandbox.leaving import INTERRUPTED, leaving_at_once


def main() -> NoReturn:
    """Run the command line, and leave with its exit code."""
    serves = sys.argv[1:2] == ["up"]  # Ctrl-C is how that ends, be it early; it takes over the signals by itself
    with leaving_at_once(0 if serves else INTERRUPTED):
        from sandbox import cli

        code = cli.main() if serves else None
    if code is None:
        code = cli.main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if threading.active_count() > 1:
        os._exit(code)  # a thread within an extension module does not survive the interpreter's end
    sys.exit(code)


if __name__ == "__main__":
    main()
