"""The refusal that no client can be told: a page for the person, as the redirect URI cannot be trusted."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.sign_ins import EndedError

blueprint = Blueprint("error_page", __name__)


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
        "The document has to be there for everybody, as JSON, and name its own URL as client_id, a client_name and"
        " redirect_uris. The sandbox fetches it, but for those of known clients, of which it ships copies; the exchange"
        " is on the console. A client can also register itself.",
    ),
    "client-id-invalid": Refusal(
        "This client id is not the environment's",
        "The client_id in the request is not the environment's own; those of Connect applications are for other pages.",
        "Use the client id that the console shows, in the app's configuration.",
    ),
    "redirect-uri-invalid": Refusal(
        "This app may not send you there",
        "The redirect_uri is none that the dashboard lists under Redirects, or none that is safe: https, or http to"
        " this machine.",
        "Add the URI that was asked for, letter by letter: in the WorkOS dashboard, Redirects; here,"
        " workos.redirect_uris.",
    ),
    "invalid-connection-selector": Refusal(
        "The app did not say how to sign in",
        "The request names no connection_id, no organization_id and no provider.",
        "Let the app name one: provider=authkit is this environment's own sign-in page.",
    ),
    "app-homepage-url-not-found": Refusal(
        "You are signed out, and nobody said where to go",
        "The session has ended. The app gave no return_to, and the environment has no homepage.",
        "Set one in the WorkOS dashboard, Redirects, App homepage URL; here, workos.app_homepage_url. Or let the app"
        " give a return_to.",
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


def to_error_page(error: str, **details: str) -> Response:
    """Show the error to the person; unknown clients are sent to /oauth2/error (OBSERVED for application_not_found)."""
    return redirect("/oauth2/error?" + urlencode({"error": error, **details}))


@blueprint.app_errorhandler(EndedError)
def _ended(_error: EndedError) -> Response:
    return to_error_page("sign_in_ended")


@blueprint.get("/oauth2/error")
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
