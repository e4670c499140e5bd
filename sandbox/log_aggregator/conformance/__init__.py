"""log-aggregator with the tools, resources and prompts that the MCP conformance suite calls by name.

The suite, @modelcontextprotocol/conformance, says of each what it must answer. They stand beside the tools over the
logs, and are imported only for a world that asks for them (`service.features: conformance`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from mcp.server.mcpserver import MCPServer

from sandbox.log_aggregator import server as logs_server
from sandbox.log_aggregator.conformance import asking, content, rounds
from sandbox.log_aggregator.conformance.events import Events
from sandbox.log_aggregator.logs import Logs
from sandbox.log_aggregator.server import forget_sessions
from sandbox.wire.asgi import Application

__all__ = ["build", "forget_sessions", "running"]

_RETRY: Final = 100
"""Milliseconds after which a client whose stream was closed is asked to come back."""


def build(logs: Logs, explain: Callable[[Mapping[str, Any]], str], *, version: str) -> MCPServer:
    """Make the MCP server over the logs, with the fixtures of the suite besides."""
    server = logs_server.build(logs, explain, version=version, tools=[content.json_schema_tool()], changes=True)
    for part in (content, asking, rounds):
        part.add_to(server)
    return server


@asynccontextmanager
async def running(server: MCPServer) -> AsyncIterator[Application]:
    """Run the server as the one over the logs, with streams that can be resumed (MCP 2025-11-25, Streamable HTTP)."""
    async with logs_server.running(server, event_store=Events(), retry_interval=_RETRY) as application:
        yield application
