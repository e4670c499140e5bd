"""What a client's user reads, from all that it printed, and without what differs from run to run."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Final

from sandbox.clients.process import Printed
from sandbox.plain import one_line

_LONGEST: Final = 300
"""The most characters of a line."""
_VARIES: Final = re.compile(
    r"(?:(?<=localhost:)|(?<=127\.0\.0\.1:)|(?<=\[::1\]:))(?!410[0-3]\b)\d{4,5}"  # a port that was free
    r"|(?<=_)[0-9A-HJKMNP-TV-Z]{26}\b"  # the ULID of an id
    r"|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"  # a UUID
    r"|\b[0-9a-f]{32,}\b|\b[\w-]{40,}\b"  # fingerprints, challenges, tokens
    r"|(?<=^\[)\d+(?=\])"  # a process id before a line
    r"|\b1[6-9]\d{8}(\.\d+|\d{3})?\b"  # a time, in seconds or milliseconds since 1970
)


def last_words(printed: Printed) -> tuple[str, ...]:
    """Give what tells how it went: the last line, and of a program that failed its last error, which may take several.

    Of one that was cut off it is an error or nothing: what it said before told of no end.
    """
    error = "" if printed.exit_status == 0 else last_error(printed.text)
    if error or printed.ended != "exited":
        return (error,) if error else ()
    return tuple([line for line in printed.text.splitlines() if line.strip()][-1:])


def last_error(text: str) -> str:
    """Give the last error of a text, with the lines that it takes, on one line; nothing where there is none."""
    begins = [found.start() for found in _ERROR.finditer(text)]
    if not begins:
        return ""
    lines = itertools.takewhile(lambda line: not _TRACE.match(line), text[begins[-1] :].splitlines())
    return " ".join(" ".join(lines).split())


_ERROR: Final = re.compile(
    r"^(Fatal error: )?(\w*(Error|Exception|Refused|Denied)\w*|[Ee]rror|usage|sandbox): ", re.MULTILINE
)
"""How an error begins: with its kind, and a colon."""
_TRACE: Final = re.compile(r"^ {4}at |^  File \"|^Traceback ")
"""What comes after an error and is for its makers."""


def settled(line: str, addresses: Mapping[str, str]) -> str:
    """Write a line as it would be in another run: `addresses` gives what to write for an address of this one."""
    for address, usual in addresses.items():
        line = line.replace(address, usual)
    return one_line(_VARIES.sub("…", " ".join(line.split())), _LONGEST)
