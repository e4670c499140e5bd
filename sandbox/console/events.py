"""Exchanges, findings, what is held, and what a client says, as server-sent events, as they happen.

A stream begins with how things are: what runs, what is held, what the sandbox's own client says.
"""

from __future__ import annotations

import asyncio
import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from sandbox.scenario import Scenario, names
from sandbox.wire.asgi import Receive, Send
from sandbox.wire.exchange import Exchange
from sandbox.world import World

if TYPE_CHECKING:
    from sandbox.diagnosis import Finding
    from sandbox.sandbox import Sandbox

_WAITING: Final = 1000
"""How many events may wait for a slow reader; older ones are dropped, and the gap in the numbers shows it."""

_TICK: Final = 1.0
"""Seconds after which it looks whether something else runs, or with other settings."""
_HEARTBEAT: Final = 15.0
"""Seconds of silence after which it says that it is there."""


class _Running(NamedTuple):
    """What runs, with which settings, in which of its runs: whoever knows of another run knows of another world."""

    run: str
    scenario: Scenario
    world: World


class _Event(NamedTuple):
    """An event, and the run without which it says nothing."""

    text: bytes
    run: str | None = None


async def stream_events(sandbox: Sandbox, receive: Receive, send: Send) -> None:
    """Stream every exchange and every finding from now on, until the reader leaves (HTML, server-sent events)."""
    queue: asyncio.Queue[_Event] = asyncio.Queue(_WAITING)
    trace = sandbox.trace

    def put(text: bytes, run: str | None = None) -> None:
        if queue.full():
            queue.get_nowait()
        queue.put_nowait(_Event(text, run))

    ends = (
        trace.subscribe(lambda seen: put(_exchange(seen), trace.run)),
        sandbox.watch.subscribe(lambda made: put(_finding(made), trace.run)),
        sandbox.wire.hold.subscribe(lambda: put(_held(sandbox))),
        sandbox.own_client.subscribe(lambda: put(_own(sandbox))),
    )
    left = asyncio.ensure_future(_until_left(receive))
    left.add_done_callback(lambda _: put(b""))  # so that nobody waits for an event that nobody reads
    try:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _write(send, b": the exchanges as they happen\n\n")
        shown, silent = _running(sandbox), 0.0
        for begins in (_scenario(sandbox), _held(sandbox), _own(sandbox)):
            await _write(send, begins)
        while not left.done():
            event = await _next(queue)
            if (now := _running(sandbox)) != shown:
                await _write(send, _scenario(sandbox))
                shown = now
            if event and event.run not in {None, shown.run}:
                continue  # it waited while another run began
            silent = 0.0 if event else silent + _TICK
            if event or silent >= _HEARTBEAT:
                await _write(send, event.text if event else b": still here\n\n")
                silent = 0.0
    finally:
        for end in ends:
            end()
        left.cancel()
        with suppress(asyncio.CancelledError):
            await left


async def _next(queue: asyncio.Queue[_Event]) -> _Event | None:
    """Give the next event; None where a tick passes without one."""
    try:
        async with asyncio.timeout(_TICK):
            return await queue.get()
    except TimeoutError:
        return None


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _running(sandbox: Sandbox) -> _Running:
    return _Running(sandbox.wire.trace.run, sandbox.scenario, sandbox.world)


def _scenario(sandbox: Sandbox) -> bytes:
    """Tell what runs, but for its settings; a change of them is told by saying the same again."""
    scenario = sandbox.scenario
    said = {
        "run": sandbox.wire.trace.run,
        "name": scenario.name,
        "title": scenario.title,
        "mcp": sandbox.mcp_url,
        "can_fix": bool(scenario.faults or scenario.fixed),
        "of_library": _is_of_library(scenario.name),
    }
    return b"event: scenario\ndata: %s\n\n" % msgspec.json.encode(said)


@functools.lru_cache(maxsize=64)
def _is_of_library(name: str) -> bool:
    """Say whether the library has a scenario of this name; it is asked at every reset, and the answer stays."""
    return name in names()


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
