"""The pages that a person meets on the way: sign-in, consent, and the refusal that no client can be told."""

from __future__ import annotations

import hmac
from typing import Any, Final, NamedTuple

import msgspec
from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.authorization import COOKIE, approved, back, to_error_page
from sandbox.workos.directory.entities import User
from sandbox.workos.records import Authorization, Client
from sandbox.workos.redirects import is_loopback, shown_host
from sandbox.workos.store import hashed

blueprint = Blueprint("consent", __name__, url_prefix="/oauth2")

SCOPE_MEANING: Final = {
    "openid": "Know who you are",
    "profile": "See your name",
    "email": "See your email address",
    "offline_access": "Stay signed in when you are away",
    "logs:delete": "Delete log entries",
    "logs:read": "Read log entries",
}


class Refusal(NamedTuple):
    """What the error page says of an error: what happened, why, and what to do."""

    title: str
    why: str
    do: str = ""


ERRORS: Final[dict[str, Refusal]] = {
    "application_not_found": Refusal(
        "This application is not known here",
        "No application of this environment has this client_id: it never registered, or was forgotten since.",
        "Let the client forget what it keeps of this server, and connect again; it then registers anew."
        " In Claude Code that is claude mcp logout NAME. A client that does not register itself needs a client_id"
        " from the WorkOS dashboard, Connect, Applications.",
    ),
    "invalid_redirect_uri": Refusal(
        "This application may not send you there",
        "The redirect_uri is none of those registered for the application.",
        "Register the URI that was asked for, letter by letter: in the WorkOS dashboard, Connect, Applications, or, for"
        " a client that registered itself, by letting it register anew.",
    ),
    "invalid_client_metadata": Refusal(
        "The application's metadata document cannot be read",
        "The client_id is the URL of a document, and this environment could not fetch it or does not take such ids.",
        "The document has to be there for everybody, as JSON, and name its own URL as client_id. This sandbox is"
        " offline and knows only the documents that it was shipped with; another client can register itself.",
    ),
    "sign_in_ended": Refusal(
        "This sign-in has ended",
        "It was finished, it took too long, or it began in another browser.",
        "Go back to the application and connect again. This page by itself, from a bookmark or an old tab, leads"
        " nowhere.",
    ),
}
"""Refusals that are shown to the person, because the redirect URI cannot be trusted."""

_UNKNOWN: Final = Refusal("The sign-in cannot go on", "The authorization server refused the request.")


class _Current(NamedTuple):
    """The authorization that this browser is in the middle of."""

    session: str
    begun: Authorization
    client: Client


class _EndedError(Exception):
    """There is no such authorization in this browser."""


@blueprint.errorhandler(_EndedError)
def _ended(_error: _EndedError) -> Response:
    return to_error_page("sign_in_ended")


def _current(server: AuthKit) -> _Current:
    session = request.values.get("authorization_session_id", "")
    begun = server.store.get(Authorization, hashed(session))
    if begun is None or not hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), begun.browser.encode()):
        raise _EndedError
    client = server.client(begun.client_id)
    if client is None:
        raise _EndedError
    return _Current(session, begun, client)


def page_user(server: AuthKit, user: User) -> dict[str, Any]:
    """Give what a page shows of a user."""
    organization = server.signed_in_to(user)
    return {
        "id": user.id,
        "email": user.email,
        "first_name": user.first_name or "",
        "last_name": user.last_name or "",
        "organization_name": organization.name if organization else None,
    }


def page_scopes(scope: tuple[str, ...]) -> list[dict[str, str]]:
    """Give what a page shows of the scopes."""
    return [{"name": name, "meaning": SCOPE_MEANING.get(name, "What the application calls " + name)} for name in scope]


def _to(page: str, session: str) -> Response:
    return redirect(url_for(f"consent.{page}", authorization_session_id=session), 303)


@blueprint.get("/sign-in")
def sign_in() -> str:
    """Show the users that one can sign in as."""
    server = authkit()
    session, begun, client = _current(server)
    return render_template(
        "sign_in.html",
        client_name=client.name,
        redirect_host=shown_host(begun.redirect_uri),
        users=[page_user(server, user) for user in server.users()],
        action=url_for("consent.choose_user"),
        session=session,
        login_hint=begun.login_hint,
    )


@blueprint.post("/sign-in")
def choose_user() -> Response:
    """Sign in as the chosen user, and go on to the consent page, unless the application is a first-party one."""
    server = authkit()
    session, begun, client = _current(server)
    user = server.user(request.form.get("user_id", ""))
    if user is None:
        return _to("sign_in", session)
    if client.first_party:
        server.store.drop(Authorization, hashed(session))
        return approved(server, client, begun, user)
    server.store.put(hashed(session), msgspec.structs.replace(begun, user_id=user.id))
    return _to("consent", session)


@blueprint.get("/consent")
def consent() -> Response | str:
    """Show which application asks for what, and where the browser will be sent."""
    server = authkit()
    session, begun, client = _current(server)
    user = server.user(begun.user_id or "")
    if user is None:
        return _to("sign_in", session)
    return render_template(
        "consent.html",
        client_name=client.name,
        client_id=client.client_id,
        redirect_host=shown_host(begun.redirect_uri),
        redirect_uri=begun.redirect_uri,
        scopes=page_scopes(begun.scope),
        resource=begun.resource,
        user=(shown := page_user(server, user)),
        organization_name=shown["organization_name"],
        action=url_for("consent.decide"),
        session=session,
        another=url_for("consent.sign_in", authorization_session_id=session),
        unverified=client.registered_itself,
        loopback=is_loopback(begun.redirect_uri),
    )


@blueprint.post("/consent")
def decide() -> Response:
    """Send the browser back to the client with a code, or with the refusal."""
    server = authkit()
    session, begun, client = _current(server)
    user = server.user(begun.user_id or "")
    if user is None:
        return _to("sign_in", session)
    server.store.drop(Authorization, hashed(session))
    if request.form.get("decision") != "approve":
        description = "The user denied the request."
        return back(begun.redirect_uri, error="access_denied", error_description=description, state=begun.state)
    return approved(server, client, begun, user)


@blueprint.get("/error")
def error() -> str:
    """Tell the person why the browser was not sent back; a page of 200 that shows the code (OBSERVED)."""
    code = request.args.get("error", "unknown")
    refusal = ERRORS.get(code, _UNKNOWN)
    description = request.args.get("error_description")
    return render_template(
        "error.html",
        title=refusal.title,
        message=description or refusal.why,
        code=code,
        details=_details(authkit(), request.args.get("client_id")),
        hint=refusal.do,
    )


def _details(server: AuthKit, client_id: str | None) -> list[tuple[str, str]]:
    """Give what helps to find the mistake: which application, what it asked for, and what it might have."""
    if client_id is None:
        return []
    client = server.client(client_id)
    asked = [("Asked for", request.args["redirect_uri"])] if "redirect_uri" in request.args else []
    if client is None:
        return [("Application", client_id), *asked]
    registered = [("Registered", uri) for uri in client.redirect_uris]
    return [("Application", client.name), ("Client", client_id), *asked, *registered]
