"""The beginning of single sign-on: a browser is led to the identity provider (WorkOS, reference: Get an URL)."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from sandbox.workos.app_sign_ins import Asked, begun_by, by_connection, untrusted
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.records import Authorization
from sandbox.workos.sso.selection import selected

blueprint = Blueprint("sso_authorize", __name__)


@blueprint.get("/sso/authorize")
def authorize() -> Response:
    """Begin a sign-in by single sign-on."""
    return untrusted(authkit()) or begun_by(_begun)


def _begun(server: AuthKit, asked: Asked) -> Authorization:
    """Give the sign-in; raise OAuthError for a selection that is none.

    `domain_hint`, `provider_scopes`, `provider_query_params`, `prompt` and `nonce` are for the identity provider; the
    sandbox's has no use for them.
    """
    return by_connection(server, asked, selected(server, asked), purpose="sso", nonce=asked.get("nonce"))
