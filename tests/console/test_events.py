"""Exchanges as server-sent events."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self

import pytest

from sandbox.console.events import stream_events
from sandbox.sandbox import Sandbox
from sandbox.wire.exchange import Exchange
from tests.cli.process import PATIENCE
from tests.conftest import Start
from tests.exchanges import exchange
from tests.python_client import connected
from tests.wire.raw import Raw, until

JWKS = "/oauth2/jwks"


def port_of(url: str) -> int:
    """Give the port of a URL."""
    return int(url.rpartition(":")[2])


class Subscriber:
    """One who listens to the events."""

    def __init__(self, client: Raw) -> None:
        self.client = client
        self.begun: dict[str, Any] = {}
        """How things were when it subscribed, by the names of the events that said so."""

    @classmethod
    async def of(cls, sandbox: Sandbox) -> Self:
        """Subscribe, and be sure of it."""
        client = await Raw.to(port_of(sandbox.addresses.console))
        client.send("/api/events")
        head = await client.head()
        assert head.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert head.headers["cache-control"] == "no-store"
        subscriber = cls(client)
        assert await subscriber.chunk() == ": the exchanges as they happen\n\n"
        subscriber.begun = dict([await subscriber.said() for _ in range(3)])
        return subscriber

    async def chunk(self, seconds: float = PATIENCE) -> str:
        """Give what comes next."""
        async with asyncio.timeout(seconds):
            size = int(await self.client.reader.readline(), 16)
            return (await self.client.reader.readexactly(size + 2))[:-2].decode()

    async def said(self) -> tuple[str, Any]:
        """Give the name of the next event, and what it says."""
        event, data, _ = (await self.chunk()).splitlines()
        return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    async def event(self) -> dict[str, Any]:
        """Give the next exchange; what is said besides is passed over."""
        lines = (await self.chunk()).splitlines()
        while lines[0] != "event: exchange":
            lines = (await self.chunk()).splitlines()
        assert [line.partition(": ")[0] for line in lines] == ["event", "id", "data", ""]
        value: dict[str, Any] = json.loads(lines[2].removeprefix("data: "))
        assert lines[1] == f"id: {value['number']}"
        return value


Subscribe = Callable[[Sandbox], Awaitable[Subscriber]]


@pytest.fixture
async def subscribe() -> AsyncIterator[Subscribe]:
    """Give a function that subscribes; subscribers leave when the test ends."""
    subscribers: list[Subscriber] = []

    async def subscribed(sandbox: Sandbox) -> Subscriber:
        subscribers.append(await Subscriber.of(sandbox))
        return subscribers[-1]

    yield subscribed
    for subscriber in subscribers:
        subscriber.client.leave()


@pytest.fixture
async def asker(sandbox: Sandbox) -> AsyncIterator[Raw]:
    """Give a client of WorkOS."""
    async with await Raw.to(port_of(sandbox.addresses.workos)) as client:
        yield client


async def test_events_arrive_at_once(
    sandbox: Sandbox, asker: Raw, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exchange is told when it happens, as it stands in the trace, and not when the stream looks around next."""
    monkeypatch.setattr("sandbox.console.events._TICK", 10 * PATIENCE)
    subscriber = await subscribe(sandbox)
    await asker.ask(JWKS)
    told = await subscriber.event()
    assert told["url"].endswith(JWKS)
    assert told["number"] == next(iter(sandbox.trace)).number


async def test_every_subscriber_hears_everything(sandbox: Sandbox, asker: Raw, subscribe: Subscribe) -> None:
    """Several listen at once, each hears each exchange, and who leaves disturbs nobody."""
    subscribers = [await subscribe(sandbox) for _ in range(3)]
    await asker.ask(JWKS)
    assert [(await one.event())["number"] for one in subscribers] == [1, 1, 1]
    listeners = len(sandbox.trace._listeners)
    subscribers.pop().client.leave()
    await until(lambda: len(sandbox.trace._listeners) == listeners - 1)
    await asker.ask(JWKS)
    assert [(await one.event())["number"] for one in subscribers] == [2, 2]
    for one in subscribers:
        one.client.leave()
    await until(lambda: len(sandbox.trace._listeners) == listeners - 3)


async def test_events_go_on_after_a_reset(sandbox: Sandbox, asker: Raw, subscribe: Subscribe) -> None:
    """Resets and switches of scenario keep subscribers, and the numbers begin anew."""
    subscriber = await subscribe(sandbox)
    numbers = []
    changes: list[Callable[[], None]] = [lambda: None, sandbox.reset, lambda: sandbox.use("refresh-fails"), sandbox.fix]
    for change in changes:
        change()
        await asker.ask(JWKS)
        numbers.append((await subscriber.event())["number"])
    assert numbers == [1, 1, 1, 2]


async def test_a_stream_begins_with_how_things_are(sandbox: Sandbox, subscribe: Subscribe) -> None:
    """What runs, what is held and what the sandbox's own client says are told first, whatever happened before."""
    sandbox.use("missing-registration")
    sandbox.hold("token")
    told = (await subscribe(sandbox)).begun
    assert told == {
        "scenario": {
            "run": sandbox.trace.run,
            "name": "missing-registration",
            "title": sandbox.scenario.title,
            "mcp": sandbox.mcp_url,
            "can_fix": True,
            "of_library": True,
        },
        "hold": {"before": ["token"], "held": []},
        "client": None,
    }


async def test_another_scenario_is_told(sandbox: Sandbox, subscribe: Subscribe) -> None:
    """A switch, a fix, a change and a reset are told within two seconds; a switch and a reset are another run."""
    subscriber = await subscribe(sandbox)
    told, runs = [], [subscriber.begun["scenario"]["run"]]
    changes: list[Callable[[], None]] = [
        lambda: sandbox.use("missing-registration"),
        lambda: sandbox.change({"workos": {"mode": "production"}}),
        sandbox.fix,
        sandbox.reset,
    ]
    for change in changes:
        change()
        event, said = await subscriber.said()
        assert event == "scenario"
        assert (said["name"], said["mcp"]) == ("missing-registration", sandbox.mcp_url)
        told.append((said["can_fix"], said["run"] != runs[-1]))
        runs.append(said["run"])
    assert told == [(True, True), (True, False), (False, False), (True, True)]
    assert len(set(runs)) == 3


async def test_no_two_worlds_have_the_same_run(start: Start, subscribe: Subscribe) -> None:
    """Another sandbox is another run, with the same scenario and the same seed too."""
    runs = [(await subscribe(await start(seed=1))).begun["scenario"]["run"] for _ in range(2)]
    assert runs[0] != runs[1]


async def test_nothing_of_an_earlier_run_is_told(sandbox: Sandbox, subscribe: Subscribe) -> None:
    """What waits to be told when another run begins is not told in that."""
    subscriber = await subscribe(sandbox)
    sandbox.trace.add(exchange(1))
    sandbox.reset()  # before the stream had its turn
    sandbox.trace.add(exchange(2))
    assert await subscriber.said() == ("scenario", subscriber.begun["scenario"] | {"run": sandbox.trace.run})
    assert (await subscriber.event())["number"] == 2


async def test_a_slow_subscriber_holds_nobody_up(sandbox: Sandbox, asker: Raw, subscribe: Subscribe) -> None:
    """Who does not read loses the oldest events; others hear all, and no memory grows."""
    slow, fast = await subscribe(sandbox), await subscribe(sandbox)
    slow.client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    body = "x" * 20_000
    for number in range(1, 2001):
        sandbox.trace.tell(exchange(number, response_body=body))
        if number % 100 == 0:
            assert [(await fast.event())["number"] for _ in range(100)] == list(range(number - 99, number + 1))
    await asker.ask(JWKS)
    assert (await fast.event())["step"] == "jwks"
    gc.collect()
    queues = [one for one in gc.get_objects() if isinstance(one, asyncio.Queue) and one.qsize()]
    assert [queue.qsize() for queue in queues] == [1000]
    slow.client.reader._transport.resume_reading()  # type: ignore[attr-defined]
    told = [await slow.event()]
    while told[-1]["step"] != "jwks":
        told.append(await slow.event())
    numbers = [one["number"] for one in told[:-1]]
    assert numbers == sorted(numbers)
    assert 1000 <= len(numbers) < 2000
    assert numbers[-1] == 2000


async def test_a_heartbeat(sandbox: Sandbox, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing happens a comment keeps the connection alive."""
    monkeypatch.setattr("sandbox.console.events._HEARTBEAT", 0.005)
    subscriber = await subscribe(sandbox)
    assert await subscriber.chunk() == ": still here\n\n"
    assert await subscriber.chunk() == ": still here\n\n"


async def test_an_open_stream_is_told_twice(sandbox: Sandbox, subscribe: Subscribe) -> None:
    """An exchange that goes on is told when it opens and when it has ended, under one number."""
    subscriber = await subscribe(sandbox)
    opened = exchange(7, ended="open")
    sandbox.trace.add(opened)
    assert (await subscriber.event())["ended"] == "open"
    opened.ended = "answered"
    sandbox.trace.tell(opened)
    assert (await subscriber.event())["ended"] == "answered"


async def test_events_end_with_the_sandbox(subscribe: Subscribe, caplog: pytest.LogCaptureFixture) -> None:
    """Stopping ends the streams of events without an error, and leaves no task."""
    before = asyncio.all_tasks()
    async with Sandbox() as sandbox:
        subscriber = await subscribe(sandbox)
    await subscriber.client.rest()  # to its end; the last event may still come before
    subscriber.client.leave()
    await until(lambda: asyncio.all_tasks() <= before)
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []


async def test_a_stream_that_is_cancelled_leaves_nothing(sandbox: Sandbox) -> None:
    """A stream whose task is cancelled unsubscribes and cancels what it waited for."""
    trace = sandbox.trace
    before = asyncio.all_tasks()

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    task = asyncio.create_task(stream_events(sandbox, receive, send))
    await until(lambda: len(sent) == 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    heard: list[Exchange] = []
    trace.subscribe(heard.append)
    trace.tell(exchange())
    assert len(heard) == 1
    assert len(sent) == 5


async def test_a_finding_is_told_once(sandbox: Sandbox, subscribe: Subscribe) -> None:
    """What is wrong comes as an event once the client has stopped, and not again for what it tries next."""
    sandbox.use("missing-registration")
    subscriber = await subscribe(sandbox)
    told: list[str] = []
    for number in (1001, 1002):
        with pytest.raises(ExceptionGroup):
            async with connected(sandbox):
                pass
        await until(lambda: sandbox.watch._looks)
        sandbox.trace.tell(exchange(number))
        while not (told and f"id: {number}\n" in told[-1]):
            told.append(await subscriber.chunk())
    findings = [json.loads(chunk.partition("data: ")[2]) for chunk in told if chunk.startswith("event: finding\n")]
    assert [(finding["id"], finding["severity"]) for finding in findings] == [("dcr-absent", "broken")]
