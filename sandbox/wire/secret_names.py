"""Which fields and headers hold secrets, by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

SECRET_NAMES: Final = frozenset(
    {
        "api_key",
        "assertion",
        "authorization_session_id",
        "client_assertion",
        "code",
        "code_verifier",
        "device_code",
        "id_token_hint",
        "new_password",
        "password",
        "password_hash",
        "qr_code",
        "secret",
        "token",
        "user_code",
    }
)
"""The names of form fields, query fields and JSON fields whose values are secrets, besides `…_token` and `…_secret`.

Neither case nor `-` and `_` matter: `accessToken` and `refresh-token` are such names as well.
"""

_FOLD: Final = str.maketrans("", "", "-_")
_FOLDED: Final = frozenset(name.translate(_FOLD) for name in SECRET_NAMES)
_WORDS: Final = frozenset({"assertion", "code", "secret", "token"})

COOKIE: Final = "cookie"
"""The name of what stands in a cookie."""

CREDENTIALS: Final = frozenset({"authorization", "proxy-authorization", "x-api-key"})
_SECRET_HEADERS: Final = CREDENTIALS | {COOKIE, "set-cookie"}

STATUS: Final = re.compile(r"-\d+|\d{1,5}")
ERROR_WORD: Final = re.compile(r"[a-z]+(?:[._-][a-z]+)*")
"""What stands where a secret would and names an error instead."""


class Place(NamedTuple):
    """A secret within a text: from where to where, the name of what it is, and the secret itself, decoded."""

    start: int
    end: int
    name: str
    secret: str


Finder = Callable[[str], Iterator[Place]]


def is_secret_name(name: str) -> bool:
    """Say whether a field of that name holds a secret."""
    bare = folded(name)
    return bare in _FOLDED or bare.endswith(("token", "secret"))


def is_word(name: str) -> bool:
    """Say whether a name is a word of English too: `invalid token: expired` tells no secret."""
    return folded(name) in _WORDS


def folded(name: str) -> str:
    """Give a name without what does not matter in it."""
    return name.translate(_FOLD).lower()


def is_credential(name: str) -> bool:
    """Say whether a header of that name holds secrets and little else."""
    return name.lower() in _SECRET_HEADERS
