"""Streams that do not end by themselves: a GET of server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sandbox.wire.asgi import Receive, Scope, Send, send_response
from sandbox.wire.exchange import Exchange
from sandbox.wire.message import json_response
from tests.cli.process import PATIENCE
from tests.wire.conftest import Serve
from tests.wire.raw import Raw, Served, until
from tests.wire.samples import fault

TICK = b'data: {"n": 1}\n\n'


class Ticker:
    """An application that streams events until the client leaves."""

    def __init__(self) -> None:
        self.tick = asyncio.Event()
        self.ended = False

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await receive()
        left = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while not left.done():
            await send({"type": "http.response.body", "body": TICK, "more_body": True})
            ticked = asyncio.ensure_future(self.tick.wait())
            await asyncio.wait({left, ticked}, return_when=asyncio.FIRST_COMPLETED)
            ticked.cancel()
            self.tick.clear()
        self.ended = True


Opened = Callable[..., Awaitable[tuple[Served, Ticker, Raw]]]


@pytest.fixture
async def opened(serve: Serve) -> Opened:
    """Give a function that opens a stream, broken by a fault or not."""

    async def open_it(**action: object) -> tuple[Served, Ticker, Raw]:
        ticker = Ticker()
        served = await serve(ticker)
        served.break_with(*[fault("api", **action)] if action else ())
        client = await served.connect()
        client.send("/stream", accept="text/event-stream")
        return served, ticker, client

    return open_it


async def events(client: Raw, count: int) -> None:
    """Read so many events from a chunked body."""
    for _ in range(count):
        async with asyncio.timeout(PATIENCE):
            await client.reader.readuntil(TICK + b"\r\n")


async def test_a_stream_is_recorded_when_it_opens_and_when_it_ends(opened: Opened) -> None:
    """An open stream is in the trace while it lasts; when the client has had enough it has been answered."""
    served, ticker, client = await opened()
    told: list[tuple[int, str]] = []
    served.wire.trace.subscribe(lambda exchange: told.append((exchange.number, exchange.ended)))
    assert (await client.head()).status == 200
    await events(client, 1)
    assert [exchange.ended for exchange in served.wire.trace] == ["open"]
    ticker.tick.set()
    await events(client, 1)
    client.leave()
    await until(lambda: ticker.ended and served.busy == 0)
    (exchange,) = served.wire.trace
    assert (exchange.ended, exchange.response_body) == ("answered", (TICK * 2).decode())
    assert exchange.seconds > 0
    assert told[-1] == (1, "answered")
    assert len(told) <= 2


@pytest.mark.parametrize("action", [{"status": 202}, {"headers": {"x-a": "1"}}])
async def test_the_head_of_a_stream_is_edited(opened: Opened, action: dict[str, object]) -> None:
    """Status and headers of a stream can be edited, and it flows on."""
    served, ticker, client = await opened(**action)
    head = await client.head()
    assert (head.status, head.headers.get("x-a")) in {(202, None), (200, "1")}
    await events(client, 1)
    ticker.tick.set()
    await events(client, 1)
    assert served.wire.faults.unfired() == []


@pytest.mark.parametrize("action", [{"set": {"n": 2}}, {"body": "x"}, {"encode": "form"}])
async def test_the_body_of_a_stream_is_not_edited(opened: Opened, action: dict[str, object]) -> None:
    """What has no end cannot be edited whole; the fault says so, and the stream flows as ever."""
    served, _, client = await opened(**action)
    head = await client.head()
    assert "content-length" not in head.headers
    await events(client, 1)
    (reason,) = served.wire.faults.unfired()
    assert reason.endswith("the answer is a stream without end, of which only status and headers are edited")


@pytest.mark.parametrize("size", [0, 1, len(TICK) - 1, len(TICK), len(TICK) + 3])
async def test_a_stream_is_cut(opened: Opened, size: int) -> None:
    """`close: N` lets N bytes of a stream through and closes it, whatever comes after."""
    served, ticker, client = await opened(close=size)
    assert (await client.head()).status == 200
    if size > len(TICK):
        ticker.tick.set()
    chunks = (await client.rest()).split(b"\r\n")
    assert b"".join(chunks[1::2]) == (TICK * 2)[:size]
    await until(lambda: ticker.ended and served.busy == 0)
    (exchange,) = served.wire.trace
    assert (exchange.ended, exchange.response_body) == ("cut", (TICK * 2)[:size].decode())
    assert served.wire.faults.unfired() == []


async def test_a_stream_ends_when_the_port_stops(opened: Opened) -> None:
    """Stopping ends open streams, and the application behind them."""
    served, ticker, client = await opened()
    await client.head()
    await served.port.stop()
    assert ticker.ended
    await client.rest()


async def test_a_refusal_of_a_stream_is_an_answer(serve: Serve) -> None:
    """A GET that asks for events and is refused is an ordinary answer, which faults edit."""

    async def refusing(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send_response(json_response(200, {"a": 1}), send)

    served = await serve(refusing)
    served.break_with(fault("api", set={"a": 2}))
    async with await served.connect() as client:
        answer = await client.ask("/x", accept="text/event-stream")
    assert answer.body == b'{"a": 2}'
    assert [exchange.ended for exchange in served.wire.trace] == ["answered"]


async def test_events_that_answer_a_post_are_edited(serve: Serve) -> None:
    """The events of a POST end with its answer, so they are edited like any body."""

    async def answering(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": TICK, "more_body": True})
        await send({"type": "http.response.body", "body": TICK})

    served = await serve(answering)
    served.break_with(fault("api", set={"n": 7}))
    async with await served.connect() as client:
        answer = await client.ask("/x", method="POST", body=b"{}")
    assert answer.body == b'data: {"n": 7}\n\n' * 2


async def test_secrets_of_a_stream(serve: Serve) -> None:
    """What a stream carried is searched for secrets when it has ended."""

    async def telling(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": b'data: {"access_token": "s3cr3t-s3cr3t"}\n\n'})

    served = await serve(telling)
    shown: list[Exchange] = []
    served.wire.trace.subscribe(shown.append)
    async with await served.connect() as client:
        await client.ask("/x")
    assert [exchange.ended for exchange in shown] == ["answered", "answered"]
    assert "s3cr3t" not in shown[0].response_body
    assert "‹access_token " in shown[0].response_body
