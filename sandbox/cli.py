"""The command line. It reads arguments, asks the library or the running sandbox, and prints; nothing else."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from sandbox import __version__
from sandbox.cli_clients import COMMANDS
from sandbox.errors import SandboxError
from sandbox.leaving import INTERRUPTED

DONE, FOUND, BAD_INPUT = 0, 1, 2
"""Exit codes: done; findings, or not connected; usage or bad input."""

STATE_DIR: Final = Path(".sandbox")
_WIDEST: Final = 96
"""The columns of a text that is good to read."""

_STEP, _TITLE = 21, 70
"""The columns of a step between spaces, and of nearly every title."""


class _Commands(click.Group):
    """The commands in the order in which they are written here, which is the order in which one needs them."""

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


@cli.command()
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
@click.option(
    "--state-dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=STATE_DIR,
    show_default=True,
    help="Where clients, grants and the signing key are kept.",
)
@click.option("--reveal", is_flag=True, help="Show tokens, codes and secrets whole in traces.")
@click.option("--listen", metavar="ADDRESS", help="Listen on this address instead of loopback. Unsafe; it says why.")
@click.option("--until-eof", is_flag=True, help="End when standard input does, as when the program that holds it ends.")
@click.pass_context
def up(context: click.Context, /, **options: Any) -> None:
    """Run the world of SCENARIO: a name of the library, or a file."""
    from sandbox.up import Options, run

    run(Options(**options, colour=context.color))


# --- explain -----------------------------------------------------------------------------------------------------


@cli.command()
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
    width = min(shutil.get_terminal_size().columns - 1, _WIDEST)
    click.echo(
        report.as_json(findings, exchanges, notes) if as_json else report.as_text(findings, exchanges, notes, width)
    )
    if report.is_broken(findings):
        context.exit(FOUND)


# --- the library -------------------------------------------------------------------------------------------------


@cli.command()
@click.argument("word", required=False)
def scenarios(word: str | None) -> None:
    """List the scenarios, or those that WORD finds."""
    from sandbox.scenario import library, search

    found = search(word) if word else library()
    if not found:
        raise SandboxError(f"No scenario speaks of {word!r}. `sandbox scenarios` lists them all.")
    width = max(len(scenario.name) for scenario in found)
    narrow = sys.stdout.isatty() and shutil.get_terminal_size().columns < width + _STEP + _TITLE
    for scenario in found:
        name = click.style(f"{scenario.name:<{width}}", bold=True)
        step = click.style(f"{scenario.step or '':<17}", dim=True)
        title = f"\n{_wrapped(scenario.title, '    ')}" if narrow else f"  {scenario.title}"
        click.echo(f"{name}  {step}{title}")


def _wrapped(text: str, indent: str) -> str:
    import textwrap

    width = min(shutil.get_terminal_size().columns - 1, _WIDEST)
    return textwrap.fill(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,  # a name or a path stays whole, to be copied
        break_long_words=False,
    )


@cli.command()
@click.argument("scenario")
def show(scenario: str) -> None:
    """Tell the story, the cause and the fix of SCENARIO."""
    from sandbox.scenario import find, names

    found = find(scenario)
    click.echo(click.style(found.title, bold=True))
    asked = found.name if found.name in names() and "/" not in scenario else scenario
    click.echo(f"sandbox up {asked}" + (f"   breaks at {found.step}" if found.step else ""))
    texts = {
        "Story": found.story,
        "Faults": "\n".join(f"at {', '.join(fault.steps)}: {fault}" for fault in found.faults),
        "World": json.dumps(found.world, indent=2) if found.world else "",
        "Cause": found.cause or "",
        "Fix": found.fix or "",
        "References": "\n".join(found.references),
        "Also known as": ", ".join(found.also_known_as),
    }
    for heading, text in texts.items():
        if text:
            click.echo(f"\n{click.style(heading, fg='cyan')}")
            click.echo(
                "\n".join(
                    _wrapped(part, "  ") if heading != "World" else f"  {part}" for part in text.strip().splitlines()
                )
            )


@cli.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.pass_context
def lint(context: click.Context, /, files: tuple[str, ...]) -> None:
    """Check scenario files; say of each what is wrong, and where."""
    from sandbox.scenario import ScenarioError, read

    wrong = 0
    for file in files:
        try:
            read(Path(file))
        except ScenarioError as error:
            wrong += 1
            click.echo(str(error), err=True)
    if wrong:
        context.exit(BAD_INPUT)
    click.echo(f"{len(files)} scenario file{'s' if len(files) != 1 else ''}, nothing wrong.")


@cli.command()
def schema() -> None:
    """Print the JSON Schema of scenario files."""
    from sandbox.scenario import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


# --- steer the running sandbox -----------------------------------------------------------------------------------


def _steering(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that tell which running sandbox is meant."""
    state = click.option(
        "--state-dir",
        metavar="DIR",
        type=click.Path(path_type=Path),
        default=STATE_DIR,
        show_default=True,
        help="The directory that it was started with.",
    )
    return state(
        click.option("--console", metavar="URL", help="The console's address, which `sandbox up` prints.")(command)
    )


@cli.command()
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


@cli.command()
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


@cli.command()
@_steering
def reset(console: str | None, state_dir: Path) -> None:
    """Restore the running sandbox: no clients, no sessions, no trace."""
    from sandbox.steering import ask

    running = ask("POST", "/api/reset", None, console=console, state_dir=state_dir)
    click.echo(f"{running['name']} begins anew, failures included. `sandbox use healthy` leaves them.")


# --- a live server -----------------------------------------------------------------------------------------------


@cli.command()
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


for _command in COMMANDS:
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
