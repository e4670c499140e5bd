"""Keys of the real WorkOS: recognised wherever they turn up, so that none is used, shown, or kept here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

REAL: Final = re.compile(r"sk_(?:live_|test_a2V5)[A-Za-z0-9+/=_-]", re.IGNORECASE)
"""How they begin: a live one; and a test one, which goes on with the base64 of `key_…`. Names of headers lose case."""

ADVICE: Final = (
    "This looks like an API key of the real WorkOS, and this is a sandbox. Take it out, use one of the sandbox's own"
    " keys, such as sk_test_sandbox, and roll the real one if others could see it."
)

_LAYERS: Final = 10
"""How often a text may be written for a URL, over and over."""
_ESCAPED: Final = re.compile(r"\\u([0-9A-Fa-f]{4})")
_PERCENT: Final = re.compile(r"%([0-9A-Fa-f]{2})")


def holds_one(text: str) -> bool:
    """Say whether a text holds such a key, also with escapes of JSON, or written for a URL, over and over."""
    return any(REAL.search(reading) for reading in _readings(text))


def _readings(text: str) -> Iterator[str]:
    yield text
    if "\\u" in text:
        text = _read(_ESCAPED, text)
        yield text
    for _ in range(_LAYERS):
        read = _read(_PERCENT, text)
        if read == text:
            return
        text = read
        yield text


def _read(escape: re.Pattern[str], text: str) -> str:
    """Put the characters in the place of their numbers; a key is of ASCII, so bytes are characters."""
    return escape.sub(lambda found: chr(int(found[1], 16)), text)


def path_to_one(value: Any, path: tuple[str | int, ...] = ()) -> tuple[str | int, ...] | None:
    """Give where such a key is in JSON-like data, for a name of a mapping the mapping; None where there is none."""
    if isinstance(value, str):
        return path if holds_one(value) else None
    if isinstance(value, Mapping):
        if any(isinstance(name, str) and holds_one(name) for name in value):
            return path
        inner: Iterator[tuple[str | int, Any]] = iter(value.items())
    elif isinstance(value, (list, tuple)):
        inner = iter(enumerate(value))
    else:
        return None
    return next((found for step, item in inner if (found := path_to_one(item, (*path, step))) is not None), None)
