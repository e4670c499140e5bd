"""Requests, answers and token tools that the tests of the wire share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from sandbox.flow import Step
from sandbox.scenario.model import Fault
from sandbox.sources import Sources
from sandbox.wire.message import Request, Response, json_response
from sandbox.wire.place import Place, TokenTools
from sandbox.workos.authkit import AuthKit
from sandbox.workos.keys import Keys
from sandbox.workos.store import Store
from sandbox.world import World

FORM: Final = "application/x-www-form-urlencoded"
METADATA_URL: Final = "http://localhost:4101/.well-known/oauth-protected-resource/mcp"
NOW: Final = 1_800_000_000


class Still(Sources):
    """A clock that stands still."""

    def now(self) -> float:
        return NOW


def authkit() -> AuthKit:
    """Make a WorkOS that lends its tools to the wire."""
    sources = Still(1)
    origin = "http://localhost:4100"
    return AuthKit(World().workos, origin, origin, sources, Store(sources.now), Keys(Sources()))


def form(path: str, headers: Mapping[str, str] | None = None, **fields: str) -> Request:
    """Make a POST of a form."""
    items = {"content-type": FORM, **(headers or {})}
    return Request("POST", path, "", tuple(items.items()), urlencode(fields).encode())


def get(target: str, **headers: str) -> Request:
    """Make a GET."""
    path, _, query = target.partition("?")
    return Request("GET", path, query, tuple((name.replace("_", "-"), value) for name, value in headers.items()))


def post_json(path: str, value: Any, **headers: str) -> Request:
    """Make a POST of JSON."""
    items = {"content-type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    return Request("POST", path, "", tuple(items.items()), json.dumps(value).encode())


def call(method: str, **params: Any) -> Request:
    """Make an MCP request."""
    return post_json("/mcp", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params})


def redirect(location: str, *, status: int = 302) -> Response:
    """Make a redirect as the application would."""
    return Response(status, (("content-type", "text/html"), ("location", location), ("content-length", "0")))


def event_stream(*messages: Any, end: str = "\r\n") -> Response:
    """Make an answer of server-sent events."""
    body = "".join(f"event: message{end}data: {json.dumps(message)}{end}{end}" for message in messages)
    return Response(200, (("content-type", "text/event-stream"),), body.encode())


def place(step: Step, tokens: TokenTools, request: Request | None = None) -> Place:
    """Say where a fault acts."""
    return Place(step, request or get("/"), tokens, METADATA_URL)


def fault(step: Step = "token", **action: Any) -> Fault:
    """Make a fault."""
    return Fault(at=step, **action)


def document(**fields: Any) -> Response:
    """Make a JSON answer."""
    return json_response(200, fields)
