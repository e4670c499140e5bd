"""A host on this machine that serves a client's document, and counts who asked for it."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from typing import Any, Self

CALLBACK = "http://localhost:51734/callback"


@dataclass
class Host:
    """What it answers, and what it was asked."""

    secure: bool
    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    body: bytes | None = None
    """What it says instead of a good document."""
    silent: bool = False
    asked: list[str] = field(default_factory=list)
    """The heads of the requests that came."""
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the document is."""
        return f"http{'s' * self.secure}://localhost:{self.port}/client.json"

    @property
    def document(self) -> dict[str, Any]:
        """The document of a client that comes from this machine."""
        return {
            "client_id": self.url,
            "client_name": "An app of mine",
            "redirect_uris": ["http://localhost/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
        }

    @classmethod
    async def start(cls, context: ssl.SSLContext | None = None) -> tuple[Self, asyncio.Server]:
        """Serve, over HTTPS with a context."""
        host = cls(context is not None)
        server = await asyncio.start_server(host._answer, "127.0.0.1", 0, ssl=context)
        host.port = server.sockets[0].getsockname()[1]
        return host, server

    def leave(self) -> None:
        """Hang up on whoever still waits."""
        for writer in self._writers:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.decode())
        if self.silent:
            return
        body = json.dumps(self.document).encode() if self.body is None else self.body
        headers = {"content-length": str(len(body)), "connection": "close"} | self.headers
        lines = [f"HTTP/1.1 {self.status} X", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        writer.close()
