"""The end of single sign-on: a code becomes a profile and a token (WorkOS, reference: Get a Profile and Token)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response, jsonify

from sandbox.workos import parameters
from sandbox.workos.answers import OAuthError, not_stored
from sandbox.workos.api.errors import ApiError, invalid
from sandbox.workos.api.keys import is_key
from sandbox.workos.api.reading import fields
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.connections import usable
from sandbox.workos.directory.profiles import Profile, ProfileToken, profile_of
from sandbox.workos.records import SignInCode
from sandbox.workos.store import hashed
from sandbox.workos.token import verifier_fits

blueprint = Blueprint("sso_token", __name__)

TOKEN_LIFETIME: Final = 600
"""Seconds that an access token of /sso/token is good for: `expires_in` of the OpenAPI document's example."""


@blueprint.post("/sso/token")
def token() -> Response:
    """Exchange a code; the SDK for Node sends a form, the one for Python JSON.

    What identity providers issued (`oauth_tokens`) is left out: the sandbox's issue no tokens of their own. Raise
    ApiError 422 for a missing parameter or a body that is none, OAuthError with the status 400 for every other refusal,
    also of a client.
    """
    server, asked = authkit(), fields()
    client_id, grant_type = _text(asked, "client_id"), _text(asked, "grant_type")
    if client_id != server.settings.client_id:
        raise OAuthError("invalid_client", "Invalid client ID or secret.", 400)
    if grant_type != "authorization_code":
        raise OAuthError("unsupported_grant_type", f"The grant type '{grant_type}' is not supported.", 400)
    code = _text(asked, "code")
    profile = _redeemed(server, code, _text(asked, "client_secret", ""), _text(asked, "code_verifier", "") or None)
    access_token = server.sources.secret()
    kept = ProfileToken(profile_id=profile.id, expires=server.now() + TOKEN_LIFETIME)
    server.store.put(hashed(access_token), kept)
    answer = {
        "token_type": "Bearer",
        "access_token": access_token,
        "expires_in": TOKEN_LIFETIME,
        "profile": profile.shown(),
    }
    return not_stored(jsonify(answer))


@blueprint.get("/sso/profile")
def profile() -> Response:
    """Give the profile behind an access token of /sso/token."""
    server = authkit()
    kept = server.store.get(ProfileToken, hashed(parameters.authorization("bearer") or ""))
    if kept is None:
        response = not_stored(jsonify({"error": "Unauthorized"}))
        response.status_code = 401
        return response
    known = server.directory.get(Profile, kept.profile_id)
    if known is None:
        raise ApiError(404, f"Profile not found: '{kept.profile_id}'.", "entity_not_found")
    return not_stored(jsonify(known.shown()))


def _text(asked: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """Give a parameter of a request; raise ApiError 422 where it is missing, or is no text."""
    value = asked.get(name, default)
    if value is None:
        raise invalid(name, "required", f"The parameter '{name}' is missing.")
    if not isinstance(value, str):
        raise invalid(name, "invalid", f"The parameter '{name}' must be a text.")
    return value


def _redeemed(server: AuthKit, code: str, secret: str, verifier: str | None) -> Profile:
    """Give the profile that a code stands for, and use the code up; its connection must still be there and active.

    Who asks shows the API key as `client_secret`, or the verifier of the code's challenge (PKCE), or both. Raise
    OAuthError.
    """
    kept = server.store.get(SignInCode, hashed(code))
    begun = kept.begun if kept and kept.begun.purpose == "sso" else None
    is_public = begun is not None and begun.code_challenge is not None and not secret
    if not is_public and not is_key(secret):
        raise OAuthError("invalid_client", "Invalid client ID or secret.", 400)
    connection = usable(server, begun) if begun else None
    user = server.user(begun.user_id or "") if begun else None
    if not (begun and connection and user and verifier_fits(begun.code_challenge, verifier)):
        raise OAuthError("invalid_grant", f"The code '{code}' has expired or is invalid.", 400)
    server.store.drop(SignInCode, hashed(code))
    return profile_of(server.directory, connection, user)
