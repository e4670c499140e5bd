"""Clients that leave, applications that fail, listeners that raise: nothing of it may spread."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from sandbox.scenario.model import When
from sandbox.wire.asgi import Receive, Scope, Send, send_response
from sandbox.wire.exchange import Trace
from sandbox.wire.message import Response
from tests.wire.conftest import Serve
from tests.wire.raw import until
from tests.wire.samples import fault


@pytest.mark.parametrize(
    "start", [b"GET /x HTTP/1.1\r\nhost: ", b"POST /x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nabc"]
)
async def test_a_client_that_hangs_up_within_its_request(serve: Serve, start: bytes) -> None:
    """Half a request leaves no exchange, no task and no error."""
    served = await serve()
    client = await served.connect()
    client.writer.write(start)
    await asyncio.sleep(0.005)
    client.leave()
    await until(lambda: served.busy == 0 and not served.port._server.server_state.connections)
    assert list(served.wire.trace) == []


@pytest.mark.parametrize("faults", [[], [{"set": {"a": 1}}]])
async def test_a_client_that_hangs_up_within_its_answer(serve: Serve, faults: list[dict[str, object]]) -> None:
    """Who leaves while the answer is still being sent leaves no task and no error."""
    huge = b"x" * 6_000_000

    async def large(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(3):
            await send({"type": "http.response.body", "body": huge, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    served = await serve(large)
    served.break_with(*[fault("api", **action) for action in faults])
    client = await served.connect()
    client.send("/x")
    await client.head()
    client.writer.transport.abort()
    await until(lambda: served.busy == 0)
    (exchange,) = served.wire.trace
    assert exchange.status == 200
    assert len(exchange.response_body) == 64 * 1024


@pytest.mark.parametrize("faults", [[], [{"set": {"a": 1}}]])
@pytest.mark.parametrize("late", [False, True])
async def test_an_application_that_fails(
    serve: Serve, caplog: pytest.LogCaptureFixture, faults: list[dict[str, object]], *, late: bool
) -> None:
    """A failure of the sandbox itself is a 500 that says so, or a cut answer where that is too late."""

    async def failing(_scope: Scope, _receive: Receive, send: Send) -> None:
        if late:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
        raise RuntimeError("on purpose")

    served = await serve(failing)
    served.break_with(*[fault("api", **action) for action in faults])
    client = await served.connect()
    client.send("/x")
    answer = await client.head()
    if late and not faults:
        assert (answer.status, await client.rest()) == (200, b"")
    else:
        assert answer.status == 500
        assert b"on purpose" not in await client.reader.readexactly(int(answer.headers["content-length"]))
    await until(lambda: served.busy == 0)
    assert [exchange.ended for exchange in served.wire.trace] == ["cut" if late and not faults else "answered"]
    assert any("GET /x failed inside the sandbox" in record.getMessage() for record in caplog.records)
    assert all(record.levelno <= logging.ERROR for record in caplog.records)
    caplog.clear()


async def test_an_application_that_does_not_answer(serve: Serve) -> None:
    """An application that returns without a word is a failure of the sandbox, too."""

    async def silent(_scope: Scope, _receive: Receive, _send: Send) -> None:
        return

    served = await serve(silent)
    async with await served.connect() as client:
        assert (await client.ask("/x")).status == 500


async def test_memory_stays_flat(serve: Serve) -> None:
    """The trace keeps the last exchanges only, however many there were."""
    served = await serve(trace=Trace(50))
    async with await served.connect() as client:
        for _ in range(50):
            for _ in range(20):
                client.send("/x")
            for _ in range(20):
                await client.answer()
    assert len(served.wire.trace) == 50
    assert [exchange.number for exchange in served.wire.trace] == list(range(951, 1001))
    assert served.wire.trace._ring.maxlen == 50


async def test_a_listener_that_fails_stops_nobody(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """An exchange is answered and recorded even when somebody who listens to the trace fails."""
    served = await serve()
    heard: list[int] = []
    served.wire.trace.subscribe(lambda _: json.loads("no"))
    served.wire.trace.subscribe(lambda exchange: heard.append(exchange.number))
    async with await served.connect() as client:
        assert (await client.ask("/x")).status == 200
    assert heard == [1]
    assert [record.getMessage() for record in caplog.records] == ["a listener failed at exchange 1"]
    caplog.clear()


async def test_an_exchange_of_an_earlier_run(serve: Serve) -> None:
    """What began before the trace was cleared is no part of the new run, and takes no number in it."""
    served = await serve()
    served.break_with(fault("api", when=When(path="/slow"), delay="10m"))
    async with await served.connect() as slow, await served.connect() as client:
        await client.ask("/x")
        slow.send("/slow")
        await until(lambda: served.busy == 1)
        served.wire.trace.clear()
        served.break_with()
        assert (await slow.answer()).status == 200
        await client.ask("/y")
    assert [(exchange.number, exchange.url[-2:]) for exchange in served.wire.trace] == [(1, "/y")]


async def test_a_response_in_latin_1(serve: Serve) -> None:
    """Headers of a response go out in Latin-1; what does not fit is replaced, and no failure."""

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send_response(Response(200, (("x-a", "caf\xe9 \u2713"), ("content-length", "0"))), send)

    served = await serve(application)
    async with await served.connect() as client:
        assert (await client.ask("/x")).headers["x-a"] == "caf\xe9 ?"
