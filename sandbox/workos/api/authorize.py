"""The beginning of a session of the app: a browser is led to sign in, or a device gets its codes (User Management)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Blueprint, request
from msgspec import Struct
from werkzeug.wrappers import Response

from sandbox.workos import parameters
from sandbox.workos.answers import OAuthError
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.authorization import challenge_of
from sandbox.workos.codes import back
from sandbox.workos.device import codes
from sandbox.workos.directory.entities import Connection, Organization
from sandbox.workos.environment import may_return_to
from sandbox.workos.error_page import to_error_page
from sandbox.workos.records import Authorization
from sandbox.workos.sign_ins import begin, this_browser
from sandbox.workos.sso.selection import PROVIDERS, selected

blueprint = Blueprint("user_management_authorize", __name__)

AUTHKIT: Final = "authkit"
"""The provider that is WorkOS's own page."""

_SELECTORS: Final = {"connection_id": "connection", "organization_id": "organization", "provider": "provider"}
"""The selectors, and what /sso/authorize calls them."""


@blueprint.get("/user_management/authorize")
def authorize() -> Response:
    """Begin a sign-in to the app.

    The client, the redirect URI, and whether there is a selector are checked first: of those a person is told, as
    WorkOS does at error.workos.com (OBSERVED). Whatever else is wrong goes back to the app.
    """
    server = authkit()
    client_id, redirect_uri = request.args.get("client_id", ""), request.args.get("redirect_uri", "")
    if client_id != server.settings.client_id:
        return to_error_page("client-id-invalid", client_id=client_id)
    if len(request.args.getlist("redirect_uri")) != 1 or not may_return_to(server, redirect_uri):
        return to_error_page("redirect-uri-invalid", redirect_uri=redirect_uri)
    if not any(request.args.get(name) for name in _SELECTORS):
        return to_error_page("invalid-connection-selector")
    try:
        asked = parameters.single(request.args)
        begun = _begun(server, asked)
    except OAuthError as error:
        state = request.args.get("state")
        return back(redirect_uri, error=error.error, error_description=error.description, state=state)
    return begin(server, begun, asked.get("prompt"))


def _begun(server: AuthKit, asked: Mapping[str, str]) -> Authorization:
    """Check the request; raise OAuthError for what is wrong with it.

    `screen_hint`, `domain_hint`, `provider_scopes`, `provider_query_params` and `max_age` have no use here: the page
    signs in those who are there, and nobody signs up on it.
    """
    if parameters.required(asked, "response_type") != "code":
        raise OAuthError("unsupported_response_type", "The response_type must be 'code'.")
    connection = _connection(server, asked)
    own = connection is not None and connection.connection_type in PROVIDERS and not connection.organization_id
    organization_id = connection.organization_id if connection else asked.get("organization_id")
    return Authorization(
        purpose="session",
        client_id=server.settings.client_id,
        redirect_uri=asked["redirect_uri"],
        browser=this_browser(server),
        state=request.args.get("state"),
        code_challenge=challenge_of(asked),
        login_hint=asked.get("login_hint"),
        connection=connection.id if connection else None,
        provider=connection.connection_type if connection and own else None,
        asked_organization=organization_id or None,
        invitation_token=asked.get("invitation_token"),
    )


def _connection(server: AuthKit, asked: Mapping[str, str]) -> Connection | None:
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
