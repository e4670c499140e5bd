"""The shapes in which the AuthKit domain answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import flask
from flask import Response, jsonify
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ERROR_STATUS: Final = {"invalid_client": 401}
"""Statuses other than 400 (RFC 6749, section 5.2)."""


class OAuthError(Exception):
    """An error of an OAuth endpoint (RFC 6749, section 5.2; RFC 7591, section 3.2.2)."""

    def __init__(self, error: str, description: str | None = None, status: int | None = None, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.more = more
        self.status = status or ERROR_STATUS.get(error, 400)

    def response(self) -> Response:
        """Give the JSON answer; a refused client is told the scheme (OBSERVED: `Basic realm="AuthKit"`)."""
        description = {} if self.description is None else {"error_description": self.description}
        body = {"error": self.error} | description | self.more
        response = not_stored(jsonify(body))
        response.status_code = self.status
        if self.error == "invalid_client" and self.status == ERROR_STATUS["invalid_client"]:
            response.headers["WWW-Authenticate"] = 'Basic realm="AuthKit"'
        return response


def not_stored(response: Response) -> Response:
    """Keep a response out of caches (RFC 6749, section 5.1)."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response


class RedirectBack(flask.Response):
    """A redirect to a client, to exactly this URI; Werkzeug's own would write `app:///callback` as `app:/callback`."""

    def __init__(self, location: str) -> None:
        super().__init__(status=302, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        self._location = location

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Give the headers, the location untouched."""
        headers = super().get_wsgi_headers(environ)
        headers["Location"] = self._location
        return headers
