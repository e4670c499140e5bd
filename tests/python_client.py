"""The MCP Python SDK's own OAuth client, signing in through the product's browser stand-in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import httpx2
from mcp import Client
from mcp.client import session
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

from sandbox.browser import Decision, visit
from sandbox.clients.journeys.python_sdk import Storage, listening
from sandbox.sandbox import Sandbox
from tests.cli.process import PATIENCE

session.DISCOVER_TIMEOUT_SECONDS = PATIENCE
# In the SDK it is ten seconds, sign-in included. On a busy machine that would be too few, and the SDK would go on with
# an older version of MCP, which is another story.


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How a client differs from the usual one."""

    client_metadata_url: str | None = None
    token_endpoint_auth_method: str | None = "none"
    """What it registers with; None leaves it to the authorization server."""
    more_redirect_uris: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    """What goes with every request, as a browser's Origin does."""
    copies_token_type: bool = False
    """Whether it spells the scheme of Authorization as the token response does."""
    names_resource: bool = True
    """Whether it says for whom the token is (RFC 8707)."""


@dataclass
class Connected:
    """A connected client and what it takes to let time pass for it."""

    client: Client
    provider: OAuthClientProvider

    async def call(self, tool: str, **arguments: Any) -> str:
        """Call a tool; give its text."""
        result = await self.client.call_tool(tool, arguments)
        return "\n".join(getattr(content, "text", "") for content in result.content)

    def believe_token_expired(self) -> None:
        """Let the client's clock pass the token's lifetime."""
        self.provider.context.token_expiry_time = time.time() - 1


@asynccontextmanager
async def connected(
    sandbox: Sandbox,
    *,
    mode: Literal["auto", "legacy"] = "auto",
    decision: Decision = "approve",
    storage: Storage | None = None,
    habits: Habits = Habits(),
    hesitate: Callable[[httpx2.Request], Awaitable[None]] | None = None,
) -> AsyncIterator[Connected]:
    """Connect as the SDK does, trusting the sandbox's own CA; whatever it raises is raised.

    `hesitate` is awaited before each request.
    """
    trusted = sandbox.certificates.client_context() if sandbox.is_secure else None
    async with listening() as callback:

        async def open_browser(url: str) -> None:
            await asyncio.to_thread(visit, url, decision=decision, timeout=PATIENCE, trusted=trusted)

        async def wait_for_callback() -> AuthorizationCodeResult:
            fields = {} if callback.came.empty() else callback.came.get_nowait()
            return AuthorizationCodeResult(
                code=fields.get("code", ""), state=fields.get("state"), iss=fields.get("iss")
            )

        metadata = OAuthClientMetadata.model_validate(
            {
                "client_name": "Python SDK",
                "redirect_uris": [callback.redirect_uri, *habits.more_redirect_uris],
                "token_endpoint_auth_method": habits.token_endpoint_auth_method,
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
            }
        )
        provider = OAuthClientProvider(
            sandbox.mcp_url,
            metadata,
            storage or Storage(),
            open_browser,
            wait_for_callback,
            client_metadata_url=habits.client_metadata_url,
        )
        if not habits.names_resource:
            provider.context.should_include_resource_param = lambda *_: False  # type: ignore[method-assign]

        spelled = ["Bearer"]

        async def spell(request: httpx2.Request) -> None:
            request.headers.update(dict(habits.headers))
            given = request.headers.get("authorization", "")
            if habits.copies_token_type and given.startswith("Bearer "):
                request.headers["authorization"] = given.replace("Bearer", spelled[-1], 1)

        async def copy(response: httpx2.Response) -> None:
            if habits.copies_token_type and response.request.url.path.endswith("/token"):
                await response.aread()
                spelled.append(response.json().get("token_type", "Bearer"))

        async with httpx2.AsyncClient(
            auth=provider,
            timeout=PATIENCE,
            trust_env=False,
            verify=trusted or True,
            event_hooks={"request": [spell, *filter(None, [hesitate])], "response": [copy]},
        ) as http:
            transport = streamable_http_client(sandbox.mcp_url, http_client=http)
            async with Client(transport, mode=mode) as client:
                yield Connected(client, provider)
