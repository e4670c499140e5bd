"""The command line of the browser stand-in: its arguments, and what it prints."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from sandbox.browser import BrowserError, visit

MAX_TIMEOUT: Final = 3600.0
_PROGRAM: Final = "sandbox-browser"


def stand_in() -> str:
    """Give the command that is this program, for a client's $BROWSER."""
    import shutil

    beside = Path(sys.executable).with_name(_PROGRAM)
    return str(beside) if beside.exists() else shutil.which(_PROGRAM) or f"{sys.executable} -m sandbox.browser"


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description="Open a URL of the sandbox as a person would: sign in, approve or deny, and stop.",
        epilog="A client gives $BROWSER nothing but a URL: set SANDBOX_BROWSER_USER and"
        " SANDBOX_BROWSER_DECISION=approve|deny instead of the options.",
    )
    parser.add_argument("url", metavar="URL")
    parser.add_argument("--user", metavar="EMAIL", help="who signs in; by default the first user offered")
    parser.add_argument("--deny", action="store_const", const="deny", dest="decision", help="deny what the client asks")
    parser.add_argument("--quiet", action="store_true", help="do not print the requests")
    parser.add_argument("--timeout", metavar="SECONDS", type=_seconds, default=10.0, help="for each request; 10")
    options = parser.parse_args(arguments)
    options.user = options.user or os.environ.get("SANDBOX_BROWSER_USER") or None
    options.decision = options.decision or os.environ.get("SANDBOX_BROWSER_DECISION") or "approve"
    if options.decision not in {"approve", "deny"}:
        parser.error(f"SANDBOX_BROWSER_DECISION is {options.decision!r}; it can be approve or deny")
    return options


def _seconds(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or not 0 < number <= MAX_TIMEOUT:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {MAX_TIMEOUT:g} seconds")
    return number


def _say(stream: TextIO, text: str) -> None:
    """Print a line; when nobody reads any more, go on without printing, so that the sign-in still ends."""
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; give its exit code: 0 the visit ended on a page, 1 it could not go on, 2 wrong usage."""
    options = _arguments(arguments)
    seen = None if options.quiet else lambda hop: _say(sys.stdout, str(hop))
    try:
        visit(options.url, user=options.user, decision=options.decision, timeout=options.timeout, seen=seen)
    except BrowserError as error:
        _say(sys.stderr, f"sandbox-browser: {error}")
        return 1
    return 0
