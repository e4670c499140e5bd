"""JSON-RPC as it is answered: as JSON, or as server-sent events."""

from __future__ import annotations

from typing import Any

from sandbox.wire.exchange import Exchange
from sandbox.wire.json_text import as_json


def answers(exchange: Exchange) -> list[dict[str, Any]]:
    """Give the messages of an answer."""
    body = exchange.response_body
    if (exchange.response_header("content-type") or "").startswith("text/event-stream"):
        texts = [line.removeprefix("data:") for line in body.splitlines() if line.startswith("data:")]
    else:
        texts = [body]
    found = [message for text in texts for message in _each(as_json(text))]
    return [message for message in found if isinstance(message, dict)]


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def error_of(answer: dict[str, Any]) -> dict[str, Any]:
    """Give the error of a message; nothing when it has none."""
    error = answer.get("error")
    return error if isinstance(error, dict) else {}
