"""Every scenario proves itself: it breaks where it says and nowhere else, every fault fires, and its fix heals it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sandbox.flow import STEPS, Step
from sandbox.sandbox import Sandbox
from sandbox.scenario import Scenario, library
from sandbox.scenario.model import Seen
from sandbox.wire.exchange import Exchange, Trace
from tests.conftest import Start
from tests.python_client import Connected, Storage, connected

LIBRARY = library()

_DOCUMENT: dict[str, Any] = {"client_metadata_url": "https://claude.ai/oauth/claude-code-client-metadata"}
CLIENTS: dict[str, dict[str, Any]] = {
    "cimd-fetch-blocked": _DOCUMENT,
    "cimd-redirect-port": _DOCUMENT,
    "dcr-metadata-rejected-auth-method": {"token_endpoint_auth_method": "client_secret_post"},
}
"""What kind of client meets the failure, where it is not the usual one."""


@asynccontextmanager
async def used(sandbox: Sandbox) -> AsyncIterator[Connected]:
    """Connect, list the tools, and call one."""
    async with connected(sandbox, **CLIENTS.get(sandbox.scenario.name, {})) as client:
        assert "search_logs" in [tool.name for tool in (await client.client.list_tools()).tools]
        assert "call-me-back" in await client.call("search_logs", query="call-me-back")
        yield client


def works(exchange: Exchange) -> bool:
    """Say whether an exchange did what its step is for: a challenge is a 401, an authorization ends with a code."""
    if exchange.step == "challenge":
        return exchange.status == 401
    if exchange.step == "authorization":
        return "code=" in (exchange.response_header("location") or "")
    return exchange.ended in {"answered", "open"} and exchange.status is not None and exchange.status < 400


def reached(trace: Trace) -> set[Step]:
    """Give the steps that worked at least once."""
    return {exchange.step for exchange in trace if works(exchange)}


def broken(trace: Trace, step: Step) -> bool:
    """Say whether an exchange of the step carries a fault, or did not do what the step is for."""
    return any(exchange.faults or not works(exchange) for exchange in trace if exchange.step == step)


def saw(trace: Trace, seen: Seen) -> bool:
    """Say whether the trace holds such an exchange."""
    return any(
        exchange.step == seen.step
        and exchange.status == seen.status
        and not any(f'"{name}"' in exchange.response_body for name in seen.lacks)
        for exchange in trace
    )


async def played(sandbox: Sandbox) -> None:
    """Connect, list the tools, call one; where the scenario is about refreshing, let the token run out and go on."""
    async with used(sandbox) as client:
        if sandbox.scenario.step == "refresh":
            client.believe_token_expired()
            await client.call("list_services")


async def raced(sandbox: Sandbox) -> None:
    """Let two windows that share their credentials refresh one after the other, each with the token it has read."""
    storage = Storage()
    async with connected(sandbox, storage=storage) as one:
        shared = Storage(storage.tokens, storage.client_info)
        async with connected(sandbox, storage=shared) as other:
            # A window that found tokens has not looked for the authorization server; it knows where it is.
            other.provider.context.oauth_metadata = one.provider.context.oauth_metadata
            for window in (one, other):
                window.believe_token_expired()
                await window.call("list_services")


async def returned(sandbox: Sandbox) -> None:
    """Connect, and come back a week later: the registration is kept, the tokens and the port are not."""
    storage = Storage()
    async with connected(sandbox, storage=storage):
        pass
    sandbox.trace.clear()
    async with connected(sandbox, storage=Storage(client_info=storage.client_info)) as client:
        await client.call("list_services")


PLAYS: dict[str, Callable[[Sandbox], Awaitable[None]]] = {
    "redirect-uri-mismatch-port": returned,
    "refresh-rotation-race": raced,
}
"""What the client does, where it is more than connecting and calling a tool."""


# What differs from run to run: ports, ids, fingerprints, times, signatures and the like.
_VARIES = re.compile(
    r"localhost(:|%3A)\d+|127\.0\.0\.1(:|%3A)\d+|‹[^›]*›|(?<![0-9A-Za-z])[0-9A-HJKMNP-TV-Z]{26}\b|\b\d{9,}\b|[\w-]{40,}|[0-9a-f]{32}|\d+\.\d+"
)


async def shown(scenario: Scenario | str, start: Start) -> list[str]:
    """Give all that the wire shows while a client connects, but for what varies from run to run."""
    sandbox = await start(scenario)
    await PLAYS.get(sandbox.scenario.name, played)(sandbox)
    return [_VARIES.sub("#", _told(exchange)) for exchange in sandbox.trace]


def _told(exchange: Exchange) -> str:
    """Tell all of an exchange but its faults; what the tools answer is as new as the logs."""
    headers = sorted(header for header in exchange.response_headers if header[0] not in {"date", "content-length"})
    body = "" if exchange.step == "messages" else exchange.response_body
    held = sorted(map(str, exchange.held.values()))
    return (
        f"{exchange.step} {exchange.method} {exchange.url} {exchange.status} {exchange.ended} {headers} {body} {held}"
    )


QUIRKS = [scenario for scenario in LIBRARY if scenario.expect.connects and scenario.step and not scenario.faults]


@pytest.mark.parametrize("scenario", QUIRKS, ids=lambda scenario: scenario.name)
async def test_setting_that_clients_survive_shows_on_the_wire(scenario: Scenario, start: Start) -> None:
    """Where a setting breaks nothing, the wire still shows something else than in the healthy world."""
    assert await shown(scenario, start) != await shown("healthy", start)


async def test_healthy_world_shows_the_same_twice(start: Start) -> None:
    """What the wire shows does not vary by itself, so that a difference means something."""
    assert await shown("healthy", start) == await shown("healthy", start)


@pytest.mark.parametrize("scenario", LIBRARY, ids=lambda scenario: scenario.name)
async def test_scenario(scenario: Scenario, start: Start) -> None:
    """A scenario breaks at its step and nowhere before, and its fix heals it while it runs."""
    sandbox = await start(scenario)
    play = PLAYS.get(scenario.name, played)
    if scenario.expect.connects:
        await play(sandbox)
    else:
        with pytest.raises(Exception) as failure:  # noqa: PT011 - clients fail in many ways; the trace decides
            await play(sandbox)
        assert ExceptionGroup("", [failure.value]).subgroup(AssertionError) is None
    assert sandbox.unfired() == []
    for seen in scenario.expect.sees:
        assert saw(sandbox.trace, seen), f"no {seen} in the trace"
    if scenario.step is not None and scenario.expect.reaches is not None:
        assert scenario.expect.reaches in reached(sandbox.trace)
        if not scenario.expect.connects:
            assert broken(sandbox.trace, scenario.step)
            later = STEPS[STEPS.index(scenario.step) + 1 : STEPS.index("refresh")]
            assert not reached(sandbox.trace) & set(later)
    sandbox.fix()
    sandbox.trace.clear()
    async with used(sandbox):
        pass
    assert [exchange for exchange in sandbox.trace if exchange.faults] == []
