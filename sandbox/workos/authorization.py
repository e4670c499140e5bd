"""The authorization endpoint, and the sign-in and consent pages behind it (RFC 6749, section 4.1; RFC 7636)."""

from __future__ import annotations

import hmac
import re
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec
from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sandbox.workos.answers import OAuthError
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.client_documents import looks_like_document
from sandbox.workos.records import Authorization, Client, Code, Grant
from sandbox.workos.redirects import allowed, is_loopback
from sandbox.workos.store import hashed
from sandbox.world import User

blueprint = Blueprint("authorization", __name__, url_prefix="/oauth2")

CODE_LIFETIME: Final = 600
"""Seconds that an authorization code is good for (RFC 6749, section 4.1.2: at most ten minutes)."""

PAGE_LIFETIME: Final = 1800
"""Seconds that a person may take to sign in and consent."""

COOKIE: Final = "authkit_authorization"
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")

SCOPE_MEANING: Final = {
    "openid": "Know who you are",
    "profile": "See your name",
    "email": "See your email address",
    "offline_access": "Stay signed in when you are away",
    "logs:delete": "Delete log entries",
    "logs:read": "Read log entries",
}

ERRORS: Final[dict[str, tuple[str, str]]] = {
    "application_not_found": (
        "This application is not known here",
        "No application of this environment has this client_id: it never registered, or was forgotten since.",
    ),
    "invalid_redirect_uri": (
        "This application may not send you there",
        "The redirect_uri is none of those registered for the application.",
    ),
    "invalid_client_metadata": (
        "The application's metadata document cannot be read",
        "The client_id is the URL of a document, and this environment could not fetch it or does not take such ids.",
    ),
    "sign_in_ended": (
        "This sign-in has ended",
        "It was finished, it took too long, or it began in another browser. Start again from the application.",
    ),
}
"""Refusals that are shown to the person, because the redirect URI cannot be trusted."""


def _to_error_page(error: str, **details: str) -> Response:
    """Show the error to the person; unknown clients are sent to /oauth2/error (OBSERVED for application_not_found)."""
    return redirect("/oauth2/error?" + urlencode({"error": error, **details}))


def _back(redirect_uri: str, **fields: str | None) -> Response:
    """Send the browser back to the client, where the redirect URI has been found to be its own."""
    query = urlencode({name: value for name, value in fields.items() if value is not None})
    return redirect(redirect_uri + ("&" if "?" in redirect_uri else "?") + query)


@blueprint.get("/authorize")
def authorize() -> Response:
    """Begin an authorization.

    The client and its redirect URI are checked first; whatever else is wrong goes back to the client.
    """
    server = authkit()
    asked = request.args
    client = server.client(asked.get("client_id", ""))
    if client is None:
        document = looks_like_document(asked.get("client_id", "")) and server.settings.client_id_metadata_document
        return _to_error_page("invalid_client_metadata" if document else "application_not_found")
    redirect_uri = asked.get("redirect_uri", "")
    if len(asked.getlist("redirect_uri")) != 1 or not _may_return_to(redirect_uri, server, client):
        return _to_error_page("invalid_redirect_uri", client_id=client.client_id)
    state = asked.get("state")
    try:
        begun = _begun(server, client, redirect_uri)
    except OAuthError as error:
        return _back(redirect_uri, error=error.error, error_description=error.description, state=state)
    if server.settings.sign_in == "automatic":
        return _approved(server, begun, _first_user(server, begun.login_hint))
    session = server.sources.secret()
    server.store.put(hashed(session), begun)
    response = redirect(url_for("authorization.sign_in", authorization_session_id=session))
    response.set_cookie(COOKIE, begun.browser, max_age=PAGE_LIFETIME, httponly=True, samesite="Lax", path="/oauth2")
    return response


def _may_return_to(redirect_uri: str, server: AuthKit, client: Client) -> bool:
    """Say whether the redirect URI is the client's own and, where the dashboard lists some, one of those."""
    listed, ports = server.settings.redirect_uris, server.settings.loopback_ports
    own = allowed(redirect_uri, client.redirect_uris, ports)
    return own and (listed == "any" or allowed(redirect_uri, listed, ports))


def _begun(server: AuthKit, client: Client, redirect_uri: str) -> Authorization:
    """Check an authorization request; raise OAuthError for what is wrong with it."""
    asked = request.args
    twice = next((name for name in asked if name != "resource" and len(asked.getlist(name)) > 1), None)
    if twice is not None:
        raise OAuthError("invalid_request", f"The parameter '{twice}' is there more than once.")
    if asked.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "The response_type must be 'code'.")
    if asked.get("response_mode", "query") != "query":
        raise OAuthError("invalid_request", "The response_mode must be 'query'.")
    if "authorization_code" not in client.grant_types:
        raise OAuthError("unauthorized_client", "This application may not use the authorization code grant.")
    if asked.get("prompt") == "none" and server.settings.sign_in == "page":
        raise OAuthError("login_required", "A person must sign in.")
    if server.settings.sign_in == "deny":
        raise OAuthError("access_denied", "The user denied the request.")
    return Authorization(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        scope=server.checked_scope(asked.get("scope", ""), client),
        browser=request.cookies.get(COOKIE) or server.sources.secret(),
        state=asked.get("state"),
        resource=_resource(asked.get("resource")),
        code_challenge=_code_challenge(server, client),
        nonce=asked.get("nonce"),
        login_hint=asked.get("login_hint"),
        expires=server.sources.now() + PAGE_LIFETIME,
    )


def _resource(resource: str | None) -> str | None:
    """Check the form of a resource indicator (RFC 8707, section 2); whether it is known is asked at the token endpoint.

    AuthKit lets an unknown one through here and refuses the code later (OBSERVED: claude-ai-mcp#271).
    """
    if not resource:
        return None
    parts = urlsplit(resource)
    if not parts.scheme or "#" in resource:
        raise OAuthError("invalid_target", "The resource must be an absolute URI without a fragment.")
    return resource


def _code_challenge(server: AuthKit, client: Client) -> str | None:
    """Check the code challenge: S256 only, and needed from a public client (RFC 7636; for WorkOS UNCERTAIN)."""
    challenge = request.args.get("code_challenge")
    if challenge is None:
        if client.client_secret is None and server.settings.require_pkce:
            raise OAuthError("invalid_request", "A public client must send a code_challenge.")
        return None
    if request.args.get("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "The code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "The code_challenge must be 43 characters of base64url.")
    return challenge


def _first_user(server: AuthKit, login_hint: str | None) -> User:
    users = server.settings.users
    return next((user for user in users if user.email == login_hint), users[0])


# --- the pages ---------------------------------------------------------------------------------------------------


class _EndedError(Exception):
    """There is no such authorization in this browser."""


def _current(server: AuthKit) -> tuple[str, Authorization]:
    session = request.values.get("authorization_session_id", "")
    begun = server.store.get(Authorization, hashed(session))
    if begun is None or not hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), begun.browser.encode()):
        raise _EndedError
    return session, begun


@blueprint.errorhandler(_EndedError)
def _ended(_error: _EndedError) -> Response:
    return _to_error_page("sign_in_ended")


def page_user(server: AuthKit, user: User) -> dict[str, Any]:
    """Give what a page shows of a user."""
    return {**msgspec.to_builtins(user), "organization_name": server.organization_name(user.organization)}


def page_scopes(scope: tuple[str, ...]) -> list[dict[str, str]]:
    """Give what a page shows of the scopes."""
    return [{"name": name, "meaning": SCOPE_MEANING.get(name, "What the application calls " + name)} for name in scope]


@blueprint.get("/sign-in")
def sign_in() -> str:
    """Show the users that one can sign in as."""
    server = authkit()
    session, begun = _current(server)
    client = server.client(begun.client_id)
    return render_template(
        "sign_in.html",
        client_name=client.name if client else begun.client_id,
        redirect_host=urlsplit(begun.redirect_uri).netloc,
        users=[page_user(server, user) for user in server.settings.users],
        action=url_for("authorization.choose_user"),
        session=session,
        login_hint=begun.login_hint,
    )


@blueprint.post("/sign-in")
def choose_user() -> Response:
    """Sign in as the chosen user, and go on to the consent page."""
    server = authkit()
    session, begun = _current(server)
    user = server.user(request.form.get("user_id", ""))
    if user is None:
        return redirect(url_for("authorization.sign_in", authorization_session_id=session), 303)
    server.store.put(hashed(session), msgspec.structs.replace(begun, user_id=user.id))
    return redirect(url_for("authorization.consent", authorization_session_id=session), 303)


@blueprint.get("/consent")
def consent() -> Response | str:
    """Show which application asks for what, and where the browser will be sent."""
    server = authkit()
    session, begun = _current(server)
    user = server.user(begun.user_id or "")
    client = server.client(begun.client_id)
    if user is None or client is None:
        return redirect(url_for("authorization.sign_in", authorization_session_id=session))
    return render_template(
        "consent.html",
        client_name=client.name,
        client_id=client.client_id,
        redirect_host=urlsplit(begun.redirect_uri).netloc,
        redirect_uri=begun.redirect_uri,
        scopes=page_scopes(begun.scope),
        resource=begun.resource,
        user=page_user(server, user),
        organization_name=server.organization_name(user.organization),
        action=url_for("authorization.decide"),
        session=session,
        unverified=client.registered_itself,
        loopback=is_loopback(begun.redirect_uri),
    )


@blueprint.post("/consent")
def decide() -> Response:
    """Send the browser back to the client with a code, or with the refusal."""
    server = authkit()
    session, begun = _current(server)
    user = server.user(begun.user_id or "")
    if user is None:
        return redirect(url_for("authorization.sign_in", authorization_session_id=session), 303)
    server.store.drop(Authorization, hashed(session))
    if request.form.get("decision") != "approve":
        description = "The user denied the request."
        return _back(begun.redirect_uri, error="access_denied", error_description=description, state=begun.state)
    return _approved(server, begun, user)


def _approved(server: AuthKit, begun: Authorization, user: User) -> Response:
    grant = Grant(
        sid=f"app_consent_{server.sources.ulid()}",
        client_id=begun.client_id,
        user_id=user.id,
        scope=begun.scope,
        resource=begun.resource,
        nonce=begun.nonce,
    )
    server.store.put(grant.sid, grant)
    code = server.sources.secret()
    server.store.put(
        hashed(code),
        Code(
            sid=grant.sid,
            client_id=begun.client_id,
            redirect_uri=begun.redirect_uri,
            code_challenge=begun.code_challenge,
            expires=server.sources.now() + CODE_LIFETIME,
        ),
    )
    return _back(begun.redirect_uri, code=code, state=begun.state)


@blueprint.get("/error")
def error() -> str:
    """Tell the person why the browser was not sent back; a page of 200 that shows the code (OBSERVED)."""
    code = request.args.get("error", "unknown")
    title, message = ERRORS.get(code, ("The sign-in cannot go on", "The authorization server refused the request."))
    details = [("Application", request.args["client_id"])] if "client_id" in request.args else []
    description = request.args.get("error_description")
    return render_template(
        "error.html", title=title, message=description or message, code=code, details=details, hint=None
    )
