"""Token introspection (RFC 7662)."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from sandbox.workos.answers import OAuthError, not_stored
from sandbox.workos.authkit import authkit
from sandbox.workos.records import Grant, RefreshToken
from sandbox.workos.store import hashed

blueprint = Blueprint("introspection", __name__)

_TOLD = ("client_id", "iss", "aud", "sub", "org_id", "sid", "jti", "exp", "iat", "scope")


@blueprint.post("/oauth2/introspection")
def introspect() -> Response:
    """Say whether a token is active, and what it holds (the body's fields are UNCERTAIN beyond WorkOS's page)."""
    server = authkit()
    server.authenticated(request)
    token = request.form.get("token")
    if not token:
        raise OAuthError("invalid_request", "The token is missing.")
    claims = server.verified(token)
    if claims is not None:
        told = {name: claims[name] for name in _TOLD if name in claims}
        return not_stored(jsonify({"active": True, **told, "token_type": "access_token"}))
    kept = server.store.get(RefreshToken, hashed(token))
    grant = server.store.get(Grant, kept.sid) if kept else None
    if kept is None or grant is None or grant.revoked or kept.rotated_at is not None:
        return not_stored(jsonify({"active": False}))
    told = {"client_id": grant.client_id, "iss": server.issuer, "sub": grant.user_id, "sid": grant.sid}
    return not_stored(jsonify({"active": True, **told, "token_type": "refresh_token"}))
