"""A world on a thread of its own, used from others."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

import httpx2
import pytest

import sandbox as package
from sandbox import Sandbox, Scenario, diagnose
from sandbox.errors import SandboxError
from sandbox.sandbox import Ports
from sandbox.threads import Background
from tests.cli.sign_in import INITIALIZE, http, signed_in
from tests.conftest import Start

AUTOMATIC: Final = {"workos": {"sign_in": "automatic"}}


def threads() -> set[threading.Thread]:
    """Give the threads of worlds that run."""
    return {thread for thread in threading.enumerate() if thread.name == "sandbox"}


def ask(sandbox: Sandbox) -> int:
    """Ask for the keys; give the status."""
    return httpx2.get(f"{sandbox.addresses.workos}/oauth2/jwks", trust_env=False).status_code


def connect(sandbox: Sandbox) -> httpx2.Response:
    """Sign in and begin an MCP session; give its answer."""
    with http() as client:
        signed = signed_in(client, {"workos": sandbox.addresses.workos, "mcp": sandbox.mcp_url})
        return client.post(sandbox.mcp_url, json=INITIALIZE, headers=signed.bearer)


# --- life --------------------------------------------------------------------------------------------------------


def test_the_public_names_are_the_classes_themselves() -> None:
    """What the package offers is what its modules hold, and nothing else is found in it."""
    from sandbox.diagnosis import diagnose as diagnosed
    from sandbox.sandbox import Sandbox as World
    from sandbox.scenario import Scenario as Named

    assert (Sandbox, Scenario, diagnose) == (World, Named, diagnosed)
    assert {*package.__all__} <= {*dir(package)}
    with pytest.raises(AttributeError, match="no attribute 'Sandox'"):
        _ = package.Sandox  # type: ignore[attr-defined]


def test_a_world_lives_as_long_as_its_with_block() -> None:
    """A world answers within the block; after it, its ports are closed and its thread is gone."""
    before = threads()
    with Sandbox() as sandbox:
        assert ask(sandbox) == 200
        assert len(threads() - before) == 1
    assert threads() == before
    with pytest.raises(httpx2.ConnectError):
        ask(sandbox)


def test_a_client_connects_to_a_world_on_a_thread() -> None:
    """A client that blocks signs in and begins an MCP session, and all of it is in the trace at once."""
    with Sandbox(world=AUTOMATIC) as sandbox:
        assert connect(sandbox).status_code == 200
        assert [exchange.status for exchange in sandbox.trace if exchange.step == "session"] == [200]


def test_two_worlds_at_once() -> None:
    """Two worlds in one process have ports, clients and scenarios of their own."""
    with Sandbox("missing-registration") as one, Sandbox(world=AUTOMATIC) as other:
        assert connect(other).status_code == 200
        other.reset()
        assert ask(one) == 200
        assert (len(one.trace), len(other.trace)) == (1, 0)
        assert one.scenario.name == "missing-registration"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_within_the_block_closes_all(error: type[BaseException]) -> None:
    """Whatever ends the block, Ctrl-C included, is raised, and nothing is left behind."""
    before = threads()
    with pytest.raises(error), Sandbox() as sandbox:
        raise error
    assert threads() == before
    with pytest.raises(httpx2.ConnectError):
        ask(sandbox)


def test_a_start_that_fails_leaves_nothing() -> None:
    """Where a port is taken, that is said in the thread that asked, and no thread stays."""
    before = threads()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = Ports(taken.getsockname()[1], 0, 0, 0)
        with pytest.raises(SandboxError, match="is in use"), Sandbox(ports=ports):
            pass
    assert threads() == before


def test_ctrl_c_while_it_starts_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt that comes while the caller waits for the start ends the world that was about to be."""
    before = threads()
    sandbox = Sandbox()
    background = Background(sandbox)

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(background._started, "result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        background.start()
    assert threads() == before


def test_a_world_starts_again_after_its_block() -> None:
    """The same world can be entered again; it begins anew."""
    sandbox = Sandbox()
    for _ in range(2):
        with sandbox:
            assert ask(sandbox) == 200
            assert len(sandbox.trace) == 1


async def test_a_with_block_within_a_loop_is_a_thread_of_its_own() -> None:
    """In asynchronous code, a plain `with` keeps the world off the loop that runs there."""
    with Sandbox() as sandbox:
        async with httpx2.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{sandbox.addresses.workos}/oauth2/jwks")).status_code == 200
        assert len(sandbox.trace) == 1


# --- steering ----------------------------------------------------------------------------------------------------

_STEERING: Final[dict[str, Callable[[Sandbox], Any]]] = {
    "use": lambda sandbox: sandbox.use("slow-token"),
    "fix": lambda sandbox: sandbox.fix(),
    "change": lambda sandbox: sandbox.change({"workos": {"mode": "production"}}),
    "reset": lambda sandbox: sandbox.reset(),
    "effect": lambda sandbox: sandbox.effect("rotate", "signing-key"),
    "findings": lambda sandbox: sandbox.findings,
    "unfired": lambda sandbox: sandbox.unfired(),
    "trace": lambda sandbox: sandbox.trace,
    "saw": lambda sandbox: sandbox.saw(),
    "environment": lambda sandbox: sandbox.environment,
}


@pytest.mark.parametrize("name", _STEERING)
def test_everything_runs_on_the_thread_of_the_loop(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever steers or asks from another thread has it done on the world's own, where nothing else happens then."""
    where: list[int] = []
    before = threads()
    with Sandbox() as sandbox:
        done = sandbox.home.do

        def spied(work: Callable[[], Any], *more: Any) -> Any:
            def watched() -> Any:
                where.append(threading.get_ident())
                return work()

            return done(watched, *more)

        monkeypatch.setattr(sandbox.home, "do", spied)
        _STEERING[name](sandbox)
        (thread,) = {each.ident for each in threads() - before}
    assert where
    assert {*where} == {thread}


def test_what_is_refused_is_raised_in_the_thread_that_asked() -> None:
    """A scenario that there is not is refused where it was asked for, and the world stays as it is."""
    with Sandbox() as sandbox:
        with pytest.raises(SandboxError, match="Did you mean `slow-token`"):
            sandbox.use("slow-tokn")
        assert sandbox.scenario.name == "healthy"


def test_use_with_a_world_lays_it_over_from_then_on() -> None:
    """`use(…, world=…)` takes the place of what the start laid over; a reset and a later `use` keep it."""
    with Sandbox(world=AUTOMATIC) as sandbox:
        sandbox.use("slow-token", world={"workos": {"mode": "production"}})
        assert (sandbox.world.workos.sign_in, sandbox.world.workos.mode) == ("page", "production")
        sandbox.reset()
        sandbox.use("healthy")
        assert sandbox.world.workos.mode == "production"


async def test_a_world_on_this_loop_is_steered_from_a_thread(start: Start) -> None:
    """A world of `async with` does what another thread asks, on its own loop."""
    sandbox = await start()
    await asyncio.to_thread(sandbox.use, "slow-token")
    assert sandbox.scenario.name == "slow-token"
    assert await asyncio.to_thread(lambda: sandbox.findings) == []


def test_many_threads_at_once() -> None:
    """Eight threads ask, steer and read at the same time; every exchange is counted once, and none fails."""
    with Sandbox() as sandbox:
        errors: list[Exception] = []

        def busy() -> None:
            try:
                for _ in range(10):
                    assert ask(sandbox) == 200
                    sandbox.change({"workos": {"mode": "production"}})
                    assert sandbox.findings == []
                    assert len(list(sandbox.trace)) > 0
            except Exception as error:  # noqa: BLE001 - it is looked at below
                errors.append(error)

        crowd = [threading.Thread(target=busy) for _ in range(8)]
        for each in crowd:
            each.start()
        for each in crowd:
            each.join()
        assert errors == []
        assert sorted(exchange.number for exchange in sandbox.trace) == list(range(1, 81))


def test_who_waits_for_a_world_that_ends_is_told() -> None:
    """A question that the loop never came to, as it ended, is answered with an error, and not with silence."""
    sandbox = Sandbox()
    background = Background(sandbox)
    background.start()
    began, told = threading.Event(), []

    async def never() -> None:
        began.set()
        await asyncio.Event().wait()

    def wait() -> None:
        try:
            sandbox.home.do(lambda: None, never)
        except SandboxError as error:
            told.append(str(error))

    waiting = threading.Thread(target=wait)
    waiting.start()
    began.wait(5)
    background.stop()
    waiting.join(5)
    assert told == ["The sandbox stopped meanwhile."]


# --- a browser for its clients -----------------------------------------------------------------------------------


def test_the_environment_names_the_browser_stand_in() -> None:
    """`environment` has a BROWSER that is there, and says nothing of certificates while all is HTTP."""
    with Sandbox() as sandbox:
        assert [*sandbox.environment] == ["BROWSER"]
        assert sandbox.environment["BROWSER"].endswith("sandbox-browser")


def test_the_environment_of_a_secure_world_trusts_it() -> None:
    """Where a port speaks HTTPS, a client that reads SSL_CERT_FILE trusts it; the file goes with the world."""
    import ssl
    from pathlib import Path

    with Sandbox(world={"tls": {"workos": "on"}}) as sandbox:
        file = sandbox.environment["SSL_CERT_FILE"]
        assert sandbox.environment["NODE_EXTRA_CA_CERTS"] == file
        trusting = ssl.create_default_context(cafile=file)
        answer = httpx2.get(f"{sandbox.addresses.workos}/oauth2/jwks", verify=trusting, trust_env=False)
        assert answer.status_code == 200
    assert not Path(file).exists()


async def test_browse_refuses_to_wait_for_its_own_thread(start: Start) -> None:
    """On the loop that would have to answer, `browse` says how to call it, at once."""
    sandbox = await start()
    with pytest.raises(SandboxError, match="to_thread"):
        sandbox.browse(sandbox.addresses.workos)


def test_a_running_sandbox_is_not_entered_again() -> None:
    """Entering it twice is refused in words, and the world that runs goes on."""
    with Sandbox() as sandbox:
        with pytest.raises(SandboxError, match="This sandbox runs already"), sandbox:
            pass
        assert httpx2.get(f"{sandbox.addresses.console}/health").status_code == 200
    with sandbox:  # once it has ended, it may
        assert httpx2.get(f"{sandbox.addresses.console}/health").status_code == 200
