"""The token endpoint (RFC 6749, section 3.2)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from flask import Blueprint, Response, jsonify

from sandbox.durations import seconds
from sandbox.workos import clients, parameters, tokens
from sandbox.workos.answers import OAuthError, not_stored
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.device import approved_device
from sandbox.workos.metadata import DEVICE_GRANT
from sandbox.workos.records import Client, Code, Device, Grant, RefreshToken
from sandbox.workos.store import hashed
from sandbox.workos.userinfo import profile

blueprint = Blueprint("token", __name__)

Form = Mapping[str, str]

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""RFC 7636, section 4.1."""


@blueprint.post("/oauth2/token")
def token() -> Response:
    """Answer a token request; the client is checked before the grant type (OBSERVED)."""
    server = authkit()
    form = parameters.form()
    client = clients.authenticated(server, *parameters.credentials(form))
    grant_type = parameters.required(form, "grant_type")
    answer = _GRANTS.get(grant_type)
    if answer is None:
        raise OAuthError("unsupported_grant_type", f"The grant_type '{grant_type}' is not supported.")
    if grant_type not in client.grant_types:
        raise OAuthError("unauthorized_client", f"This application may not use the grant_type '{grant_type}'.")
    return not_stored(jsonify(answer(server, client, form)))


def _for_code(server: AuthKit, client: Client, form: Form) -> dict[str, Any]:
    """Exchange an authorization code (RFC 6749, section 4.1.3; RFC 7636, section 4.6; RFC 8707, section 2.2)."""
    key = hashed(parameters.required(form, "code"))
    code = server.store.get(Code, key)
    if code is None or code.client_id != client.client_id:
        raise OAuthError("invalid_grant", "The code has expired or is invalid.")
    if code.used:
        # RFC 6749, section 4.1.2: what was issued for a code that is used twice should be revoked.
        server.revoke(sid=code.sid)
        raise OAuthError("invalid_grant", "The code was used before; what it gave has been revoked.")
    if form.get("redirect_uri") != code.redirect_uri:
        raise OAuthError("invalid_grant", "The redirect_uri is not the one of the authorization request.")
    if not verifier_fits(code.code_challenge, form.get("code_verifier")):
        raise OAuthError("invalid_grant", "The code_verifier is malformed or does not fit the code_challenge.")
    grant = server.grant(code.sid)
    if grant is None:
        raise OAuthError("invalid_grant", "The code has expired or is invalid.")
    grant = _with_resource(server, grant, form)
    server.store.put(key, msgspec.structs.replace(code, used=True))
    return _first_tokens(server, client, grant)


def verifier_fits(challenge: str | None, verifier: str | None) -> bool:
    """Say whether the verifier is well-formed and the challenge's (RFC 7636, sections 4.1 and 4.6).

    Without a challenge there must be none.
    """
    if challenge is None or verifier is None:
        return challenge is None and verifier is None
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(digest, challenge.encode())


def _with_resource(server: AuthKit, grant: Grant, form: Form) -> Grant:
    """Hold the resource of a token request against the authorized one, and against those of the dashboard.

    Where the dashboard lists none, it is ignored (CONFIRMED: WorkOS, MCP).
    """
    if server.resources() == ():
        return grant
    asked = parameters.resource(form)
    if asked and grant.resource and asked != grant.resource:
        raise OAuthError("invalid_target", f"The resource '{asked}' is not the authorized one.")
    server.checked_resource(asked or grant.resource)
    if asked and grant.resource is None:
        grant = msgspec.structs.replace(grant, resource=asked)
        server.store.put(grant.sid, grant)
    return grant


def _for_refresh_token(server: AuthKit, client: Client, form: Form) -> dict[str, Any]:
    """Exchange a refresh token (RFC 6749, section 6).

    Each use retires it; within the grace it answers with the same pair again (OBSERVED for WorkOS sessions, for
    this endpoint UNCERTAIN: `workos.refresh_token.grace`), and later the whole grant is revoked, as a replay
    (RFC 9700, section 4.14.2). A restart forgets the pair; within the grace that is refused, but no replay.
    """
    server.successors.sweep(server.now() - _grace(server))
    key = hashed(parameters.required(form, "refresh_token"))
    kept = server.store.get(RefreshToken, key)
    grant = server.grant(kept.sid) if kept else None
    if kept is None or grant is None or grant.client_id != client.client_id:
        raise OAuthError("invalid_grant", "The refresh token has expired or is invalid.")
    if kept.rotated_at is not None:
        if server.now() - kept.rotated_at < _grace(server):
            answer = server.successors.get(key)
            if answer is None:
                raise OAuthError("invalid_grant", "The refresh token was used before.")
            return answer
        server.revoke(sid=kept.sid)
        raise OAuthError("invalid_grant", "The refresh token was used before; the grant has been revoked.")
    scope = server.checked_scope(form.get("scope", ""), client) or grant.scope
    if not set(scope) <= set(grant.scope):
        raise OAuthError("invalid_scope", "The scope is wider than what was granted.")
    grant = _with_resource(server, grant, form)
    answer = _tokens(server, grant, scope)
    if server.settings.refresh_token.rotate:
        answer["refresh_token"] = _new_refresh_token(server, grant)
        rotated_at = server.now()
        server.store.put(key, msgspec.structs.replace(kept, rotated_at=rotated_at))
        server.successors.put(key, answer, rotated_at)
    return answer


def _grace(server: AuthKit) -> float:
    return seconds(server.settings.refresh_token.grace)


def _for_machine(server: AuthKit, client: Client, form: Form) -> dict[str, Any]:
    """Give a machine a token (RFC 6749, section 4.4): no refresh token, an hour (OBSERVED)."""
    if client.is_public:
        raise OAuthError("unauthorized_client", "A public client may not use client_credentials.")
    scope = server.checked_scope(form.get("scope", ""), client) or (client.scopes or ())
    resource = parameters.resource(form)
    server.checked_resource(resource)
    grant = Grant(sid="", client_id=client.client_id, user_id=client.client_id, scope=scope, resource=resource)
    return _answer(server.access_token(grant, scope, machine=client), server.lifetime(machine=True), scope)


def _for_device(server: AuthKit, client: Client, form: Form) -> dict[str, Any]:
    """Exchange a device code, once a person has approved it (RFC 8628, section 3.4)."""
    device_code = parameters.required(form, "device_code")
    grant = _with_resource(server, approved_device(server, client, device_code), form)
    server.store.drop(Device, hashed(device_code))
    return _first_tokens(server, client, grant)


def _first_tokens(server: AuthKit, client: Client, grant: Grant) -> dict[str, Any]:
    """Give the tokens of a fresh grant, with a refresh token where one is due."""
    answer = _tokens(server, grant, grant.scope)
    issue = server.settings.refresh_token.issue
    wanted = issue == "always" or (issue == "offline_access" and "offline_access" in grant.scope)
    if wanted and "refresh_token" in client.grant_types:
        answer["refresh_token"] = _new_refresh_token(server, grant)
    return answer


def _tokens(server: AuthKit, grant: Grant, scope: tuple[str, ...]) -> dict[str, Any]:
    answer = _answer(server.access_token(grant, scope), server.lifetime(), scope)
    if "openid" in scope:
        answer["id_token"] = _id_token(server, grant, scope)
    return answer


def _id_token(server: AuthKit, grant: Grant, scope: tuple[str, ...]) -> str:
    """Make an id token, for the scope `openid` (OpenID Connect Core, section 2)."""
    now = int(server.now())
    claims = {
        "iss": server.issuer,
        "aud": grant.client_id,
        "iat": now,
        "exp": now + server.lifetime(),
        "sid": grant.sid,
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce
    return tokens.signed(claims | profile(server, grant, scope), server.keys.current)


def _answer(access_token: str, lifetime: int, scope: tuple[str, ...]) -> dict[str, Any]:
    """Give the token response (RFC 6749, section 5.1).

    Whether WorkOS sends `token_type` and `expires_in` is UNCERTAIN; both are here, and a `remove` fault takes them out.
    """
    answer: dict[str, Any] = {"access_token": access_token, "token_type": "Bearer", "expires_in": lifetime}
    return answer | {"scope": " ".join(scope)} if scope else answer


def _new_refresh_token(server: AuthKit, grant: Grant) -> str:
    token = server.sources.secret(40)
    expires = server.now() + seconds(server.settings.refresh_token.lifetime)
    server.store.put(hashed(token), RefreshToken(sid=grant.sid, expires=expires))
    return token


_GRANTS: Final[dict[str, Callable[[AuthKit, Client, Form], dict[str, Any]]]] = {
    "authorization_code": _for_code,
    "refresh_token": _for_refresh_token,
    "client_credentials": _for_machine,
    DEVICE_GRANT: _for_device,
}
