"""Secrets that were handed out, known again where no secret belongs: in a path, as a client id, in a text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from sandbox.wire.exchange import BODY_LIMIT
from sandbox.wire.message import Request, Response
from sandbox.wire.secret_names import COOKIE, is_credential

_SHORTEST: Final = 20
_REMEMBERED: Final = 10_000
_FIRST_ERROR: Final = 400
_ESCAPE: Final = re.compile(rb"%(?:25)*[0-9A-Fa-f]{2}|\\+(?:u[0-9A-Fa-f]{4}|[a-z])")
"""What ends in letters or digits and stands for another character, in a URL and in JSON."""
_APART: Final = bytes(byte if byte < 128 and chr(byte).isalnum() else 0x20 for byte in range(256))  # noqa: PLR2004
"""What makes a space of every byte that is no letter and no digit."""


class Issued:
    """The hashes of the last 10,000 secrets that answers brought in a place for secrets, each with its name.

    They are of 20 letters and digits or more, as WorkOS's opaque ones are; ids have an underscore, and are none.
    """

    def __init__(self) -> None:
        self._names: dict[bytes, str] = {}

    def clear(self) -> None:
        """Forget them all."""
        self._names.clear()

    def learn(self, response: Response, secrets: Mapping[str, str]) -> None:
        """Remember those secrets of an exchange that its answer, if it is no error, holds."""
        if response.status >= _FIRST_ERROR:
            return
        for secret, name in secrets.items():
            if name == COOKIE or len(secret) < _SHORTEST or not (secret.isascii() and secret.isalnum()):
                continue
            if secret.encode() in response.body or any(secret in value for _, value in response.headers):
                self._names[_hash(secret.encode())] = name
                if len(self._names) > _REMEMBERED:
                    del self._names[next(iter(self._names))]

    def within(self, request: Request) -> dict[str, str]:
        """Give those that a request brings, wherever that is, each with its name."""
        if not self._names:
            return {}
        values = [value for name, value in request.headers if len(value) >= _SHORTEST and not is_credential(name)]
        head = " ".join((request.path, request.query, *values)).encode("utf-8", "replace")
        words = _ESCAPE.sub(b" ", head + b" " + request.body[:BODY_LIMIT]).translate(_APART).split()
        found = {word: self._names.get(_hash(word)) for word in words if len(word) >= _SHORTEST}
        return {word.decode(): name for word, name in found.items() if name is not None}


def _hash(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
