"""The control API described as OpenAPI 3.1, from the table of its routes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from sandbox import __version__, export

if TYPE_CHECKING:
    from sandbox.console.api import Route

_FORMATS: Final = {"name": "format", "in": "query", "schema": {"enum": list(export.FORMATS), "default": "json"}}
_SINCE: Final = {"name": "since", "in": "query", "schema": {"type": "integer", "minimum": 0, "default": 0}}
_SO_FAR: Final = {"name": "so_far", "in": "query", "allowEmptyValue": True, "schema": {"type": "boolean"}}
_PARAMETERS: Final = {"/api/trace": [_FORMATS, _SINCE], "/api/findings": [_SO_FAR]}
_WITH_BODY: Final = {"/api/effects", "/api/hold"}
"""Where a POST says something."""


def described(routes: Iterable[Route], events: str) -> dict[str, Any]:
    """Describe the routes, and the stream of events beside them."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation: dict[str, Any] = {"summary": route.summary, "responses": {"200": {"description": "done"}}}
        if route.method in {"PUT", "PATCH"} or route.path in _WITH_BODY:
            body = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
            operation |= {"requestBody": body}
            operation["responses"] |= {"400": {"description": "the body says something that cannot be done"}}
        if route.path in _PARAMETERS:
            operation["parameters"] = _PARAMETERS[route.path]
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    stream = {
        "summary": "Stream what runs, and exchanges and findings as they happen.",
        "responses": {"200": {"description": "server-sent"}},
    }
    paths[events] = {"get": stream}
    return {"openapi": "3.1.0", "info": {"title": "Sandbox control API", "version": __version__}, "paths": paths}
