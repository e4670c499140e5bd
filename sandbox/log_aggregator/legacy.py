"""The authorization endpoints that MCP 2025-03-26 put on the MCP server itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sandbox.flow import LOOKS

METADATA: Final = "/.well-known/oauth-authorization-server"

_ENDPOINTS: Final = {
    "/authorize": "/oauth2/authorize",
    "/token": "/oauth2/token",
    "/register": "/oauth2/register",
}
"""The default endpoints, and where WorkOS answers to them."""


def workos_path(path: str) -> str | None:
    """Give the path at WorkOS that answers to one at the MCP server: the endpoints, and the pages behind them."""
    if path.startswith(("/oauth2/", LOOKS)):
        return path
    return _ENDPOINTS.get(path)


def metadata(workos: Mapping[str, Any], base: str) -> dict[str, Any]:
    """Give the RFC 8414 document of the MCP server as its own authorization server: WorkOS's, with its endpoints."""
    here = {
        "issuer": base,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "registration_endpoint": f"{base}/register",
    }
    return {name: here.get(name, value) for name, value in workos.items()}
