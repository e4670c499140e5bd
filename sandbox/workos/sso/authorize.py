"""The beginning of single sign-on: a browser is led to the identity provider (WorkOS, reference: Get an URL)."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, request
from werkzeug.wrappers import Response

from sandbox.workos import parameters
from sandbox.workos.answers import OAuthError
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.authorization import challenge_of
from sandbox.workos.codes import back
from sandbox.workos.environment import may_return_to
from sandbox.workos.error_page import to_error_page
from sandbox.workos.records import Authorization
from sandbox.workos.sign_ins import begin, this_browser
from sandbox.workos.sso.selection import PROVIDERS, selected

blueprint = Blueprint("sso_authorize", __name__)


@blueprint.get("/sso/authorize")
def authorize() -> Response:
    """Begin a sign-in by single sign-on.

    The client and the redirect URI are checked first: a person is told of those, and never sent to a stranger
    (OBSERVED for /user_management/authorize, where WorkOS leads to error.workos.com/sso/client-id-invalid; the same
    here is UNCERTAIN). Whatever else is wrong goes back to the app.
    """
    server = authkit()
    client_id, redirect_uri = request.args.get("client_id", ""), request.args.get("redirect_uri", "")
    if client_id != server.settings.client_id:
        return to_error_page("client-id-invalid", client_id=client_id)
    if len(request.args.getlist("redirect_uri")) != 1 or not may_return_to(server, redirect_uri):
        return to_error_page("redirect-uri-invalid", redirect_uri=redirect_uri)
    try:
        asked = parameters.single(request.args)
        begun = _begun(server, asked)
    except OAuthError as error:
        state = request.args.get("state")
        return back(redirect_uri, error=error.error, error_description=error.description, state=state)
    return begin(server, begun)


def _begun(server: AuthKit, asked: Mapping[str, str]) -> Authorization:
    """Check the request; raise OAuthError for what is wrong with it.

    `domain_hint`, `provider_scopes`, `provider_query_params`, `prompt` and `nonce` are for the identity provider; the
    sandbox's has no use for them.
    """
    if parameters.required(asked, "response_type") != "code":
        raise OAuthError("unsupported_response_type", "The response_type must be 'code'.")
    connection = selected(server, asked)
    own = connection.connection_type in PROVIDERS and not connection.organization_id
    return Authorization(
        purpose="sso",
        client_id=server.settings.client_id,
        redirect_uri=asked["redirect_uri"],
        browser=this_browser(server),
        state=request.args.get("state"),
        code_challenge=challenge_of(asked),
        nonce=asked.get("nonce"),
        login_hint=asked.get("login_hint"),
        connection=connection.id,
        provider=connection.connection_type if own else None,
        asked_organization=connection.organization_id or None,
    )
