"""The fixtures of the MCP conformance suite, for worlds that ask for them. What each says, the suite itself judges."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from mcp.server.streamable_http import EventMessage
from mcp.types import JSONRPCNotification

from sandbox.log_aggregator.conformance.events import Events
from sandbox.sandbox import Sandbox
from tests.conftest import Start
from tests.python_client import connected

FIXTURE = "test_simple_text"
MODULE = "sandbox.log_aggregator.conformance"


async def tools(sandbox: Sandbox) -> set[str]:
    """Connect, and give the names of the tools."""
    async with connected(sandbox) as client:
        return {tool.name for tool in (await client.client.list_tools()).tools}


async def test_fixtures_stand_beside_the_logs(start: Start) -> None:
    """Who connects to the world of the suite finds its tools, and can search the logs as ever."""
    async with connected(await start("conformance")) as client:
        assert "for testing" in await client.call(FIXTURE)
        assert "call-me-back" in await client.call("search_logs", query="call-me-back")


async def test_fixtures_come_and_go_with_the_world(start: Start) -> None:
    """Switching to the world of the suite serves the fixtures, and switching back takes them away."""
    sandbox = await start()
    usual = await tools(sandbox)
    sandbox.use("conformance")
    assert FIXTURE in await tools(sandbox)
    sandbox.use("healthy")
    assert await tools(sandbox) == usual
    assert FIXTURE not in usual


@pytest.mark.parametrize("features", ["logs", "conformance"])
async def test_sessions_of_every_application_are_forgotten(features: str, start: Start) -> None:
    """A reset ends the sessions of both applications."""
    sandbox = await start("healthy", world={"service": {"features": features}})
    async with connected(sandbox, mode="legacy") as client:
        sandbox.trace.clear()
        sandbox.effect("forget", "sessions")
        with pytest.raises(Exception, match=r"(?i)session"):
            await client.call("list_services")
        assert 404 in [exchange.status for exchange in sandbox.trace]


def test_other_worlds_do_not_import_them() -> None:
    """A world without fixtures starts without their modules."""
    code = f"""
import asyncio, sys
from sandbox.sandbox import Sandbox
async def main():
    async with Sandbox() as sandbox:
        await sandbox.ready()
        assert {MODULE!r} not in sys.modules
        sandbox.use("conformance")
        await sandbox.ready()
        assert {MODULE!r} in sys.modules
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_stream_goes_on_after_the_last_event_that_came() -> None:
    """What came after an event on its own stream is sent again, but for events that say nothing."""
    events = Events()
    messages = [JSONRPCNotification(jsonrpc="2.0", method=f"notifications/{number}") for number in range(3)]
    sent: list[EventMessage] = []

    async def send(event: EventMessage) -> None:
        sent.append(event)

    async def play() -> str | None:
        begun = await events.store_event("one", None)
        await events.store_event("one", messages[0])
        await events.store_event("other", messages[1])
        await events.store_event("one", None)
        await events.store_event("one", messages[2])
        return await events.replay_events_after(begun, send)

    assert asyncio.run(play()) == "one"
    assert [event.message for event in sent] == [messages[0], messages[2]]


def test_an_unknown_event_resumes_no_stream() -> None:
    """Nothing is sent for an event that is not known, or not any more."""
    assert asyncio.run(Events().replay_events_after("7", lambda _: asyncio.sleep(0))) is None
