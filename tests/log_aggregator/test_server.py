"""The MCP server."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, TextContent, Tool

from sandbox.log_aggregator import server as module
from sandbox.log_aggregator.logs import Logs
from sandbox.sources import Sources
from sandbox.wire.asgi import Receive, Scope, Send

LEGACY = "2025-11-25"
MODERN = "2026-07-28"
TOOLS = {"search_logs", "tail_logs", "log_stats", "list_services", "explain_connection", "delete_logs"}


def explained(claims: Mapping[str, Any]) -> str:
    """Stand in for the sandbox's explanation."""
    return f"claims: {dict(claims)}"


@pytest.fixture
def logs() -> Logs:
    """Give the logs of seed 7."""
    return Logs(Sources(7))


@pytest.fixture
def server(logs: Logs) -> MCPServer:
    """Give the server."""
    return module.build(logs, explained, version="9.9")


async def called(server: MCPServer, tool: str, **arguments: Any) -> CallToolResult:
    """Call a tool within the process."""
    async with Client(server) as client:
        return await client.call_tool(tool, arguments)


def said(result: CallToolResult) -> str:
    """Give the text of a tool's result."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def text(server: MCPServer, tool: str, **arguments: Any) -> str:
    """Call a tool that succeeds, and give its text."""
    result = await called(server, tool, **arguments)
    assert not result.is_error
    return said(result)


async def structured(server: MCPServer, tool: str, **arguments: Any) -> Any:
    """Call a tool that succeeds, and give its structured content."""
    result = await called(server, tool, **arguments)
    assert not result.is_error
    return result.structured_content


async def tools_of(server: MCPServer) -> list[Tool]:
    """List the tools."""
    async with Client(server) as client:
        return (await client.list_tools()).tools


async def test_it_introduces_itself(server: MCPServer) -> None:
    """The server tells its name, version, and how it is meant to be used."""
    async with Client(server) as client:
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.version) == ("log-aggregator", "9.9")
        assert "explain_connection" in (client.instructions or "")


async def test_every_tool_is_described(server: MCPServer) -> None:
    """Each tool has a title and a description, and each of its arguments a description."""
    tools = await tools_of(server)
    assert {tool.name for tool in tools} == TOOLS
    for tool in tools:
        assert tool.title
        assert tool.description
        assert not any(line.startswith(" ") for line in tool.description.splitlines())
        for name, schema in tool.input_schema.get("properties", {}).items():
            assert schema.get("description"), (tool.name, name)


async def test_only_deletion_is_destructive(server: MCPServer) -> None:
    """Clients are told which tools only read, and which one destroys."""
    for tool in await tools_of(server):
        assert tool.annotations is not None
        destroys = tool.name == "delete_logs"
        assert tool.annotations.read_only_hint is not destroys
        assert tool.annotations.destructive_hint is (True if destroys else None)


async def test_tools_tell_the_shape_of_their_answers(server: MCPServer) -> None:
    """All tools but the explanation publish the schema of their structured content."""
    shaped = {tool.name for tool in await tools_of(server) if tool.output_schema}
    assert shaped == TOOLS - {"explain_connection"}


async def test_search_finds_entries(server: MCPServer) -> None:
    """A search gives readable lines and the same entries as data, with how many there are in all."""
    data = await structured(server, "search_logs", query='"circuit breaker"', level="error")
    lines = (await text(server, "search_logs", query='"circuit breaker"', level="error")).splitlines()
    assert data["total"] == len(data["logs"]) == 1
    assert lines[0] == "1 of 1 entries"
    assert "error   call-me-back: circuit breaker for billing opened after 64 failures [failures=64]" in lines[1]
    assert data["logs"][0]["service"] == "call-me-back"


async def test_search_says_how_much_it_left_out(server: MCPServer) -> None:
    """With a limit the count of all matches is still told."""
    data = await structured(server, "search_logs", query="timeout pool", service="voice-gateway", limit=3)
    assert len(data["logs"]) == 3
    assert data["total"] > 20


async def test_search_without_a_match_says_so(server: MCPServer) -> None:
    """No match is an answer, not an error."""
    assert await text(server, "search_logs", query="zebra") == "No entry matches."


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("search_logs", {"query": "x", "service": "voice-gatway"}, "Did you mean `voice-gateway`?"),
        ("tail_logs", {"service": "nobody"}, "Services: `billing`"),
        ("log_stats", {"service": "nobody"}, "Services: `billing`"),
        ("delete_logs", {"service": "%"}, "Services: `billing`"),
        ("search_logs", {"query": "x", "since": "yesterday"}, "15m"),
        ("search_logs", {"query": "x", "limit": 0}, "greater than or equal to 1"),
        ("search_logs", {"query": "x", "limit": 201}, "less than or equal to 200"),
        ("search_logs", {"query": "x", "level": "fatal"}, "'debug', 'info', 'warning' or 'error'"),
        ("log_stats", {"by": "minute"}, "'service', 'level' or 'hour'"),
        ("search_logs", {}, "Field required"),
        ("delete_logs", {}, "Field required"),
    ],
)
async def test_tools_say_what_would_be_right(
    server: MCPServer, tool: str, arguments: dict[str, Any], expected: str
) -> None:
    """A bad argument is answered with what is allowed, so that a model can mend its call."""
    result = await called(server, tool, **arguments)
    assert result.is_error
    assert expected in said(result)


async def test_tail_ends_with_the_newest(server: MCPServer) -> None:
    """The tail is in reading order."""
    times = [entry["at"] for entry in (await structured(server, "tail_logs", service="billing", limit=5))["logs"]]
    assert len(times) == 5
    assert times == sorted(times)


async def test_stats_count_by_level(server: MCPServer) -> None:
    """Statistics come as a table and as data."""
    data = await structured(server, "log_stats", by="level")
    assert [group["key"] for group in data["groups"]] == ["error", "warning", "info", "debug"]
    assert (await text(server, "log_stats", by="level")).startswith("Entries by level:\nerror ")


async def test_services_are_listed(server: MCPServer, logs: Logs) -> None:
    """The services are those of the logs."""
    data = await structured(server, "list_services")
    assert [one["name"] for one in data["services"]] == [one.name for one in logs.services()]


async def test_deletion_deletes(server: MCPServer, logs: Logs) -> None:
    """Deleted entries are gone, and their number is told."""
    before = logs.count("", service="billing")
    assert await structured(server, "delete_logs", service="billing", before="1d") != {"deleted": 0}
    left = logs.count("", service="billing")
    assert 0 < left < before
    assert (await structured(server, "delete_logs", service="billing"))["deleted"] == left
    assert logs.count("", service="billing") == 0


async def test_without_a_token_there_are_no_claims(server: MCPServer) -> None:
    """Where no guard left claims, the explanation is asked for with none."""
    assert await text(server, "explain_connection") == "claims: {}"


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


async def begun(http: httpx2.AsyncClient, token: str = "a") -> str:  # noqa: S107
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
            async with asyncio.timeout(5):
                async for _ in stream.aiter_bytes():
                    pass


async def test_a_client_whose_session_was_forgotten_is_told(logs: Logs) -> None:
    """The official client gets an error instead of waiting, and a new client connects."""
    async with listening(logs) as served:
        async with connection(served, "legacy") as client:
            await client.list_tools()
            module.forget_sessions(served.server)
            async with asyncio.timeout(5):
                with pytest.raises(MCPError):
                    await client.list_tools()
        async with connection(served, "legacy") as client:
            assert (await client.list_tools()).tools


async def test_forgetting_no_sessions_is_nothing(logs: Logs) -> None:
    """A server without sessions has nothing to forget."""
    async with listening(logs) as served:
        module.forget_sessions(served.server)
        await module.forget_sessions(served.server)
