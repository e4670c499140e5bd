"""The MCP server."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError

from sandbox.log_aggregator import server as module
from sandbox.log_aggregator.logs import Logs
from sandbox.wire.asgi import Receive, Scope, Send
from tests.cli.process import PATIENCE

from .conftest import TOOLS, explained

LEGACY = "2025-11-25"
MODERN = "2026-07-28"


async def test_it_introduces_itself(server: MCPServer) -> None:
    """The server tells its name, version, and how it is meant to be used."""
    async with Client(server) as client:
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.version) == ("log-aggregator", "9.9")
        assert "explain_connection" in (client.instructions or "")


def test_building_leaves_the_program_s_logging_alone(logs: Logs) -> None:
    """Making a server neither adds handlers to the root logger nor changes its level."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    handler, root.handlers = root.handlers, []
    try:
        module.build(logs, explained, version="1")
        assert root.handlers == []
    finally:
        root.handlers = handler
    assert (root.handlers, root.level) == before


def test_nothing_else_here_imports_the_sdk() -> None:
    """The guard's side of the service starts without the MCP SDK, which is slow to import."""
    code = (
        "import sys; from sandbox.log_aggregator import corpus, http, logs, manifest;"
        "sys.exit(bool({'mcp', 'mcp_types', 'hcl2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class Served(NamedTuple):
    """A server that listens on a port."""

    server: MCPServer
    url: str
    front: Front


class Front:
    """Stands in for the guard: serves MCP on a path that may change, and leaves the claims of the bearer token."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.path = "/mcp"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != self.path:
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        token = dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer ")
        scope["claims"] = {"sub": token} if token else {}
        await self.application(scope, receive, send)


@asynccontextmanager
async def listening(logs: Logs) -> AsyncIterator[Served]:
    """Serve over a real socket."""
    server = module.build(logs, explained, version="1")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with module.running(server) as application:
            front = Front(application)
            port = uvicorn.Server(uvicorn.Config(front, lifespan="off", log_config=None, timeout_graceful_shutdown=1))
            serving = asyncio.create_task(port.serve(sockets=[listener]))
            try:
                yield Served(server, f"http://127.0.0.1:{listener.getsockname()[1]}", front)
            finally:
                port.should_exit = True
                await serving


def connection(served: Served, mode: str, path: str = "/mcp") -> Client:
    """Make a client of a protocol era."""
    return Client(f"{served.url}{path}", mode=mode)


@pytest.mark.parametrize(("mode", "version"), [("legacy", LEGACY), ("auto", MODERN), (MODERN, MODERN)])
async def test_both_eras_are_served_on_one_path(logs: Logs, mode: str, version: str) -> None:
    """Clients that say initialize and clients that say server/discover find the same tools on the same path."""
    async with listening(logs) as served, connection(served, mode) as client:
        assert client.protocol_version == version
        assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
        found = await client.call_tool("search_logs", {"query": "timeout", "limit": 1})
        assert found.structured_content is not None
        assert found.structured_content["total"] > 20


@pytest.mark.parametrize("path", ["/mcp", "/", "/deep/er"])
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_path_is_whatever_the_front_says(logs: Logs, mode: str, path: str) -> None:
    """The application answers on any path, and goes on when the path changes while it runs."""
    async with listening(logs) as served:
        async with connection(served, mode) as client:
            assert (await client.list_tools()).tools
        served.front.path = path
        async with connection(served, mode, path) as client:
            assert (await client.list_tools()).tools


def headers(version: str, **more: str) -> dict[str, str]:
    """Give the headers of an MCP request."""
    accept = "application/json, text/event-stream"
    return {"accept": accept, "mcp-protocol-version": version} | {k.replace("_", "-"): v for k, v in more.items()}


def call(tool: str, **meta: Any) -> dict[str, Any]:
    """Give the message that calls a tool without arguments."""
    params = {"name": tool, "arguments": {}} | ({"_meta": meta} if meta else {})
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}


async def begun(http: httpx2.AsyncClient, token: str = "a") -> str:
    """Begin a session as a 2025-11-25 client does, and give its id."""
    hello = {
        "protocolVersion": LEGACY,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    answer = await http.post(
        "/mcp",
        json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        headers=headers(LEGACY, authorization=f"Bearer {token}"),
    )
    assert answer.status_code == 200
    session: str = answer.headers["mcp-session-id"]
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert (await http.post("/mcp", json=ready, headers=headers(LEGACY, mcp_session_id=session))).status_code == 202
    return session


async def test_claims_are_those_of_each_request_with_a_session(logs: Logs) -> None:
    """In a session of 2025-11-25 the claims are those of the very request, not of the one that began it."""
    async with listening(logs) as served, httpx2.AsyncClient(base_url=served.url, trust_env=False) as http:
        session = await begun(http, "first")
        answer = await http.post(
            "/mcp",
            json=call("explain_connection"),
            headers=headers(LEGACY, mcp_session_id=session, authorization="Bearer second"),
        )
        assert "claims: {'sub': 'second'}" in answer.text


async def test_claims_are_those_of_each_request_without_a_session(logs: Logs) -> None:
    """In 2026-07-28 the claims are those of the request."""
    async with listening(logs) as served, httpx2.AsyncClient(base_url=served.url, trust_env=False) as http:
        about = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        answer = await http.post(
            "/mcp",
            json=call("explain_connection", **about),
            headers=headers(
                MODERN, mcp_method="tools/call", mcp_name="explain_connection", authorization="Bearer third"
            ),
        )
        assert answer.status_code == 200
        assert "claims: {'sub': 'third'}" in answer.text


async def test_a_forgotten_session_answers_404(logs: Logs) -> None:
    """Ids of forgotten sessions are unknown at once, and a new session can be begun."""
    async with listening(logs) as served, httpx2.AsyncClient(base_url=served.url, trust_env=False) as http:
        old = [await begun(http), await begun(http)]
        module.forget_sessions(served.server)
        for session in old:
            gone = await http.post("/mcp", json=call("list_services"), headers=headers(LEGACY, mcp_session_id=session))
            assert gone.status_code == 404
        fresh = await begun(http)
        there = await http.post("/mcp", json=call("list_services"), headers=headers(LEGACY, mcp_session_id=fresh))
        assert there.status_code == 200


async def test_the_open_stream_of_a_forgotten_session_ends(logs: Logs) -> None:
    """The stream that a client listens on ends when its session is forgotten."""
    async with listening(logs) as served, httpx2.AsyncClient(base_url=served.url, trust_env=False) as http:
        session = await begun(http)
        async with http.stream("GET", "/mcp", headers=headers(LEGACY, mcp_session_id=session)) as stream:
            assert stream.status_code == 200
            await module.forget_sessions(served.server)
            async with asyncio.timeout(PATIENCE):
                async for _ in stream.aiter_bytes():
                    pass


async def test_a_client_whose_session_was_forgotten_is_told(logs: Logs) -> None:
    """The official client gets an error instead of waiting, and a new client connects."""
    async with listening(logs) as served:
        async with connection(served, "legacy") as client:
            await client.list_tools()
            module.forget_sessions(served.server)
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(MCPError):
                    await client.list_tools()
        async with connection(served, "legacy") as client:
            assert (await client.list_tools()).tools


async def test_forgetting_no_sessions_is_nothing(logs: Logs) -> None:
    """A server without sessions has nothing to forget."""
    async with listening(logs) as served:
        module.forget_sessions(served.server)
        await module.forget_sessions(served.server)
