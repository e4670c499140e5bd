"""The token endpoint (RFC 6749, section 3.2)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any, Final

import msgspec
from flask import Blueprint, Response, jsonify, request

from sandbox.durations import seconds
from sandbox.workos.answers import OAuthError, not_stored
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.device import DEVICE_GRANT, approved_device
from sandbox.workos.records import Client, Code, Grant, RefreshToken
from sandbox.workos.store import hashed

blueprint = Blueprint("token", __name__)


@blueprint.post("/oauth2/token")
def token() -> Response:
    """Answer a token request; the client is checked before the grant type (OBSERVED)."""
    server = authkit()
    client = server.authenticated(request)
    grant_type = request.form.get("grant_type")
    if not grant_type:
        raise OAuthError("invalid_request", "The grant_type is missing.")
    answer = _GRANTS.get(grant_type)
    if answer is None:
        raise OAuthError("unsupported_grant_type", f"The grant_type '{grant_type}' is not supported.")
    if grant_type not in client.grant_types:
        raise OAuthError("unauthorized_client", f"This application may not use the grant_type '{grant_type}'.")
    return not_stored(jsonify(answer(server, client)))


def _for_code(server: AuthKit, client: Client) -> dict[str, Any]:
    """Exchange an authorization code (RFC 6749, section 4.1.3; RFC 7636, section 4.6; RFC 8707, section 2.2)."""
    form = request.form
    key = hashed(form.get("code", ""))
    code = server.store.get(Code, key)
    if code is None or code.client_id != client.client_id:
        raise OAuthError("invalid_grant", "The code has expired or is invalid.")
    if code.used:
        # RFC 6749, section 4.1.2: what was issued for a code that is used twice should be revoked.
        server.revoke(code.sid)
        raise OAuthError("invalid_grant", "The code was used before; what it gave has been revoked.")
    if form.get("redirect_uri") != code.redirect_uri:
        raise OAuthError("invalid_grant", "The redirect_uri is not the one of the authorization request.")
    if not verifier_fits(code.code_challenge, form.get("code_verifier")):
        raise OAuthError("invalid_grant", "The code_verifier does not fit the code_challenge.")
    grant = server.store.get(Grant, code.sid)
    if grant is None:
        raise OAuthError("invalid_grant", "The code has expired or is invalid.")
    grant = _with_resource(server, grant)
    server.store.put(key, msgspec.structs.replace(code, used=True))
    return _tokens(server, client, grant, grant.scope)


def verifier_fits(challenge: str | None, verifier: str | None) -> bool:
    """Say whether the verifier is the challenge's (RFC 7636, section 4.6); without a challenge there must be none."""
    if challenge is None or verifier is None:
        return challenge is None and verifier is None
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(digest, challenge.encode())


def _with_resource(server: AuthKit, grant: Grant) -> Grant:
    """Hold the resource of a token request against the authorized one, and against those of the dashboard."""
    asked = request.form.get("resource")
    if asked and grant.resource and asked != grant.resource:
        raise OAuthError("invalid_target", f"The resource '{asked}' is not the authorized one.")
    server.checked_resource(asked or grant.resource)
    if asked and grant.resource is None:
        grant = msgspec.structs.replace(grant, resource=asked)
        server.store.put(grant.sid, grant)
    return grant


def _for_refresh_token(server: AuthKit, client: Client) -> dict[str, Any]:
    """Exchange a refresh token (RFC 6749, section 6).

    Each use retires it; within the grace it answers with the same pair again (OBSERVED for WorkOS sessions, for
    this endpoint UNCERTAIN: `workos.refresh_token.grace`), and later the whole grant is revoked, as a replay
    (RFC 9700, section 4.14.2).
    """
    key = hashed(request.form.get("refresh_token", ""))
    kept = server.store.get(RefreshToken, key)
    grant = server.store.get(Grant, kept.sid) if kept else None
    if kept is None or grant is None or grant.revoked or grant.client_id != client.client_id:
        raise OAuthError("invalid_grant", "The refresh token has expired or is invalid.")
    if kept.rotated_at is not None:
        if kept.successor is not None and server.sources.now() - kept.rotated_at <= _grace(server):
            return kept.successor
        server.revoke(kept.sid)
        raise OAuthError("invalid_grant", "The refresh token was used before; the grant has been revoked.")
    grant = _with_resource(server, grant)
    scope = server.checked_scope(request.form.get("scope", ""), client) or grant.scope
    if not set(scope) <= set(grant.scope):
        raise OAuthError("invalid_scope", "The scope is wider than what was granted.")
    rotate = server.settings.refresh_token.rotate
    answer = _tokens(server, client, grant, scope, refresh=rotate)
    if rotate:
        retired = msgspec.structs.replace(kept, rotated_at=server.sources.now(), successor=answer)
        server.store.put(key, retired)
    return answer


def _grace(server: AuthKit) -> float:
    return seconds(server.settings.refresh_token.grace)


def _for_machine(server: AuthKit, client: Client) -> dict[str, Any]:
    """Give a machine a token (RFC 6749, section 4.4): no refresh token, an hour (OBSERVED)."""
    if client.client_secret is None:
        raise OAuthError("unauthorized_client", "A public client may not use client_credentials.")
    scope = server.checked_scope(request.form.get("scope", ""), client) or (client.scopes or ())
    resource = request.form.get("resource")
    server.checked_resource(resource)
    grant = Grant(sid="", client_id=client.client_id, user_id=client.client_id, scope=scope, resource=resource)
    return {
        "access_token": server.access_token(grant, scope, machine=client),
        "token_type": "Bearer",
        "expires_in": server.lifetime(machine=True),
        "scope": " ".join(scope),
    }


def _for_device(server: AuthKit, client: Client) -> dict[str, Any]:
    """Exchange a device code, once a person has approved it (RFC 8628, section 3.4)."""
    grant = approved_device(server, client, request.form.get("device_code", ""))
    return _tokens(server, client, _with_resource(server, grant), grant.scope)


def _tokens(
    server: AuthKit, client: Client, grant: Grant, scope: tuple[str, ...], *, refresh: bool = True
) -> dict[str, Any]:
    """Give the token response (RFC 6749, section 5.1).

    Whether WorkOS sends `token_type` and `expires_in` is UNCERTAIN; both are here, and a `remove` fault takes them out.
    """
    answer: dict[str, Any] = {
        "access_token": server.access_token(grant, scope),
        "token_type": "Bearer",
        "expires_in": server.lifetime(),
        "scope": " ".join(scope),
    }
    issue = server.settings.refresh_token.issue
    wanted = issue == "always" or (issue == "offline_access" and "offline_access" in grant.scope)
    if refresh and wanted and "refresh_token" in client.grant_types:
        refresh_token = server.sources.secret(40)
        expires = server.sources.now() + seconds(server.settings.refresh_token.lifetime)
        server.store.put(hashed(refresh_token), RefreshToken(sid=grant.sid, expires=expires))
        answer["refresh_token"] = refresh_token
    if "openid" in scope:
        answer["id_token"] = server.id_token(grant, scope)
    return answer


_GRANTS: Final[dict[str, Callable[[AuthKit, Client], dict[str, Any]]]] = {
    "authorization_code": _for_code,
    "refresh_token": _for_refresh_token,
    "client_credentials": _for_machine,
    DEVICE_GRANT: _for_device,
}
