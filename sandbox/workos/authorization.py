"""The authorization endpoint: what is asked for, and the way back to the client (RFC 6749, section 4.1; RFC 7636)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from flask import Blueprint, request
from werkzeug.wrappers import Response

from sandbox.workos import parameters
from sandbox.workos.answers import OAuthError
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.client_documents import looks_like_document
from sandbox.workos.codes import back
from sandbox.workos.environment import may_return_to
from sandbox.workos.error_page import to_error_page
from sandbox.workos.records import Authorization, Client
from sandbox.workos.sign_ins import begin, this_browser

blueprint = Blueprint("authorization", __name__)

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@blueprint.get("/oauth2/authorize")
def authorize() -> Response:
    """Begin an authorization.

    The client and its redirect URI are checked first; whatever else is wrong goes back to the client.
    """
    server = authkit()
    client_id = request.args.get("client_id", "")
    client = server.client(client_id)
    if client is None:
        if not looks_like_document(client_id) or not server.settings.client_id_metadata_document:
            return to_error_page("application_not_found")
        why = server.documents.failures.get(client_id)
        return to_error_page("invalid_client_metadata", **{} if why is None else {"error_description": _unusable(why)})
    redirect_uri = request.args.get("redirect_uri", "")
    if len(request.args.getlist("redirect_uri")) != 1 or not may_return_to(server, redirect_uri, client):
        return to_error_page("invalid_redirect_uri", client_id=client.client_id, redirect_uri=redirect_uri)
    try:
        asked = parameters.single(request.args)
        begun = _begun(server, client, asked)
    except OAuthError as error:
        state = request.args.get("state")
        return back(redirect_uri, error=error.error, error_description=error.description, state=state)
    return begin(server, begun, asked.get("prompt"))


def _unusable(why: str) -> str:
    return f"The client_id is the URL of a document, and the document cannot be used: {why}."


def _begun(server: AuthKit, client: Client, asked: Mapping[str, str]) -> Authorization:
    """Check an authorization request; raise OAuthError for what is wrong with it."""
    if parameters.required(asked, "response_type") != "code":
        raise OAuthError("unsupported_response_type", "The response_type must be 'code'.")
    if asked.get("response_mode", "query") != "query":
        raise OAuthError("invalid_request", "The response_mode must be 'query'.")
    if "authorization_code" not in client.grant_types:
        raise OAuthError("unauthorized_client", "This application may not use the authorization code grant.")
    return Authorization(
        client_id=client.client_id,
        redirect_uri=asked["redirect_uri"],
        scope=server.checked_scope(asked.get("scope", ""), client),
        browser=this_browser(server),
        state=request.args.get("state"),
        resource=parameters.resource(asked),
        code_challenge=_code_challenge(server, client, asked),
        nonce=asked.get("nonce"),
        login_hint=asked.get("login_hint"),
    )


def _code_challenge(server: AuthKit, client: Client, asked: Mapping[str, str]) -> str | None:
    """Check the code challenge, which a public client needs (RFC 7636; for WorkOS UNCERTAIN)."""
    challenge = challenge_of(asked)
    if challenge is None and client.is_public and server.settings.require_pkce:
        raise OAuthError("invalid_request", "A public client must send a code_challenge.")
    return challenge


def challenge_of(asked: Mapping[str, str]) -> str | None:
    """Give the code challenge; raise OAuthError for one that is not of S256, or none at all (RFC 7636, section 4.2)."""
    challenge = asked.get("code_challenge")
    if challenge is None:
        return None
    if asked.get("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "The code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "The code_challenge must be 43 characters of base64url.")
    return challenge
