"""What else WorkOS has: an operation that is not emulated says so, and is not taken for a wrong path."""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import Final

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from sandbox.workos.api.errors import ApiError

EMULATOR: Final = "https://github.com/workos/emulate"
"""WorkOS's own emulator of its API."""

_OPERATIONS: Final = "operations.txt"


@functools.cache
def operations() -> dict[str, str]:
    """Give every operation of WorkOS that is known here, `GET /events`, with what it does."""
    lines = files(__package__).joinpath(_OPERATIONS).read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines if not line.startswith("#"))


@functools.cache
def _map() -> Map:
    rules = []
    for operation in operations():
        method, path = operation.split(" ")
        rule = path.replace("{", "<").replace("}", ">")
        rules.append(Rule(rule, endpoint=operation, methods=[method]))
    return Map(rules, strict_slashes=True, merge_slashes=False)


def operation_of(method: str, path: str) -> str | None:
    """Give the operation of WorkOS that a request asks for; None where it asks for none."""
    try:
        endpoint, _ = _map().bind("localhost").match(path, method)
    except HTTPException:
        return None
    return str(endpoint)


def not_emulated(operation: str) -> ApiError:
    """Refuse an operation that the sandbox lacks: 501, which no SDK tries again."""
    return ApiError(
        501,
        f"The sandbox does not emulate '{operation}' ({operations()[operation]}). WorkOS has it, and WorkOS's own"
        f" emulator may: {EMULATOR}. docs/coverage.md lists what the sandbox has.",
        "not_emulated",
    )
