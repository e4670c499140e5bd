"""HTTP over a plain connection, to see every byte, and a wire on a port of its own before any application."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from sandbox.scenario.model import Fault
from sandbox.sources import Sources
from sandbox.wire.asgi import Application
from sandbox.wire.exchange import Trace
from sandbox.wire.place import TokenTools
from sandbox.wire.port import Port, bind
from sandbox.wire.wire import Wire
from tests.cli.process import PATIENCE


@dataclass
class Answer:
    """A response as it came."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class Raw:
    """One connection, on which requests are written byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        self.reader, self.writer, self.port = reader, writer, port

    @classmethod
    async def to(cls, port: int, host: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> Self:
        """Connect, over TLS with a context."""
        return cls(*await asyncio.open_connection(host, port, ssl=context), port)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    def send(self, target: str = "/", *, method: str = "GET", body: bytes | None = None, **headers: str) -> None:
        """Write a request; `_` in the name of a header stands for `-`, and the Host is right unless it is given."""
        items = {"host": f"localhost:{self.port}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and "transfer-encoding" not in items:
            items.setdefault("content-length", str(len(body)))
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in items.items()), "", ""]
        self.writer.write("\r\n".join(lines).encode("latin-1") + (body or b""))

    async def head(self) -> Answer:
        """Read the status line and the headers."""
        async with asyncio.timeout(PATIENCE):
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in lines[1:] if line)
        return Answer(int(lines[0].split()[1]), {name.lower(): value for name, _, value in pairs})

    async def answer(self, *, head: bool = False) -> Answer:
        """Read a whole response."""
        answer = await self.head()
        async with asyncio.timeout(PATIENCE):
            if answer.headers.get("transfer-encoding") == "chunked":
                while size := int(await self.reader.readline(), 16):
                    answer.body += (await self.reader.readexactly(size + 2))[:-2]
                await self.reader.readline()
            elif not head:
                answer.body = await self.reader.readexactly(int(answer.headers.get("content-length", "0")))
        return answer

    async def ask(self, target: str = "/", **options: Any) -> Answer:
        """Send a request and read its response."""
        self.send(target, **options)
        return await self.answer(head=options.get("method") == "HEAD")

    async def rest(self) -> bytes:
        """Read until the other side closes; raise ConnectionResetError when it resets instead."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()

    async def silent(self, seconds: float = 0.02) -> bool:
        """Say whether nothing comes for a while."""
        try:
            async with asyncio.timeout(seconds):
                return await self.reader.read(1) is None
        except TimeoutError:
            return True

    def leave(self) -> None:
        """Hang up."""
        self.writer.close()


async def until(happened: Callable[[], object]) -> None:
    """Wait until something has happened."""
    deadline = time.perf_counter() + PATIENCE
    while not happened():
        assert time.perf_counter() < deadline, "it never happened"
        await asyncio.sleep(0.001)


@dataclass
class Served:
    """A wire and its port, before an application that the test brings."""

    wire: Wire
    port: Port
    effects: list[tuple[str, str]] = field(default_factory=list)
    clients: list[Raw] = field(default_factory=list)

    @classmethod
    async def start(
        cls,
        application: Application,
        tokens: TokenTools,
        trace: Trace | None = None,
        context: ssl.SSLContext | None = None,
    ) -> Self:
        """Serve the application behind a wire, as WorkOS; over HTTPS with a context."""
        effects: list[tuple[str, str]] = []
        wire = Wire(
            sources=Sources(),
            tokens=tokens,
            effect=lambda action, what: effects.append((action, what)),
            resource_metadata=lambda: "http://localhost/metadata",
            is_resource_metadata=lambda _system, _path: False,
            trace=Trace() if trace is None else trace,
        )
        port = Port("test", wire.around("workos", application), bind("test", 0))
        await port.start(context)
        return cls(wire, port, effects)

    async def stop(self) -> None:
        """Let go what hangs, stop, and hang up on whom the test did not."""
        self.wire.load(())
        await self.port.stop()
        for client in self.clients:
            client.leave()

    def break_with(self, *faults: Fault) -> None:
        """Put faults to work."""
        self.wire.load(faults)

    async def connect(self, host: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> Raw:
        """Connect to it."""
        self.clients.append(await Raw.to(self.port.number, host, context))
        return self.clients[-1]

    @property
    def busy(self) -> int:
        """How many requests are being answered."""
        return len(self.port._server.server_state.tasks)
