"""Who may call the API: whoever has one of the environment's keys (WorkOS, reference of API keys)."""

from __future__ import annotations

import hmac

from flask import Blueprint

from sandbox.workos import parameters
from sandbox.workos.api.errors import ApiError
from sandbox.workos.authkit import authkit


def is_key(given: str) -> bool:
    """Say whether a text is a key of this environment; one of the real WorkOS never comes so far (`wire/withheld`)."""
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
