"""The commands about real clients. They read arguments and print; nothing else."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, Final

import click

from sandbox.cli_options import state_dir
from sandbox.errors import SandboxError
from sandbox.leaving import DONE, FOUND, as_ctrl_c

_STATE_DIR: Final = state_dir("Where clients are installed.")
_COMMAND: Final = click.option(
    "--command", metavar="COMMAND", help="Any client: a command with {mcp_url} where the URL goes."
)


def _number(_context: click.Context, _option: click.Parameter, value: float) -> float:
    """Refuse what is no number, which is neither too small nor too large."""
    if math.isnan(value):
        raise click.BadParameter("nan is no number of seconds.")
    return value


_TIMEOUT: Final = click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 3600),
    callback=_number,
    default=60.0,
    show_default=True,
    help="How long each program may take.",
)
_SILENCE: Final = click.option(
    "--silence",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 3600),
    callback=_number,
    default=6.0,
    show_default=True,
    help="How long it may say and ask nothing.",
)


@click.group(invoke_without_command=True)
@_STATE_DIR
@click.pass_context
def clients(context: click.Context, /, state_dir: Path) -> None:
    """List the clients that can be driven, and whether they are installed."""
    context.obj = state_dir
    if context.invoked_subcommand is not None:
        return
    from sandbox.clients import CLIENTS

    width = max(map(len, CLIENTS))
    for name, adapter in CLIENTS.items():
        here = adapter.is_installed(state_dir)
        said = "installed" if here else f"sandbox clients install {name}"
        what = f"{adapter.title} {adapter.version}"
        click.echo(f"{click.style(f'{name:<{width}}', bold=True)}  {what:<28} {click.style(said, dim=not here)}")


@clients.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "every", is_flag=True, help="Install every client.")
@click.option("--quiet", is_flag=True, help="Say nothing of those that are installed.")
@click.option("--state-dir", "own", metavar="DIR", type=click.Path(path_type=Path), help="As before `install`.")
@click.pass_obj
def install(given: Path, names: tuple[str, ...], *, every: bool, quiet: bool, own: Path | None) -> None:
    """Install clients by name, pinned, from the registries that npm and pip are set up for."""
    from sandbox.clients import CLIENTS, named

    if not names and not every:
        raise SandboxError(f"Name the clients to install, or --all of them: {', '.join(CLIENTS)}.")
    state_dir = own or given
    failed: list[str] = []
    for adapter in [named(name) for name in (CLIENTS if every else names)]:
        if adapter.package is None or adapter.is_installed(state_dir):
            if not quiet:
                where = "is installed" if adapter.package else "comes with the sandbox"
                click.echo(f"{adapter.name} {adapter.version} {where}.")
            continue
        package = adapter.package
        click.echo(f"Installing {package.name} {package.version} from {package.registry} ...")
        try:
            with as_ctrl_c():
                package.install(adapter.folder(state_dir))
        except SandboxError as error:  # the others may still be had
            failed.append(str(error))
    if failed:
        raise SandboxError(" ".join(failed))


@click.command()
@click.argument("scenario", default="healthy")
@click.option("--client", metavar="NAME", help="A client of `sandbox clients`.")
@_COMMAND
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_TIMEOUT
@_SILENCE
@_STATE_DIR
@click.pass_context
def connect(context: click.Context, /, **options: Any) -> None:
    """Drive a real client through the world of SCENARIO, and say whether it connected.

    Exits with 0 when it connected, 1 when it did not, 2 when it could not be driven.
    """
    from sandbox.clients.connect import Options, run

    context.exit(DONE if run(Options(**options)) else FOUND)


@click.command()
@click.option("--client", "clients", metavar="NAME", multiple=True, help="Measure this client; all installed without.")
@_COMMAND
@click.option("--scenario", "scenarios", metavar="NAME", multiple=True, help="Measure this scenario; all without.")
@click.option("--again", is_flag=True, help="Measure also what was measured before.")
@click.option("--shard", metavar="I/N", default="1/1", help="Measure one of N parts, to be merged later.")
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 64),
    default=os.cpu_count() or 1,
    show_default="one for each core",
    help="How many clients run at once.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path(".sandbox/observed"),
    show_default=True,
    help="Where the observations are kept, a file for each client.",
)
@click.option(
    "--merge",
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    multiple=True,
    help="Measure nothing; take in the observations in and below this directory. Repeat.",
)
@click.option("--html", metavar="FILE", type=click.Path(path_type=Path), help="Write the table as a page.")
@click.option("--markdown", metavar="FILE", type=click.Path(path_type=Path), help="Write the table as Markdown.")
@_TIMEOUT
@_SILENCE
@_STATE_DIR
def matrix(**options: Any) -> None:
    """Drive every client through every scenario, and keep what was observed; what is known is not measured again."""
    from sandbox.clients.survey import Options, run

    run(Options(**options))


COMMANDS: Final = (clients, connect, matrix)
