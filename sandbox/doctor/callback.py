"""The loopback address to which the browser is sent back (RFC 8252, sections 7.3 and 8.3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from sandbox.errors import SandboxError

PATH: Final = "/callback"
_HOSTS: Final = ("127.0.0.1", "::1")
_LONGEST: Final = 16 * 1024
_SECONDS: Final = 5.0
_PAGE: Final = "<!doctype html><title>sandbox doctor</title><p>{}</p>"
_DONE: Final = "Thank you. The doctor goes on in the terminal; this page can be closed."


class Callback:
    """What came back: the fields of the redirect's query."""

    def __init__(self, port: int) -> None:
        self.redirect_uri = f"http://localhost:{port}{PATH}"
        self._came: asyncio.Queue[dict[str, str]] = asyncio.Queue(1)

    async def fields(self, seconds: float) -> dict[str, str] | None:
        """Wait for the redirect, so many seconds; None when it never came."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._came.get()
        return None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request; one that brings a code or an error counts."""
        with suppress(ConnectionError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(_SECONDS):
                status, text = self._taken(await _target(reader))
                body = _PAGE.format(text).encode()
                head = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
                writer.write(f"{head}Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode() + body)
                await writer.drain()
        writer.close()

    def _taken(self, target: str) -> tuple[str, str]:
        parts = urlsplit(target)
        fields = dict(parse_qsl(parts.query, keep_blank_values=True))
        if parts.path != PATH or not {"code", "error"} & fields.keys():
            return "404 Not Found", "Nothing is here but the way back of a sign-in."
        if self._came.empty():
            self._came.put_nowait(fields)
        return "200 OK", _DONE


async def _target(reader: asyncio.StreamReader) -> str:
    method, target, _ = (await reader.readline()).decode("latin-1").split()
    while (await reader.readline()).strip():
        pass
    return target if method == "GET" else ""


@asynccontextmanager
async def listening(port: int = 0) -> AsyncIterator[Callback]:
    """Listen on both loopback addresses; 0 is any free port. Raise SandboxError when the port is taken."""
    servers: list[asyncio.Server] = []
    callback: Callback | None = None

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if callback is not None:
            await callback.serve(reader, writer)

    try:
        for host in _HOSTS:
            with suppress(OSError):  # a machine may lack one of them
                servers.append(await asyncio.start_server(serve, host, port, limit=_LONGEST))
                port = servers[0].sockets[0].getsockname()[1]
        if not servers:
            raise SandboxError(f"port {port} for the redirect is taken; --callback-port names another.")
        callback = Callback(port)
        yield callback
    finally:
        for server in servers:
            server.close()
