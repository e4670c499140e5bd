"""JSON as strangers send it, read into what can be written again."""

from __future__ import annotations

import json
import re
from typing import Any, Final

_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def as_json(text: str | bytes) -> Any:
    """Read JSON, of bytes in any of its encodings; give None for what is none.

    JSON can spell half of a surrogate pair (RFC 8259, section 8.2), which no UTF-8 can hold. It becomes U+FFFD here, so
    that nobody who says again what was read has to think of it.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text), "surrogatepass")
        value = json.loads(text) if text.strip() else None
        if ("\\" in text or not text.isascii()) and _HALF.search(text) is not None:
            return json.loads(whole(json.dumps(value, ensure_ascii=False)))
    except (ValueError, RecursionError):
        return None
    return value


def whole(text: str) -> str:
    """Give a text with U+FFFD for every half of a surrogate pair."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
