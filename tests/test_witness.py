"""What a test may demand of a world, and what it reads when the world did not do it."""

from __future__ import annotations

import asyncio

import httpx2
import msgspec
import pytest

from sandbox import Sandbox
from sandbox.scenario import find
from sandbox.scenario.model import Fault
from tests.cli.process import polled
from tests.conftest import Start
from tests.python_client import connected


async def failed(sandbox: Sandbox) -> None:
    """Let the client of the Python SDK try, in vain."""
    with pytest.raises(ExceptionGroup):
        async with connected(sandbox):
            pass


async def test_a_connected_client_is_connected_and_sound(start: Start) -> None:
    """In the healthy world a client connects, and both assertions hold."""
    sandbox = await start()
    async with connected(sandbox):
        sandbox.assert_connected()
    sandbox.assert_sound()


async def test_a_client_that_was_refused_is_not_connected(start: Start) -> None:
    """A client that has a token which the service refuses is not connected; the diagnosis says why."""
    sandbox = await start("wrong-audience")
    await failed(sandbox)
    assert any(exchange.step == "token" and exchange.status == 200 for exchange in sandbox.trace)
    with pytest.raises(AssertionError, match="none got an MCP answer with a token"):
        sandbox.assert_connected()
    with pytest.raises(AssertionError, match=r"Expected a sound connection, and found `[a-z-]+` \(broken\)"):
        sandbox.assert_sound()
    expected = find("wrong-audience").expect.finding
    assert expected is not None
    sandbox.assert_finding(expected)


async def test_a_request_to_the_logs_is_no_connection(start: Start) -> None:
    """Plain HTTP with a token is no MCP answer."""
    sandbox = await start(world={"service": {"visibility": "public"}})
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{sandbox.addresses.mcp}/health", headers={"authorization": "Bearer x"})
    assert answer.status_code == 200
    with pytest.raises(AssertionError, match="none got an MCP answer"):
        sandbox.assert_connected()


async def test_every_finding_is_found_the_first_and_the_harmless(start: Start) -> None:
    """What stopped the client is found, and what it got past as well."""
    settings = {"workos": {"dynamic_client_registration": False}, "service": {"challenge": {"scheme": None}}}
    sandbox = await start(world=settings)
    await failed(sandbox)
    sandbox.assert_finding("dcr-absent")
    sandbox.assert_finding("challenge-without-header")


async def test_a_missing_finding_says_what_there_is_instead(start: Start) -> None:
    """Another finding, none at all, and one that there never is, are each told."""
    sandbox = await start("missing-registration")
    with pytest.raises(AssertionError, match="`dcr-absent`, and the diagnosis found nothing"):
        sandbox.assert_finding("dcr-absent")
    await failed(sandbox)
    with pytest.raises(AssertionError, match="and the diagnosis found `dcr-absent`"):
        sandbox.assert_finding("jwks-unreachable")
    with pytest.raises(AssertionError, match=r"no such finding\. Did you mean `dcr-absent`"):
        sandbox.assert_finding("dcr-absnt")


async def test_a_failure_reads_as_a_report(start: Start) -> None:
    """The error holds the timeline, the finding with its advice, and what never fired, without colours or secrets."""
    scenario = msgspec.structs.replace(find("missing-registration"), faults=(Fault(at="refresh", status=503),))
    sandbox = await start(scenario)
    await failed(sandbox)
    with pytest.raises(AssertionError) as failure:
        sandbox.assert_connected()
    told = str(failure.value)
    timeline, findings, unfired = (told.index(text) for text in ("registration ", "dcr-absent", "Never fired:"))
    assert timeline < findings < unfired
    assert "saw (scenario: missing-registration)" in told
    assert "Dynamic Client Registration" in " ".join(told.split())
    assert "at refresh: status 503 never fired: no exchanges at refresh" in told
    assert "\x1b" not in told
    assert "127.0.0.1" not in told


async def test_a_failure_of_a_long_trace_tells_the_last_of_it(start: Start) -> None:
    """Of a hundred exchanges sixty are shown, and how many came before."""
    sandbox = await start()
    async with httpx2.AsyncClient(trust_env=False) as client:
        for _ in range(100):
            await client.get(f"{sandbox.addresses.workos}/oauth2/jwks")
    with pytest.raises(AssertionError, match="… 40 exchanges before these") as failure:
        sandbox.assert_connected()
    assert str(failure.value).count("/oauth2/jwks") == 60


def test_an_exchange_that_hangs_does_not_hold_up_what_is_told() -> None:
    """What was answered is told although another request still waits for its answer."""
    scenario = msgspec.structs.replace(find("healthy"), faults=(Fault(at="jwks", hang=True),))
    with Sandbox(scenario) as sandbox:

        async def hang() -> None:
            async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
                hanging = asyncio.ensure_future(client.get(f"{sandbox.addresses.workos}/oauth2/jwks"))
                await asyncio.to_thread(polled, lambda: sandbox.unfired() == [])
                await client.get(f"{sandbox.addresses.workos}/.well-known/oauth-authorization-server")
                assert [exchange.step for exchange in sandbox.trace] == ["server-metadata"]
                hanging.cancel()

        asyncio.run(hang())
