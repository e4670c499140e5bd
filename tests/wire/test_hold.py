"""Holding the flow before a step, and letting it go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from sandbox.errors import SandboxError
from sandbox.sandbox import Sandbox
from tests.cli.process import PATIENCE
from tests.python_client import connected
from tests.wire.raw import Raw, until

JWKS = "/oauth2/jwks"
METADATA = "/.well-known/oauth-authorization-server"


async def standing(sandbox: Sandbox, count: int) -> None:
    """Wait until so many exchanges stand before a step."""
    await until(lambda: len(sandbox.held) == count)


def workos(sandbox: Sandbox) -> int:
    """Give the port of WorkOS."""
    return int(sandbox.addresses.workos.rpartition(":")[2])


async def test_an_exchange_stands_until_it_is_let_go(sandbox: Sandbox) -> None:
    """It is shown as far as it came, is in no trace, and is answered as ever once it goes on; the next stands again."""
    sandbox.hold("jwks")
    async with await Raw.to(workos(sandbox)) as client:
        client.send(JWKS)
        await standing(sandbox, 1)
        (held,) = sandbox.held
        assert (held.step, held.method, held.status, held.url) == ("jwks", "GET", None, sandbox.addresses.workos + JWKS)
        assert len(sandbox.trace) == 0
        assert sandbox.step() == held
        assert (await client.answer()).status == 200
        assert sandbox.held == []
        client.send(JWKS)
        await standing(sandbox, 1)


async def test_other_steps_go_on(sandbox: Sandbox) -> None:
    """What is not held is answered while another exchange of the same port stands."""
    sandbox.hold("jwks")
    async with await Raw.to(workos(sandbox)) as held, await Raw.to(workos(sandbox)) as other:
        held.send(JWKS)
        await standing(sandbox, 1)
        assert (await other.ask(METADATA)).status == 200
        assert len(sandbox.held) == 1


async def test_the_time_that_it_stood_is_not_the_answers(sandbox: Sandbox) -> None:
    """Of an exchange that stood for 300 ms, these are not told."""
    sandbox.hold("jwks")
    async with await Raw.to(workos(sandbox)) as client:
        began = time.perf_counter()
        client.send(JWKS)
        await standing(sandbox, 1)
        await asyncio.sleep(0.3)
        sandbox.step()
        await client.answer()
    await until(lambda: len(sandbox.trace))
    whole = time.perf_counter() - began
    (exchange,) = sandbox.trace
    assert exchange.seconds < whole - 0.29  # a timer may be a little early


async def test_a_number_chooses_which_goes_on(sandbox: Sandbox) -> None:
    """Of two that stand, the one of the number goes on."""
    sandbox.hold("jwks")
    async with await Raw.to(workos(sandbox)) as first, await Raw.to(workos(sandbox)) as second:
        first.send(JWKS)
        await standing(sandbox, 1)
        second.send(JWKS)
        await standing(sandbox, 2)
        sandbox.step(sandbox.held[1].number)
        assert (await second.answer()).status == 200
        assert len(sandbox.held) == 1


async def test_who_hangs_up_stands_no_more(sandbox: Sandbox) -> None:
    """A client that leaves while it is held is let go, and the trace says that nobody waited."""
    sandbox.hold("jwks")
    async with await Raw.to(workos(sandbox)) as client:
        client.send(JWKS)
        await standing(sandbox, 1)
    await standing(sandbox, 0)
    await until(lambda: [each.ended for each in sandbox.trace] == ["unanswered"])


async def use(sandbox: Sandbox) -> None:
    """Switch."""
    sandbox.use("expired-token")


async def reset(sandbox: Sandbox) -> None:
    """Begin anew."""
    sandbox.reset()


async def hold_nothing(sandbox: Sandbox) -> None:
    """Hold no step any more."""
    sandbox.hold()


@pytest.mark.parametrize("act", [use, reset, hold_nothing])
async def test_what_stands_is_let_go(act: Callable[[Sandbox], Awaitable[None]], sandbox: Sandbox) -> None:
    """Another scenario, a reset, and holding nothing let everything go; it is answered."""
    sandbox.hold("jwks")
    async with await Raw.to(workos(sandbox)) as client:
        client.send(JWKS)
        await standing(sandbox, 1)
        await act(sandbox)
        assert (await client.answer()).status == 200
        assert sandbox.held == []


async def test_the_end_waits_for_nobody_who_stands() -> None:
    """A sandbox stops at once although an exchange stands."""
    async with Sandbox() as sandbox:
        sandbox.hold("jwks")
        client = await Raw.to(workos(sandbox))
        client.send(JWKS)
        await standing(sandbox, 1)
        stopping = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - stopping < PATIENCE
    client.leave()


async def test_a_fix_reaches_who_stands(sandbox: Sandbox) -> None:
    """A client held before a broken step meets the fixed world when it goes on: faults are chosen then, not before."""
    sandbox.use("server-metadata-missing")
    sandbox.hold("server-metadata")
    async with await Raw.to(workos(sandbox)) as client:
        client.send(METADATA)
        await standing(sandbox, 1)
        sandbox.fix()
        assert len(sandbox.held) == 1
        sandbox.step()
        assert (await client.answer()).status == 200


async def test_a_real_client_connects_step_by_step(sandbox: Sandbox) -> None:
    """The SDK's client, held before every step of its sign-in, connects once each was let go, and all is sound."""
    await sandbox.ready()
    sandbox.hold("registration", "token", "session")
    seen: list[str] = []

    async def teach() -> None:
        while True:
            went_on = sandbox.step()
            seen.extend([went_on.step] if went_on else [])
            await asyncio.sleep(0.005)

    teacher = asyncio.ensure_future(teach())
    async with asyncio.timeout(PATIENCE), connected(sandbox) as client:
        await client.call("list_services")
    teacher.cancel()
    assert seen[:3] == ["registration", "token", "session"]
    sandbox.assert_connected()
    sandbox.assert_sound()


def test_no_step_is_refused_and_changes_nothing() -> None:
    """A word that is no step is said, and what was held stays."""
    with Sandbox() as sandbox:
        sandbox.hold("token")
        with pytest.raises(SandboxError, match="'tokn' is no step; there are: challenge"):
            sandbox.hold("jwks", "tokn")
        assert sandbox.wire.hold.before == ("token",)


def test_nothing_to_let_go_is_said() -> None:
    """A step where nothing stands gives nothing; a number that does not stand is said."""
    with Sandbox() as sandbox:
        sandbox.hold("token")
        assert sandbox.step() is None
        with pytest.raises(SandboxError, match="Exchange 7 does not stand"):
            sandbox.step(7)
