"""What every call of the console has to do with: the sandbox that runs, and the JSON that is read and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from flask import Response, request

from sandbox.errors import SandboxError
from sandbox.real_keys import ADVICE, holds_one
from sandbox.scenario.reading import plain

if TYPE_CHECKING:
    from sandbox.sandbox import Sandbox

KNOWN: Final = "sandbox"
"""Its name in the environment of a request (PEP 3333)."""


def running() -> Sandbox:
    """Give the sandbox behind the request being answered."""
    known: Sandbox = request.environ[KNOWN]
    return known


def answer(value: Any, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(msgspec.json.encode(value), status, content_type="application/json")


def why(error: Exception) -> str:
    """Say why something was refused; a key of the real WorkOS that was given is not said again."""
    return ADVICE if holds_one(str(error)) else str(error)


def asked() -> dict[str, Any]:
    """Give the JSON object of the request; raise SandboxError when there is none, or it is nested too deeply."""
    try:
        value = msgspec.json.decode(request.get_data()) if request.is_json else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise SandboxError("The body must be a JSON object, with Content-Type: application/json.")
    given: dict[str, Any] = plain(value)
    return given
