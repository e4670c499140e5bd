"""`python -m sandbox.demo [--fast]`, which `make demo` is: play the story.

It exits with 0 when the story went as told, with 1 when not, and with 130 after Ctrl-C.
"""

from __future__ import annotations

import sys

from sandbox.leaving import BAD_INPUT, DONE, FOUND, INTERRUPTED, leaving_at_once


def main() -> int:
    """Play; refuse what is no option."""
    options = sys.argv[1:]
    if options not in ([], ["--fast"]):
        print(f"sandbox: the demo knows --fast, and not {' '.join(options)}.", file=sys.stderr)  # noqa: T201 - a program
        return BAD_INPUT
    with leaving_at_once():
        from sandbox.demo.story import play
    try:
        return DONE if play(fast=bool(options)) else FOUND
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
