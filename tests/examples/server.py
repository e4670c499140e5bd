"""Somebody's own MCP server: the SDK's, behind the SDK's own guard, which reads the keys of an authorization server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import uvicorn
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer


class Verifier:
    """Reads the keys at each token, and checks signature, issuer, audience and lifetime (RFC 9068, section 4)."""

    def __init__(self, issuer: str, resource: str) -> None:
        self._issuer = issuer
        self._resource = resource

    async def verify_token(self, token: str) -> AccessToken | None:
        async with httpx2.AsyncClient(trust_env=False) as client:
            metadata = (await client.get(f"{self._issuer}/.well-known/oauth-authorization-server")).json()
            keys = KeySet.import_key_set((await client.get(metadata["jwks_uri"])).json())
        try:
            claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
            wanted = jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self._resource},
                exp={"essential": True},
            )
            wanted.validate(claims)
        except (JoseError, ValueError):
            return None
        return AccessToken(
            token=token, client_id=str(claims["client_id"]), scopes=str(claims["scope"]).split(), subject=claims["sub"]
        )


@asynccontextmanager
async def own_server(issuer: str) -> AsyncIterator[str]:
    """Serve a tool, `greet`, behind a guard that trusts the issuer; give the server's URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://localhost:{listener.getsockname()[1]}/mcp"
    server = MCPServer(
        "greeter",
        token_verifier=Verifier(issuer, url),
        # Of texts, not of AnyHttpUrl, which adds a slash to an issuer without a path: another issuer (RFC 8414, 3.3).
        auth=AuthSettings.model_validate(
            {"issuer_url": issuer, "resource_server_url": url, "validate_token_resource": False}
        ),
        subscriptions=False,
    )

    @server.tool()
    def greet(name: str) -> str:
        """Greet somebody."""
        return f"Hello {name}"

    http = uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="warning", ws="none"))
    serving = asyncio.ensure_future(http.serve(sockets=[listener]))
    try:
        yield url
    finally:
        http.should_exit = True
        await serving
