"""The beginning of a sign-in that the app asks for: a session of its own, or classic SSO."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from sandbox.workos import parameters
from sandbox.workos.answers import OAuthError
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.authorization import challenge_of
from sandbox.workos.codes import back
from sandbox.workos.connections import PROVIDERS
from sandbox.workos.directory.entities import Connection
from sandbox.workos.environment import may_return_to
from sandbox.workos.error_page import to_error_page
from sandbox.workos.records import Authorization
from sandbox.workos.sign_ins import begin, this_browser

Asked = Mapping[str, str]


def untrusted(server: AuthKit) -> Response | None:
    """Send the browser to the error page where the client or the redirect URI cannot be trusted.

    A person is told of those, and never sent to a stranger (OBSERVED for /user_management/authorize, where WorkOS leads
    to error.workos.com/sso/client-id-invalid; the same for /sso/authorize is UNCERTAIN).
    """
    client_id, redirect_uri = request.args.get("client_id", ""), request.args.get("redirect_uri", "")
    if client_id != server.settings.client_id:
        return to_error_page("client-id-invalid", client_id=client_id)
    if len(request.args.getlist("redirect_uri")) != 1 or not may_return_to(server, redirect_uri):
        return to_error_page("redirect-uri-invalid", redirect_uri=redirect_uri)
    return None


def begun_by(check: Callable[[AuthKit, Asked], Authorization], *, prompt: bool = False) -> Response:
    """Begin the sign-in that `check` reads out of the request; what is wrong with it goes back to the app.

    `prompt` says whether the parameter of that name is looked at.
    """
    server = authkit()
    try:
        asked = _asked()
        begun = check(server, asked)
    except OAuthError as error:
        state, redirect_uri = request.args.get("state"), request.args["redirect_uri"]
        return back(redirect_uri, error=error.error, error_description=error.description, state=state)
    return begin(server, begun, asked.get("prompt") if prompt else None)


def _asked() -> Asked:
    asked = parameters.single(request.args)
    if parameters.required(asked, "response_type") != "code":
        raise OAuthError("unsupported_response_type", "The response_type must be 'code'.")
    return asked


def by_connection(server: AuthKit, asked: Asked, connection: Connection | None, **more: Any) -> Authorization:
    """Give the sign-in of a request, by this connection, or by none on WorkOS's own page."""
    own = connection is not None and connection.connection_type in PROVIDERS and not connection.organization_id
    fields: dict[str, Any] = {
        "client_id": server.settings.client_id,
        "redirect_uri": asked["redirect_uri"],
        "browser": this_browser(server),
        "state": request.args.get("state"),
        "code_challenge": challenge_of(asked),
        "login_hint": asked.get("login_hint"),
        "connection": connection.id if connection else None,
        "provider": connection.connection_type if connection and own else None,
        "asked_organization": (connection.organization_id or None) if connection else None,
    }
    return Authorization(**fields | more)
