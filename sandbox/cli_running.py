"""The commands that steer the running sandbox. They read arguments, ask, and print; nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from sandbox.cli_options import state_dir


def _steering(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that tell which running sandbox is meant."""
    console = click.option("--console", metavar="URL", help="The console's address, which `sandbox up` prints.")
    named: Callable[..., None] = state_dir("The directory that it was started with.")(console(command))
    return named


@click.command()
@click.argument("scenario")
@_steering
def use(scenario: str, console: str | None, state_dir: Path) -> None:
    """Switch the running sandbox to SCENARIO."""
    import msgspec

    from sandbox.scenario import find
    from sandbox.steering import ask

    found = find(scenario)
    before = ask("GET", "/api/scenario", None, console=console, state_dir=state_dir)["mcp"]
    now = ask("PUT", "/api/scenario", msgspec.to_builtins(found), console=console, state_dir=state_dir)["mcp"]
    click.echo(f"Now {found.name}: {found.title}")
    if now != before:
        click.echo(
            f"The MCP server is at another URL now. Add it anew:\n\n    claude mcp remove log-aggregator\n"
            f"    claude mcp add --transport http log-aggregator {now}"
        )


@click.command()
@_steering
def fix(console: str | None, state_dir: Path) -> None:
    """Apply the fix of the running scenario."""
    from sandbox.steering import ask

    running = ask("POST", "/api/fix", None, console=console, state_dir=state_dir)
    if running.get("fix"):
        click.echo(f"Fixed. This is what a person would have done: {running['fix'].strip()}")
        click.echo("Clients may remember what they read before: `claude mcp login log-aggregator` begins anew.")
    else:
        click.echo("This scenario has nothing to fix.")


@click.command()
@_steering
def reset(console: str | None, state_dir: Path) -> None:
    """Restore the running sandbox: no clients, no sessions, no trace."""
    from sandbox.steering import ask

    running = ask("POST", "/api/reset", None, console=console, state_dir=state_dir)
    click.echo(f"{running['name']} begins anew, failures included. `sandbox use healthy` leaves them.")


COMMANDS: Final = (use, fix, reset)
