"""Every scenario against every client: what is still to be measured, and measuring it, a few at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from sandbox.clients.adapter import Adapter
from sandbox.clients.driving import Outcome, drive
from sandbox.clients.observed import Observed, Row, alone, begun, read, write
from sandbox.clients.process import USUAL, Limits
from sandbox.errors import SandboxError
from sandbox.plain import one_line
from sandbox.scenario import Scenario

_LONG: Final = 16
_SAVE: Final = 1.0
"""Seconds after which what was measured is written; the rest is, however the run ends."""


class Shard(NamedTuple):
    """The `number`-th of `of` parts, counted from 1."""

    number: int = 1
    of: int = 1


WHOLE: Final = Shard()


def shard(text: str) -> Shard:
    """Read a part such as 2/4; raise SandboxError for what is none."""
    number, slash, count = text.partition("/")
    if not (
        slash and number.isdecimal() and count.isdecimal() and len(text) < _LONG and 1 <= int(number) <= int(count)
    ):
        raise SandboxError(f"--shard takes a part of a whole, such as 1/4 to 4/4, and not {text!r}.")
    return Shard(int(number), int(count))


class Cell(NamedTuple):
    """One client in one scenario."""

    adapter: Adapter
    scenario: Scenario


class Matrix:
    """What is observed of some clients in some scenarios, or in a part of the pairs of both, and kept in a directory.

    What was measured before, of the same version of a client and of the scenario as it is, is not measured again,
    unless `again`; so a run that was interrupted goes on. Raise SandboxError when the directory holds something else.
    """

    def __init__(
        self,
        clients: Sequence[Adapter],
        scenarios: Sequence[Scenario],
        folder: Path,
        *,
        part: Shard = WHOLE,
        again: bool = False,
    ) -> None:
        self._folder = folder
        self._clients = clients
        self._observed = {adapter.name: self._known(adapter) for adapter in clients}
        self._unsaved: dict[str, dict[str, Row]] = {}
        self._saved_at = time.monotonic()
        clients = list({adapter.name: adapter for adapter in clients}.values())
        self.cells = [
            Cell(adapter, scenario)
            for row, scenario in enumerate(scenarios)
            for column, adapter in enumerate(clients)
            if (row + column) % part.of == part.number - 1  # every part has something of every client
            and (again or not self._observed[adapter.name].is_current(scenario))
        ]
        """What is to be measured, scenario by scenario."""

    def _known(self, adapter: Adapter) -> Observed:
        file = self._folder / f"{adapter.name}.yaml"
        known = read(file) if file.exists() else None
        return known if known is not None and known.is_of(adapter) else begun(adapter)

    @property
    def observed(self) -> list[Observed]:
        """What is known of each client."""
        return list(self._observed.values())

    async def measure(
        self,
        state_dir: Path,
        *,
        jobs: int,
        limits: Limits = USUAL,
        seen: Callable[[Cell, Outcome], None] = lambda *_: None,
    ) -> None:
        """Measure the cells, so many at a time, and write what came of it; `seen` is told of each.

        However it ends, by a failure or by Ctrl-C, what was measured up to then is written.
        """
        waiting = iter(self.cells)

        async def work() -> None:
            for cell in waiting:  # the workers share it, so each cell is taken once
                try:
                    outcome = await drive(cell.adapter, cell.scenario, state_dir, limits=limits)
                except (SandboxError, OSError) as error:  # of this client; the others go on
                    said = (one_line(str(error)),)
                    outcome = Outcome(scenario=cell.scenario.name, connected=False, said=said, ended="not driven")
                self._keep(cell, outcome)
                seen(cell, outcome)

        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(jobs):
                    workers.create_task(work())
        except* SandboxError as failed:  # what was measured cannot be written
            raise _first(failed) from None
        finally:
            self._save()

    def _keep(self, cell: Cell, outcome: Outcome) -> None:
        name = cell.adapter.name
        self._observed[name] = self._observed[name].with_row(cell.scenario, outcome)
        self._unsaved.setdefault(name, {})[cell.scenario.name] = self._observed[name].scenarios[cell.scenario.name]
        if time.monotonic() - self._saved_at > _SAVE:
            self._save()

    def _save(self) -> None:
        """Write what is new beside what is there, which another run may have written meanwhile."""
        with alone(self._folder):
            for adapter in self._clients:
                rows = self._unsaved.get(adapter.name)
                if rows:
                    there = self._known(adapter)
                    write(self._folder, msgspec.structs.replace(there, scenarios={**there.scenarios, **rows}))
                    rows.clear()
        self._saved_at = time.monotonic()


def _first(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = failed.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
