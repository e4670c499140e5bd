"""A WSGI application (PEP 3333) called straight from the event loop, for handlers that are quick and never block."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from sandbox.wire.asgi import Application, Receive, Scope, Send, read_request, send_response
from sandbox.wire.hosts import base_of
from sandbox.wire.message import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


_ABOUT_THE_BODY: Final = frozenset({"content-length", "transfer-encoding"})
"""Headers that told how the body would come; it is here."""


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
        if "_" in name or name.lower() in _ABOUT_THE_BODY:
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


def application(wsgi: WSGIApplication) -> Application:
    """Make an ASGI application of a WSGI one, that takes the address by which it was asked for its own."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        request = await read_request(scope, receive)
        await send_response(call(wsgi, request, base_of(scope)), send)

    return asgi


def call(wsgi: WSGIApplication, request: Request, base: str) -> Response:
    """Call the application and give its whole response."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> Any:
        started[:] = [(status, headers)]
        return lambda _data: None

    chunks: Iterable[bytes] = wsgi(environ_of(request, base), start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started[0]
    return Response(int(status.split(" ", 1)[0]), tuple((name.lower(), value) for name, value in headers), body)
