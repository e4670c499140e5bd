"""What a client does in a scenario, and how what it met is told, so that two runs can be compared."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import httpx2

from sandbox.clients.journeys.python_sdk import Storage
from sandbox.diagnosis.evidence import origin
from sandbox.durations import seconds
from sandbox.sandbox import Sandbox
from sandbox.scenario import Scenario
from sandbox.wire.exchange import Exchange, Trace
from tests.cli.process import PATIENCE
from tests.conftest import Start
from tests.python_client import Connected, Habits, connected
from tests.wire.raw import until

HANGING: Final = 4
"""Seconds after which a client gives an exchange up that hangs."""
WAITING: Final = 8
"""Seconds without a request, and with all that was asked answered, after which a client gives up."""

_DOCUMENT: Final = Habits(client_metadata_url="https://claude.ai/oauth/claude-code-client-metadata")
_PAGE: Final = Habits(headers=(("origin", "http://localhost:6274"),))
_ADAPTS: Final = Habits(token_endpoint_auth_method=None)
_OF_2025_03: Final = Habits(names_resource=False)
CLIENTS: Final[dict[str, Habits]] = {
    "cimd-fetch-blocked": _DOCUMENT,
    "cimd-redirect-port": _DOCUMENT,
    "dcr-custom-scheme-rejected": Habits(more_redirect_uris=("cursor://anysphere.cursor-mcp/oauth/callback",)),
    "dcr-metadata-rejected-auth-method": Habits(token_endpoint_auth_method="client_secret_post"),
    "dcr-metadata-rejected-default": _ADAPTS,
    "net-cors": _PAGE,
    "net-cors-authorization-server": _PAGE,
    "net-cors-not-exposed": _PAGE,
    "server-of-2025-03": _OF_2025_03,
    "server-of-2025-03-without-metadata": _OF_2025_03,
    "token-client-auth-basic-only": _ADAPTS,
    "token-client-auth-post-only": _ADAPTS,
    "token-type-lowercase-refused": Habits(copies_token_type=True),
}
"""What kind of client meets the failure, where it is not the usual one."""


@asynccontextmanager
async def used(sandbox: Sandbox) -> AsyncIterator[Connected]:
    """Connect, list the tools, and call one."""
    async with connected(sandbox, habits=CLIENTS.get(sandbox.scenario.name, Habits())) as client:
        assert "search_logs" in [tool.name for tool in (await client.client.list_tools()).tools]
        assert "call-me-back" in await client.call("search_logs", query="call-me-back")
        yield client


async def _usual(sandbox: Sandbox) -> None:
    """Connect, list the tools, call one; where the scenario is about refreshing, let the token run out and go on."""
    async with used(sandbox) as client:
        if sandbox.scenario.step == "refresh":
            await _refreshed(client)


async def _refreshed(client: Connected) -> None:
    client.believe_token_expired()
    await client.call("list_services")


async def _forgetful(sandbox: Sandbox) -> None:
    """Refresh without naming the resource."""
    async with used(sandbox) as client:
        names_resource = iter([False])
        context = client.provider.context
        context.should_include_resource_param = lambda *_: next(names_resource, True)  # type: ignore[method-assign]
        await _refreshed(client)


async def _prying(sandbox: Sandbox) -> None:
    """Look for metadata on both origins before anybody asked to sign in, as older clients do; then connect."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        for origin in (sandbox.addresses.mcp, sandbox.addresses.workos):
            await http.get(f"{origin}/.well-known/oauth-authorization-server")
    await _usual(sandbox)


async def _racing(sandbox: Sandbox) -> None:
    """Let two windows that share their credentials refresh one after the other, each with the token it has read."""
    storage = Storage()
    async with connected(sandbox, storage=storage) as one:
        shared = Storage(storage.tokens, storage.client_info)
        async with connected(sandbox, storage=shared) as other:
            # A window that found tokens has not looked for the authorization server; it knows where it is.
            other.provider.context.oauth_metadata = one.provider.context.oauth_metadata
            for window in (one, other):
                await _refreshed(window)


async def _returning(sandbox: Sandbox) -> None:
    """Connect, and come back a week later: the registration is kept, the tokens and the port are not."""
    storage = Storage()
    async with connected(sandbox, storage=storage):
        pass
    sandbox.trace.clear()
    async with connected(sandbox, storage=Storage(client_info=storage.client_info)) as client:
        await client.call("list_services")


_PLAYS: Final[dict[str, Callable[[Sandbox], Awaitable[None]]]] = {
    "auth-advertised-not-required": _prying,
    "authorize-url-as-issuer": _prying,
    "redirect-uri-mismatch-port": _returning,
    "refresh-rotation-race": _racing,
    "token-invalid-target-refresh-missing": _forgetful,
}
"""What the client does, where it is more than connecting and calling a tool."""


async def played(sandbox: Sandbox) -> None:
    """Let a client do what the scenario is about; raise what it raises, and TimeoutError when it does not end.

    It gives up some seconds after an exchange hangs, or after it has stopped asking. All that it asked has then been
    recorded.
    """
    try:
        async with asyncio.timeout(PATIENCE) as limit:
            gives_up = asyncio.ensure_future(_giving_up(sandbox, limit))
            try:
                await _PLAYS.get(sandbox.scenario.name, _usual)(sandbox)
            finally:
                gives_up.cancel()
    finally:
        await until(lambda: _is_recorded(sandbox))


async def _giving_up(sandbox: Sandbox, limit: asyncio.Timeout) -> None:
    """Bring the limit nearer once an exchange hangs, or the client waits for what nobody owes it."""
    time = asyncio.get_running_loop().time
    if any(fault.hang for fault in sandbox.scenario.faults):
        await until(lambda: not sandbox.unfired())
        limit.reschedule(time() + HANGING)
        return
    asked, since = 0, time()
    while time() < since + WAITING:
        await asyncio.sleep(WAITING / 100)
        if len(sandbox.trace) != asked or not sandbox.wire.quiet.is_set():
            asked, since = len(sandbox.trace), time()
    limit.reschedule(time())


def _is_recorded(sandbox: Sandbox) -> bool:
    """Say whether nothing is under way any more: no exchange, no stream, no handshake of TLS."""
    streams = any(exchange.ended == "open" for exchange in sandbox.trace)
    greets = any(port.greets for port in sandbox._serving._ports.values())
    return sandbox.wire.quiet.is_set() and not streams and not greets


class Shown(NamedTuple):
    """How a play went: whether the client connected, and what the wire showed of it, in any order.

    How often it showed the same is left out: a client that tries its stream again every second, and a service that
    reads its keys once a second, do so more often on a slow machine.
    """

    connects: bool
    exchanges: frozenset[str]


def slow(scenario: Scenario) -> float:
    """Give the seconds from which on an answer is one that the scenario delays; without delays, none is."""
    return min((seconds(fault.delay) for fault in scenario.faults if fault.delay), default=math.inf)


async def shown(scenario: Scenario, start: Start, late: float) -> Shown:
    """Play a scenario by a clock that hardly moves, and tell all that the wire shows, but for what varies.

    An answer that took `late` seconds or longer is told to be late.
    """
    sandbox = await start(scenario, seed=1)
    try:
        await played(sandbox)
    except Exception:  # noqa: BLE001 - clients fail in many ways
        connects = False
    else:
        connects = True
    return Shown(connects, frozenset(_told(exchange, late) for exchange in _certain(sandbox.trace)))


def _certain(trace: Trace) -> list[Exchange]:
    """Leave out connections given up before a request where others asked: a slow handshake is taken for one."""
    asked = {origin(exchange.url) for exchange in trace if exchange.ended != "unasked"}
    return [exchange for exchange in trace if exchange.ended != "unasked" or origin(exchange.url) not in asked]


# What differs from run to run: ports, ids, fingerprints, times, signatures and the like. One in 260,000 challenges of
# PKCE begins as API keys do, and is a fingerprint up to its first dash.
_VARIES: Final = re.compile(
    r"Expires=[^;]+|(localhost|127\.0\.0\.[12]|%5B::1%5D|\[::1\])(:|%3A)\d+|‹[^›]*›[\w-]*|(?<![0-9A-Za-z])[0-9A-HJKMNP-TV-Z]{26}\b|\b\d{9,}\b|[\w-]{40,}|[0-9a-f]{32}|\d+\.\d+"
)
_UNTOLD: Final = frozenset({"date", "content-length"})
_EPOCH: Final = 10**9
"""What is larger is a time, in seconds since 1970."""


def _told(exchange: Exchange, late: float) -> str:
    """Tell all of an exchange but its faults."""
    headers = sorted(header for header in exchange.response_headers if header[0] not in _UNTOLD)
    body = _outline(exchange.response_body) if "tools/call" in exchange.mcp_methods else exchange.response_body
    held = sorted(str(_from_now(claims, exchange.at)) for claims in exchange.held.values())
    when = "late" if exchange.seconds >= late else ""
    told = f"{exchange.step} {exchange.method} {exchange.url} {exchange.status} {exchange.ended} {when} {headers}"
    return _VARIES.sub("#", f"{told} {body} {held}")


def _from_now(value: Any, now: float) -> Any:
    """Write every time in a value as how far it is from now, in steps of ten seconds."""
    if isinstance(value, dict):
        return {name: _from_now(inner, now) for name, inner in value.items()}
    return f"{round((value - now) / 10) * 10} s from now" if isinstance(value, int) and value > _EPOCH else value


def _outline(body: str) -> str:
    """Give what kind of answer a tool's is, as what it says is as new as the logs."""
    text = re.sub(r"^data: |^event: .*$|^id: .*$|^retry: .*$", "", body, flags=re.MULTILINE).strip()
    try:
        answer = json.loads(text)
    except ValueError:
        return body
    return f"{sorted(answer)} {answer.get('error')}" if isinstance(answer, dict) else text
