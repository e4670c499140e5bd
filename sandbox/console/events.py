"""Exchanges as server-sent events, as they happen."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

import msgspec

from sandbox.wire.asgi import Receive, Send
from sandbox.wire.exchange import Exchange, Trace

_WAITING: Final = 1000
"""How many events may wait for a slow reader; older ones are dropped, and the gap in the numbers shows it."""

_HEARTBEAT: Final = 15.0


async def stream_events(trace: Trace, receive: Receive, send: Send) -> None:
    """Stream every exchange from now on, until the reader leaves (HTML, server-sent events)."""
    queue: asyncio.Queue[Exchange] = asyncio.Queue(_WAITING)

    def listen(exchange: Exchange) -> None:
        if queue.full():
            queue.get_nowait()
        queue.put_nowait(exchange)

    unsubscribe = trace.subscribe(listen)
    left = asyncio.ensure_future(_until_left(receive))
    try:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _write(send, b": the exchanges as they happen\n\n")
        while not left.done():
            exchange = await _next(queue, left)
            await _write(send, b": still here\n\n" if exchange is None else _event(exchange))
    finally:
        unsubscribe()
        left.cancel()
        with suppress(asyncio.CancelledError):
            await left


async def _next(queue: asyncio.Queue[Exchange], left: asyncio.Future[None]) -> Exchange | None:
    waiting = asyncio.ensure_future(queue.get())
    both: set[asyncio.Future[Any]] = {waiting, left}
    try:
        await asyncio.wait(both, timeout=_HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else None
    finally:
        waiting.cancel()


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _event(exchange: Exchange) -> bytes:
    return b"event: exchange\nid: %d\ndata: %s\n\n" % (exchange.number, msgspec.json.encode(exchange))
