"""The end of a session: by the user's browser, or by the app (WorkOS, reference of sessions)."""

from __future__ import annotations

from flask import Blueprint, request
from msgspec import Struct
from werkzeug.wrappers import Response

from sandbox.workos import sessions
from sandbox.workos.answers import RedirectBack
from sandbox.workos.api import keys
from sandbox.workos.api.errors import ApiError, invalid
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import authkit
from sandbox.workos.directory.sessions import Session
from sandbox.workos.environment import may_return_to
from sandbox.workos.error_page import to_error_page

blueprint = Blueprint("sessions", __name__)


class Revoked(Struct):
    """The body that ends a session."""

    session_id: str


@blueprint.get("/user_management/sessions/logout")
def logout() -> Response:
    """End the session of a browser, and send it on: to `return_to`, or to the app's homepage.

    A session that is not there, or over, is as good as ended (UNCERTAIN). Without a homepage a person is told, as
    WorkOS does at error.workos.com (OBSERVED). Raise ApiError 422 without a session_id.
    """
    server = authkit()
    session_id, return_to = request.args.get("session_id"), request.args.get("return_to")
    if not session_id:
        raise invalid("session_id", "required", "The parameter 'session_id' is missing.")
    if return_to and not may_return_to(server, return_to):
        return to_error_page("redirect-uri-invalid", redirect_uri=return_to)
    session = server.directory.get(Session, session_id)
    if session is not None:
        sessions.end(server, session)
    home = return_to or server.settings.app_homepage_url
    return RedirectBack(home) if home else to_error_page("app-homepage-url-not-found")


@blueprint.post("/user_management/sessions/revoke")
def revoke() -> tuple[str, int]:
    """End a session; one that is over stays so. Raise ApiError 400 for one that is not there (WorkOS, OpenAPI)."""
    keys.check()
    server, asked = authkit(), body(Revoked)
    session = server.directory.get(Session, asked.session_id)
    if session is None:
        raise ApiError(400, f"Session not found: '{asked.session_id}'.", "entity_not_found")
    sessions.end(server, session)
    return "", 200
