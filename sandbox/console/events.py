"""Exchanges, findings, what is held, and what a client says, as server-sent events, as they happen."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from sandbox.wire.asgi import Receive, Send
from sandbox.wire.exchange import Exchange

if TYPE_CHECKING:
    from sandbox.diagnosis import Finding
    from sandbox.sandbox import Sandbox

_WAITING: Final = 1000
"""How many events may wait for a slow reader; older ones are dropped, and the gap in the numbers shows it."""

_TICK: Final = 1.0
"""Seconds after which it looks whether another scenario runs."""
_HEARTBEAT: Final = 15.0
"""Seconds of silence after which it says that it is there."""


class _Running(NamedTuple):
    """What runs, and which of its runs it is."""

    name: str
    title: str
    mcp: str
    can_fix: bool
    run: int


async def stream_events(sandbox: Sandbox, receive: Receive, send: Send) -> None:
    """Stream every exchange and every finding from now on, until the reader leaves (HTML, server-sent events)."""
    queue: asyncio.Queue[bytes] = asyncio.Queue(_WAITING)

    def put(event: bytes) -> None:
        if queue.full():
            queue.get_nowait()
        queue.put_nowait(event)

    ends = (
        sandbox.trace.subscribe(lambda seen: put(_exchange(seen))),
        sandbox.watch.subscribe(lambda made: put(_finding(made))),
        sandbox.wire.hold.subscribe(lambda: put(_held(sandbox))),
        sandbox.own_client.subscribe(lambda: put(_own(sandbox))),
    )
    left = asyncio.ensure_future(_until_left(receive))
    try:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _write(send, b": the exchanges as they happen\n\n")
        if sandbox.own_client.said:
            put(_own(sandbox))
        shown, silent = _running(sandbox), 0.0
        while not left.done():
            event = await _next(queue, left)
            if (now := _running(sandbox)) != shown:
                await _write(send, _scenario(now, begun=now.run != shown.run))
                shown = now
            silent = 0.0 if event else silent + _TICK
            if event or silent >= _HEARTBEAT:
                await _write(send, event or b": still here\n\n")
                silent = 0.0
    finally:
        for end in ends:
            end()
        left.cancel()
        with suppress(asyncio.CancelledError):
            await left


async def _next(queue: asyncio.Queue[bytes], left: asyncio.Future[None]) -> bytes | None:
    waiting = asyncio.ensure_future(queue.get())
    both: set[asyncio.Future[Any]] = {waiting, left}
    try:
        await asyncio.wait(both, timeout=_TICK, return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else None
    finally:
        waiting.cancel()


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _running(sandbox: Sandbox) -> _Running:
    scenario = sandbox.scenario
    can_fix = bool(scenario.faults or scenario.fixed)
    return _Running(scenario.name, scenario.title, sandbox.mcp_url, can_fix, sandbox.wire.trace.run)


def _scenario(running: _Running, *, begun: bool) -> bytes:
    said = {**running._asdict(), "begun": begun}
    return b"event: scenario\ndata: %s\n\n" % msgspec.json.encode(said)


def _finding(finding: Finding) -> bytes:
    return b"event: finding\ndata: %s\n\n" % msgspec.json.encode(finding)


def _held(sandbox: Sandbox) -> bytes:
    hold = sandbox.wire.hold
    return b"event: hold\ndata: %s\n\n" % msgspec.json.encode({"before": hold.before, "held": hold.standing})


def _own(sandbox: Sandbox) -> bytes:
    said = sandbox.own_client.said
    return b"event: client\ndata: %s\n\n" % msgspec.json.encode(said and said._asdict())


def _exchange(exchange: Exchange) -> bytes:
    return b"event: exchange\nid: %d\ndata: %s\n\n" % (exchange.number, msgspec.json.encode(exchange))
