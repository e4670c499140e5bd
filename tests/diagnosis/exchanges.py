"""Small exchanges, built by hand, of a client that was given https://mcp.example/mcp."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from sandbox.flow import Asker, Step, System
from sandbox.wire.exchange import Ended, Exchange

MCP = "https://mcp.example/mcp"
PRM = "https://mcp.example/.well-known/oauth-protected-resource/mcp"
PRM_ROOT = "https://mcp.example/.well-known/oauth-protected-resource"
ISSUER = "https://auth.example"
METADATA = "https://auth.example/.well-known/oauth-authorization-server"


def exchange(  # noqa: PLR0913 - an exchange has that many sides
    step: Step,
    url: str,
    status: int | None = 200,
    *,
    method: str = "GET",
    asker: Asker = "client",
    asked: dict[str, str] | None = None,
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
    body: Any = "",
    held: dict[str, dict[str, Any]] | None = None,
    methods: list[str] | None = None,
    ended: Ended | None = None,
) -> Exchange:
    """Give an exchange; a body that is no text is answered as JSON. Its number and time come with `trace`."""
    system: System = "log-aggregator" if url.startswith("https://mcp.") else "workos"
    return Exchange(
        number=0,
        at=0.0,
        step=step,
        system=system,
        asker=asker,
        method=method,
        url=url,
        request_headers=list((asked or {}).items()),
        request_body="",
        status=status,
        response_headers=list(headers.items()) if isinstance(headers, dict) else list(headers or ()),
        response_body=body if isinstance(body, str) else json.dumps(body),
        ended=ended or ("unanswered" if status is None else "answered"),
        held=held or {},
        mcp_methods=methods or [],
    )


def trace(*exchanges: Exchange) -> list[Exchange]:
    """Give exchanges as a trace: numbered from one, a tenth of a second apart."""
    return [msgspec.structs.replace(one, number=at, at=at / 10) for at, one in enumerate(exchanges, 1)]


def post(status: int | None, challenge: str | None = None, body: Any = "", url: str = MCP, **more: Any) -> Exchange:
    """Give an MCP request without a token, with the WWW-Authenticate of its answer."""
    headers = {**more.pop("headers", {}), **({} if challenge is None else {"www-authenticate": challenge})}
    return exchange("challenge", url, status, method="POST", headers=headers, body=body, **more)


def session(status: int = 200, url: str = MCP, **more: Any) -> Exchange:
    """Give an MCP request with a token, which is answered with a result unless it is refused."""
    body = {"jsonrpc": "2.0", "id": 1, "result": {}} if status == 200 else ""
    return exchange("session", url, status, method="POST", body=body, **more)


def prm(url: str = PRM, status: int = 200, **members: Any) -> Exchange:
    """Give the metadata of the resource, sound unless told otherwise; None takes a member away."""
    document = {"resource": MCP, "authorization_servers": [ISSUER], **members}
    body = {name: value for name, value in document.items() if value is not None} if status == 200 else ""
    return exchange("resource-metadata", url, status, body=body)


def server_metadata(url: str = METADATA, status: int = 200, **members: Any) -> Exchange:
    """Give the metadata of the authorization server, sound unless told otherwise; None takes a member away."""
    document = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "registration_endpoint": f"{ISSUER}/register",
        "code_challenge_methods_supported": ["S256"],
        **members,
    }
    body = {name: value for name, value in document.items() if value is not None} if status == 200 else ""
    return exchange("server-metadata", url, status, body=body)


SOUND = f'Bearer error="invalid_token", resource_metadata="{PRM}"'
