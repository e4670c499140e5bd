"""`sandbox up`: run a world in the foreground, with its timeline, until somebody ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import msgspec

from sandbox.errors import SandboxError
from sandbox.sandbox import Ports, Sandbox
from sandbox.scenario import find
from sandbox.steering import RUNNING
from sandbox.timeline import line
from sandbox.wire.exchange import Exchange
from sandbox.wire.port import LOOPBACK

UNSAFE: Final = (
    "Listening on {address}: whoever reaches this machine can sign in as an invented user, read the logs and steer the"
    " sandbox. Host names are not checked either. Only do this on a network of your own."
)


class Options(NamedTuple):
    """What the command line says."""

    scenario: str
    workos_port: int
    mcp_port: int
    console_port: int
    as_json: bool
    sign_in: str | None
    manifest: Path | None
    fresh: bool
    seed: int | None
    state_dir: Path
    reveal: bool
    listen: str | None


def run(options: Options) -> None:
    """Run until Ctrl-C or SIGTERM; raise SandboxError for what stands in the way of a start."""
    sandbox = Sandbox(
        find(options.scenario),
        ports=Ports(options.workos_port, options.mcp_port, options.console_port),
        addresses=(options.listen,) if options.listen else LOOPBACK,
        world=_overrides(options),
        state_dir=None if options.seed is not None else options.state_dir,
        seed=options.seed,
        reveal=options.reveal,
    )
    _make_state_dir(options.state_dir, fresh=options.fresh)
    _log_to(options.state_dir / "sandbox.log")
    if options.listen is not None:
        click.echo(click.style(UNSAFE.format(address=options.listen), fg="yellow"), err=True)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(sandbox, options.state_dir, as_json=options.as_json))


def _overrides(options: Options) -> dict[str, Any]:
    """Give what the command line lays over the scenario's world."""
    world: dict[str, Any] = {}
    if options.manifest is not None:
        from sandbox.log_aggregator.manifest import read_manifest

        world = read_manifest(options.manifest)
    if options.sign_in is not None:
        world = {**world, "workos": {"sign_in": options.sign_in}}
    return world


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not on every machine
        return None
    return uvloop.new_event_loop


def _make_state_dir(state_dir: Path, *, fresh: bool) -> None:
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (state_dir / ".gitignore").write_text("*\n")
        if fresh:
            for file in state_dir.glob("state.sqlite*"):
                file.unlink()
            (state_dir / "signing-key.pem").unlink(missing_ok=True)
    except OSError as error:
        raise SandboxError(f"{state_dir}: {error.strerror}. Choose another with --state-dir.") from error


def _log_to(file: Path) -> None:
    """Let what the libraries have to say go to a file, not between the lines of the timeline."""
    logging.basicConfig(filename=file, level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.captureWarnings(capture=True)


async def _serve(sandbox: Sandbox, state_dir: Path, *, as_json: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with sandbox:
        with _announced(sandbox, state_dir):
            _say(_ready(sandbox) if as_json else _greeting(sandbox))
            sandbox.trace.subscribe(_as_json if as_json else _as_line)
            await stop.wait()
        unfired = sandbox.unfired()
    if not as_json:
        for fault in unfired if len(sandbox.trace) else ():
            _say(click.style(fault, dim=True))
        _say("\nStopped.")


@contextlib.contextmanager
def _announced(sandbox: Sandbox, state_dir: Path) -> Iterator[None]:
    """Leave word of where the sandbox is, for `sandbox use`, `fix` and `reset`."""
    file = state_dir / RUNNING
    said = json.dumps({"console": sandbox.addresses.console, "pid": os.getpid()})
    try:
        file.write_text(said)
    except OSError as error:
        raise SandboxError(f"{file}: {error.strerror}") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if file.read_text() == said:
                file.unlink()


def _say(text: str) -> None:
    """Print at once; a reader who left is no reason to stop."""
    with contextlib.suppress(BrokenPipeError):
        click.echo(text)
        sys.stdout.flush()


def _as_line(exchange: Exchange) -> None:
    if exchange.ended == "open" or exchange.step != "messages" or exchange.method != "GET":
        _say(line(exchange))


def _as_json(exchange: Exchange) -> None:
    _say(msgspec.json.encode({"exchange": exchange}).decode())


def _ready(sandbox: Sandbox) -> str:
    return json.dumps(
        {
            "ready": True,
            "workos": sandbox.addresses.workos,
            "mcp": sandbox.mcp_url,
            "console": sandbox.addresses.console,
            "scenario": sandbox.scenario.name,
        }
    )


def _greeting(sandbox: Sandbox) -> str:
    scenario = sandbox.scenario
    rows = (
        ("WorkOS", sandbox.addresses.workos, "AuthKit, emulated"),
        ("log-aggregator", sandbox.mcp_url, "the MCP server"),
        ("console", sandbox.addresses.console, "the control API"),
    )
    lines = [
        "",
        f"  {click.style(scenario.name, bold=True)}  {scenario.title}",
        _dim("  Invented users, invented logs. Nothing leaves this machine.") if sandbox.is_loopback else "",
        "",
        *(f"  {name:<15} {click.style(url, fg='cyan'):<45} {_dim(what)}" for name, url, what in rows),
        "",
        "  Paste into another terminal:",
        "",
        f"    claude mcp add --transport http log-aggregator {sandbox.mcp_url}",
        "    claude mcp list",
        "",
        _dim("  Sign in with /mcp in Claude Code, or `claude mcp login log-aggregator`. Ctrl-C ends the sandbox."),
        "",
    ]
    return "\n".join(lines)


def _dim(text: str) -> str:
    return click.style(text, dim=True)
