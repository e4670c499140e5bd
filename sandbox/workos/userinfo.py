"""OpenID Connect userinfo (OpenID Connect Core, section 5.3)."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from sandbox.workos import parameters
from sandbox.workos.answers import not_stored
from sandbox.workos.authkit import authkit

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
    return not_stored(jsonify(server.profile(good.grant, tuple(str(good.claims.get("scope", "")).split()))))
