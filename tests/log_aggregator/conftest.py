"""The logs and the server that the tests of log-aggregator share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from mcp.server.mcpserver import MCPServer

from sandbox.log_aggregator import server as module
from sandbox.log_aggregator.logs import Logs
from sandbox.sources import Sources

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
