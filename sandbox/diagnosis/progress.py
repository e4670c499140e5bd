"""How far a client came, read from the wire alone: which steps did what they are for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from sandbox.flow import SESSION_METHODS, STEPS, Step
from sandbox.wire.exchange import Exchange
from sandbox.wire.json_text import as_json

_UNAUTHORIZED: Final = 401
_FIRST_ERROR: Final = 400
_VERSION: Final = "io.modelcontextprotocol/protocolVersion"
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def works(exchange: Exchange) -> bool:
    """Say whether an exchange did what its step is for: a challenge is a 401, an authorization ends with a code."""
    if exchange.step == "challenge":
        return exchange.status == _UNAUTHORIZED
    if exchange.step == "authorization":
        return "code=" in (exchange.response_header("location") or "")
    return exchange.ended in {"answered", "open"} and exchange.status is not None and exchange.status < _FIRST_ERROR


def reached(exchanges: Iterable[Exchange]) -> set[Step]:
    """Give the steps that worked at least once."""
    return {exchange.step for exchange in exchanges if works(exchange)}


def last_step(exchanges: Iterable[Exchange]) -> Step | None:
    """Give the last step that worked, in the order of a connection; None when none did."""
    return max(reached(exchanges), key=STEPS.index, default=None)


def sign_ins(exchanges: Iterable[Exchange]) -> int:
    """Count the authorizations that ended with a code."""
    return sum(exchange.step == "authorization" and works(exchange) for exchange in exchanges)


def protocol_version(exchanges: Iterable[Exchange]) -> str | None:
    """Give the newest MCP version that a client asked for, such as 2025-11-25; None when it asked for none.

    `initialize` names it in its parameters, a request of 2026-07-28 in `_meta` (MCP, lifecycle; MCP 2026-07-28,
    Streamable HTTP).
    """
    asked = (_asked_version(exchange) for exchange in exchanges if SESSION_METHODS & set(exchange.mcp_methods))
    return max((version for version in asked if version is not None), default=None)


def _asked_version(exchange: Exchange) -> str | None:
    message: Any = as_json(exchange.request_body)
    params = message.get("params") if isinstance(message, dict) else None
    if not isinstance(params, dict):
        return None
    meta = params.get("_meta")
    version = params.get("protocolVersion") or (meta.get(_VERSION) if isinstance(meta, dict) else None)
    return version if isinstance(version, str) and _DATE.fullmatch(version) else None
