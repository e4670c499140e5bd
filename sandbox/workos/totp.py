"""The codes of an authenticator app (RFC 6238: SHA-1, six digits, a new one every 30 seconds)."""

from __future__ import annotations

import base64
import hmac
from typing import Final

PERIOD: Final = 30
"""Seconds that a code is shown."""
_DIGITS: Final = 6


def code(secret: str, at: float) -> str:
    """Give the code of a base32 secret at a time in seconds since the epoch (RFC 4226, section 5.3)."""
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, int(at // PERIOD).to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)


def fits(given: str, secret: str, at: float) -> bool:
    """Say whether a code is the present one, the one before or the one after (RFC 6238, section 5.2)."""
    shown = (code(secret, at + ahead) for ahead in (-PERIOD, 0, PERIOD))
    return any(hmac.compare_digest(given.encode(), one.encode()) for one in shown)
