"""The tools, as a model calls them."""

from __future__ import annotations

from typing import Any

import pytest
from mcp import Client
from mcp.server.mcpserver import MCPServer
from mcp.types import CallToolResult, TextContent, Tool

from sandbox.log_aggregator.logs import Logs

from .conftest import TOOLS


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
