"""Broken connections are really broken, seen byte by byte from the other side."""

from __future__ import annotations

import asyncio
import time

import pytest

from sandbox.scenario.model import When
from sandbox.wire.asgi import Receive, Scope, Send, send_response
from sandbox.wire.message import Response
from tests.wire.conftest import Serve, parsed
from tests.wire.raw import until
from tests.wire.samples import fault

BODY = b'{"a":"' + b"x" * 100 + b'"}'


async def fixed(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer with a body of known length."""
    await send_response(Response(200, (("content-length", str(len(BODY))),), BODY), send)


async def chunked(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer in pieces, without saying how long it will be."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for start in range(0, len(BODY), 10):
        await send({"type": "http.response.body", "body": BODY[start : start + 10], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


# --- close -------------------------------------------------------------------------------------------------------


async def test_a_dropped_connection_is_reset_without_a_byte(serve: Serve) -> None:
    """`close: before` resets the TCP connection, and nothing was sent on it."""
    served = await serve()
    served.break_with(fault("api", close="before"))
    client = await served.connect()
    client.send("/x")
    with pytest.raises(ConnectionResetError):
        await client.rest()
    (exchange,) = served.wire.trace
    assert (exchange.ended, exchange.status, exchange.faults) == ("dropped", None, ["close before"])


@pytest.mark.parametrize("application", [fixed, chunked])
@pytest.mark.parametrize("size", [0, 1, 50, len(BODY) - 1, len(BODY), 5000])
async def test_an_answer_that_is_cut(serve: Serve, application: object, size: int) -> None:
    """`close: N` announces the whole body, sends N bytes of it, and closes."""
    served = await serve(application)
    served.break_with(fault("api", close=size))
    client = await served.connect()
    client.send("/x")
    head = await client.head()
    assert head.headers["content-length"] == str(len(BODY))
    assert await client.rest() == BODY[:size]
    (exchange,) = served.wire.trace
    assert (exchange.ended, exchange.status, exchange.response_body) == ("cut", 200, BODY[:size].decode())


async def test_the_head_of_an_answer_that_is_cut(serve: Serve) -> None:
    """HEAD has no body to cut, and the connection is closed after the headers all the same."""
    served = await serve(fixed)
    served.break_with(fault("api", close=5))
    client = await served.connect()
    client.send("/x", method="HEAD")
    assert (await client.head()).headers["content-length"] == str(len(BODY))
    assert await client.rest() == b""


async def test_other_connections_do_not_notice(serve: Serve) -> None:
    """Only the connection of the exchange is dropped."""
    served = await serve()
    served.break_with(fault("api", when=When(path="/drop"), close="before"))
    other, client = await served.connect(), await served.connect()
    assert (await other.ask("/x")).status == 200
    client.send("/drop")
    with pytest.raises(ConnectionResetError):
        await client.rest()
    assert (await other.ask("/x")).status == 200


async def test_a_client_that_does_not_read_what_is_cut(serve: Serve) -> None:
    """A cut answer larger than all buffers waits for its reader, and does not outlive the port."""
    huge = b"x" * 8_000_000

    async def large(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send_response(Response(200, (("content-length", str(len(huge))),), huge), send)

    served = await serve(large)
    served.break_with(fault("api", close=7_000_000))
    client = await served.connect()
    client.send("/x")
    await until(lambda: served.busy == 1)
    await asyncio.sleep(0.01)
    assert served.busy == 1


# --- hang --------------------------------------------------------------------------------------------------------


async def test_a_hanging_exchange_ends_when_the_client_leaves(serve: Serve) -> None:
    """`hang` never answers; when the client has had enough the exchange is over, and recorded."""
    served = await serve()
    served.break_with(fault("api", hang=True))
    client = await served.connect()
    client.send("/x")
    await until(lambda: served.busy == 1)
    assert await client.silent()
    assert served.busy == 1
    assert len(served.wire.trace) == 0
    client.leave()
    await until(lambda: served.busy == 0)
    (exchange,) = served.wire.trace
    assert (exchange.ended, exchange.status, exchange.faults) == ("unanswered", None, ["hang"])


async def test_a_hanging_exchange_ends_when_the_faults_change(serve: Serve) -> None:
    """When the scenario changes the connection is dropped, not answered; the next request is served."""
    served = await serve()
    served.break_with(fault("api", hang=True))
    client = await served.connect()
    client.send("/x")
    await until(lambda: served.busy == 1)
    assert await client.silent()
    served.break_with()
    with pytest.raises(ConnectionResetError):
        await client.rest()
    assert (await (await served.connect()).ask("/x")).status == 200


async def test_a_hanging_exchange_ends_when_the_port_stops(serve: Serve) -> None:
    """Stopping leaves nobody hanging: the connection is closed without an answer."""
    served = await serve()
    served.break_with(fault("api", hang=True))
    client = await served.connect()
    client.send("/x")
    await until(lambda: served.busy == 1)
    assert await client.silent()
    await served.port.stop()
    assert await client.rest() == b""


async def test_a_hundred_hanging_exchanges(serve: Serve) -> None:
    """Exchanges that hang cost nobody else anything."""
    served = await serve()
    served.break_with(fault("api", when=When(path="/hang"), hang=True))
    hanging = [await served.connect() for _ in range(100)]
    for client in hanging:
        client.send("/hang")
    await until(lambda: served.busy == 100)
    async with await served.connect() as other:
        assert (await other.ask("/x")).status == 200
    for client in hanging:
        client.leave()
    await until(lambda: served.busy == 0)


# --- delay -------------------------------------------------------------------------------------------------------


async def test_a_delayed_answer(serve: Serve) -> None:
    """`delay` waits and then answers as ever; the time is in the record."""
    served = await serve()
    served.break_with(fault("api", delay="30ms"))
    async with await served.connect() as client:
        began = time.perf_counter()
        assert (await client.ask("/x")).status == 200
        assert time.perf_counter() - began > 0.028  # a timer of uvloop counts whole milliseconds
    (exchange,) = served.wire.trace
    assert exchange.seconds > 0.028
    assert exchange.faults == ["delay 30ms"]


async def test_a_delay_ends_when_the_faults_change(serve: Serve) -> None:
    """Who waits for a slow answer gets it at once when the scenario changes."""
    served = await serve()
    served.break_with(fault("api", delay="10m"))
    async with await served.connect() as client:
        client.send("/x")
        await until(lambda: served.busy == 1)
        assert await client.silent()
        served.break_with()
        assert (await client.answer()).status == 200


async def test_a_client_that_leaves_during_a_delay(serve: Serve) -> None:
    """Nobody is answered who has left, and the exchange is recorded as unanswered."""
    served = await serve()
    served.break_with(fault("api", delay="10m"))
    client = await served.connect()
    client.send("/x")
    await until(lambda: served.busy == 1)
    client.leave()
    await until(lambda: served.busy == 0)
    assert [exchange.ended for exchange in served.wire.trace] == ["unanswered"]


# --- pipelining --------------------------------------------------------------------------------------------------


async def test_pipelined_requests_are_answered_in_order(serve: Serve) -> None:
    """Requests written without waiting are answered one after the other, faults and all."""
    served = await serve()
    served.break_with(fault("api", when=When(path="/2"), status=503), fault("api", when=When(path="/1"), delay="5ms"))
    async with await served.connect() as client:
        for number in range(4):
            client.send(f"/{number}")
        answers = [await client.answer() for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 503, 200]
    assert [parsed(answer.body)["path"] for answer in answers if answer.status == 200] == ["/0", "/1", "/3"]
    assert [exchange.number for exchange in served.wire.trace] == [1, 2, 3, 4]


@pytest.mark.parametrize("action", [{"hang": True}, {"delay": "10m"}])
async def test_who_leaves_with_requests_in_the_pipeline(serve: Serve, action: dict[str, object]) -> None:
    """A client that hangs up is noticed even when more of its requests wait behind the one that hangs."""
    served = await serve()
    served.break_with(fault("api", **action))
    client = await served.connect()
    client.send("/1")
    client.send("/2")
    await until(lambda: served.busy == 1)
    client.leave()
    await until(lambda: served.busy == 0)


async def test_a_drop_takes_the_pipeline_with_it(serve: Serve) -> None:
    """When a connection is dropped, requests behind it are never answered."""
    served = await serve()
    served.break_with(fault("api", when=When(path="/1"), close="before"))
    client = await served.connect()
    client.send("/1")
    client.send("/2")
    with pytest.raises(ConnectionResetError):
        await client.rest()
    await until(lambda: served.busy == 0)
    assert [exchange.ended for exchange in served.wire.trace] == ["dropped"]
