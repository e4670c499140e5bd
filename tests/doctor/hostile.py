"""A server that answers as a test says, byte by byte, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from sandbox.doctor.limits import Limits

Act = Callable[[asyncio.StreamWriter], Awaitable[None]]
QUICK = Limits(seconds=8.0, request_seconds=0.5, connect_seconds=0.5)


class Hostile:
    """Its `acts` say by path what happens; another path is answered 404, and POST 401."""

    def __init__(self) -> None:
        self.acts: dict[str, Act] = {}
        self.asked: list[str] = []
        self.url = ""

    @property
    def mcp(self) -> str:
        return f"{self.url}/mcp"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ValueError):
            method, target, _ = (await reader.readline()).decode().split()
            while (await reader.readline()).strip():
                pass
            self.asked.append(f"{method} {target}")
            usual = answer(401, "{}", 'WWW-Authenticate: Bearer realm="x"\r\n') if method == "POST" else answer(404, "")
            await self.acts.get(target, usual)(writer)
            await writer.drain()


def answer(status: int, body: str | bytes, headers: str = "", kind: str = "application/json") -> Act:
    """Answer with a body."""
    data = body.encode() if isinstance(body, str) else body

    async def act(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n{headers}"
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + data)

    return act


def document(value: Any) -> Act:
    """Answer with a JSON document."""
    return answer(200, json.dumps(value))


def forever(
    chunk: bytes, pause: float = 0.0, head: bytes = b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\n\r\n"
) -> Act:
    """Answer without an end."""

    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(pause)

    return act


@asynccontextmanager
async def hostile() -> AsyncIterator[Hostile]:
    """Run a server on any free port."""
    made = Hostile()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(asyncio.CancelledError):  # as a task of a stream that was cancelled is an error to asyncio
            await made.serve(reader, writer)
        writer.close()
        with suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
