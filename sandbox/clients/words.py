"""What a client's user reads, from all that it printed, and without what differs from run to run."""

from __future__ import annotations

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


def last_line(printed: Printed) -> tuple[str, ...]:
    """Give the line that tells how it went: the last, and of a program that failed the last that speaks of an error."""
    lines = [line.strip() for line in printed.text.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.search(line)] if printed.exit_status != 0 else []
    return tuple((errors or lines)[-1:])


_ERROR: Final = re.compile(r"\b\w*(error|exception|failed|refused|denied)\b", re.IGNORECASE)


def settled(line: str, addresses: Mapping[str, str]) -> str:
    """Write a line as it would be in another run: `addresses` gives what to write for an address of this one."""
    for address, usual in addresses.items():
        line = line.replace(address, usual)
    return one_line(_VARIES.sub("…", " ".join(line.split())), _LONGEST)
