"""Faults on a running sandbox: what they must leave alone, and what a switch must not disturb."""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox.sandbox import Sandbox
from sandbox.scenario import Expect, Scenario, find
from sandbox.scenario.model import Fault
from sandbox.wire.exchange import Trace
from tests.cli.process import PATIENCE
from tests.conftest import Start
from tests.wire.raw import Raw, until

JWKS = "/oauth2/jwks"
METADATA = "/.well-known/oauth-authorization-server"
REFRESH = {"method": "POST", "content_type": "application/x-www-form-urlencoded", "body": b"grant_type=refresh_token"}


def broken(*faults: Fault) -> Scenario:
    """Make a scenario of these faults."""
    return Scenario(title="x", story="x", expect=Expect(connects=True), faults=faults, name="broken")


def port_of(url: str) -> int:
    """Give the port of a URL."""
    return int(url.rpartition(":")[2])


async def test_how_a_page_looks_is_no_part_of_the_flow(start: Start) -> None:
    """A browser gets the pages' stylesheet, and the trace has only what belongs to the flow; another host gets none."""
    sandbox = await start()
    port = port_of(sandbox.addresses.workos)
    async with await Raw.to(port) as raw:
        assert (await raw.ask("/_sandbox/sandbox.css")).status == 200
        assert (await raw.ask(JWKS)).status == 200
    async with await Raw.to(port) as raw:
        assert (await raw.ask("/_sandbox/sandbox.css", host="elsewhere.example")).status == 421
    assert [(exchange.status, exchange.step) for exchange in sandbox.trace] == [(200, "jwks"), (421, "api")]


async def test_a_slow_answer_slows_nobody_else(start: Start) -> None:
    """While one answer is ten minutes late, the same port and the other one answer, and no thread is started."""
    sandbox = await start(broken(Fault(at="jwks", delay="10m")))
    await sandbox.ready()
    workos, mcp = port_of(sandbox.addresses.workos), port_of(sandbox.addresses.mcp)
    threads = threading.active_count()
    async with await Raw.to(workos) as slow, await Raw.to(workos) as here, await Raw.to(mcp) as there:
        slow.send(JWKS)
        await until(lambda: sandbox.wire.unanswered == 1)
        for _ in range(10):
            assert (await here.ask(METADATA)).status == 200
            assert (await there.ask("/health")).status == 200
        assert threading.active_count() <= threads
        assert await slow.silent()
        sandbox.fix()
        assert (await slow.answer()).status == 200


async def test_two_hundred_slow_answers_wait_together(start: Start) -> None:
    """Waiting costs nothing: many slow answers do not wait for one another."""
    sandbox = await start(broken(Fault(at="jwks", delay="500ms")))
    clients = [await Raw.to(port_of(sandbox.addresses.workos)) for _ in range(200)]
    began = time.perf_counter()
    for client in clients:
        client.send(JWKS)
    answers = await asyncio.gather(*(client.answer() for client in clients))
    assert {answer.status for answer in answers} == {200}
    assert time.perf_counter() - began < 200 * 0.5 / 2
    for client in clients:
        client.leave()


async def test_a_switch_keeps_connections_open(sandbox: Sandbox) -> None:
    """A keep-alive connection outlives a switch of scenario, a fix and a reset, and sees each at once."""
    async with await Raw.to(port_of(sandbox.addresses.workos)) as client:
        assert (await client.ask("/oauth2/token", **REFRESH)).status == 401
        sandbox.use("refresh-fails")
        assert (await client.ask("/oauth2/token", **REFRESH)).status == 400
        sandbox.fix()
        assert (await client.ask("/oauth2/token", **REFRESH)).status == 401
        sandbox.use(broken(Fault(at="refresh", status=503)))
        sandbox.reset()
        assert (await client.ask("/oauth2/token", **REFRESH)).status == 503
    assert len(sandbox.trace) == 1


async def test_a_switch_takes_less_than_five_milliseconds(sandbox: Sandbox) -> None:
    """Switching between scenarios that have been read, and resetting, is done within the bar of 5 ms of work."""
    scenarios = [find(name) for name in ("refresh-fails", "slow-token", "healthy")]
    taken = []
    for number in range(9):
        began = time.thread_time()
        sandbox.use(scenarios[number % 3])
        sandbox.reset()
        taken.append(time.thread_time() - began)
    assert statistics.median(taken) < 0.005


async def test_what_hangs_is_dropped_by_a_switch(start: Start) -> None:
    """A hanging exchange is dropped when the scenario changes, and is no part of the new run."""
    sandbox = await start(broken(Fault(at="jwks", hang=True)))
    async with await Raw.to(port_of(sandbox.addresses.workos)) as client:
        client.send(JWKS)
        await until(lambda: sandbox.wire.unanswered == 1)
        assert await client.silent()
        sandbox.use("healthy")
        with pytest.raises(ConnectionResetError):
            await client.rest()
    assert list(sandbox.trace) == []
    async with await Raw.to(port_of(sandbox.addresses.workos)) as client:
        assert (await client.ask(JWKS)).status == 200
    assert [exchange.number for exchange in sandbox.trace] == [1]


async def test_what_hangs_ends_with_the_sandbox() -> None:
    """A sandbox with hanging exchanges stops at once, without answering them, and leaves no task behind."""
    before = asyncio.all_tasks()
    async with Sandbox(broken(Fault(at="jwks", hang=True))) as sandbox:
        clients = [await Raw.to(port_of(sandbox.addresses.workos)) for _ in range(5)]
        for client in clients:
            client.send(JWKS)
        await until(lambda: sandbox.wire.unanswered == 5)
        began = time.perf_counter()
    assert time.perf_counter() - began < PATIENCE
    for client in clients:
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await client.reader.readexactly(1)
        client.leave()
    await until(lambda: asyncio.all_tasks() <= before)


async def test_a_fault_of_one_system_leaves_the_other_alone(start: Start) -> None:
    """A dropped connection at WorkOS is not noticed at log-aggregator."""
    sandbox = await start(broken(Fault(at="jwks", close="before")))
    async with await Raw.to(port_of(sandbox.addresses.mcp)) as client:
        assert (await client.ask("/health")).status == 200
        async with await Raw.to(port_of(sandbox.addresses.workos)) as dropped:
            dropped.send(JWKS)
            with pytest.raises(ConnectionResetError):
                await dropped.rest()
        assert (await client.ask("/health")).status == 200


@pytest.mark.parametrize(
    ("action", "changed"),
    [({"rotate": "signing-key"}, True), ({"forget": "clients"}, False), ({"expire": "codes"}, False)],
)
async def test_effects_act_before_the_answer(start: Start, action: dict[str, Any], *, changed: bool) -> None:
    """The exchange that rotates the key already shows the new one."""
    sandbox = await start(broken(Fault(at="jwks", on="first 1", **action)))
    old = sandbox.authkit.keys.current.kid
    async with await Raw.to(port_of(sandbox.addresses.workos)) as client:
        shown = [(await client.ask(JWKS)).body for _ in range(2)]
    assert shown[0] == shown[1]
    assert (sandbox.authkit.keys.current.kid != old) == changed
    assert sandbox.authkit.keys.current.kid.encode() in shown[0]


async def test_forgotten_clients_are_forgotten_before_the_answer(start: Start) -> None:
    """A client that registered is unknown to the very request at which it is forgotten."""
    sandbox = await start(broken(Fault(at="token", forget="clients")))
    async with await Raw.to(port_of(sandbox.addresses.workos)) as client:
        registration = b'{"redirect_uris": ["http://localhost/cb"], "token_endpoint_auth_method": "none"}'
        answer = await client.ask("/oauth2/register", method="POST", content_type="application/json", body=registration)
        client_id = answer.body.split(b'"client_id":"')[1].split(b'"')[0]
        form = b"grant_type=authorization_code&code=x&client_id=" + client_id
        answer = await client.ask("/oauth2/token", **{**REFRESH, "body": form})
    assert answer.status == 401
    assert b"Application not found." in answer.body


async def machine_token(client: Raw, sandbox: Sandbox) -> str:
    """Get a token for a machine, good at log-aggregator."""
    machine = next(one for one in sandbox.world.workos.applications if one.type == "m2m")
    form = {
        "grant_type": "client_credentials",
        "client_id": machine.client_id,
        "client_secret": sandbox.authkit.directory.secret_of(machine),
        "resource": sandbox.mcp_url,
    }
    answer = await client.ask("/oauth2/token", **{**REFRESH, "body": urlencode(form).encode()})
    return str(json.loads(answer.body)["access_token"])


@pytest.mark.parametrize("action", [{"expire": "access-tokens"}, {"revoke": "access-tokens"}])
async def test_expired_tokens_are_refused_at_once(start: Start, action: dict[str, Any]) -> None:
    """The very request at which tokens expire or are revoked is refused; the one before it was not."""
    sandbox = await start(broken(Fault(at="messages", on="nth 2", **action)))
    async with await Raw.to(port_of(sandbox.addresses.workos)) as client:
        token = await machine_token(client, sandbox)
    async with await Raw.to(port_of(sandbox.addresses.mcp)) as client:
        statuses = [(await client.ask("/logs", authorization=f"Bearer {token}")).status for _ in range(3)]
    assert statuses == [200, 401, 401]


async def test_five_thousand_exchanges_keep_the_ring_at_its_size(sandbox: Sandbox) -> None:
    """Memory is bounded by the ring, not by how long the sandbox runs."""
    sandbox.wire.trace = Trace(100)
    async with await Raw.to(port_of(sandbox.addresses.mcp)) as client:
        for _ in range(50):
            for _ in range(100):
                client.send("/health")
            for _ in range(100):
                await client.answer()
    assert [exchange.number for exchange in sandbox.trace] == list(range(4901, 5001))
