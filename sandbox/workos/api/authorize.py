"""The beginning of a session of the app: a browser is led to sign in, or a device gets its codes (User Management)."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, request
from msgspec import Struct
from werkzeug.wrappers import Response

from sandbox.workos.answers import OAuthError
from sandbox.workos.api.reading import body
from sandbox.workos.app_sign_ins import Asked, begun_by, by_connection, untrusted
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.device import codes
from sandbox.workos.directory.entities import Connection, Organization
from sandbox.workos.error_page import to_error_page
from sandbox.workos.records import Authorization
from sandbox.workos.sso.selection import selected

blueprint = Blueprint("user_management_authorize", __name__)

AUTHKIT: Final = "authkit"
"""The provider that is WorkOS's own page."""

_SELECTORS: Final = {"connection_id": "connection", "organization_id": "organization", "provider": "provider"}
"""The selectors, and what /sso/authorize calls them."""


@blueprint.get("/user_management/authorize")
def authorize() -> Response:
    """Begin a sign-in to the app.

    Of a missing selector the person is told, as of a client or a redirect URI that cannot be trusted: so does WorkOS,
    at error.workos.com (OBSERVED).
    """
    if not any(request.args.get(name) for name in _SELECTORS):
        return untrusted(authkit()) or to_error_page("invalid-connection-selector")
    return untrusted(authkit()) or begun_by(_begun, prompt=True)


def _begun(server: AuthKit, asked: Asked) -> Authorization:
    """Give the sign-in; raise OAuthError for a selection that is none.

    `screen_hint`, `domain_hint`, `provider_scopes`, `provider_query_params` and `max_age` have no use here: the page
    signs in those who are there, and nobody signs up on it.
    """
    connection = _connection(server, asked)
    organization_id = connection.organization_id if connection else asked.get("organization_id")
    return by_connection(
        server,
        asked,
        connection,
        purpose="session",
        asked_organization=organization_id or None,
        invitation_token=asked.get("invitation_token"),
    )


def _connection(server: AuthKit, asked: Asked) -> Connection | None:
    """Give the connection that is selected; None where WorkOS's own page signs in, with or without an organization."""
    given = {_SELECTORS[name]: asked[name] for name in _SELECTORS if name in asked}
    if given.get("provider") != AUTHKIT:
        connection = selected(server, given)
        if server.settings.authentication.sso == "off" and connection.organization_id:
            raise OAuthError("connection_strategy_invalid", "Single sign-on is off in this environment.")
        return connection
    if "connection" in given:
        raise OAuthError("ambiguous_connection_selector", "Give a connection_id or the provider 'authkit', not both.")
    organization_id = given.get("organization")
    if organization_id is not None and server.directory.get(Organization, organization_id) is None:
        raise OAuthError("organization_invalid", f"There is no organization '{organization_id}'.")
    return None


class AskedDevice(Struct):
    """The body with which a device asks for its codes."""

    client_id: str


@blueprint.post("/user_management/authorize/device")
def authorize_device() -> Response:
    """Give a device its codes for a session of the app (WorkOS, CLI Auth)."""
    server, asked = authkit(), body(AskedDevice)
    if asked.client_id != server.settings.client_id:
        raise OAuthError("invalid_client", f"There is no environment with the client_id '{asked.client_id}'.", 400)
    return codes(server, purpose="session", client_id=asked.client_id)
