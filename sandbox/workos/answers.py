"""The shapes in which the AuthKit domain answers when it refuses."""

from __future__ import annotations

from typing import Final

from flask import Response, jsonify

ERROR_STATUS: Final = {"invalid_client": 401}
"""Statuses other than 400 (RFC 6749, section 5.2)."""


class OAuthError(Exception):
    """An error of an OAuth endpoint (RFC 6749, section 5.2; RFC 7591, section 3.2.2)."""

    def __init__(self, error: str, description: str | None = None, status: int | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status or ERROR_STATUS.get(error, 400)

    def response(self) -> Response:
        """Give the JSON answer; a refused client is told the scheme (OBSERVED: `Basic realm="AuthKit"`)."""
        body = {"error": self.error}
        if self.description is not None:
            body["error_description"] = self.description
        response = jsonify(body)
        response.status_code = self.status
        response.headers["Cache-Control"] = "no-store"
        if self.status == ERROR_STATUS["invalid_client"]:
            response.headers["WWW-Authenticate"] = 'Basic realm="AuthKit"'
        return response


def not_stored(response: Response) -> Response:
    """Keep a response out of caches (RFC 6749, section 5.1)."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response
