"""Sound but unusual: what a review found to be called broken, and is not."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from sandbox.diagnosis import Finding, diagnose
from sandbox.wire.exchange import Exchange
from tests.conftest import Start
from tests.diagnosis.exchanges import MCP, PRM_ROOT, exchange, post, prm, session, trace
from tests.python_client import connected


def broken(*exchanges: Exchange) -> list[str]:
    """Give what is called broken."""
    return [finding.id for finding in diagnose(trace(*exchanges)) if finding.severity == "broken"]


def answered(message: dict[str, Any]) -> Exchange:
    """Give a tool call with a token, answered 200 with a message."""
    one = session()
    one.step, one.mcp_methods, one.response_body = "messages", ["tools/call"], httpx2.Response(200, json=message).text
    return one


def test_a_public_server_needs_no_metadata() -> None:
    """Who looks for metadata at a server that lets everybody in finds none, and nothing is wrong."""
    probe = exchange("resource-metadata", PRM_ROOT, 404)
    let_in = post(200, url=MCP)
    assert broken(probe, let_in) == []
    assert broken(let_in, probe) == []


def test_a_recording_of_one_side_says_nothing_of_the_other() -> None:
    """What the MCP server's own proxy sees holds no request to the authorization server."""
    refused = post(401, 'Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp"')
    assert broken(refused, prm()) == []


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": 1, "result": {"isError": True, "content": [{"type": "text", "text": "unauthorized"}]}},
        {"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "Unknown tool: unauthorized"}},
    ],
)
def test_what_a_tool_says_is_not_what_the_server_says(message: dict[str, Any]) -> None:
    """A tool may quote its upstream, and a message may be wrong by itself."""
    assert "error-inside-200" not in broken(session(), answered(message))


async def test_a_slow_client_is_given_time(start: Start) -> None:
    """A client that takes its time between two requests is not called broken, and nothing has to be taken back."""
    sandbox = await start()
    told: list[Finding] = []
    sandbox.watch.subscribe(told.append)

    async def hesitate(_request: httpx2.Request) -> None:
        await asyncio.sleep(1.3)

    async with connected(sandbox, hesitate=hesitate) as client:
        await client.call("list_services")
    assert [finding.id for finding in told if finding.severity == "broken"] == []
