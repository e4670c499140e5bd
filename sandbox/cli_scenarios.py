"""The commands about the library of scenarios. They read arguments, ask, and print; nothing else."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Final

import click

from sandbox.errors import SandboxError
from sandbox.leaving import BAD_INPUT
from sandbox.plain import text_width

_STEP, _TITLE = 21, 70
"""The columns of a step between spaces, and of nearly every title."""


@click.command()
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

    return textwrap.fill(
        text,
        text_width(),
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,  # a name or a path stays whole, to be copied
        break_long_words=False,
    )


@click.command()
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


@click.command()
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


@click.command()
def schema() -> None:
    """Print the JSON Schema of scenario files."""
    from sandbox.scenario import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


COMMANDS: Final = (scenarios, show, lint, schema)
