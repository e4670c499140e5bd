"""The console: the control API, apart from the world so that it stays up when the world is down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.console.api import create_app
from sandbox.console.events import events
from sandbox.wire import wsgi
from sandbox.wire.asgi import Application, Receive, Scope, Send, read_request, send_response

if TYPE_CHECKING:
    from sandbox.sandbox import Sandbox


def create_console(sandbox: Sandbox) -> Application:
    """Make the console's application: Flask, but for the stream of events, which has to wait."""
    flask = create_app(sandbox)

    async def console(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/api/events" and scope["method"] == "GET":
            await events(sandbox.trace, receive, send)
            return
        request = await read_request(scope, receive)
        await send_response(wsgi.call(flask, request, sandbox.addresses.console), send)

    return console
