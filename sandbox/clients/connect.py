"""`sandbox connect`: one client in one scenario, with all that it prints, all that it asks, and what is wrong."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Final, NamedTuple

import click
import msgspec

from sandbox.clients import command as any_command
from sandbox.clients import named
from sandbox.clients.adapter import Adapter
from sandbox.clients.driving import Outcome, drive
from sandbox.clients.process import Ended, Limits
from sandbox.diagnosis import report
from sandbox.errors import SandboxError
from sandbox.leaving import as_ctrl_c
from sandbox.plain import one_line, text_width
from sandbox.sandbox import Sandbox
from sandbox.scenario import Scenario, find
from sandbox.timeline import line
from sandbox.wire.exchange import Exchange

_LONGEST: Final = 4000
"""The most characters of a line that a client printed."""
_BAR: Final = "│ "
HOW_IT_ENDED: Final[dict[Ended, str]] = {
    "exited": "",
    "crashed": "it crashed",
    "silent": "it said and asked nothing for too long, and was ended",
    "waiting for input": "it waited for somebody to type, and was ended",
    "too long": "it took too long, and was ended",
    "flooded": "it printed without end, and was ended",
    "not driven": "it could not be driven",
}


class Options(NamedTuple):
    """What the command line says."""

    scenario: str
    client: str | None
    command: str | None
    as_json: bool
    state_dir: Path
    timeout: float
    silence: float


def run(options: Options) -> bool:
    """Drive the client and print; say whether it connected. Raise SandboxError when it cannot be driven."""
    scenario, adapter = find(options.scenario), adapter_of(options.client, options.command)
    limits = Limits(seconds=options.timeout, silence=options.silence)
    if not options.as_json:
        click.echo(f"\n{click.style(scenario.name, bold=True)}  {scenario.title}\n")
    with as_ctrl_c():
        sandbox, outcome = asyncio.run(_driven(adapter, scenario, options.state_dir, limits, live=not options.as_json))
    click.echo((as_json if options.as_json else as_text)(adapter, outcome, sandbox))
    return outcome.connected


def adapter_of(client: str | None, command: str | None) -> Adapter:
    """Give the client that is meant: by its name, or by a command. Raise SandboxError for both, and for neither."""
    if (client is None) == (command is None):
        raise SandboxError('Name a client with --client, or any command with --command "my-client {mcp_url}".')
    return named(client) if client is not None else any_command.adapter(command or "")


async def _driven(
    adapter: Adapter, scenario: Scenario, state_dir: Path, limits: Limits, *, live: bool
) -> tuple[Sandbox, Outcome]:
    """Drive, and give the world with its trace as well; `live` prints what happens as it happens."""
    worlds: list[Sandbox] = []

    def begun(sandbox: Sandbox) -> None:
        worlds.append(sandbox)
        if live:
            sandbox.trace.subscribe(_print)

    def told(text: str) -> None:
        for each in text.rstrip("\n").splitlines() if live else ():
            shown = one_line(each, _LONGEST)
            click.echo(click.style(shown, fg="cyan") if each.startswith("$ ") else click.style(_BAR, dim=True) + shown)

    outcome = await drive(adapter, scenario, state_dir, limits=limits, begun=begun, told=told)
    return worlds[0], outcome


def _print(exchange: Exchange) -> None:
    """Print an exchange when it is over; a stream stays open until then."""
    if exchange.ended != "open":
        click.echo(line(exchange))


def as_text(adapter: Adapter, outcome: Outcome, sandbox: Sandbox) -> str:
    """Tell how it went: the verdict in a line, what never happened, and the findings."""
    width = text_width()
    parts = ["", verdict(adapter, outcome)]
    parts += [click.style(fault, dim=True) for fault in outcome.unfired]
    parts += ["", report.as_text(sandbox.findings, list(sandbox.trace), width=width)]
    return "\n".join(parts)


def verdict(adapter: Adapter, outcome: Outcome) -> str:
    """Say in a line whether the client connected, how far it came, and how it ended."""
    if outcome.asks:
        mark = click.style("? asks for a sign-in", fg="yellow")
    elif outcome.connected:
        mark = click.style("✓ connected", fg="green")
    else:
        mark = click.style("✗ not connected", fg="red")
    notes = [
        f"{adapter.title} {adapter.version}".strip(),
        f"reached {outcome.reached}" if outcome.reached else "reached no step",
        f"{outcome.sign_ins} sign-ins" if outcome.sign_ins > 1 else "",
        f"exit status {outcome.exit_status}" if outcome.exit_status else "",
        HOW_IT_ENDED[outcome.ended],
        f"{outcome.left} of its processes were left behind, and ended" if outcome.left else "",
        f"{outcome.seconds:.1f} s",
    ]
    return f"{mark}  {' · '.join(filter(None, notes))}"


def as_json(adapter: Adapter, outcome: Outcome, sandbox: Sandbox) -> str:
    """Give all of it as one line of JSON."""
    told = {
        "client": adapter.name,
        "version": adapter.version,
        **msgspec.to_builtins(outcome),
        "findings": msgspec.to_builtins(sandbox.findings),
        "exchanges": len(sandbox.trace),
    }
    return json.dumps(told, ensure_ascii=False)
