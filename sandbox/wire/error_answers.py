"""Errors in the shape that each endpoint really uses."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from sandbox.scenario.model import ErrorAnswer
from sandbox.wire.message import Response, json_response
from sandbox.wire.place import Place

_BEARER_STEPS: Final = frozenset({"challenge", "session", "messages"})
_OAUTH_STEPS: Final = frozenset({"registration", "token", "refresh", "device", "introspection"})


def error_answer(error: ErrorAnswer, place: Place) -> Response:
    """Render an error in the shape that the endpoint of this step uses.

    RFC 6749 section 5.2 (token), RFC 7591 section 3.2.2 (registration), RFC 6750 section 3 (the protected resource),
    log-aggregator's own `{"error": …}` for its metadata, and WorkOS's `{"message": …}` for what is no OAuth endpoint.
    """
    if place.step in _BEARER_STEPS:
        return _bearer_error(error, place)
    if place.step == "userinfo":
        return json_response(error.status or HTTPStatus.UNAUTHORIZED, {"error": error.code})
    text = error.description or error.code
    if place.step == "resource-metadata":
        return json_response(error.status or HTTPStatus.BAD_REQUEST, {"error": text})
    if place.step not in _OAUTH_STEPS:
        return json_response(error.status or HTTPStatus.BAD_REQUEST, {"message": text, "code": error.code})
    oauth = {"error": error.code}
    if error.description is not None:
        oauth["error_description"] = error.description
    if error.code == "invalid_client" and place.step != "registration":
        headers = {"cache-control": "no-store", "www-authenticate": 'Basic realm="AuthKit"'}
        return json_response(error.status or HTTPStatus.UNAUTHORIZED, oauth, headers)
    return json_response(error.status or HTTPStatus.BAD_REQUEST, oauth, {"cache-control": "no-store"})


def _bearer_error(error: ErrorAnswer, place: Place) -> Response:
    known = {"invalid_request": 400, "insufficient_scope": 403}
    description = error.description or error.code
    said = {"error": error.code, "error_description": description, "resource_metadata": place.resource_metadata}
    challenge = "Bearer " + ", ".join(f'{name}="{_quotable(value)}"' for name, value in said.items() if value)
    status = error.status or known.get(error.code, HTTPStatus.UNAUTHORIZED)
    return json_response(status, {"error": description}, {"www-authenticate": challenge})


def _quotable(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
