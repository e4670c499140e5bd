"""Exchanges made by hand, for tests of what reads a trace."""

from __future__ import annotations

import json
from typing import Any

from sandbox.wire.exchange import Exchange


def exchange(number: int = 1, *, answer: Any = None, **fields: Any) -> Exchange:
    """Make an exchange; `answer` is a JSON body of its response."""
    given: dict[str, Any] = {
        "at": 1_767_603_600.0 + number,
        "seconds": 0.012,
        "step": "token",
        "system": "workos",
        "asker": "client",
        "method": "POST",
        "url": "http://localhost:4100/oauth2/token",
        "request_headers": [("user-agent", "claude-code/2")],
        "request_body": "",
        "status": 200,
        "response_headers": [("content-type", "application/json")],
        "response_body": "{}" if answer is None else json.dumps(answer),
        "ended": "answered",
    }
    return Exchange(number=number, **(given | fields))
