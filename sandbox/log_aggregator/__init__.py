"""log-aggregator: a real MCP server behind a real guard, configured as a Raindrop service is."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote

from sandbox.flow import SERVICE_USER_AGENT, SESSION_METHODS
from sandbox.log_aggregator import guard, legacy
from sandbox.log_aggregator.http import create_app
from sandbox.log_aggregator.logs import Logs
from sandbox.log_aggregator.verification import Fetch, KeyCache, TokenRefusedError, verified_claims
from sandbox.settings import Features, Service
from sandbox.wire import wsgi
from sandbox.wire.asgi import Application, Receive, Scope, Send, read_request, replayed, send_response
from sandbox.wire.message import Request, Response, json_response
from sandbox.world import Addresses

GUARDED_PATHS: Final = frozenset({"/logs"})
"""What needs a token, besides MCP; the rest is open, and mostly not there."""

MODERN_METHODS: Final = SESSION_METHODS - {"initialize"}


@dataclass
class LogAggregator:
    """The service; `settings` and `resource` change with the scenario."""

    settings: Service
    addresses: Addresses
    resource: str
    logs: Logs
    now: Callable[[], float]
    mcp: Callable[[Features], Awaitable[Application]]
    """Gives the MCP application with these features, once it has been imported."""
    workos: Callable[[Request, str], Response]
    """Answers as WorkOS would, under another address."""
    server_metadata: Callable[[], Mapping[str, Any]]
    """Gives the authorization server's own metadata."""
    keys: KeyCache
    withdrawn: Callable[[Mapping[str, Any]], bool]
    """Says of a token's claims whether it was expired or revoked before its time."""

    def __post_init__(self) -> None:
        """Make the plain HTTP side."""
        self._http = create_app(
            self.logs,
            lambda: guard.resource_metadata(self.settings, self.resource),
            lambda: guard.metadata_paths(self.settings),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request (ASGI 3.0)."""
        request = await read_request(scope, receive)
        if self.settings.url is not None:
            await send_response(_elsewhere(self.settings.url), send)
            return
        path = unquote(request.path)
        if path != request.path or "//" in path:
            # One spelling of a path for the guard and for the routing, or the guard could be talked past.
            await send_response(json_response(404, {"error": "Not found: the path is not written plainly."}), send)
            return
        if self.settings.authorization != "elsewhere" and (answer := self._as_authorization_server(request)):
            await send_response(answer, send)
            return
        if self._is_guarded(request):
            admitted = await self._admitted(request)
            if isinstance(admitted, Response):
                await send_response(admitted, send)
                return
            scope["claims"] = admitted
        if request.path != self.settings.path:
            await send_response(wsgi.call(self._http, request, self.addresses.mcp), send)
        elif self.settings.protocol == "legacy" and _is_modern(request):
            await send_response(_LEGACY_ONLY, send)
        else:
            application = await self.mcp(self.settings.features)
            await application(scope, replayed(request, receive), send)

    def _as_authorization_server(self, request: Request) -> Response | None:
        """Answer on the endpoints that MCP 2025-03-26 gave the MCP server; None for any other path."""
        if request.path == legacy.METADATA and self.settings.authorization == "here":
            return json_response(200, legacy.metadata(self.server_metadata(), self.addresses.mcp))
        path = legacy.workos_path(request.path)
        return self.workos(replace(request, path=path), self.addresses.mcp) if path else None

    def _is_guarded(self, request: Request) -> bool:
        """Say whether a request needs a token; of a public service only the tools with scopes do."""
        if self.settings.visibility == "public":
            return bool(guard.needed_scopes(self.settings, request))
        return request.path in {self.settings.path, *GUARDED_PATHS}

    async def _admitted(self, request: Request) -> dict[str, Any] | Response:
        """Give the claims of a request's token, or the answer that keeps it out."""
        if request.bearer is None:
            return guard.challenge(self.settings, self.addresses)
        try:
            claims = await verified_claims(request.bearer, self.settings, self.keys, self.now())
        except TokenRefusedError as refused:
            self.logs.note("warning", f"token refused: {refused}")
            return guard.refusal(self.settings, self.addresses)
        if self.withdrawn(claims):
            self.logs.note("warning", "token refused: it has expired or was revoked")
            return guard.refusal(self.settings, self.addresses)
        needed = guard.needed_scopes(self.settings, request)
        if not set(needed) <= set(str(claims.get("scope", "")).split()):
            return guard.step_up(self.settings, self.addresses, needed)
        return claims


def _is_modern(request: Request) -> bool:
    """Say whether the request speaks a protocol version without a handshake (MCP 2026-07-28)."""
    version = request.header("mcp-protocol-version") or ""
    return version >= "2026" or bool(request.mcp_methods & MODERN_METHODS)


def _elsewhere(url: str) -> Response:
    """Say that this is not the resource, in a world where somebody else's server is."""
    said = f"The MCP server of this world is not here but at {url}, as its setting service.url says. Connect to that."
    return json_response(404, {"error": said, "resource": url.rstrip("/")})


_LEGACY_ONLY: Final = json_response(
    400,
    {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "Bad Request: Unsupported protocol version"}},
)


def fetching(context: Callable[[], ssl.SSLContext]) -> Fetch:
    """Make what gets a document over HTTP, as any service on another machine would; `context` says whom it trusts."""

    async def fetch(uri: str) -> tuple[int, bytes]:
        import httpx2

        # Without TLS there is nothing to verify, and loading the machine's CAs takes longer than the fetch.
        trusted = context() if uri.startswith("https:") else False
        headers = {"user-agent": SERVICE_USER_AGENT}
        try:
            async with httpx2.AsyncClient(trust_env=False, timeout=5, headers=headers, verify=trusted) as client:
                response = await client.get(uri)
                return response.status_code, response.content
        except httpx2.HTTPError as error:
            raise OSError(str(error)) from error

    return fetch
