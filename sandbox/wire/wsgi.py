"""A WSGI application (PEP 3333) called straight from the event loop, for handlers that are quick and never block."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from sandbox.wire.asgi import Application, Receive, Scope, Send, read_request, send_response, start_of
from sandbox.wire.hosts import base_of
from sandbox.wire.message import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication


_AT_ONCE: Final = 50
"""How many pieces of a response are made before others have their turn."""

_OF_THE_CONNECTION: Final = frozenset({"content-length", "transfer-encoding", "upgrade"})
"""Headers that told how the body would come, which is here, and what else to speak, which a server may ignore.

RFC 9110, section 7.8, allows that; Werkzeug would find no route for a WebSocket.
"""


def environ_of(request: Request, base: str) -> dict[str, Any]:
    """Give the WSGI environment of a request to the server at `base`."""
    parts = urlsplit(base)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": str(parts.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(request.body)),
    }
    for name, value in request.headers:
        if "_" in name or name.lower() in _OF_THE_CONNECTION:
            continue
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        else:
            joined = "; " if key == "COOKIE" else ","
            old = environ.get(f"HTTP_{key}")
            environ[f"HTTP_{key}"] = value if old is None else f"{old}{joined}{value}"
    environ["HTTP_HOST"] = parts.netloc
    return environ


def knowing(application: WSGIApplication, **known: Any) -> WSGIApplication:
    """Make an application in whose environment stands what its requests are about, under these names.

    So one Flask application, whose many routes take 20 ms to make, serves every world of a process.
    """

    def wsgi(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        return application({**environ, **known}, start_response)

    return wsgi


def application(wsgi: WSGIApplication) -> Application:
    """Make an ASGI application of a WSGI one, that takes the address by which it was asked for its own."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        request = await read_request(scope, receive)
        await send_response(call(wsgi, request, base_of(scope)), send)

    return asgi


class _Started:
    """What an application said with start_response."""

    def __init__(self) -> None:
        self.head = Response(500)

    def __call__(self, status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> Any:
        named = tuple((name.lower(), value) for name, value in headers)
        self.head = Response(int(status.split(" ", 1)[0]), named)
        return lambda _data: None


def _asked(application: WSGIApplication, request: Request, base: str) -> tuple[_Started, Generator[bytes, None, None]]:
    """Ask the application; give what it started with, known once the body is read, and its body, closed at the end."""
    started = _Started()
    body = application(environ_of(request, base), started)

    def read() -> Generator[bytes, None, None]:
        try:
            yield from body
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    return started, read()


def call(application: WSGIApplication, request: Request, base: str) -> Response:
    """Call the application and give its whole response."""
    started, chunks = _asked(application, request, base)
    body = b"".join(chunks)
    return replace(started.head, body=body)


async def send_pieces(application: WSGIApplication, request: Request, base: str, send: Send) -> None:
    """Call the application and send its response piece by piece, so that a long one lets others have their turn."""
    started, chunks = _asked(application, request, base)
    with closing(chunks):
        pieces = [next(chunks, b"")]
        await send(start_of(started.head))
        while pieces:
            await send({"type": "http.response.body", "body": b"".join(pieces), "more_body": True})
            pieces = list(islice(chunks, _AT_ONCE))
            await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b""})
