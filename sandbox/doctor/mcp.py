"""The few MCP messages that the doctor speaks, and what it reads of the answers (Streamable HTTP)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sandbox import __version__
from sandbox.wire.message import Response

LEGACY: Final = "2025-11-25"
MODERN: Final = "2026-07-28"

_ACCEPT: Final = "application/json, text/event-stream"
_INFO: Final = {"name": "sandbox-doctor", "version": __version__}
_META: Final = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": _INFO,
}


class Message(NamedTuple):
    """A message to an MCP server, as it is posted."""

    headers: dict[str, str]
    body: bytes


def modern(method: str, tool: str | None = None) -> Message:
    """Make a request of MCP 2026-07-28, which has no session; to a tool, without arguments, when one is named."""
    headers = {"mcp-protocol-version": MODERN, "mcp-method": method} | ({"mcp-name": tool} if tool else {})
    return _message(headers, {"id": 1, "method": method, "params": _to(tool) | {"_meta": _META}})


def initialize() -> Message:
    """Make the request that begins a session of MCP 2025-11-25."""
    params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": _INFO}
    return _message({}, {"id": 1, "method": "initialize", "params": params})


def legacy(method: str, session: str | None, version: str, tool: str | None = None) -> Message:
    """Make a later request, or notification, of a session; to a tool, without arguments, when one is named."""
    headers = {"mcp-protocol-version": version} | ({"mcp-session-id": session} if session else {})
    is_notification = method.startswith("notifications/")
    fields = {"method": method} if is_notification else {"id": 2, "method": method, "params": _to(tool)}
    return _message(headers, fields)


def _to(tool: str | None) -> dict[str, Any]:
    return {"name": tool, "arguments": {}} if tool else {}


def _message(headers: dict[str, str], fields: dict[str, Any]) -> Message:
    body = json.dumps({"jsonrpc": "2.0", **fields}).encode()
    return Message({"content-type": "application/json", "accept": _ACCEPT, **headers}, body)


def result_of(response: Response | None) -> dict[str, Any] | None:
    """Give the `result` of the answer to a request; None when there is none."""
    return next((one["result"] for one in answers(response) if isinstance(one.get("result"), dict)), None)


def error_of(response: Response | None) -> str | None:
    """Give the JSON-RPC error of an answer in a few words; None when there is none."""
    error = next((one["error"] for one in answers(response) if isinstance(one.get("error"), dict)), None)
    return None if error is None else f"JSON-RPC error {error.get('code')}: {error.get('message')}"


def answers(response: Response | None) -> list[dict[str, Any]]:
    """Give the JSON-RPC answers in a body, JSON or an event stream."""
    if response is None:
        return []
    is_stream = (response.header("content-type") or "").lower().startswith("text/event-stream")
    found = list(_events(response.body)) if is_stream else [response.json]
    return [one for one in found if isinstance(one, dict) and {"result", "error"} & one.keys()]


def is_answered(body: bytes) -> bool:
    """Say whether the beginning of an event stream holds the answer."""
    return any(isinstance(one, dict) and {"result", "error"} & one.keys() for one in _events(body))


def _events(body: bytes) -> Iterator[Any]:
    """Read the data of each whole event (HTML, server-sent events)."""
    lines = body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n\n")
    for event in lines[:-1]:
        data = "\n".join(line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:"))
        try:
            yield json.loads(data) if data else None
        except (ValueError, RecursionError):
            yield None
