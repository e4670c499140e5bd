"""Durations as people write them: `30s`, `5m`, `-1h`, `250ms`."""

from __future__ import annotations

import re
from typing import Final

_UNIT_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"(-?)(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def seconds(text: str) -> float:
    """Read a duration.

    Return seconds; a leading minus makes them negative. Raise ValueError when the text is no duration.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no duration; write a number and ms, s, m, h or d, such as 30s or 5m")
    sign, number, unit = match.groups()
    return (-1 if sign else 1) * float(number) * _UNIT_SECONDS[unit]
