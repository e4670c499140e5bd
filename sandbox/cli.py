"""The command line. It reads arguments, asks the library or the running sandbox, and prints; nothing else."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

import click

from sandbox import __version__, cli_clients, cli_running, cli_scenarios
from sandbox.cli_options import state_dir
from sandbox.errors import SandboxError
from sandbox.leaving import BAD_INPUT, DONE, FOUND, INTERRUPTED
from sandbox.plain import text_width


class _Commands(click.Group):
    """The commands in the order in which they are added, which is the order in which one needs them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # the reader has seen enough
            _drop_output()
            ctx.exit(DONE)


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sandbox")
@click.pass_context
def cli(context: click.Context, /) -> None:
    """Run the Claude Code, MCP server and WorkOS sign-in flow on localhost, working, and broken on purpose."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


# --- run ---------------------------------------------------------------------------------------------------------


def _port(_context: click.Context, _option: click.Parameter, number: int) -> int:
    """Refuse what is no port number."""
    if not 0 <= number < 2**16:
        raise click.BadParameter(f"{number} is no port; ports go from 0 to 65535.")
    return number


@click.command()
@click.argument("scenario", default="healthy")
@click.option(
    "--workos-port",
    metavar="N",
    callback=_port,
    default=4100,
    show_default=True,
    help="Port of WorkOS; 0 is any free one.",
)
@click.option(
    "--mcp-port", metavar="N", callback=_port, default=4101, show_default=True, help="Port of log-aggregator."
)
@click.option(
    "--console-port", metavar="N", callback=_port, default=4102, show_default=True, help="Port of the console."
)
@click.option(
    "--other-port",
    metavar="N",
    callback=_port,
    default=4103,
    show_default=True,
    help="Port of a second authorization server.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line instead of the timeline.")
@click.option("--sign-in", type=click.Choice(["page", "automatic", "deny"]), help="Show the pages, or decide at once.")
@click.option(
    "--manifest", metavar="FILE", type=click.Path(path_type=Path), help="Publish what this raindrop.manifest says."
)
@click.option("--fresh", is_flag=True, help="Forget the clients, grants and signing key of earlier runs.")
@click.option(
    "--seed", metavar="N", type=int, help="Make every id, code and key, and the clock, repeatable; nothing is kept."
)
@state_dir("Where clients, grants and the signing key are kept.")
@click.option("--reveal", is_flag=True, help="Show tokens, codes and secrets whole in traces.")
@click.option("--listen", metavar="ADDRESS", help="Listen on this address instead of loopback. Unsafe; it says why.")
@click.option("--until-eof", is_flag=True, help="End when standard input does, as when the program that holds it ends.")
@click.pass_context
def up(context: click.Context, /, **options: Any) -> None:
    """Run the world of SCENARIO: a name of the library, or a file."""
    from sandbox.up import Options, run

    run(Options(**options, colour=context.color))


# --- explain -----------------------------------------------------------------------------------------------------


@click.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a text.")
@click.option("--html", metavar="OUT", type=click.Path(path_type=Path), help="Write a report: one HTML file.")
@click.pass_context
def explain(context: click.Context, /, file: str, *, as_json: bool, html: Path | None) -> None:
    """Say what is wrong in FILE, a saved trace or a HAR; - reads standard input.

    Exits with 0 when nothing is broken, 1 when something is, 2 when it could not be read.
    """
    from sandbox.diagnosis import diagnose, report
    from sandbox.diagnosis.reading import read_file

    exchanges, notes = read_file(file)
    findings = diagnose(exchanges)
    if html is not None:
        from sandbox import report_page

        html.write_text(report_page.page(exchanges, findings, file, notes), encoding="utf-8")
    width = text_width()
    click.echo(
        report.as_json(findings, exchanges, notes) if as_json else report.as_text(findings, exchanges, notes, width)
    )
    if report.is_broken(findings):
        context.exit(FOUND)


# --- a live server -----------------------------------------------------------------------------------------------


@click.command()
@click.argument("url")
@click.option("--register", is_flag=True, help="Register a client as well.")
@click.option("--sign-in", is_flag=True, help="Connect as a client does: register, sign in, list the tools.")
@click.option("--call", metavar="TOOL", help="Sign in and call this tool as well, without arguments.")
@click.option("--client-id", metavar="ID", help="Sign in as this client, registered before.")
@click.option(
    "--callback-port",
    metavar="N",
    callback=_port,
    default=0,
    show_default=True,
    help="Port of the redirect back; 0 is any free one.",
)
@click.option("--allow-host", metavar="HOST", multiple=True, help="Ask this host even at a private address; repeat.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 120),
    default=10.0,
    show_default=True,
    help="How long each request may take.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--junit", metavar="FILE", type=click.Path(path_type=Path), help="Write JUnit XML.")
@click.option("--save", metavar="FILE.yaml", type=click.Path(path_type=Path), help="Write a scenario that is the same.")
@click.pass_context
def doctor(context: click.Context, /, **options: Any) -> None:
    """Examine a live MCP server at URL, and say what is wrong with it."""
    from sandbox.doctor.command import Options, run

    context.exit(run(Options(**options)))


for _command in (up, explain, *cli_scenarios.COMMANDS, *cli_running.COMMANDS, doctor, *cli_clients.COMMANDS):
    cli.add_command(_command)


# --- errors and colours ------------------------------------------------------------------------------------------


def _colour() -> bool | None:
    """Say whether to print colours: no-color.org, force-color.org; None leaves it to whether this is a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return False if os.environ.get("TERM") == "dumb" else None


def _said(error: Exception) -> str:
    """Say in one line what went wrong."""
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "sandbox"
        return f"{' '.join(error.format_message().split())} `{command} --help` tells more."
    if isinstance(error, (SandboxError, click.ClickException)):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'cannot print'}: {error.strerror or error}."
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"This is a mistake of the sandbox itself: {what}. `python -X dev -m sandbox …` shows where."


def _drop_output() -> None:
    """Let what is still to be flushed go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> int:
    """Run the command line and give the exit code; what goes wrong is one clear line on standard error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        code = cli.main(standalone_mode=False, color=_colour())
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except Exception as error:
        if sys.flags.dev_mode and not isinstance(error, (SandboxError, click.ClickException)):
            raise
        if isinstance(error, OSError) and error.filename is None:
            _drop_output()
        click.echo(f"sandbox: {_said(error)}", err=True)
        return BAD_INPUT
    return code if isinstance(code, int) else DONE
