"""Durations as people write them: `30s`, `5m`, `-1h`, `250ms`."""

from __future__ import annotations

import re
from typing import Final

_UNIT_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PATTERN: Final = r"^-?(\d{1,5}(\.\d+)?d|\d{1,6}(\.\d+)?h|\d{1,8}(\.\d+)?m|\d{1,10}(\.\d+)?s|\d{1,13}(\.\d+)?ms)$"
"""What a duration looks like: a number and its unit, of no more than some 300 years, which calendars still know."""

ALLOWED: Final = "a duration such as 30s or 5m, at most 99999d"
"""What to write, said to a person."""


def seconds(text: str) -> float:
    """Read a duration.

    Return seconds; a leading minus makes them negative. Raise ValueError when the text is no duration, or one of more
    than some 300 years.
    """
    written = text.strip()
    if re.search(PATTERN, written) is None:
        raise ValueError(f"{text!r} is no duration; write {ALLOWED}, with ms, s, m, h or d")
    number = written.rstrip("mshd")
    return float(number) * _UNIT_SECONDS[written.removeprefix(number)]
