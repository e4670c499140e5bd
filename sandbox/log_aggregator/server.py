"""The MCP side of log-aggregator, with the official SDK; that takes most of a second to import, so this comes late."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.tools import Tool
from mcp.server.streamable_http import EventStore
from mcp.server.transport_security import TransportSecuritySettings

from sandbox.log_aggregator.logs import Logs
from sandbox.log_aggregator.tools import add_tools
from sandbox.wire.asgi import Application

_INSTRUCTIONS: Final = """\
Logs of an app that calls people back: services such as web, call-me-back, voice-gateway and billing, over the last
two days. Start with list_services and log_stats to see where warnings and errors are, search_logs for the words of an
error, and then for the trace id in its fields: a trace links what several services did for one call.
The service `sandbox` holds the HTTP exchanges of this MCP connection itself, and explain_connection tells how your
sign-in went, step by step. Everything but delete_logs only reads."""


def build(
    logs: Logs,
    explain: Callable[[Mapping[str, Any]], str],
    *,
    version: str,
    tools: Sequence[Tool] = (),
    changes: bool = False,
) -> MCPServer:
    """Make the MCP server over the logs.

    `explain` tells a caller how it connected, from the verified claims of its token; the guard leaves these in the
    ASGI scope as `claims`, and without them the mapping is empty. `tools` are there besides its own; with `changes` a
    client can listen for changes of its lists.
    """
    with _logging_left_alone():
        server = MCPServer(
            "log-aggregator",
            title="Log aggregator",
            description="Searches the logs of an app that calls people back.",
            instructions=_INSTRUCTIONS,
            version=version,
            tools=list(tools),
            subscriptions=None if changes else False,
        )
    add_tools(server, logs, explain)
    return server


@asynccontextmanager
async def running(
    server: MCPServer, *, event_store: EventStore | None = None, retry_interval: int | None = None
) -> AsyncIterator[Application]:
    """Run the server, once in its life, and give its ASGI application, which answers on whatever path it is given.

    Enter and leave it in the same task. The application serves MCP 2025-11-25 and older, with sessions, and
    2026-07-28, without. Who may ask, and the checks of Host and Origin, are left to whoever stands in front. With an
    `event_store` a stream can be resumed; `retry_interval` says after how many milliseconds.
    """
    server.streamable_http_app(
        event_store=event_store,
        retry_interval=retry_interval,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    async with server.session_manager.run():
        yield server.session_manager.handle_request


def forget_sessions(server: MCPServer) -> Awaitable[Any]:
    """Forget all sessions: their ids answer 404 from now on, and their open streams end.

    The streams end in tasks of the running loop, and awaiting the answer waits for them; nobody has to.
    """
    # The SDK has no public way to reach the sessions. This is the only place that uses a private one.
    manager = server.session_manager
    transports = list(manager._server_instances.values())  # noqa: SLF001
    manager._server_instances.clear()  # noqa: SLF001
    manager._session_owners.clear()  # noqa: SLF001
    return asyncio.gather(*(transport.terminate() for transport in transports))


@contextmanager
def _logging_left_alone() -> Iterator[None]:
    """Undo what MCPServer does to the root logger: a library does not decide where a program logs."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
