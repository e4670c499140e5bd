"""Signing out at the identity provider (WorkOS, reference: Logout; only for GenericOIDC connections)."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from msgspec import Struct

from sandbox.workos.answers import OAuthError, not_stored
from sandbox.workos.api import keys
from sandbox.workos.api.errors import ApiError, not_found
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import authkit
from sandbox.workos.directory.profiles import LogoutToken, Profile
from sandbox.workos.store import hashed

blueprint = Blueprint("sso_logout", __name__)

TOKEN_LIFETIME: Final = 600
"""Seconds that a logout token is good for; WorkOS says short-lived (UNCERTAIN)."""

CAN_SIGN_OUT: Final = "GenericOIDC"


class Leaving(Struct):
    """The body that asks for a logout token."""

    profile_id: str


@blueprint.post("/sso/logout/authorize")
def authorize_logout() -> Response:
    """Give a token that takes a person's browser through /sso/logout.

    Raise ApiError 401 without a key, 404 for an unknown profile; OAuthError for a connection that knows no sign-out.
    """
    keys.check()
    server, asked = authkit(), body(Leaving)
    profile = server.directory.get(Profile, asked.profile_id)
    if profile is None:
        raise not_found("Profile", asked.profile_id)
    if profile.connection_type != CAN_SIGN_OUT:
        raise OAuthError("connection_invalid", f"Single Logout is only supported for {CAN_SIGN_OUT} connections.")
    token = server.sources.secret()
    server.store.put(hashed(token), LogoutToken(profile_id=profile.id, expires=server.now() + TOKEN_LIFETIME))
    url = server.origin + url_for("sso_logout.logout", token=token)
    return not_stored(jsonify({"logout_url": url, "logout_token": token}))


@blueprint.get("/sso/logout")
def logout() -> str:
    """End a person's session at their identity provider; raise ApiError 404 for a token that is none, or was used."""
    server = authkit()
    key = hashed(request.args.get("token", ""))
    kept = server.store.get(LogoutToken, key)
    profile = server.directory.get(Profile, kept.profile_id) if kept else None
    if profile is None:
        raise ApiError(404, "The logout token has expired, was used before, or is none.")
    server.store.drop(LogoutToken, key)
    return render_template(
        "message.html",
        title="You are signed out",
        message=f"{profile.email} is no longer signed in at the identity provider. You can close this window.",
    )
