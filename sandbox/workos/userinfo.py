"""OpenID Connect userinfo (OpenID Connect Core, section 5.3)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from sandbox.workos import parameters
from sandbox.workos.answers import not_stored
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.records import Grant

blueprint = Blueprint("userinfo", __name__)


@blueprint.route("/oauth2/userinfo", methods=["GET", "POST"])
def userinfo() -> Response:
    """Give the claims that the token's scope allows; 401 `{"error": "unauthorized"}` for no good token (OBSERVED)."""
    server = authkit()
    token = parameters.authorization("bearer")
    good = server.verified(token) if token else None
    if good is None or good.grant is None:
        response = not_stored(jsonify({"error": "unauthorized"}))
        response.status_code = 401
        return response
    return not_stored(jsonify(profile(server, good.grant, tuple(str(good.claims.get("scope", "")).split()))))


def profile(server: AuthKit, grant: Grant, scope: tuple[str, ...]) -> dict[str, Any]:
    """Give the claims about a person that the scope allows (OpenID Connect Core, section 5.4)."""
    user = server.user(grant.user_id)
    claims: dict[str, Any] = {"sub": grant.user_id}
    if user and "email" in scope:
        claims |= {"email": user.email, "email_verified": user.email_verified}
    if user and "profile" in scope:
        names = {"name": user.name, "given_name": user.first_name, "family_name": user.last_name}
        claims |= {claim: value for claim, value in names.items() if value is not None}
    return claims
