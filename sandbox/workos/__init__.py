"""WorkOS, emulated: a Flask application with one blueprint for each surface."""

from __future__ import annotations

import functools
import logging
import sqlite3
from typing import TYPE_CHECKING, Final

from flask import Flask, Response, abort, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.flow import LOOKS
from sandbox.plain import FILTERS
from sandbox.wire.wsgi import knowing
from sandbox.workos import (
    api,
    authorization,
    consent,
    device,
    email_links,
    error_page,
    idp,
    introspection,
    metadata,
    registration,
    sso,
    standalone,
    token,
    userinfo,
)
from sandbox.workos.answers import OAuthError
from sandbox.workos.api.errors import ApiError
from sandbox.workos.api.missing import not_emulated, operation_of
from sandbox.workos.authkit import KNOWN, AuthKit, authkit

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["AuthKit", "create_app", "flask_app"]

BLUEPRINTS: Final = (
    metadata.blueprint,
    registration.blueprint,
    authorization.blueprint,
    consent.blueprint,
    standalone.blueprint,
    error_page.blueprint,
    token.blueprint,
    introspection.blueprint,
    userinfo.blueprint,
    device.blueprint,
    email_links.blueprint,
    *api.BLUEPRINTS,
    *sso.BLUEPRINTS,
    idp.blueprint,
)

PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none';"
    " frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""Headers of every page. No form-action: the redirect back to the client follows the form, and Chromium checks it."""

_log = logging.getLogger("sandbox")


def create_app(server: AuthKit) -> WSGIApplication:
    """Make the application around the state that it answers from."""
    return knowing(flask_app(), **{KNOWN: server})


@functools.cache
def flask_app() -> Flask:
    """Give the Flask application of this process; the environment of a request says whose state it answers from."""
    app = Flask(__name__, static_url_path=LOOKS.rstrip("/"))
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.merge_slashes = False
    app.jinja_env.filters |= FILTERS
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_error_handler(OAuthError, OAuthError.response)
    app.register_error_handler(ApiError, ApiError.response)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(sqlite3.Error, _not_saved)
    app.context_processor(lambda: {"console": authkit().console})
    app.before_request(_paths_as_written)
    app.after_request(_page_headers)
    app.after_request(_as_the_api_does)
    return app


def _paths_as_written() -> None:
    """Refuse a path with a slash too many, such as an issuer with a slash at its end makes; Werkzeug drops them."""
    if request.environ["PATH_INFO"].startswith("//"):
        abort(404)


def _http_error(error: HTTPException) -> Response:
    """Answer what is not served, in WorkOS's shape: what WorkOS has is told from what nobody has."""
    operation = operation_of(request.method, request.path) if request.routing_exception is error else None
    if operation is not None:
        return not_emulated(operation).response()
    if error.code == 404:  # noqa: PLR2004
        response = jsonify(authkit().settings.not_found_body)
        response.headers["Sandbox-Note"] = "This path is not emulated; the AuthKit domain serves /.well-known, /oauth2."
    else:
        response = jsonify({"message": error.name})
    response.status_code = error.code or 500
    if error.response is None and (allow := dict(error.get_headers()).get("Allow")):
        response.headers["Allow"] = allow
    return response


def _not_saved(error: sqlite3.Error) -> Response:
    """Answer where the disk is full or gone, in the shape of who was asked."""
    _log.error("WorkOS could not save its state: %s", error)
    said = f"The sandbox could not save its state: {error}."
    if operation_of(request.method, request.path):
        return ApiError(500, said, "server_error").response()
    return OAuthError("server_error", said, 500).response()


def _page_headers(response: Response) -> Response:
    if response.mimetype == "text/html":
        for name, value in PAGE_HEADERS.items():
            response.headers.setdefault(name, value)
    return response


def _as_the_api_does(response: Response) -> Response:
    """Give every answer of the API a number, which SDKs show with an error, and say whole where a redirect leads.

    What the numbers of WorkOS look like is UNCERTAIN; that a `Location` is a whole URI, WorkOS's OpenAPI document says.
    """
    if not request.path.startswith(("/oauth2/", "/.well-known/", LOOKS)):
        response.headers["X-Request-ID"] = authkit().sources.ulid()
        if (response.location or "").startswith("/") and operation_of(request.method, request.path):
            response.location = f"{authkit().origin}{response.location}"
    return response
