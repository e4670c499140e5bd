"""The shapes in which api.workos.com refuses; the OAuth endpoints among it also use OAuthError."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify


class ApiError(Exception):
    """A refusal: `{"message", "code"?, …}` with its status (WorkOS, reference of errors; the OpenAPI document)."""

    def __init__(self, status: int, message: str, code: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message} | ({} if code is None else {"code": code}) | more

    def response(self) -> Response:
        """Give the JSON answer."""
        response = jsonify(self.body)
        response.status_code = self.status
        return response


def refused(code: str, message: str, **more: Any) -> ApiError:
    """Refuse what cannot be done as things are: 400 with a code."""
    return ApiError(400, message, code, **more)


def not_found(what: str, entity_id: str) -> ApiError:
    """Refuse an id that nothing has: 404, in the words of the OpenAPI document's example."""
    return ApiError(404, f"{what} not found: '{entity_id}'.", "entity_not_found", entity_id=entity_id)


def invalid(field: str, code: str, message: str | None = None) -> ApiError:
    """Refuse a parameter: 422, the field named under `errors`."""
    said = message or f"The parameter '{field}' is not valid: {code}."
    error = {"field": field, "code": code}
    return ApiError(422, said, "invalid_request_parameters", errors=[error])
