"""`sandbox matrix`: measure, or merge what was measured elsewhere, and write the tables."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from sandbox.clients import CLIENTS, named, table
from sandbox.clients import command as any_command
from sandbox.clients.adapter import Adapter
from sandbox.clients.connect import HOW_IT_ENDED
from sandbox.clients.driving import Outcome
from sandbox.clients.matrix import Cell, Matrix, shard
from sandbox.clients.observed import Observed, alone, merged, read_all, write
from sandbox.clients.process import Limits
from sandbox.errors import SandboxError
from sandbox.leaving import as_ctrl_c
from sandbox.scenario import Scenario, find, library


class Options(NamedTuple):
    """What the command line says."""

    clients: tuple[str, ...]
    command: str | None
    scenarios: tuple[str, ...]
    again: bool
    shard: str
    jobs: int
    out: Path
    merge: tuple[Path, ...]
    html: Path | None
    markdown: Path | None
    timeout: float
    silence: float
    state_dir: Path


def run(options: Options) -> None:
    """Measure or merge, and write. Raise SandboxError when something stands in the way."""
    part = shard(options.shard)
    scenarios = [find(name) for name in options.scenarios] or library()
    _check_places(options)
    if options.merge:
        observed = merged([*read_all(options.out), *(one for folder in options.merge for one in read_all(folder))])
        for one in observed:
            write(options.out, one)
    else:
        adapters = _adapters(options)
        matrix = Matrix(adapters, scenarios, options.out, part=part, again=options.again)
        click.echo(f"{len(matrix.cells)} to measure, of {len(adapters) * len(scenarios)}.")
        limits = Limits(seconds=options.timeout, silence=options.silence)
        told = _Progress(len(matrix.cells))
        with as_ctrl_c():
            asyncio.run(matrix.measure(options.state_dir, jobs=options.jobs, limits=limits, seen=told))
        observed = matrix.observed
    _write(options, observed, scenarios)
    _summarize(observed, scenarios, options.out)


def _check_places(options: Options) -> None:
    """Raise SandboxError for what would be noticed only after all was measured, and for words that mean nothing."""
    if options.merge and (options.clients or options.command or options.again or options.shard != "1/1"):
        raise SandboxError("--merge measures nothing, so --client, --command, --again and --shard do not go with it.")
    for file in (options.html, options.markdown):
        if file is not None and not file.parent.is_dir():
            raise SandboxError(f"{file}: No such directory.")
    with alone(options.out):
        pass


def _adapters(options: Options) -> list[Adapter]:
    """Give the clients that are meant: those named, the command, or else all that are installed."""
    chosen = [named(name) for name in options.clients]
    if options.command is not None:
        chosen.append(any_command.adapter(options.command))
    chosen = chosen or [adapter for adapter in CLIENTS.values() if adapter.is_installed(options.state_dir)]
    missing = [adapter.name for adapter in chosen if not adapter.is_installed(options.state_dir)]
    if missing:
        raise SandboxError(
            f"Not installed: {', '.join(missing)}. `sandbox clients install {' '.join(missing)}` does it."
        )
    return chosen


class _Progress:
    """A line for each result, as it comes."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._done = 0

    def __call__(self, cell: Cell, outcome: Outcome) -> None:
        self._done += 1
        width = len(str(self._number))
        mark = click.style("✓", fg="green") if outcome.connected else click.style("✗", fg="red")
        notes = [outcome.finding or "", HOW_IT_ENDED[outcome.ended], " ".join(outcome.said[:1])[:80]]
        click.echo(
            f"{self._done:>{width}}/{self._number}  {mark} {cell.adapter.name:<18} {cell.scenario.name:<40}"
            f" {outcome.seconds:>5.1f} s  {click.style(' · '.join(filter(None, notes)), dim=True)}"
        )


def _write(options: Options, observed: Sequence[Observed], scenarios: Sequence[Scenario]) -> None:
    for file, text in ((options.html, table.html), (options.markdown, table.markdown)):
        if file is not None:
            try:
                file.write_text(text(observed, scenarios), encoding="utf-8")
            except OSError as error:
                raise SandboxError(f"{file}: {error.strerror}.") from error


def _summarize(observed: Sequence[Observed], scenarios: Sequence[Scenario], out: Path) -> None:
    """Say of each client in how many scenarios it connected, and where it breaks the specification."""
    click.echo("")
    for one in observed:
        rows = [one.scenarios[scenario.name] for scenario in scenarios if scenario.name in one.scenarios]
        connected = sum(row.connected for row in rows)
        breaches = len(table.breaches([one], scenarios))
        against = f"a MUST broken in {breaches}" if breaches else "no MUST broken"
        told = f"connected in {connected} of {len(rows)}; {against}."
        click.echo(f"{click.style(f'{one.title} {one.version}'.strip(), bold=True)}  {told}")
    click.echo(click.style(f"Kept in {out}.", dim=True))
