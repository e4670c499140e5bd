"""The console: the control API, apart from the world so that it stays up when the world is down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.console.api import EVENTS, create_app
from sandbox.console.events import stream_events
from sandbox.wire import wsgi
from sandbox.wire.asgi import Application, LeftError, Receive, Scope, Send, read_request, send_response
from sandbox.wire.message import json_response

if TYPE_CHECKING:
    from sandbox.sandbox import Sandbox


def create_console(sandbox: Sandbox) -> Application:
    """Make the console's application: Flask, but for the stream of events, which has to wait."""
    flask = create_app(sandbox)

    async def console(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == EVENTS and scope["method"] == "GET":
            await stream_events(sandbox, receive, send)
            return
        try:
            request = await read_request(scope, receive)
        except LeftError:
            return
        except OverflowError:
            await send_response(json_response(413, {"error": "The body is over 4 MiB."}), send)
            return
        await wsgi.send_pieces(flask, request, sandbox.addresses.console, send)

    return console
