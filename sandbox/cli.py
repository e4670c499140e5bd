"""The command line. It reads arguments, asks the library or the running sandbox, and prints; nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from sandbox import __version__
from sandbox.errors import SandboxError

DONE, FOUND, BAD_INPUT = 0, 1, 2
"""Exit codes: done; findings, or not connected; usage or bad input."""

STATE_DIR: Final = Path(".sandbox")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sandbox")
def cli() -> None:
    """Run the Claude Code, MCP server and WorkOS sign-in flow on localhost, working, and broken on purpose."""


# --- run ---------------------------------------------------------------------------------------------------------


@cli.command()
@click.argument("scenario", default="healthy")
@click.option("--workos-port", default=4100, show_default=True, help="Port of WorkOS; 0 is any free one.")
@click.option("--mcp-port", default=4101, show_default=True, help="Port of log-aggregator.")
@click.option("--console-port", default=4102, show_default=True, help="Port of the control API.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line instead of the timeline.")
@click.option("--sign-in", type=click.Choice(["page", "automatic", "deny"]), help="Show the pages, or decide at once.")
@click.option("--manifest", type=click.Path(path_type=Path), help="Publish what this raindrop.manifest says.")
@click.option("--fresh", is_flag=True, help="Forget the clients, grants and signing key of earlier runs.")
@click.option("--seed", type=int, help="Make every id, code and key, and the clock, repeatable; nothing is kept.")
@click.option(
    "--state-dir", type=click.Path(path_type=Path), default=STATE_DIR, show_default=True, help="What is kept."
)
@click.option("--reveal", is_flag=True, help="Show tokens, codes and secrets whole in traces.")
@click.option("--listen", metavar="ADDRESS", help="Listen on this address instead of loopback. Unsafe; it says why.")
def up(**options: Any) -> None:
    """Run the world of SCENARIO: a name of the library, or a file."""
    from sandbox.up import Options, run

    run(Options(**options))


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
    for scenario in found:
        name = click.style(f"{scenario.name:<{width}}", bold=True)
        step = click.style(f"{scenario.step or '':<17}", dim=True)
        click.echo(f"{name}  {step}  {scenario.title}")


@cli.command()
@click.argument("scenario")
def show(scenario: str) -> None:
    """Tell the story, the cause and the fix of SCENARIO."""
    from sandbox.scenario import find

    found = find(scenario)
    click.echo(click.style(found.title, bold=True))
    click.echo(f"sandbox up {found.name}" + (f"   breaks at {found.step}" if found.step else ""))
    texts = {
        "Story": found.story,
        "Faults": "\n".join(f"at {fault.at}: {fault}" for fault in found.faults),
        "World": json.dumps(found.world, indent=2) if found.world else "",
        "Cause": found.cause or "",
        "Fix": found.fix or "",
        "References": "\n".join(found.references),
    }
    for heading, text in texts.items():
        if text:
            click.echo(f"\n{click.style(heading, fg='cyan')}")
            click.echo(
                "\n".join(
                    click.wrap_text(part, 96, "  ", "  ") if heading != "World" else f"  {part}"
                    for part in text.strip().splitlines()
                )
            )


@cli.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def lint(files: tuple[str, ...]) -> None:
    """Check scenario files."""
    from sandbox.scenario import ScenarioError, read

    wrong = 0
    for file in files:
        try:
            read(Path(file))
        except ScenarioError as error:
            wrong += 1
            click.echo(str(error), err=True)
    if wrong:
        raise click.exceptions.Exit(BAD_INPUT)
    click.echo(f"{len(files)} scenario file{'s' if len(files) != 1 else ''}, nothing wrong.")


@cli.command()
def schema() -> None:
    """Print the JSON Schema of scenario files."""
    from sandbox.scenario import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


# --- steer the running sandbox -----------------------------------------------------------------------------------


def _steering(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that tell which running sandbox is meant."""
    state = click.option("--state-dir", type=click.Path(path_type=Path), default=STATE_DIR, help="Of which sandbox.")
    return state(
        click.option("--console", metavar="URL", help="The console's address, if not the one of the state.")(command)
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
    fields = {name: value for name, value in msgspec.to_builtins(found).items() if value not in (None, [], {})}
    fields["faults"] = [
        {name: value for name, value in fault.items() if value not in (None, {})} for fault in fields.get("faults", [])
    ]
    ask("PUT", "/api/scenario", fields, console=console, state_dir=state_dir)
    click.echo(f"Now {found.name}: {found.title}")


@cli.command()
@_steering
def fix(console: str | None, state_dir: Path) -> None:
    """Apply the fix of the running scenario."""
    from sandbox.steering import ask

    running = ask("POST", "/api/fix", None, console=console, state_dir=state_dir)
    click.echo(running.get("fix") or "This scenario has nothing to fix.")


@cli.command()
@_steering
def reset(console: str | None, state_dir: Path) -> None:
    """Restore the running sandbox: no clients, no sessions, no trace."""
    from sandbox.steering import ask

    running = ask("POST", "/api/reset", None, console=console, state_dir=state_dir)
    click.echo(f"{running['name']} begins anew.")


# --- errors ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _errors_as_lines() -> Iterator[None]:
    """Print what goes wrong as one clear line on standard error, never as a traceback."""
    try:
        yield
    except SandboxError as error:
        click.echo(f"sandbox: {error}", err=True)
        sys.exit(BAD_INPUT)
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_INPUT)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)


def main() -> None:
    """Run the command line."""
    with _errors_as_lines():
        cli.main(standalone_mode=False)
