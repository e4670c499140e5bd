"""A request that brings a key of the real WorkOS: refused before anybody reads it, and remembered without its parts."""

from __future__ import annotations

import base64
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from sandbox.real_keys import ADVICE, holds_one
from sandbox.scenario.model import ErrorAnswer
from sandbox.wire.error_answers import error_answer
from sandbox.wire.message import Request, Response
from sandbox.wire.place import Place

WITHHELD: Final = "withheld-a-real-api-key"
"""What is remembered in the place of a part that held such a key: fit for a path, a query, a header and a body."""

_OAUTH: Final = frozenset({"registration", "token", "refresh", "device", "introspection"})


def withheld(request: Request) -> Request:
    """Give a request without the parts that hold a real key; the same request where none does."""
    kept = replace(
        request,
        method=_part(request.method),
        path=f"/{WITHHELD}" if holds_one(request.path) else request.path,
        query=_part(request.query),
        headers=tuple((_part(name), _header(value)) for name, value in request.headers),
        body=WITHHELD.encode() if holds_one(_text(request.body)) else request.body,
    )
    return request if kept == request else kept


def _text(body: bytes) -> str:
    """Read a body, in UTF-8 or, as JSON may be too, in UTF-16 or UTF-32."""
    return body.replace(b"\0", b"").decode("utf-8", "replace")


def refusal(place: Place) -> Response:
    """Give the 401, in the shape of the endpoint that was asked."""
    code = "invalid_client" if place.step in _OAUTH else "real_api_key"
    return error_answer(ErrorAnswer(code=code, description=ADVICE, status=HTTPStatus.UNAUTHORIZED), place)


def _part(text: str) -> str:
    return WITHHELD if holds_one(text) else text


def _header(value: str) -> str:
    """Give a header's value; the credentials of HTTP Basic are read (RFC 7617)."""
    scheme, _, encoded = value.partition(" ")
    if scheme.lower() == "basic":
        try:
            value_read = base64.b64decode(encoded.strip() + "==").decode("utf-8", "replace")
        except ValueError:
            value_read = ""
        if holds_one(value_read):
            return f"{scheme} {WITHHELD}"
    return _part(value)
