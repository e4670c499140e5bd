"""Token introspection (RFC 7662)."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify

from sandbox.workos import clients, parameters
from sandbox.workos.answers import not_stored
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.records import Client, RefreshToken
from sandbox.workos.store import hashed

blueprint = Blueprint("introspection", __name__)

_TOLD: Final = ("client_id", "iss", "aud", "sub", "org_id", "sid", "jti", "exp", "iat", "scope")


@blueprint.post("/oauth2/introspection")
def introspect() -> Response:
    """Say whether a token is active, and what it holds (the body's fields are UNCERTAIN beyond WorkOS's page)."""
    server = authkit()
    form = parameters.form()
    client = clients.authenticated(server, *parameters.credentials(form))
    token = parameters.required(form, "token")
    told = _access_token(server, client, token) or _refresh_token(server, client, token)
    return not_stored(jsonify({"active": True, **told} if told else {"active": False}))


def _may_ask(client: Client, owner: str) -> bool:
    """Say whether a client may learn of a token (RFC 7662, section 4).

    One with a secret may be the resource server that was shown the token; anybody can name a public one.
    """
    return not client.is_public or client.client_id == owner


def _access_token(server: AuthKit, client: Client, token: str) -> dict[str, Any] | None:
    good = server.verified(token)
    if good is None or not _may_ask(client, good.grant.client_id if good.grant else good.claims.get("sub", "")):
        return None
    return {name: good.claims[name] for name in _TOLD if name in good.claims} | {"token_type": "access_token"}


def _refresh_token(server: AuthKit, client: Client, token: str) -> dict[str, Any] | None:
    kept = server.store.get(RefreshToken, hashed(token))
    grant = server.grant(kept.sid) if kept else None
    if kept is None or grant is None or kept.rotated_at is not None:
        return None
    if not _may_ask(client, grant.client_id):
        return None
    told: dict[str, Any] = {"client_id": grant.client_id, "iss": server.issuer, "sub": grant.user_id, "sid": grant.sid}
    if kept.expires is not None:
        told["exp"] = int(kept.expires)
    return told | {"token_type": "refresh_token"}
