"""Who may call the API: whoever has one of the environment's keys (WorkOS, reference of API keys)."""

from __future__ import annotations

import hmac
import logging
import re
from typing import Final

from flask import Blueprint

from sandbox.workos import parameters
from sandbox.workos.api.errors import ApiError
from sandbox.workos.authkit import authkit

_REAL: Final = re.compile(r"sk_live_|sk_test_a2V5")
"""How keys of the real WorkOS begin: a live one, and a test one, whose rest is the base64 of `key_…`."""

_log = logging.getLogger("sandbox")


def looks_real(key: str) -> bool:
    """Say whether a text looks like a key of the real WorkOS."""
    return _REAL.match(key) is not None


def is_key(given: str) -> bool:
    """Say whether a text is a key of this environment.

    Raise ApiError 401 for one that looks like a key of the real WorkOS; it is never written anywhere.
    """
    if looks_real(given):
        _log.warning("Somebody sent what looks like a real WorkOS API key. It was refused, and kept nowhere.")
        raise ApiError(
            401,
            "This is a sandbox, and the API key looks like a real one. Take it out of the configuration that points"
            " here, and use one of the sandbox's keys: the console shows them.",
            "real_api_key",
        )
    return any(hmac.compare_digest(given.encode(), key.encode()) for key in authkit().settings.api_keys)


def check() -> None:
    """Raise ApiError 401 for a request without a good key; WorkOS's text is UNCERTAIN."""
    if not is_key(parameters.authorization("bearer") or ""):
        raise ApiError(401, "Unauthorized")


def keyed(name: str) -> Blueprint:
    """Make a blueprint all of whose routes need a key."""
    blueprint = Blueprint(name, __name__)
    blueprint.before_request(check)
    return blueprint
