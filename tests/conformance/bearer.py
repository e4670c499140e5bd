"""A proxy that carries a token: the conformance suite judges a server, and cannot sign in to it.

It hides nothing. A request goes on byte for byte, but for its Host, when that is the proxy's own, and two headers:
Authorization, and Connection, which is each hop's own business (RFC 9110, section 7.6.1). Answers come back as sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

_PIECE: Final = 65536
"""How many bytes are read at a time."""
_HEAD_END: Final = b"\r\n\r\n"


def rewritten(head: bytes, own_port: int, port: int, token: str) -> bytes:
    """Give the head of a request as it goes on: one request for each connection, with the token."""
    first, *lines = head.removesuffix(_HEAD_END).split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(b"connection:")]
    own = b":%d" % own_port
    addressed = [
        line.removesuffix(own) + b":%d" % port if line.lower().startswith(b"host:") and line.endswith(own) else line
        for line in kept
    ]
    added = [b"Authorization: Bearer " + token.encode(), b"Connection: close"]
    return b"\r\n".join([first, *addressed, *added]) + _HEAD_END


@asynccontextmanager
async def carrying(token: str, url: str) -> AsyncIterator[str]:
    """Serve what is at a URL to who has no token; give the URL to ask instead."""
    target = urlsplit(url)
    port = target.port or 80

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = rewritten(await reader.readuntil(_HEAD_END), own_port, port, token)
            there, on = await asyncio.open_connection(target.hostname, port)
            on.write(head)
            await asyncio.gather(_pass(reader, on), _pass(there, writer))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    own_port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{own_port}{target.path}"
    finally:
        server.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes, as it comes; when one side is done, the other side's connection ends."""
    with suppress(ConnectionError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()
