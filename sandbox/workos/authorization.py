"""The authorization endpoint: what is asked for, and the way back to the client (RFC 6749, section 4.1; RFC 7636)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from sandbox.workos import parameters
from sandbox.workos.answers import OAuthError, RedirectBack
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.client_documents import looks_like_document
from sandbox.workos.directory.entities import User
from sandbox.workos.records import Authorization, Client, Code
from sandbox.workos.redirects import allowed
from sandbox.workos.store import hashed

blueprint = Blueprint("authorization", __name__)

CODE_LIFETIME: Final = 600
"""Seconds that an authorization code is good for (RFC 6749, section 4.1.2: at most ten minutes)."""

PAGE_LIFETIME: Final = 1800
"""Seconds that a person may take to sign in and consent."""

COOKIE: Final = "authkit_authorization"
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def to_error_page(error: str, **details: str) -> Response:
    """Show the error to the person; unknown clients are sent to /oauth2/error (OBSERVED for application_not_found)."""
    return redirect("/oauth2/error?" + urlencode({"error": error, **details}))


def back(redirect_uri: str, **fields: str | None) -> Response:
    """Send the browser back to the client, where the redirect URI has been found to be its own."""
    query = urlencode({name: value for name, value in fields.items() if value is not None})
    return RedirectBack(redirect_uri + ("&" if "?" in redirect_uri else "?") + query)


def approved(server: AuthKit, client: Client, begun: Authorization, user: User) -> Response:
    """Send the browser back with a code."""
    organization = server.signed_in_to(user, begun.organization)
    grant = server.new_grant(client, user, begun.scope, begun.resource, organization=organization, nonce=begun.nonce)
    code = server.sources.secret()
    kept = Code(
        sid=grant.sid,
        client_id=client.client_id,
        redirect_uri=begun.redirect_uri,
        code_challenge=begun.code_challenge,
        expires=server.now() + CODE_LIFETIME,
    )
    server.store.put(hashed(code), kept)
    return back(begun.redirect_uri, code=code, state=begun.state)


@blueprint.get("/oauth2/authorize")
def authorize() -> Response:
    """Begin an authorization.

    The client and its redirect URI are checked first; whatever else is wrong goes back to the client.
    """
    server = authkit()
    client_id = request.args.get("client_id", "")
    client = server.client(client_id)
    if client is None:
        document = looks_like_document(client_id) and server.settings.client_id_metadata_document
        return to_error_page("invalid_client_metadata" if document else "application_not_found")
    redirect_uri = request.args.get("redirect_uri", "")
    if len(request.args.getlist("redirect_uri")) != 1 or not _may_return_to(redirect_uri, server, client):
        return to_error_page("invalid_redirect_uri", client_id=client.client_id, redirect_uri=redirect_uri)
    try:
        begun = _begun(server, client, parameters.single(request.args))
        if server.settings.sign_in == "automatic":
            return approved(server, client, begun, _first_user(server, begun.login_hint))
    except OAuthError as error:
        state = request.args.get("state")
        return back(redirect_uri, error=error.error, error_description=error.description, state=state)
    session = server.sources.secret()
    server.store.put(hashed(session), begun)
    response = redirect(url_for("consent.sign_in", authorization_session_id=session))
    response.set_cookie(COOKIE, begun.browser, max_age=PAGE_LIFETIME, httponly=True, samesite="Lax", path="/oauth2")
    return response


def _may_return_to(redirect_uri: str, server: AuthKit, client: Client) -> bool:
    """Say whether the redirect URI is the client's own and, where the dashboard lists some, one of those."""
    listed, ports = server.settings.redirect_uris, server.settings.loopback_ports
    own = allowed(redirect_uri, client.redirect_uris, ports)
    return own and (listed == "any" or allowed(redirect_uri, listed, ports))


def _begun(server: AuthKit, client: Client, asked: Mapping[str, str]) -> Authorization:
    """Check an authorization request; raise OAuthError for what is wrong with it."""
    if parameters.required(asked, "response_type") != "code":
        raise OAuthError("unsupported_response_type", "The response_type must be 'code'.")
    if asked.get("response_mode", "query") != "query":
        raise OAuthError("invalid_request", "The response_mode must be 'query'.")
    if "authorization_code" not in client.grant_types:
        raise OAuthError("unauthorized_client", "This application may not use the authorization code grant.")
    begun = Authorization(
        client_id=client.client_id,
        redirect_uri=asked["redirect_uri"],
        scope=server.checked_scope(asked.get("scope", ""), client),
        browser=request.cookies.get(COOKIE) or server.sources.secret(),
        state=request.args.get("state"),
        resource=parameters.resource(asked),
        code_challenge=_code_challenge(server, client, asked),
        nonce=asked.get("nonce"),
        login_hint=asked.get("login_hint"),
        expires=server.now() + PAGE_LIFETIME,
    )
    if server.settings.sign_in == "deny":
        raise OAuthError("access_denied", "The user denied the request.")
    if asked.get("prompt") == "none" and server.settings.sign_in == "page":
        raise OAuthError("login_required", "A person must sign in.")
    return begun


def _code_challenge(server: AuthKit, client: Client, asked: Mapping[str, str]) -> str | None:
    """Check the code challenge: S256 only, and needed from a public client (RFC 7636; for WorkOS UNCERTAIN)."""
    challenge = asked.get("code_challenge")
    if challenge is None:
        if client.is_public and server.settings.require_pkce:
            raise OAuthError("invalid_request", "A public client must send a code_challenge.")
        return None
    if asked.get("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "The code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "The code_challenge must be 43 characters of base64url.")
    return challenge


def _first_user(server: AuthKit, login_hint: str | None) -> User:
    users = server.users()
    if not users:
        raise OAuthError("access_denied", "Nobody can sign in: this world has no users.")
    return next((user for user in users if user.email == login_hint), users[0])
