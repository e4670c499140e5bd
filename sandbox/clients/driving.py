"""A client driven through a world of its own, and what came of it."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from sandbox.clients.adapter import Adapter
from sandbox.clients.process import USUAL, Ended, Limits
from sandbox.clients.run import Run
from sandbox.clients.words import settled
from sandbox.diagnosis import diagnose
from sandbox.diagnosis.progress import last_step, protocol_version, sign_ins
from sandbox.durations import seconds
from sandbox.errors import SandboxError
from sandbox.flow import Step
from sandbox.sandbox import Sandbox
from sandbox.scenario import Scenario

_SETTLE: Final = 1.0
"""Seconds in which the sandbox notices that a client which was cut off waits no more."""
_HANDSHAKE: Final = 0.5
"""Seconds after which a connection given up within the TLS handshake is on the record."""
_USUAL: Final = {"workos": 4100, "mcp": 4101, "console": 4102, "other": 4103}


class Outcome(Struct, kw_only=True):
    """How a client fared in a scenario."""

    scenario: str
    connected: bool
    """By the client's own words."""
    asks: bool = False
    """Whether it stopped to ask for a sign-in that it cannot begin without a person."""
    sign_ins: int = 0
    """How often it sent its person to the browser, and got a code."""
    reached: Step | None = None
    """The last step that worked, read from the wire."""
    finding: str | None = None
    """What the diagnosis says first, read from the wire."""
    unfired: tuple[str, ...] = ()
    """Faults that never acted, and why: this client does not meet them."""
    said: tuple[str, ...] = ()
    """What its user reads, without what differs from run to run."""
    ended: Ended = "exited"
    """How it ended, where a program of it did not by itself."""
    left: int = 0
    """How many processes it left behind."""
    speaks: str | None = None
    """The newest MCP version that it asked for."""
    exit_status: int | None = None
    """Of its last program; None when that was cut off."""
    seconds: float = 0.0
    printed: str = ""
    """All that it printed, to the letter."""


async def drive(
    adapter: Adapter,
    scenario: Scenario,
    state_dir: Path,
    *,
    limits: Limits = USUAL,
    begun: Callable[[Sandbox], None] = lambda _: None,
    told: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Start a world, drive a client through it, and tell how it fared.

    `begun` is told of the world when it runs, `told` of every program before it starts and of
    what it printed. Raise SandboxError when the
    client is not there, or cannot be started.
    """
    if not adapter.is_installed(state_dir):
        raise SandboxError(f"{adapter.title} is not installed. `sandbox clients install {adapter.name}` does it.")
    async with Sandbox(scenario) as sandbox:
        await sandbox.ready()
        begun(sandbox)
        with tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as home:
            run = new_run(adapter, sandbox, Path(home), state_dir, limits)
            run.told = told
            began = time.monotonic()
            verdict = await adapter.drive(run)
            took = time.monotonic() - began
        await _settled(sandbox)
        exchanges = list(sandbox.trace)
        broken = [finding for finding in diagnose(exchanges) if finding.severity == "broken"]
        said = (settled(line, _addresses(sandbox, home)) for line in verdict.said)
        return Outcome(
            scenario=scenario.name,
            connected=verdict.connected,
            asks=verdict.asks,
            sign_ins=sign_ins(exchanges),
            reached=last_step(exchanges),
            finding=broken[0].id if broken else None,
            unfired=tuple(sandbox.unfired()),
            said=tuple(dict.fromkeys(line for line in said if line)),
            ended=next((one.ended for one in run.printed if one.ended != "exited"), "exited"),
            left=sum(one.left for one in run.printed),
            speaks=protocol_version(exchanges),
            exit_status=run.printed[-1].exit_status if run.printed else None,
            seconds=round(took, 1),
            printed="\n".join(one.text.rstrip("\n") for one in run.printed if one.text.strip()),
        )


def new_run(adapter: Adapter, sandbox: Sandbox, home: Path, state_dir: Path, limits: Limits = USUAL) -> Run:
    """Make a run in a world: a home, whom to trust, and as much patience as the scenario asks for."""
    heard = [0.0]
    sandbox.trace.subscribe(lambda _: heard.__setitem__(0, time.monotonic()))
    delays = sum(seconds(fault.delay) for fault in sandbox.scenario.faults if fault.delay)
    return Run(
        url=sandbox.mcp_url,
        home=home,
        folder=adapter.folder(state_dir),
        refreshes=sandbox.scenario.step == "refresh",
        expire_tokens=lambda: sandbox.effect("expire", "access-tokens"),
        heard=lambda: heard[0],
        limits=limits._replace(silence=limits.silence + delays),
        trusted=sandbox.certificates.file if sandbox.is_secure else None,
    )


async def _settled(sandbox: Sandbox) -> None:
    """Wait until all that the client asked is on the record."""
    if sandbox.is_secure:
        await asyncio.sleep(_HANDSHAKE)
    until = time.monotonic() + _SETTLE
    while sandbox.wire.unanswered and time.monotonic() < until:  # noqa: ASYNC110 - nobody tells when it is over
        await asyncio.sleep(0.01)


def _addresses(sandbox: Sandbox, home: str) -> dict[str, str]:
    """Give what to write for what only this run has: its addresses, and the client's home."""
    found = {home: "~"}
    for name, port in _USUAL.items():
        address = getattr(sandbox.addresses, name)
        number = address.rpartition(":")[2]
        found |= {f"{host}:{number}": f"{host}:{port}" for host in ("localhost", "127.0.0.1", "[::1]")}
    return found
