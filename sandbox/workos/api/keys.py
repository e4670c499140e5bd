"""Who may call the API: whoever has one of the environment's keys (WorkOS, reference of API keys)."""

from __future__ import annotations

import hmac

from flask import Blueprint

from sandbox.real_keys import ADVICE, holds_one
from sandbox.workos import parameters
from sandbox.workos.api.errors import ApiError
from sandbox.workos.authkit import authkit


def is_key(given: str) -> bool:
    """Say whether a text is a key of this environment.

    Raise ApiError 401 for what looks like a key of the real WorkOS; where the wire stands in front, none comes so far.
    """
    if holds_one(given):
        raise ApiError(401, ADVICE, "real_api_key")
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
